using System.Net;
using Microsoft.AspNetCore.Http;
using Platform.Core.Hosting;
using Platform.Core.Pages;

namespace Platform.Core.Entities;

/// <summary>
/// Answers only under names that are known: the host's own, and those of entities. Under an entity's name there are that entity's pages, at the same
/// paths as everywhere; shorter paths lead there.
/// </summary>
internal sealed class HostNames(EntityDirectory entities, PageServer pages, PorticoOptions options)
{
    // What belongs to no entity and is wanted under every name.
    static readonly string[] Shared = ["portico", "pagamenti", "verifica", "tema.css"];

    /// <summary>The name as it is kept and compared: lower case, without the dot that may end it.</summary>
    public static string Plain(string host) => host.TrimEnd('.').ToLowerInvariant();

    public async Task Guard(HttpContext http, RequestDelegate next)
    {
        // Whoever watches over the host asks by its number.
        if (http.Request.Path.StartsWithSegments("/health", StringComparison.Ordinal) || IsOwn(http.Request.Host.Host))
        {
            await next(http);
            return;
        }
        var snapshot = await entities.Current(http.RequestAborted);
        if (snapshot.ByHost(Plain(http.Request.Host.Host)) is not { } entity)
        {
            http.Response.StatusCode = StatusCodes.Status421MisdirectedRequest;
            http.Response.ContentType = "text/plain; charset=utf-8";
            http.Response.Headers.CacheControl = "no-store";
            await http.Response.WriteAsync("Nessun ente risponde a questo indirizzo. / Nobody answers at this address.\n", http.RequestAborted);
            return;
        }
        var path = http.Request.Path.Value is { Length: > 0 } given ? given : "/";
        var first = path.Split('/')[1];
        if (string.Equals(first, entity.Slug, StringComparison.OrdinalIgnoreCase) || Shared.Contains(first, StringComparer.Ordinal))
            await next(http);
        else if (snapshot.BySlug(first) is not null || !(HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method)))
            await pages.NotFound(http, entity);
        else
            // Begins with the entity's slug, so it cannot lead to another site.
            http.Response.Redirect(new PathString("/" + entity.Slug).Add(path == "/" ? default : new PathString(path)) + http.Request.QueryString);
    }

    /// <summary>Where a browser finds a path of this entity: under the entity's own name when it has one.</summary>
    public Uri Address(HttpContext http, Entity entity, string path)
    {
        var root = new Uri(options.PublicAddress ?? $"{http.Request.Scheme}://{http.Request.Host}");
        return new(entity.HostName is { } own ? new UriBuilder(root) { Host = own, Path = "/" }.Uri : root, path);
    }

    bool IsOwn(string host)
    {
        if (host == "localhost" || (IPAddress.TryParse(host.Trim('[', ']'), out var number) && (IPAddress.IsLoopback(number) || ListensAnywhere)))
            return true;
        var plain = Plain(host);
        return plain == Plain(new Uri(options.Listen).Host) || (options.PublicAddress is { } open && plain == Plain(new Uri(open).Host));
    }

    // Who listens on every address is reached by any of its numbers, but by no name that it was not told.
    bool ListensAnywhere => IPAddress.TryParse(new Uri(options.Listen).Host.Trim('[', ']'), out var number) && (number.Equals(IPAddress.Any) || number.Equals(IPAddress.IPv6Any));
}
