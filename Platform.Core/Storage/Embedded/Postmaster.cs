using System.Globalization;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Platform.Core.Storage.Embedded;

/// <summary>What a server answers to a connection.</summary>
internal enum Answer
{
    None,
    /// <summary>It starts, recovers or stops.</summary>
    NotNow,
    Ready,
}

/// <summary>One run of the server. Only the holder of the folder's lock may have one.</summary>
internal sealed class Postmaster
{
    public const string Superuser = "portico_super";

    static readonly TimeSpan FastStop = TimeSpan.FromSeconds(20);
    static readonly TimeSpan ImmediateStop = TimeSpan.FromSeconds(5);
    static readonly TimeSpan OrphanGrace = TimeSpan.FromSeconds(2);

    readonly ChildProcess child;
    readonly string cluster;
    readonly ILogger log;

    Postmaster(ChildProcess child, string cluster, ILogger log) => (this.child, this.cluster, this.log) = (child, cluster, log);

    public int Id => child.Id;

    public string Version { get; private set; } = "";

    public Task<int> Exited => child.Exited;

    /// <summary>Makes the cluster if there is none, waits for what remains of an earlier run, starts the server and waits until it answers.</summary>
    /// <param name="mayCreate">False once the cluster has been in use: a volume that went away must not come back as an empty database.</param>
    /// <param name="patience">For a remainder of an earlier run and for a server that gives no answer; one that recovers may take its time.</param>
    /// <exception cref="EmbeddedPostgresException">Nothing is left running.</exception>
    public static async Task<Postmaster> Launch(
        ClusterFolders folders, ClusterUser user, string socketFolder, bool mayCreate, TimeSpan patience, ILogger log, CancellationToken stop)
    {
        var deadline = Deadline.In(patience);
        var programs = await PostgresPrograms.For(folders.Cluster, stop);
        await user.CheckReach(programs.Folder, "The folder of PostgreSQL's programs", stop);
        await user.CheckReach(Path.GetDirectoryName(socketFolder)!, "The socket folder", stop);
        await SettleEarlierRun(folders.Cluster, socketFolder, deadline, log, stop);
        if (!mayCreate && PostgresPrograms.DataVersion(folders.Cluster) is null)
        {
            throw new EmbeddedPostgresException(
                $"The data in {folders.Cluster} have vanished under the running host: mount or put them back. An empty cluster is not made in their place.");
        }
        await NewCluster.Ensure(folders, programs, user, log, stop);
        user.EnsurePrivate(folders.Log);
        user.EnsurePrivate(socketFolder);
        ServerLog.Prune(folders.Log);

        while (true)
        {
            var since = TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(-1);
            var server = new Postmaster(await ChildProcess.Start(user.Command("INT", programs.Server, Arguments(folders, socketFolder))), folders.Cluster, log);
            try
            {
                if (await server.Answers(socketFolder, deadline, stop))
                    return server;
            }
            catch
            {
                await server.Stop();
                throw;
            }
            var running = !server.Exited.IsCompleted;
            await server.Stop();
            var output = await server.child.Output();
            // A backend of a killed server that has not noticed yet, or a server that ended between our look and its start.
            if (!running && !deadline.Passed && (output.Contains("pre-existing shared memory block") || output.Contains("lock file \"postmaster.pid\" already exists")))
            {
                await SettleEarlierRun(folders.Cluster, socketFolder, deadline, log, stop);
                await Task.Delay(200, stop);
                continue;
            }
            var what = running ? string.Create(CultureInfo.InvariantCulture, $"gave no answer within {patience.TotalSeconds:0} s") : "did not start";
            throw Failure.Of($"PostgreSQL {what} on {folders.Cluster}", folders.Data, user, $"{output}\n{ServerLog.Tail(folders.Log, since)}", folders.Log);
        }
    }

    /// <summary>Ends the server and every process of it: fast, then at once, then by force.</summary>
    public async Task Stop()
    {
        child.Signal(Libc.Interrupt);
        if (!await Ended(FastStop))
        {
            log.LogWarning("PostgreSQL {Process} did not stop within {Seconds} s; stopping it at once, the next start recovers.", Id, FastStop.TotalSeconds);
            child.Signal(Libc.Quit);
            if (!await Ended(ImmediateStop))
                child.Signal(Libc.Kill);
        }
        await Exited;
        if (!await ClusterProcesses.Gone(cluster, OrphanGrace, CancellationToken.None))
        {
            ClusterProcesses.Signal(ClusterProcesses.In(cluster), Libc.Kill);
            await ClusterProcesses.Gone(cluster, OrphanGrace, CancellationToken.None);
        }
    }

