using Platform.Core.Commands;
using Platform.Core.Money;
using Platform.Core.Pages;
using Platform.Core.Plugins;
using Platform.Core.Settings;
using Platform.Core.Storage;
using Platform.Core.Time;
using Services.SchoolFees.Arrears;

namespace Services.SchoolFees.Office;

/// <summary>A bill that is overdue.</summary>
public sealed record OverdueLine(string Code, Guid Household, string Payer, string Service, DateOnly Period, DateOnly DueOn, Euro Total, int Reminders, bool Disputed);

/// <summary>Bills overdue by more than so many days, the oldest first.</summary>
[RequiresPermission(DeskPermissions.Read)]
internal sealed record ReadOverdue(int Days, Func<long, ListPage> Page) : ICommand<ReadOverdue.Answer>
{
    internal sealed record Answer(IReadOnlyList<OverdueLine> Bills, ListPage Page, long Count, Euro Sum, SchoolFeesSettings Policy);
}

internal sealed class ReadOverdueHandler(ISessions sessions, ISettings<SchoolFeesSettings> settings, TimeProvider time) : ICommandHandler<ReadOverdue, ReadOverdue.Answer>
{
    public Task<ReadOverdue.Answer> Handle(ReadOverdue command, CancellationToken stop) => sessions.Run(
        async session =>
        {
            var last = LegalTime.Day(time.GetUtcNow()).AddDays(-command.Days);
            var all = (await session.First<All>(
                "select count(*) as bills, coalesce(sum(total_cents), 0)::bigint as total from schoolfees.bill where entity_id = @entity and state = 'open' and due_on < @last", new { entity = session.Entity, last }))!;
            var page = command.Page(all.Bills);
            return new ReadOverdue.Answer(
                await session.List<OverdueLine>(
                    """
                    select b.code, w.key as household, w.given_name || ' ' || w.family_name as payer, s.name as service, b.period, b.due_on as dueOn, b.total_cents as total,
                           (select count(*) from schoolfees.reminder r where r.entity_id = b.entity_id and r.bill_id = b.bill_id and r.step = 'after')::int as reminders,
                           exists (select from schoolfees.dispute d where d.entity_id = b.entity_id and d.bill_id = b.bill_id and d.answer is null) as disputed
                      from schoolfees.bill b
                      join schoolfees.person w on w.entity_id = b.entity_id and w.person_id = b.payer_id
                      join schoolfees.service s on s.entity_id = b.entity_id and s.service_id = b.service_id
                     where b.entity_id = @entity and b.state = 'open' and b.due_on < @last
                     order by b.due_on, b.code limit @Rows offset @Skip
                    """, new { entity = session.Entity, last, ListPage.Rows, page.Skip }),
                page, all.Bills, all.Total, await settings.Read(session));
        },
        stop);

    sealed record All(long Bills, Euro Total);
}

/// <summary>What is overdue, and the lists for who collects it.</summary>
[RequiresPermission(DeskPermissions.Read), ShowsPersonalData]
internal sealed class ArrearsPage(ICommands commands) : IPage
{
    public const string Days = "giorni";

    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        var form = new FormState().Set(Days, request.Query[Days].ToString() is { Length: > 0 and <= 4 } typed ? typed : null);
        var days = form.Integer(Days) ?? 0;
        if (!form.IsEmpty(Days) && form.Integer(Days) is not <= 3650)
            form.AddError(Days, request.Texts["desk.arrears.days.wrong"]);
        var path = $"{request.Path}/arretrati";
        var found = await commands.Send(new ReadOverdue(form.IsValid ? days : 0, rows => ListPage.Asked(request.Query, rows, $"{path}?giorni={(form.IsValid ? days : 0)}")), stop);
        var today = LegalTime.Day(request.Now);
        return PageAnswer.View<ArrearsView>(
            new ArrearsModel(
                form, [.. found.Bills.Select(bill => new OverdueRow(bill, today.DayNumber - bill.DueOn.DayNumber, Lateness.Surcharge(found.Policy, bill.Total, bill.DueOn, today)))], found.Page, found.Count, found.Sum,
                request.Path, request.Officer!.May(DeskPermissions.Families)),
            form.IsValid ? 200 : 422);
    }
}

/// <param name="Late">In days.</param>
public sealed record OverdueRow(OverdueLine Bill, int Late, Euro Surcharge);

public sealed record ArrearsModel(FormState Form, IReadOnlyList<OverdueRow> Bills, ListPage Page, long Count, Euro Sum, string Path, bool Families);
