using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Events;
using Platform.Core.Money;
using Platform.Core.Storage;

namespace Platform.Payments.Tasks;

/// <summary>Something about money that only a person can settle.</summary>
/// <param name="Task">Its name, which stays: <c>URG-0123456789ABC-7/twice</c>, <c>fact/9f86d081884c7d65</c>, <c>strays/pagonline/2026-03-10</c>, <c>R-URG-…</c>, or a parked event's number.</param>
/// <param name="Kind">The kinds of surplus; <c>unmatched</c>, <c>strays</c>, <c>refund_by_hand</c>, <c>refund_unknown</c>, <c>parked</c>.</param>
internal sealed record OfficerTask(int Entity, string Task, string Kind, Euro? Amount, DateTimeOffset Since, string What);

/// <summary>What waits for an officer, over all that may leave money in the wrong place.</summary>
internal sealed class OfficerTasks(Database database, ParkedDeliveries parked, TimeProvider clock)
{
    public const string Unknown = "tasks.unknown";

    const int Most = 1000;

    public async Task<IReadOnlyList<OfficerTask>> Find(EntityId? creditor, CancellationToken stop)
    {
        var tasks = await database.Run(
            ModuleRoles.Centre, null, "tasks", clock,
            session => session.List<OfficerTask>(
                """
                select s.entity_id as entity, p.order_no || '/' || s.kind as task, s.kind, sum(s.cents)::bigint as amount, coalesce(p.paid_at, p.created_at) as since,
                       string_agg(distinct o.service, ', ') || ' ' || string_agg(distinct o.reference, ', ') as what
                  from payments.surplus s
                  join payments.payment p on p.entity_id = s.entity_id and p.payment_id = s.payment_id
                  join payments.due d on d.entity_id = s.entity_id and d.due_id = s.due_id
                  join payments.position o on o.entity_id = d.entity_id and o.position_id = d.position_id
                 where s.resolved_by is null and (@creditor::int is null or s.entity_id = @creditor)
                   and not exists (select from payments.refund r join payments.refund_line l on l.entity_id = r.entity_id and l.refund_id = r.refund_id
                                    where r.entity_id = s.entity_id and r.payment_id = s.payment_id and l.due_id = s.due_id and l.n = 0 and s.kind <> 'too_little' and r.state not in ('done', 'refused'))
                 group by s.entity_id, p.order_no, s.kind, p.paid_at, p.created_at
                union all
                -- One of each order, named by its first message. What comes after somebody settled it is news, and a task of its own.
                select f.entity_id, 'fact/' || substr(encode((array_agg(f.digest order by f.first_at, f.digest))[1], 'hex'), 1, 16), 'unmatched', null, min(f.first_at),
                       string_agg(distinct f.channel, ' and ' order by f.channel) || ' about order ' || coalesce(min(f.order_no), '?') || ', seen ' || sum(f.seen) || ' times'
                  from payments.fact f
                 where f.verdict = 'unknown_order' and (@creditor::int is null or f.entity_id = @creditor)
                   and not exists (
                       select from payments.fact k
                         join payments.task_resolution t on t.entity_id = k.entity_id and t.task = 'fact/' || substr(encode(k.digest, 'hex'), 1, 16)
                        where k.entity_id = f.entity_id and k.verdict = 'unknown_order' and (k.digest = f.digest or (k.order_no = f.order_no and f.first_at <= t.resolved_at)))
                 group by f.entity_id, coalesce(f.order_no, encode(f.digest, 'hex'))
                union all
                select s.entity_id, 'strays/' || s.gateway || '/' || s.day, 'strays', null, s.first_at, s.seen || ' messages to ' || s.gateway || ' that do not verify'
                  from payments.stray_message s
                 where (@creditor::int is null or s.entity_id = @creditor)
                   and not exists (select from payments.task_resolution t where t.entity_id = s.entity_id and t.task = 'strays/' || s.gateway || '/' || s.day)
                union all
                select r.entity_id, r.number, 'refund_' || r.state, r.cents, r.asked_at, r.reason
                  from payments.refund r where r.state in ('by_hand', 'unknown') and (@creditor::int is null or r.entity_id = @creditor)
                 order by since, task limit @Most
                """,
                new { creditor = creditor?.Value, Most }),
            stop);
        return
        [
            .. tasks,
            .. (await parked.Find(creditor, stop)).Where(delivery => delivery.Type.StartsWith("payments.", StringComparison.Ordinal))
                .Select(delivery => new OfficerTask(delivery.Entity, delivery.Event.ToString(), "parked", null, delivery.At, $"{delivery.Type} for {delivery.Handler}")),
        ];
    }

    /// <summary>Settles a surplus or messages that are nobody's with words. A refund and a parked delivery are settled by what ends them.</summary>
    public Task<Outcome<string>> Resolve(EntityId creditor, string task, string reason, string by, CancellationToken stop) => database.Run<Outcome<string>>(
        ModuleRoles.Of("payments"), creditor, by, clock,
        async session =>
        {
            var touched = task.Split('/') switch
            {
                ["strays", var gateway, var day] => await session.First<long>(
                    "select count(*) from payments.stray_message where entity_id = @entity and gateway = @gateway and day::text = @day", new { entity = session.Entity, gateway, day }),
                ["fact", var digest] => await session.First<long>(
                    "select count(*) from payments.fact where entity_id = @entity and verdict = 'unknown_order' and substr(encode(digest, 'hex'), 1, 16) = @digest", new { entity = session.Entity, digest }),
                [var order, var kind] => await session.Execute(
                    """
                    update payments.surplus s set resolved_by = @by
                      from payments.payment p
                     where p.entity_id = s.entity_id and p.payment_id = s.payment_id and s.entity_id = @entity and p.order_no = @order and s.kind = @kind and s.resolved_by is null
                    """,
                    new { entity = session.Entity, order, kind, by }),
                _ => 0,
            };
            var written = touched == 0 ? 0 : await session.Execute(
                """
                insert into payments.task_resolution (entity_id, task, reason, resolved_by, resolved_at) values (@entity, @task, @reason, @by, @now) on conflict (entity_id, task) do nothing
                """,
                new { entity = session.Entity, task, reason, by, now = clock.GetUtcNow() });
            if (written == 0)
                return new Refusal(Unknown);
            session.Record("task.resolved", new { task, reason, by });
            return task;
        },
        stop);
}
