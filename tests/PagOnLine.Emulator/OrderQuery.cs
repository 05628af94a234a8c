using System.Globalization;
using System.Text;

namespace PagOnLine.Emulator;

/// <summary>The remote command QUERYORDER: one URL-encoded line, always with status 200.</summary>
internal sealed class OrderQuery(Merchant merchant, Orders orders, Lies lies, Bank bank, BankClock clock)
{
    private const string Path = "/backoffice/servizi/execute_remote_command.do";

    public void Map(WebApplication app) => app.MapPost(Path, async (HttpContext context) =>
    {
        if (!context.Request.HasFormContentType)
        {
            return Line(Failure("RICHIESTA ERRATA: manca il modulo", "10001"));
        }

        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        var number = form["numeroOrdine"].ToString();
        var lie = lies.About(number).Query ?? new QueryLie();
        await Task.Delay(TimeSpan.FromMilliseconds(lie.DelayMs), clock.Time, context.RequestAborted);
        if (lie.Down)
        {
            return Results.Text("Servizio non disponibile", statusCode: StatusCodes.Status503ServiceUnavailable);
        }

        if (lie.Garbled)
        {
            return Results.Text("<html><body><h1>502 Bad Gateway</h1></body></html>", "text/html");
        }

        var answer = Answer(form, number, lie);
        bank.Note("queried", PaymentRequest.IsOrderNumber(number) ? number : null, answer.Value("STATE"), ("answer", answer.Value("PRC") ?? "found"));
        return Line(answer);
    });

    private static IResult Line(List<Field> answer) => Results.Text(Wire.Encode(answer), "text/plain", Encoding.Latin1);

    private static List<Field> Failure(string words, string code) => [new("DESCRIZIONE", words), new("SRC", "1"), new("PRC", code)];

    private List<Field> Answer(IFormCollection form, string number, QueryLie lie)
    {
        // All four are compared whatever the first says, so that time tells nothing.
        var known = Mac.SameText(form["numeroCommerciante"].ToString(), merchant.Number)
            & Mac.SameText(form["stabilimento"].ToString(), merchant.Shop)
            & Mac.SameText(form["userID"].ToString(), merchant.User)
            & Mac.SameText(form["password"].ToString(), merchant.Password);
        if (!known)
        {
            return Failure("AUTENTICAZIONE FALLITA: utente o password errati", "10002");
        }

        if (form["tipoComando"].ToString() != "QUERYORDER" || form["formatoRisposta"].ToString() != "plaintext")
        {
            return Failure("RICHIESTA ERRATA: comando o formato non previsto", "10001");
        }

        if (lie.Undetermined)
        {
            return Failure("STATO ORDINE FALLITO: sistema temporaneamente non disponibile", "10999");
        }

        return lie.Unknown || orders.Find(number) is not { } order
            ? Failure("STATO ORDINE FALLITO: ordine inesistente", "10119")
            : State(order, lie);
    }

    private List<Field> State(Order order, QueryLie lie)
    {
        var state = lie.State ?? order.State;
        var amount = lie.AmountCents ?? (order.TakenCents > 0 ? order.TakenCents : order.AskedCents);
        var approved = States.MeansMoney(state) || state == States.Reversed;
        var deposited = state is States.Accounted or States.DepositAsked;
        List<Field> answer =
        [
            new("PAYMENTTYPE", order.PaymentType),
            new("AMOUNT", Cents(amount)),
            new("DEPOSITAMOUNT", Cents(deposited ? amount : 0)),
            new("OBJECT", "PAYMENT"),
            new("TIMEMODIFIED", clock.Text(order.ModifiedAt, "dd.MM.yyyy HH:mm")),
            new("STATE", state),
            new("ORDERNUMBER", order.Number),
            new("CURRENCY", "978"),
            new("APPROVEAMOUNT", Cents(approved ? amount : 0)),
            new("TIMECREATED", clock.Text(order.CreatedAt, "dd.MM.yyyy HH:mm")),
            new("AMOUNTEXP10", "-2"),
        ];
        if (order is { AuthorisationId.Length: > 0, PaymentType: "CartCred" })
        {
            answer.Add(new Field("AUTHID", order.AuthorisationId));
            answer.Add(new Field("BRAND", "VISA"));
        }

        return answer;
    }

    private static string Cents(long cents) => cents.ToString(CultureInfo.InvariantCulture);
}
