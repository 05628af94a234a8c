using System.Security.Claims;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.Routing;
using Platform.Core.Entities;
using Platform.Core.Office;
using Platform.Core.Pages;
using Platform.Core.Plugins;

namespace Platform.Core.Identity;

/// <summary>Who may open an endpoint of the console. One without it stops the start: what nobody thought of is closed.</summary>
/// <param name="Permission">Needed at the entity of the desk; null where being signed in is enough, or nobody need be.</param>
/// <param name="Anonymous">It is for who is not signed in yet.</param>
internal sealed record ConsoleAccess(string? Permission, bool Anonymous = false)
{
    public static ConsoleAccess Anybody { get; } = new(null, Anonymous: true);

    public static ConsoleAccess SignedIn { get; } = new((string?)null);

    /// <exception cref="InvalidOperationException">An endpoint of the console does not say who may open it.</exception>
    public static void RefuseUndeclared(IEnumerable<Endpoint> endpoints)
    {
        foreach (var endpoint in endpoints.OfType<RouteEndpoint>())
            if (IsOfConsole(endpoint) && endpoint.Metadata.GetMetadata<ConsoleAccess>() is null)
                throw new InvalidOperationException($"The endpoint /{endpoint.RoutePattern.RawText?.TrimStart('/')} belongs to the console and does not say who may open it.");
    }

    public static bool IsOfConsole(RouteEndpoint endpoint) => endpoint.RoutePattern.RawText is { } pattern && (pattern.TrimStart('/') + "/").StartsWith("console/", StringComparison.OrdinalIgnoreCase);
}

/// <summary>Serves the console's pages: finds who is signed in and what he may at this desk, before anything of the page is made.</summary>
internal sealed class ConsoleServer(PageServer pages, OfficerSessions sessions, EntityDirectory entities, ServiceCatalog catalog)
{
    const int MostDesks = 8;

    static readonly string[] Methods = [HttpMethods.Get, HttpMethods.Head, HttpMethods.Post];

    public void MapSections(IEndpointRouteBuilder endpoints)
    {
        foreach (var section in catalog.Sections)
            MapSection(endpoints, section);
    }

    public void MapSection(IEndpointRouteBuilder endpoints, OfficeSection section)
    {
        foreach (var page in section.Pages)
        {
            var limits = PageLimits.Of(page.Page);
            var pattern = $"{ConsolePaths.Root}/{{entity}}/{section.Segment}" + (page.Pattern.Length > 0 ? "/" + page.Pattern : "");
            endpoints.MapMethods(pattern, Methods, (HttpContext http) => Serve(http, section, page, limits))
                .WithDisplayName($"{section.Module} {pattern}").WithMetadata(new ConsoleAccess(page.Permission!));
        }
    }

    async Task Serve(HttpContext http, OfficeSection section, OfficeRoute route, PageLimits limits)
    {
        if (await SignedIn(http) is not { } signed || await DeskOf(http, signed) is not var (desk, officer))
            return;
        var known = await entities.Current(http.RequestAborted);
        if (!section.IsAt(desk, known))
        {
            await pages.NotFound(http, desk);
            return;
        }
        var path = section.PathAt(desk);
        var plain = await FrameOf(http, signed, desk, officer);
        var frame = plain with
        {
            ServiceTitle = section.Title(plain.Culture), ServicePath = path, Texts = TextCatalog.Of(section.Assembly).In(plain.Culture), Files = section.Files,
            FilesPath = section.IsService ? $"/{desk.Slug}/{section.Segment}" : null,
        };
        // The platform's pages of files and lists say it themselves, with the way to the same page there.
        if (section.IsService && section.HasAt(desk, known, route) && route.Pattern.Split('/')[0] is not (ConsoleFiles.Imports or ConsoleFiles.Extracts))
            frame = frame with { Console = frame.Console! with { Elsewhere = Elsewhere.Of(known, desk, section.Module, section.Segment) } };
        if (!officer.May(route.Permission!))
            await pages.NotPermitted(http, frame);
        else
            await pages.Serve(http, new(section.Module, $"{section.Module} {ConsolePaths.Root} {route.Pattern}", desk, path, frame, section.HasAt(desk, known, route) ? route.Page : typeof(ElsewherePage), limits, officer));
    }

    /// <summary>Who is signed in; null after the browser was sent to where one signs in.</summary>
    public async Task<SignedIn?> SignedIn(HttpContext http)
    {
        if (await sessions.Find(http, http.RequestAborted) is { } signed)
        {
            // The forms of one sign-in are no other's: what was drawn before it, or for somebody else, is refused.
            http.User = new ClaimsPrincipal(new ClaimsIdentity([new Claim("sub", Convert.ToHexStringLower(signed.Session))], "console"));
            return signed;
        }
        http.Response.StatusCode = StatusCodes.Status303SeeOther;
        http.Response.Headers.CacheControl = "no-store";
        http.Response.Headers.Location = ConsolePaths.SignIn + (HttpMethods.IsPost(http.Request.Method) || http.Request.Path == ConsolePaths.Root
            ? "" : new QueryBuilder { { "back", http.Request.Path + http.Request.QueryString } }.ToString());
        return null;
    }

    /// <summary>The desk that the address names, and the officer there; null after the answer that there is none. An entity that is not his and one that does not exist look the same.</summary>
    public async Task<(Entity Desk, Officer Officer)?> DeskOf(HttpContext http, SignedIn signed)
    {
        var slug = http.GetRouteValue("entity") as string ?? "";
        var centre = await pages.Centre(http.RequestAborted);
        var desk = string.Equals(slug, ConsolePaths.Centre, StringComparison.OrdinalIgnoreCase) ? centre : (await entities.Current(http.RequestAborted)).BySlug(slug);
        if (desk is not null && signed.At(desk.Id) is { } officer)
            return (desk, officer);
        await pages.NotFound(http, null);
        return null;
    }

    /// <summary>The frame of a page of the console.</summary>
    /// <param name="desk">Null on pages of no desk.</param>
    public async Task<PageFrame> FrameOf(HttpContext http, SignedIn signed, Entity? desk, Officer? officer)
    {
        var known = await entities.Current(http.RequestAborted);
        var centre = await pages.Centre(http.RequestAborted);
        var frame = pages.FrameOf(http, desk ?? centre);
        var menu = new List<ConsoleMenu>();
        if (desk is not null && officer is not null)
            foreach (var section in catalog.Sections.Where(section => section.IsAt(desk, known)))
            {
                var texts = TextCatalog.Of(section.Assembly).In(frame.Culture);
                var entries = section.Pages.Where(page => page.Menu is not null && officer.May(page.Permission!) && section.HasAt(desk, known, page))
                    .Select(page => new Crumb((page.Menu!.StartsWith("console.", StringComparison.Ordinal) ? PageTexts.Catalog.In(frame.Culture) : texts)[page.Menu], section.PathAt(desk) + (page.Pattern.Length > 0 ? "/" + page.Pattern : ""))).ToList();
                if (entries.Count > 0)
                    menu.Add(new(section.Title(frame.Culture), entries));
            }
        var desks = signed.Desks(known, centre).Take(MostDesks + 1).Select(entity => new Crumb(entity.Name, ConsolePaths.Of(entity))).ToList();
        return frame with
        {
            Console = new(signed.Name, signed.Actor, desk is null ? null : new(desk.Name, ConsolePaths.Of(desk)), menu, [.. desks.Take(MostDesks)], desks.Count > MostDesks),
        };
    }
}
