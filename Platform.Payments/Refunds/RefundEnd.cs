using Platform.Core.Money;
using Platform.Core.Storage;
using Platform.Core.Time;
using Platform.Payments.Ledger;
using Platform.Payments.Positions;

namespace Platform.Payments.Refunds;

/// <summary>A refund whose payment's row, and its own, this transaction holds.</summary>
internal sealed class RefundRow
{
    public Guid RefundId { get; init; }
    public Guid PaymentId { get; init; }
    public string Number { get; init; } = "";
    public string OrderNo { get; init; } = "";
    public string State { get; init; } = "";
    public string DueAfter { get; init; } = "";
    public bool FourEyes { get; init; }
    public string AskedBy { get; init; } = "";
    public long Cents { get; init; }

    /// <remarks>The payment first, as everybody does who changes one; a statement of its own, so that what the lock waited for is seen.</remarks>
    public static async Task<RefundRow?> Locked(IEntitySession session, string number)
    {
        await session.Execute(
            """
            select from payments.payment p where p.entity_id = @entity
               and p.payment_id = (select payment_id from payments.refund where entity_id = @entity and number = @number) for update
            """,
            new { entity = session.Entity, number });
        return await session.First<RefundRow>(
            """
            select r.refund_id, r.payment_id, r.number, p.order_no, r.state, r.due_after, r.four_eyes, r.asked_by, r.cents
              from payments.refund r join payments.payment p on p.entity_id = r.entity_id and p.payment_id = r.payment_id
             where r.entity_id = @entity and r.number = @number for update of r
            """,
            new { entity = session.Entity, number });
    }
}

/// <summary>How a refund ends, and what follows from it. Runs in the transaction that ends it.</summary>
internal static class RefundEnd
{
    public const string WasDone = "refund.done";
    public const string Reversed = "refund.reversed";

    /// <summary>Nothing is given back: what was set aside is free again.</summary>
    public static async Task Refused(IEntitySession session, RefundRow refund, string by, string why, DateTimeOffset now)
    {
        await session.Execute(
            """
            update payments.refund set state = 'refused', ended_by = @by, ended_at = @now, proof = @why, next_query_at = null where entity_id = @entity and refund_id = @RefundId;
            update payments.payment set refunded_cents = refunded_cents - @Cents where entity_id = @entity and payment_id = @PaymentId;
            """,
            new { entity = session.Entity, refund.RefundId, refund.PaymentId, refund.Cents, by, why, now });
        session.Record("refund.refused", new { refund.Number, refund.OrderNo, by, why, from = refund.State });
    }

    /// <summary>It was given back: booked, and the dues that it gives back whole are owed again or withdrawn.</summary>
    public static async Task Done(IEntitySession session, RefundRow refund, string by, string? proof, DateTimeOffset now)
    {
        await session.Execute(
            """
            update payments.refund set state = 'done', ended_by = @by, ended_at = @now, proof = @proof, next_query_at = null where entity_id = @entity and refund_id = @RefundId;

            insert into payments.transfer (entity_id, cause, cause_id, n, debit, credit, cents, booked_on, booked_at)
            select @entity, @cause, @RefundId, row_number() over (order by l.due_id, l.n), l.account, coalesce(@Received || p.received, @Collections), l.cents, @day, @now
              from payments.refund_line l join payments.payment p on p.entity_id = l.entity_id and p.payment_id = @PaymentId
             where l.entity_id = @entity and l.refund_id = @RefundId;

            update payments.surplus s set resolved_by = 'refund'
             where s.entity_id = @entity and s.payment_id = @PaymentId and s.kind <> 'too_little' and s.resolved_by is null
               and s.due_id in (select due_id from payments.refund_line where entity_id = @entity and refund_id = @RefundId and n = 0)
               and (select sum(l.cents) from payments.refund_line l join payments.refund r on r.entity_id = l.entity_id and r.refund_id = l.refund_id
                     where r.entity_id = @entity and r.payment_id = @PaymentId and r.state = 'done' and l.due_id = s.due_id and l.n = 0)
                   >= (select sum(case u.kind when 'too_little' then -u.cents else u.cents end) from payments.surplus u
                        where u.entity_id = @entity and u.payment_id = @PaymentId and u.due_id = s.due_id
                          and (u.kind <> 'too_little' or not exists (select from payments.due_paid x where x.entity_id = @entity and x.due_id = u.due_id and x.payment_id = @PaymentId)));
            """,
            new { entity = session.Entity, refund.RefundId, refund.PaymentId, by, proof, now, cause = WasDone, Books.Collections, Books.Received, day = LegalTime.Day(now) });
        session.Record("refund.done", new { refund.Number, refund.OrderNo, cents = refund.Cents, by, proof });

        foreach (var due in await Dues(session, refund))
            await GiveBack(session, refund, due, now);
        foreach (var due in await session.List<Guid>(
            "select due_id from payments.refund_line where entity_id = @entity and refund_id = @RefundId and n = 0 order by due_id", new { entity = session.Entity, refund.RefundId }))
            await Checkout.Dues.TellSurplus(session, refund.PaymentId, due, refund.OrderNo, now);
    }

