using Microsoft.Extensions.Logging;
using Platform.Core.Hosting;
using Platform.Core.Storage;

namespace Platform.Core.Idempotency;

/// <summary>Forgets answers that have been kept long enough.</summary>
internal sealed class IdempotencySweeper(Database database, TimeProvider clock, ILogger<IdempotencySweeper> log) : Sweeper(log)
{
    static readonly TimeSpan Pace = TimeSpan.FromMinutes(1);

    DateTimeOffset _next = DateTimeOffset.MinValue;

    protected override string Name => "idempotency";

    protected override async Task<int> SweepOnce(CancellationToken stop)
    {
        var now = clock.GetUtcNow();
        if (now < _next)
            return 0;
        var entities = await database.Run(
            ModuleRoles.Centre, null, "idempotency", clock,
            session => session.List<int>("select distinct entity_id from core.idempotency where expires_at <= @now and (status is not null or leased_until <= @now)", new { now }), stop);
        var gone = 0;
        foreach (var entity in entities)
            gone += await database.Run(
                ModuleRoles.Of("core"), new(entity), "idempotency", clock,
                session => session.Execute("delete from core.idempotency where entity_id = @entity and expires_at <= @now and (status is not null or leased_until <= @now)", new { entity, now }),
                stop);
        _next = now + Pace;
        return gone;
    }
}
