using Platform.Core.Events;
using Platform.Core.Money;
using Platform.Core.Settings;
using Platform.Core.Storage;
using Platform.Core.Time;
using Platform.Payments;
using Services.Fines.Register;

namespace Services.Fines;

/// <summary>
/// Closes a fine when payments tells that it is paid, opens it again when the bank took the payment back or it was refunded, and writes down what was told, once, for the office.
/// </summary>
/// <remarks>One class for all: only within a class does the order of a stream hold, and a reversal before its payment would leave the fine closed for ever.</remarks>
internal sealed class FollowPosition(ISettings<FinesSettings> settings)
    : IReact<PositionPaid>, IReact<PositionReversed>, IReact<PositionRefunded>, IReact<PositionCancelled>, IReact<PositionExpired>
{
    /// <remarks>Told twice, it writes the same again.</remarks>
    /// <exception cref="InvalidOperationException">The register has no such fine: an officer must see it, for money was taken.</exception>
    public async Task On(PositionPaid happened, IEntitySession session, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(happened);
        ArgumentNullException.ThrowIfNull(session);
        var name = NameOf(happened.Position);
        var touched = await session.First<int>(
            """
            with closed as (
                update fines.fine
                set state = 'paid', paid_on = @day, paid_cents = @amount, paid_order = @order, changed_at = @at
                where entity_id = @entity and series = @series and year = @year and number = @number
                returning fine_id
            ), told as (
                insert into fines.movement (entity_id, fine_id, version, kind, order_no, cents, moved_on, moved_at)
                select @entity, fine_id, @Version, 'paid', @order, @amount, @day, @at from closed
                on conflict (entity_id, fine_id, version) do nothing
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
        if (await Fine.Find(session, name) is { } fine)
            await Supplements.Judge(session, fine, await settings.Read(session), happened.At);
    }

    /// <remarks>Nothing is owed here any more, or not now; the register decides by the phase that a file brings, so that the fine itself stays as it is.</remarks>
    public Task On(PositionCancelled happened, IEntitySession session, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(happened);
        return Movement.Write(session, NameOf(happened.Position), happened.Version, "cancelled", null, happened.At);
    }

    /// <remarks>As for a cancelled one.</remarks>
    public Task On(PositionExpired happened, IEntitySession session, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(happened);
        return Movement.Write(session, NameOf(happened.Position), happened.Version, "expired", null, happened.At);
    }

    /// <remarks>A fine that another order has paid stays paid.</remarks>
    public async Task On(PositionReversed happened, IEntitySession session, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(happened);
        var name = NameOf(happened.Position);
        await Movement.Write(session, name, happened.Version, "reversed", happened.OrderNumber, happened.At);
        await Reopen(session, name, happened.OrderNumber, happened.At, "reversal");
    }

    /// <remarks>
    /// What was given back whole does not stay paid. What was given back as not owed is archived as well: payments takes no money for it, so nobody is to be asked or reminded;
    /// the office's own system has the last word with its next file.
    /// </remarks>
    public async Task On(PositionRefunded happened, IEntitySession session, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(happened);
        ArgumentNullException.ThrowIfNull(session);
        var name = NameOf(happened.Position);
        await Movement.Write(session, name, happened.Version, "refunded", happened.OrderNumber, happened.At, happened.Amount > Euro.Zero ? happened.Amount : null);
        session.Record("fines.refunded", new { fine = name.ToString(), order = happened.OrderNumber, cents = happened.Amount.Cents, then = happened.Then });
        if (happened.Then != RefundedDue.Paid)
            await Reopen(session, name, happened.OrderNumber, happened.At, "refund");
        if (happened.Then == RefundedDue.Cancelled)
            await session.Execute(
                "update fines.fine set phase = 'archived', changed_at = @at where entity_id = @entity and series = @Series and year = @Year and number = @Number and state = 'open' and phase <> 'archived'",
                new { entity = session.Entity, name.Series, name.Year, name.Number, at = happened.At });
    }

    static async Task Reopen(IEntitySession session, FineNumber name, string order, DateTimeOffset at, string why)
    {
        ArgumentNullException.ThrowIfNull(session);
        var touched = await session.Execute(
            """
            update fines.fine
            set state = 'open', paid_on = null, paid_cents = null, paid_order = null, changed_at = @at
            where entity_id = @entity and series = @series and year = @year and number = @number and paid_order = @order
            """,
            new { entity = session.Entity, series = name.Series, year = name.Year, number = name.Number, order, at });
        if (touched == 0)
            return;
        await session.Execute(
            """
            update fines.supplement set closed_at = @at, closed_by = @why
            where entity_id = @entity and paid_order = @order and closed_at is null
              and fine_id = (select fine_id from fines.fine where entity_id = @entity and series = @series and year = @year and number = @number)
            """,
            new { entity = session.Entity, series = name.Series, year = name.Year, number = name.Number, order, at, why });
        session.Record("fines.reopened", new { fine = name.ToString(), order });
    }

    static FineNumber NameOf(PositionKey position) => FineNumber.TryParse(position.Reference, out var name)
        ? name.Value
        : throw new InvalidOperationException($"'{position.Reference}' is no fine's number: this service opened no such position.");
}
