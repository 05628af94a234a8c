using System.Diagnostics;
using System.Net.NetworkInformation;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Platform.Core.Storage.Embedded;

namespace Platform.Core.Tests.Embedded;

public sealed class EmbeddedPostgresTests
{
    ScratchFolder scratch = null!;

    [SetUp]
    public void Make_a_folder() => scratch = new();

    [TearDown]
    public void Remove_the_folder() => scratch.Dispose();

    [Test]
    public async Task Starts_and_answers()
    {
        await using var postgres = await Start();

        postgres.Owns.Should().BeTrue();
        (await Ask<string>(postgres, "select current_user::text")).Should().Be("portico_super");
        (await Ask<string>(postgres, "show server_version")).Should().StartWith(postgres.Version);
    }

    [Test]
    public async Task Is_durable_checked_and_closed_to_the_network()
    {
        await using var postgres = await Start();

        foreach (var (setting, value) in new[]
        {
            ("listen_addresses", ""), ("fsync", "on"), ("synchronous_commit", "on"), ("full_page_writes", "on"), ("data_checksums", "on"),
            ("server_encoding", "UTF8"), ("unix_socket_permissions", "0700"), ("max_connections", "200"),
        })
            (await Ask<string>(postgres, $"select current_setting('{setting}')")).Should().Be(value, setting);
        (await Ask<bool>(postgres, "select 'Z' < 'a'")).Should().BeTrue("the order is that of code points");
        foreach (var folder in (string[])["socket", "cluster", "log"])
            Libc.Look(Path.Combine(scratch.Data, folder))!.Value.Permissions.Should().Be(Libc.OwnerOnly, folder);
    }

    [Test]
    public async Task Durability_and_the_closed_network_survive_alter_system()
    {
        await using (var first = await Start())
        {
            foreach (var change in (string[])["listen_addresses = '*'", "fsync = off", "synchronous_commit = off"])
                await Run(first, $"alter system set {change}");
        }
        await using var second = await Start();

        (await Ask<string>(second, "show listen_addresses")).Should().BeEmpty();
        (await Ask<string>(second, "show fsync")).Should().Be("on");
        (await Ask<string>(second, "show synchronous_commit")).Should().Be("on");
    }

    [Test]
    public async Task Data_survive_a_restart_and_nothing_is_left_running_between()
    {
        await using (var first = await Start())
            await Run(first, "create table kept as select 42 as answer");
        scratch.Servers().Should().BeEmpty();

        await using var second = await Start();
        (await Ask<int>(second, "select answer from kept")).Should().Be(42);
    }

    [Test]
    public async Task A_second_host_attaches_to_the_first()
    {
        await using var first = await Start();
        await using var second = await Start(scratch.Options with { SocketFolder = Path.Combine(scratch.Path, "unused") });

        (first.Owns, second.Owns).Should().Be((true, false));
        (await Ask<int>(second, "select 1")).Should().Be(1);
        second.ConnectionString("a", "b").Should().Be(first.ConnectionString("a", "b"), "the owner's socket counts");
    }

