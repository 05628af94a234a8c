using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using Platform.Core.Documents;
using Platform.Core.Entities;
using Platform.Core.Hosting;
using Platform.Core.Pages;
using Platform.Core.Plugins;
using Platform.Core.Settings;

namespace Platform.Core.Office;

/// <summary>All entities, by name, and those that a search finds.</summary>
[RequiresPermission(CorePermissions.Estate)]
internal sealed class EntitiesPage(EntityDirectory entities) : IPage
{
    const int PerPage = 50;

    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        var known = await entities.Current(stop);
        var wanted = request.Query["cerca"].ToString().Trim();
        var found = known.All.Where(entity => entity.Id != EntityId.Centre
            && (wanted.Length == 0 || entity.Name.Contains(wanted, StringComparison.OrdinalIgnoreCase) || entity.Code.Equals(wanted, StringComparison.OrdinalIgnoreCase))).ToList();
        // By the name that was last, so that an entity added meanwhile shifts nothing.
        var after = request.Query["dopo"].ToString();
        var rest = after.Length == 0 ? found : [.. found.SkipWhile(entity => entity.Code != after).Skip(1)];
        return PageAnswer.View<EntitiesView>(new EntitiesModel
        {
            Wanted = wanted, Found = found.Count, Path = request.Path, More = rest.Count > PerPage ? $"{request.Path}?cerca={WebUtility.UrlEncode(wanted)}&dopo={rest[PerPage - 1].Code}" : null,
            Entities = [.. rest.Take(PerPage).Select(entity => new EntityLine(entity, $"{request.Path}/ente/{entity.Code}", known.ActivationsOf(entity.Id).Count(offer => offer.Active)))],
        });
    }
}

/// <summary>Writes down a new entity; nothing of it is seen by citizens but its empty page.</summary>
[RequiresPermission(CorePermissions.Estate)]
internal sealed class NewEntityPage(EntityDirectory entities, EntityImport import) : IPage
{
    public static readonly string[] Columns = ["id", "codice", "slug", "nome", "tipo", "istat", "codice_fiscale", "colore", "sito", "indirizzo", "telefono", "email", "pec"];

    public Task<PageAnswer> Get(PageRequest request, CancellationToken stop) => Task.FromResult(Draw(request, new FormState().Set("colore", "#0066cc").Set("tipo", "municipality"), StatusCodes.Status200OK));

    public async Task<PageAnswer> Post(PageRequest request, CancellationToken stop)
    {
        var form = FormState.From(request.Form);
        var texts = PageTexts.Catalog.In(request.Culture);
        var known = await entities.Current(stop);
        foreach (var wrong in EntityDecisions.Wrong(Columns.Where(EntityDecisions.Fields.Contains).ToDictionary(name => name, name => form[name], StringComparer.Ordinal)))
            form.AddError(wrong, texts[$"estate.wrong.{(wrong is "nome" or "colore" or "sito" ? wrong : "other")}"]);
        foreach (var (name, taken) in new[]
        {
            ("codice", known.ByCode(form["codice"]) is not null), ("slug", known.BySlug(form["slug"]) is not null),
            ("id", int.TryParse(form["id"], NumberStyles.None, CultureInfo.InvariantCulture, out var id) && known.ById(new(id)) is not null),
            ("istat", form["istat"].Length > 0 && known.All.Any(entity => entity.IstatCode == form["istat"])),
        })
            if (taken)
                form.AddError(name, texts["estate.taken"]);
        // The line of a file is what the import knows how to judge; what it says of a field is said there.
        using var file = new MemoryStream(Encoding.UTF8.GetBytes($"{string.Join(';', Columns)}\n{string.Join(';', Columns.Select(name => $"\"{form[name].Replace("\"", "\"\"", StringComparison.Ordinal)}\""))}\n"));
        if (form.IsValid)
            try
            {
                foreach (var error in (await import.Run(file, stop, request.Officer!.Actor, onlyNew: true)).Errors)
                    form.AddError(error.Field ?? "", error.Field is { } field ? texts[$"estate.wrong.{field}"] : error.Message);
                entities.Forget();
            }
            catch (FormatException refused)
            {
                form.AddError("", texts["estate.wrong.database", refused.Message]);
            }
        return form.IsValid ? PageAnswer.Go($"{request.Path}/ente/{form["codice"]}/guida") : Draw(request, form, StatusCodes.Status422UnprocessableEntity);
    }

    static PageAnswer Draw(PageRequest request, FormState form, int status) => PageAnswer.View<NewEntityView>(new NewEntityModel(form, request.Path), status);
}

