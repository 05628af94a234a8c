using System.Globalization;
using Platform.Core.Documents;
using Platform.Core.Entities;
using Platform.Core.Money;
using Services.SchoolFees.Wallets;

namespace Services.SchoolFees.Certificates;

/// <summary>The certificate as families hand it to their tax adviser. In Italian whoever reads it: it is for the Agenzia delle Entrate.</summary>
internal static class CertificateDocument
{
    static readonly CultureInfo Italian = CultureInfo.GetCultureInfo("it-IT");

    public static Document Of(Entity issuer, YearOfPupil year, int number, string code, Uri check, DateTimeOffset now)
    {
        var blocks = new List<DocumentBlock>
        {
            new Facts(
            [
                new("Anno", year.Year.ToString(Italian)),
                new("Chi ha pagato", $"{year.Payer}, codice fiscale {year.PayerTaxCode}"),
                new("Alunno", $"{year.Pupil}, codice fiscale {year.PupilTaxCode}{(year.BornOn is { } born ? $", data di nascita {born.ToString("d MMMM yyyy", Italian)}" : "")}"),
                new("Ente", $"{issuer.Name}, codice fiscale {issuer.TaxCode}"),
            ]),
        };
        Part(blocks, year, Deduction.School, "Spese per la frequenza scolastica (art. 15, comma 1, lettera e-bis, TUIR)");
        Part(blocks, year, Deduction.Nursery, "Rette dell’asilo nido (art. 2, comma 6, legge 203/2008)");
        blocks.Add(new Paragraph(
            $"Le somme sono quelle pagate dal 1° gennaio al 31 dicembre {year.Year} (principio di cassa), con strumenti tracciabili, tolto ciò che è stato restituito nello stesso anno. "
            + "I limiti di spesa della legge li applica chi presenta la dichiarazione. Esente da bollo."));
        if (year.Expenses.Any(expense => expense.Bill.StartsWith(TopUp.Prefix, StringComparison.Ordinal)))
            blocks.Add(new Paragraph("Delle ricariche di un borsellino è compreso ciò che nell’anno risulta sia pagato sia usato per i pasti; il resto conta quando viene usato."));
        if (year.Expenses.Any(expense => expense.Deduction == Deduction.None))
            blocks.Add(new Paragraph("I centri estivi non sono tra queste spese e non sono compresi."));
        blocks.Add(new QrCode(check, "Controlla che sia autentica e ancora valida"));
        return new()
        {
            Issuer = issuer, Title = "Attestazione delle spese scolastiche", Subtitle = $"Numero {number}/{year.Year}", Created = now, VerificationCode = code, Blocks = blocks,
        };
    }

    static void Part(List<DocumentBlock> blocks, YearOfPupil year, Deduction deduction, string title)
    {
        var expenses = year.Expenses.Where(expense => expense.Deduction == deduction).ToList();
        var earlier = year.Earlier.Where(refund => refund.Deduction == deduction).ToList();
        if (expenses.Count == 0 && earlier.Count == 0)
            return;
        blocks.Add(new Heading(title));
        if (expenses.Count > 0)
            blocks.Add(new Table(
                [new("Pagata il", 1.5f), new("Servizio e scuola", 3), new("Bolletta e ordine", 2.7f), new("Pagato", 1.3f, Amounts: true), new("Restituito", 1.3f, Amounts: true)],
                [
                    .. expenses.Select(expense => new DocumentCell[]
                    {
                        expense.PaidOn.ToString("dd/MM/yyyy", Italian), $"{expense.Service}, {expense.Period.ToString("MMMM yyyy", Italian)}{(expense.School is null ? "" : $", {expense.School}")}",
                        $"{expense.Bill} · {expense.Order}", expense.Amount, expense.Refunded > Euro.Zero ? expense.Refunded : "",
                    }),
                ],
                new Total("Totale", year.Of(deduction))));
        foreach (var refund in earlier)
            blocks.Add(new Paragraph(
                $"Nel {year.Year} sono stati restituiti {refund.Amount.In(Italian)} di spese pagate nel {refund.PaidIn}: se le hai detratte, vanno dichiarati (art. 17, comma 1, lettera n-bis, TUIR)."));
    }
}
