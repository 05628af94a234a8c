using System.Globalization;
using Microsoft.AspNetCore.Http;
using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Identity;
using Platform.Core.Pages;
using Platform.Core.Plugins;

namespace Platform.Core.Office;

/// <summary>What an officer may load for a service, and what was loaded last.</summary>
internal sealed class ImportsPage(ServiceCatalog catalog, CallContext call, ImportRuns runs, EntityDirectory entities, Loaders loaders) : IPage
{
    const int Shown = 30;

    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        var service = catalog.Find(call.Module)!;
        var titles = service.Imports.ToDictionary(import => import.Verb, import => ServiceWords.Title(request.Texts, "import", import.Verb, import.Summary), StringComparer.Ordinal);
        var last = await runs.Last(call.Creditor, call.Module, Shown, stop);
        var names = await loaders.Named(call.Creditor, last.Select(run => run.Officer), request.Culture, stop);
        return PageAnswer.View<ImportsView>(new ImportsModel
        {
            Elsewhere = Elsewhere.Of(await entities.Current(stop), request, call.Module, ConsoleFiles.Imports),
            Imports = [.. service.Imports.Where(import => ConsoleFiles.PermissionOf(import.Import) is { } wanted && request.Officer!.May(wanted)).Select(import => new Crumb(titles[import.Verb], $"{request.Path}/{ConsoleFiles.Imports}/{import.Verb}"))],
            Runs = [.. last.Select(run => new ImportLine(
                titles.GetValueOrDefault(run.Verb, run.Verb), $"{request.Path}/{ConsoleFiles.Imports}/{run.Verb}/{run.RunId}", ImportModel.Of(run, request.Now), names[run.Officer]))],
        });
    }
}

/// <summary>Takes a file and sends to the page that tells how far it is.</summary>
[AcceptsFiles(50), LimitTries(60, 10)]
internal sealed class ImportPage<TImport>(ServiceCatalog catalog, CallContext call, ImportRuns runs, EntityDirectory entities) : IPage
    where TImport : IImport
{
    ImportVerb Verb => catalog.Find(call.Module)!.Imports.First(import => import.Import == typeof(TImport));

    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop) => Draw(request, new FormState(), await NotHere(request, stop), StatusCodes.Status200OK);

    public async Task<PageAnswer> Post(PageRequest request, CancellationToken stop)
    {
        var form = FormState.From(request.Form);
        if (await NotHere(request, stop) is { } elsewhere)
            return Draw(request, form, elsewhere, StatusCodes.Status422UnprocessableEntity);
        if (form.File(ImportForm.File, ImportForm.Rules, request.Culture) is not { } file)
        {
            if (form.IsValid)
                form.AddError(ImportForm.File, PageTexts.Catalog.In(request.Culture)["import.file.missing"]);
            return Draw(request, form, null, StatusCodes.Status422UnprocessableEntity);
        }
        await using var content = file.OpenRead();
        var run = await runs.Begin(call, Verb, file.Name.Length == 0 ? "file.csv" : file.Name, content, form.IsChecked(ImportForm.Whole), request.Culture, stop);
        return PageAnswer.Go($"{request.Path}/{ConsoleFiles.Imports}/{Verb.Verb}/{run}");
    }

    // What is loaded is its creditor's: in another's name nobody would find it.
    async Task<Elsewhere?> NotHere(PageRequest request, CancellationToken stop) => Elsewhere.Of(await entities.Current(stop), request, call.Module, $"{ConsoleFiles.Imports}/{Verb.Verb}");

    PageAnswer Draw(PageRequest request, FormState form, Elsewhere? elsewhere, int status) => PageAnswer.View<ImportView>(
        new ImportFormModel { Elsewhere = elsewhere, Title = ServiceWords.Title(request.Texts, "import", Verb.Verb, Verb.Summary), Help = ServiceWords.Help(request.Texts, "import", Verb.Verb), Form = form, ListPath = $"{request.Path}/{ConsoleFiles.Imports}" }, status);
}