    static async Task GiveBack(IEntitySession session, RefundRow refund, DueRow due, DateTimeOffset now)
    {
        // The version is taken under the position's row lock: events of one position have one order.
        var version = await session.First<int>(
            "update payments.position set version = version + 1 where entity_id = @entity and position_id = @PositionId returning version", new { entity = session.Entity, due.PositionId });
        var then = RefundedDue.Paid;
        if (due.Whole)
        {
            then = refund.DueAfter == "open" ? RefundedDue.Open : RefundedDue.Cancelled;
            await session.Execute(
                """
                delete from payments.due_paid where entity_id = @entity and due_id = @DueId and payment_id = @PaymentId;
                insert into payments.due_released (entity_id, payment_id, due_id, refund_id, at) values (@entity, @PaymentId, @DueId, @RefundId, @now);
                update payments.due set state = @DueAfter where entity_id = @entity and due_id = @DueId;

                -- What the bank had taken less than the due is owed by nobody any more.
                with missing as (
                    update payments.surplus set resolved_by = 'refund'
                     where entity_id = @entity and payment_id = @PaymentId and due_id = @DueId and kind = 'too_little' and resolved_by is null returning cents)
                insert into payments.transfer (entity_id, cause, cause_id, n, debit, credit, cents, booked_on, booked_at)
                select @entity, @cause, @RefundId,
                       1000 + (select count(*) from payments.transfer t where t.entity_id = @entity and t.cause = @cause and t.cause_id = @RefundId and t.n > 1000) + row_number() over (order by l.n), @Income || l.account, @Shortfall, l.cents - coalesce(g.cents, 0), @day, @now
                  from payments.payment_line l
                  left join (select r.due_id, r.n, sum(r.cents) as cents from payments.refund_line r join payments.refund f on f.entity_id = r.entity_id and f.refund_id = r.refund_id
                              where f.entity_id = @entity and f.payment_id = @PaymentId and f.state = 'done' group by r.due_id, r.n) g on g.due_id = l.due_id and g.n = l.n
                 where l.entity_id = @entity and l.payment_id = @PaymentId and l.due_id = @DueId and l.cents > coalesce(g.cents, 0) and exists (select from missing);

                update payments.position p
                   set state = case when d.paid and d.open then 'part_paid' when d.paid then 'paid' when d.open then 'open' else 'cancelled' end
                  from (select bool_or(state = 'paid') as paid, bool_or(state = 'open') as open from payments.due where entity_id = @entity and position_id = @PositionId) d
                 where p.entity_id = @entity and p.position_id = @PositionId;
                """,
                new
                {
                    entity = session.Entity, due.DueId, due.PositionId, refund.PaymentId, refund.RefundId, refund.DueAfter, now, cause = WasDone, Books.Income, Books.Shortfall,
                    day = LegalTime.Day(now),
                });
            if (due.Planned)
                await DueRows.Settle(session, due.PositionId, freed: refund.DueAfter);
        }
        session.Raise(new PositionRefunded(
            new(new(due.PositionId), due.Service, due.Reference), version, due.DueId, refund.PaymentId, refund.OrderNo, refund.RefundId, new Euro(due.Cents), then, now)
        {
            Instalment = await DueRows.StandingOf(session, due.DueId, due.Plan),
        });
    }

