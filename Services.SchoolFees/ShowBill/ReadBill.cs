using Platform.Core.Commands;
using Platform.Core.Settings;
using Platform.Core.Storage;
using Platform.Core.Time;
using Services.SchoolFees.Billing;
using Services.SchoolFees.Credits;
using Services.SchoolFees.Instalments;
using Services.SchoolFees.Wallets;

namespace Services.SchoolFees;

/// <summary>Reads a bill that was found before: the id comes out of a sealed link.</summary>
internal sealed record ReadBill(Guid Id) : ICommand<ReadBill.Answer?>
{
    /// <param name="OpenOfHousehold">How many bills the same person has to pay.</param>
    internal sealed record Answer(Bill Bill, IReadOnlyList<BillLine> Lines, int OpenOfHousehold, SchoolFeesSettings Policy, IReadOnlyList<Dispute> Disputes, IReadOnlyList<Instalment> Plan,
        IReadOnlyList<DeductedCredit> Deducted, IReadOnlyList<CreditNote> Credits);
}

internal sealed class ReadBillHandler(ISessions sessions, ISettings<SchoolFeesSettings> settings, TimeProvider time) : ICommandHandler<ReadBill, ReadBill.Answer?>
{
    public Task<ReadBill.Answer?> Handle(ReadBill command, CancellationToken stop) => sessions.Run(
        async session =>
        {
            if (await session.First<Bill>(Bill.Columns + "where b.entity_id = @entity and b.bill_id = @Id and b.state not in ('draft', 'approved')", new { entity = session.Entity, command.Id })
                is not { } bill)
                return null;
            var lines = await BillLine.Of(session, command.Id);
            var open = await session.First<int>(
                "select count(*)::int from schoolfees.bill where entity_id = @entity and payer_id = @Payer and state = 'open'", new { entity = session.Entity, bill.Payer });
            var disputes = await session.List<Dispute>(
                """
                select number, message, written_at as writtenAt, answer, answered_at as answeredAt
                from schoolfees.dispute where entity_id = @entity and bill_id = @Id order by number
                """, new { entity = session.Entity, command.Id });
            var policy = await settings.Read(session);
            return (ReadBill.Answer?)new ReadBill.Answer(bill, lines, open, policy, disputes, await Instalment.For(session, bill, policy, LegalTime.Day(time.GetUtcNow())),
                await DeductedCredit.Of(session, bill.Id),
                await session.List<CreditNote>(
                    CreditNote.Columns +
                    """
                    where c.entity_id = @entity and exists (
                        select from schoolfees.bill b join schoolfees.credit_note_line l on l.entity_id = b.entity_id and l.number = c.number and l.period = b.period
                         where b.entity_id = c.entity_id and b.bill_id = @Id and b.pupil_id = c.pupil_id and b.service_id = c.service_id and b.payer_id = c.payer_id)
                    order by c.number
                    """, new { entity = session.Entity, command.Id }));
        },
        stop);
}

/// <summary>What somebody has to pay for all the children, and what he paid lately.</summary>
internal sealed record ReadHousehold(string Payer) : ICommand<ReadHousehold.Answer>
{
    internal sealed record Answer(IReadOnlyList<Bill> Bills, SchoolFeesSettings Policy, IReadOnlyList<Wallet> Wallets, IReadOnlyDictionary<Guid, IReadOnlyList<Instalment>> Plans,
        IReadOnlyList<CreditNote> Credits);
}

internal sealed class ReadHouseholdHandler(ISessions sessions, ISettings<SchoolFeesSettings> settings) : ICommandHandler<ReadHousehold, ReadHousehold.Answer>
{
    public Task<ReadHousehold.Answer> Handle(ReadHousehold command, CancellationToken stop) => sessions.Run(
        async session =>
        {
            var bills = await session.List<Bill>(
                Bill.Columns + "where b.entity_id = @entity and b.payer_id = @Payer and b.state in ('open', 'paid') order by b.state, b.due_on, b.period, n.born_on, b.code limit 60",
                new { entity = session.Entity, command.Payer });
            var plans = new Dictionary<Guid, IReadOnlyList<Instalment>>();
            foreach (var bill in bills.Where(bill => bill.InInstalments))
                plans[bill.Id] = await Instalment.Of(session, bill.Id, bill.Plan!);
            return new ReadHousehold.Answer(
                bills, await settings.Read(session),
                await session.List<Wallet>(Wallet.Columns + "where w.entity_id = @entity and u.payer_id = @Payer order by n.born_on, w.pupil_id, w.service_id limit 60", new { entity = session.Entity, command.Payer }), plans,
                await session.List<CreditNote>(CreditNote.Columns + "where c.entity_id = @entity and c.payer_id = @Payer order by c.number desc limit 20", new { entity = session.Entity, command.Payer }));
        },
        stop);
}
