using Autofac;
using Microsoft.Extensions.Logging;
using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Hosting;
using Platform.Core.Storage;
using Platform.Core.Time;

namespace Platform.Payments.Positions;

/// <summary>Closes what may no longer be paid: an open due expires with the end of its last legal day, and its owner is told. Any number of hosts may run one.</summary>
internal sealed class PositionExpirer(Database database, Lazy<CallScopes> scopes, TimeProvider clock, ILogger<PositionExpirer> log) : Sweeper(log)
{
    const int AtOnce = 200;

    protected override string Name => "expiry";

    protected override async Task<int> SweepOnce(CancellationToken stop)
    {
        var today = LegalTime.Day(clock.GetUtcNow());
        var late = await database.Run(
            ModuleRoles.Centre, null, "expiry", clock,
            session => session.List<LateRow>(
                "select distinct entity_id, position_id from payments.due where state = 'open' and expires_on < @today limit @AtOnce", new { today, AtOnce }),
            stop);
        var done = 0;
        foreach (var row in late)
        {
            try
            {
                done += await Expire(new(row.EntityId), row.PositionId, today, stop);
            }
            catch (Exception wrong) when (!stop.IsCancellationRequested)
            {
                log.LogError(wrong, "A position of entity {Entity} could not expire; the next sweep tries again.", row.EntityId);
            }
        }
        return done;
    }

    Task<int> Expire(EntityId entity, Guid id, DateOnly today, CancellationToken stop) => scopes.Value.In(entity, entity, "payments", scope => scope.Resolve<ISessions>().Run(
        async session =>
        {
            if (await LockedPosition.Find(session, id) is not { } position)
                return 0;
            var expired = await session.Execute(
                """
                update payments.due d set state = 'expired'
                 where d.entity_id = @entity and d.position_id = @id and d.state = 'open'
                   and (d.expires_on < @today
                        -- Of a plan that nobody has begun, the rest makes no sense without what is over.
                        or d.plan <> @Single and exists (select from payments.due o where o.entity_id = @entity and o.position_id = @id and o.plan = d.plan and o.state = 'open' and o.expires_on < @today)
                           and not exists (select from payments.due o where o.entity_id = @entity and o.position_id = @id and o.state = 'paid'))
                """,
                new { entity = session.Entity, id, today, DueRows.Single });
            if (expired == 0)
                return 0;   // another host was faster, or it was paid
            var after = (await session.First<AfterRow>(
                """
                update payments.position p
                   set version = version + 1,
                       state = case when d.open then p.state when d.paid then 'paid' else 'expired' end
                  from (select bool_or(state = 'open') as open, bool_or(state = 'paid') as paid from payments.due where entity_id = @entity and position_id = @id) d
                 where p.entity_id = @entity and p.position_id = @id
                returning version, d.open as stillPayable
                """,
                new { entity = session.Entity, id }))!;
            session.Record("position.expired", new { position.Key.Service, position.Key.Reference });
            session.Raise(new PositionExpired(position.Key, after.Version, clock.GetUtcNow()) { StillPayable = after.StillPayable });
            return 1;
        },
        stop));

    sealed class AfterRow
    {
        public int Version { get; init; }
        public bool StillPayable { get; init; }
    }

    sealed class LateRow
    {
        public int EntityId { get; init; }
        public Guid PositionId { get; init; }
    }
}
