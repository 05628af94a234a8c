using Platform.Core.Commands;
using Platform.Core.Settings;
using Platform.Core.Storage;
using Platform.Core.Time;
using Platform.Payments;
using Services.SchoolFees.Billing;
using Services.SchoolFees.Instalments;

namespace Services.SchoolFees;

/// <summary>Bills of one household as positions that can be paid now, in the order of their codes, with the plans that are offered for them, which are kept as they are offered.</summary>
/// <param name="Payer">Out of a sealed link; a bill of another is not found.</param>
internal sealed record BillsToPay(string Payer, IReadOnlyList<Guid> Bills) : ICommand<Outcome<OpenPosition[]>>;

internal sealed class BillsToPayHandler(ISessions sessions, ISettings<SchoolFeesSettings> settings, TimeProvider time) : ICommandHandler<BillsToPay, Outcome<OpenPosition[]>>
{
    public async Task<Outcome<OpenPosition[]>> Handle(BillsToPay command, CancellationToken stop)
    {
        var ids = command.Bills.Distinct().ToArray();
        var (policy, today) = (await settings.Read(stop), LegalTime.Day(time.GetUtcNow()));
        var plans = new Dictionary<Guid, IReadOnlyList<Instalment>>();
        var bills = await sessions.Run(
            async session =>
            {
                var found = await session.List<Bill>(
                    Bill.Columns + "where b.entity_id = @entity and b.bill_id = any(@ids) and b.payer_id = @Payer and b.state not in ('draft', 'approved') order by b.code",
                    new { entity = session.Entity, ids, command.Payer });
                foreach (var bill in found.Where(bill => bill.IsOpen))
                    plans[bill.Id] = await Instalment.Keep(session, bill, policy, today);
                return found;
            },
            stop);
        if (ids.Length == 0 || bills.Count != ids.Length)
            return new Refusal(BillRefusals.NotFound);
        if (bills.FirstOrDefault(bill => !bill.IsOpen) is { } closed)
            return new Refusal(closed.State == "paid" ? BillRefusals.AlreadyPaid : BillRefusals.NotOpen);
        return bills.Select(bill => bill.Position(policy, today, plans[bill.Id])).ToArray();
    }
}
