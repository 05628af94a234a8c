using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;
using Platform.Core.Money;

namespace Platform.Payments.Gateways.PagOnLine;

/// <summary>
/// UniCredit PagOnLine "classic": a signed redirect to <c>initInsert.do</c>, a signed return by the browser, a signed server-to-server listener,
/// and the order query <c>QUERYORDER</c>.
/// </summary>
/// <remarks>
/// Settings of an agreement: <c>merchant</c> (numeroCommerciante), <c>store</c> (stabilimento), <c>user</c> (userID), <c>start</c> (address of initInsert.do),
/// <c>query</c> (address of execute_remote_command.do). Secrets: <c>password</c>, <c>key</c> (the MAC's secret string).
/// Neither return nor listener cover the amount: the amount is our own row's, confirmed by the query.
/// </remarks>
internal sealed class PagOnLineGateway(HttpClient http, ILogger<PagOnLineGateway> log) : IPaymentGateway
{
    public const string Name = "pagonline";

    static readonly string[] ReturnFields = ["numeroOrdine", "numeroCommerciante", "stabilimento", "esito"];

    public string Id => Name;

    public Uri Prepare(GatewayOrder order, AgreementTerms terms)
    {
        // An order that could never be asked about must not begin.
        _ = new Uri(terms.Setting("query"));
        KeyValuePair<string, string>[] signed =
        [
            new("numeroCommerciante", terms.Setting("merchant")),
            new("userID", terms.Setting("user")),
            new("password", terms.Secret("password")),
            new("numeroOrdine", order.OrderNumber),
            new("totaleOrdine", order.Amount.Cents.ToString(CultureInfo.InvariantCulture)),
            new("valuta", "978"),
            new("flagDeposito", "Y"),
            new("urlOk", order.ReturnTo.AbsoluteUri),
            new("urlKo", order.ReturnTo.AbsoluteUri),
            new("tipoRispostaApv", "wait"),
            new("flagRiciclaOrdine", "N"),
            new("stabilimento", terms.Setting("store")),
        ];
        // The true password enters the code only; the address carries a dummy.
        var sent = signed.Select(pair => pair.Key == "password" ? new("password", "Password") : pair)
            .Append(new("mac", PagOnLineMac.Of(signed, terms.Secret("key"))))
            .Append(new("tipoPagamento", "CartCred"))
            .Append(new("langCompratore", order.Language));
        return new Uri($"{terms.Setting("start")}?{Encode(sent)}");
    }

    public string? OrderNumberIn(GatewayMessage message) => message.Channel == "query"
        ? PagOnLineFields.Read(Line(message.Raw))?["ORDERNUMBER"]
        : PagOnLineFields.Read(message.Raw)?["numeroOrdine"];

    public GatewayFact Read(GatewayMessage message, AgreementTerms terms)
    {
        if (message.Channel == "query")
            return ReadAnswer(message.Raw);
        if (PagOnLineFields.Read(message.Raw) is not { Mac: { } mac } fields)
            return Unreadable;
        var outcome = message.Channel == "return" ? OfReturn(fields) : OfListener(fields);
        if (outcome is null)
            return Unreadable;
        var genuine = PagOnLineMac.Matches(PagOnLineMac.Of(fields.Signed, terms.Secret("key")), mac)
            && fields["numeroCommerciante"] == terms.Setting("merchant")
            && fields["stabilimento"] == terms.Setting("store");
        return new(genuine, true, outcome.Value, null);
    }

    public async Task<GatewayMessage> Ask(GatewayOrder order, AgreementTerms terms, CancellationToken stop)
    {
        KeyValuePair<string, string>[] form =
        [
            new("numeroCommerciante", terms.Setting("merchant")),
            new("stabilimento", terms.Setting("store")),
            new("userID", terms.Setting("user")),
            new("password", terms.Secret("password")),
            new("tipoComando", "QUERYORDER"),
            new("formatoRisposta", "plaintext"),
            new("numeroOrdine", order.OrderNumber),
        ];
        try
        {
            using var content = new FormUrlEncodedContent(form);
            using var answer = await http.PostAsync(new Uri(terms.Setting("query")), content, stop);
            var raw = await answer.Content.ReadAsByteArrayAsync(stop);
            return new("query", answer.IsSuccessStatusCode ? raw : Encoding.Latin1.GetBytes($"http-status={(int)answer.StatusCode}"));
        }
        catch (Exception wrong) when (wrong is HttpRequestException or IOException || (wrong is TaskCanceledException && !stop.IsCancellationRequested))
        {
            log.LogWarning("PagOnLine does not answer the query for order {Order}: {Reason}", order.OrderNumber, wrong.Message);
            return new("query", Encoding.Latin1.GetBytes($"unreachable={wrong.GetType().Name}"));
        }
    }