/// <summary>Loads entities from a CSV file, as <c>portico entity import</c> does.</summary>
[RequiresPermission(CorePermissions.Estate), AcceptsFiles(4)]
internal sealed class LoadEntitiesPage(EntityDirectory entities, EntityImport import) : IPage
{
    public static FileRules Rules { get; } = new(3 << 20, FileKind.Csv);

    public Task<PageAnswer> Get(PageRequest request, CancellationToken stop) => Task.FromResult(Draw(request, new FormState(), null, StatusCodes.Status200OK));

    public async Task<PageAnswer> Post(PageRequest request, CancellationToken stop)
    {
        var form = FormState.From(request.Form);
        var texts = PageTexts.Catalog.In(request.Culture);
        if (form.File("file", Rules, request.Culture) is not { } file)
        {
            if (form.IsValid)
                form.AddError("file", texts["import.file.missing"]);
            return Draw(request, form, null, StatusCodes.Status422UnprocessableEntity);
        }
        try
        {
            await using var content = file.OpenRead();
            var report = await import.Run(content, stop, request.Officer!.Actor);
            entities.Forget();
            return Draw(request, form, report, report.Errors.Count == 0 ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity);
        }
        catch (Exception refused) when (refused is FormatException or CsvHelper.CsvFormatException)
        {
            form.AddError("file", texts["estate.csv.failed", refused.Message]);
            return Draw(request, form, null, StatusCodes.Status422UnprocessableEntity);
        }
    }

    static PageAnswer Draw(PageRequest request, FormState form, ImportReport? report, int status) => PageAnswer.View<LoadEntitiesView>(new LoadEntitiesModel(form, report, request.Path), status);
}

/// <summary>One entity: who it is, what it offers to whose account, under which names, and whether it is ready.</summary>
[RequiresPermission(CorePermissions.Estate), AcceptsFiles(1)]
internal sealed class EntityDeskPage(EntityDirectory entities, EntityDecisions decisions, ServiceCatalog catalog, ReadyList ready, PorticoOptions options) : IPage
{
    const string Suspend = "sospendi";
    const string Withdraw = "togli";
    const string Change = "creditore";
    const string Sure = "sicuro";

