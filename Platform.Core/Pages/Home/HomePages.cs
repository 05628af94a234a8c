using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Platform.Core.Entities;
using Platform.Core.Plugins;

namespace Platform.Core.Pages.Home;

/// <summary>Pages that belong to no service: who is here, what an entity offers, the notices of every footer.</summary>
internal sealed class HomePages(PageServer pages, EntityDirectory entities, ServiceCatalog catalog)
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
            await Show(http, entity, typeof(NoticePage), new NoticeModel(which));
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
               : new Offer(service?.TitleIn(culture) ?? activation.Service.ToUpperInvariant(), null),
    ];
}

/// <summary>A service as a citizen sees it listed; without a path it is only announced.</summary>
public sealed record Offer(string Title, string? Path);

public sealed record CatalogueEntry(Entity Entity, IReadOnlyList<Offer> Offers);

public sealed record CatalogueModel(IReadOnlyList<CatalogueEntry> Entries);

public sealed record NoticeModel(string Which);
