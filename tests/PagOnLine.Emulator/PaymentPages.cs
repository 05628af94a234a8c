namespace PagOnLine.Emulator;

/// <summary>The pages that a buyer's browser visits.</summary>
internal sealed class PaymentPages(Bank bank, Orders orders, Lies lies, Merchant merchant, BankClock clock)
{
    private static readonly Refusal PageGone = new(StatusCodes.Status404NotFound, "page-gone", "Questa pagina di pagamento non esiste o è scaduta.",
        "This payment page does not exist or has expired.");

    private static readonly Refusal NoForm = new(StatusCodes.Status400BadRequest, "no-form", "La richiesta non contiene il modulo della pagina.",
        "The request does not carry the form of the page.");

    public void Map(WebApplication app)
    {
        app.MapGet("/", context => BankPage.Send(context, Welcome()).ExecuteAsync(context));
        app.MapGet("/initInsert.do", context => Open(context).ExecuteAsync(context));
        app.MapGet("/pagamento/{ticket}", (HttpContext context, string ticket) => Show(context, ticket));
        app.MapPost("/pagamento/{ticket}", Decide);
        app.MapGet("/demo/democarta.html", context => BankPage.Send(context, TestCard()).ExecuteAsync(context));
        app.MapGet("/assets/{name}", Asset);
    }

    private static IResult Refuse(HttpContext context, Refusal refusal, string language)
        => BankPage.Send(context, BankPage.Frame(refusal, language), refusal.Status);

    internal static IResult Asset(HttpContext context, string name)
    {
        var type = name switch
        {
            "bank.css" => "text/css; charset=utf-8",
            "return.js" => "text/javascript; charset=utf-8",
            "icon.svg" => "image/svg+xml",
            _ => null,
        };
        if (type is null)
        {
            return Results.NotFound();
        }

        context.Response.Headers.XContentTypeOptions = "nosniff";
        return Results.Stream(typeof(PaymentPages).Assembly.GetManifestResourceStream(name)!, type);
    }

    private static Html Welcome() => BankPage.Frame("it", "Emulatore di PagOnLine", $"""
        <h1>Emulatore di PagOnLine</h1>
        <p>Qui arriva il browser di chi paga, da un sito che ha preparato una richiesta firmata verso <code>/initInsert.do</code>.</p>
        <p lang="en">A buyer's browser arrives here from a site that prepared a signed request to <code>/initInsert.do</code>.</p>
        <p><a href="/demo/democarta.html">La carta di prova / The test card</a></p>
        """);

    private static Html TestCard() => BankPage.Frame("it", "La carta di prova", $"""
        <h1>La carta di prova</h1>
        <dl class="summary">
        <div><dt>Numero / Number</dt><dd>{Card.Published.Number}</dd></div>
        <div><dt>Scadenza / Expiry</dt><dd>{Card.Published.Expiry}</dd></div>
        <div><dt>Codice / Code</dt><dd>{Card.Published.SecurityCode}</dd></div>
        </dl>
        <p>Sotto 100,00 € il pagamento riesce, da 100,00 € è rifiutato.</p>
        <p lang="en">Below €100.00 the payment succeeds, from €100.00 it is refused.</p>
        """);

    private IResult Open(HttpContext context)
    {
        var query = context.Request.QueryString.Value ?? "";
        var (order, refusal) = bank.Present(query);
        return order is null
            ? Refuse(context, refusal!, PaymentRequest.LanguageOf(query))
            : new SeeOther(CardPage.Path(order));
    }

    private IResult Show(HttpContext context, string ticket) => orders.FindByTicket(ticket) switch
    {
        null => Refuse(context, PageGone, "it"),
        { Outcome: Outcome.None } order => BankPage.Send(context, CardPage.Of(order, merchant)),
        var order => ReturnPage.Send(context, order, BrowserReturn.Of(order, lies.About(order.Number), merchant, clock)),
    };

    private async Task<IResult> Decide(HttpContext context, string ticket)
    {
        if (orders.FindByTicket(ticket) is not { } shown)
        {
            return Refuse(context, PageGone, "it");
        }

        if (!context.Request.HasFormContentType)
        {
            return Refuse(context, NoForm, shown.Language);
        }

        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        var cancelled = form["azione"] == "annulla";
        var card = Card.Typed(form["numeroCarta"], form["scadenza"], form["cvv"]);
        if (!cancelled && (card.Number.Length == 0 || card.Expiry.Length == 0 || card.SecurityCode.Length == 0))
        {
            return BankPage.Send(context, CardPage.Of(shown, merchant, incomplete: true), StatusCodes.Status422UnprocessableEntity);
        }

        if ((cancelled ? bank.Cancel(ticket) : bank.Pay(ticket, card)) is not { } order)
        {
            return Refuse(context, PageGone, shown.Language);
        }

        var back = BrowserReturn.Of(order, lies.About(order.Number), merchant, clock);
        bank.Note(back.Lie.Drop ? "return-dropped" : "return-shown", order.Number, order.State, ("esito", back.Fields.Value("esito")!));
        return ReturnPage.Send(context, order, back);
    }

    private sealed class SeeOther(string path) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.StatusCode = StatusCodes.Status303SeeOther;
            httpContext.Response.Headers.Location = path;
            httpContext.Response.Headers.CacheControl = "no-store";
            return Task.CompletedTask;
        }
    }
}