    public IEnumerable<string> Origins(AgreementTerms terms) => [new Uri(terms.Setting("start")).GetLeftPart(UriPartial.Authority)];

    static readonly GatewayFact Unreadable = new(false, false, GatewayOutcome.Undetermined, null);

    static GatewayOutcome? OfReturn(PagOnLineFields fields) =>
        ReturnFields.Any(name => string.IsNullOrEmpty(fields[name])) || fields["tipomessaggio"] is not null
            ? null
            : fields["esito"] switch
            {
                "OK" or "IC" => GatewayOutcome.Approved,
                "KO" => GatewayOutcome.Refused,
                _ => GatewayOutcome.Undetermined,
            };

    static GatewayOutcome? OfListener(PagOnLineFields fields) =>
        fields["tipomessaggio"] != "PAYMENT_STATE" || string.IsNullOrEmpty(fields["numeroOrdine"]) || fields["statoattuale"] is not { } state || fields["esito"] is not null
            ? null
            : state switch
            {
                "RO" => GatewayOutcome.Registered,
                // Accounted, but the message names no amount: the query has to.
                "OK" or "IC" or "CO" => GatewayOutcome.Approved,
                "KO" => GatewayOutcome.Refused,
                "AB" => GatewayOutcome.Abandoned,
                "EX" => GatewayOutcome.Expired,
                "ST" => GatewayOutcome.Reversed,
                _ => GatewayOutcome.Undetermined,
            };

    // The connection we opened vouches for the answer; it carries no code.
    static GatewayFact ReadAnswer(byte[] raw)
    {
        if (raw.AsSpan().StartsWith("unreachable="u8) || raw.AsSpan().StartsWith("http-status="u8))
            return new(true, false, GatewayOutcome.Undetermined, null);
        if (PagOnLineFields.Read(Line(raw)) is not { } fields)
            return new(true, true, GatewayOutcome.Undetermined, null);
        if (fields["PRC"] == "10119" || fields["DESCRIZIONE"] == "STATO ORDINE FALLITO: ordine inesistente")
            return new(true, true, GatewayOutcome.NotFound, null);
        if (fields["OBJECT"] != "PAYMENT" || fields["CURRENCY"] != "978" || fields["AMOUNTEXP10"] != "-2")
            return new(true, true, GatewayOutcome.Undetermined, null);
        var taken = Cents(fields["DEPOSITAMOUNT"]) ?? Cents(fields["APPROVEAMOUNT"]) ?? Cents(fields["AMOUNT"]);
        return fields["STATE"] switch
        {
            // Accounted, or deposit requested for an order that asked for immediate deposit: the amount is final.
            "CO" or "IC" when taken is not null => new(true, true, GatewayOutcome.Completed, taken),
            "OK" => new(true, true, GatewayOutcome.Approved, null),
            "RO" => new(true, true, GatewayOutcome.Registered, null),
            "KO" => new(true, true, GatewayOutcome.Refused, null),
            "AB" => new(true, true, GatewayOutcome.Abandoned, null),
            "EX" => new(true, true, GatewayOutcome.Expired, null),
            "ST" => new(true, true, GatewayOutcome.Reversed, null),
            _ => new(true, true, GatewayOutcome.Undetermined, null),
        };

        static Euro? Cents(string? text) =>
            long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var cents) && cents > 0 ? new Euro(cents) : null;
    }

    /// <summary>An answer without the line end that may follow it.</summary>
    static ReadOnlySpan<byte> Line(byte[] raw) => raw.AsSpan().Trim("\r\n "u8);

    static string Encode(IEnumerable<KeyValuePair<string, string>> pairs) =>
        string.Join('&', pairs.Select(pair => $"{pair.Key}={Uri.EscapeDataString(pair.Value)}"));
}
