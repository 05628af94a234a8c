using System.Collections.Frozen;
using System.Security.Cryptography;
using Platform.Core.Plugins;

namespace Platform.Core.Pages;

/// <summary>The files of one service's <c>wwwroot</c>, found once at start: what is not in this list does not exist, whatever an address says.</summary>
internal sealed class ServiceFiles
{
    /// <summary>Below the service's own path; no page may begin so.</summary>
    public const string Segment = "_file";

    static readonly FrozenDictionary<string, string> Types = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
    {
        [".css"] = "text/css; charset=utf-8", [".js"] = "text/javascript; charset=utf-8", [".svg"] = "image/svg+xml", [".png"] = "image/png", [".jpg"] = "image/jpeg",
        [".webp"] = "image/webp", [".woff2"] = "font/woff2", [".pdf"] = "application/pdf", [".txt"] = "text/plain; charset=utf-8", [".json"] = "application/json",
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    readonly FrozenDictionary<string, ServiceFile> _files;

    ServiceFiles(FrozenDictionary<string, ServiceFile> files) => _files = files;

    public static ServiceFiles None { get; } = new(FrozenDictionary<string, ServiceFile>.Empty);

    /// <exception cref="PluginRefusedException">The folder holds what cannot be served; in words.</exception>
    public static ServiceFiles In(string folder)
    {
        if (!Directory.Exists(folder))
            return None;
        var files = new Dictionary<string, ServiceFile>(StringComparer.Ordinal);
        foreach (var file in new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories))
        {
            var name = Path.GetRelativePath(folder, file.FullName);
            if (file.LinkTarget is not null || file.Directory?.LinkTarget is not null)
                throw new PluginRefusedException($"wwwroot/{name} leads elsewhere; put the file itself there.");
            if (!Types.TryGetValue(file.Extension, out var type))
                throw new PluginRefusedException($"wwwroot/{name} is of a type that is not served. Served are: {string.Join(' ', Types.Keys.Order(StringComparer.Ordinal))}.");
            using var content = file.OpenRead();
            files[name] = new(file.FullName, type, Convert.ToHexStringLower(SHA256.HashData(content))[..16]);
        }
        return new(files.ToFrozenDictionary(StringComparer.Ordinal));
    }

    public ServiceFile? Find(string name) => _files.GetValueOrDefault(name);

    /// <summary>The file's address below the service's path: it changes with the content, so browsers may keep it for ever.</summary>
    /// <exception cref="ArgumentException">The service has no such file.</exception>
    public string Address(string servicePath, string name) => Find(name) is { } file
        ? $"{servicePath}/{Segment}/{file.Hash}/{string.Join('/', name.Split('/').Select(Uri.EscapeDataString))}"
        : throw new ArgumentException($"The service has no file wwwroot/{name}.", nameof(name));
}

/// <param name="Hash">The first 16 hexadecimal digits of the content's SHA-256.</param>
internal sealed record ServiceFile(string Path, string ContentType, string Hash);
