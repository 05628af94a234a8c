using System.Globalization;
using System.Text;
using System.Text.Json;
using Autofac;
using Dapper;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Time.Testing;
using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Events;
using Platform.Core.Hosting;
using Platform.Core.Plugins;
using Platform.Payments.Checkout;
using Portico.Host;
using Portico.Host.CommandLine;

namespace Platform.Testing;

/// <summary>
/// The real host in this process: real PostgreSQL, real HTTP on a free port, the emulated bank in its own process, a clock that the test moves.
/// The thirteen demo municipalities are loaded; fines and other rows are the test's own.
/// </summary>
public sealed class PorticoTestHost : IAsyncDisposable
{
    static readonly Guid AgreementId = new("0197a000-0000-7000-8000-0000000000aa");

    static readonly SemaphoreSlim Telling = new(1, 1);

    readonly PorticoApp _app;
    readonly string _data;
    readonly bool _ownsDatabase;

    PorticoTestHost(PorticoApp app, TestDatabase database, bool ownsDatabase, EmulatedBank bank, FakeTimeProvider clock, string data)
    {
        _app = app;
        _ownsDatabase = ownsDatabase;
        Database = database;
        Bank = bank;
        Clock = clock;
        _data = data;
    }

    /// <summary>Where the host listens.</summary>
    public Uri Address => _app.Address;

    public TestDatabase Database { get; }

    public EmulatedBank Bank { get; }

    /// <summary>Stands still until the test moves it. It starts on Tuesday 10 March 2026, 11 o'clock in Rome.</summary>
    public FakeTimeProvider Clock { get; }

    internal ILifetimeScope Container => _app.Container;

    internal ServiceCatalog Catalog => _app.Catalog;

