using Platform.Core.Money;
using Platform.Core.Settings;
using Platform.Core.Storage;
using Platform.Core.Time;
using Platform.Payments;
using Services.SchoolFees.Instalments;
using Services.SchoolFees.Wallets;

namespace Services.SchoolFees.Billing;

/// <summary>Tells payments what a bill costs: what it was approved for.</summary>
internal sealed class BillPositions(ISessions sessions, ISettings<SchoolFeesSettings> settings) : IPositionOwner
{
    public async ValueTask<Quote> Reprice(PositionKey position, DateOnly legalDay, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(position);
        if (FollowTopUp.Is(position.Reference))
            return await sessions.Run<Quote>(
                async session => await session.First<TopUp>(TopUp.Columns + "where t.entity_id = @entity and t.code = @Reference", new { entity = session.Entity, position.Reference }) is not { } topUp
                    ? new Quote.Refused(BillRefusals.NotFound)
                    : topUp.Stands > Euro.Zero ? new Quote.Refused(BillRefusals.AlreadyPaid)
                    : new Quote.Priced([new(topUp.Service, topUp.TaxCode, topUp.Account, topUp.Cents)], LegalTime.EndOf(legalDay)),
                stop);
        return await sessions.Run<Quote>(
            async session => await session.First<Bill>(Bill.Columns + "where b.entity_id = @entity and b.code = @Reference", new { entity = session.Entity, position.Reference }) is { } bill
                ? bill.Price(await settings.Read(session), legalDay)
                : new Quote.Refused(BillRefusals.NotFound),
            stop);
    }

    public async ValueTask<Quote?> RepriceInstalment(PositionKey position, string plan, int number, DateOnly legalDay, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(position);
        return await sessions.Run<Quote?>(
            async session =>
            {
                if (await session.First<Bill>(Bill.Columns + "where b.entity_id = @entity and b.code = @Reference", new { entity = session.Entity, position.Reference }) is not { } bill
                    || (await Instalment.Of(session, bill.Id, plan)).FirstOrDefault(one => one.Number == number) is not { } instalment)
                    return new Quote.Refused(BillRefusals.NotFound);
                return bill.IsOpen && instalment.IsOpen
                    ? new Quote.Priced(bill.Lines(instalment.Amount, instalment.Late(await settings.Read(session), bill.DueOn, legalDay)), Bill.Until(legalDay))
                    : new Quote.Refused(instalment.State == "paid" ? BillRefusals.AlreadyPaid : BillRefusals.NotOpen);
            },
            stop);
    }
}
