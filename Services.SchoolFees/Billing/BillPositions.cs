using Platform.Core.Storage;
using Platform.Payments;

namespace Services.SchoolFees.Billing;

/// <summary>Tells payments what a bill costs: what it was approved for.</summary>
internal sealed class BillPositions(ISessions sessions) : IPositionOwner
{
    public async ValueTask<Quote> Reprice(PositionKey position, DateOnly legalDay, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(position);
        var bill = await sessions.Run(
            session => session.First<Bill>(Bill.Columns + "where b.entity_id = @entity and b.code = @Reference", new { entity = session.Entity, position.Reference }), stop);
        return bill?.Price(legalDay) ?? new Quote.Refused(BillRefusals.NotFound);
    }
}
