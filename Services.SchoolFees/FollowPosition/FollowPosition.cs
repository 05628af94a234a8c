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
        var day = LegalTime.Day(happened.At);
        // Money that a bank took is never refused: a cancelled bill is paid too.
        var touched = await session.Execute(
            """
            with paid as (
                update schoolfees.bill set state = 'paid', paid_on = @day, paid_cents = @Amount, paid_order = @OrderNumber, changed_at = @At
                where entity_id = @entity and code = @Reference and state <> 'draft'
                returning bill_id
            )
            insert into schoolfees.payment (entity_id, bill_id, order_number, paid_on, cents)
            select @entity, bill_id, @OrderNumber, @day, @Amount from paid
            on conflict (entity_id, bill_id, order_number) do update set paid_on = excluded.paid_on, cents = excluded.cents, reversed_on = null
            """,
            new { entity = session.Entity, happened.Position.Reference, day, happened.Amount, happened.OrderNumber, happened.At });
        if (touched == 0)
            throw new InvalidOperationException($"Order {happened.OrderNumber} paid bill {happened.Position.Reference}, which is not in the register.");
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
        var args = new { entity = session.Entity, happened.Position.Reference, happened.OrderNumber, happened.At, day = LegalTime.Day(happened.At) };
        await session.Execute(
            """
            update schoolfees.payment p set reversed_on = @day
            from schoolfees.bill b
            where b.entity_id = @entity and b.code = @Reference and p.entity_id = @entity and p.bill_id = b.bill_id and p.order_number = @OrderNumber
            """, args);
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
            state = happened.Then == RefundedDue.Cancelled ? "cancelled" : "open",
        };
        if (happened.Amount > Euro.Zero
            && await session.Execute(
                """
                insert into schoolfees.refund (entity_id, refund_id, bill_id, order_number, refunded_on, cents)
                select @entity, @Refund, b.bill_id, @OrderNumber, @day, @Amount from schoolfees.bill b where b.entity_id = @entity and b.code = @Reference
                on conflict (entity_id, refund_id, bill_id) do update set cents = excluded.cents
                """, args) == 0)
            throw new InvalidOperationException($"Refund {happened.Refund} is of bill {happened.Position.Reference}, which is not in the register.");
        if (happened.Then != RefundedDue.Paid)
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
