using Platform.Core.Commands;
using Platform.Core.Money;
using Platform.Core.Pages;
using Platform.Core.Plugins;
using Platform.Core.Storage;
using Platform.Core.Time;
using Services.SchoolFees.Billing;
using Services.SchoolFees.Credits;
using Services.SchoolFees.Instalments;

namespace Services.SchoolFees.Office;

/// <summary>Something that happened to a bill.</summary>
/// <param name="What">Key of its text: <c>desk.story.{What}</c>.</param>
/// <param name="Subject">What the text names: an order, another bill.</param>
public sealed record StoryEntry(DateOnly Day, string What, string? Subject, Euro? Amount);

/// <summary>All that is known of a bill.</summary>
[RequiresPermission(DeskPermissions.Read)]
internal sealed record ReadBillStory(string Code) : ICommand<ReadBillStory.Answer?>
{
    internal sealed record Answer(Bill Bill, string Run, Guid Household, string Pupil, IReadOnlyList<BillLine> Lines, IReadOnlyList<StoryEntry> Story, IReadOnlyList<DisputeLine> Disputes, IReadOnlyList<Instalment> Plan, IReadOnlyList<DeductedCredit> Deducted);
}

internal sealed class ReadBillStoryHandler(ISessions sessions) : ICommandHandler<ReadBillStory, ReadBillStory.Answer?>
{
    public Task<ReadBillStory.Answer?> Handle(ReadBillStory command, CancellationToken stop) => sessions.Run(
        async session =>
        {
            if (await session.First<Bill>(Bill.Columns + "where b.entity_id = @entity and b.code = @Code", new { entity = session.Entity, command.Code }) is not { } bill)
                return null;
            var key = new { entity = session.Entity, bill.Id };
            var head = (await session.First<Head>(
                """
                select b.run_id as run, w.key as household, n.given_name || ' ' || n.family_name as pupil
                  from schoolfees.bill b
                  join schoolfees.person w on w.entity_id = b.entity_id and w.person_id = b.payer_id
                  join schoolfees.person n on n.entity_id = b.entity_id and n.person_id = b.pupil_id
                 where b.entity_id = @entity and b.bill_id = @Id
                """, key))!;
            var story = await session.List<StoryEntry>(
                """
                select day, what, subject, cents as amount from (
                    select 1 as place, (r.prepared_at at time zone 'Europe/Rome')::date as day, 'prepared' as what, r.run_id as subject, null::bigint as cents
                      from schoolfees.bill b join schoolfees.run r on r.entity_id = b.entity_id and r.run_id = b.run_id where b.entity_id = @entity and b.bill_id = @Id
                    union all
                    select 2, (r.approved_at at time zone 'Europe/Rome')::date, 'approved', r.run_id, b.total_cents
                      from schoolfees.bill b join schoolfees.run r on r.entity_id = b.entity_id and r.run_id = b.run_id where b.entity_id = @entity and b.bill_id = @Id and r.approved_at is not null
                    union all
                    select 3, decided_on, 'reminded.' || step || case when by_letter then '' else '.nobody' end, null, cents from schoolfees.reminder where entity_id = @entity and bill_id = @Id
                    union all
                    select 4, paid_on, case when instalment > 0 then 'instalment' else 'paid' end, order_number, cents from schoolfees.payment where entity_id = @entity and bill_id = @Id
                    union all
                    select 5, reversed_on, 'reversed', order_number, cents from schoolfees.payment where entity_id = @entity and bill_id = @Id and reversed_on is not null
                    union all
                    select 6, refunded_on, 'refunded', order_number, cents from schoolfees.refund where entity_id = @entity and bill_id = @Id
                    union all
                    select 7, (o.changed_at at time zone 'Europe/Rome')::date, 'corrected', o.code, sum(l.amount_cents)::bigint
                      from schoolfees.bill b
                      join schoolfees.bill o on o.entity_id = b.entity_id and o.pupil_id = b.pupil_id and o.service_id = b.service_id and o.payer_id = b.payer_id and o.bill_id <> b.bill_id and o.state not in ('draft', 'cancelled')
                      join schoolfees.bill_line l on l.entity_id = o.entity_id and l.bill_id = o.bill_id and l.correction and l.period = b.period
                     where b.entity_id = @entity and b.bill_id = @Id and o.period > b.period group by o.changed_at, o.code
                    union all
                    select 8, (c.issued_at at time zone 'Europe/Rome')::date, 'credited', c.number::text, -sum(l.amount_cents)::bigint
                      from schoolfees.bill b
                      join schoolfees.credit_note c on c.entity_id = b.entity_id and c.pupil_id = b.pupil_id and c.service_id = b.service_id and c.payer_id = b.payer_id
                      join schoolfees.credit_note_line l on l.entity_id = c.entity_id and l.number = c.number and l.period = b.period
                     where b.entity_id = @entity and b.bill_id = @Id group by c.issued_at, c.number
                    union all
                    select 3, (told_at at time zone 'Europe/Rome')::date, case when print is null then 'told' else 'printed' end, print::text, null from schoolfees.notice where entity_id = @entity and bill_id = @Id
                    union all
                    select 9, (changed_at at time zone 'Europe/Rome')::date, state, null, null from schoolfees.bill where entity_id = @entity and bill_id = @Id and state in ('cancelled', 'expired')) s
                 order by day, place
                """, key);
            var disputes = await session.List<DisputeLine>(DisputeLine.Columns + "where d.entity_id = @entity and d.bill_id = @Id order by d.number", key);
            return (ReadBillStory.Answer?)new ReadBillStory.Answer(bill, head.Run, head.Household, head.Pupil, await BillLine.Of(session, bill.Id), story, disputes, bill.Plan is { } plan ? await Instalment.Of(session, bill.Id, plan) : [],
                await DeductedCredit.Of(session, bill.Id));
        },
        stop);

