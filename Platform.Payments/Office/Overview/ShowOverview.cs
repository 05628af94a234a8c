using Autofac;
using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Money;
using Platform.Core.Plugins;
using Platform.Core.Storage;
using Platform.Core.Time;
using Platform.Payments.Checkout;
using Platform.Payments.Refunds;
using Platform.Payments.Tasks;

namespace Platform.Payments.Office.Overview;

/// <summary>How payments stand at the creditor of the call, or at all creditors where the call is the service centre's.</summary>
[RequiresPermission(OfficePermissions.See)]
internal sealed record ShowOverview : ICommand<PaymentsOverview>;

/// <summary>How payments stand now.</summary>
/// <param name="Days">The last thirty days and today, the oldest first, whether anything was taken or not.</param>
/// <param name="ToApprove">Refunds that wait for a second person.</param>
/// <param name="OldestUnresolved">Since when the oldest payment is without an outcome; null where there is none.</param>
/// <param name="OldestUndelivered">When the oldest event happened that somebody has not been told; null where there is none.</param>
/// <param name="LastSettled">The last day on which anything that the gateway handed over was booked; null where nothing ever was.</param>
/// <param name="SilentSince">Since when the bank does not answer; null while it does.</param>
/// <param name="Creditors">At the centre, those where something is to be looked at or was taken today.</param>
public sealed record PaymentsOverview(
    IReadOnlyList<TakenDay> Days, long PaymentsToday, int Tasks, int ToApprove, DateTimeOffset? OldestUnresolved, DateTimeOffset? OldestUndelivered, DateOnly? LastSettled,
    DateTimeOffset? SilentSince, IReadOnlyList<CreditorLine> Creditors);

public sealed record TakenDay(DateOnly Day, Euro Taken);

public sealed record CreditorLine(string Name, string Slug, Euro TakenToday, int Tasks, DateTimeOffset? OldestUnresolved);

internal sealed class ShowOverviewHandler(
    CallContext call, Database database, EntityDirectory entities, OfficerTasks tasks, RefundDesk desk, Agreements agreements, GatewayStates states, CallScopes scopes, TimeProvider clock)
    : ICommandHandler<ShowOverview, PaymentsOverview>
{
    const int Before = 30;

    public async Task<PaymentsOverview> Handle(ShowOverview request, CancellationToken cancellationToken)
    {
        var today = LegalTime.Day(clock.GetUtcNow());
        var creditor = call.Creditor == EntityId.Centre ? (EntityId?)null : call.Creditor;
        var known = await entities.Current(cancellationToken);
        int[] creditors = creditor is { } one ? [one.Value] : [.. known.All.Select(entity => entity.Id.Value)];
        var args = new { creditors, from = today.AddDays(-Before), today };
        // Under the centre's role, which reads and changes nothing; a desk that is not the centre's names itself alone.
        var (taken, now, unresolved, settled, undelivered) = await database.Run(
            ModuleRoles.Centre, null, "office", clock,
            async session => (
                await session.List<DayRow>(
                    """
                    select b.booked_on as day, sum(b.debit_cents)::bigint as cents
                      from unnest(@creditors) as e (entity_id)
                      join payments.balance b on b.entity_id = e.entity_id and b.account = 'collections' and b.booked_on >= @from and b.booked_on < @today
                     group by b.booked_on
                    """, args),
                await session.List<TodayRow>(
                    """
                    select t.entity_id as entity, sum(t.cents)::bigint as cents, count(distinct t.cause_id) filter (where t.cause = 'payment.taken') as payments
                      from unnest(@creditors) as e (entity_id)
                      join payments.transfer t on t.entity_id = e.entity_id and t.booked_on = @today and t.debit = 'collections' and t.cause in ('payment.taken', 'payment.amount')
                     group by t.entity_id
                    """, args),
                await session.List<UnresolvedRow>(
                    """
                    select e.entity_id as entity, min(p.created_at) as since
                      from unnest(@creditors) as e (entity_id)
                     cross join unnest(array['prepared', 'at_bank', 'unknown']) as s (state)
                     cross join lateral (select p.created_at from payments.payment p where p.entity_id = e.entity_id and p.state = s.state order by p.created_at limit 1) p
                     group by e.entity_id
                    """, args),
                await session.First<DateOnly?>(
                    """
                    select s.booked_on
                      from unnest(@creditors) as e (entity_id)
                     cross join unnest(array['centre', 'bank']) as a (account)
                     cross join lateral (select b.booked_on from payments.balance b where b.entity_id = e.entity_id and b.account = a.account and b.debit_cents > 0 order by b.booked_on desc limit 1) s
                     order by 1 desc limit 1
                    """, args),
                await session.First<DateTimeOffset?>(
                    """
                    select o.at
                      from unnest(@creditors) as e (entity_id)
                     cross join lateral (select d.event_id from core.delivery d where d.entity_id = e.entity_id and d.state = 'due' order by d.due_at limit 1) d
                      join core.outbox o on o.entity_id = e.entity_id and o.event_id = d.event_id
                     order by 1 limit 1
                    """, args)),
            cancellationToken);
        var open = await tasks.Find(creditor, cancellationToken);
        var refunds = await desk.List(creditor, all: false, cancellationToken);
        var parked = open.Where(task => task.Kind == "parked").Select(task => (DateTimeOffset?)task.Since).Min();
        var silent = await agreements.For(call.Creditor, today, cancellationToken) is { } bank
            ? (await scopes.In(call.Creditor, call.Creditor, "payments", scope => states.Of(scope.Resolve<ISessions>(), bank.Id, cancellationToken).AsTask())).SilentSince
            : null;
        var byDay = taken.ToDictionary(row => row.Day, row => row.Cents);
        byDay[today] = now.Sum(row => row.Cents);
        return new(
            [.. Enumerable.Range(-Before, Before + 1).Select(today.AddDays).Select(day => new TakenDay(day, new(byDay.GetValueOrDefault(day))))],
            now.Sum(row => row.Payments), open.Count, refunds.Count(refund => refund.State == "asked"), unresolved.Select(row => (DateTimeOffset?)row.Since).Min(),
            undelivered is null || parked < undelivered ? parked ?? undelivered : undelivered, settled, silent,
            creditor is null ? Lines(known, now, open, unresolved) : []);
    }

    static List<CreditorLine> Lines(EntitySnapshot known, IReadOnlyList<TodayRow> now, IReadOnlyList<OfficerTask> open, IReadOnlyList<UnresolvedRow> unresolved)
    {
        var tasks = open.GroupBy(task => task.Entity).ToDictionary(group => group.Key, group => group.Count());
        return
        [
            .. now.Select(row => row.Entity).Concat(tasks.Keys).Concat(unresolved.Select(row => row.Entity)).Distinct().Where(entity => entity != 0)
                .Select(entity => (Id: entity, Entity: known.ById(new(entity)))).Where(one => one.Entity is not null)
                .Select(one => new CreditorLine(
                    one.Entity!.Name, one.Entity.Slug, new(now.FirstOrDefault(row => row.Entity == one.Id)?.Cents ?? 0), tasks.GetValueOrDefault(one.Id),
                    unresolved.FirstOrDefault(row => row.Entity == one.Id)?.Since))
                .OrderByDescending(line => line.Tasks).ThenByDescending(line => line.TakenToday).ThenBy(line => line.Name, StringComparer.CurrentCulture),
        ];
    }

    sealed record DayRow(DateOnly Day, long Cents);

    sealed record TodayRow(int Entity, long Cents, long Payments);

    sealed record UnresolvedRow(int Entity, DateTimeOffset Since);
}
