using System.Net;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace PagOnLine.Emulator;

/// <summary>What tests ask of the bank from the same machine.</summary>
internal sealed class Control(Bank bank, Orders orders, Journal journal, Lies lies, Listener listener, Delivery delivery, Merchant merchant, BankClock clock)
{
    // A misspelt lie would otherwise be the truth, and its test would prove nothing.
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    private volatile bool _down;

    public void Map(WebApplication app)
    {
        app.Use(Guard);
        var control = app.MapGroup("/control");
        control.MapGet("/health", () => Answer(new { status = "up", down = _down, listener = listener.Address, orders = orders.All.Count() }));
        control.MapGet("/journal", () => Results.Text(string.Concat(journal.Entries.Select(entry => Journal.Line(entry) + "\n")), "application/x-ndjson"));
        control.MapGet("/orders", () => Answer(orders.All.Select(View)));
        control.MapGet("/orders/{order}", (string order) => orders.Find(order) is { } known
            ? Answer(new { order = View(known), history = journal.Entries.Where(entry => entry.Order == order) })
            : Unknown(order));
        control.MapPost("/orders/{order}/state", (HttpContext context, string order) => Read<NewState>(context, body => Move(order, body)));
        control.MapPut("/listener", (HttpContext context, CancellationToken _) => Read<NewListener>(context, Listen));
        control.MapPut("/down", (HttpContext context, CancellationToken _) => Read<NewDown>(context, Stop));
        control.MapGet("/lies", () => Answer(lies.All));
        control.MapPut("/lies/{order}", (HttpContext context, string order) => Read<Lie>(context, body => Believe(order, body)));
        control.MapDelete("/lies/{order}", (string order) =>
        {
            lies.Clear(order);
            bank.Note("lie-withdrawn", order);
            return Results.NoContent();
        });
        control.MapPost("/pay", (HttpContext context, CancellationToken stop) => Read<NewPayment>(context, body => Pay(body, stop)));
    }

    private static IResult Answer(object value, int status = StatusCodes.Status200OK) => Results.Json(value, Json, statusCode: status);

    private static IResult Problem(int status, string error, string? code = null) => Answer(new { error, code }, status);

    private static IResult Unknown(string order) => Problem(StatusCodes.Status404NotFound, $"no order {order}", "order-unknown");

    private static Task<IResult> Read<T>(HttpContext context, Func<T, IResult> then)
        where T : class
        => Read<T>(context, body => Task.FromResult(then(body)));

    private static async Task<IResult> Read<T>(HttpContext context, Func<T, Task<IResult>> then)
        where T : class
    {
        T? body;
        try
        {
            body = await JsonSerializer.DeserializeAsync<T>(context.Request.Body, Json, context.RequestAborted);
        }
        catch (JsonException wrong)
        {
            return Problem(StatusCodes.Status400BadRequest, wrong.Message, "json");
        }

        return body is null ? Problem(StatusCodes.Status400BadRequest, "the body is null", "json") : await then(body);
    }

    private static object View(Order order) => new
    {
        order = order.Number,
        state = order.State,
        outcome = Name(order.Outcome),
        askedCents = order.AskedCents,
        takenCents = order.TakenCents,
        flagDeposito = order.DepositAtOnce ? "Y" : "N",
        urlOk = order.UrlOk,
        urlKo = order.UrlKo,
        createdAt = order.CreatedAt,
        modifiedAt = order.ModifiedAt,
        page = CardPage.Path(order),
    };

    private static string Name(Outcome outcome) => outcome switch
    {
        Outcome.Taken => "taken",
        Outcome.Refused => "refused",
        Outcome.Abandoned => "abandoned",
        _ => "none",
    };

    private Task Guard(HttpContext context, RequestDelegate next)
    {
        if (context.Request.Path.StartsWithSegments("/control", StringComparison.OrdinalIgnoreCase))
        {
            var local = context.Connection.RemoteIpAddress is { } address && IPAddress.IsLoopback(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address);
            return local ? next(context) : Results.NotFound().ExecuteAsync(context);
        }

        return _down
            ? Results.Text("Servizio non disponibile / Service unavailable", statusCode: StatusCodes.Status503ServiceUnavailable).ExecuteAsync(context)
            : next(context);
    }

    private IResult Move(string order, NewState body)
    {
        if (!States.IsCode(body.State))
        {
            return Problem(StatusCodes.Status400BadRequest, "state is two capital letters", "state");
        }

        return bank.Move(order, body.State!) is { } moved ? Answer(View(moved)) : Unknown(order);
    }

    private IResult Listen(NewListener body)
    {
        if (body.Url is not null && !PaymentRequest.IsAddress(body.Url))
        {
            return Problem(StatusCodes.Status400BadRequest, "url is an http or https address, or null", "url");
        }

        listener.Address = body.Url;
        bank.Note("listener-set", order: null, state: null, ("url", body.Url ?? ""));
        return Answer(body);
    }

    private IResult Stop(NewDown body)
    {
        _down = body.Down;
        bank.Note(body.Down ? "down" : "up", order: null);
        return Answer(body);
    }

    private IResult Believe(string order, Lie lie)
    {
        if (lie.WhyInvalid() is { } reason)
        {
            return Problem(StatusCodes.Status400BadRequest, reason, "lie");
        }

        lies.Set(order, lie);
        bank.Note("lie-set", order, state: null, ("lie", JsonSerializer.Serialize(lie, Json)));
        return Answer(lie);
    }

    private async Task<IResult> Pay(NewPayment body, CancellationToken stop)
    {
        if (_down)
        {
            return Problem(StatusCodes.Status503ServiceUnavailable, "the bank is down", "down");
        }

        if (!Uri.TryCreate(body.Url, UriKind.Absolute, out _))
        {
            return Problem(StatusCodes.Status400BadRequest, "url is the whole address of an initInsert.do", "url");
        }

        // The raw text, not Uri's: Uri may rewrite escapes, and a browser does not.
        var query = body.Url.IndexOf('?', StringComparison.Ordinal) is >= 0 and var at ? body.Url[at..].Split('#')[0] : "";
        var (presented, refusal) = bank.Present(query);
        if (presented is null)
        {
            return Problem(StatusCodes.Status422UnprocessableEntity, refusal!.English, refusal.Code);
        }

        var card = body.Card is { } typed ? Card.Typed(typed.Number, typed.Expiry, typed.SecurityCode) : Card.Published;
        var order = (body.Cancel ? bank.Cancel(presented.Ticket) : bank.Pay(presented.Ticket, card))!;
        var back = BrowserReturn.Of(order, lies.About(order.Number), merchant, clock);
        var delivered = body.Deliver && !back.Lie.Drop ? await delivery.Deliver(order, back, stop) : null;
        return Answer(new
        {
            order = order.Number,
            state = order.State,
            outcome = Name(order.Outcome),
            takenCents = order.TakenCents,
            method = back.Method,
            target = back.Target,
            fields = back.Fields,
            body = Wire.Encode(back.Fields),
            dropped = back.Lie.Drop,
            delivered,
        });
    }

    private sealed record NewState(string? State);

    private sealed record NewListener(string? Url);

    private sealed record NewDown([property: JsonRequired] bool Down);

    private sealed record NewCard(string? Number, string? Expiry, string? SecurityCode);

    private sealed record NewPayment(string? Url, NewCard? Card = null, bool Cancel = false, bool Deliver = false);
}
