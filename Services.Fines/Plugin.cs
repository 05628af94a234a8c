using Platform.Core.Jobs;
using Platform.Core.Plugins;
using Platform.Payments;
using Services.Fines.Amounts;

[assembly: Service("fines", "1.0", Title = "Multe", TitleEn = "Fines", Author = "unione-reno-galliera")]

namespace Services.Fines;

/// <summary>Traffic fines: a citizen finds one by number, date and plate, sees what it costs today and pays it.</summary>
public sealed class FinesService : IService
{
    public void Describe(IServiceDescription service)
    {
        ArgumentNullException.ThrowIfNull(service);
        service.Path("multe");
        service.Page<FindFinePage>("");
        service.Page<ShowFinePage>("verbale/{token}");
        service.Page<TogetherPage>("insieme/{token}");
        service.OfficePage<DecisionsPage>(DecisionsPage.Pattern, menu: "decisions.menu");
        service.OfficePage<SettlePage>(SettlePage.Pattern);
        service.Settings<FinesSettings>(FinesSettings.Check);
        service.Permission("fines.load", "Carica multe", "Load fines");
        service.Import<ImportFines>("import", "Carica i verbali da un file CSV");
        service.Uses<FineLoader>();
        service.Uses<UndoImport>();
        service.Job<ForgetImports>("40 4 * * *", perEntity: true, Missed.RunOnce);
        service.Job<ApplyPending>("*/15 * * * *", perEntity: true, Missed.RunOnce);
        service.Job<DecideReminders>("30 5 * * *", perEntity: true, Missed.RunOnce);
        service.Office<ListPending>("pending", "Changes of a file that wait for a payment to end, and those refused because it was paid. CSV.");
        service.Office<ListDecisions>("decisions", "Paid fines about which an officer has to decide: payments that were too little, and payments of what is not asked for here. CSV.");
        service.Office<SettleByCommandLine>("settle", "Closes one of them with a reason. No money moves.",
            new OfficeOption("fine", "Its number: V/2026/1042.", required: true),
            new OfficeOption("order", "The payment, as the list has it.", required: true),
            new OfficeOption("reason", "Why, for the journal, without personal data.", required: true),
            new OfficeOption("kind", "supplement, not_owed or rest_alone, as the list has it; without it, supplement."));
        service.Office<ExportOutcome>("outcome", "What was paid, taken back, refunded or cancelled since the last time, once each, for the police's own system. CSV.",
            new OfficeOption("run", "Number of an earlier file, which comes out byte by byte as it was; without it a new one is made.", OfficeOptionKind.Number));
        service.Office<ListOutcomes>("outcomes", "The outcome files made until now. CSV.");
        service.Office<ReportProceeds>("proceeds", "What fines brought in a year, speed devices apart (art. 142 c. 12-bis to 12-quater and art. 208 of the Codice della Strada). CSV.",
            new OfficeOption("year", "The year of the payments.", OfficeOptionKind.Number, required: true));
        service.Office<ListFines>("list", "The fines of a creditor; of a municipality whose union is the creditor, those of its territory. CSV.",
            new OfficeOption("municipality", "ISTAT code of the municipality where it happened."),
            OfficeOption.OneOf("state", "Whether it is still to be paid; part: paid, and something of it is missing.", ["open", "paid", "part"]),
            OfficeOption.OneOf("phase", "Where it stands.", [.. Phases.Italian.Keys]),
            new OfficeOption("plate", "A number plate."),
            new OfficeOption("from", "First day of violation.", OfficeOptionKind.Day),
            new OfficeOption("to", "Last day of violation.", OfficeOptionKind.Day),
            new OfficeOption("after", "The last number of the page before: V/2026/1042."),
            new OfficeOption("limit", "Lines of a page; without it, all.", OfficeOptionKind.Number));
        service.Office<ListReminders>("reminders", "Who is to be reminded, as decided on these days. CSV.",
            new OfficeOption("from", "First day of the decision.", OfficeOptionKind.Day),
            new OfficeOption("to", "Last day of the decision.", OfficeOptionKind.Day));
        service.Permission("fines.read", "Leggi multe ed esiti", "Read fines and outcomes", looksOnly: true);
        service.Permission("fines.decide", "Decidere sui pagamenti incompleti o non dovuti", "Decide about payments that are incomplete or not owed");
        service.Provides<IPositionOwner, FinePositions>();
    }
}
