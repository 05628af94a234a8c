using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Xml.Linq;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Logging;

namespace Platform.Payments.Gateways.PagOnlineImprese;

/// <summary>
/// UniCredit PagOnline Imprese (IGFS_CG): <c>Init</c> opens the order and names the page of the bank, the browser comes back with nothing to trust, <c>Verify</c> decides,
/// <c>Credit</c> gives back. SOAP 1.1, signed by HMAC-SHA256.
/// </summary>
/// <remarks>
/// Settings of an agreement: <c>terminal</c> (tid), <c>service</c> (address that ends in <c>/services/</c>), <c>pages</c> (the origin of the bank's pages). Secret: <c>key</c> (kSig).
/// The signature has no separators, so that a character could move from one field to its neighbour: every field that decides something has a form in which it cannot.
/// </remarks>
internal sealed class PagOnlineImpreseGateway(HttpClient http, ILogger<PagOnlineImpreseGateway> log) : IOpeningGateway, IRefundingGateway
{
    public const string Name = "pagonline-imprese";
    const string OrderField = "ordine";
    const string ApiVersion = "2.4.1.5";
    const string OtherPayment = "other-payment=";

    static readonly XNamespace Soap = "http://schemas.xmlsoap.org/soap/envelope/";
    static readonly XNamespace Igfs = "http://services.api.web.cg.igfs.apps.netsw.it/";

    public string Id => Name;

    public Uri Prepare(GatewayOrder order, AgreementTerms terms) =>
        Parts(order) is { Page: { } page } ? new(page) : throw new InvalidOperationException($"Order {order.OrderNumber} was not opened.");

    public async Task<GatewayMessage> Open(GatewayOrder order, AgreementTerms terms, CancellationToken stop)
    {
        var back = QueryHelpers.AddQueryString(order.ReturnTo.AbsoluteUri, OrderField, order.OrderNumber);
        return new("open", await Call(
            terms, "PaymentInitGatewayPort", "Init", order.OrderNumber, stop,
            ("shopID", order.OrderNumber), ("trType", "PURCHASE"), ("amount", Cents(order.Amount.Cents)), ("currencyCode", "EUR"), ("langID", order.Language == "it" ? "IT" : "EN"),
            ("notifyURL", back), ("errorURL", back)));
    }

    public string? Opened(GatewayMessage answer) =>
        IgfsAnswer.Read(answer.Raw) is { } read && read["paymentID"] is { } payment && read["redirectURL"] is { } page ? $"{payment} {page}" : null;

    public string? OrderNumberIn(GatewayMessage message) => message.Channel is "query" or "open"
        ? IgfsAnswer.Read(message.Raw)?["shopID"]
        : QueryHelpers.ParseQuery(Encoding.Latin1.GetString(message.Raw)).TryGetValue(OrderField, out var order) && order is [{ } one] ? one : null;

    public GatewayFact Read(GatewayMessage message, AgreementTerms terms) => message.Channel switch
    {
        "query" => ReadAnswer(message.Raw, terms, IgfsAnswer.OfVerify, OfVerify),
        "open" => ReadAnswer(message.Raw, terms, IgfsAnswer.OfInit, answer => OfInit(answer, terms)),
        _ => new(false, OrderNumberIn(message) is not null, GatewayOutcome.Undetermined, null) { Unsigned = true },
    };

    public async Task<GatewayMessage> Ask(GatewayOrder order, AgreementTerms terms, CancellationToken stop)
    {
        var raw = await Verify(terms, order, order.OrderNumber, null, stop);
        // Two answers about one order of the shop would be told apart by the bank's own number only.
        return new("query", IgfsAnswer.Read(raw) is { } answer && answer["paymentID"] is { Length: > 0 } named && named != Parts(order)?.Payment ? [.. Encoding.ASCII.GetBytes(OtherPayment), .. raw] : raw);
    }

    public IEnumerable<string> Origins(AgreementTerms terms)
    {
        _ = (terms.Setting("terminal"), terms.Secret("key"), Port(terms, "PaymentInitGatewayPort"));
        return [new Uri(terms.Setting("pages")).GetLeftPart(UriPartial.Authority)];
    }