    /// <summary>The bank took the whole payment back: it holds nothing of it, whatever was given back before, and nothing is to be given back any more.</summary>
    public static async Task Absorb(IEntitySession session, Guid payment, DateTimeOffset now)
    {
        foreach (var number in await session.List<string>(
            "select number from payments.refund where entity_id = @entity and payment_id = @payment and state not in ('done', 'refused') order by number", new { entity = session.Entity, payment }))
            await Refused(session, (await RefundRow.Locked(session, number))!, "reversal", "the bank took the payment back", now);
        await session.Execute(
            """
            insert into payments.transfer (entity_id, cause, cause_id, n, debit, credit, cents, booked_on, booked_at)
            select t.entity_id, @Reversed, t.cause_id, t.n, t.credit, t.debit, t.cents, @day, @now
              from payments.transfer t join payments.refund r on r.entity_id = t.entity_id and r.refund_id = t.cause_id
             where t.entity_id = @entity and r.payment_id = @payment and t.cause = @WasDone
            """,
            new { entity = session.Entity, payment, Reversed, WasDone, day = LegalTime.Day(now), now });
    }

    /// <summary>
    /// The dues of which this refund gives something back, and whether nothing of them is left with us. With the last of what was taken go those for which nothing was: the bank had taken too
    /// little for all.
    /// </summary>
    static Task<IReadOnlyList<DueRow>> Dues(IEntitySession session, RefundRow refund) => session.List<DueRow>(
        """
        select d.due_id, d.position_id, d.plan, exists (select from payments.due o where o.entity_id = @entity and o.position_id = d.position_id and o.due_id <> d.due_id) as planned, p.service, p.reference, coalesce(g.now, 0)::bigint as cents,
               coalesce(g.ever, 0) >= i.cents - coalesce((select s.cents from payments.surplus s where s.entity_id = @entity and s.payment_id = @PaymentId and s.due_id = d.due_id and s.kind = 'too_little' and (s.resolved_by is null or s.resolved_by = @Owner)), 0) as whole
          from payments.payment_item i
          left join (select l.due_id, sum(l.cents) filter (where l.refund_id = @RefundId)::bigint as now, sum(l.cents) as ever
                  from payments.refund_line l join payments.refund r on r.entity_id = l.entity_id and r.refund_id = l.refund_id
                 where r.entity_id = @entity and r.payment_id = @PaymentId and r.state = 'done' and l.n > 0
                 group by l.due_id) g on g.due_id = i.due_id
          join payments.due d on d.entity_id = @entity and d.due_id = i.due_id
          join payments.position p on p.entity_id = @entity and p.position_id = d.position_id
         where i.entity_id = @entity and i.payment_id = @PaymentId
           and (g.now is not null
                or exists (select from payments.due_paid x where x.entity_id = @entity and x.due_id = i.due_id and x.payment_id = @PaymentId)
                   and exists (select from payments.surplus s where s.entity_id = @entity and s.payment_id = @PaymentId and s.due_id = i.due_id and s.kind = 'too_little' and (s.resolved_by is null or s.resolved_by = @Owner) and s.cents = i.cents)
                   and (select y.taken_cents = sum(r.cents) from payments.payment y join payments.refund r on r.entity_id = y.entity_id and r.payment_id = y.payment_id
                         where y.entity_id = @entity and y.payment_id = @PaymentId and r.state = 'done' group by y.taken_cents))
         order by d.position_id, d.due_id
        """,
        new { entity = session.Entity, refund.RefundId, refund.PaymentId, Checkout.Dues.Owner });

    sealed class DueRow
    {
        public Guid DueId { get; init; }
        public Guid PositionId { get; init; }
        public string Plan { get; init; } = "";

        /// <summary>The position has other dues besides.</summary>
        public bool Planned { get; init; }
        public string Service { get; init; } = "";
        public string Reference { get; init; } = "";
        public long Cents { get; init; }
        public bool Whole { get; init; }
    }
}
