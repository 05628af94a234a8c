using Platform.Core.Money;
using Platform.Core.Storage;

namespace Platform.Payments.Positions;

/// <summary>
/// The ways in which a position may be paid. A way is chosen by what is paid of it, and by nothing else that is stored: its siblings are <c>replaced</c> as long as that stands.
/// </summary>
internal static class DueRows
{
    /// <summary>The plan of the whole amount at once.</summary>
    public const string Single = "single";

    /// <summary>Plans of a position become these, as far as nobody has chosen. The position's row must be locked.</summary>
    public static async Task<IReadOnlyList<OpenedInstalment>> OpenPlans(IEntitySession session, Guid position, IReadOnlyList<InstalmentPlan> plans, DateOnly today)
    {
        var wanted = plans.SelectMany(plan => plan.Instalments.Select((due, index) => (plan.Name, N: (short)(index + 1), Due: due))).ToList();
        var rows = await session.List<DueRow>(
            """
            insert into payments.due as d (entity_id, due_id, position_id, plan, n, due_on, expires_on, state)
            select @entity, w.due_id, @position, w.plan, w.n, w.due_on, w.expires_on,
                   case when p.state = 'cancelled' then 'cancelled'
                        when exists (select from payments.due o where o.entity_id = @entity and o.position_id = @position and o.state = 'paid' and o.plan <> w.plan) then 'replaced' else 'open' end
              from unnest(@ids, @plans, @numbers, @dueOn, @expiresOn) as w (due_id, plan, n, due_on, expires_on)
              join payments.position p on p.entity_id = @entity and p.position_id = @position
            on conflict (entity_id, position_id, plan, n) do update
               set due_on = case when d.state in ('paid', 'replaced') then d.due_on else excluded.due_on end,
                   expires_on = case when d.state in ('paid', 'replaced') then d.expires_on else excluded.expires_on end,
                   state = case when d.state = 'expired' and (excluded.expires_on is null or excluded.expires_on >= @today) or d.state = 'cancelled' then excluded.state else d.state end,
                   withdrawn = false;

            update payments.due d set state = 'cancelled', withdrawn = true
             where d.entity_id = @entity and d.position_id = @position and d.plan <> @Single and d.state in ('open', 'expired', 'replaced')
               and (d.plan, d.n) not in (select w.plan, w.n from unnest(@plans, @numbers) as w (plan, n))
               and not exists (select from payments.due o where o.entity_id = @entity and o.position_id = @position and o.plan = d.plan
                                and (o.state = 'paid' or exists (
                                     select from payments.payment_item i join payments.payment y on y.entity_id = i.entity_id and y.payment_id = i.payment_id
                                      where i.entity_id = @entity and i.due_id = o.due_id and y.state in ('prepared', 'at_bank', 'unknown'))));

            select due_id, plan, n, state from payments.due where entity_id = @entity and position_id = @position and plan <> @Single order by plan, n;
            """,
            new
            {
                entity = session.Entity, position, Single, today,
                ids = wanted.ConvertAll(_ => Guid.CreateVersion7()).ToArray(),
                plans = wanted.ConvertAll(one => one.Name).ToArray(),
                numbers = wanted.ConvertAll(one => one.N).ToArray(),
                dueOn = wanted.ConvertAll(one => one.Due.DueOn).ToArray(),
                expiresOn = wanted.ConvertAll(one => one.Due.ExpiresOn).ToArray(),
            });
        var lines = wanted.ToDictionary(one => (one.Name, one.N), one => one.Due.Lines);
        await DueLines.Replace(session, [.. rows.Where(row => row.State is "open" or "replaced" && lines.ContainsKey((row.Plan, row.N))).Select(row => (row.DueId, lines[(row.Plan, row.N)]))]);
        await Settle(session, position);
        return [.. rows.Select(row => new OpenedInstalment(new(row.DueId), row.Plan, row.N, row.State == "open", row.State == "paid"))];
    }

    /// <summary>What of a position is paid decides what else of it can be: the other ways are replaced while something is, and come back when nothing is any more.</summary>
    /// <param name="freed">What replaced ways become then: <c>open</c>, or <c>cancelled</c> where it was given back as not owed.</param>
    /// <remarks>The position's row must be locked. The position's state follows.</remarks>
    public static Task Settle(IEntitySession session, Guid position, string freed = "open") => session.Execute(
        """
        update payments.due d set state = 'replaced'
         where d.entity_id = @entity and d.position_id = @position and d.state = 'open'
           and exists (select from payments.due o where o.entity_id = @entity and o.position_id = @position and o.state = 'paid' and o.plan <> d.plan)
           and not exists (select from payments.due o where o.entity_id = @entity and o.position_id = @position and o.state = 'paid' and o.plan = d.plan);

        update payments.due d set state = @freed
         where d.entity_id = @entity and d.position_id = @position and d.state = 'replaced'
           and not exists (select from payments.due o where o.entity_id = @entity and o.position_id = @position and o.state = 'paid');

        update payments.position p
           set state = case when d.paid and d.open then 'part_paid' when d.paid then 'paid' when d.open then 'open' when d.expired then 'expired' else 'cancelled' end
          from (select bool_or(state = 'paid') as paid, bool_or(state = 'open') as open, bool_or(state = 'expired') as expired
                  from payments.due where entity_id = @entity and position_id = @position) d
         where p.entity_id = @entity and p.position_id = @position
           and p.state is distinct from case when d.paid and d.open then 'part_paid' when d.paid then 'paid' when d.open then 'open' when d.expired then 'expired' else 'cancelled' end;
        """,
        new { entity = session.Entity, position, freed });

    /// <summary>How the plan of an instalment stands; null for the whole at once.</summary>
    public static async Task<InstalmentStanding?> StandingOf(IEntitySession session, Guid due, string plan)
    {
        if (plan == Single)
            return null;
        var row = (await session.First<StandingRow>(
            """
            select d.n::int as number, (select count(*) from payments.due o where o.entity_id = @entity and o.position_id = d.position_id and o.plan = d.plan)::int as count,
                   coalesce((select sum(l.cents) from payments.due o join payments.due_line l on l.entity_id = o.entity_id and l.due_id = o.due_id
                              where o.entity_id = @entity and o.position_id = d.position_id and o.plan = d.plan and o.state = 'open'), 0)::bigint as left
              from payments.due d where d.entity_id = @entity and d.due_id = @due
            """,
            new { entity = session.Entity, due }))!;
        return new(plan, row.Number, row.Count, new Euro(row.Left));
    }

    /// <summary>Whether a payer is at the bank with another way of paying one of these dues. Asked under the positions' locks, in a statement after them.</summary>
    public static Task<bool> TakenOtherwise(IEntitySession session, Guid[] dues) => session.First<bool>(
        """
        select exists (
            select from payments.due d
              join payments.due o on o.entity_id = d.entity_id and o.position_id = d.position_id and o.plan <> d.plan
              join payments.payment_item i on i.entity_id = o.entity_id and i.due_id = o.due_id
              join payments.payment y on y.entity_id = i.entity_id and y.payment_id = i.payment_id
             where d.entity_id = @entity and d.due_id = any(@dues) and (y.state in ('prepared', 'at_bank', 'unknown') or o.state = 'paid'))
        """,
        new { entity = session.Entity, dues });

    sealed class DueRow
    {
        public Guid DueId { get; init; }
        public string Plan { get; init; } = "";
        public short N { get; init; }
        public string State { get; init; } = "";
    }

    sealed class StandingRow
    {
        public int Number { get; init; }
        public int Count { get; init; }
        public long Left { get; init; }
    }
}
