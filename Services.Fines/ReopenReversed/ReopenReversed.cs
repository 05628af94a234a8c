using Platform.Core.Events;
using Platform.Core.Storage;
using Platform.Payments;
using Services.Fines.Register;

namespace Services.Fines;

/// <summary>Opens the fine again when the bank took its payment back. A fine that another order paid stays paid.</summary>
internal sealed class ReopenReversed : IReact<PositionReversed>
{
    public async Task On(PositionReversed happened, IEntitySession session, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(happened);
        ArgumentNullException.ThrowIfNull(session);
        var name = FineReference.Read(happened.Position);
        var touched = await session.Execute(
            """
            update fines.fine
            set state = 'open', paid_on = null, paid_cents = null, paid_order = null, changed_at = @at
            where entity_id = @entity and series = @series and year = @year and number = @number and paid_order = @order
            """,
            new { entity = session.Entity, series = name.Series, year = name.Year, number = name.Number, order = happened.OrderNumber, at = happened.At });
        if (touched > 0)
            session.Record("fines.reopened", new { fine = name.ToString(), order = happened.OrderNumber });
    }
}
