using System.Globalization;
using Platform.Core.Documents;
using Platform.Core.Entities;
using Platform.Core.Storage;
using Services.SchoolFees.Credits;

namespace Services.SchoolFees.Billing;

/// <summary>A bill on paper, with where each amount comes from: it goes with the letter that tells of it.</summary>
internal static class BillDocument
{
    static readonly CultureInfo Italian = CultureInfo.GetCultureInfo("it-IT");

    public static Document Of(Entity issuer, Bill bill, IEnumerable<BillLine> lines, IEnumerable<DeductedCredit> credits, DateTimeOffset now)
    {
        var t = SchoolFeesTexts.In(Italian);
        return new()
        {
            Issuer = issuer, Title = "Avviso di pagamento", Subtitle = $"Bolletta {bill.Code}", Created = now,
            Blocks =
            [
                new Figure("Da pagare", bill.Total, $"Entro il {bill.DueOn.ToString("d MMMM yyyy", Italian)}"),
                new Facts(
                [
                    new("Servizio", bill.Service), new("Periodo", bill.Period.ToString("MMMM yyyy", Italian)), new("Alunno", bill.PupilName), new("Codice della bolletta", bill.Code),
                    new("Ente", $"{issuer.Name}, codice fiscale {issuer.TaxCode}"),
                ]),
                new Heading("Come si arriva all’importo"),
                new Table([new("Voce", 4), new("Importo", 1, Amounts: true)], [.. BillWords.All(lines, credits, t).Select(line => new DocumentCell[] { line.Words, line.Amount })], new Total("Totale", bill.Total)),
                new Heading("Come pagare"),
                new Paragraph(
                    $"Apri la pagina delle rette scolastiche sul sito del comune, scrivi il codice {bill.Code} e il codice fiscale di chi paga: vedi tutte le bollette della famiglia e le paghi, anche insieme. "
                    + "Se qualcosa non torna, dalla stessa pagina scrivi all’ufficio."),
            ],
        };
    }
}

/// <summary>Bills on paper, with what they are made of.</summary>
internal static class BillPapers
{
    public static async Task<IReadOnlyList<(Guid Bill, Document Document)>> Of(ISessions sessions, Entity issuer, IReadOnlyList<Bill> bills, DateTimeOffset now, CancellationToken stop)
    {
        var ids = bills.Select(bill => bill.Id).ToArray();
        var (lines, credits) = await sessions.Run(async session => ((await BillLine.Of(session, ids)).ToLookup(line => line.Bill), (await DeductedCredit.Of(session, ids)).ToLookup(credit => credit.Bill)), stop);
        return [.. bills.Select(bill => (bill.Id, BillDocument.Of(issuer, bill, lines[bill.Id], credits[bill.Id], now)))];
    }
}