    public static FileRules LogoRules { get; } = new(EntityDecisions.MostLogoBytes, FileKind.Png);

    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop) =>
        (await entities.Current(stop)) is var known && known.ByCode(request.Route["code"]) is { } entity && entity.Id != EntityId.Centre
            ? request.Query["creditore"].ToString() is { Length: > 0 } service ? Ask(request, known, entity, Change, service, new FormState()) ?? PageAnswer.NotFound : await Draw(request, entity, null, stop)
            : PageAnswer.NotFound;

    public async Task<PageAnswer> Post(PageRequest request, CancellationToken stop)
    {
        var known = await entities.Current(stop);
        if (known.ByCode(request.Route["code"]) is not { } entity || entity.Id == EntityId.Centre)
            return PageAnswer.NotFound;
        // What citizens would miss at once is said before it is done.
        if (FormState.From(request.Form) is var asked && asked["azione"] is Suspend or Withdraw && !asked.IsChecked(Sure))
            return Ask(request, known, entity, asked["azione"], asked["servizio"], asked) ?? PageAnswer.NotFound;
        var offered = known.ActivationsOf(entity.Id).FirstOrDefault(offer => offer.Service == asked["servizio"]);
        var (form, texts, who) = (FormState.From(request.Form), PageTexts.Catalog.In(request.Culture), request.Officer!.Actor);
        string? refused = null;
        switch (form["azione"])
        {
            case "dati":
                var values = EntityDecisions.Fields.ToDictionary(name => name, name => form[name], StringComparer.Ordinal);
                foreach (var wrong in EntityDecisions.Wrong(values))
                    form.AddError(wrong, texts[$"estate.wrong.{(wrong is "nome" or "colore" or "sito" ? wrong : "other")}"]);
                if (form.IsValid)
                    refused = await decisions.Set(entity, values, who, stop);
                break;
            case "logo" when form.File("stemma", LogoRules, request.Culture) is { } file:
                using (var png = new MemoryStream())
                {
                    await using (var content = file.OpenRead())
                        await content.CopyToAsync(png, stop);
                    if (EntityDecisions.FaultOf(png.ToArray()) is not null)
                        form.AddError("stemma", texts["estate.logo.wrong"]);
                    else
                        refused = await decisions.SetLogo(entity, png.ToArray(), who, stop);
                }
                break;
            case "logo":
                if (form.IsValid)
                    form.AddError("stemma", texts["estate.logo.missing"]);
                break;
            case "senza-logo":
                refused = await decisions.RemoveLogo(entity, who, stop);
                break;
            case "nome-host":
                if (!EntityDecisions.IsHostName(HostNames.Plain(form["host"])))
                    form.AddError("host", texts["estate.wrong.host"]);
                else if (known.ByHost(HostNames.Plain(form["host"])) is { } other && other.Id != entity.Id)
                    form.AddError("host", texts["estate.host.taken"]);
                else
                    refused = await decisions.AddHost(entity, form["host"], who, stop);
                break;
            case "senza-host":
                refused = await decisions.RemoveHost(entity, form["quale"], who, stop);
                break;
            // To whom the money goes is changed on purpose or not at all.
            case "attiva" or Suspend when offered is { Creditor: { } owed }:
                refused = await decisions.Offer(entity, offered.Service, owed, form["azione"] == "attiva", who, stop);
                break;
            case "attiva" when catalog.Find(form["servizio"]) is not null && CreditorsFor(known, entity).FirstOrDefault(body => body.Code == form["creditore"]) is { } creditor:
                refused = await decisions.Offer(entity, form["servizio"], creditor.Id, !form.IsChecked("annuncia"), who, stop);
                break;
            case Change when offered is not null && CreditorsFor(known, entity).FirstOrDefault(body => body.Code == form["creditore"]) is { } creditor:
                refused = await decisions.Offer(entity, offered.Service, creditor.Id, offered.Active, who, stop);
                break;
            case Change when offered is not null:
                form.AddError("creditore", texts["estate.creditor.wrong"]);
                return Ask(request, known, entity, Change, offered.Service, form)!;
            case GuidePage.Publish:
                await PublishAll(known, entity, form, request, stop);
                break;
            case Withdraw:
                refused = await decisions.Withdraw(entity, form["servizio"], who, stop);
                break;
            case "attiva":
                form.AddError("servizio", texts["estate.offer.wrong"]);
                break;
            default:
                return PageAnswer.NotFound;
        }
        if (refused is not null)
            form.AddError("", refused == EntityDecisions.NothingToChange ? texts["estate.nothing"] : texts["estate.wrong.database", refused]);
        return form.IsValid ? PageAnswer.Go($"{request.Path}/ente/{entity.Code}{(form.IsChecked(GuidePage.Field) ? "/guida" : "")}?fatto=1") : await Draw(request, entity, form, stop);
    }

    /// <summary>Everything that is only announced becomes a page of the citizens', if all of it is ready; otherwise nothing does.</summary>
    async Task PublishAll(EntitySnapshot known, Entity entity, FormState form, PageRequest request, CancellationToken stop)
    {
        var texts = PageTexts.Catalog.In(request.Culture);
        var waiting = GuidePage.Waiting(known, entity, catalog);
        if (waiting.Count == 0)
            form.AddError("", texts["guide.publish.nothing"]);
        foreach (var (service, creditor) in waiting)
            if (await ready.Blocked(service, creditor, stop))
                form.AddError("", texts["guide.publish.notready", service.TitleIn(request.Culture)]);
        if (!form.IsValid)
            return;
        foreach (var (service, creditor) in waiting)
            await decisions.Offer(entity, service.Id, creditor.Id, active: true, request.Officer!.Actor, stop);
    }

    internal static IEnumerable<Entity> CreditorsFor(EntitySnapshot known, Entity entity) =>
        known.All.Where(body => body.Id == entity.Id || body.Kind == EntityKind.Union).OrderByDescending(body => body.Id == entity.Id);

    /// <summary>The page that says what follows, before it is done; null where the entity has no such service.</summary>
    PageAnswer? Ask(PageRequest request, EntitySnapshot known, Entity entity, string action, string service, FormState form)
    {
        if (known.ActivationsOf(entity.Id).FirstOrDefault(offer => offer.Service == service) is not { } offer)
            return null;
        var now = offer.Creditor is { } id ? known.ById(id) : null;
        if (form.IsEmpty("creditore"))
            form.Set("creditore", now?.Code);
        return PageAnswer.View<OfferChangeView>(
            new OfferChangeModel(
                entity, service, catalog.Find(service)?.TitleIn(request.Culture) ?? service, action, now?.Name ?? "–", form, request.Path, $"{request.Path}/ente/{entity.Code}",
                action == Change ? [.. CreditorsFor(known, entity).Select(body => new Choice(body.Code, body.Name))] : []),
            form.IsValid ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity);
    }

    // In the reader's language already.
    static Readiness Line(bool ready, string words) => new(ready, words) { Italian = words };

    async Task<PageAnswer> Draw(PageRequest request, Entity entity, FormState? typed, CancellationToken stop)
    {
        var known = await entities.Current(stop);
        var texts = PageTexts.Catalog.In(request.Culture);
        var form = typed ?? new FormState();
        if (form["azione"] != "dati")
            foreach (var (name, value) in new[] { ("nome", entity.Name), ("colore", entity.Colour), ("sito", entity.Website), ("indirizzo", entity.Address), ("telefono", entity.Phone), ("email", entity.Email), ("pec", entity.Pec) })
                form.Set(name, value);
        var offers = new List<OfferLine>();
        var lines = new List<Readiness>
        {
            entity.Phone is not null || entity.Email is not null || entity.Pec is not null ? Line(true, texts["estate.ready.contacts"]) : Line(false, texts["estate.ready.contacts.no"]),
            known.ActivationsOf(entity.Id).Any(offer => offer.Active) ? Line(true, texts["estate.ready.services"]) : Line(false, texts["estate.ready.services.no"]),
        };
        foreach (var offer in known.ActivationsOf(entity.Id))
        {
            var service = catalog.Find(offer.Service);
            var creditor = offer.Creditor is { } id ? known.ById(id) : null;
            var state = service is null || creditor is null ? [] : await ready.Of(service, creditor, stop);
            offers.Add(new(
                offer.Service, service?.TitleIn(request.Culture) ?? offer.Service, creditor?.Name ?? "–", creditor?.Code ?? "", offer.Active, state,
                service is null ? null : $"/{entity.Slug}/{service.PathSegment}", creditor is null || service?.Settings is null ? null : $"{ConsolePaths.Of(creditor)}/impostazioni/{offer.Service}"));
        }
        var address = (options.PublicAddress ?? options.Listen).TrimEnd('/') + "/" + entity.Slug;
        return PageAnswer.View<EntityView>(
            new EntityModel
            {
                Entity = entity, Form = form, ListPath = request.Path, Path = $"{request.Path}/ente/{entity.Code}", Done = request.Query.ContainsKey("fatto") && form.IsValid, Address = address,
                Hosts = [.. known.HostsOf(entity.Id)], Offers = offers, Ready = lines,
                Services = [.. catalog.Services.Where(service => offers.All(offer => offer.Service != service.Id)).Select(service => new Choice(service.Id, service.TitleIn(request.Culture)))],
                Creditors = [.. CreditorsFor(known, entity).Select(body => new Choice(body.Code, body.Name))],
                Snippet = string.Join('\n', offers.Where(offer => offer is { Active: true, Path: not null }).Select(offer =>
                    $"<a href=\"{WebUtility.HtmlEncode(new Uri(new Uri(address), offer.Path).AbsoluteUri)}\">{WebUtility.HtmlEncode(offer.Title)}</a>")),
            },
            form.IsValid ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity);
    }
}

