using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace PagOnLine.Emulator.Imprese;

/// <summary>How the bank misbehaves for one order, or for <c>*</c>. Every member left out means the truth.</summary>
/// <param name="Outcome">Whatever the card and the amount.</param>
internal sealed record ImpreseLie(SoapLie? Init = null, SoapLie? Verify = null, SoapLie? Credit = null, string? Outcome = null);

/// <param name="Lost">Does what it is asked, and cuts the line instead of answering.</param>
/// <param name="Down">Does nothing and answers 503.</param>
/// <param name="Rc">Answers this code, signed, and does nothing.</param>
/// <param name="OtherSecret">Signs with a key that is not the terminal's.</param>
/// <param name="OtherOrder">Names another order in the answer, and signs it.</param>
/// <param name="Garbled">Answers a page of a proxy.</param>
/// <param name="Redirect">Names this address as its page.</param>
/// <param name="OfPayment">Asked about a refund, speaks of the payment, and repeats the refund's number.</param>
internal sealed record SoapLie(
    bool Lost = false, bool Down = false, int DelayMs = 0, string? Rc = null, bool OtherSecret = false, string? OtherOrder = null, bool Garbled = false, string? Redirect = null, bool OfPayment = false);

/// <summary>PagOnline Imprese (IGFS_CG): the SOAP ports, the page of the buyer, and a control of the same shape as the other bank's.</summary>
internal sealed class ImpreseApp(ImpreseBank bank, Journal journal, BankClock clock, Terminal terminal)
{
    public const string Page = "/UNI_CG_WEB/app/mybk/main/show";
    private const string Services = "/UNI_CG_SERVICES/services/";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    private readonly ConcurrentDictionary<string, ImpreseLie> _lies = new(StringComparer.Ordinal);
    private volatile bool _down;

    public void Map(WebApplication app)
    {
        app.Use(Guard);
        app.MapPost(Services + "PaymentInitGatewayPort", context => Serve(context, "Init", "Verify"));
        app.MapPost(Services + "PaymentTranGatewayPort", context => Serve(context, "Credit", "VoidAuth"));
        app.MapGet(Page, Show);
        app.MapPost(Page, Decide);
        app.MapGet("/assets/{name}", PaymentPages.Asset);

        var control = app.MapGroup("/control");
        control.MapGet("/health", () => Answer(new { status = "up", down = _down, orders = bank.All.Count }));
        control.MapGet("/journal", () => Results.Text(string.Concat(journal.Entries.Select(entry => Journal.Line(entry) + "\n")), "application/x-ndjson"));
        control.MapGet("/orders", () => Answer(bank.All.Select(View)));
        control.MapPut("/lies/{order}", async (HttpContext context, string order) =>
        {
            _lies[order] = await Read<ImpreseLie>(context);
            return Results.NoContent();
        });
        control.MapDelete("/lies/{order}", (string order) =>
        {
            _lies.TryRemove(order, out _);
            return Results.NoContent();
        });
        // This protocol tells nobody by itself.
        control.MapPut("/listener", () => Results.NoContent());
        control.MapPut("/down", async (HttpContext context, CancellationToken _) =>
        {
            _down = (await Read<NewDown>(context)).Down;
            return Results.NoContent();
        });
        control.MapPost("/orders/{order}/state", async (HttpContext context, string order) =>
            (await Read<NewState>(context)).State == States.Reversed && bank.Reverse(order) is { } reversed ? Answer(View(reversed)) : Results.NotFound());
        control.MapPost("/pay", async (HttpContext context, CancellationToken _) => Pay(await Read<NewPayment>(context)));
    }

    private static object View(ImpresePayment payment) => new
    {
        order = payment.ShopId, state = payment.State, askedCents = payment.Cents, takenCents = payment.Outcome == Outcome.Taken ? payment.Cents : 0, creditedCents = payment.CreditedCents,
        urlOk = payment.NotifyUrl,
    };

    private static IResult Answer(object value) => Results.Json(value, Json);

    private static async Task<T> Read<T>(HttpContext context)
        where T : class
    {
        try
        {
            return await JsonSerializer.DeserializeAsync<T>(context.Request.Body, Json, context.RequestAborted) ?? throw new BadHttpRequestException("the body is null");
        }
        catch (JsonException wrong)
        {
            throw new BadHttpRequestException(wrong.Message, wrong);
        }
    }

    private ImpreseLie About(string order) => _lies.GetValueOrDefault(order) ?? _lies.GetValueOrDefault(Lies.EveryOrder) ?? new ImpreseLie();

