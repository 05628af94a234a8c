using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Platform.Core.Hosting;

namespace Platform.Core.Plugins.Packages;

/// <summary>A package as its note beside it tells.</summary>
/// <param name="Sha256">Of the file that was uploaded, lower-case hexadecimal.</param>
/// <param name="By">Who uploaded it, as the journal knows him.</param>
/// <param name="Fault">Why it could not be laid out at the last start; null where nothing was wrong.</param>
internal sealed record Package(string Id, string Title, string Version, string Contract, string Author, string FileName, long Bytes, string Sha256, string By, DateTimeOffset At, string? Fault = null);

/// <summary>
/// Packages of services that were uploaded: looked at and put aside, and laid out among the services at the next start. Nothing of a package runs before that.
/// </summary>
/// <remarks>In this host's own data folder: whoever can write there already decides what this host runs. Hosts beside it have shelves of their own.</remarks>
internal sealed class PackageShelf(PorticoOptions options)
{
    readonly string _staged = Path.Combine(options.DataFolder, "packages");

    /// <summary>Where uploaded services lie that this host loads.</summary>
    public static string ServicesOf(PorticoOptions options) => Path.Combine(options.DataFolder, "services");

    /// <summary>What waits for the next start.</summary>
    public IReadOnlyList<Package> Staged => Notes(_staged);

    /// <summary>What an earlier start laid out.</summary>
    public IReadOnlyList<Package> Laid => Notes(ServicesOf(options));

    /// <summary>Looks at what was uploaded and puts it aside.</summary>
    /// <param name="own">Ids of services that come with the program.</param>
    /// <exception cref="PackageRefusedException">It is not taken.</exception>
    /// <exception cref="PluginRefusedException">This host could not load the service in it.</exception>
    public async Task<Package> Stage(Stream content, string fileName, string by, DateTimeOffset at, IReadOnlyCollection<string> own, CancellationToken stop)
    {
        await using var file = Office.TemporaryFile.New();
        await content.CopyToAsync(file, stop);
        file.Position = 0;
        var sha256 = Convert.ToHexStringLower(await SHA256.HashDataAsync(file, stop));
        file.Position = 0;
        var service = InFolder(folder =>
        {
            PackageArchive.Unpack(file, folder);
            return PluginLoader.Inspect(folder);
        });
        if (own.Contains(service.Id, StringComparer.Ordinal))
            throw new PackageRefusedException("own", service.Id);
        var package = new Package(service.Id, service.Title, service.Version, service.Contract, service.Author, fileName, file.Length, sha256, by, at);
        Directory.CreateDirectory(_staged);
        file.Position = 0;
        await using (var kept = new FileStream(ArchiveOf(package.Id), FileMode.Create))
            await file.CopyToAsync(kept, stop);
        Write(_staged, package);
        return package;
    }

    /// <summary>Takes a package from the shelf; false where there is none of this id with this content any more.</summary>
    public bool Withdraw(string id, string sha256)
    {
        if (Staged.FirstOrDefault(package => package.Id == id && package.Sha256 == sha256) is not { } known)
            return false;
        File.Delete(NoteOf(_staged, known.Id));
        File.Delete(ArchiveOf(known.Id));
        return true;
    }

    /// <summary>Lays out what waits, each looked at once more; what there was before is kept beside, for who wants to go back. What fails stays on the shelf with the reason.</summary>
    public void LayOut(ILogger log)
    {
        var services = ServicesOf(options);
        foreach (var package in Staged)
            try
            {
                var target = Path.Combine(services, package.Id);
                InFolder(folder =>
                {
                    using var file = File.OpenRead(ArchiveOf(package.Id));
                    if (Convert.ToHexStringLower(SHA256.HashData(file)) != package.Sha256)
                        throw new PackageRefusedException("other");
                    file.Position = 0;
                    PackageArchive.Unpack(file, folder);
                    if (PluginLoader.Inspect(folder).Id != package.Id)
                        throw new PackageRefusedException("other");
                    Directory.CreateDirectory(services);
                    var before = Path.Combine(Directory.CreateDirectory(Path.Combine(_staged, "before")).FullName, package.Id);
                    if (Directory.Exists(target))
                    {
                        if (Directory.Exists(before))
                            Directory.Delete(before, recursive: true);
                        Directory.Move(target, before);
                    }
                    Directory.Move(folder, target);
                    return package;
                });
                Write(services, package with { Fault = null });
                File.Delete(NoteOf(_staged, package.Id));
                File.Delete(ArchiveOf(package.Id));
                log.LogWarning("Service {Service} {Version} was laid out from the package {Sha256}.", package.Id, package.Version, package.Sha256);
            }
            catch (Exception wrong) when (wrong is PackageRefusedException or PluginRefusedException or IOException or UnauthorizedAccessException)
            {
                log.LogError("The package of {Service} was not laid out: {Reason}", package.Id, wrong.Message);
                if (File.Exists(NoteOf(_staged, package.Id)))
                    Write(_staged, package with { Fault = wrong.Message });
            }
    }

    T InFolder<T>(Func<string, T> work)
    {
        // Beside its place, so that it can be moved there.
        var folder = Directory.CreateDirectory(Path.Combine(Directory.CreateDirectory(_staged).FullName, $"looked-at-{Guid.NewGuid():n}")).FullName;
        try
        {
            return work(folder);
        }
        finally
        {
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }
    }

    string ArchiveOf(string id) => Path.Combine(_staged, id + ".zip");

    static string NoteOf(string folder, string id) => Path.Combine(folder, id + ".json");

    static void Write(string folder, Package package)
    {
        var half = NoteOf(folder, package.Id) + ".part";
        File.WriteAllBytes(half, JsonSerializer.SerializeToUtf8Bytes(package));
        File.Move(half, NoteOf(folder, package.Id), overwrite: true);
    }

    static List<Package> Notes(string folder)
    {
        if (!Directory.Exists(folder))
            return [];
        var notes = new List<Package>();
        foreach (var file in Directory.GetFiles(folder, "*.json").Order(StringComparer.Ordinal))
            try
            {
                if (JsonSerializer.Deserialize<Package>(File.ReadAllBytes(file)) is { } package && Path.GetFileNameWithoutExtension(file) == package.Id)
                    notes.Add(package);
            }
            catch (Exception broken) when (broken is JsonException or IOException)
            {
                // A note that somebody is writing, or that was cut off: without it its package is not laid out.
            }
        return notes;
    }
}
