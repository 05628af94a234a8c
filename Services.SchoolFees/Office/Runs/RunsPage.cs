using System.Globalization;
using Platform.Core.Commands;
using Platform.Core.Money;
using Platform.Core.Pages;
using Platform.Core.Plugins;
using Platform.Core.Storage;
using Services.SchoolFees.Billing;

namespace Services.SchoolFees.Office;

/// <summary>A run of bills, and how far its positions are opened.</summary>
public sealed record RunLine(string Id, string Service, DateOnly Period, DateOnly DueOn, string State, int Bills, Euro Total, int Left, DateTimeOffset PreparedAt, DateTimeOffset? ApprovedAt);

/// <summary>Runs, the newest first, and the services to bill.</summary>
[RequiresPermission(DeskPermissions.Bill)]
internal sealed record ReadRuns(Func<long, ListPage> Page) : ICommand<ReadRuns.Answer>
{
    internal sealed record Answer(IReadOnlyList<RunLine> Runs, ListPage Page, IReadOnlyList<Choice> Services);
}

internal sealed class ReadRunsHandler(ISessions sessions) : ICommandHandler<ReadRuns, ReadRuns.Answer>
{
    public Task<ReadRuns.Answer> Handle(ReadRuns command, CancellationToken stop) => sessions.Run(
        async session =>
        {
            var page = command.Page(await session.First<long>("select count(*) from schoolfees.run where entity_id = @entity", new { entity = session.Entity }));
            return new ReadRuns.Answer(
                await session.List<RunLine>(
                    ReadRun.Columns + "where r.entity_id = @entity order by r.period desc, r.prepared_at desc, r.run_id limit @Rows offset @Skip", new { entity = session.Entity, ListPage.Rows, page.Skip }),
                page,
                [.. (await session.List<Named>("select service_id as id, name from schoolfees.service where entity_id = @entity order by name", new { entity = session.Entity })).Select(service => new Choice(service.Id, service.Name))]);
        },
        stop);

    sealed record Named(string Id, string Name);
}

/// <summary>Runs of bills, and the form that works a new one out.</summary>
[RequiresPermission(DeskPermissions.Bill)]
internal sealed class RunsPage(ICommands commands) : IPage
{
    public const string Service = "servizio", Month = "mese", Due = "scadenza";

    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop) => Show(request, new FormState(), await Read(request, stop));

    public async Task<PageAnswer> Post(PageRequest request, CancellationToken stop)
    {
        var (form, t, known) = (FormState.From(request.Form), request.Texts, await Read(request, stop));
        var (service, month, due) = (form.Choice(Service, known.Services), ReadMonth(form[Month]), form.Date(Due));
        if (service is null)
            form.AddError(Service, t["desk.run.service.missing"]);
        if (month is null)
            form.AddError(Month, t["desk.run.month.wrong"]);
        if (due is not { Year: > 2000 and < 2100 } || due < month)
            form.AddError(Due, t["desk.run.due.wrong"]);
        if (!form.IsValid)
            return Show(request, form, known);
        var id = await commands.Send(new NameRun(service!, month!.Value), stop);
        var prepared = await commands.Send(new PrepareRun(id, service!, month.Value, due!.Value, Approve: false, null), stop);
        return prepared.Refusal is { } refusal ? Show(request, form.AddError("", RunWords.Of(t, refusal)), known) : PageAnswer.Go($"{request.Path}/elaborazioni/{DeskWords.InPath(id)}");
    }

    Task<ReadRuns.Answer> Read(PageRequest request, CancellationToken stop) => commands.Send(new ReadRuns(rows => ListPage.Asked(request.Query, rows, $"{request.Path}/elaborazioni")), stop);

    /// <summary>As its field writes it (2026-02), and as people do (02/2026).</summary>
    static DateOnly? ReadMonth(string typed) =>
        DateOnly.TryParseExact(typed + "-01", "yyyy-M-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var month)
        || DateOnly.TryParseExact("1/" + typed, "d/M/yyyy", CultureInfo.InvariantCulture, DateTimeStyles.None, out month)
            ? month.Year is > 2000 and < 2100 ? month : null : null;

    static PageAnswer Show(PageRequest request, FormState form, ReadRuns.Answer known) =>
        PageAnswer.View<RunsView>(new RunsModel(form, known.Services, known.Runs, known.Page, request.Path), form.IsValid ? 200 : 422);
}

public sealed record RunsModel(FormState Form, IReadOnlyList<Choice> Services, IReadOnlyList<RunLine> Runs, ListPage Page, string Path);

/// <summary>The name of a month's run of a service: that of its preview, if there is one, else a new one.</summary>
[RequiresPermission(DeskPermissions.Bill)]
internal sealed record NameRun(string Service, DateOnly Period) : ICommand<string>;

internal sealed class NameRunHandler(ISessions sessions) : ICommandHandler<NameRun, string>
{
    public Task<string> Handle(NameRun command, CancellationToken stop) => sessions.Run(
        async session =>
        {
            if (await session.First<string>(
                    "select run_id from schoolfees.run where entity_id = @entity and service_id = @Service and period = @Period and state = 'preview' order by prepared_at desc limit 1",
                    new { entity = session.Entity, command.Service, command.Period }) is { } preview)
                return preview;
            var stem = string.Create(CultureInfo.InvariantCulture, $"{command.Service}-{command.Period:yyyy-MM}");
            var taken = (await session.List<string>("select run_id from schoolfees.run where entity_id = @entity and starts_with(run_id, @stem)", new { entity = session.Entity, stem })).ToHashSet(StringComparer.Ordinal);
            return Enumerable.Range(1, int.MaxValue).Select(number => number == 1 ? stem : string.Create(CultureInfo.InvariantCulture, $"{stem}-{number}")).First(name => !taken.Contains(name));
        },
        stop);
}

/// <summary>Says in the reader's language why a run was refused.</summary>
internal static class RunWords
{
    public static string Of(Texts t, Refusal refusal) => t[$"desk.{refusal.Code}"] is var words && words != $"desk.{refusal.Code}" ? words : refusal.Detail ?? refusal.Code;
}