/// <summary>An entity in the list.</summary>
public sealed record EntityLine(Entity Entity, string Path, int Services);

/// <summary>A page of the list of entities.</summary>
public sealed class EntitiesModel
{
    public required string Wanted { get; init; }

    public required int Found { get; init; }

    public required string Path { get; init; }

    public required string? More { get; init; }

    public required IReadOnlyList<EntityLine> Entities { get; init; }
}

/// <summary>The form of a new entity.</summary>
public sealed record NewEntityModel(FormState Form, string ListPath);

/// <summary>A file of entities and what came of it.</summary>
public sealed record LoadEntitiesModel(FormState Form, ImportReport? Report, string ListPath);

/// <summary>A service that an entity offers or announces.</summary>
/// <param name="Path">The citizens' page; null where the service does not run here.</param>
public sealed record OfferLine(string Service, string Title, string Creditor, string CreditorCode, bool Active, IReadOnlyList<Readiness> Ready, string? Path, string? SettingsPath);

/// <summary>What is about to change for a service of an entity, and what follows from it.</summary>
/// <param name="Action">As the form sends it.</param>
/// <param name="Creditor">To whom its money goes now.</param>
public sealed record OfferChangeModel(Entity Entity, string Service, string Title, string Action, string Creditor, FormState Form, string ListPath, string Path, IReadOnlyList<Choice> Creditors);

/// <summary>Everything of one entity.</summary>
public sealed class EntityModel
{
    public required Entity Entity { get; init; }

    public required FormState Form { get; init; }

    public required string ListPath { get; init; }

    public required string Path { get; init; }

    public required string Address { get; init; }

    public required bool Done { get; init; }

    public required IReadOnlyList<string> Hosts { get; init; }

    public required IReadOnlyList<OfferLine> Offers { get; init; }

    public required IReadOnlyList<Readiness> Ready { get; init; }

    public required IReadOnlyList<Choice> Services { get; init; }

    public required IReadOnlyList<Choice> Creditors { get; init; }

    public required string Snippet { get; init; }
}
