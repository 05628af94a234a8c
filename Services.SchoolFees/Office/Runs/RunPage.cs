using System.Diagnostics;
using Platform.Core.Commands;
using Platform.Core.Money;
using Platform.Core.Pages;
using Platform.Core.Plugins;
using Platform.Core.Storage;
using Services.SchoolFees.Billing;

namespace Services.SchoolFees.Office;

/// <summary>What a pupil's bills of two runs differ by.</summary>
public sealed record RunChange(string Pupil, string Name, string? Code, Euro Before, Euro Now)
{
    public Euro Difference => Now - Before;
}

/// <summary>How a run compares with the approved one of the month before.</summary>
/// <param name="Against">That run; null where there is none.</param>
public sealed record RunComparison(string? Against, DateOnly? Period, int Bills, Euro Total, int New, int Gone, int More, int Less);

/// <summary>A run with its differences to the month before, the largest first.</summary>
[RequiresPermission(DeskPermissions.Bill)]
internal sealed record ReadRun(string Id, Func<long, ListPage> Page) : ICommand<ReadRun.Answer?>
{
    public const string Columns =
        """
        select r.run_id as id, s.name as service, r.period, r.due_on as dueOn, r.state, r.bills, r.total_cents as total,
               (select count(*) from schoolfees.bill b where b.entity_id = r.entity_id and b.run_id = r.run_id and b.state = 'approved')::int as "left", r.prepared_at as preparedAt, r.approved_at as approvedAt
          from schoolfees.run r join schoolfees.service s on s.entity_id = r.entity_id and s.service_id = r.service_id

        """;

    internal sealed record Answer(RunLine Run, string ServiceId, RunComparison Comparison, IReadOnlyList<RunChange> Changes, ListPage Page);
}

internal sealed class ReadRunHandler(ISessions sessions) : ICommandHandler<ReadRun, ReadRun.Answer?>
{
    public Task<ReadRun.Answer?> Handle(ReadRun command, CancellationToken stop) => sessions.Run(
        async session =>
        {
            var key = new { entity = session.Entity, command.Id };
            if (await session.First<RunLine>(ReadRun.Columns + "where r.entity_id = @entity and r.run_id = @Id", key) is not { } run)
                return null;
            var service = (await session.First<string>("select service_id from schoolfees.run where entity_id = @entity and run_id = @Id", key))!;
            var before = await session.First<Earlier>(
                """
                select run_id as id, period, bills, total_cents as total from schoolfees.run
                 where entity_id = @entity and service_id = @service and state = 'approved' and period < @Period order by period desc, approved_at desc limit 1
                """, new { entity = session.Entity, service, run.Period });
            var args = new { entity = session.Entity, command.Id, against = before?.Id };
            var comparison = (await session.First<RunComparison>(
                """
                with now as (select pupil_id, sum(total_cents) as cents from schoolfees.bill where entity_id = @entity and run_id = @Id group by 1),
                     before as (select pupil_id, sum(total_cents) as cents from schoolfees.bill where entity_id = @entity and run_id = @against group by 1)
                select @against::text as against, null::date as period, 0 as bills, 0::bigint as total,
                       (count(*) filter (where b.pupil_id is null))::int as "new", (count(*) filter (where n.pupil_id is null))::int as gone,
                       (count(*) filter (where n.cents > b.cents))::int as more, (count(*) filter (where n.cents < b.cents))::int as less
                  from now n full join before b using (pupil_id)
                """, args))! with { Period = before?.Period, Bills = before?.Bills ?? 0, Total = before?.Total ?? Euro.Zero };
            var changed = await session.First<long>(
                """
                with now as (select pupil_id, sum(total_cents) as cents from schoolfees.bill where entity_id = @entity and run_id = @Id group by 1),
                     before as (select pupil_id, sum(total_cents) as cents from schoolfees.bill where entity_id = @entity and run_id = @against group by 1)
                select count(*) from now n full join before b using (pupil_id) where n.cents is distinct from b.cents
                """, args);
            var page = command.Page(changed);
            var changes = await session.List<RunChange>(
                """
                with now as (select pupil_id, sum(total_cents) as cents, min(code) as code from schoolfees.bill where entity_id = @entity and run_id = @Id group by 1),
                     before as (select pupil_id, sum(total_cents) as cents from schoolfees.bill where entity_id = @entity and run_id = @against group by 1)
                select pupil_id as pupil, w.given_name || ' ' || w.family_name as name, n.code, coalesce(b.cents, 0)::bigint as before, coalesce(n.cents, 0)::bigint as now
                  from now n full join before b using (pupil_id)
                  join schoolfees.person w on w.entity_id = @entity and w.person_id = pupil_id
                 where n.cents is distinct from b.cents
                 order by abs(coalesce(n.cents, 0) - coalesce(b.cents, 0)) desc, pupil_id limit @Rows offset @Skip
                """, new { entity = session.Entity, command.Id, against = before?.Id, ListPage.Rows, page.Skip });
            return (ReadRun.Answer?)new ReadRun.Answer(run, service, comparison, changes, page);
        },
        stop);

