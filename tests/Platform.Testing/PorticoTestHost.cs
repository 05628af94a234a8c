using System.Globalization;
using System.Text;
using System.Text.Json;
using Autofac;
using Dapper;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Events;
using Platform.Core.Hosting;
using Platform.Core.Identity;
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
    internal static readonly Guid AgreementId = new("0197a000-0000-7000-8000-0000000000aa");

    static readonly SemaphoreSlim Telling = new(1, 1);

    int _officers;

    readonly PorticoApp _app;
    readonly string _data;
    readonly bool _ownsDatabase;

    PorticoTestHost(PorticoApp app, TestDatabase database, bool ownsDatabase, EmulatedBank bank, FakeTimeProvider clock, string data)
    {
        _app = app;
        Database = database;
        _ownsDatabase = ownsDatabase;
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

    /// <summary>Services that the host does not run, by the name of their folder, and why.</summary>
    public IReadOnlyList<(string Folder, string Reason)> Quarantined => [.. _app.Catalog.Quarantined.Select(service => (Path.GetFileName(service.Folder), service.Reason))];

    /// <summary>Where the host keeps its files; letters that were sent lie in its folder <c>mail</c>, one file each.</summary>
    public string DataFolder => _data;

    internal ILifetimeScope Container => _app.Container;

    internal ServiceCatalog Catalog => _app.Catalog;

    /// <param name="plugins">A folder of services; <see cref="TestCluster.Plugins"/> when null.</param>
    /// <param name="now">Where the clock starts.</param>
    /// <param name="profile">Test accepts the published test secrets without marking pages.</param>
    /// <param name="bank">A bank of the test's own; the shared one when null.</param>
    /// <param name="database">One that another host uses or used, and that stays when this host ends; a new one when null.</param>
    /// <param name="beside">Another host, whose database and clock this one shares; it has to be disposed first.</param>
    /// <param name="connection">Settings to add to the sign-in of the web role: <c>Maximum Pool Size=2</c>.</param>
    /// <param name="log">Hears all that the product logs, down to the finest, and what the framework logs as the product lets it.</param>
    /// <param name="container">Registers after everything else, and so wins: a service's part that misbehaves, for instance.</param>
    /// <param name="secrets">Further configuration: <c>Secrets:other:key</c> and the like.</param>
    public static async Task<PorticoTestHost> Start(
        string? plugins = null, DateTimeOffset? now = null, Profile profile = Profile.Test, EmulatedBank? bank = null, TestDatabase? database = null, PorticoTestHost? beside = null, string connection = "",
        ILoggerProvider? log = null, Action<ContainerBuilder>? container = null, IEnumerable<KeyValuePair<string, string?>>? secrets = null)
    {
        bank ??= beside?.Bank ?? await EmulatedBank.Shared();
        var owns = database is null && beside is null;
        var clock = beside?.Clock ?? new FakeTimeProvider(now ?? new DateTimeOffset(2026, 3, 10, 10, 0, 0, TimeSpan.Zero));
        var host = await Build(database ?? beside?.Database ?? await TestCluster.NewDatabase(), owns, bank, clock, plugins, profile, connection, log, container, secrets);
        try
        {
            await host.Seed();
            await host._app.Serve(CancellationToken.None);
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

    /// <summary>A further host on the same database, with the same clock and bank: one that was started beside this one, or after it died.</summary>
    public async Task<PorticoTestHost> Another(Action<ContainerBuilder>? container = null)
    {
        var host = await Build(Database, false, Bank, Clock, null, Profile.Test, "", null, container, null);
        await host._app.Serve(CancellationToken.None);
        return host;
    }

    static async Task<PorticoTestHost> Build(
        TestDatabase database, bool ownsDatabase, EmulatedBank bank, FakeTimeProvider clock, string? plugins, Profile profile, string connection, ILoggerProvider? log,
        Action<ContainerBuilder>? container, IEnumerable<KeyValuePair<string, string?>>? secrets)
    {
        var data = Directory.CreateTempSubdirectory("portico-host-").FullName;
        var console = Environment.GetEnvironmentVariable("PORTICO_TEST_LOG") ?? "None";
        var settings = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["Secrets:test:password"] = "9999888",
            ["Secrets:test:key"] = string.Concat(Enumerable.Repeat("b1", 25)),
            ["Secrets:imprese:key"] = "UNI_TESTKEY",
            ["Logging:LogLevel:Default"] = log is null ? console : "Trace",
            ["Logging:Console:LogLevel:Default"] = console,
        };
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(settings).AddInMemoryCollection(secrets).Build();
        var options = new PorticoOptions
        {
            Profile = profile, DataFolder = data, Listen = "http://127.0.0.1:0", PluginsFolder = plugins ?? TestCluster.Plugins, Database = $"{database.Web};{connection}",
            // A test is the proxy: whom it names in X-Forwarded-For has sent the request.
            Proxies = [System.Net.IPNetwork.Parse("127.0.0.1/32")],
            SignIn = HostSettings.Providers(configuration, profile),
        };
        if (plugins is not null)
        {
            // As an operator does who has put a new service into the folder. What is refused is told by the host itself.
            using var logs = LoggerFactory.Create(_ => { });
            await PorticoApp.Migrate(options, configuration, database.Owner, logs, CancellationToken.None);
        }
        var app = await PorticoApp.Build(
            options, configuration,
            builder =>
            {
                builder.RegisterInstance(clock).As<TimeProvider>();
                if (log is not null)
                    builder.RegisterInstance(log).ExternallyOwned();
                container?.Invoke(builder);
            },
            CancellationToken.None);
        return new PorticoTestHost(app, database, ownsDatabase, bank, clock, data);
    }

    /// <summary>Lets a municipality offer a service; the host knows at once.</summary>
    /// <param name="service">The service's id: <c>fines</c>.</param>
    /// <param name="municipality">The municipality's code: <c>MZB</c> is Marzabotto, see the demo's entities.</param>
    /// <param name="creditor">Code of the entity to whom the money is owed, as <c>URG</c> for members of that union; the municipality itself when null.</param>
    public async Task Activate(string service, string municipality, string? creditor = null)
    {
        var made = await Database.Execute(
            """
            insert into core.activation (entity_id, service, creditor_id, state)
            select m.entity_id, @service, c.entity_id, 'active' from core.entity m, core.entity c where m.code = @municipality and c.code = @creditor
            on conflict (entity_id, service) do update set creditor_id = excluded.creditor_id, state = excluded.state
            """,
            new { service, municipality, creditor = creditor ?? municipality });
        if (made == 0)
            throw new ArgumentException($"No entity {municipality}, or no creditor {creditor}.", nameof(municipality));
        _app.Container.Resolve<EntityDirectory>().Forget();
    }

    /// <summary>Loads a file as an officer of the creditor would.</summary>
    /// <param name="allOrNothing">Load nothing unless every line is good.</param>
    /// <param name="refused">Takes the lines that were not loaded.</param>
    public async Task<ImportReport> Import(string service, string verb, string creditorCode, string csv, bool allOrNothing = false, TextWriter? refused = null)
    {
        await using var file = new MemoryStream(Encoding.UTF8.GetBytes(csv));
        return await ServiceCommands.Import(_app, service, verb, creditorCode, "prova.csv", new ImportFile(file) { AllOrNothing = allOrNothing, Refused = refused }, CancellationToken.None)
            ?? throw new ArgumentException($"No entity {creditorCode}.", nameof(creditorCode));
    }

    /// <summary>Asks what an officer of an entity would ask by <c>portico &lt;service&gt; &lt;verb&gt;</c>, on this host's clock.</summary>
    /// <param name="options">Names without dashes; a switch has an empty value.</param>
    /// <exception cref="InvalidOperationException">It was not done; the message is why.</exception>
    public async Task<string> Office(string service, string verb, string entityCode, params (string Name, string Value)[] options)
    {
        await using var output = new StringWriter(CultureInfo.InvariantCulture);
        var refused = await ServiceCommands.Office(
            _app, service, verb, entityCode, options.ToDictionary(option => option.Name, option => option.Value, StringComparer.Ordinal), output, CancellationToken.None);
        return refused is null ? output.ToString() : throw new InvalidOperationException(refused);
    }

    /// <summary>Loads one fine: the minimum in euros and cents, the maximum four times the euros, costs of 2 €, notified <paramref name="notifiedDaysAgo"/> days before the clock's day.</summary>
    internal async Task<Fine> LoadFine(
        string creditorCode = "URG", string municipality = "037005", string number = "1042", string plate = "AB123CD", long minimum = 42, int notifiedDaysAgo = 1, int minimumCents = 0)
    {
        var today = Core.Time.LegalTime.Day(Clock.GetUtcNow());
        var seen = today.AddDays(-20);
        string Day(DateOnly day) => day.ToString("dd/MM/yyyy", CultureInfo.InvariantCulture);
        var report = await Import(
            "fines", "import", creditorCode,
            $"""
            serie;anno;numero;data_violazione;targa;comune;luogo;articolo;descrizione;minimo;massimo;spese;data_notifica;contestazione_immediata;sconto_escluso
            V;2026;{number};{Day(seen)};{plate};{municipality};Via Demo 1;art. 158 c. 2;Sosta vietata;{minimum},{minimumCents:00};{minimum * 4},00;2,00;{Day(today.AddDays(-notifiedDaysAgo))};no;no
            """);
        return report.Errors.Count == 0 ? new Fine($"V/2026/{number}", seen, plate) : throw new InvalidOperationException(report.Errors[0].Message);
    }

    /// <summary>
    /// Waits until nothing is left to do: no event undelivered, no gateway to be asked now. Moves no clock; work that is due later stays,
    /// as does what waits behind a failure or for a service that is not here.
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
                    "select (select count(*) from core.delivery d where state = 'due' and due_at <= @now and handler = any(@known) and not exists (select from core.delivery p where p.entity_id = d.entity_id and p.handler = d.handler and p.stream = d.stream and p.seq < d.seq and p.state <> 'done')) + (select count(*) from payments.payment where next_query_at <= @now and (last_query_at is null or last_query_at < @now))",
                    new { now = Clock.GetUtcNow().UtcDateTime, known = _app.Container.Resolve<Dispatcher>().Known() }) == 0)
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

    /// <summary>Writes down an agreement with the emulated bank under the secrets <paramref name="secretRef"/>; <paramref name="settings"/> replace the right ones.</summary>
    public Task SaveAgreement(Guid id, string ownerCode, string secretRef = "test", DateOnly? from = null, object? settings = null) =>
        AgreeOn(id, ownerCode, null, null, secretRef, from, settings);

    /// <summary>Writes down an agreement with an emulated bank of the mode <c>imprese</c>, or with another gateway: <paramref name="settings"/> are its own.</summary>
    public async Task SaveAgreementWith(string gateway, Guid id, string ownerCode, object settings, string secretRef, DateOnly? from = null)
    {
        var owner = (await _app.Container.Resolve<EntityDirectory>().Current(CancellationToken.None)).ByCode(ownerCode)!.Id;
        await _app.Container.Resolve<Agreements>().Save(id, owner, gateway, from ?? new DateOnly(2020, 1, 1), secretRef, JsonSerializer.SerializeToElement(settings), CancellationToken.None);
    }

    /// <summary>As <see cref="SaveAgreement"/>, with what the owner keeps and the first day on which it is valid no more.</summary>
    internal async Task AgreeOn(
        Guid id, string ownerCode, Commission? commission = null, DateOnly? until = null, string secretRef = "test", DateOnly? from = null, object? settings = null)
    {
        var owner = (await _app.Container.Resolve<EntityDirectory>().Current(CancellationToken.None)).ByCode(ownerCode)!.Id;
        await _app.Container.Resolve<Agreements>().Save(
            id, owner, "pagonline", from ?? new DateOnly(2020, 1, 1), secretRef, settings is null ? BankSettings(owner) : JsonSerializer.SerializeToElement(settings), CancellationToken.None, until, commission);
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

    /// <summary>
    /// An officer with a browser that runs no scripts, signed in at the console: a new one each time, to whom exactly these permissions were given at the entity
    /// (<c>000</c> is the service centre, where they hold for all). Open <c>/console/{slug}/…</c>; its number is <see cref="Citizen.OfficerId"/>.
    /// </summary>
    /// <exception cref="ArgumentException">A permission is one that nobody declares.</exception>
    public async Task<Citizen> SignIn(string entityCode, params string[] permissions) =>
        await SignInAs(entityCode, [.. permissions.Select(permission => ("permission", permission))]);

    /// <summary>As <see cref="SignIn"/>, with roles: <c>administrator</c>, <c>officer</c> of the service <c>Scope</c>, <c>accountant</c>, <c>auditor</c>.</summary>
    public async Task<Citizen> SignInAs(string entityCode, params (string Role, string Scope)[] roles)
    {
        var entity = (await _app.Container.Resolve<EntityDirectory>().Current(CancellationToken.None)).ByCode(entityCode)?.Id ?? throw new ArgumentException($"No entity {entityCode}.", nameof(entityCode));
        var register = _app.Container.Resolve<OfficerRegister>();
        var officer = (await register.Create($"Prova {Interlocked.Increment(ref _officers)}", null, null, "test", CancellationToken.None)).Value;
        foreach (var (role, scope) in roles)
            if ((await register.Grant(officer, entity, role, scope, null, null, "test", CancellationToken.None)).Refusal is { } refusal)
                throw new ArgumentException($"{role} {scope}: {refusal.Code} {refusal.Detail}", nameof(roles));
        return new(Address, officer, await _app.Container.Resolve<OfficerSessions>().Begin(officer, "local", null, CancellationToken.None));
    }

    /// <summary>
    /// A citizen with a browser that runs no scripts, signed in as by a provider of identities: pages see <c>request.Citizen</c>. No provider is asked and none need be configured;
    /// the sign-in ends as any other.
    /// </summary>
    /// <param name="taxCode">A person's, with the right check character.</param>
    /// <param name="level">The level of assurance: 1, 2 or 3.</param>
    /// <param name="name">As it stands at the head of the page.</param>
    /// <exception cref="ArgumentException">It is no tax code of a person.</exception>
    public async Task<Citizen> SignInCitizen(string taxCode, int level = 2, string name = "Prova Cittadina")
    {
        if (!TaxCode.TryParse(taxCode, out var code) || !code.IsPerson)
            throw new ArgumentException($"{taxCode} is no tax code of a person.", nameof(taxCode));
        return new(Address, "portico-citizen", await _app.Container.Resolve<CitizenSessions>().Begin(new(code, name, level, "test", taxCode, null), Address.Host, CancellationToken.None));
    }

    async Task Seed()
    {
        await using var entities = typeof(PorticoApp).Assembly.GetManifestResourceStream("Portico.Host.Demo.entities.csv")!;
        await _app.Container.Resolve<EntityImport>().Run(entities, CancellationToken.None);
        _app.Container.Resolve<EntityDirectory>().Forget();
        await _app.Container.Resolve<Agreements>().Save(AgreementId, EntityId.Centre, "pagonline", new DateOnly(2020, 1, 1), "test", BankSettings(EntityId.Centre), CancellationToken.None);
    }

    JsonElement BankSettings(EntityId owner) => JsonSerializer.SerializeToElement(new
    {
        merchant = "9999888", store = "99888", user = "9999888", iban = owner == EntityId.Centre ? "IT60X0542811101000000123456" : null,
        start = new Uri(Bank.Address, "/initInsert.do").AbsoluteUri, query = new Uri(Bank.Address, "/backoffice/servizi/execute_remote_command.do").AbsoluteUri,
    });

    public async ValueTask DisposeAsync()
    {
        if (_ownsDatabase)
            await Bank.ListenAt(null);
        await _app.DisposeAsync();
        if (_ownsDatabase)
            await Database.DisposeAsync();
        Directory.Delete(_data, recursive: true);
    }
}

/// <summary>What a citizen reads on the notice.</summary>
internal sealed record Fine(string Number, DateOnly Date, string Plate);

/// <summary>What the command line answered.</summary>
public sealed record Told(int Code, string Output, string Errors);
