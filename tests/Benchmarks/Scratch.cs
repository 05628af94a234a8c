using System.Diagnostics;
using System.Globalization;

namespace Portico.Benchmarks;

/// <summary>A folder for everything that this run writes, on a disk: on a memory file system no commit is durable, and figures would flatter. Gone at the end.</summary>
internal sealed class Scratch : IDisposable
{
    const string Name = "portico-bench-";

    readonly string _folder;

    public Scratch()
    {
        var place = ((string[])[Path.GetTempPath(), "/var/tmp"]).FirstOrDefault(folder => Directory.Exists(folder) && new DriveInfo(folder).DriveFormat is not ("tmpfs" or "ramfs")) ?? Path.GetTempPath();
        foreach (var left in Directory.EnumerateDirectories(place, Name + "*"))
            if (int.TryParse(Path.GetFileName(left).AsSpan(Name.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var process) && !Directory.Exists($"/proc/{process}"))
                Remove(left);
        _folder = Directory.CreateDirectory(Path.Combine(place, string.Create(CultureInfo.InvariantCulture, $"{Name}{Environment.ProcessId}")), Others).FullName;
        // Whoever asks for a place for temporary files from here on, this process or one that it starts, gets this one.
        Environment.SetEnvironmentVariable("TMPDIR", _folder);
    }

    // PostgreSQL may run as another user, and has to pass through.
    const UnixFileMode Others =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    /// <summary>The cluster stops when the process ends, by a handler that was there first; only then can its folder go.</summary>
    public void RemoveAtEnd() => AppDomain.CurrentDomain.ProcessExit += (_, _) => Remove(_folder);

    public void Dispose() => Debug.Assert(Directory.Exists(_folder));

    static void Remove(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception stays) when (stays is IOException or UnauthorizedAccessException)
        {
            // Another user's, or still being written to: the next run tries again.
            Console.Error.WriteLine($"{folder} could not be removed: {stays.Message}");
        }
    }
}
