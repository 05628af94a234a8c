using System.Globalization;
using Platform.Core.Entities;
using Platform.Core.Events;
using Platform.Core.Jobs;
using Platform.Core.Mail;
using Platform.Core.Maintenance;
using Platform.Core.Office;
using Platform.Core.Pages;
using Platform.Core.Plugins;

namespace Platform.Core.Watch;

/// <summary>What the pages of this folder have in common: who looks may not be who tries again.</summary>
internal static class Again
{
    /// <summary>Lines on a page.</summary>
    public const int Most = 50;

    /// <exception cref="NotPermittedException">He may look and do nothing.</exception>
    public static void Ask(PageRequest request)
    {
        if (request.Officer?.May(CorePermissions.Again) != true)
            throw new NotPermittedException(CorePermissions.Again);
    }

    /// <summary>The page that is asked for, from 1.</summary>
    public static int PageOf(PageRequest request) => int.TryParse(request.Query["pagina"], NumberStyles.None, CultureInfo.InvariantCulture, out var page) && page is >= 1 and <= 1000 ? page : 1;
}

/// <summary>What services do by the clock: when last, when next, and the runs that failed for good.</summary>
[RequiresPermission(CorePermissions.Watch)]
internal sealed class JobsPage(JobBoard board, ParkedRuns parked, EntityDirectory entities, ServiceCatalog catalog) : IPage
{
    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        var page = Again.PageOf(request);
        var runs = await board.Parked(Again.Most + 1, (page - 1) * Again.Most, stop);
        var known = await entities.Current(stop);
        string When(DateTimeOffset? at) => at is { } moment ? MaintenanceWindow.Moment(moment, request.Culture) : request.Texts["watch.never"];
        return PageAnswer.View<JobsView>(new JobsModel
        {
            Jobs =
            [
                .. (await board.Jobs(stop)).Select(job => new JobLine(
                    catalog.Find(job.Service)?.TitleIn(request.Culture) ?? job.Service, job.Job, job.Cron, When(job.LastDone),
                    catalog.Find(job.Service)?.Jobs.Any(plan => plan.Name == job.Job) == true ? When(job.NextAt) : request.Texts["watch.jobs.gone"], job.Waiting, job.Running, job.Parked)),
            ],
            Parked =
            [
                .. runs.Take(Again.Most).Select(run => new StoppedLine(
                    $"{catalog.Find(run.Service)?.TitleIn(request.Culture) ?? run.Service}: {run.Job}", known.ById(new(run.EntityId))?.Name ?? run.Code, When(run.DueAt), run.Tries, run.Error,
                    [KeyValuePair.Create("servizio", run.Service), KeyValuePair.Create("lavoro", run.Job), KeyValuePair.Create("ente", run.Code)])),
            ],
            Path = request.Path + "/lavori", Page = page, More = runs.Count > Again.Most, MayAgain = request.Officer!.May(CorePermissions.Again), Done = request.Query["fatti"],
        });
    }

    public async Task<PageAnswer> Post(PageRequest request, CancellationToken stop)
    {
        Again.Ask(request);
        var form = FormState.From(request.Form);
        if ((await entities.Current(stop)).ByCode(form["ente"]) is not { } entity)
            return PageAnswer.NotFound;
        var done = await parked.Restart(form["servizio"], form["lavoro"], entity.Id, request.Officer!.Actor, stop);
        return PageAnswer.Go(string.Create(CultureInfo.InvariantCulture, $"{request.Path}/lavori?fatti={done}"));
    }
}

/// <summary>Events that could not be delivered: whose, to whom, why and since when.</summary>
[RequiresPermission(CorePermissions.Watch)]
internal sealed class EventsPage(ParkedDeliveries parked, EntityDirectory entities) : IPage
{
    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        var page = Again.PageOf(request);
        var known = await entities.Current(stop);
        var found = await parked.Find(null, stop, Again.Most + 1, (page - 1) * Again.Most);
        return PageAnswer.View<EventsView>(new EventsModel
        {
            Parked =
            [
                .. found.Take(Again.Most).Select(one => new StoppedLine(
                    $"{one.Type} → {one.Handler}", known.ById(new(one.Entity))?.Name ?? $"{one.Entity}", MaintenanceWindow.Moment(one.At, request.Culture), one.Tries, one.Error,
                    [KeyValuePair.Create("ente", known.ById(new(one.Entity))?.Code ?? ""), KeyValuePair.Create("evento", $"{one.Event}"), KeyValuePair.Create("chi", one.Handler)])),
            ],
            Path = request.Path + "/eventi", Page = page, More = found.Count > Again.Most, MayAgain = request.Officer!.May(CorePermissions.Again), Done = request.Query["fatti"],
        });
    }

    public async Task<PageAnswer> Post(PageRequest request, CancellationToken stop)
    {
        Again.Ask(request);
        var form = FormState.From(request.Form);
        var (known, done) = (await entities.Current(stop), 0);
        if (form["azione"] == "tutti")
            foreach (var entity in (await parked.Find(null, stop)).Select(one => one.Entity).Distinct())
                done += await parked.Replay(new(entity), null, null, request.Officer!.Actor, stop);
        else if (known.ByCode(form["ente"]) is { } entity && Guid.TryParse(form["evento"], out var wanted))
            done = await parked.Replay(entity.Id, wanted, form["chi"], request.Officer!.Actor, stop);
        else
            return PageAnswer.NotFound;
        return PageAnswer.Go(string.Create(CultureInfo.InvariantCulture, $"{request.Path}/eventi?fatti={done}"));
    }
}