    /// <summary>Whole or in part. The transaction it is of is asked for first; where that fails nothing was ordered.</summary>
    public async Task<RefundAnswer> Refund(GatewayRefund refund, AgreementTerms terms, CancellationToken stop)
    {
        if (await Transaction(refund, terms, stop) is not { } transaction)
            return new(RefundOutcome.Refused, "the bank did not confirm the payment; nothing was ordered");
        var raw = await Call(
            terms, "PaymentTranGatewayPort", "Credit", refund.Number, stop,
            ("shopID", refund.Number), ("amount", Cents(refund.Amount.Cents)), ("currencyCode", "EUR"), ("refTranID", transaction));
        if (Genuine(raw, terms, IgfsAnswer.OfCredit) is not { } answer || answer["shopID"] != refund.Number)
            return new(RefundOutcome.Undetermined, null);
        return answer["rc"] switch
        {
            "IGFS_000" when IsNumber(answer["tranID"]) => new(RefundOutcome.Done, answer["tranID"]),
            var rc when IsRefusal(rc) => new(RefundOutcome.Refused, rc),
            // Said again of a number that was used: whatever became of the first, this is not its answer.
            _ => new(RefundOutcome.Undetermined, null),
        };
    }

    /// <summary>Verify by the refund's own number. What names the payment's transaction speaks of the payment, whatever number it repeats.</summary>
    public async Task<RefundAnswer> AskRefund(GatewayRefund refund, AgreementTerms terms, CancellationToken stop)
    {
        if (await Transaction(refund, terms, stop) is not { } transaction)
            return new(RefundOutcome.Undetermined, null);
        if (Genuine(await Verify(terms, refund.Order, refund.Number, transaction, stop), terms, IgfsAnswer.OfVerify) is not { } answer || answer["shopID"] != refund.Number)
            return new(RefundOutcome.Undetermined, null);
        return answer["rc"] switch
        {
            "IGFS_000" when IsNumber(answer["tranID"]) && answer["tranID"] != transaction => new(RefundOutcome.Done, answer["tranID"]),
            "IGFS_033" or "IGFS_20012" => new(RefundOutcome.NotFound, null),
            _ => new(RefundOutcome.Undetermined, null),
        };
    }

    /// <summary>The bank's number of the transaction that took the money; null unless it says so now.</summary>
    async Task<string?> Transaction(GatewayRefund refund, AgreementTerms terms, CancellationToken stop)
    {
        var message = await Ask(refund.Order, terms, stop);
        return OrderNumberIn(message) == refund.Order.OrderNumber && Read(message, terms) is { Genuine: true, Outcome: GatewayOutcome.Completed } ? IgfsAnswer.Read(message.Raw)!["tranID"] : null;
    }

    Task<byte[]> Verify(AgreementTerms terms, GatewayOrder order, string number, string? transaction, CancellationToken stop) => Parts(order) is { Payment: { } payment }
        ? Call(terms, "PaymentInitGatewayPort", "Verify", number, stop, [("shopID", number), ("paymentID", payment), .. transaction is null ? Array.Empty<(string, string)>() : [("refTranID", transaction)]])
        : Task.FromResult(Encoding.ASCII.GetBytes("unreachable=NotOpened"));

    static GatewayFact ReadAnswer(byte[] raw, AgreementTerms terms, string[] covered, Func<IgfsAnswer, GatewayOutcome> outcome)
    {
        if (raw.AsSpan().StartsWith("unreachable="u8) || raw.AsSpan().StartsWith("http-status="u8))
            return new(true, false, GatewayOutcome.Undetermined, null);
        return Genuine(raw, terms, covered) is { } answer ? new(true, true, outcome(answer), null) : new(false, true, GatewayOutcome.Undetermined, null);
    }

    static IgfsAnswer? Genuine(byte[] raw, AgreementTerms terms, string[] covered) =>
        IgfsAnswer.Read(raw) is { } answer && answer["tid"] == terms.Setting("terminal") && answer.IsSigned(covered, terms.Secret("key")) ? answer : null;

