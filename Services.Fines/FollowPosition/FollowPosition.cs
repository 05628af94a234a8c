using Platform.Core.Events;
using Platform.Core.Money;
using Platform.Core.Settings;
using Platform.Core.Storage;
using Platform.Core.Time;
using Platform.Payments;
using Services.Fines.Amounts;
using Services.Fines.Register;

namespace Services.Fines;

/// <summary>
/// Closes a fine when payments tells that it is paid, opens it again when the bank took the payment back or it was refunded, and writes down what was told, once, for the office.
/// </summary>
/// <remarks>One class for all: only within a class does the order of a stream hold, and a reversal before its payment would leave the fine closed for ever.</remarks>
internal sealed class FollowPosition(ISettings<FinesSettings> settings)
    : IReact<PositionPaid>, IReact<PositionAmount>, IReact<PositionSurplus>, IReact<PositionReversed>, IReact<PositionRefunded>, IReact<PositionCancelled>, IReact<PositionExpired>
{
    /// <remarks>Told twice, it writes the same again.</remarks>
    /// <exception cref="InvalidOperationException">The register has no such fine: an officer must see it, for money was taken.</exception>
    public async Task On(PositionPaid happened, IEntitySession session, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(happened);
        ArgumentNullException.ThrowIfNull(session);
        var (name, part) = NameOf(happened.Position);
        if (part > 0)
        {
            await Supplements.Paid(session, name, part, happened);
            return;
        }
        var touched = await session.First<int>(
            """
            with closed as (
                update fines.fine
                set state = 'paid', paid_on = @day, paid_cents = @amount, paid_order = @order, changed_at = @at, withdrawn = null
                where entity_id = @entity and series = @series and year = @year and number = @number
                returning fine_id
            ), told as (
                insert into fines.movement (entity_id, fine_id, version, kind, order_no, cents, moved_on, moved_at)
                select @entity, fine_id, @Version, 'paid', @order, @amount, @day, @at from closed
                on conflict (entity_id, fine_id, part, version) do nothing
            )
            select count(*)::int from closed
            """,
            new
            {
                happened.Version,
                entity = session.Entity, series = name.Series, year = name.Year, number = name.Number,
                day = LegalTime.Day(happened.At), amount = happened.Amount, order = happened.OrderNumber, at = happened.At,
            });
        if (touched == 0)
            throw new InvalidOperationException($"Order {happened.OrderNumber} paid {name}, which is not in the register.");
        session.Record("fines.paid", new { fine = name.ToString(), order = happened.OrderNumber, cents = happened.Amount.Cents });
        // A bank page left open over night asks yesterday's price.
        if (await Fine.Find(session, name) is not { } fine)
            return;
        await Supplements.Judge(session, fine, await settings.Read(session), happened.At);
        if (fine.Phase is not (Phase.Report or Phase.Notice))
            await Decisions.Judge(session, fine, happened.At);
    }

    /// <remarks>Less than it cost is a payment on account: the rest is asked for (art. 389 of the regulation of the Codice della Strada).</remarks>
    public async Task On(PositionAmount happened, IEntitySession session, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(happened);
        ArgumentNullException.ThrowIfNull(session);
        var (name, part) = NameOf(happened.Position);
        await Movement.Correct(session, name, part, happened.Version, happened.OrderNumber, happened.Amount, happened.At);
        if (part > 0)
        {
            await Supplements.Corrected(session, name, happened.OrderNumber, happened.Amount, happened.At);
            return;
        }
        var touched = await session.Execute(
            """
            update fines.fine set paid_cents = @amount, changed_at = @at
             where entity_id = @entity and series = @series and year = @year and number = @number and paid_order = @order
            """,
            new { entity = session.Entity, series = name.Series, year = name.Year, number = name.Number, amount = happened.Amount, order = happened.OrderNumber, at = happened.At });
        if (touched == 0)
            return;
        session.Record("fines.amount", new { fine = name.ToString(), order = happened.OrderNumber, cents = happened.Amount.Cents });
        if (await Fine.Find(session, name) is not { } fine)
            return;
        await Supplements.Judge(session, fine, await settings.Read(session), happened.At);
        await Decisions.Judge(session, fine, happened.At);
    }

    /// <remarks>It pays nothing of the fine; the police's own system has to know of it all the same.</remarks>
    public Task On(PositionSurplus happened, IEntitySession session, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(happened);
        var (name, part) = NameOf(happened.Position);
        return Movement.Surplus(session, name, part, happened.Version, happened.OrderNumber, happened.Amount, happened.At);
    }

    /// <remarks>Payments takes no money for it, so nobody is asked or reminded until a file says something new of it.</remarks>
    public async Task On(PositionCancelled happened, IEntitySession session, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(happened);
        ArgumentNullException.ThrowIfNull(session);
        var (name, part) = NameOf(happened.Position);
        await Movement.Write(session, name, part, happened.Version, "cancelled", null, happened.At);
        if (part == 0)
            await Withdraw(session, name, happened.At);
    }

    /// <remarks>It may still be paid: payments opens it again with its next price. So the fine stays as it is.</remarks>
    public Task On(PositionExpired happened, IEntitySession session, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(happened);
        var (name, part) = NameOf(happened.Position);
        return Movement.Write(session, name, part, happened.Version, "expired", null, happened.At);
    }

    /// <remarks>A fine that another order has paid stays paid.</remarks>
    public async Task On(PositionReversed happened, IEntitySession session, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(happened);
        var (name, part) = NameOf(happened.Position);
        await Movement.Write(session, name, part, happened.Version, "reversed", happened.OrderNumber, happened.At);
        if (part > 0)
            await Supplements.TakenBack(session, name, happened.OrderNumber, happened.At, "reversal", notOwed: false);
        else
            await Reopen(session, name, happened.OrderNumber, happened.At, "reversal");
    }

    /// <remarks>
    /// What was given back whole does not stay paid. What was given back as not owed is withdrawn as well: payments takes no money for it, so nobody is to be asked or reminded;
    /// the office's own system has the last word when a file of it says something new.
    /// </remarks>
    public async Task On(PositionRefunded happened, IEntitySession session, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(happened);
        ArgumentNullException.ThrowIfNull(session);
        var (name, part) = NameOf(happened.Position);
        await Movement.Write(session, name, part, happened.Version, "refunded", happened.OrderNumber, happened.At, happened.Amount > Euro.Zero ? happened.Amount : null);
        session.Record("fines.refunded", new { fine = name.ToString(), order = happened.OrderNumber, cents = happened.Amount.Cents, then = happened.Then });
        if (happened.Then == RefundedDue.Paid)
            return;
        if (part > 0)
        {
            await Supplements.TakenBack(session, name, happened.OrderNumber, happened.At, "refund", notOwed: happened.Then == RefundedDue.Cancelled);
            return;
        }
        await Reopen(session, name, happened.OrderNumber, happened.At, "refund");
        if (happened.Then == RefundedDue.Cancelled)
            await Withdraw(session, name, happened.At);
    }

    static Task<int> Withdraw(IEntitySession session, FineNumber name, DateTimeOffset at) => session.Execute(
        "update fines.fine set withdrawn = 'withdrawn', changed_at = @at where entity_id = @entity and series = @Series and year = @Year and number = @Number and state = 'open' and imported_at <= @at",
        new { entity = session.Entity, name.Series, name.Year, name.Number, at });

    static async Task Reopen(IEntitySession session, FineNumber name, string order, DateTimeOffset at, string why)
    {
        ArgumentNullException.ThrowIfNull(session);
        var reopened = await session.First<Guid?>(
            """
            update fines.fine
            set state = 'open', paid_on = null, paid_cents = null, paid_order = null, changed_at = @at
            where entity_id = @entity and series = @series and year = @year and number = @number and paid_order = @order
            returning fine_id
            """,
            new { entity = session.Entity, series = name.Series, year = name.Year, number = name.Number, order, at });
        if (reopened is not { } fine)
            return;
        await session.Execute(
            """
            update fines.supplement set closed_at = @at, closed_by = @why
            where entity_id = @entity and fine_id = @fine and paid_order = @order and closed_at is null
            """,
            new { entity = session.Entity, fine, order, at, why });
        await Decisions.Close(session, fine, order, why, at);
        await Decisions.RestAlone(session, fine, order, at);
        session.Record("fines.reopened", new { fine = name.ToString(), order });
    }

    static (FineNumber Name, int Part) NameOf(PositionKey position) => FineNumber.TryParseReference(position.Reference, out var name, out var part)
        ? (name, part)
        : throw new InvalidOperationException($"'{position.Reference}' is no fine's number: this service opened no such position.");
}
