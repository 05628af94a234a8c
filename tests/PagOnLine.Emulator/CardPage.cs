using System.Globalization;

namespace PagOnLine.Emulator;

/// <summary>Where the buyer types the card.</summary>
internal static class CardPage
{
    public static string Path(Order order) => "/pagamento/" + order.Ticket;

    public static Html Of(Order order, Merchant merchant, bool incomplete = false)
    {
        var english = order.Language == "en";
        Html problem = incomplete
            ? $"""<p class="problem" role="alert" id="problem">{(english ? "Fill in card number, expiry and security code." : "Compila numero della carta, scadenza e codice di sicurezza.")}</p>"""
            : Html.Empty;
        Html description = order.Description.Length > 0
            ? $"<div><dt>{(english ? "Reason" : "Causale")}</dt><dd>{order.Description}</dd></div>"
            : Html.Empty;
        return BankPage.Frame(order.Language, english ? "Pay by card" : "Paga con carta", $"""
            <h1>{(english ? "Pay by card" : "Paga con carta")}</h1>
            <dl class="summary">
            <div class="amount"><dt>{(english ? "Amount" : "Importo")}</dt><dd>{Amount(order.AskedCents, order.Language)}</dd></div>
            <div><dt>{(english ? "Merchant" : "Esercente")}</dt><dd>{merchant.Number} / {merchant.Shop}</dd></div>
            <div><dt>{(english ? "Order" : "Ordine")}</dt><dd>{order.Number}</dd></div>
            {description}
            </dl>
            {problem}
            <form method="post" action="{Path(order)}" autocomplete="off">
            <div class="field"><label for="numeroCarta">{(english ? "Card number" : "Numero della carta")}</label>
            <input id="numeroCarta" name="numeroCarta" inputmode="numeric" autocomplete="off" maxlength="23" required value="{string.Join(' ', Card.Published.Number.Chunk(4).Select(digits => new string(digits)))}" aria-describedby="hint"></div>
            <div class="pair">
            <div class="field"><label for="scadenza">{(english ? "Expiry (MM/YYYY)" : "Scadenza (MM/AAAA)")}</label>
            <input id="scadenza" name="scadenza" autocomplete="off" maxlength="7" required value="{Card.Published.Expiry}"></div>
            <div class="field"><label for="cvv">{(english ? "Security code" : "Codice di sicurezza")}</label>
            <input id="cvv" name="cvv" inputmode="numeric" autocomplete="off" maxlength="4" required value="{Card.Published.SecurityCode}"></div>
            </div>
            <p class="hint" id="hint">{(english
                ? "The test card is already filled in. Below €100.00 the payment succeeds, from €100.00 it is refused. Any other card is refused."
                : "La carta di prova è già compilata. Sotto 100,00 € il pagamento riesce, da 100,00 € è rifiutato. Ogni altra carta è rifiutata.")}</p>
            <div class="buttons">
            <button class="button" name="azione" value="paga">{(english ? "Pay" : "Paga")}</button>
            <button class="button quiet" name="azione" value="annulla" formnovalidate>{(english ? "Cancel" : "Annulla")}</button>
            </div>
            </form>
            """);
    }

    public static string Amount(long cents, string language)
        => language == "en"
            ? "€" + (cents / 100m).ToString("N2", CultureInfo.GetCultureInfo("en-GB"))
            : (cents / 100m).ToString("N2", CultureInfo.GetCultureInfo("it-IT")) + "\u00A0€";
}
