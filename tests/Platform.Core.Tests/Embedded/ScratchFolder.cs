using System.Globalization;
using Platform.Core.Storage.Embedded;

namespace Platform.Core.Tests.Embedded;

/// <summary>A folder that the server's user can reach, gone after the test; no server may be left in it.</summary>
internal sealed class ScratchFolder : IDisposable
{
    public ScratchFolder()
    {
        Path = System.IO.Path.Combine(System.IO.Path.GetTempPath(), "portico-tests-" + Guid.NewGuid().ToString("n")[..12]);
        Libc.MakeFolder(Path, Libc.OthersMayPass);
    }

    public string Path { get; }

    public string Data => System.IO.Path.Combine(Path, "data");

    public string Cluster => System.IO.Path.Combine(Data, "cluster");

    public EmbeddedPostgresOptions Options => new() { DataFolder = Data };

    public int Postmaster => int.Parse(File.ReadLines(System.IO.Path.Combine(Cluster, "postmaster.pid")).First(), CultureInfo.InvariantCulture);

    /// <summary>The programs at work in the cluster, found by the kernel's own account and not by ours.</summary>
    public IReadOnlyList<int> Servers() => Servers(Cluster);

    public static IReadOnlyList<int> Servers(string cluster) =>
        [.. Directory.EnumerateDirectories("/proc").Where(process => LinkOf(process + "/cwd") == cluster)
            .Select(process => int.TryParse(System.IO.Path.GetFileName(process), CultureInfo.InvariantCulture, out var id) ? id : 0).Where(id => id != 0)];

    public void Dispose()
    {
        foreach (var process in Servers())
            Libc.Signal(process, Libc.Kill);
        Directory.Delete(Path, recursive: true);
    }

    static string? LinkOf(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
