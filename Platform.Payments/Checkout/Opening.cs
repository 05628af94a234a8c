using Microsoft.Extensions.Logging;
using Platform.Core.Storage;

namespace Platform.Payments.Checkout;

/// <summary>
/// Opens an order at a gateway that wants to be called first. The call was written down with the payment, under the payment's own number, so that it is made once;
/// its answer is kept before anybody is sent there.
/// </summary>
internal sealed class Opening(ISessions sessions, GatewayFacts facts, TimeProvider clock, ILogger<Opening> log)
{
    /// <summary>A call older than this was left by a host that died: the gateway's client gives up long before.</summary>
    public static readonly TimeSpan MayTake = TimeSpan.FromSeconds(30);

    // Who pressed twice waits for the first: a little longer than the gateway's client does.
    static readonly TimeSpan SomebodyWaits = TimeSpan.FromSeconds(6);

    static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(100);

    /// <summary>What the gateway named; null when it opened nothing that we know of. Heard to the end, also when the payer has left.</summary>
    public async Task<string?> Open(IOpeningGateway gateway, BankTerms bank, GatewayOrder order, Guid payment)
    {
        var message = await gateway.Open(order, bank.Terms, CancellationToken.None);
        var fact = facts.Understand(bank, message, order.OrderNumber);
        await facts.Answered(sessions, bank.Id, payment, payment, message, fact, order.OrderNumber, CancellationToken.None);
        if (fact.Outcome != GatewayOutcome.Registered || gateway.Opened(message) is not { Length: > 0 and <= 2000 } opened)
        {
            log.LogWarning("The gateway {Gateway} did not open order {Order}: {Outcome}.", gateway.Id, order.OrderNumber, fact.Outcome);
            return null;
        }
        // A payment that was given up meanwhile is asked about no more: nobody may be sent to pay it.
        return await sessions.Run(
            session => session.First<string>(
                """
                update payments.payment set opened = @opened
                 where entity_id = @entity and payment_id = @payment and state in ('prepared', 'at_bank', 'unknown') and opened is null
                returning opened
                """,
                new { entity = session.Entity, payment, opened }),
            CancellationToken.None);
    }

    /// <summary>What the gateway named to another call of the same attempt, which may be under way.</summary>
    public async Task<string?> Awaited(Guid payment, CancellationToken stop)
    {
        for (var waited = TimeSpan.Zero; waited < SomebodyWaits; waited += BetweenLooks)
        {
            var row = await sessions.Run(
                session => session.First<OpeningRow>(
                    """
                    select p.opened, p.state not in ('prepared', 'at_bank', 'unknown') or c.started_at < @before as over
                      from payments.payment p
                      join payments.external_call c on c.entity_id = p.entity_id and c.call_id = p.payment_id and c.kind = 'open'
                     where p.entity_id = @entity and p.payment_id = @payment
                    """,
                    new { entity = session.Entity, payment, before = clock.GetUtcNow() - MayTake }),
                stop);
            if (row is null || row.Over || row.Opened is not null)
                return row?.Opened;
            await Task.Delay(BetweenLooks, stop);
        }
        return null;
    }

    sealed class OpeningRow
    {
        public string? Opened { get; init; }
        public bool Over { get; init; }
    }
}