    private Task Guard(HttpContext context, RequestDelegate next)
    {
        if (context.Request.Path.StartsWithSegments("/control", StringComparison.OrdinalIgnoreCase))
        {
            var local = context.Connection.RemoteIpAddress is { } address && IPAddress.IsLoopback(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address);
            return local ? next(context) : Results.NotFound().ExecuteAsync(context);
        }

        return _down ? Results.Text("Service unavailable", statusCode: StatusCodes.Status503ServiceUnavailable).ExecuteAsync(context) : next(context);
    }

    private async Task Serve(HttpContext context, params string[] operations)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        if (SoapCall.Read(body.ToArray()) is not { } call || !operations.Contains(call.Operation, StringComparer.Ordinal))
        {
            await Results.Text("<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body><soap:Fault><faultcode>soap:Client</faultcode></soap:Fault></soap:Body></soap:Envelope>",
                "text/xml", statusCode: StatusCodes.Status500InternalServerError).ExecuteAsync(context);
            return;
        }

        var lies = About(call["shopID"]);
        var lie = (call.Operation switch { "Init" => lies.Init, "Verify" => lies.Verify, _ => lies.Credit }) ?? new SoapLie();
        bank.Note("called", call["shopID"], ("operation", call.Operation));
        if (lie.DelayMs > 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(lie.DelayMs), clock.Time, context.RequestAborted);
        }

        if (lie.Down || lie.Garbled)
        {
            await Results.Text("<html><body><h1>502 Bad Gateway</h1></body></html>", "text/html", statusCode: lie.Down ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK).ExecuteAsync(context);
            return;
        }

        var answer = lie.Rc is { } told ? Told(call, told) : Carry(context, call, lie);
        if (lie.Lost)
        {
            context.Abort();
            return;
        }

        Field[] named = [new("tid", terminal.Id), new("shopID", lie.OtherOrder ?? call["shopID"]), .. answer];
        await Results.Text(call.Answer(lie.OtherSecret ? "another key" : terminal.Key, named), "text/xml").ExecuteAsync(context);
    }

    private static Field[] Told(SoapCall call, string rc, params ReadOnlySpan<Field> more) =>
        [new("rc", rc), new("errorDesc", rc == "IGFS_000" ? "TRANSAZIONE OK" : "ERRORE " + call.Operation), .. more];

    private Field[] Carry(HttpContext context, SoapCall call, SoapLie lie)
    {
        if (call["tid"] != terminal.Id)
        {
            return Told(call, "IGFS_800");
        }

        if (call["apiVersion"] != "2.4.1.5" || !call.IsSignedWith(terminal.Key))
        {
            return Told(call, call["apiVersion"] == "2.4.1.5" ? "IGFS_20022" : "IGFS_20021");
        }

        if (call.Operation == "Init")
        {
            var (rc, payment) = bank.Open(call);
            return payment is null
                ? Told(call, rc)
                : Told(call, rc, new Field("paymentID", payment.PaymentId), new Field("redirectURL", lie.Redirect ?? $"http://{context.Request.Host}{Page}?referenceData={payment.Reference}"));
        }

        if (call.Operation == "Verify")
        {
            return Verify(call, lie);
        }

        var (code, credit) = bank.GiveBack(call);
        return credit is null ? Told(call, code) : Told(call, code, new Field("tranID", credit.TranId), new Field("date", clock.Text(clock.Now, "yyyyMMddHHmmss")));
    }

    private Field[] Verify(SoapCall call, SoapLie lie)
    {
        if (bank.Find(payment => payment.PaymentId == call["paymentID"]) is not { } known)
        {
            return Told(call, "IGFS_20023");
        }

        var id = new Field("paymentID", known.PaymentId);
        if (call["shopID"] != known.ShopId && !lie.OfPayment)
        {
            return known.Credits.FirstOrDefault(credit => credit.ShopId == call["shopID"] && known.TranId == call["refTranID"]) is { } credit
                ? Told(call, "IGFS_000", id, new Field("tranID", credit.TranId))
                : Told(call, "IGFS_20012");
        }

        return (known.Outcome, known.Reversed) switch
        {
            (_, true) => Told(call, "IGFS_400", id),
            (Outcome.Taken, _) => Told(call, "IGFS_000", id, new Field("tranID", known.TranId), new Field("authCode", "123456"), new Field("brand", "VISA")),
            (Outcome.Refused, _) => Told(call, "IGFS_008", id),
            (Outcome.Abandoned, _) => Told(call, "IGFS_20090", id),
            _ => Told(call, "IGFS_814", id),
        };
    }

    private IResult Pay(NewPayment body)
    {
        if (!Uri.TryCreate(body.Url, UriKind.Absolute, out var url) || Paid(url.Query.Split('=')[^1], body.Cancel, Card.Published) is not { } payment)
        {
            return Results.Json(new { error = "no such page", code = "page-gone" }, statusCode: StatusCodes.Status422UnprocessableEntity);
        }

        var target = payment.Outcome == Outcome.Taken ? payment.NotifyUrl : payment.ErrorUrl;
        return Answer(new { order = payment.ShopId, state = payment.State, target, body = new Uri(target).Query.TrimStart('?') });
    }

    private ImpresePayment? Paid(string reference, bool cancel, Card card) =>
        bank.Find(payment => payment.Reference == reference) is not { } known ? null : cancel ? bank.Cancel(reference) : bank.Pay(reference, card, About(known.ShopId).Outcome);

    private Task Show(HttpContext context)
    {
        var found = bank.Find(payment => payment.Reference == context.Request.Query["referenceData"]);
        return (found is null ? Gone(context) : BankPage.Send(context, CardForm(found), formAction: FormAction(found))).ExecuteAsync(context);
    }

    private async Task Decide(HttpContext context)
    {
        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        var paid = Paid(context.Request.Query["referenceData"].ToString(), form["azione"] == "annulla", Card.Typed(form["numeroCarta"], form["scadenza"], form["cvv"]));
        if (paid is null)
        {
            await Gone(context).ExecuteAsync(context);
            return;
        }

        context.Response.StatusCode = StatusCodes.Status303SeeOther;
        context.Response.Headers.Location = paid.Outcome == Outcome.Taken ? paid.NotifyUrl : paid.ErrorUrl;
    }

    private static IResult Gone(HttpContext context) => BankPage.Send(
        context, BankPage.Frame(new Refusal(StatusCodes.Status404NotFound, "page-gone", "Questa pagina di pagamento non esiste.", "This payment page does not exist."), "it"), StatusCodes.Status404NotFound);

    // The answer to the form leads back to the shop, which the policy counts as part of the form's way.
    private static string FormAction(ImpresePayment payment) => "'self' " + new Uri(payment.NotifyUrl).GetLeftPart(UriPartial.Authority);

    private static Html CardForm(ImpresePayment payment)
    {
        var english = payment.Language == "EN";
        return BankPage.Frame(english ? "en" : "it", english ? "Pay by card" : "Paga con carta", $"""
            <h1>{(english ? "Pay by card" : "Paga con carta")}</h1>
            <dl class="summary">
            <div class="amount"><dt>{(english ? "Amount" : "Importo")}</dt><dd>{CardPage.Amount(payment.Cents, english ? "en" : "it")}</dd></div>
            <div><dt>{(english ? "Order" : "Ordine")}</dt><dd>{payment.ShopId}</dd></div>
            </dl>
            <form method="post" action="{Page}?referenceData={payment.Reference}" autocomplete="off">
            <div class="field"><label for="numeroCarta">{(english ? "Card number" : "Numero della carta")}</label>
            <input id="numeroCarta" name="numeroCarta" inputmode="numeric" autocomplete="off" maxlength="23" required value="{Card.Published.Number}"></div>
            <div class="field"><label for="scadenza">{(english ? "Expiry (MM/YYYY)" : "Scadenza (MM/AAAA)")}</label>
            <input id="scadenza" name="scadenza" autocomplete="off" maxlength="7" required value="{Card.Published.Expiry}"></div>
            <div class="field"><label for="cvv">{(english ? "Security code" : "Codice di sicurezza")}</label>
            <input id="cvv" name="cvv" inputmode="numeric" autocomplete="off" maxlength="4" required value="{Card.Published.SecurityCode}"></div>
            <div class="buttons">
            <button class="button" name="azione" value="paga">{(english ? "Pay" : "Paga")}</button>
            <button class="button quiet" name="azione" value="annulla" formnovalidate>{(english ? "Cancel" : "Annulla")}</button>
            </div>
            </form>
            """);
    }

    private sealed record NewDown([property: JsonRequired] bool Down);

    private sealed record NewState(string? State);

    private sealed record NewPayment(string? Url, bool Cancel = false, bool Deliver = false);
}
