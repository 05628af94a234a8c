using System.Globalization;

namespace Platform.Core.Storage.Embedded;

/// <summary>The server processes that work in a cluster, whoever started them.</summary>
internal static class ClusterProcesses
{
    /// <remarks>
    /// Every server process has the cluster as its working folder; a number in postmaster.pid may meanwhile belong to another program.
    /// The folder is compared by identity, since a process sees it by its real path and we perhaps through a link.
    /// </remarks>
    public static IReadOnlyList<int> In(string cluster)
    {
        if (Libc.Look(cluster) is not { } here)
            return [];
        var found = new List<int>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var id) && Libc.Look(folder + "/cwd") is { } there
                && there.Inode == here.Inode && there.Device == here.Device && IsServer(folder))
                found.Add(id);
        }
        return found;
    }

    // An administrator's shell may stand in the folder too. A process that is just ending loses its program before its working folder: it counts until both are gone.
    static bool IsServer(string process)
    {
        try
        {
            return new FileInfo(process + "/exe").LinkTarget is not { } program || Path.GetFileName(program).StartsWith("postgres", StringComparison.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Waits until none is left.</summary>
    /// <returns>False when some are still there at the end of <paramref name="patience"/>.</returns>
    public static async Task<bool> Gone(string cluster, TimeSpan patience, CancellationToken stop)
    {
        var deadline = Deadline.In(patience);
        while (In(cluster).Count > 0)
        {
            if (deadline.Passed)
                return false;
            await Task.Delay(50, stop);
        }
        return true;
    }

    public static void Signal(IEnumerable<int> processes, int signal)
    {
        foreach (var process in processes)
            Libc.Signal(process, signal);
    }
}
