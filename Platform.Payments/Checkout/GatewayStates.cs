using System.Collections.Concurrent;
using Platform.Core.Commands;
using Platform.Core.Storage;
using Platform.Core.Time;

namespace Platform.Payments.Checkout;

/// <summary>Which banks do not answer just now, by the outcomes of our own questions on all hosts. Never a guess, and it ends by itself.</summary>
internal sealed class GatewayStates(TimeProvider clock)
{
    // One unanswered question happens; two in a row without an answer between them are news.
    const int Silences = 2;

    // After so long without another question nothing is known any more.
    static readonly TimeSpan Known = TimeSpan.FromMinutes(10);

    static readonly TimeSpan Fresh = TimeSpan.FromSeconds(5);

    readonly ConcurrentDictionary<Guid, (DateTimeOffset ReadAt, GatewayReport Report)> _read = [];

    /// <summary>Writes down, in the session's transaction, how a question ended.</summary>
    public async Task Heard(IEntitySession session, Guid agreement, bool answered)
    {
        if (answered)
            await session.Execute("delete from payments.gateway_state where agreement_id = @agreement", new { agreement });
        else
            await session.Execute(
                """
                insert into payments.gateway_state as g (agreement_id, silences, silent_since, last_silent_at) values (@agreement, 1, @now, @now)
                on conflict (agreement_id) do update
                   set silences = case when g.last_silent_at <= @forgotten then 1 else g.silences + 1 end,
                       silent_since = case when g.last_silent_at <= @forgotten then @now else g.silent_since end, last_silent_at = @now
                """,
                new { agreement, now = clock.GetUtcNow(), forgotten = clock.GetUtcNow() - Known });
        _read.TryRemove(agreement, out _);
    }

    public async ValueTask<GatewayReport> Of(ISessions sessions, Guid agreement, CancellationToken stop)
    {
        var now = clock.GetUtcNow();
        if (_read.TryGetValue(agreement, out var known) && now - known.ReadAt < Fresh)
            return known.Report;
        var since = await sessions.Run(
            session => session.First<DateTimeOffset?>(
                "select silent_since from payments.gateway_state where agreement_id = @agreement and silences >= @Silences and last_silent_at > @forgotten",
                new { agreement, Silences, forgotten = now - Known }),
            stop);
        var report = new GatewayReport(since);
        _read[agreement] = (now, report);
        return report;
    }
}

internal sealed class CheckGatewayHandler(ISessions sessions, CallContext call, Agreements agreements, GatewayStates states, TimeProvider clock) : ICommandHandler<CheckGateway, GatewayReport>
{
    public async Task<GatewayReport> Handle(CheckGateway request, CancellationToken cancellationToken) =>
        await agreements.For(call.Creditor, LegalTime.Day(clock.GetUtcNow()), cancellationToken) is { } bank
            ? await states.Of(sessions, bank.Id, cancellationToken)
            : new GatewayReport(null);
}
