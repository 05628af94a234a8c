using Microsoft.Extensions.Logging;

namespace Platform.Core.Storage.Embedded;

/// <summary>Makes the cluster, whole or not at all.</summary>
internal static class NewCluster
{
    const string Unfinished = "cluster.new-";
    const int FirstWithOwnLocales = 17;

    /// <remarks>A kill half-way leaves a folder under another name, which the next start sweeps away.</remarks>
    public static async Task Ensure(ClusterFolders folders, PostgresPrograms programs, ClusterUser user, ILogger log, CancellationToken stop)
    {
        foreach (var left in Directory.EnumerateDirectories(folders.Data, Unfinished + "*"))
            Discard(left, log);
        if (PostgresPrograms.DataVersion(folders.Cluster) is not null)
            return;
        if (Directory.Exists(folders.Cluster) && Directory.EnumerateFileSystemEntries(folders.Cluster).Any())
        {
            throw new EmbeddedPostgresException(
                $"{folders.Cluster} has files but no PG_VERSION, so it is not a PostgreSQL cluster or a damaged one: restore it from a backup, or move it away to begin anew.");
        }

        log.LogInformation("Making a new PostgreSQL {Major} cluster in {Cluster}.", programs.Major, folders.Cluster);
        var fresh = Path.Combine(folders.Data, Unfinished + Guid.NewGuid().ToString("n"));
        try
        {
            user.EnsurePrivate(fresh);
            var (code, output) = await ChildProcess.Run(user.Command("KILL", programs.Init, Arguments(fresh, programs.Major)), stop);
            if (code != 0)
                throw Failure.Of($"PostgreSQL could not make a cluster in {folders.Data}", folders.Data, user, output, folders.Log);
            if (Directory.Exists(folders.Cluster))
                Directory.Delete(folders.Cluster);     // empty, as seen above
            Directory.Move(fresh, folders.Cluster);
        }
        catch
        {
            Discard(fresh, log);
            throw;
        }
        // Else a power cut could undo the rename after money was booked, and the next start would sweep the cluster away as unfinished.
        Libc.FlushFolder(folders.Data);
    }

    /// <remarks>
    /// Trust among local users is acceptable for one reason only: the socket lies in a folder of mode 0700, so the kernel lets nobody but the user of the
    /// server (and root) come as far as asking, and there is no network. Any other user able to connect could already read the data files.
    /// C.UTF-8 orders by code point: an upgrade of the system's locales cannot reorder, and so corrupt, an index.
    /// </remarks>
    static IEnumerable<string> Arguments(string folder, int major) =>
    [
        "-D", folder, "-U", Postmaster.Superuser, "--encoding=UTF8", "--locale=C.UTF-8", .. major >= FirstWithOwnLocales ? ["--locale-provider=builtin"] : (string[])[],
        "--data-checksums", "--auth-local=trust", "--auth-host=reject", "--no-instructions",
    ];

    static void Discard(string folder, ILogger log)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // Gone already.
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A dying initdb may still write there; the name is never used again, so the next start can do it.
            log.LogWarning(e, "The unfinished cluster {Folder} could not be removed yet.", folder);
        }
    }
}
