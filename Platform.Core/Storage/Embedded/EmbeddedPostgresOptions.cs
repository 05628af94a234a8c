namespace Platform.Core.Storage.Embedded;

/// <summary>Where the private cluster lives and how long a start may take.</summary>
internal sealed record EmbeddedPostgresOptions
{
    /// <summary>
    /// Folder of the cluster, its lock, its socket and its log; created when missing. Every host that names the same folder shares one cluster.
    /// When Portico runs as root it must be reachable by an ordinary user: not below a home of mode 0700.
    /// </summary>
    public required string DataFolder { get; init; }

    /// <summary>
    /// Folder of the unix socket, or null: below <see cref="DataFolder"/>, and below <c>/tmp</c> when that path is too long for a socket.
    /// A host that attaches uses the owner's, whatever it says here.
    /// </summary>
    public string? SocketFolder { get; init; }

    /// <summary>How long a start waits for a cluster that is shutting down, for another host that is starting it, and for a server that gives no answer.</summary>
    /// <remarks>A server that answers "starting up" is recovering from a crash: that wait is not cut short, since cutting it would only begin it again.</remarks>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromSeconds(30);
}
