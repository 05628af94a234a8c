using Platform.Core.Events;
using Platform.Core.Money;
using Platform.Core.Storage;
using Platform.Core.Time;
using Platform.Payments;
using Services.SchoolFees.Wallets;

namespace Services.SchoolFees;

/// <summary>Follows what became of a bill. One class for all: only within a class does the order of a stream hold.</summary>
internal sealed class FollowPosition(FollowTopUp topUps) : IReact<PositionPaid>, IReact<PositionReversed>, IReact<PositionRefunded>, IReact<PositionCancelled>, IReact<PositionExpired>
{
    /// <exception cref="InvalidOperationException">There is no such bill: an officer must see it, for money was taken.</exception>
    public async Task On(PositionPaid happened, IEntitySession session, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(happened);
        ArgumentNullException.ThrowIfNull(session);
        if (FollowTopUp.Is(happened.Position.Reference))
        {
            await topUps.Paid(happened, session);
            return;
        }
        // Money that a bank took is never refused: a cancelled bill is paid too.
        if (await session.First<Known>(
                "select bill_id as id, total_cents as total from schoolfees.bill where entity_id = @entity and code = @Reference and state <> 'draft' for update",
                new { entity = session.Entity, happened.Position.Reference }) is not { } bill)
            throw new InvalidOperationException($"Order {happened.OrderNumber} paid bill {happened.Position.Reference}, which is not in the register.");
        var args = new
        {
            entity = session.Entity, bill.Id, happened.OrderNumber, n = happened.Instalment?.Number ?? 0, plan = happened.Instalment?.Plan, day = LegalTime.Day(happened.At), happened.Amount, happened.At,
            fee = happened.Instalment is { } part ? await Part(session, bill.Id, part, happened) : bill.Total,
        };
        await session.Execute(
            """
            insert into schoolfees.payment (entity_id, bill_id, order_number, instalment, paid_on, cents, fee_cents) values (@entity, @Id, @OrderNumber, @n, @day, @Amount, least(@Amount, @fee))
            on conflict (entity_id, bill_id, order_number, instalment) do update set paid_on = excluded.paid_on, cents = excluded.cents, fee_cents = excluded.fee_cents, reversed_on = null
            """, args);
        if (happened.Instalment is null)
            await session.Execute(
                "update schoolfees.bill set state = 'paid', plan = null, paid_on = @day, paid_cents = @Amount, paid_order = @OrderNumber, changed_at = @At where entity_id = @entity and bill_id = @Id", args);
        else
        {
            await session.Execute("update schoolfees.bill set plan = @plan where entity_id = @entity and bill_id = @Id", args);
            await session.Execute("update schoolfees.instalment set state = 'paid' where entity_id = @entity and bill_id = @Id and plan = @plan and n = @n", args);
            await Settle(session, bill.Id, happened.At);
        }
        session.Record("schoolfees.paid", new { bill = happened.Position.Reference, order = happened.OrderNumber, cents = happened.Amount.Cents });
    }

    /// <remarks>A bill that another order has paid stays paid.</remarks>
    public async Task On(PositionReversed happened, IEntitySession session, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(happened);
        ArgumentNullException.ThrowIfNull(session);
        if (FollowTopUp.Is(happened.Position.Reference))
        {
            await topUps.Reversed(happened, session);
            return;
        }
        var args = new
        {
            entity = session.Entity, happened.Position.Reference, happened.OrderNumber, happened.At, day = LegalTime.Day(happened.At), n = happened.Instalment?.Number ?? 0, plan = happened.Instalment?.Plan,
        };
        await session.Execute(
            """
            update schoolfees.payment p set reversed_on = @day
            from schoolfees.bill b
            where b.entity_id = @entity and b.code = @Reference and p.entity_id = @entity and p.bill_id = b.bill_id and p.order_number = @OrderNumber and p.instalment = @n
            """, args);
        if (happened.Instalment is not null)
        {
            var reopened = await session.List<Guid>(
                """
                update schoolfees.instalment i set state = 'open'
                from schoolfees.bill b
                where b.entity_id = @entity and b.code = @Reference and i.entity_id = b.entity_id and i.bill_id = b.bill_id and i.plan = @plan and i.n = @n and i.state = 'paid'
                  and not exists (select from schoolfees.payment p where p.entity_id = i.entity_id and p.bill_id = i.bill_id and p.instalment = i.n and p.order_number <> @OrderNumber and p.reversed_on is null
                                     and p.cents > coalesce((select sum(r.cents) from schoolfees.refund r
                                                              where r.entity_id = p.entity_id and r.bill_id = p.bill_id and r.order_number = p.order_number and r.instalment = p.instalment), 0))
                returning i.bill_id
                """, args);
            if (reopened is [var bill])
            {
                await Settle(session, bill, happened.At);
                session.Record("schoolfees.reopened", new { bill = happened.Position.Reference, order = happened.OrderNumber, instalment = args.n });
            }
            return;
        }
        var touched = await session.Execute(
            """
            update schoolfees.bill set state = 'open', paid_on = null, paid_cents = null, paid_order = null, changed_at = @At
            where entity_id = @entity and code = @Reference and paid_order = @OrderNumber
            """, args);
        if (touched > 0)
            session.Record("schoolfees.reopened", new { bill = happened.Position.Reference, order = happened.OrderNumber });
    }

