using Platform.Core.Events;
using Platform.Core.Storage;
using Platform.Core.Time;
using Platform.Payments;
using Services.Fines.Register;

namespace Services.Fines;

/// <summary>Closes the fine when payments tells that it is paid. Told twice, it writes the same again.</summary>
internal sealed class MarkPaid : IReact<PositionPaid>
{
    public async Task On(PositionPaid happened, IEntitySession session, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(happened);
        ArgumentNullException.ThrowIfNull(session);
        var name = FineReference.Read(happened.Position);
        var touched = await session.Execute(
            """
            update fines.fine
            set state = 'paid', paid_on = @day, paid_cents = @amount, paid_order = @order, changed_at = @at
            where entity_id = @entity and series = @series and year = @year and number = @number
            """,
            new
            {
                entity = session.Entity, series = name.Series, year = name.Year, number = name.Number,
                day = LegalTime.Day(happened.At), amount = happened.Amount, order = happened.OrderNumber, at = happened.At,
            });
        if (touched == 0)
            throw new InvalidOperationException($"Order {happened.OrderNumber} paid {name}, which is not in the register.");
        session.Record("fines.paid", new { fine = name.ToString(), order = happened.OrderNumber, cents = happened.Amount.Cents });
    }
}
