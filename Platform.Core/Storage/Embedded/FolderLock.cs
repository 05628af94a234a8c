using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Platform.Core.Storage.Embedded;

/// <summary>Says which host owns a data folder. The kernel drops it with the process that holds it, however that process ends.</summary>
/// <remarks>
/// flock itself and not <see cref="FileShare.None"/>: an environment variable turns the latter off, and two owners would stop each other's server.
/// The file is opened with close-on-exec, so the server does not inherit the lock.
/// </remarks>
internal sealed class FolderLock : IDisposable
{
    readonly SafeFileHandle taken;

    FolderLock(SafeFileHandle taken) => this.taken = taken;

    /// <returns>Null when another host holds it.</returns>
    public static FolderLock? TryTake(string path)
    {
        var handle = Libc.OpenForLock(path);
        try
        {
            if (Libc.TryLock(handle, path))
                return new(handle);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
        handle.Dispose();
        return null;
    }

    /// <summary>Tells the hosts that attach who owns the folder and where the socket is.</summary>
    public void Announce(string socketFolder)
    {
        var text = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId}\n{socketFolder}\n"));
        RandomAccess.SetLength(taken, 0);
        RandomAccess.Write(taken, text, 0);
    }

    /// <summary>What the last owner announced; it may be gone since. Null when nothing complete stands there.</summary>
    public static (int Process, string SocketFolder)? Read(string path)
    {
        using var handle = Libc.OpenForLock(path);
        var text = new byte[4096];
        var lines = Encoding.UTF8.GetString(text, 0, RandomAccess.Read(handle, text, 0)).Split('\n');
        return lines is [var process, var socketFolder, ""] && int.TryParse(process, CultureInfo.InvariantCulture, out var id) ? (id, socketFolder) : null;
    }

    public void Dispose() => taken.Dispose();
}
