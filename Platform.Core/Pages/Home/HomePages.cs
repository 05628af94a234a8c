using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Platform.Core.Entities;
using Platform.Core.Plugins;

namespace Platform.Core.Pages.Home;

/// <summary>Pages that belong to no service: who is here, what an entity offers, the notices of every footer.</summary>
internal sealed class HomePages(PageServer pages, EntityDirectory entities, ServiceCatalog catalog, EntityDecisions decisions, HostNames hosts)
{
    public async Task Catalogue(HttpContext http)
    {
        var snapshot = await entities.Current(http.RequestAborted);
        var centre = await pages.Centre(http.RequestAborted);
        var culture = PageServer.CultureOf(http);
        var model = new CatalogueModel([.. snapshot.All.Where(e => e.Kind == EntityKind.Municipality).Select(e => new CatalogueEntry(e, OffersOf(snapshot, e, culture)))]);
        await Show(http, centre, typeof(CataloguePage), model);
    }

    public async Task OfEntity(HttpContext http)
    {
        var snapshot = await entities.Current(http.RequestAborted);
        if (Wanted(http, snapshot) is not { } entity)
        {
            await pages.NotFound(http, null);
            return;
        }
        await Show(http, entity, typeof(EntityPage), new CatalogueEntry(entity, OffersOf(snapshot, entity, PageServer.CultureOf(http))));
    }

    public async Task Theme(HttpContext http)
    {
        var snapshot = await entities.Current(http.RequestAborted);
        var entity = Wanted(http, snapshot) ?? await pages.Centre(http.RequestAborted);
        http.Response.ContentType = "text/css; charset=utf-8";
        http.Response.Headers.CacheControl = "public, max-age=31536000, immutable";
        await http.Response.WriteAsync(EntityTheme.Css(entity), http.RequestAborted);
    }

    public async Task Notice(HttpContext http, string which)
    {
        var snapshot = await entities.Current(http.RequestAborted);
        var entity = http.GetRouteValue("entity") is null ? await pages.Centre(http.RequestAborted) : Wanted(http, snapshot);
        if (entity is null)
            await pages.NotFound(http, null);
        else
        {
            var own = await decisions.Notice(entity, which, PageServer.CultureOf(http).TwoLetterISOLanguageName, http.RequestAborted);
            await Show(http, entity, typeof(NoticePage), new NoticeModel(which, own?.Body, own?.Language));
        }
    }

    public async Task Logo(HttpContext http)
    {
        if (Wanted(http, await entities.Current(http.RequestAborted)) is not { LogoPath: { } path } entity || await decisions.Logo(entity, http.RequestAborted) is not { } png)
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }
        http.Response.ContentType = "image/png";
        http.Response.ContentLength = png.Length;
        http.Response.Headers.CacheControl = path.EndsWith("?v=" + http.Request.Query["v"], StringComparison.Ordinal) ? "public, max-age=31536000, immutable" : "no-cache";
        await http.Response.Body.WriteAsync(png, http.RequestAborted);
    }

    /// <summary>What an entity offers, for the programs of its own site: each service with its address and a link ready to be put on a page.</summary>
    public async Task Services(HttpContext http)
    {
        var snapshot = await entities.Current(http.RequestAborted);
        if (Wanted(http, snapshot) is not { } entity)
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }
        var services =
            from activation in snapshot.ActivationsOf(entity.Id)
            let service = catalog.Find(activation.Service)
            where service is not null && activation.Active
            let address = hosts.Address(http, entity, $"/{entity.Slug}/{service.PathSegment}").AbsoluteUri
            select new
            {
                id = service.Id,
                title = new { it = service.TitleIn(PageCultures.Italian), en = service.TitleIn(PageCultures.English) },
                url = address,
                html = $"<a href=\"{WebUtility.HtmlEncode(address)}\">{WebUtility.HtmlEncode(service.TitleIn(PageCultures.Italian))}</a>",
            };
        // Public, and meant for other sites' pages.
        http.Response.Headers.AccessControlAllowOrigin = "*";
        http.Response.Headers.CacheControl = "public, max-age=300";
        await http.Response.WriteAsJsonAsync(
            new { entity = new { code = entity.Code, istat = entity.IstatCode, name = entity.Name, url = hosts.Address(http, entity, "/" + entity.Slug).AbsoluteUri }, services = services.ToList() },
            http.RequestAborted);
    }

    public async Task NotFound(HttpContext http)
    {
        var slug = http.Request.Path.Value?.Split('/').ElementAtOrDefault(1) ?? "";
        await pages.NotFound(http, (await entities.Current(http.RequestAborted)).BySlug(slug));
    }

    Task Show(HttpContext http, Entity entity, Type component, object model) =>
        pages.Show(http, pages.FrameOf(http, entity), component, new(StringComparer.Ordinal) { ["Model"] = model });

    static Entity? Wanted(HttpContext http, EntitySnapshot snapshot) => snapshot.BySlug(http.GetRouteValue("entity") as string ?? "");

    /// <summary>What an entity offers as far as this host runs it, and what it announces.</summary>
    IReadOnlyList<Offer> OffersOf(EntitySnapshot snapshot, Entity entity, CultureInfo culture) =>
    [
        .. from activation in snapshot.ActivationsOf(entity.Id)
           let service = catalog.Find(activation.Service)
           where service is not null || !activation.Active
           select activation.Active
               ? new Offer(service!.TitleIn(culture), $"/{entity.Slug}/{service.PathSegment}")
               : new Offer(service?.TitleIn(culture) ?? activation.Service.ToUpperInvariant(), null) { Suspended = activation.Suspended },
    ];
}

/// <summary>A service as a citizen sees it listed; without a path it is only announced.</summary>
public sealed record Offer(string Title, string? Path)
{
    /// <summary>It was offered and is not at present: not one that is coming.</summary>
    internal bool Suspended { get; init; }
}

public sealed record CatalogueEntry(Entity Entity, IReadOnlyList<Offer> Offers);

public sealed record CatalogueModel(IReadOnlyList<CatalogueEntry> Entries);

/// <param name="Own">The entity's own words; null where the platform's stand.</param>
/// <param name="Language">In which language those are: the page's own, or Italian where there are no others.</param>
public sealed record NoticeModel(string Which, string? Own = null, string? Language = null);
