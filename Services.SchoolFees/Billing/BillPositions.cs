using Platform.Core.Settings;
using Platform.Core.Storage;
using Platform.Payments;

namespace Services.SchoolFees.Billing;

/// <summary>Tells payments what a bill costs: what it was approved for.</summary>
internal sealed class BillPositions(ISessions sessions, ISettings<SchoolFeesSettings> settings) : IPositionOwner
{
    public async ValueTask<Quote> Reprice(PositionKey position, DateOnly legalDay, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(position);
        return await sessions.Run<Quote>(
            async session => await session.First<Bill>(Bill.Columns + "where b.entity_id = @entity and b.code = @Reference", new { entity = session.Entity, position.Reference }) is { } bill
                ? bill.Price(await settings.Read(session), legalDay)
                : new Quote.Refused(BillRefusals.NotFound),
            stop);
    }
}
