using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Platform.Core.Storage.Embedded;

/// <summary>
/// A private PostgreSQL cluster, run from the machine's own programs: durable, reached through a unix socket only, closed to other users of the machine.
/// </summary>
/// <remarks>
/// <para>The first host of a data folder owns the cluster and runs its server; further hosts, in this process or others, attach to it.
/// When the owner stops or is killed, the server ends with it and one of the attached hosts takes over within seconds, on the same socket:
/// connection strings stay valid, open connections do not.</para>
/// <para>A server that dies is restarted by the owner: at once the first time, then after growing pauses of up to 30 s, for as long as the host lives.</para>
/// <para>Linux only.</para>
/// </remarks>
internal sealed class EmbeddedPostgres : IAsyncDisposable
{
    static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(200);
    static readonly TimeSpan Settled = TimeSpan.FromMinutes(1);
    static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);
    static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);
    static readonly TimeSpan BetweenPrunings = TimeSpan.FromHours(1);

    readonly ClusterFolders folders;
    readonly EmbeddedPostgresOptions options;
    readonly ILogger log;
    readonly CancellationTokenSource stopping = new();
    readonly Lock disposal = new();
    ClusterUser user;
    string socketFolder;
    volatile FolderLock? held;
    Postmaster? server;
    Task supervision = Task.CompletedTask;
    Task? disposed;

    EmbeddedPostgres(EmbeddedPostgresOptions options, ClusterFolders folders, ClusterUser user, string socketFolder, ILogger log) =>
        (this.options, this.folders, this.user, this.socketFolder, this.log) = (options, folders, user, socketFolder, log);

    /// <summary>
    /// Makes the cluster when the folder has none, and starts its server or attaches to the one that another host runs. On return it answers.
    /// </summary>
    /// <param name="stop">Ends the wait; nothing is left running. It has no effect after the return.</param>
    /// <exception cref="EmbeddedPostgresException">
    /// No programs, data of another major version, a folder that the server's user cannot reach, a full disk, a server that does not answer within
    /// <see cref="EmbeddedPostgresOptions.StartTimeout"/>. Nothing is left running and existing data are untouched.
    /// </exception>
    public static async Task<EmbeddedPostgres> Start(EmbeddedPostgresOptions options, ILogger log, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(log);
        if (!OperatingSystem.IsLinux())
            throw new EmbeddedPostgresException("The embedded PostgreSQL runs on Linux only: elsewhere give the connection string of a server.");

        var place = new ClusterFolders(options.DataFolder);
        try
        {
            var runner = ClusterUser.For(place.Cluster);
            var postgres = new EmbeddedPostgres(options, place, runner, place.SocketFolder(options.SocketFolder), log);
            await place.Prepare(runner, stop);
            await postgres.OwnOrAttach(stop);
            postgres.supervision = Task.Run(postgres.Supervise, CancellationToken.None);
            return postgres;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EmbeddedPostgresException(
                $"The data folder {place.Data} cannot be used ({e.Message}): if another user made it, run Portico as that user; otherwise free the disk, mend the rights or choose another folder.", e);
        }
    }

    /// <summary>Whether this host runs the server. An attached host may come to own it at any time; an owner stays one until it is disposed.</summary>
    public bool Owns => held is not null;

    /// <summary>Version of the server at the start, such as <c>15.14</c>.</summary>
    public string Version { get; private set; } = "";

    /// <summary>How Npgsql reaches <paramref name="database"/> as <paramref name="user"/>; the superuser is <c>portico_super</c>. No password is needed.</summary>
    /// <remarks>Valid as long as any host of the folder lives, whoever owns the cluster. Neither the database nor the user need exist yet.</remarks>
    public string ConnectionString(string database, string user)
    {
        ArgumentException.ThrowIfNullOrEmpty(database);
        ArgumentException.ThrowIfNullOrEmpty(user);
        return Postmaster.Connection(socketFolder, database, user).ConnectionString;
    }

    /// <summary>An owner stops the server, which ends the connections of all, and leaves no process behind; an attached host just lets go. May be called again.</summary>
    public ValueTask DisposeAsync()
    {
        lock (disposal)
            return new(disposed ??= Close());
    }

    async Task Close()
    {
        await stopping.CancelAsync();
        await supervision;
        stopping.Dispose();
        if (held is null)
            return;
        try
        {
            if (server is not null)
                await server.Stop();
            if (ClusterFolders.IsElsewhere(socketFolder))
                Directory.Delete(socketFolder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.LogWarning(e, "The socket folder {Folder} could not be removed.", socketFolder);
        }
        finally
        {
            held.Dispose();
        }
        log.LogInformation("PostgreSQL on {Cluster} is stopped.", folders.Cluster);
    }

    async Task OwnOrAttach(CancellationToken stop)
    {
        var deadline = Deadline.In(options.StartTimeout);
        while (true)
        {
            if (FolderLock.TryTake(folders.Lock) is { } taken)
            {
                try
                {
                    await Run(taken, mayCreate: true, stop);
                    return;
                }
                catch
                {
                    taken.Dispose();
                    throw;
                }
            }
            var owner = FolderLock.Read(folders.Lock);
            if (owner is { } announced)
            {
                var (answer, version) = await Postmaster.Ask(announced.SocketFolder, stop);
                if (answer == Answer.Ready)
                {
                    ClusterUser.For(folders.Cluster).CheckPrivate(announced.SocketFolder);
                    (socketFolder, Version) = (announced.SocketFolder, version);
                    log.LogInformation("Attached to PostgreSQL {Version} on {Cluster}, run by process {Owner}.", version, folders.Cluster, announced.Process);
                    return;
                }
                if (answer == Answer.NotNow)
                    deadline = Deadline.In(options.StartTimeout);
            }
            if (deadline.Passed)
            {
                throw new EmbeddedPostgresException(string.Create(CultureInfo.InvariantCulture,
                    $"Another host (process {owner?.Process}) owns the data folder {folders.Data}, but its PostgreSQL gave no answer within {options.StartTimeout.TotalSeconds:0} s: look at that host's log, stop it, or choose another data folder."));
            }
            await Task.Delay(Beat, stop);
        }
    }

    async Task Run(FolderLock taken, bool mayCreate, CancellationToken stop)
    {
        user = ClusterUser.For(folders.Cluster);     // the cluster may have been made since
        taken.Announce(socketFolder);
        var launched = await Postmaster.Launch(folders, user, socketFolder, mayCreate, options.StartTimeout, log, stop);
        (server, Version, held) = (launched, launched.Version, taken);
        log.LogInformation("PostgreSQL {Version} runs on {Cluster} as {User} (process {Process}).", Version, folders.Cluster, user.Name, launched.Id);
    }

    async Task Supervise()
    {
        var stop = stopping.Token;
        var pause = TimeSpan.Zero;
        var up = Deadline.In(Settled);
        var mine = held;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                if (mine is null)
                {
                    await Task.Delay(Beat > pause ? Beat : pause, stop);
                    mine = FolderLock.TryTake(folders.Lock);
                    if (mine is null)
                        continue;
                    log.LogWarning("The host that ran PostgreSQL on {Cluster} is gone; this one takes over.", folders.Cluster);
                }
                if (server is null)
                {
                    await Task.Delay(pause, stop);
                    await Run(mine, mayCreate: false, stop);
                    up = Deadline.In(Settled);
                }
                var code = await Lifetime(server!, stop);
                server = null;
                pause = up.Passed ? TimeSpan.Zero : Longer(pause);
                log.LogError("PostgreSQL on {Cluster} ended by itself (exit code {Code}); starting it again in {Pause}. Its log is in {Log}.", folders.Cluster, code, pause, folders.Log);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e)
            {
                pause = Longer(pause);
                log.LogError(e, "PostgreSQL on {Cluster} could not be started again; trying in {Pause}.", folders.Cluster, pause);
            }
        }
        if (held is null)
            mine?.Dispose();
    }

    async Task<int> Lifetime(Postmaster running, CancellationToken stop)
    {
        while (true)
        {
            try
            {
                return await running.Exited.WaitAsync(BetweenPrunings, stop);
            }
            catch (TimeoutException)
            {
                ServerLog.Prune(folders.Log);
            }
        }
    }

    static TimeSpan Longer(TimeSpan pause) => pause == TimeSpan.Zero ? FirstPause : pause * 2 < LongestPause ? pause * 2 : LongestPause;
}
