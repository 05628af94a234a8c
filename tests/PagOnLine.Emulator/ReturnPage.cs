using System.Globalization;

namespace PagOnLine.Emulator;

/// <summary>The bank's last page: tells the outcome and hands the browser back to the shop, by itself or on a click.</summary>
internal static class ReturnPage
{
    // The shop may answer with a redirect to any host of its own, and browsers hold a form's redirects to this list too.
    private const string AnySite = "http: https:";

    public static IResult Send(HttpContext context, Order order, BrowserReturn back)
        => BankPage.Send(context, Of(order, back), formAction: AnySite, connect: back.Lie.Repeat > 0 ? AnySite : null);

    private static Html Of(Order order, BrowserReturn back)
    {
        var english = order.Language == "en";
        var title = (order.Outcome, english) switch
        {
            (Outcome.Taken, false) => "Pagamento riuscito",
            (Outcome.Taken, true) => "Payment successful",
            (Outcome.Abandoned, false) => "Pagamento annullato",
            (Outcome.Abandoned, true) => "Payment cancelled",
            (_, false) => "Pagamento rifiutato",
            (_, true) => "Payment refused",
        };
        var words = (order.Outcome, english) switch
        {
            (Outcome.Taken, false) => "La carta è stata addebitata.",
            (Outcome.Taken, true) => "The card was charged.",
            (_, false) => "Non è stato addebitato nulla.",
            (_, true) => "Nothing was charged.",
        };
        var amount = CardPage.Amount(order.TakenCents > 0 ? order.TakenCents : order.AskedCents, order.Language);
        return BankPage.Frame(order.Language, title, $"""
            <h1>{title}</h1>
            <p class="{(order.Outcome == Outcome.Taken ? "outcome good" : "outcome")}">{words}</p>
            <dl class="summary">
            <div class="amount"><dt>{(english ? "Amount" : "Importo")}</dt><dd>{amount}</dd></div>
            <div><dt>{(english ? "Order" : "Ordine")}</dt><dd>{order.Number}</dd></div>
            </dl>
            {(back.Lie.Drop ? Lost(english) : Form(order, back, english))}
            """);
    }

    private static Html Form(Order order, BrowserReturn back, bool english)
    {
        Html Hidden(Field field) => $"""
            <input type="hidden" name="{field.Name}" value="{field.Value}">

            """;
        Html Number(string name, int number) => $" data-{name}=\"{number.ToString(CultureInfo.InvariantCulture)}\"";
        var byItself = order.ResponseKind == "wait";
        Html waiting = byItself
            ? $"<p>{(english ? "You are being taken back to the site. If nothing happens, press the button." : "Stai per tornare al sito. Se non succede nulla, premi il pulsante.")}</p>"
            : Html.Empty;
        return $"""
            {waiting}
            <form id="return" method="{back.Method.ToLowerInvariant()}" action="{back.Target}" accept-charset="iso-8859-1"{(byItself ? $" data-auto" : Html.Empty)}{Number("delay", back.Lie.DelayMs)}{Number("repeat", back.Lie.Repeat)}>
            {back.Fields.Select(Hidden)}
            <button class="button">{(english ? "Back to the site" : "Torna al sito")} / {(english ? "Torna al sito" : "Back to the site")}</button>
            </form>
            <script src="/assets/return.js" defer></script>
            """;
    }

    private static Html Lost(bool english)
        => $"""<p class="problem">{(english ? "The return to the site is lost here on purpose: the control of the emulator asked for it." : "Il ritorno al sito si perde qui apposta: l'ha chiesto il controllo dell'emulatore.")}</p>""";
}