    /// <param name="plugins">A folder of services; the repository's own when null.</param>
    /// <param name="now">Where the clock starts.</param>
    /// <param name="profile">Test accepts the published test secrets without marking pages.</param>
    /// <param name="bank">A bank of the test's own; the shared one when null.</param>
    /// <param name="database">A database that the test made and disposes; one of the host's own when null.</param>
    /// <param name="beside">Another host, whose database and clock this one shares; it has to be disposed first.</param>
    /// <param name="connection">Settings to add to the sign-in of the web role: <c>Maximum Pool Size=2</c>.</param>
    /// <param name="with">Registrations of the test's own, after the host's.</param>
    public static async Task<PorticoTestHost> Start(
        string? plugins = null, DateTimeOffset? now = null, Profile profile = Profile.Test, EmulatedBank? bank = null,
        TestDatabase? database = null, PorticoTestHost? beside = null, string connection = "", Action<ContainerBuilder>? with = null)
    {
        bank ??= beside?.Bank ?? await EmulatedBank.Shared();
        var ownsDatabase = beside is null && database is null;
        database ??= beside?.Database ?? await TestCluster.NewDatabase();
        var data = Directory.CreateTempSubdirectory("portico-host-").FullName;
        var clock = beside?.Clock ?? new FakeTimeProvider(now ?? new DateTimeOffset(2026, 3, 10, 10, 0, 0, TimeSpan.Zero));
        var options = new PorticoOptions
        {
            Profile = profile, DataFolder = data, Listen = "http://127.0.0.1:0", PluginsFolder = plugins ?? TestCluster.Plugins, Database = $"{database.Web};{connection}",
        };
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["Secrets:test:password"] = "9999888",
            ["Secrets:test:key"] = string.Concat(Enumerable.Repeat("b1", 25)),
            ["Logging:LogLevel:Default"] = Environment.GetEnvironmentVariable("PORTICO_TEST_LOG") ?? "None",
        }).Build();
        var app = await PorticoApp.Build(
            options, configuration,
            container =>
            {
                container.RegisterInstance(clock).As<TimeProvider>();
                with?.Invoke(container);
            },
            CancellationToken.None);
        var host = new PorticoTestHost(app, database, ownsDatabase, bank, clock, data);
        try
        {
            await host.Seed();
            await app.Serve(CancellationToken.None);
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
        await bank.TellTruth();
        await bank.BeDown(false);
        await bank.ListenAt(new Uri(host.Address, "/pagamenti/pagonline/ascolto"));
        return host;
    }

    /// <summary>Loads a file as an officer of the creditor would.</summary>
    public async Task<ImportReport> Import(string service, string verb, string creditorCode, string csv)
    {
        await using var file = new MemoryStream(Encoding.UTF8.GetBytes(csv));
        return await PorticoCommands.Import(_app, service, verb, creditorCode, file, CancellationToken.None)
            ?? throw new ArgumentException($"No entity {creditorCode}.", nameof(creditorCode));
    }

    /// <summary>Loads one fine: the minimum in euros, the maximum four times as much, costs of 2 €, notified <paramref name="notifiedDaysAgo"/> days before the clock's day.</summary>
    public async Task<Fine> LoadFine(
        string creditorCode = "URG", string municipality = "037005", string number = "1042", string plate = "AB123CD", long minimum = 42, int notifiedDaysAgo = 1)
    {
        var today = Core.Time.LegalTime.Day(Clock.GetUtcNow());
        var seen = today.AddDays(-20);
        string Day(DateOnly day) => day.ToString("dd/MM/yyyy", CultureInfo.InvariantCulture);
        var report = await Import(
            "fines", "import", creditorCode,
            $"""
            serie;anno;numero;data_violazione;targa;comune;luogo;articolo;descrizione;minimo;massimo;spese;data_notifica;contestazione_immediata;sconto_escluso
            V;2026;{number};{Day(seen)};{plate};{municipality};Via Demo 1;art. 158 c. 2;Sosta vietata;{minimum},00;{minimum * 4},00;2,00;{Day(today.AddDays(-notifiedDaysAgo))};no;no
            """);
        return report.Errors.Count == 0 ? new Fine($"V/2026/{number}", seen, plate) : throw new InvalidOperationException(report.Errors[0].Message);
    }

    /// <summary>
    /// Waits until nothing is left to do: no event undelivered, no gateway to be asked now. Moves no clock; work that is due later stays.
    /// </summary>
    public async Task Quiet()
    {
        var sweepers = _app.Container.Resolve<IEnumerable<Sweeper>>().ToArray();
        for (var round = 0; round < 200; round++)
        {
            var done = 0;
            foreach (var sweeper in sweepers)
                done += await sweeper.Sweep(CancellationToken.None);
            if (done == 0 && await Database.Value<long>(
                    "select (select count(*) from core.delivery where state = 'due' and due_at <= @now) + (select count(*) from payments.payment where next_query_at <= @now and (last_query_at is null or last_query_at < @now))",
                    new { now = Clock.GetUtcNow().UtcDateTime }) == 0)
                return;
        }
        throw new InvalidOperationException("The host does not come to rest.");
    }

    /// <summary>Moves the clock and waits until what became due is done.</summary>
    public async Task After(TimeSpan time)
    {
        Clock.Advance(time);
        await Quiet();
    }

    /// <summary>Runs <paramref name="work"/> as code of a module would run for a creditor whose page a municipality shows.</summary>
    public async Task<T> As<T>(string module, string creditorCode, string shownByCode, Func<ILifetimeScope, Task<T>> work)
    {
        var snapshot = await _app.Container.Resolve<EntityDirectory>().Current(CancellationToken.None);
        return await _app.Container.Resolve<CallScopes>().In(snapshot.ByCode(creditorCode)!.Id, snapshot.ByCode(shownByCode)!.Id, module, work);
    }

    /// <summary>Runs <c>portico</c> with <paramref name="words"/> on this host's database, in this process and one at a time.</summary>
    public async Task<Told> Portico(params string[] words)
    {
        await Telling.WaitAsync();
        var (output, errors) = (Console.Out, Console.Error);
        await using var told = new StringWriter(CultureInfo.InvariantCulture);
        await using var complained = new StringWriter(CultureInfo.InvariantCulture);
        try
        {
            Console.SetOut(told);
            Console.SetError(complained);
            var code = await PorticoCommands.Run([.. words, "--database", Database.Web, "--data", _data, "--plugins", _app.Options.PluginsFolder, "--profile", "test"]);
            return new(code, told.ToString(), complained.ToString());
        }
        finally
        {
            Console.SetOut(output);
            Console.SetError(errors);
            Telling.Release();
        }
    }

    /// <summary>A person with a browser that runs no scripts.</summary>
    public Citizen NewCitizen() => new(Address);

    async Task Seed()
    {
        await using var entities = typeof(PorticoApp).Assembly.GetManifestResourceStream("Portico.Host.Demo.entities.csv")!;
        await _app.Container.Resolve<EntityImport>().Run(entities, CancellationToken.None);
        _app.Container.Resolve<EntityDirectory>().Forget();
        var settings = JsonSerializer.SerializeToElement(new
        {
            merchant = "9999888", store = "99888", user = "9999888",
            start = new Uri(Bank.Address, "/initInsert.do").AbsoluteUri, query = new Uri(Bank.Address, "/backoffice/servizi/execute_remote_command.do").AbsoluteUri,
        });
        await _app.Container.Resolve<Agreements>().Save(AgreementId, EntityId.Centre, "pagonline", new DateOnly(2020, 1, 1), "test", settings, CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await Bank.ListenAt(null);
        await _app.DisposeAsync();
        if (_ownsDatabase)
            await Database.DisposeAsync();
        Directory.Delete(_data, recursive: true);
    }
}

/// <summary>What a citizen reads on the notice.</summary>
public sealed record Fine(string Number, DateOnly Date, string Plate);

/// <summary>What the command line answered.</summary>
public sealed record Told(int Code, string Output, string Errors);