    static GatewayOutcome OfInit(IgfsAnswer answer, AgreementTerms terms) => answer["rc"] switch
    {
        "IGFS_000" when IsNumber(answer["paymentID"]) && !EndsInDigit(answer["errorDesc"])
            && Uri.TryCreate(answer["redirectURL"], UriKind.Absolute, out var page) && page.AbsoluteUri.Length <= 1900 && answer["redirectURL"]!.StartsWith("http", StringComparison.Ordinal)
            && page.GetLeftPart(UriPartial.Authority) == new Uri(terms.Setting("pages")).GetLeftPart(UriPartial.Authority) => GatewayOutcome.Registered,
        "IGFS_000" => GatewayOutcome.Undetermined,
        // No address was given: whatever the reason, nobody can pay it. What may be a success with its end or beginning moved into the neighbour is no refusal.
        { } rc when IsCode(rc) && !rc.StartsWith("IGFS_000", StringComparison.Ordinal) && !"IGFS_000".StartsWith(rc, StringComparison.Ordinal) => GatewayOutcome.Refused,
        _ => GatewayOutcome.Undetermined,
    };

    static GatewayOutcome OfVerify(IgfsAnswer answer) => answer["rc"] switch
    {
        "IGFS_000" when IsNumber(answer["paymentID"]) && IsNumber(answer["tranID"]) && !EndsInDigit(answer["errorDesc"]) => GatewayOutcome.Completed,
        "IGFS_814" => GatewayOutcome.Registered,
        "IGFS_20090" => GatewayOutcome.Abandoned,
        "IGFS_400" => GatewayOutcome.Reversed,
        "IGFS_20023" => GatewayOutcome.NotFound,
        var rc when IsRefusal(rc) => GatewayOutcome.Refused,
        // Also the faults of lines, systems and requests: they say nothing of the order.
        _ => GatewayOutcome.Undetermined,
    };

    /// <summary>Words about the payment or its card, not about the call.</summary>
    static bool IsRefusal(string? rc) => rc is "IGFS_008" or "IGFS_02" or "IGFS_029" or "IGFS_030" or "IGFS_032" or "IGFS_033" or "IGFS_093" or "IGFS_096" or "IGFS_097" or "IGFS_098" or "IGFS_102"
        or "IGFS_1921" or "IGFS_1922" or "IGFS_1923";

    async Task<byte[]> Call(AgreementTerms terms, string port, string operation, string number, CancellationToken stop, params IReadOnlyList<(string Name, string Value)> fields)
    {
        (string Name, string Value)[] prefix = [("apiVersion", ApiVersion), ("tid", terms.Setting("terminal"))];
        var request = new XElement(
            "request", prefix.Select(Element), new XElement("signature", IgfsAnswer.Sign(prefix.Concat(fields).Select(field => field.Value), terms.Secret("key"))), fields.Select(Element));
        var envelope = new XElement(Soap + "Envelope", new XElement(Soap + "Body", new XElement(Igfs + operation, request)));
        try
        {
            using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(envelope.ToString(SaveOptions.DisableFormatting)));
            content.Headers.ContentType = new MediaTypeHeaderValue("text/xml", "utf-8");
            using var answer = await http.PostAsync(Port(terms, port), content, stop);
            return answer.IsSuccessStatusCode ? await answer.Content.ReadAsByteArrayAsync(stop) : Encoding.ASCII.GetBytes($"http-status={(int)answer.StatusCode}");
        }
        catch (Exception wrong) when (wrong is HttpRequestException or IOException || (wrong is TaskCanceledException && !stop.IsCancellationRequested))
        {
            log.LogWarning("PagOnline Imprese does not answer {Operation} for {Number}: {Reason}", operation, number, wrong.Message);
            return Encoding.ASCII.GetBytes($"unreachable={wrong.GetType().Name}");
        }

        static XElement Element((string Name, string Value) field) => new(field.Name, field.Value);
    }

    static Uri Port(AgreementTerms terms, string port) => terms.Setting("service") is var service && service.EndsWith('/')
        ? new(new Uri(service), port)
        : throw new InvalidOperationException("The setting \"service\" is an address that ends in a slash: https://…/UNI_CG_SERVICES/services/.");

    static (string Payment, string Page)? Parts(GatewayOrder order) => order.Opened?.Split(' ', 2) is [var payment, var page] ? (payment, page) : null;

    static string Cents(long cents) => cents.ToString(CultureInfo.InvariantCulture);

    static bool IsNumber(string? text) => text is { Length: > 0 and <= 35 } && text.All(char.IsAsciiDigit);

    static bool IsCode(string? text) => text is { Length: > 5 and <= 10 } && text.StartsWith("IGFS_", StringComparison.Ordinal) && text.AsSpan(5).IndexOfAnyExceptInRange('0', '9') < 0;

    static bool EndsInDigit(string? text) => text is [.., >= '0' and <= '9'];
}
