using Microsoft.Extensions.Logging;
using Platform.Core.Storage;

namespace Platform.Core.Hosting;

/// <summary>Forgets, entity by entity and now and then, what has been kept long enough.</summary>
internal abstract class ExpirySweeper(Database database, TimeProvider clock, ILogger log) : Sweeper(log)
{
    DateTimeOffset _next = DateTimeOffset.MinValue;

    protected virtual TimeSpan Pace => TimeSpan.FromMinutes(1);

    /// <summary>How long it is kept.</summary>
    protected virtual TimeSpan Kept => TimeSpan.Zero;

    /// <summary>Which entities have something to forget: one column, <c>entity_id</c>. What is of <c>@old</c> or before has been kept long enough.</summary>
    protected abstract string Entities { get; }

    /// <summary>Forgets it for one, <c>@entity</c>.</summary>
    protected abstract string Forget { get; }

    protected override async Task<int> SweepOnce(CancellationToken stop)
    {
        var now = clock.GetUtcNow();
        if (now < _next)
            return 0;
        var old = now - Kept;
        var entities = await database.Run(ModuleRoles.Centre, null, Name, clock, session => session.List<int>(Entities, new { old }), stop);
        var gone = 0;
        foreach (var entity in entities)
            gone += await database.Run(ModuleRoles.Of("core"), new(entity), Name, clock, session => session.Execute(Forget, new { entity, old }), stop);
        _next = now + Pace;
        return gone;
    }
}