    sealed record Earlier(string Id, DateOnly Period, int Bills, Euro Total);
}

/// <summary>A run: what it asks for and how that differs from the month before. From here it is approved, and credit notes are made of what it asked too much.</summary>
[RequiresPermission(DeskPermissions.Bill), ShowsPersonalData]
internal sealed class RunPage(ICommands commands) : IPage
{
    public const string Again = "ricalcola", Approve = "approva", Credit = "accredita", Do = "azione", Sure = "conferma", Total = "totale";

    public Task<PageAnswer> Get(PageRequest request, CancellationToken stop) => Show(request, new FormState(), null, stop);

    public async Task<PageAnswer> Post(PageRequest request, CancellationToken stop)
    {
        var (form, t) = (FormState.From(request.Form), request.Texts);
        if (await Read(request, stop) is not { } known)
            return PageAnswer.NotFound;
        var run = known.Run;
        switch (form[Do])
        {
            case Again:
                var prepared = await commands.Send(new PrepareRun(run.Id, known.ServiceId, run.Period, run.DueOn, Approve: false, null), stop);
                return prepared.Refusal is { } no ? await Show(request, form.AddError("", RunWords.Of(t, no)), null, stop) : PageAnswer.Go(Here(request));
            case Approve when !form.IsChecked(Sure):
                return await Show(request, form, Approve, stop);
            case Approve:
                // The total that the officer read: another one is refused, and the page shows the new one.
                var approved = await commands.Send(new PrepareRun(run.Id, known.ServiceId, run.Period, run.DueOn, Approve: true, form.Amount(Total)), stop);
                if (approved.Refusal is { } refusal)
                    return await Show(request, form.AddError("", RunWords.Of(t, refusal)), null, stop);
                await OpenRuns.For(commands, OpenRuns.AtOnce, stop);
                return PageAnswer.Go($"{Here(request)}/apertura");
            case Credit:
                if (!form.IsChecked(Sure))
                {
                    var found = await commands.Send(new FindCredits(run.Id, known.ServiceId, run.Period), stop);
                    return found is { Refusal: null, Value.Notes: > 0 } ? await Show(request, form, Credit, stop, found.Value) : PageAnswer.Go($"{Here(request)}?fatto=niente");
                }
                var credited = await commands.Send(new IssueCredits(run.Id, known.ServiceId, run.Period, form.Amount(Total)), stop);
                return credited.Refusal is { } not
                    ? await Show(request, form.AddError("", RunWords.Of(t, not)), null, stop)
                    : PageAnswer.Go($"{Here(request)}?fatto={(credited.Value > 0 ? "accreditato" : "niente")}");
            default:
                return PageAnswer.Go(Here(request));
        }
    }

