using System.Collections.Concurrent;
using Autofac;
using Microsoft.Extensions.Logging;
using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Hosting;
using Platform.Core.Storage;
using Platform.Core.Time;

namespace Platform.Payments.Checkout;

/// <summary>
/// Messages that do not verify and are about no order of ours. Anybody can send them: they are counted by gateway and day, the first of a day are kept as they came, and the log
/// has a line of them now and then.
/// </summary>
internal sealed class StrayMessages(CallScopes scopes, TimeProvider clock, ILogger<StrayMessages> log)
{
    /// <summary>Of one gateway and day.</summary>
    public const int MostKept = 64;

    static readonly TimeSpan BetweenLines = TimeSpan.FromMinutes(1);

    readonly ConcurrentDictionary<string, Quiet> _quiet = new(StringComparer.Ordinal);

    public Task<int> Count(string gateway, GatewayMessage message, string verdict, bool keep, CancellationToken stop) => scopes.In(EntityId.Centre, EntityId.Centre, "payments", scope =>
    {
        var now = clock.GetUtcNow();
        return scope.Resolve<ISessions>().Run(
            session => session.Execute(
                """
                with counted as (
                insert into payments.stray_message as s (entity_id, gateway, day, seen, first_at, last_at)
                values (@entity, @gateway, @day, 1, @now, @now)
                on conflict (entity_id, gateway, day) do update set seen = s.seen + 1, last_at = excluded.last_at
                returning seen)
                insert into payments.fact as f (entity_id, channel, digest, verdict, raw, first_at)
                select @entity, @Channel, @digest, @verdict, @raw, @now from counted where @keep and seen <= @MostKept
                on conflict (entity_id, channel, digest) do update set seen = f.seen + 1
                """,
                new
                {
                    entity = session.Entity, gateway, day = LegalTime.Day(now), now, message.Channel, digest = GatewayFacts.DigestOf(message, null), verdict, keep, MostKept,
                    raw = message.Raw.Length > GatewayFacts.MostBytes ? message.Raw[..GatewayFacts.MostBytes] : message.Raw,
                }),
            stop);
    });

    /// <summary>Counts every message in the metrics. Those that verify have a line each in the log, the others one a minute, which says of how many.</summary>
    public void Tell(string gateway, string channel, string order, string verdict)
    {
        PorticoMeters.Facts.Add(1, new("gateway", gateway), new("channel", channel), new("verdict", verdict));
        if (verdict is "genuine" or "unknown_order")
        {
            log.LogInformation("{Gateway} {Channel} for order {Order}: {Verdict}.", gateway, channel, order, verdict);
            return;
        }
        if (_quiet.GetOrAdd(gateway, _ => new()).Due(clock.GetUtcNow()) is { } others)
            log.LogWarning("{Gateway} {Channel} for order {Order}: {Verdict}; {Others} more that do not verify since the last such line.", gateway, channel, order, verdict, others);
    }

    sealed class Quiet
    {
        readonly Lock _gate = new();
        DateTimeOffset _until;
        int _unsaid;

        /// <summary>How many were not told since the last line; null when this one is not to be told either.</summary>
        public int? Due(DateTimeOffset now)
        {
            lock (_gate)
            {
                if (now < _until)
                {
                    _unsaid++;
                    return null;
                }
                (_until, var others, _unsaid) = (now + BetweenLines, _unsaid, 0);
                return others;
            }
        }
    }
}