/// <summary>How far a file is, then what became of it, line by line; and the way to take it back.</summary>
[LimitTries(60, 10)]
internal sealed class ImportRunPage<TImport>(ServiceCatalog catalog, CallContext call, ImportRuns runs, Loaders loaders) : IPage
    where TImport : IImport
{
    const int PerPage = 100;

    ImportVerb Verb => catalog.Find(call.Module)!.Imports.First(import => import.Import == typeof(TImport));

    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        var id = Guid.Parse(request.Route["run"]);
        if (await runs.Find(call.Creditor, call.Module, id, stop) is not { } run || run.Verb != Verb.Verb)
            return PageAnswer.NotFound;
        if (request.Query.ContainsKey("scarti"))
            return await runs.RefusedLines(call.Creditor, call.Module, id, stop) is { } lines ? PageAnswer.File(lines, $"scarti-{run.FileName}", "text/csv; charset=utf-8") : PageAnswer.NotFound;
        var errors = run.AllErrors;
        var page = int.TryParse(request.Query["pagina"], NumberStyles.None, CultureInfo.InvariantCulture, out var asked) ? Math.Clamp(asked, 1, Math.Max(1, (errors.Count + PerPage - 1) / PerPage)) : 1;
        var list = $"{request.Path}/{ConsoleFiles.Imports}";
        var names = await loaders.Named(call.Creditor, new[] { run.Officer, run.UndoBy }.OfType<string>(), request.Culture, stop);
        var model = new ImportRunModel
        {
            Title = ServiceWords.Title(request.Texts, "import", Verb.Verb, Verb.Summary), Run = ImportModel.Of(run, request.Now), ListPath = list, AgainPath = $"{list}/{Verb.Verb}", Path = $"{list}/{Verb.Verb}/{id}",
            Errors = [.. errors.Skip((page - 1) * PerPage).Take(PerPage)], Page = page, Pages = (errors.Count + PerPage - 1) / PerPage, MoreErrors = run.MoreErrors, HasRefused = run.HasRefused,
            Language = run.Language, By = names[run.Officer], Undo = ImportUndoModel.Of(run, run.UndoBy is { } who ? names[who] : ""),
        };
        // What follows is told before it is done.
        if (request.Query.ContainsKey("annulla") && model.Undo.Offered)
            return PageAnswer.View<ImportUndoView>(model);
        return model.Run.State == ImportState.Running || model.Undo.State == "running" ? PageAnswer.Watch<ImportRunView>(model, 2) : PageAnswer.View<ImportRunView>(model);
    }

    public async Task<PageAnswer> Post(PageRequest request, CancellationToken stop)
    {
        var id = Guid.Parse(request.Route["run"]);
        if (request.Form["azione"] != "annulla" || await runs.Find(call.Creditor, call.Module, id, stop) is not { } run || run.Verb != Verb.Verb)
            return PageAnswer.NotFound;
        // Whether it was this button or another's a moment before, the page tells what becomes of it.
        await runs.BeginUndo(call, Verb, id, request.Culture, stop);
        return PageAnswer.Go($"{request.Path}/{ConsoleFiles.Imports}/{Verb.Verb}/{id}");
    }
}

/// <summary>Who loaded a file, as officers know him.</summary>
internal sealed class Loaders(OfficerRegister officers, Api.ApiKeys keys)
{
    public async Task<IReadOnlyDictionary<string, string>> Named(EntityId entity, IEnumerable<string> actors, CultureInfo culture, CancellationToken stop)
    {
        var texts = PageTexts.Catalog.In(culture);
        var wanted = actors.Distinct(StringComparer.Ordinal).ToList();
        var known = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (id, name) in await officers.Names([.. wanted.Where(actor => actor.StartsWith("officer:", StringComparison.Ordinal)).Select(actor => Guid.Parse(actor.AsSpan("officer:".Length)))], stop))
            known[$"officer:{id}"] = name;
        if (wanted.Any(actor => actor.StartsWith("key:", StringComparison.Ordinal)))
            foreach (var key in await keys.List(entity, stop))
                known[$"key:{key.KeyId}"] = texts["imports.by.key", key.Name];
        return wanted.ToDictionary(actor => actor, actor => known.GetValueOrDefault(actor) ?? (actor.StartsWith("cli:", StringComparison.Ordinal) ? texts["imports.by.operator", actor["cli:".Length..]] : actor), StringComparer.Ordinal);
    }
}

/// <summary>At whose desk a page of a service works, where it is not this one: to whom the money is owed.</summary>
/// <param name="Path">That desk's page; null where nobody is the creditor yet.</param>
public sealed record Elsewhere(string? Creditor, string? Path)
{
    /// <summary>Whether a page or an office command works at the creditor's desk only.</summary>
    internal static bool IsAtCreditor(Type work) =>
        work.IsDefined(typeof(AtCreditorAttribute), inherit: false) || (work.IsConstructedGenericType && work.GetGenericArguments().Any(argument => argument.IsDefined(typeof(AtCreditorAttribute), inherit: false)));

    internal static Elsewhere? Of(EntitySnapshot known, PageRequest request, string service, string page) => Of(known, request.Entity, service, $"{request.Path.Split('/')[^1]}/{page}");

    /// <param name="page">Below the other desk's own address.</param>
    internal static Elsewhere? Of(EntitySnapshot known, Entity desk, string service, string page)
    {
        if (known.CreditorsOf(service, announced: true).Any(owed => owed.Id == desk.Id))
            return null;
        var creditor = known.ActivationsOf(desk.Id).FirstOrDefault(offer => offer.Service == service)?.Creditor is { } id ? known.ById(id) : null;
        return creditor is null ? new(null, null) : new(creditor.Name, $"{ConsolePaths.Of(creditor)}/{page}");
    }
}