/// <summary>Letters that did not arrive. It shows addresses of persons, and the journal notes each look.</summary>
[RequiresPermission(CorePermissions.Watch), ShowsPersonalData]
internal sealed class LettersPage(MailRegister letters, EntityDirectory entities) : IPage
{
    static readonly string[] States = ["refused", "bounced", "given_up"];

    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        var known = await entities.Current(stop);
        var state = States.FirstOrDefault(one => one == request.Query["stato"]);
        var found = await letters.Failed(state, null, Before(request.Query["prima"].ToString()), Again.Most + 1, stop);
        var last = found.Count > Again.Most ? found[Again.Most - 1] : null;
        return PageAnswer.View<LettersView>(new LettersModel
        {
            Letters =
            [
                .. found.Take(Again.Most).Select(one => new LetterLine(
                    known.ById(new(one.EntityId))?.Name ?? $"{one.EntityId}", $"{one.Module}: {one.Template}", one.Recipient, one.State, one.Error, MaintenanceWindow.Moment(one.WrittenAt, request.Culture),
                    [KeyValuePair.Create("ente", known.ById(new(one.EntityId))?.Code ?? ""), KeyValuePair.Create("lettera", $"{one.MailId}")])),
            ],
            States = States, State = state, Path = request.Path + "/lettere", MayAgain = request.Officer!.May(CorePermissions.Again), Done = request.Query["fatti"],
            Next = last is null ? null : string.Create(CultureInfo.InvariantCulture, $"{request.Path}/lettere?{(state is null ? "" : $"stato={state}&")}prima={last.WrittenAt.UtcTicks}_{last.MailId}"),
        });
    }

    public async Task<PageAnswer> Post(PageRequest request, CancellationToken stop)
    {
        Again.Ask(request);
        var form = FormState.From(request.Form);
        if ((await entities.Current(stop)).ByCode(form["ente"]) is not { } entity || !Guid.TryParse(form["lettera"], out var letter))
            return PageAnswer.NotFound;
        var done = await letters.Again(entity.Id, letter, request.Officer!.Actor, stop);
        return PageAnswer.Go($"{request.Path}/lettere?fatti={(done ? 1 : 0)}");
    }

    /// <summary>Where the page before ended: a moment and a letter.</summary>
    static (DateTimeOffset At, Guid Letter)? Before(string text) =>
        text.Split('_') is [var ticks, var letter] && long.TryParse(ticks, NumberStyles.None, CultureInfo.InvariantCulture, out var at) && at <= DateTime.MaxValue.Ticks && Guid.TryParse(letter, out var number)
            ? (new DateTimeOffset(at, TimeSpan.Zero), number) : null;
}

/// <summary>A job as it stands, in words.</summary>
public sealed record JobLine(string Service, string Name, string Cron, string LastDone, string Next, int Waiting, int Running, int Parked);

/// <summary>Something that failed too often and waits for somebody.</summary>
/// <param name="Since">When it became due, or happened.</param>
/// <param name="Fields">What a form sends to have it tried again.</param>
public sealed record StoppedLine(string What, string Entity, string Since, int Tries, string? Error, IReadOnlyList<KeyValuePair<string, string>> Fields);

/// <summary>A letter that did not arrive.</summary>
/// <param name="Recipient">Null where it was emptied: such a letter cannot be sent again.</param>
public sealed record LetterLine(string Entity, string What, string? Recipient, string State, string? Error, string Written, IReadOnlyList<KeyValuePair<string, string>> Fields);

/// <summary>What the three pages know.</summary>
public abstract class WatchModel
{
    public required string Path { get; init; }

    /// <summary>He may have things tried again.</summary>
    public required bool MayAgain { get; init; }

    /// <summary>How many are due again by the button that he pressed; null before that.</summary>
    public required string? Done { get; init; }
}

public sealed class JobsModel : WatchModel
{
    public required IReadOnlyList<JobLine> Jobs { get; init; }

    public required IReadOnlyList<StoppedLine> Parked { get; init; }

    public required int Page { get; init; }

    public required bool More { get; init; }
}

public sealed class EventsModel : WatchModel
{
    public required IReadOnlyList<StoppedLine> Parked { get; init; }

    public required int Page { get; init; }

    public required bool More { get; init; }
}

public sealed class LettersModel : WatchModel
{
    public required IReadOnlyList<LetterLine> Letters { get; init; }

    public required IReadOnlyList<string> States { get; init; }

    /// <summary>Only these; null for all.</summary>
    public required string? State { get; init; }

    /// <summary>The address of older ones; null when there are none.</summary>
    public required string? Next { get; init; }
}
