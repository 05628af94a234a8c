using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Platform.Core.Storage.Embedded;

/// <summary>Who owns a file, what it is and which one it is.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct FileFacts(uint Uid, uint Gid, uint Mode, ulong Inode, ulong Device)
{
    public bool IsFolder => (Mode & 0xF000) == 0x4000;

    public uint Permissions => Mode & 0xFFF;
}

/// <summary>The few calls of the system that .NET does not offer: owners of files, signals, locks that the kernel drops on a crash.</summary>
internal static class Libc
{
    public const int Interrupt = 2, Quit = 3, Kill = 9;
    public const uint OwnerOnly = 0x1C0;          // rwx------
    public const uint OthersMayPass = 0x1C9;      // rwx--x--x

    const int NotPermitted = 1, PermissionDenied = 13, AlreadyThere = 17, WouldBlock = 11;
    const int ReadWrite = 2, Create = 0x40, CloseOnExec = 0x80000;
    const int HereOnly = -100, DoNotFollow = 0x100, BasicFacts = 0x7FF;
    const int ExclusiveNow = 2 | 4;

    public static uint EffectiveUser => GetEffectiveUser();

    public static uint EffectiveGroup => GetEffectiveGroup();

    /// <summary>Null when there is no such file or it may not be looked at.</summary>
    public static FileFacts? Look(string path, bool followLinks = true)
    {
        // statx has one layout on every architecture, stat has not.
        var raw = new byte[256];
        if (StatX(HereOnly, path, followLinks ? 0 : DoNotFollow, BasicFacts, raw) != 0)
            return null;
        uint At(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(raw.AsSpan(offset));
        return new(At(20), At(24), BinaryPrimitives.ReadUInt16LittleEndian(raw.AsSpan(28)), BinaryPrimitives.ReadUInt64LittleEndian(raw.AsSpan(32)),
            ((ulong)At(136) << 32) | At(140));
    }

    /// <returns>False when something is already there.</returns>
    public static bool MakeFolder(string path, uint permissions)
    {
        if (MkDir(path, permissions) == 0)
        {
            Check(ChMod(path, permissions), path);     // whatever the umask says
            return true;
        }
        return Marshal.GetLastPInvokeError() == AlreadyThere ? false : throw Failure(path);
    }

    public static void SetPermissions(string path, uint permissions) => Check(ChMod(path, permissions), path);

    public static void SetOwner(string path, uint user, uint group) => Check(LChOwn(path, user, group), path);

    public static bool Signal(int process, int signal) => SendSignal(process, signal) == 0;

    public static bool IsAlive(int process) => SendSignal(process, 0) == 0 || Marshal.GetLastPInvokeError() == NotPermitted;

    /// <summary>Makes a rename within the folder survive a power cut.</summary>
    public static void FlushFolder(string path)
    {
        using var handle = Opened(path, CloseOnExec);
        Check(FSync(handle), path);
    }

    public static SafeFileHandle OpenForLock(string path) => Opened(path, ReadWrite | Create | CloseOnExec);

    /// <returns>False when another process, or another handle of this one, holds it.</returns>
    public static bool TryLock(SafeFileHandle handle, string path)
    {
        if (FLock(handle, ExclusiveNow) == 0)
            return true;
        return Marshal.GetLastPInvokeError() == WouldBlock ? false : throw Failure(path);
    }

    static SafeFileHandle Opened(string path, int flags)
    {
        var descriptor = Open(path, flags, 0x180);     // rw-------
        return descriptor >= 0 ? new(descriptor, ownsHandle: true) : throw Failure(path);
    }

    static void Check(int result, string path)
    {
        if (result != 0)
            throw Failure(path);
    }

    static Exception Failure(string path)
    {
        var error = Marshal.GetLastPInvokeError();
        var message = $"{path}: {Marshal.GetPInvokeErrorMessage(error)}";
        return error is PermissionDenied or NotPermitted ? new UnauthorizedAccessException(message) : new IOException(message);
    }

    [DllImport("libc", EntryPoint = "geteuid")]
    static extern uint GetEffectiveUser();

    [DllImport("libc", EntryPoint = "getegid")]
    static extern uint GetEffectiveGroup();

    [DllImport("libc", EntryPoint = "statx", SetLastError = true, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    static extern int StatX(int folder, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, [Out] byte[] facts);

    [DllImport("libc", EntryPoint = "mkdir", SetLastError = true, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    static extern int MkDir([MarshalAs(UnmanagedType.LPUTF8Str)] string path, uint mode);

    [DllImport("libc", EntryPoint = "chmod", SetLastError = true, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    static extern int ChMod([MarshalAs(UnmanagedType.LPUTF8Str)] string path, uint mode);

    [DllImport("libc", EntryPoint = "lchown", SetLastError = true, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    static extern int LChOwn([MarshalAs(UnmanagedType.LPUTF8Str)] string path, uint user, uint group);

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    static extern int SendSignal(int process, int signal);

    [DllImport("libc", EntryPoint = "open", SetLastError = true, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mode);

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
    static extern int FSync(SafeFileHandle handle);

    [DllImport("libc", EntryPoint = "flock", SetLastError = true)]
    static extern int FLock(SafeFileHandle handle, int operation);
}