/// <summary>Names of the import form's fields.</summary>
internal static class ImportForm
{
    public const string File = "file";
    public const string Whole = "tutto_o_niente";

    public static FileRules Rules { get; } = new(49 << 20, FileKind.Csv);
}

/// <summary>What a service calls its imports and office commands in the reader's language: <c>import.{verb}</c> and <c>office.{verb}</c> of its texts, its own summary without them.</summary>
internal static class ServiceWords
{
    public static string Title(Texts texts, string kind, string verb, string summary) => Has(texts, $"{kind}.{verb}") ?? summary;

    public static string? Help(Texts texts, string kind, string verb) => Has(texts, $"{kind}.{verb}.help");

    public static string? Has(Texts texts, string key) => texts[key] is var words && words != key ? words : null;
}

/// <summary>Where a file stands.</summary>
public enum ImportState
{
    Running,
    Done,
    /// <summary>The service could not go on; what was loaded until then stays.</summary>
    Failed,
    /// <summary>The host that loaded it is gone.</summary>
    Lost,
}

/// <summary>A file that was loaded, as pages tell it.</summary>
/// <param name="Failure">In the service's words, where it had any.</param>
public sealed record ImportModel(
    ImportState State, string FileName, long Bytes, bool AllOrNothing, DateTimeOffset StartedAt, DateTimeOffset? EndedAt, int Read, int Added, int Changed, int Unchanged, int Waiting, int Errors, string? Failure, bool Undone)
{
    /// <summary>Nothing of a file that was read to its end was of use: no line, or none that was good.</summary>
    public bool Nothing => State == ImportState.Done && Added + Changed + Unchanged + Waiting == 0;

    internal static ImportModel Of(ImportRun run, DateTimeOffset now) => new(
        run.EndedAt is null ? now - run.SeenAt > ImportRuns.Silence ? ImportState.Lost : ImportState.Running : run.Failure is null ? ImportState.Done : ImportState.Failed,
        run.FileName, run.Bytes, run.AllOrNothing, Time.LegalTime.Local(run.StartedAt), run.EndedAt is { } end ? Time.LegalTime.Local(end) : null, run.Read, run.Added, run.Changed, run.Unchanged, run.Waiting,
        Math.Max(run.Refused, run.AllErrors.Count + run.MoreErrors), run.Failure is "broken" or "stopped" ? null : run.Failure, run.Undo == "done");
}

/// <summary>Whether a load can be taken back, or was.</summary>
/// <param name="State">running, done, refused or failed; null where nobody asked for it.</param>
/// <param name="Offered">The button is there.</param>
/// <param name="Words">Why it was refused.</param>
public sealed record ImportUndoModel(string? State, bool Offered, bool Never, string By, DateTimeOffset? At, string? Words, int Removed, int Restored)
{
    internal static ImportUndoModel Of(ImportRun run, string by) => new(
        run.Undo, run.Undoable && run.EndedAt is not null && (run.Undo is null or "refused" or "failed") && (run.Added + run.Changed + run.Waiting > 0 || run.Failure is not null), !run.Undoable,
        by, run.UndoAt is { } at ? Time.LegalTime.Local(at) : null, run.UndoWords, run.UndoRemoved, run.UndoRestored);
}

/// <summary>A line of the list of files.</summary>
/// <param name="By">Who loaded it.</param>
public sealed record ImportLine(string Title, string Path, ImportModel Run, string By);

/// <summary>What may be loaded, and what was.</summary>
public sealed class ImportsModel
{
    public required Elsewhere? Elsewhere { get; init; }

    public required IReadOnlyList<Crumb> Imports { get; init; }

    public required IReadOnlyList<ImportLine> Runs { get; init; }
}

/// <summary>The form that takes a file.</summary>
public sealed class ImportFormModel
{
    public required Elsewhere? Elsewhere { get; init; }

    public required string Title { get; init; }

    public required string? Help { get; init; }

    public required FormState Form { get; init; }

    public required string ListPath { get; init; }
}

/// <summary>One file and its errors, a page of them.</summary>
public sealed class ImportRunModel
{
    public required string Title { get; init; }

    public required ImportModel Run { get; init; }

    public required string Path { get; init; }

    public required string ListPath { get; init; }

    public required string AgainPath { get; init; }

    public required IReadOnlyList<ImportError> Errors { get; init; }

    public required int Page { get; init; }

    public required int Pages { get; init; }

    /// <summary>Errors that were counted and not kept.</summary>
    public required int MoreErrors { get; init; }

    public required bool HasRefused { get; init; }

    /// <summary>Of the errors' words.</summary>
    public required string Language { get; init; }

    public required string By { get; init; }

    public required ImportUndoModel Undo { get; init; }
}
