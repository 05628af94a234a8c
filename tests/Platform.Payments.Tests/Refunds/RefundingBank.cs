using System.Collections.Concurrent;
using System.Text;
using Platform.Core.Money;

namespace Platform.Payments.Tests.Refunds;

/// <summary>A gateway whose bank lives in the test: it takes what it is asked to take, gives back what it is ordered to, and loses answers when told to.</summary>
internal sealed class RefundingBank : IRefundingGateway
{
    public const string Name = "rimborsi";

    readonly ConcurrentDictionary<string, long> _taken = new(StringComparer.Ordinal);

    /// <summary>Every order to give money back, as the bank carried it out.</summary>
    public ConcurrentQueue<GatewayRefund> GivenBack { get; } = new();

    /// <summary>What happens to the next orders; they are carried out unless it says otherwise.</summary>
    public Func<GatewayRefund, Task<RefundOutcome>>? Fate { get; set; }

    /// <summary>What the bank answers when asked; by default the truth.</summary>
    public RefundOutcome? Says { get; set; }

    public string Id => Name;

    public Uri Prepare(GatewayOrder order, AgreementTerms terms) => new($"{terms.Setting("start")}?order={order.OrderNumber}");

    public void Take(string order, Euro amount) => _taken[order] = amount.Cents;

    public string? OrderNumberIn(GatewayMessage message) => Encoding.ASCII.GetString(message.Raw).Split('=') is ["order", var order] ? order : null;

    public GatewayFact Read(GatewayMessage message, AgreementTerms terms) => OrderNumberIn(message) is { } order && _taken.TryGetValue(order, out var cents)
        ? new(message.Channel == "query", true, GatewayOutcome.Completed, new Euro(cents))
        : new(message.Channel == "query", true, GatewayOutcome.NotFound, null);

    public Task<GatewayMessage> Ask(GatewayOrder order, AgreementTerms terms, CancellationToken stop) =>
        Task.FromResult(new GatewayMessage("query", Encoding.ASCII.GetBytes($"order={order.OrderNumber}")));

    public IEnumerable<string> Origins(AgreementTerms terms) => ["https://banca.example"];

    public async Task<RefundAnswer> Refund(GatewayRefund refund, AgreementTerms terms, CancellationToken stop)
    {
        var outcome = Fate is null ? RefundOutcome.Done : await Fate(refund);
        if (outcome is not RefundOutcome.Refused)
            GivenBack.Enqueue(refund);
        return new(outcome, $"op-{refund.Number}");
    }

    public Task<RefundAnswer> AskRefund(GatewayRefund refund, AgreementTerms terms, CancellationToken stop) =>
        Task.FromResult(new RefundAnswer(Says ?? (GivenBack.Any(done => done.Number == refund.Number) ? RefundOutcome.Done : RefundOutcome.NotFound), $"op-{refund.Number}"));
}
