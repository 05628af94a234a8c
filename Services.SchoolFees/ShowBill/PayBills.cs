using Platform.Core.Commands;
using Platform.Core.Storage;
using Platform.Payments;
using Services.SchoolFees.Billing;

namespace Services.SchoolFees;

/// <summary>Takes bills of one household to the checkout, in one payment. The same attempt gets the same answer, however often the button is pressed.</summary>
/// <param name="Payer">Out of a sealed link; a bill of another is not found.</param>
/// <param name="ReturnPage">Path under this service's prefix where the citizen may try again.</param>
internal sealed record PayBills(string Payer, IReadOnlyList<Guid> Bills, Guid Attempt, string ReturnPage, string Language) : ICommand<Outcome<StartedCheckout>>;

/// <remarks>Each step is a command with its own transaction that may be repeated; so may this be.</remarks>
internal sealed class PayBillsHandler(ISessions sessions, ICommands commands) : ICommandHandler<PayBills, Outcome<StartedCheckout>>
{
    public async Task<Outcome<StartedCheckout>> Handle(PayBills command, CancellationToken stop)
    {
        var ids = command.Bills.Distinct().ToArray();
        var bills = await sessions.Run(
            session => session.List<Bill>(
                Bill.Columns + "where b.entity_id = @entity and b.bill_id = any(@ids) and b.payer_id = @Payer and b.state not in ('draft', 'approved') order by b.code",
                new { entity = session.Entity, ids, command.Payer }),
            stop);
        if (ids.Length == 0 || bills.Count != ids.Length)
            return new Refusal(BillRefusals.NotFound);
        if (bills.FirstOrDefault(bill => !bill.IsOpen) is { } closed)
            return new Refusal(closed.State == "paid" ? BillRefusals.AlreadyPaid : BillRefusals.NotOpen);
        var dues = new List<DueId>(bills.Count);
        foreach (var bill in bills)
        {
            var opened = await commands.Send(bill.Position(), stop);
            if (opened.Paid)
                return new Refusal(BillRefusals.AlreadyPaid);
            dues.Add(opened.Due);
        }
        return await commands.Send(new StartCheckout(command.Attempt, dues, command.ReturnPage, command.Language), stop);
    }
}
