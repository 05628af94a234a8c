using System.Security.Cryptography;
using System.Text;

namespace Platform.Core.Storage.Embedded;

/// <summary>What lies where in a data folder.</summary>
internal sealed class ClusterFolders(string data)
{
    public const string SocketName = ".s.PGSQL.5432";

    const int SocketPathLimit = 108;     // sun_path of Linux, with the closing zero
    const uint OthersMayWrite = 2;

    public string Data { get; } = Path.TrimEndingDirectorySeparator(Path.GetFullPath(data));

    public string Cluster => Path.Combine(Data, "cluster");

    public string Lock => Path.Combine(Data, "lock");

    public string Log => Path.Combine(Data, "log");

    /// <summary>Creates the data folder where it is missing.</summary>
    /// <exception cref="EmbeddedPostgresException">The user of the cluster could not pass, or strangers could write.</exception>
    public async Task Prepare(ClusterUser user, CancellationToken stop)
    {
        await user.CheckReach(Data, "The data folder", stop);
        var missing = new Stack<string>();
        for (var folder = Data; folder is not null && !Directory.Exists(folder); folder = Path.GetDirectoryName(folder))
            missing.Push(folder);
        foreach (var folder in missing)
            Libc.MakeFolder(folder, Libc.EffectiveUser == 0 ? Libc.OthersMayPass : Libc.OwnerOnly);
        if (Libc.Look(Data) is { } facts && (facts.Permissions & OthersMayWrite) != 0)
            throw new EmbeddedPostgresException($"Anybody may write in the data folder {Data}: take that away with 'chmod o-w {Data}', or choose another folder.");
    }

    /// <summary>The folder of the socket: as asked, or below the data, or a short one when that path does not fit.</summary>
    /// <exception cref="EmbeddedPostgresException">The folder asked for cannot hold a socket.</exception>
    public string SocketFolder(string? asked)
    {
        if (asked is not null)
        {
            var folder = Path.GetFullPath(asked);
            return Fits(folder) ? folder : throw new EmbeddedPostgresException(
                $"The socket folder {folder} does not do: its path may have at most {SocketPathLimit - SocketName.Length - 2} bytes, of letters, digits and / . _ - only. Choose another.");
        }
        var inside = Path.Combine(Data, "socket");
        return Fits(inside) ? inside : Path.Combine(Elsewhere, "portico-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Data)))[..16]);
    }

    /// <summary>Whether the folder was made by us for a data folder whose path is too long, and so goes with the server.</summary>
    public static bool IsElsewhere(string socketFolder) => Path.GetDirectoryName(socketFolder) == Elsewhere && Path.GetFileName(socketFolder).StartsWith("portico-", StringComparison.Ordinal);

    const string Elsewhere = "/tmp";

    // Npgsql and PostgreSQL both read a comma as the start of another host.
    static bool Fits(string folder) =>
        folder.Length + 1 + SocketName.Length < SocketPathLimit && folder.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '_' or '-');
}