    public static NpgsqlConnectionStringBuilder Connection(string socketFolder, string database, string user) => new()
    {
        Host = socketFolder,
        Database = database,
        Username = user,
        // Nothing leaves the machine: asking for encryption costs a round trip per connection and is always refused.
        SslMode = SslMode.Disable,
        GssEncryptionMode = GssEncryptionMode.Disable,
    };

    public static async Task<(Answer Answer, string Version)> Ask(string socketFolder, CancellationToken stop)
    {
        var connection = Connection(socketFolder, "postgres", Superuser);
        connection.Pooling = false;
        connection.Timeout = 2;
        try
        {
            await using var session = new NpgsqlConnection(connection.ConnectionString);
            await session.OpenAsync(stop);
            return (Answer.Ready, session.PostgreSqlVersion.ToString());
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.CannotConnectNow or PostgresErrorCodes.TooManyConnections)
        {
            return (Answer.NotNow, "");
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException)
        {
            return (Answer.None, "");
        }
    }

    async Task<bool> Answers(string socketFolder, Deadline deadline, CancellationToken stop)
    {
        while (!Exited.IsCompleted)
        {
            var (answer, version) = await Ask(socketFolder, stop);
            if (answer == Answer.Ready)
            {
                Version = version;
                return true;
            }
            if (answer == Answer.None && deadline.Passed)
                return false;
            await Task.WhenAny(Exited, Task.Delay(25, stop));
            stop.ThrowIfCancellationRequested();
        }
        return false;
    }

    async Task<bool> Ended(TimeSpan patience)
    {
        await Task.WhenAny(Exited, Task.Delay(patience));
        return Exited.IsCompleted;
    }

    /// <remarks>
    /// We hold the lock, so whatever still runs here lost its host and has been told to stop, or never will be: a server in order is stopped fast,
    /// backends without their server are ended at once, since they would hold the shared memory until their statement ends.
    /// </remarks>
    static async Task SettleEarlierRun(string cluster, string socketFolder, Deadline deadline, ILogger log, CancellationToken stop)
    {
        var file = Path.Combine(cluster, "postmaster.pid");
        var waited = false;
        var grace = Deadline.In(OrphanGrace);
        while (ClusterProcesses.In(cluster) is { Count: > 0 } processes)
        {
            if (!waited)
                log.LogInformation("Waiting for an earlier run of PostgreSQL on {Cluster} to end (processes {Processes}).", cluster, processes);
            waited = true;
            if (ServerProcess(file) is { } server && processes.Contains(server))
                Libc.Signal(server, Libc.Interrupt);
            else
                ClusterProcesses.Signal(processes, grace.Passed ? Libc.Kill : Libc.Quit);
            if (deadline.Passed)
            {
                throw new EmbeddedPostgresException(
                    $"An earlier run of PostgreSQL on {cluster} does not end (processes {string.Join(", ", processes)}): look at the log beside the cluster, stop them and start again.");
            }
            await ClusterProcesses.Gone(cluster, TimeSpan.FromMilliseconds(500), stop);
        }
        // PostgreSQL refuses to start while any process has the number of the dead server, be it a stranger's or a corpse that nobody has collected.
        foreach (var stale in (string[])[file, Path.Combine(socketFolder, ClusterFolders.SocketName + ".lock")])
        {
            if (ServerProcess(stale) is { } gone && Libc.IsAlive(gone))
                File.Delete(stale);
        }
    }

    static int? ServerProcess(string file)
    {
        try
        {
            return int.TryParse(File.ReadLines(file).FirstOrDefault(), CultureInfo.InvariantCulture, out var id) && id > 0 ? id : null;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    static IEnumerable<string> Arguments(ClusterFolders folders, string socketFolder)
    {
        IEnumerable<string> settings =
        [
            "listen_addresses=", $"unix_socket_directories={socketFolder}", "unix_socket_permissions=0700", "port=5432",
            "fsync=on", "full_page_writes=on", "synchronous_commit=on",
            "shared_buffers=128MB", "max_connections=200", "max_wal_size=512MB", "timezone=UTC",
            // One runaway sort could otherwise fill the disk that holds the data, and stop every payment.
            "temp_file_limit=4GB",
            .. ServerLog.Settings(folders.Log),
        ];
        // On the command line, where neither an edited file nor ALTER SYSTEM can open the network or switch durability off.
        return ["-D", folders.Cluster, .. settings.SelectMany(setting => (string[])["-c", setting])];
    }
}