    [Test]
    public async Task Of_many_that_start_at_once_one_owns()
    {
        var hosts = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => Task.Run(() => Start())));
        try
        {
            hosts.Count(host => host.Owns).Should().Be(1);
            foreach (var host in hosts)
                (await Ask<int>(host, "select 1")).Should().Be(1);
        }
        finally
        {
            foreach (var host in hosts.OrderBy(host => host.Owns))
                await host.DisposeAsync();
        }
    }

    [Test]
    public async Task A_killed_server_is_back_with_its_data()
    {
        await using var postgres = await Start();
        await Run(postgres, "create table kept as select 42 as answer");
        var killed = scratch.Postmaster;

        Libc.Signal(killed, Libc.Kill).Should().BeTrue();
        var took = await Eventually.Holds(async () => await Answers(postgres) && scratch.Postmaster != killed, "the server is back");

        await TestContext.Out.WriteLineAsync($"back after {took.TotalSeconds:0.00} s");
        (await Ask<int>(postgres, "select answer from kept")).Should().Be(42);
    }

    [Test]
    public async Task A_server_killed_while_a_statement_is_busy_is_back_too()
    {
        await using var postgres = await Start();
        await using var session = new NpgsqlConnection(Connection(postgres));
        await session.OpenAsync();
        // A backend that computes does not notice that its server died, and holds the shared memory. It writes nothing and ends by itself,
        // so that even a broken guard leaves no load behind.
        var busy = session.ExecuteAsync(
            "do $$ declare until timestamptz := clock_timestamp() + interval '2 minutes'; begin while clock_timestamp() < until loop null; end loop; end $$", commandTimeout: 0);
        await Eventually.Holds(async () => await Ask<long>(postgres, "select count(*) from pg_stat_activity where state = 'active' and query like 'do $$%' and pid <> pg_backend_pid()") == 1, "the statement runs");
        var killed = scratch.Postmaster;

        Libc.Signal(killed, Libc.Kill);
        var took = await Eventually.Holds(async () => await Answers(postgres) && scratch.Postmaster != killed, "the server is back", seconds: 40);

        await TestContext.Out.WriteLineAsync($"back after {took.TotalSeconds:0.00} s");
        await FluentActions.Awaiting(() => busy).Should().ThrowAsync<NpgsqlException>();
    }

    [Test]
    public async Task A_server_killed_again_and_again_is_back_each_time()
    {
        await using var postgres = await Start();
        for (var i = 0; i < 3; i++)
        {
            var killed = scratch.Postmaster;
            Libc.Signal(killed, Libc.Kill);
            await Eventually.Holds(async () => await Answers(postgres) && scratch.Postmaster != killed, "the server is back");
        }
    }

    [Test]
    public async Task Data_that_vanish_under_a_running_host_are_not_replaced_by_an_empty_cluster_and_serve_again_once_back()
    {
        var said = new Sayings();
        await using var postgres = await EmbeddedPostgres.Start(scratch.Options, said, CancellationToken.None);
        await Run(postgres, "create table kept as select 42 as answer");
        var server = scratch.Postmaster;
        var away = Path.Combine(scratch.Data, "away");
        Directory.Move(scratch.Cluster, away);
        Libc.Signal(server, Libc.Kill);

        await Eventually.Holds(() => said.Any(text => text.Contains("have vanished", StringComparison.Ordinal)), "the loss is logged");
        Directory.Exists(scratch.Cluster).Should().BeFalse();

        Directory.Move(away, scratch.Cluster);
        await Eventually.Holds(() => Answers(postgres), "the server is back");
        (await Ask<int>(postgres, "select answer from kept")).Should().Be(42);
    }

    [Test]
    public async Task When_the_owner_stops_an_attached_host_takes_over()
    {
        var owner = await Start();
        await using var attached = await Start();
        await Run(owner, "create table kept as select 42 as answer");

        await owner.DisposeAsync();
        var took = await Eventually.Holds(() => Answers(attached), "the attached host's server answers");

        await TestContext.Out.WriteLineAsync($"taken over after {took.TotalSeconds:0.00} s");
        await Eventually.Holds(() => attached.Owns, "the attached host owns");
        (await Ask<int>(attached, "select answer from kept")).Should().Be(42);
    }

    [Test]
    public async Task Disposing_an_attached_host_leaves_the_server_alone_and_disposing_twice_is_harmless()
    {
        await using var owner = await Start();
        var attached = await Start();

        await attached.DisposeAsync();
        await attached.DisposeAsync();

        (await Ask<int>(owner, "select 1")).Should().Be(1);
    }

    [Test]
    public async Task Disposing_ends_the_connections_of_others_and_leaves_no_process()
    {
        var postgres = await Start();
        await using var session = new NpgsqlConnection(Connection(postgres));
        await session.OpenAsync();
        var running = session.ExecuteAsync("select pg_sleep(600)", commandTimeout: 0);

        await postgres.DisposeAsync();

        scratch.Servers().Should().BeEmpty();
        await FluentActions.Awaiting(() => running).Should().ThrowAsync<NpgsqlException>();
    }

    [Test]
    public async Task A_host_killed_with_9_leaves_no_server()
    {
        using var host = HostProcess.Begin(scratch.Data);
        (await host.Says()).Should().StartWith("owns ");
        scratch.Servers().Should().NotBeEmpty();

        await host.Kill();

        await Eventually.Holds(() => scratch.Servers().Count == 0, "no server is left", seconds: 30);
    }

    [Test]
    public async Task A_host_that_leaves_without_disposing_leaves_no_server()
    {
        using var host = HostProcess.Begin(scratch.Data);
        await host.Says();

        await host.Leave();

        await Eventually.Holds(() => scratch.Servers().Count == 0, "no server is left", seconds: 30);
    }

    [Test]
    public async Task When_the_owner_is_killed_an_attached_host_takes_over()
    {
        using var host = HostProcess.Begin(scratch.Data);
        await host.Says();
        await using var attached = await Start();
        attached.Owns.Should().BeFalse();
        await Run(attached, "create table kept as select 42 as answer");

        await host.Kill();
        var took = await Eventually.Holds(async () => attached.Owns && await Answers(attached), "the attached host's server answers");

        await TestContext.Out.WriteLineAsync($"taken over after {took.TotalSeconds:0.00} s");
        (await Ask<int>(attached, "select answer from kept")).Should().Be(42);
    }

    [Test]
    public async Task A_start_right_after_the_kill_of_host_and_server_waits_and_recovers()
    {
        using (var host = HostProcess.Begin(scratch.Data))
        {
            await host.Says();
            Libc.Signal(host.Id, 19);     // stopped, so that it cannot restart what is killed next
            Libc.Signal(scratch.Postmaster, Libc.Kill);
            await host.Kill();
        }
        File.Exists(Path.Combine(scratch.Cluster, "postmaster.pid")).Should().BeTrue("the server had no time to remove it");

        await using var postgres = await Start();
        (await Ask<int>(postgres, "select 1")).Should().Be(1);
    }

    [Test]
    public async Task A_stale_process_number_that_another_program_got_does_not_stop_the_start()
    {
        await (await Start()).DisposeAsync();
        using var stranger = Process.Start(Libc.EffectiveUser == 0
            ? new ProcessStartInfo("setpriv", [$"--reuid={Libc.Look(scratch.Cluster)!.Value.Uid}", "--clear-groups", "sleep", "600"])
            : new ProcessStartInfo("sleep", ["600"]))!;
        try
        {
            foreach (var file in (string[])[Path.Combine(scratch.Cluster, "postmaster.pid"), Path.Combine(scratch.Data, "socket", ".s.PGSQL.5432.lock")])
                await File.WriteAllTextAsync(file, $"{stranger.Id}\n{scratch.Cluster}\n1700000000\n5432\n{scratch.Data}/socket\n\n  1 1\nready   \n");

            await using var postgres = await Start();
            (await Ask<int>(postgres, "select 1")).Should().Be(1);
            stranger.HasExited.Should().BeFalse("it is none of our business");
        }
        finally
        {
            stranger.Kill();
        }
    }

    [Test]
    public async Task A_host_killed_while_it_makes_the_cluster_leaves_a_usable_folder()
    {
        using (var host = HostProcess.Begin(scratch.Data))
        {
            await Eventually.Holds(() => Unfinished().Any(folder => Directory.EnumerateFileSystemEntries(folder).Any()), "the cluster is being made");
            await host.Kill();
        }
        Directory.Exists(scratch.Cluster).Should().BeFalse("it was not finished");

        await using var postgres = await Start();
        (await Ask<int>(postgres, "select 1")).Should().Be(1);
        await Eventually.Holds(() => Unfinished().Length == 0, "the unfinished cluster is gone");

        string[] Unfinished() => Directory.Exists(scratch.Data) ? Directory.GetDirectories(scratch.Data, "cluster.new-*") : [];
    }

    [Test]
    public async Task A_cancelled_start_leaves_nothing_running()
    {
        using var stop = new CancellationTokenSource();
        var start = EmbeddedPostgres.Start(scratch.Options, NullLogger.Instance, stop.Token);
        await Eventually.Holds(() => Directory.Exists(scratch.Data) && Directory.EnumerateFileSystemEntries(scratch.Data).Skip(1).Any(), "the start is under way");
        await stop.CancelAsync();

        await FluentActions.Awaiting(() => start).Should().ThrowAsync<OperationCanceledException>();
        scratch.Servers().Should().BeEmpty();
        await using var postgres = await Start();
        postgres.Owns.Should().BeTrue("the lock was let go");
    }

    [Test]
    public async Task Data_of_another_major_version_are_refused_in_words()
    {
        string ours;
        await using (var postgres = await Start())
            ours = postgres.Version;
        await File.WriteAllTextAsync(Path.Combine(scratch.Cluster, "PG_VERSION"), "9\n");

        (await FluentActions.Awaiting(() => Start()).Should().ThrowAsync<EmbeddedPostgresException>())
            .Which.Message.Should().Contain("PostgreSQL 9,").And.Contain($"PostgreSQL {ours}").And.Contain("postgresql-9").And.Contain("pg_upgrade");
        scratch.Servers().Should().BeEmpty();
    }

    [Test]
    public async Task Of_several_versions_of_programs_new_data_get_the_newest_and_old_data_their_own()
    {
        await (await Start()).DisposeAsync();
        var newer = Path.Combine(scratch.Path, "newer");
        Directory.CreateDirectory(newer);
        foreach (var program in (string[])["postgres", "initdb"])
        {
            await File.WriteAllTextAsync(Path.Combine(newer, program), "#!/bin/sh\necho 'postgres (PostgreSQL) 100.1 (a newer one)'\nexit 1\n");
            Libc.SetPermissions(Path.Combine(newer, program), 0x1ED);
        }
        void Both(IDictionary<string, string?> environment) => environment["PATH"] += ":" + newer;

        using var old = HostProcess.Begin(scratch.Data, environment: Both);
        (await old.Says()).Should().StartWith("owns ");
        using var fresh = HostProcess.Begin(Path.Combine(scratch.Path, "fresh"), environment: Both);
        (await fresh.Says()).Should().StartWith("refused ").And.Contain("a newer one");

        await old.Kill();
        await Eventually.Holds(() => scratch.Servers().Count == 0, "no server is left");
    }

    [Test]
    public async Task Missing_programs_are_told_with_what_to_install()
    {
        using var host = HostProcess.Begin(scratch.Data, environment: e =>
        {
            e["PORTICO_POSTGRES_BIN"] = scratch.Path;
        });
        (await host.Says()).Should().StartWith("refused ").And.Contain("PORTICO_POSTGRES_BIN").And.Contain(scratch.Path);
    }

    [Test]
    public async Task A_folder_under_a_private_home_of_root_is_refused_by_name()
    {
        Assume.That(Libc.EffectiveUser, Is.Zero, "only root runs the server as another user");
        var home = Path.Combine(scratch.Path, "home");
        Libc.MakeFolder(home, Libc.OwnerOnly);
        var data = Path.Combine(home, "portico", "data");

        (await FluentActions.Awaiting(() => Start(new() { DataFolder = data })).Should().ThrowAsync<EmbeddedPostgresException>())
            .Which.Message.Should().Contain($"the folder {home} lets").And.Contain("/var/lib/portico");
        Directory.Exists(data).Should().BeFalse("nothing was made where it cannot be used");
    }

    [Test]
    public async Task An_ordinary_user_runs_the_server_as_itself()
    {
        Assume.That(Libc.EffectiveUser, Is.Zero, "otherwise every other test shows it");
        const uint nobody = 65534;
        Libc.MakeFolder(scratch.Data, Libc.OwnerOnly);
        Libc.SetOwner(scratch.Data, nobody, nobody);
        using var host = HostProcess.Begin(scratch.Data, nobody, e =>
        {
            e["HOME"] = scratch.Data;
            e["DOTNET_CLI_HOME"] = scratch.Data;
        });

        (await host.Says()).Should().StartWith("owns ");
        Libc.Look($"/proc/{scratch.Postmaster}")!.Value.Uid.Should().Be(nobody);
        await host.Kill();
        await Eventually.Holds(() => scratch.Servers().Count == 0, "no server is left", seconds: 30);

        // Root that comes later keeps to the user whose data they are.
        await using var postgres = await Start();
        Libc.Look($"/proc/{scratch.Postmaster}")!.Value.Uid.Should().Be(nobody);
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task A_path_that_no_socket_can_have_works_through_a_short_one(bool strange)
    {
        var data = Path.Combine(scratch.Path, strange ? "dati, due: è \"così\"" : new string('x', 120), "data");
        string host;
        await using (var postgres = await Start(new() { DataFolder = data }))
        {
            host = new NpgsqlConnectionStringBuilder(Connection(postgres)).Host!;
            host.Should().StartWith("/tmp/portico-");
            Libc.Look(host)!.Value.Permissions.Should().Be(Libc.OwnerOnly);
            (await Ask<int>(postgres, "select 1")).Should().Be(1);
            await using var attached = await Start(new() { DataFolder = data });
            (await Ask<int>(attached, "select 1")).Should().Be(1);
        }
        Directory.Exists(host).Should().BeFalse("it goes with the server");
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task A_socket_folder_open_to_others_is_refused_and_left_as_it_is(bool ofTheServersUser)
    {
        var open = Path.Combine(scratch.Path, "open");
        Libc.MakeFolder(open, Libc.OthersMayPass);
        if (ofTheServersUser && ClusterUser.For(scratch.Cluster) is var user)
            Libc.SetOwner(open, user.Uid, user.Gid);
        var before = Libc.Look(open);

        (await FluentActions.Awaiting(() => Start(scratch.Options with { SocketFolder = open })).Should().ThrowAsync<EmbeddedPostgresException>())
            .Which.Message.Should().Contain(open).And.Contain("0700");
        Libc.Look(open).Should().Be(before);
    }

    [Test]
    public async Task A_link_in_place_of_the_socket_folder_is_refused()
    {
        var elsewhere = Path.Combine(scratch.Path, "elsewhere");
        Libc.MakeFolder(elsewhere, Libc.OwnerOnly);
        Directory.CreateDirectory(scratch.Data);
        Directory.CreateSymbolicLink(Path.Combine(scratch.Data, "socket"), elsewhere);

        (await FluentActions.Awaiting(() => Start()).Should().ThrowAsync<EmbeddedPostgresException>()).Which.Message.Should().Contain("0700");
    }

    [Test]
    public async Task A_folder_with_other_files_in_place_of_the_cluster_is_refused_and_left_as_it_is()
    {
        Directory.CreateDirectory(scratch.Cluster);
        var file = Path.Combine(scratch.Cluster, "letter.txt");
        await File.WriteAllTextAsync(file, "dear");

        (await FluentActions.Awaiting(() => Start()).Should().ThrowAsync<EmbeddedPostgresException>()).Which.Message.Should().Contain("PG_VERSION");
        File.Exists(file).Should().BeTrue();
    }

    [Test]
    public async Task A_full_disk_is_told_in_words()
    {
        Assume.That(Libc.EffectiveUser, Is.Zero, "only root may mount");
        Directory.CreateDirectory(scratch.Data);
        Assume.That(await Shell("mount", "-t", "tmpfs", "-o", "size=12m,mode=0711", "none", scratch.Data), Is.Zero, "this machine lets nobody mount");
        try
        {
            (await FluentActions.Awaiting(() => Start()).Should().ThrowAsync<EmbeddedPostgresException>())
                .Which.Message.Should().Contain($"The disk that holds {scratch.Data} is full").And.Contain("No space left on device");
            Directory.EnumerateDirectories(scratch.Data).Should().NotContain(folder => folder.Contains("cluster", StringComparison.Ordinal));
        }
        finally
        {
            await Shell("umount", "--lazy", scratch.Data);
        }
    }

    [Test]
    public async Task A_server_that_cannot_start_shows_the_end_of_its_log()
    {
        await (await Start()).DisposeAsync();
        await File.AppendAllTextAsync(Path.Combine(scratch.Cluster, "postgresql.conf"), "\nno_such_setting = 1\n");

        (await FluentActions.Awaiting(() => Start()).Should().ThrowAsync<EmbeddedPostgresException>()).Which.Message.Should().Contain("no_such_setting");
        scratch.Servers().Should().BeEmpty();
    }

    [Test]
    public async Task The_log_quotes_no_data()
    {
        await using var postgres = await Start();
        await Run(postgres, "create table person (tax_code text primary key)");
        await Run(postgres, "insert into person values ('RSSMRA80A01A944X')");
        await FluentActions.Awaiting(() => Run(postgres, "insert into person values ('RSSMRA80A01A944X')")).Should().ThrowAsync<PostgresException>();

        var files = Directory.GetFiles(Path.Combine(scratch.Data, "log"));
        await Eventually.Holds(() => files.Any(file => File.ReadAllText(file).Contains("duplicate key", StringComparison.Ordinal)), "the error is logged");
        files.Should().NotContain(file => File.ReadAllText(file).Contains("RSSMRA80A01A944X", StringComparison.Ordinal));
    }

    [Test]
    public async Task The_server_knows_nothing_of_the_hosts_environment_terminal_and_network()
    {
        using var host = HostProcess.Begin(scratch.Data, environment: e => e["PORTICO_BANK_PASSWORD"] = "secret");
        await host.Says();
        var server = scratch.Postmaster;

        (await File.ReadAllTextAsync($"/proc/{server}/environ")).Should().NotContain("secret");
        // Field 6 of stat is the session: Ctrl-C goes to the session of the terminal.
        (await File.ReadAllTextAsync($"/proc/{server}/stat")).Split(") ")[1].Split(' ')[3].Should().Be($"{server}");
        IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Should().NotContain(listener => listener.Port == 5432);
    }

    Task<EmbeddedPostgres> Start(EmbeddedPostgresOptions? options = null) => EmbeddedPostgres.Start(options ?? scratch.Options, NullLogger.Instance, CancellationToken.None);

    // Without a pool, so that each question meets the server of that moment.
    static string Connection(EmbeddedPostgres postgres) => postgres.ConnectionString("postgres", "portico_super") + ";Pooling=false";

    static async Task<T?> Ask<T>(EmbeddedPostgres postgres, string sql)
    {
        await using var session = new NpgsqlConnection(Connection(postgres));
        return await session.ExecuteScalarAsync<T>(sql);
    }

    static async Task Run(EmbeddedPostgres postgres, string sql)
    {
        await using var session = new NpgsqlConnection(Connection(postgres));
        await session.ExecuteAsync(sql);
    }

    static async Task<bool> Answers(EmbeddedPostgres postgres)
    {
        try
        {
            return await Ask<int>(postgres, "select 1") == 1;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    static async Task<int> Shell(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments))!;
        await process.WaitForExitAsync();
        return process.ExitCode;
    }
}
