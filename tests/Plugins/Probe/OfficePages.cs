using Microsoft.AspNetCore.Components;
using Platform.Core.Commands;
using Platform.Core.Pages;
using Platform.Core.Plugins;
using Platform.Core.Storage;

namespace Probe;

/// <summary>A page of the console that says who looks, and whose rows he may see.</summary>
[RequiresPermission("probe.see"), ShowsPersonalData]
internal sealed class RowsPage(ISessions sessions) : IPage
{
    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        var rows = await sessions.Run(session => session.List<Guid>("select stream from probe.stream order by stream"), stop);
        return PageAnswer.View<RowsView>($"{request.Officer!.Name} {request.Officer.Id} {request.Entity.Code} {request.Creditor.Code} {request.Path} {(request.Officer.May("probe.change") ? "may change" : "looks only")} {string.Join(' ', rows)}");
    }
}

/// <summary>One row by its number: another entity's is not there.</summary>
[RequiresPermission("probe.see")]
internal sealed class RowPage(ISessions sessions, ICommands commands) : IPage
{
    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop) =>
        await sessions.Run(session => session.First<Guid?>("select stream from probe.stream where stream = @stream", new { stream = Guid.Parse(request.Route["stream"]) }), stop) is { } found
            ? PageAnswer.View<RowsView>($"row {found}")
            : PageAnswer.NotFound;

    // The page itself asks for less than what it sends needs: the pipeline has the last word.
    public async Task<PageAnswer> Post(PageRequest request, CancellationToken stop)
    {
        await commands.Send(new ChangeRow(Guid.Parse(request.Route["stream"])), stop);
        return PageAnswer.Go(request.Path);
    }
}

/// <summary>A citizen's page that sends what only officers may.</summary>
internal sealed class ForgetfulPage(ICommands commands) : IPage
{
    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        await commands.Send(new ChangeRow(Guid.Empty), stop);
        return PageAnswer.View<RowsView>("it went through");
    }
}

/// <summary>Has an import made for it, as a page that loads files has.</summary>
[RequiresPermission("probe.see")]
internal sealed class ImportingPage(LoadRows import) : IPage
{
    public Task<PageAnswer> Get(PageRequest request, CancellationToken stop) => Task.FromResult(PageAnswer.View<RowsView>($"ready to load by {import.GetType().Name}"));
}

[RequiresPermission("probe.change")]
internal sealed record ChangeRow(Guid Stream) : ICommand<int>;

internal sealed class ChangeRowHandler(ISessions sessions) : ICommandHandler<ChangeRow, int>
{
    public Task<int> Handle(ChangeRow request, CancellationToken cancellationToken) => sessions.Run(
        session => session.Execute("insert into probe.stream (entity_id, stream, version) values (@entity, @Stream, 0) on conflict (entity_id, stream) do update set version = probe.stream.version + 1", new { entity = session.Entity, request.Stream }),
        cancellationToken);
}

[RequiresPermission("probe.change")]
internal sealed class LoadRows : IImport
{
    public Task<ImportReport> Run(ImportFile file, CancellationToken stop) => Task.FromResult(new ImportReport(0, 0, 0, 0, []));
}
