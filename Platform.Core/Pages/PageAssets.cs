using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.FileProviders;

namespace Platform.Core.Pages;

/// <summary>Styles, fonts and icons of the pages, laid by the build into <c>wwwroot/portico</c> beside the program and served from our own origin under <c>/portico</c>.</summary>
internal static class PageAssets
{
    static readonly ConcurrentDictionary<string, string> Urls = new(StringComparer.Ordinal);

    /// <summary>The folder on disk.</summary>
    public static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "wwwroot", "portico");

    /// <summary>The address of a file, with a piece of its hash: it changes with the content, so browsers may keep it for ever.</summary>
    public static string Url(string file) => Urls.GetOrAdd(file, static file =>
    {
        var path = Path.Combine(Folder, file);
        if (!File.Exists(path))
            return "/portico/" + file;
        using var stream = File.OpenRead(path);
        return $"/portico/{file}?v={Convert.ToHexStringLower(SHA256.HashData(stream))[..10]}";
    });

    /// <summary>Serves the folder under <c>/portico</c>. Place it before sessions, sign-in and anti-forgery: these files are the same for everyone.</summary>
    public static IApplicationBuilder UsePorticoAssets(this IApplicationBuilder app)
    {
        if (!Directory.Exists(Folder))
            throw new InvalidOperationException($"The pages' styles are missing: no folder {Folder}. Build again after ./build.sh or npm ci.");
        return app.UseStaticFiles(new StaticFileOptions
        {
            RequestPath = "/portico",
            FileProvider = new PhysicalFileProvider(Folder),
            OnPrepareResponse = context =>
            {
                context.Context.Response.Headers.CacheControl =
                    context.Context.Request.Query.ContainsKey("v") ? "public, max-age=31536000, immutable" : "public, max-age=3600";
                context.Context.Response.Headers.XContentTypeOptions = "nosniff";
            },
        });
    }
}
