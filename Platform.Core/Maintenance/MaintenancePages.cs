using System.Globalization;
using Platform.Core.Entities;
using Platform.Core.Office;
using Platform.Core.Pages;
using Platform.Core.Plugins;
using Platform.Core.Time;

namespace Platform.Core.Maintenance;

/// <summary>Which services rest or will, at the desk of an entity for its own pages, at the centre's for all.</summary>
[RequiresPermission(CorePermissions.Maintenance)]
internal sealed class MaintenanceListPage(EntityDirectory entities, ServiceCatalog catalog) : IPage
{
    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        var known = await entities.Current(stop);
        return PageAnswer.View<MaintenanceListView>(new MaintenanceListModel
        {
            ForAll = request.Entity.Id == EntityId.Centre,
            Services =
            [
                .. ServicesAt(request.Entity, known, catalog).Select(service => new MaintenanceLine(
                    service.TitleIn(request.Culture), $"{request.Path}/{service.Id}",
                    known.MaintenanceAt(request.Entity.Id, service.Id, request.Now) is { } window
                        ? request.Texts[window.From <= request.Now ? "maintenance.now" : "maintenance.planned", MaintenanceWindow.Moment(window.From, request.Culture), MaintenanceWindow.Moment(window.Until, request.Culture)]
                        : request.Texts["maintenance.none"])),
            ],
        });
    }

    public static IEnumerable<ServiceDescription> ServicesAt(Entity desk, EntitySnapshot known, ServiceCatalog catalog) => catalog.Services.Where(service =>
        desk.Id == EntityId.Centre || known.ActivationsOf(desk.Id).Any(offer => offer.Service == service.Id) || known.CreditorsOf(service.Id).Any(creditor => creditor.Id == desk.Id));
}

/// <summary>Lets one service rest, or wakes it.</summary>
[RequiresPermission(CorePermissions.Maintenance)]
internal sealed class MaintenancePage(EntityDirectory entities, ServiceCatalog catalog, MaintenanceRegister register) : IPage
{
    const int MostWords = 500;
    const int MostDays = 60;

    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        if (await Find(request, stop) is not var (service, window))
            return PageAnswer.NotFound;
        var (from, until) = (LegalTime.Local(window?.From ?? request.Now), LegalTime.Local(window?.Until ?? request.Now.AddHours(2)));
        return Show(request, service, window, new FormState()
            .Set("dal", DateOnly.FromDateTime(from.DateTime)).Set("ora_dal", from.ToString("HH:mm", CultureInfo.InvariantCulture))
            .Set("al", DateOnly.FromDateTime(until.DateTime)).Set("ora_al", until.ToString("HH:mm", CultureInfo.InvariantCulture))
            .Set("testo", window?.Words).Set("testo_en", window?.WordsEn));
    }

    public async Task<PageAnswer> Post(PageRequest request, CancellationToken stop)
    {
        if (await Find(request, stop) is not var (service, window))
            return PageAnswer.NotFound;
        var form = FormState.From(request.Form);
        if (form["azione"] == "togli")
        {
            await register.End(request.Entity.Id, service.Id, request.Officer!.Actor, stop);
            return PageAnswer.Go(request.Path);
        }
        var (from, until) = (Moment(form, request, "dal"), Moment(form, request, "al"));
        if (form.IsValid && until <= from)
            form.AddError("al", request.Texts["maintenance.order"]);
        else if (form.IsValid && (until <= request.Now || until > request.Now.AddDays(MostDays)))
            form.AddError("al", request.Texts["maintenance.length", MostDays]);
        foreach (var words in new[] { "testo", "testo_en" })
            if (form[words].Length > MostWords)
                form.AddError(words, request.Texts["maintenance.words.long", MostWords]);
        if (!form.IsValid)
            return Show(request, service, window, form);
        await register.Set(new(request.Entity.Id, service.Id, from!.Value, until!.Value, form["testo"], form["testo_en"]), request.Officer!.Actor, stop);
        return PageAnswer.Go(request.Path);
    }

    async Task<(ServiceDescription Service, MaintenanceWindow? Window)?> Find(PageRequest request, CancellationToken stop)
    {
        var known = await entities.Current(stop);
        return MaintenanceListPage.ServicesAt(request.Entity, known, catalog).FirstOrDefault(service => service.Id == request.Route["service"]) is { } found
            ? (found, known.MaintenanceAt(request.Entity.Id, found.Id, request.Now)) : null;
    }

    /// <summary>Day and time as two fields; null with an error at the one that is wrong.</summary>
    static DateTimeOffset? Moment(FormState form, PageRequest request, string day)
    {
        var time = TimeOnly.TryParseExact(form["ora_" + day].Replace('.', ':'), ["H:mm", "HH:mm"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var read) ? read : (TimeOnly?)null;
        if (form.Date(day) is null)
            form.AddError(day, request.Texts["form.date.format"]);
        if (time is null)
            form.AddError("ora_" + day, request.Texts["maintenance.time.format"]);
        if (form.Date(day) is not { } date || time is not { } hour)
            return null;
        if (LegalTime.Instant(date, hour) is { } instant)
            return instant;
        form.AddError("ora_" + day, request.Texts["maintenance.time.skipped"]);
        return null;
    }

    static PageAnswer Show(PageRequest request, ServiceDescription service, MaintenanceWindow? window, FormState form) => PageAnswer.View<MaintenanceView>(
        new MaintenanceModel { Form = form, Service = service.TitleIn(request.Culture), Path = request.Path, IsSet = window is not null, ForAll = request.Entity.Id == EntityId.Centre }, form.IsValid ? 200 : 422);
}

/// <summary>A service and how it stands.</summary>
public sealed record MaintenanceLine(string Title, string Path, string State);

public sealed class MaintenanceListModel
{
    /// <summary>It is the centre's desk.</summary>
    public required bool ForAll { get; init; }

    public required IReadOnlyList<MaintenanceLine> Services { get; init; }
}

public sealed class MaintenanceModel
{
    public required FormState Form { get; init; }

    public required string Service { get; init; }

    /// <summary>Of the list.</summary>
    public required string Path { get; init; }

    /// <summary>There is something to take away.</summary>
    public required bool IsSet { get; init; }

    public required bool ForAll { get; init; }
}
