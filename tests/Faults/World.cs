using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Platform.Core.Storage.Embedded;
using Platform.Testing;

namespace Portico.Faults;

/// <summary>
/// Everything a payment touches, each a process of its own: a PostgreSQL that outlives the host, the emulated bank, the host, and a proxy on each way between them.
/// Prepared by the host's own command line, as an operator would.
/// </summary>
internal sealed class World : IAsyncDisposable
{
    public const string Municipality = "bentivoglio";
    const string Creditor = "URG";
    const string Secret = "faults";

    readonly string _folder;
    readonly EmbeddedPostgres _postgres;
    readonly string _cluster;

    World(string folder, string cluster, EmbeddedPostgres postgres, EmulatedBank bank, TwoHostsPlaces? places)
    {
        (_folder, _cluster, _postgres, Bank) = (folder, cluster, postgres, bank);
        Owner = postgres.ConnectionString("portico", "portico_super");
        var socket = new NpgsqlConnectionStringBuilder(Owner).Host!;
        ToPostgres = new(() => new UnixDomainSocketEndPoint(Path.Combine(socket, ".s.PGSQL.5432")), () => new PostgresLine(Trap));
        ToBank = new(() => new IPEndPoint(IPAddress.Loopback, bank.Address.Port), () => new HttpLine(Trap));
        ToHost = new(() => places is null ? Host?.Address : new IPEndPoint(IPAddress.Loopback, places.Front), () => new HttpLine(Trap));
        var web = new NpgsqlConnectionStringBuilder(postgres.ConnectionString("portico", "portico_web")) { Host = "127.0.0.1", Port = ToPostgres.Port };
        Host = new(
            HostProgram.Path,
            Serve("host", places?.First ?? 0), Environment(web.ConnectionString), Path.Combine(folder, "host.log"));
    }

    /// <summary>Everything that this world writes is below it.</summary>
    public string Folder => _folder;

    /// <summary>One more host on the same database, with a data folder of its own.</summary>
    public HostProcess Another(int port) => new(HostProgram.Path, Serve("other", port), Environment(_postgres.ConnectionString("portico", "portico_web")), Path.Combine(_folder, "other.log"));

    public Trap Trap { get; } = new();

    public EmulatedBank Bank { get; }

    public HostProcess Host { get; }

    /// <summary>Between the host and PostgreSQL.</summary>
    public Proxy ToPostgres { get; }

    /// <summary>Between the host and the bank's query.</summary>
    public Proxy ToBank { get; }

    /// <summary>Between browsers, the bank's listener and the host.</summary>
    public Proxy ToHost { get; }

    /// <summary>The address that browsers and the bank know.</summary>
    public Uri Site => new($"http://127.0.0.1:{ToHost.Port}");

    /// <summary>As owner, past every proxy: for looking at what was done.</summary>
    public string Owner { get; }

    public IReadOnlyList<FineToPay> Fines { get; private set; } = [];

    /// <param name="fines">How many are in the register.</param>
    /// <param name="data">Where PostgreSQL keeps its data; below the scratch folder when null.</param>
    public static Task<World> Create(int fines, string? data = null) => Create(fines, data, null);

    /// <summary>A world whose browsers come by another's front door.</summary>
    public static Task<World> Create(int fines, TwoHostsPlaces places) => Create(fines, null, places);

    static async Task<World> Create(int fines, string? data, TwoHostsPlaces? places)
    {
        var folder = Path.Combine(Path.GetTempPath(), string.Create(CultureInfo.InvariantCulture, $"portico-faults-{System.Environment.ProcessId}-{System.Environment.TickCount64}"));
        Directory.CreateDirectory(folder);
        var cluster = data ?? Path.Combine(folder, "pg");
        var postgres = await EmbeddedPostgres.Start(new EmbeddedPostgresOptions { DataFolder = cluster }, NullLogger.Instance, CancellationToken.None);
        var bank = await EmulatedBank.Start();
        var world = new World(folder, cluster, postgres, bank, places);
        await world.Prepare(fines);
        return world;
    }

    public async Task<IReadOnlyList<T>> Rows<T>(string sql, object? args = null)
    {
        await using var connection = new NpgsqlConnection(Owner);
        return [.. await connection.QueryAsync<T>(sql, args)];
    }

    public async Task<T> Value<T>(string sql, object? args = null)
    {
        await using var connection = new NpgsqlConnection(Owner);
        return (await connection.ExecuteScalarAsync<T>(sql, args))!;
    }

    public async Task Execute(string sql)
    {
        await using var connection = new NpgsqlConnection(Owner);
        await connection.ExecuteAsync(sql);
    }

    /// <summary>kill -9 of the postmaster; its backends end by themselves, and the driver's supervision starts it again.</summary>
    public void KillPostmaster()
    {
        var id = int.Parse(File.ReadLines(Path.Combine(_cluster, "cluster", "postmaster.pid")).First(), CultureInfo.InvariantCulture);
        using var postmaster = Process.GetProcessById(id);
        postmaster.Kill();
    }

