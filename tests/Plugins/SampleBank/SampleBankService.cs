using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Platform.Core.Money;
using Platform.Core.Plugins;
using Platform.Payments;

[assembly: Service("samplebank", "1.0", Title = "Banca d’esempio", TitleEn = "Sample bank", Author = "tests")]

namespace SampleBank;

/// <summary>A gateway that somebody else wrote: a signed way there, a signed return, an order query, refunds. It has no page of its own.</summary>
public sealed class SampleBankService : IService
{
    public void Describe(IServiceDescription service)
    {
        ArgumentNullException.ThrowIfNull(service);
        service.Path("banca-esempio");
        service.Provides<IPaymentGateway, SampleBankGateway>();
    }
}

/// <summary>
/// The protocol: every message is a line <c>name=value&amp;…&amp;sign=…</c>, signed by HMAC-SHA256 over all that stands before <c>&amp;sign=</c>. Settings: <c>shop</c>, <c>bank</c> (an
/// address). Secret: <c>key</c>.
/// </summary>
internal sealed class SampleBankGateway(HttpClient http) : IRefundingGateway
{
    public string Id => "samplebank";

    public Uri Prepare(GatewayOrder order, AgreementTerms terms) => At(terms, "pay", Sign(
        terms, $"shop={terms.Setting("shop")}&order={order.OrderNumber}&cents={order.Amount.Cents}&back={Uri.EscapeDataString(order.ReturnTo.AbsoluteUri)}&language={order.Language}"));

    public string? OrderNumberIn(GatewayMessage message) => Line.Read(message.Raw)?["order"];

    public GatewayFact Read(GatewayMessage message, AgreementTerms terms)
    {
        if (Line.Read(message.Raw) is not { } line)
            return new(false, false, GatewayOutcome.Undetermined, null);
        var genuine = line.IsSigned(terms.Secret("key")) && line["shop"] == terms.Setting("shop");
        var outcome = line["state"] switch
        {
            // Only the query names an amount that is final.
            "paid" => message.Channel == "query" ? GatewayOutcome.Completed : GatewayOutcome.Approved,
            "open" => GatewayOutcome.Registered,
            "refused" => GatewayOutcome.Refused,
            "given-up" => GatewayOutcome.Abandoned,
            "unknown" => GatewayOutcome.NotFound,
            _ => GatewayOutcome.Undetermined,
        };
        var taken = long.TryParse(line["cents"], NumberStyles.None, CultureInfo.InvariantCulture, out var cents) && cents > 0 ? new Euro(cents) : (Euro?)null;
        return outcome == GatewayOutcome.Completed && taken is null ? new(genuine, true, GatewayOutcome.Undetermined, null) : new(genuine, true, outcome, taken);
    }

    public async Task<GatewayMessage> Ask(GatewayOrder order, AgreementTerms terms, CancellationToken stop) =>
        new("query", await Call(terms, "query", $"shop={terms.Setting("shop")}&order={order.OrderNumber}", stop));

    public IEnumerable<string> Origins(AgreementTerms terms) => [terms.Setting("bank"), .. terms.Secret("key").Length == 0 ? throw new InvalidOperationException("The key is empty.") : Array.Empty<string>()];

    public Task<RefundAnswer> Refund(GatewayRefund refund, AgreementTerms terms, CancellationToken stop) =>
        Refunded("refund", $"shop={terms.Setting("shop")}&order={refund.Order.OrderNumber}&refund={refund.Number}&cents={refund.Amount.Cents}", refund, terms, stop);

    public Task<RefundAnswer> AskRefund(GatewayRefund refund, AgreementTerms terms, CancellationToken stop) =>
        Refunded("refund-query", $"shop={terms.Setting("shop")}&order={refund.Order.OrderNumber}&refund={refund.Number}", refund, terms, stop);

    async Task<RefundAnswer> Refunded(string verb, string request, GatewayRefund refund, AgreementTerms terms, CancellationToken stop)
    {
        if (Line.Read(await Call(terms, verb, request, stop)) is not { } line || !line.IsSigned(terms.Secret("key")) || line["refund"] != refund.Number)
            return new(RefundOutcome.Undetermined, null);
        return new(line["state"] switch { "done" => RefundOutcome.Done, "refused" => RefundOutcome.Refused, "unknown" => RefundOutcome.NotFound, _ => RefundOutcome.Undetermined }, line["number"]);
    }

    async Task<byte[]> Call(AgreementTerms terms, string verb, string request, CancellationToken stop)
    {
        try
        {
            using var answer = await http.GetAsync(At(terms, verb, Sign(terms, request)), stop);
            return answer.IsSuccessStatusCode ? await answer.Content.ReadAsByteArrayAsync(stop) : [];
        }
        catch (Exception wrong) when (wrong is HttpRequestException or IOException || (wrong is TaskCanceledException && !stop.IsCancellationRequested))
        {
            return [];
        }
    }

    static Uri At(AgreementTerms terms, string verb, string line) => new($"{terms.Setting("bank").TrimEnd('/')}/{verb}?{line}");

    static string Sign(AgreementTerms terms, string line) => $"{line}&sign={Line.SignatureOf(line, terms.Secret("key"))}";
}

/// <summary>One message: names once each, the signature last.</summary>
internal sealed class Line(Dictionary<string, string> fields, string before, string signature)
{
    public string? this[string name] => fields.GetValueOrDefault(name);

    public static Line? Read(byte[] raw)
    {
        var text = Encoding.ASCII.GetString(raw);
        var at = text.IndexOf("&sign=", StringComparison.Ordinal);
        if (at < 0 || raw.AsSpan().IndexOfAnyExceptInRange((byte)' ', (byte)'~') >= 0)
            return null;
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in text[..at].Split('&'))
            if (pair.Split('=') is not [var name, var value] || !fields.TryAdd(name, value))
                return null;
        return new(fields, text[..at], text[(at + 6)..]);
    }

    public bool IsSigned(string key) => CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(SignatureOf(before, key)), Encoding.ASCII.GetBytes(signature));

    public static string SignatureOf(string line, string key) => Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(line)));
}
