using Platform.Core.Documents;
using Platform.Core.Jobs;
using Platform.Core.Plugins;
using Platform.Payments;
using Services.SchoolFees.Arrears;
using Services.SchoolFees.Billing;
using Services.SchoolFees.Certificates;
using Services.SchoolFees.Communication;
using Services.SchoolFees.Credits;
using Services.SchoolFees.Imports;
using Services.SchoolFees.Office;
using Services.SchoolFees.Simulation;
using Services.SchoolFees.Tariffs;
using Services.SchoolFees.Wallets;

[assembly: Service("schoolfees", "1.0", Title = "Rette scolastiche", TitleEn = "School fees", Author = "provincia-di-bologna")]

namespace Services.SchoolFees;

/// <summary>School fees: registers and tariffs of the school office, monthly bills with their explanation, and one page where a household pays them.</summary>
public sealed class SchoolFeesService : IService
{
    public void Describe(IServiceDescription service)
    {
        ArgumentNullException.ThrowIfNull(service);
        service.Path("rette");
        service.Page<FindBillPage>("");
        service.Page<ShowBillPage>("bolletta/{token}");
        service.Page<MyFamilyPage>(MyFamilyPage.Pattern);
        service.Page<HouseholdPage>("famiglia/{token}");
        service.Page<CertificatesPage>("attestazioni/{token}");
        service.Page<CreditPaperPage>("nota/{token}");
        service.Page<WalletPage>("borsellino/{token}");
        service.Page<DisputePage>("contestazione/{token}");
        service.OfficePage<DashboardPage>("", menu: "desk.overview");
        service.OfficePage<RunsPage>("elaborazioni", menu: "desk.runs");
        service.OfficePage<RunPage>("elaborazioni/{run}");
        service.OfficePage<OpeningPage>("elaborazioni/{run}/apertura");
        service.OfficePage<FindBillsPage>("bollette", menu: "desk.bills");
        service.OfficePage<BillStoryPage>("bollette/{code}");
        service.OfficePage<NoticesPage>("avvisi", menu: "desk.notices");
        service.OfficePage<NoticePrintPage>("avvisi/{number:int}");
        service.OfficePage<CreditsPage>("note-di-credito", menu: "desk.credits");
        service.OfficePage<CreditPage>("note-di-credito/{number:int}");
        service.OfficePage<CreditFilePage>("note-di-credito/{number:int}/pdf");
        service.OfficePage<FamiliesPage>("famiglie", menu: "desk.families");
        service.OfficePage<FamilyPage>("famiglie/{person:guid}");
        service.OfficePage<WalletsPage>("borsellini", menu: "desk.wallets");
        service.OfficePage<WalletDeskPage>("borsellini/{wallet:guid}");
        service.OfficePage<DisputesPage>("contestazioni", menu: "desk.disputes");
        service.OfficePage<AnswerPage>("contestazioni/{number:int}");
        service.OfficePage<ArrearsPage>("arretrati", menu: "desk.arrears");
        service.OfficePage<SimulationPage>("simulazione", menu: "desk.simulation");
        service.OfficePage<CertificatesDeskPage>("attestazioni", menu: "desk.certificates");
        service.OfficePage<ExpenseFilePage>("attestazioni/comunicazione/{year:int}/{number:int}");
        service.Settings<SchoolFeesSettings>(SchoolFeesSettings.Check);
        service.Permission("schoolfees.load", "Carica i registri della scuola", "Load the school's registers");
        service.Permission("schoolfees.bill", "Prepara e approva le bollette", "Prepare and approve bills");
        service.Permission("schoolfees.certify", "Emette le attestazioni di spesa e le comunica", "Issue expense certificates and communicate them");
        service.Permission("schoolfees.read", "Legge elenchi di bollette e messaggi", "Read lists of bills and messages", looksOnly: true);
        service.Permission(DeskPermissions.Families, "Vede le famiglie e i loro ISEE", "See families and their means");
        service.Permission("schoolfees.answer", "Risponde alle famiglie", "Answer families");
        service.Import<ImportYears>("years", "Carica gli anni scolastici da un file CSV");
        service.Import<ImportSchools>("schools", "Carica le scuole da un file CSV");
        service.Import<ImportCalendar>("calendar", "Carica i giorni di lezione e di chiusura da un file CSV");
        service.Import<ImportServices>("services", "Carica i servizi (mensa, trasporto, nido…) da un file CSV");
        service.Import<ImportPupils>("pupils", "Carica gli alunni e chi paga da un file CSV");
        service.Import<ImportShares>("shares", "Carica chi paga una quota delle bollette di un alunno da un file CSV");
        service.Import<ImportDelegates>("delegates", "Carica chi può vedere e pagare le bollette di un altro da un file CSV");
        service.Import<ImportEnrolments>("enrolments", "Carica le iscrizioni da un file CSV");
        service.Import<ImportIsee>("isee", "Carica le attestazioni ISEE da un file CSV");
        service.Import<ImportTariffs>("tariffs", "Carica le tariffe da un file CSV");
        service.Import<ImportAttendance>("attendance", "Carica le presenze in mensa da un file CSV");
        service.Import<BillRun>("bill", "Prepara o approva elaborazioni di bollette, una per riga di un file CSV");
        service.Import<ImportObjections>("objections", "Carica chi si oppone alla comunicazione delle spese da un file CSV");
        service.Import<VerifyExpenseFile>("verify", "Controlla un file per l'Agenzia delle Entrate, riga per riga");
        service.Office<ListCertificates>(
            "certificates", "Issues the expense certificates of a year that is over and lists them. CSV.", new OfficeOption("year", "The calendar year.", OfficeOptionKind.Number, required: true),
            new OfficeOption("send", "Sends each to the payer who left an e-mail address, once.", OfficeOptionKind.Switch));
        service.Office<CommunicateExpenses>(
            "communicate", "Makes the yearly file for the Agenzia delle Entrate.", new OfficeOption("year", "The calendar year.", OfficeOptionKind.Number, required: true),
            new OfficeOption("kind", "ordinaria, sostitutiva or annullamento; ordinaria when left out."), new OfficeOption("again", "The number of one that was made, to have it again.", OfficeOptionKind.Number));
        service.Office<SimulateAsFile>(
            "simulate", "What a tariff would have asked of a school year's families, band by band. CSV; writes nothing.", new OfficeOption("tariff", "A tariff that is loaded.", required: true),
            new OfficeOption("year", "The school year: 2025/2026.", required: true));
        service.Office<ListCredits>("credits", "Credit notes, with the payments from which the money could go back. CSV.");
        service.Office<ListNotices>("notices", "How who pays was told of each bill: by letter, or on paper and in which file. CSV.", new OfficeOption("run", "Of this run alone."));
        service.Office<Summarise>(
            "summary", "Billed, paid and overdue of a school year, by school and service. CSV.", new OfficeOption("year", "The school year: 2025/2026.", required: true));
        service.Office<ListReminders>(
            "reminders", "Who was reminded to pay, and who left no address. CSV.", new OfficeOption("from", "First day.", OfficeOptionKind.Day), new OfficeOption("to", "Last day.", OfficeOptionKind.Day));
        service.Office<ListArrears>(
            "arrears", "Bills that are overdue, with what who collects them needs. CSV.", new OfficeOption("days", "By more than so many days; 0 when left out.", OfficeOptionKind.Number));
        service.Office<ListDisputes>("disputes", "What families wrote about bills and waits for an answer. CSV.", new OfficeOption("all", "What was answered, too.", OfficeOptionKind.Switch));
        service.Office<AnswerFamilies>(
            "answer", "Answers a message.", new OfficeOption("dispute", "Its number.", OfficeOptionKind.Number, required: true),
            new OfficeOption("text", "The answer.", required: true), new OfficeOption("by", "Who answers; not asked of who is signed in at the console."));
        service.Office<ListWallets>(
            "wallets", "Prepaid wallets with what is in them. CSV.", new OfficeOption("orders", "Also the orders from which what is left could go back, and how much of each.", OfficeOptionKind.Switch));
        service.Uses<FollowTopUp>();
        service.Job<KeepWallets>("40 3 * * *", perEntity: true, Missed.RunOnce);
        service.Job<IssueOrdered>("* * * * *", perEntity: true, Missed.RunOnce);
        service.Job<RemindFamilies>("30 7 * * *", perEntity: true, Missed.RunOnce);
        service.Job<OpenWhatIsLeft>("*/2 * * * *", perEntity: true, Missed.RunOnce);
        service.Provides<IDocumentCheck, CertificateCheck>();
        service.Provides<IPositionOwner, BillPositions>();
    }
}