    /// <summary>Until PostgreSQL answers again.</summary>
    public async Task PostgresAnswers()
    {
        for (var begun = Stopwatch.GetTimestamp(); ;)
        {
            try
            {
                NpgsqlConnection.ClearAllPools();
                await Value<int>("select 1");
                return;
            }
            catch (Exception down) when (down is NpgsqlException or TimeoutException && Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(60))
            {
                await Task.Delay(50);
            }
        }
    }

    IEnumerable<string> Settings => SettingsOf("host");

    IEnumerable<string> SettingsOf(string name) => ["--data", Path.Combine(_folder, name), "--profile", "test", "--plugins", TestCluster.Plugins];

    List<string> Serve(string name, int port) =>
        ["serve", .. SettingsOf(name), "--listen", string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}"), "--public-address", Site.AbsoluteUri];

    static Dictionary<string, string> Environment(string web) => new(HostProgram.Environment(web), StringComparer.Ordinal)
    {
        // By it hosts share the keys of forms, links and second factors.
        ["PORTICO_Secrets__keys__value"] = "the faults' own keys are sealed with this",
        [$"PORTICO_Secrets__{Secret}__password"] = "9999888",
        [$"PORTICO_Secrets__{Secret}__key"] = string.Concat(Enumerable.Repeat("b1", 25)),
    };

    async Task Prepare(int fines)
    {
        await using (var connection = new NpgsqlConnection(_postgres.ConnectionString("postgres", "portico_super")))
            await connection.ExecuteAsync("create database portico encoding 'UTF8' template template0");
        await Portico("migrate", "--owner-database", Owner);
        await Portico("entity", "import", Path.Combine(TestCluster.Artifacts, "..", "Host", "Demo", "entities.csv"));

        var agreement = Path.Combine(_folder, "agreement.json");
        await File.WriteAllTextAsync(agreement, JsonSerializer.Serialize(new
        {
            merchant = "9999888", store = "99888", user = "9999888",
            start = new Uri(Bank.Address, "/initInsert.do").AbsoluteUri,
            query = $"http://127.0.0.1:{ToBank.Port}/backoffice/servizi/execute_remote_command.do",
        }));
        await Portico("agreement", "set", "--id", "0197a000-0000-7000-8000-0000000000fa", "--from", "2020-01-01", "--secret", Secret, agreement);

        var today = DateOnly.FromDateTime(DateTime.UtcNow);
        Fines = [.. Enumerable.Range(1, fines).Select(n => new FineToPay(n, today.AddDays(-20), $"AA{n % 1000:000}ZZ"))];
        var register = Path.Combine(_folder, "fines.csv");
        await File.WriteAllLinesAsync(register,
        [
            "serie;anno;numero;data_violazione;targa;comune;luogo;articolo;descrizione;minimo;massimo;spese;data_notifica;contestazione_immediata;sconto_escluso",
            .. Fines.Select(fine => string.Create(CultureInfo.InvariantCulture,
                $"V;{fine.Seen.Year};{fine.Number};{fine.Seen:dd/MM/yyyy};{fine.Plate};037005;Via della Prova 1;art. 158 c. 2;Sosta vietata;{26 + fine.Number % 50},00;400,00;2,00;{today.AddDays(-1):dd/MM/yyyy};no;no")),
        ]);
        await Portico("fines", "import", "--entity", Creditor, register);
        await Bank.ListenAt(new Uri(Site, "/pagamenti/pagonline/ascolto"));
    }

    /// <summary>Starts a command, which the caller may kill.</summary>
    public Process Start(params string[] command) => HostProgram.Start([.. command, .. Settings], Environment(_postgres.ConnectionString("portico", "portico_web")));

    /// <summary>What <c>portico check money</c> finds; empty when nothing is wrong.</summary>
    public async Task<string> CheckMoney()
    {
        using var check = Start("check", "money");
        var said = await check.StandardOutput.ReadToEndAsync();
        await check.WaitForExitAsync();
        return check.ExitCode == 0 ? "" : said;
    }

    /// <summary>Runs a command to its end, which must be a good one.</summary>
    public Task Portico(params string[] command) => HostProgram.Run([.. command, .. Settings], Environment(_postgres.ConnectionString("portico", "portico_web")));

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        await Bank.DisposeAsync();
        await ToHost.DisposeAsync();
        await ToBank.DisposeAsync();
        await ToPostgres.DisposeAsync();
        NpgsqlConnection.ClearAllPools();
        await _postgres.DisposeAsync();
        if (System.Environment.GetEnvironmentVariable("PORTICO_FAULTS_KEEP") is null)
            Directory.Delete(_folder, recursive: true);
        else
            Console.WriteLine($"Kept: {_folder}");
    }
}

/// <summary>What a citizen reads on the notice.</summary>
internal sealed record FineToPay(int Number, DateOnly Seen, string Plate)
{
    public string Name => string.Create(CultureInfo.InvariantCulture, $"V/{Seen.Year}/{Number}");
}