    sealed record Head(string Run, Guid Household, string Pupil);
}

/// <summary>A bill with where each amount comes from, and everything that happened to it.</summary>
[RequiresPermission(DeskPermissions.Read), ShowsPersonalData]
internal sealed class BillStoryPage(ICommands commands) : IPage
{
    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        if (BillCode.Read(request.Route["code"]) is not { } code || await commands.Send(new ReadBillStory(code), stop) is not { } found)
            return PageAnswer.NotFound;
        var (bill, t, desk) = (found.Bill, request.Texts, request.Path[..request.Path.LastIndexOf('/')]);
        return PageAnswer.View<BillStoryView>(new BillStoryModel(
            bill.Code, bill.Service, bill.Period, found.Pupil, bill.PayerName ?? "", bill.Total, bill.DueOn, bill.InInstalments ? "in_rate" : bill.State, found.Run, [.. BillWords.All(found.Lines, found.Deducted, t)], found.Story,
            found.Disputes, request.Path, request.Officer!.May(DeskPermissions.Families) ? $"{request.Path}/famiglie/{found.Household}" : null,
            request.Officer.May(DeskPermissions.Bill) ? $"{request.Path}/elaborazioni/{DeskWords.InPath(found.Run)}" : null, request.Officer.May("payments.see") ? $"{desk}/pagamenti/pagamento/" : null,
            [.. found.Plan.Select(one => new ShownInstalment(t["instalment.of", one.Number, found.Plan.Count], one.DueOn, one.Amount + one.Surcharge, one.State, one.IsOpen && one.DueOn < LegalTime.Day(request.Now)))]));
    }
}

/// <param name="PaymentPath">Before an order's number; null where this officer may not see payments.</param>
public sealed record BillStoryModel(
    string Code, string Service, DateOnly Period, string Pupil, string Payer, Euro Total, DateOnly DueOn, string State, string Run, IReadOnlyList<ShownLine> Lines, IReadOnlyList<StoryEntry> Story,
    IReadOnlyList<DisputeLine> Disputes, string Path, string? FamilyPath, string? RunPath, string? PaymentPath, IReadOnlyList<ShownInstalment> Plan);
