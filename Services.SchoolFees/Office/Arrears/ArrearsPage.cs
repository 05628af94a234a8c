using Platform.Core.Commands;
using Platform.Core.Money;
using Platform.Core.Pages;
using Platform.Core.Plugins;
using Platform.Core.Settings;
using Platform.Core.Storage;
using Platform.Core.Time;
using Services.SchoolFees.Arrears;
using Services.SchoolFees.Instalments;

namespace Services.SchoolFees.Office;

/// <summary>A bill that is overdue.</summary>
public sealed record OverdueLine(string Code, Guid Household, string Payer, string Service, DateOnly Period, DateOnly DueOn, Euro Total, int N, int Of, Euro Fixed, DateOnly BillDueOn, int Reminders, bool Disputed);

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
                "select count(*) as bills, coalesce(sum(o.cents), 0)::bigint as total from " + Owed.Rows + " o where o.due_on < @last", new { entity = session.Entity, last }))!;
            var page = command.Page(all.Bills);
            return new ReadOverdue.Answer(
                await session.List<OverdueLine>(
                    """
                    select b.code, w.key as household, w.given_name || ' ' || w.family_name as payer, s.name as service, b.period, o.due_on as dueOn, o.cents as total, o.n, o."of", o.surcharge_cents as fixed, o.bill_due_on as billDueOn,
                           (select count(*) from schoolfees.reminder r where r.entity_id = b.entity_id and r.bill_id = b.bill_id and r.instalment = o.n and r.step = 'after')::int as reminders,
                           exists (select from schoolfees.dispute d where d.entity_id = b.entity_id and d.bill_id = b.bill_id and d.answer is null) as disputed
                      from
                    """ + Owed.Rows +
                    """
                     o
                      join schoolfees.bill b on b.entity_id = @entity and b.bill_id = o.bill_id
                      join schoolfees.person w on w.entity_id = b.entity_id and w.person_id = b.payer_id
                      join schoolfees.service s on s.entity_id = b.entity_id and s.service_id = b.service_id
                     where o.due_on < @last
                     order by o.due_on, b.code, o.n limit @Rows offset @Skip
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
                form, [.. found.Bills.Select(bill => new OverdueRow(bill, today.DayNumber - bill.DueOn.DayNumber, bill.N == 0 ? Lateness.Surcharge(found.Policy, bill.Total, bill.DueOn, today)
                    : bill.Fixed > Euro.Zero ? bill.Fixed : Lateness.OfInstalment(found.Policy, bill.Total, bill.DueOn, bill.BillDueOn, today)))], found.Page, found.Count, found.Sum,
                request.Path, request.Officer!.May(DeskPermissions.Families)),
            form.IsValid ? 200 : 422);
    }
}

/// <param name="Late">In days.</param>
public sealed record OverdueRow(OverdueLine Bill, int Late, Euro Surcharge);

public sealed record ArrearsModel(FormState Form, IReadOnlyList<OverdueRow> Bills, ListPage Page, long Count, Euro Sum, string Path, bool Families);