    static string Here(PageRequest request) => $"{request.Path}/elaborazioni/{DeskWords.InPath(DeskWords.FromPath(request.Route["run"]))}";

    Task<ReadRun.Answer?> Read(PageRequest request, CancellationToken stop) =>
        commands.Send(new ReadRun(DeskWords.FromPath(request.Route["run"]), rows => ListPage.Asked(request.Query, rows, Here(request))), stop);

    async Task<PageAnswer> Show(PageRequest request, FormState form, string? confirm, CancellationToken stop, CreditsToConfirm? credits = null) =>
        await Read(request, stop) is not { } known ? PageAnswer.NotFound : PageAnswer.View<RunView>(
            new RunModel(
                form, known.Run, known.Comparison, known.Changes, known.Page, confirm, AmountText.Of(confirm == Credit ? credits!.Total : known.Run.Total), credits?.Notes ?? 0, credits?.Total ?? Euro.Zero,
                request.Query["fatto"].ToString() is "accreditato" or "niente" ? request.Query["fatto"].ToString() : null, request.Path, Here(request)),
            form.IsValid ? 200 : 422);
}

/// <param name="Confirm">The step that is asked once more; null at first.</param>
/// <param name="Total">What is to be confirmed, as an amount field reads it.</param>
public sealed record RunModel(
    FormState Form, RunLine Run, RunComparison Comparison, IReadOnlyList<RunChange> Changes, ListPage Page, string? Confirm, string Total, int Credits, Euro Credited, string? Done, string DeskPath, string Path);

/// <summary>Amounts in hidden fields.</summary>
internal static class AmountText
{
    public static string Of(Euro amount) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{amount.Cents / 100},{amount.Cents % 100:00}");
}

/// <summary>How far the positions of an approved run are opened; goes on where a stop left it.</summary>
[RequiresPermission(DeskPermissions.Bill)]
internal sealed class OpeningPage(ICommands commands) : IPage
{
    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        if (await commands.Send(new ReadProgress(DeskWords.FromPath(request.Route["run"])), stop) is not { } run)
            return PageAnswer.NotFound;
        var model = new OpeningModel(run, request.Path, $"{request.Path}/elaborazioni/{DeskWords.InPath(run.Id)}");
        return run.Left > 0 ? PageAnswer.Watch<OpeningView>(model, 5) : PageAnswer.View<OpeningView>(model);
    }

    public async Task<PageAnswer> Post(PageRequest request, CancellationToken stop)
    {
        await OpenRuns.For(commands, OpenRuns.AtOnce, stop);
        return PageAnswer.Go($"{request.Path}/elaborazioni/{DeskWords.InPath(DeskWords.FromPath(request.Route["run"]))}/apertura");
    }
}

public sealed record OpeningModel(RunLine Run, string DeskPath, string RunPath);

/// <summary>A run without anybody's name.</summary>
[RequiresPermission(DeskPermissions.Bill)]
internal sealed record ReadProgress(string Id) : ICommand<RunLine?>;

internal sealed class ReadProgressHandler(ISessions sessions) : ICommandHandler<ReadProgress, RunLine?>
{
    public Task<RunLine?> Handle(ReadProgress command, CancellationToken stop) =>
        sessions.Run(session => session.First<RunLine>(ReadRun.Columns + "where r.entity_id = @entity and r.run_id = @Id", new { entity = session.Entity, command.Id }), stop);
}

/// <summary>Opens approved bills as long as a page may take; what is left is opened by the host's job, or by the next press.</summary>
internal static class OpenRuns
{
    // A page's handler ends after ten seconds, and a hundred bills with their letters take one or two.
    public static readonly TimeSpan AtOnce = TimeSpan.FromSeconds(5);

    public static async Task For(ICommands commands, TimeSpan time, CancellationToken stop)
    {
        for (var began = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(began) < time && await commands.Send(new OpenBills(), stop) > 0;)
        {
        }
    }
}
