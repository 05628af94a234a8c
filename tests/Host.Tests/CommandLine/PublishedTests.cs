using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Dapper;
using Host.Tests.Sample;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Platform.Core.Storage.Embedded;
using Platform.Testing;

namespace Host.Tests.CommandLine;

/// <summary>As it is installed: a published folder that nobody may write to, run by a user without rights, against a PostgreSQL that it knows by connection string only.</summary>
public sealed class PublishedTests
{
    const string Nobody = "65534";

    string _folder = null!;
    EmbeddedPostgres _cluster = null!;
    Relay _relay = null!;

    string Data => Path.Combine(_folder, "data");

    string Program => Path.Combine(_folder, "portico");

    /// <summary>Who runs the tests as root steps down; who does not is a user without rights already.</summary>
    string[] Launch => Environment.IsPrivilegedProcess
        ? ["setpriv", "--reuid=" + Nobody, "--regid=" + Nobody, "--clear-groups", "--no-new-privs", Path.Combine(Program, "portico")]
        : [Path.Combine(Program, "portico")];

    [OneTimeSetUp]
    public async Task Begin()
    {
        _folder = Directory.CreateTempSubdirectory("portico-inst-").FullName;
        File.SetUnixFileMode(_folder, File.GetUnixFileMode(_folder) | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        _cluster = await EmbeddedPostgres.Start(new EmbeddedPostgresOptions { DataFolder = Path.Combine(_folder, "db") }, NullLogger.Instance, CancellationToken.None);
        await using (var super = new NpgsqlConnection(_cluster.ConnectionString("postgres", "portico_super") + ";Pooling=false"))
        {
            await super.ExecuteAsync("create role gestore login createrole");
            await super.ExecuteAsync("create database portico owner gestore template template0 encoding 'UTF8'");
        }
        _relay = new(new UnixDomainSocketEndPoint(Path.Combine(new NpgsqlConnectionStringBuilder(_cluster.ConnectionString("portico", "gestore")).Host!, ".s.PGSQL.5432")));
        var source = Path.Combine(TestCluster.Artifacts, "..");
        // What "./build.sh pack" lays out, of what this build made.
        await new Shell(_folder, new Dictionary<string, string>(StringComparer.Ordinal) { ["DOTNET_NOLOGO"] = "1", ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1" }).Run(
            $"""
            dotnet publish '{source}/Host' --configuration Release --no-build --no-self-contained --output '{Program}' --nologo -nodeReuse:false
            cp -R '{TestCluster.Plugins}' '{Program}/plugins'
            mkdir -m 700 '{Data}'
            {(Environment.IsPrivilegedProcess ? $"chown {Nobody}:{Nobody} '{Data}'" : ":")}
            chmod -R a-w,a+rX '{Program}'
            """);
    }

    [OneTimeTearDown]
    public async Task End()
    {
        NpgsqlConnection.ClearAllPools();
        _relay.Dispose();
        await _cluster.DisposeAsync();
        await new Shell(Path.GetTempPath(), new Dictionary<string, string>(StringComparer.Ordinal)).Run($"chmod -R u+w '{_folder}' && rm -rf '{_folder}'");
    }

    [Test]
    public async Task A_user_without_rights_migrates_checks_and_serves_and_writes_nowhere_but_in_its_data_folder()
    {
        var before = Look(Program);
        var marker = Path.Combine(_folder, "marker");
        await File.WriteAllTextAsync(marker, "");

        (await Portico("PORTICO_OwnerDatabase", "gestore", "migrate")).Should().Be((0, "core: up to date\npayments: up to date\nfines: up to date\nschoolfees: up to date\n"));
        var entities = Path.Combine(_folder, "enti.csv");
        await File.WriteAllTextAsync(
            entities, "id;codice;slug;nome;tipo;istat;codice_fiscale;servizi\n0;000;servizi;Centro servizi;centre;;99900000011;\n37036;MZB;marzabotto;Comune di Marzabotto;municipality;037036;99900000136;fines\n");
        (await Portico("PORTICO_Database", "portico_web", "entity", "import", entities)).Should().Be((0, "2 enti: 2 nuove, 0 cambiate, 0 uguali, 0 errori.\n"));
        (await Portico("PORTICO_Database", "portico_web", "settings", "set", "fines", "--entity", "MZB", "patron=08/09", "office=Polizia locale, Marzabotto")).Code.Should().Be(0);
        var (code, words) = await Portico("PORTICO_Database", "portico_web", "check");
        words.Should().Contain("ok    services: fines, schoolfees.").And.Contain("ok    migrations: Up to date.").And.Contain("ok    web role").And.NotContain("MEND");
        code.Should().Be(0, words);

        await using (var host = PorticoProgram.Start(Variables("PORTICO_Database", "portico_web"), Launch, "serve", "--listen", "http://127.0.0.1:0"))
        {
            using var browser = new HttpClient { BaseAddress = await host.Serves() };
            (await browser.GetStringAsync(new Uri("/marzabotto/multe", UriKind.Relative))).Should().Contain("Comune di Marzabotto").And.Contain("name=\"targa\"");
            (await host.Terminate()).Should().Be(0);
        }

        Look(Program).Should().Equal(before, "the program's folder is as it was");
        Look(Data).Should().NotBeEmpty("what is its own stands there");
        if (Environment.IsPrivilegedProcess)
            // Where everybody may write, and where a user without rights could have.
            (await Find($"find /tmp /var/tmp /dev/shm '{_folder}' -maxdepth 2 -uid {Nobody} -newer '{marker}' -not -path '{Data}*' -not -name 'PostgreSQL.*' 2>/dev/null || true")).Trim().Should().BeEmpty();
        (await FluentActions.Awaiting(() => Find($"{string.Join(' ', Launch[..^1])} touch '{Program}/mine' 2>&1")).Should().ThrowAsync<InvalidOperationException>()).WithMessage("*ermission denied*");
    }

    [Test]
    public void What_is_installed_tells_nothing_of_the_machine_that_built_it()
    {
        var source = Path.GetFullPath(Path.Combine(TestCluster.Artifacts, ".."));
        var own = Directory.GetFiles(Program, "*", SearchOption.AllDirectories).Where(file => Path.GetFileName(file).StartsWith("Platform.", StringComparison.Ordinal)
            || Path.GetFileName(file).StartsWith("Services.", StringComparison.Ordinal) || Path.GetFileName(file).StartsWith("portico", StringComparison.Ordinal)).ToList();
        own.Select(Path.GetFileName).Should().Contain(["portico.dll", "Platform.Core.dll", "Platform.Core.pdb", "Services.Fines.dll"]);
        foreach (var file in own)
        {
            var bytes = File.ReadAllBytes(file);
            foreach (var encoding in (System.Text.Encoding[])[System.Text.Encoding.UTF8, System.Text.Encoding.Unicode])
                bytes.AsSpan().IndexOf(encoding.GetBytes(source)).Should().Be(-1, "{0} must not hold {1}", file, source);
        }
    }

    Task<(int Code, string Words)> Portico(string variable, string role, params string[] words) => PorticoProgram.Run(Variables(variable, role), Launch, words);

    Dictionary<string, string> Variables(string variable, string role) => new(StringComparer.Ordinal)
    {
        [variable] = string.Create(CultureInfo.InvariantCulture, $"Host=127.0.0.1;Port={_relay.Port};Username={role};Database=portico"),
        ["PORTICO_DataFolder"] = Data,
        // A service account has no home, and the runtime's debugging door is a file in the folder of temporary ones.
        ["HOME"] = "/nonexistent",
        ["DOTNET_EnableDiagnostics"] = "0",
        ["TMPDIR"] = Data,
    };

    static IReadOnlyList<string> Look(string folder) =>
    [
        .. new DirectoryInfo(folder).EnumerateFileSystemInfos("*", SearchOption.AllDirectories)
            .Select(entry => string.Create(CultureInfo.InvariantCulture, $"{entry.FullName} {(entry as FileInfo)?.Length} {entry.LastWriteTimeUtc:O} {entry.UnixFileMode}")).Order(StringComparer.Ordinal),
    ];

    static Task<string> Find(string commands) => new Shell(Path.GetTempPath(), new Dictionary<string, string>(StringComparer.Ordinal)).Run(commands);

    /// <summary>Lets a private cluster, which listens on a socket of its own user only, be reached as any PostgreSQL is: by address and port.</summary>
    sealed class Relay : IDisposable
    {
        readonly TcpListener _door = new(IPAddress.Loopback, 0);

        public Relay(EndPoint cluster)
        {
            _door.Start();
            _ = Accept(cluster);
        }

        public int Port => ((IPEndPoint)_door.LocalEndpoint).Port;

        async Task Accept(EndPoint cluster)
        {
            try
            {
                while (true)
                {
                    var client = await _door.AcceptSocketAsync();
                    var server = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                    await server.ConnectAsync(cluster);
                    _ = Carry(client, server);
                    _ = Carry(server, client);
                }
            }
            catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
            {
                return;
            }
        }

        static async Task Carry(Socket from, Socket to)
        {
            var buffer = new byte[16384];
            try
            {
                while (await from.ReceiveAsync(buffer) is > 0 and var read)
                    for (var sent = 0; sent < read;)
                        sent += await to.SendAsync(buffer.AsMemory(sent, read - sent));
            }
            catch (Exception broken) when (broken is SocketException or ObjectDisposedException)
            {
                // The other side is told below.
            }
            from.Dispose();
            to.Dispose();
        }

        public void Dispose() => _door.Dispose();
    }
}