    /// <remarks>A refund of a part leaves the bill paid; what was given back counts in certificates either way.</remarks>
    /// <exception cref="InvalidOperationException">No such payment of a bill is known.</exception>
    public async Task On(PositionRefunded happened, IEntitySession session, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(happened);
        ArgumentNullException.ThrowIfNull(session);
        if (FollowTopUp.Is(happened.Position.Reference))
        {
            await topUps.Refunded(happened, session);
            return;
        }
        var args = new
        {
            entity = session.Entity, happened.Position.Reference, happened.OrderNumber, happened.Refund, happened.Amount, happened.At, day = LegalTime.Day(happened.At),
            state = happened.Then == RefundedDue.Cancelled ? "cancelled" : "open", n = happened.Instalment?.Number ?? 0, plan = happened.Instalment?.Plan,
        };
        if (happened.Amount > Euro.Zero
            && await session.Execute(
                """
                insert into schoolfees.refund (entity_id, refund_id, bill_id, order_number, instalment, refunded_on, cents)
                select @entity, @Refund, b.bill_id, @OrderNumber, @n, @day, @Amount from schoolfees.bill b where b.entity_id = @entity and b.code = @Reference
                on conflict (entity_id, refund_id, bill_id, instalment) do update set cents = excluded.cents
                """, args) == 0)
            throw new InvalidOperationException($"Refund {happened.Refund} is of bill {happened.Position.Reference}, which is not in the register.");
        if (happened.Then != RefundedDue.Paid && happened.Instalment is not null)
        {
            foreach (var bill in await session.List<Guid>(
                         """
                         update schoolfees.instalment i set state = @state
                         from schoolfees.bill b
                         where b.entity_id = @entity and b.code = @Reference and i.entity_id = b.entity_id and i.bill_id = b.bill_id and i.plan = @plan and i.n = @n
                         returning i.bill_id
                         """, args))
                await Settle(session, bill, happened.At);
        }
        else if (happened.Then != RefundedDue.Paid)
            await session.Execute(
                """
                update schoolfees.bill set state = @state, paid_on = null, paid_cents = null, paid_order = null, changed_at = @At
                where entity_id = @entity and code = @Reference and paid_order = @OrderNumber
                """, args);
        session.Record("schoolfees.refunded", new { bill = happened.Position.Reference, order = happened.OrderNumber, refund = happened.Refund, cents = happened.Amount.Cents });
    }

    public Task On(PositionCancelled happened, IEntitySession session, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(happened);
        return Close(session, happened.Position.Reference, "cancelled", happened.At);
    }

    public Task On(PositionExpired happened, IEntitySession session, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(happened);
        return Close(session, happened.Position.Reference, "expired", happened.At);
    }

    static async Task<Euro> Part(IEntitySession session, Guid bill, InstalmentStanding part, PositionPaid happened) => await session.First<Euro?>(
        "select cents from schoolfees.instalment where entity_id = @entity and bill_id = @bill and plan = @Plan and n = @Number", new { entity = session.Entity, bill, part.Plan, part.Number })
        ?? throw new InvalidOperationException($"Order {happened.OrderNumber} paid instalment {part.Plan}/{part.Number} of bill {happened.Position.Reference}, which was not offered.");

    /// <summary>A bill that is paid bit by bit is what its instalments are. When none of a plan stands as paid, the family is free to choose again.</summary>
    static Task<int> Settle(IEntitySession session, Guid bill, DateTimeOffset at) => session.Execute(
        """
        with parts as (
            select count(*) filter (where i.state = 'open') as left, count(*) filter (where i.state = 'paid') as paid, count(*) filter (where i.state = 'cancelled') as gone
              from schoolfees.bill b join schoolfees.instalment i on i.entity_id = b.entity_id and i.bill_id = b.bill_id and i.plan = b.plan
             where b.entity_id = @entity and b.bill_id = @bill),
        money as (
            select max(p.paid_on) as day, sum(p.cents)::bigint as cents, (array_agg(p.order_number order by p.paid_on desc, p.instalment desc))[1] as last
              from schoolfees.payment p where p.entity_id = @entity and p.bill_id = @bill and p.instalment > 0 and p.reversed_on is null)
        update schoolfees.bill b set
            state = case when parts.left > 0 then 'open' when parts.paid > 0 then 'paid' else 'cancelled' end,
            plan = case when parts.paid + parts.gone > 0 then b.plan end,
            paid_on = case when parts.left = 0 and parts.paid > 0 then money.day end,
            paid_cents = case when parts.left = 0 and parts.paid > 0 then money.cents end,
            paid_order = case when parts.left = 0 and parts.paid > 0 then money.last end,
            changed_at = @at
          from parts, money where b.entity_id = @entity and b.bill_id = @bill and b.plan is not null
        """, new { entity = session.Entity, bill, at });

    sealed record Known(Guid Id, Euro Total);

    static async Task Close(IEntitySession session, string bill, string state, DateTimeOffset at)
    {
        ArgumentNullException.ThrowIfNull(session);
        var touched = await session.Execute(
            "update schoolfees.bill set state = @state, changed_at = @at where entity_id = @entity and code = @bill and state in ('approved', 'open')",
            new { entity = session.Entity, bill, state, at });
        if (touched > 0)
            session.Record("schoolfees.closed", new { bill, state });
    }
}
