using System.CommandLine;
using System.Text.Json;
using Autofac;
using Npgsql;
using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Hosting;
using Platform.Core.Plugins;
using Platform.Core.Storage;
using Platform.Core.Storage.Embedded;
using Platform.Payments.Checkout;
using Portico.Host.Demo;
using Portico.Host.Operations;
using Spectre.Console;
using Profile = Platform.Core.Hosting.Profile;

namespace Portico.Host.CommandLine;

/// <summary>The command line. 0: done. 1: not done, and the last line says why. 2: the words of the command were wrong. 3: this database cannot be distributed.</summary>
internal static class PorticoCommands
{
    internal const int Done = 0;
    internal const int NotDone = 1;
    internal const int NotDistributed = 3;
    const int Misspelt = 2;

    public static async Task<int> Run(string[] args)
    {
        if (MissingData() is { } missing)
            return Fail(missing);
        var settings = new HostSettings();
        var root = new RootCommand("Portico: online services of many municipalities on one host.")
        {
            Serve(settings), DemoCommand(settings), Migrate(settings), Db(settings), Entity(settings), Agreement(settings), SettingsCommands.Settings(settings),
            Plugins(settings), Check(settings), JobCommands.Jobs(settings), EventCommands.Events(settings), MailCommands.Mail(settings), RatingCommands.Ratings(settings), KeyCommands.Keys(settings), ImportCommands.Imports(settings), MaintenanceCommands.Maintenance(settings), JournalCommands.Journal(settings),
            MoneyCommands.Ledger(settings), PaymentCommands.Payments(settings), RefundCommands.Refund(settings), TaskCommands.Tasks(settings), SettlementCommands.Settlement(settings),
            ConsoleCommands.Console(settings), DistributeCommand.Distribute(settings),
        };
        settings.AddTo(root);
        // Services are loaded for their words only when the platform's own do not answer: loading is for the life of the process.
        if (root.Parse(args).CommandResult.Command == root)
            foreach (var service in ServiceCommands.Of(settings, HostSettings.PluginsFolderOf(args), Path.Combine(HostSettings.DataFolderOf(args), "services")))
                root.Add(service);

        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
            return Misspell(parsed.Errors.Select(error => error.Message));
        try
        {
            // The web host ends on Ctrl-C by itself, in order and in its own time.
            return await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false });
        }
        catch (Exception told) when (told is StartRefusedException or EmbeddedPostgresException or MigrationException or FileNotFoundException or DirectoryNotFoundException
            or UnauthorizedAccessException or FormatException or JsonException or BankMissingException or EntityUnknownException)
        {
            return Fail(told.Message);
        }
        catch (System.Text.DecoderFallbackException)
        {
            return Fail("The file is no text in UTF-8. Save it as such and try again.");
        }
        catch (NpgsqlException down)
        {
            return Fail($"The database does not do what is asked: {down.Message}");
        }
        catch (OperationCanceledException)
        {
            return Fail("Stopped before it was done.");
        }
        catch (IOException disk)
        {
            return Fail(disk.Message);
        }
        catch (Exception fault)
        {
            Console.Error.WriteLine(fault);
            return Fail($"A fault of Portico's own, please report it with the lines above: {fault.Message.ReplaceLineEndings(" ")}");
        }
    }

    static Command Serve(HostSettings settings)
    {
        var command = new Command("serve", "Serve citizens. With --database, as web role on a database that \"portico migrate\" has prepared; without, on the private cluster of the data folder.");
        command.SetAction(async (parsed, stop) =>
        {
            var (options, configuration) = settings.Read(parsed, Profile.Production);
            await using var app = await PorticoApp.Build(options, configuration, null, stop);
            await app.Serve(stop);
            app.Say($"Portico serves on {app.Address} ({app.Catalog.Services.Count} services, {app.Catalog.Quarantined.Count} in quarantine). Ctrl-C stops it.");
            await app.UntilStopped();
            return Done;
        });
        return command;
    }

    static Command DemoCommand(HostSettings settings)
    {
        var bank = new Option<string>("--bank") { Description = "Address of the emulated bank that the demo starts.", DefaultValueFactory = _ => "http://127.0.0.1:5090", HelpName = "address" };
        var program = new Option<string>("--bank-program") { Description = "The emulated bank's program (bank/pagonline-emulator beside this one).", DefaultValueFactory = _ => PorticoDemo.BankProgram, HelpName = "file" };
        var identities = new Option<string>("--identities") { Description = "Address of the provider of generated identities that the demo starts.", DefaultValueFactory = _ => "http://127.0.0.1:5091", HelpName = "address" };
        var identityProgram = new Option<string>("--identity-program") { Description = "The provider's program (identities/oidc-provider beside this one); without it nobody signs in by it.", DefaultValueFactory = _ => DemoPeople.Program, HelpName = "file" };
        var command = new Command("demo", "Try Portico on this machine: thirteen municipalities, generated fines, an emulated bank, generated people to sign in as. No real money, and every page says so.") { bank, program, identities, identityProgram };
        command.SetAction((parsed, stop) =>
        {
            var (options, configuration) = settings.Read(parsed, Profile.Demo);
            return PorticoDemo.Run(options with { Profile = Profile.Demo }, configuration, new Uri(parsed.GetValue(bank)!), parsed.GetValue(program)!, new Uri(parsed.GetValue(identities)!), parsed.GetValue(identityProgram)!, stop);
        });
        return command;
    }

    static Command Migrate(HostSettings settings)
    {
        var command = new Command("migrate", "Bring every schema up to date, as owner (--owner-database); on the private cluster \"serve\" does it by itself.");
        command.SetAction(async (parsed, stop) =>
        {
            var (options, configuration) = settings.Read(parsed, Profile.Production);
            if (options is { Database: not null, OwnerDatabase: null })
                return Fail("The web role may not migrate. Say how the owner signs in: --owner-database, or PORTICO_OwnerDatabase.");
            PorticoApp.CheckConnection(options.OwnerDatabase);
            using var logs = Logs(options, configuration);
            await using var home = await DatabaseHome.Open(options with { Database = options.OwnerDatabase }, logs.CreateLogger("Portico.Database"), stop);
            var catalog = await PorticoApp.Migrate(options, configuration, options.OwnerDatabase ?? home.Owner!, logs, stop);
            foreach (var (id, _) in catalog.Modules)
                Console.WriteLine($"{id}: up to date");
            foreach (var service in catalog.Quarantined)
                Console.Error.WriteLine($"{service.Id ?? service.Folder}: {service.Reason}");
            return catalog.Quarantined.Count == 0 ? Done : NotDone;
        });
        return command;
    }

    static Command Db(HostSettings settings)
    {
        var start = new Command("start", "Run the private cluster of the data folder until Ctrl-C, and say how to reach it.");
        start.SetAction(async (parsed, stop) =>
        {
            var (options, configuration) = settings.Read(parsed, Profile.Production);
            using var logs = Logs(options, configuration);
            await using var home = await DatabaseHome.Open(options with { Database = null }, logs.CreateLogger("Portico.Database"), stop);
            Console.WriteLine($"PostgreSQL {home.Embedded!.Version} runs. Reach it with:");
            var reach = new NpgsqlConnectionStringBuilder(home.Owner);
            Console.WriteLine($"  psql -h {reach.Host} -p {reach.Port} -U {reach.Username} {reach.Database}");
            Console.WriteLine("Ctrl-C stops it.");
            await Stopped();
            return Done;
        });
        return new Command("db", "The private cluster.") { start };
    }

    static Command Entity(HostSettings settings)
    {
        var file = new Argument<FileInfo>("file") { Description = "CSV: id; codice; slug; nome; tipo; istat; codice_fiscale; colore; sito; indirizzo; telefono; email; pec; servizi; host." };
        var import = new Command("import", "Load entities and what they offer from a CSV file. All or nothing; a running host sees it within seconds.") { file };
        import.SetAction(async (parsed, stop) =>
        {
            await using var input = Open(parsed.GetValue(file)!);
            await using var app = await BuildOnly(settings, parsed, stop);
            return ServiceCommands.Tell(await app.Container.Resolve<EntityImport>().Run(input, stop), "enti");
        });
        return new Command("entity", "Municipalities, unions and the province.")
        {
            import, EntityCommands.Show(settings), EntityCommands.Set(settings), EntityCommands.Host(settings), EntityCommands.Logo(settings), EntityCommands.Notice(settings),
        };
    }

    static Command Agreement(HostSettings settings)
    {
        var id = new Option<Guid>("--id") { Description = "The agreement's number; the same number again changes it.", Required = true };
        var owner = new Option<string>("--owner") { Description = "Code of the entity that signed it; 000 is the service centre, for all.", DefaultValueFactory = _ => "000" };
        var gateway = new Option<string>("--gateway") { Description = "Which gateway it is for.", DefaultValueFactory = _ => "pagonline" };
        var from = new Option<DateOnly>("--from") { Description = "First day it is valid, yyyy-mm-dd.", Required = true };
        var secret = new Option<string>("--secret") { Description = "Name under which PORTICO_Secrets__<name>__password and __key hold its secrets.", Required = true };
        var file = new Argument<FileInfo>("settings") { Description = "JSON with the gateway's settings; for pagonline: merchant, store, user, start, query; for pagonline-imprese: terminal, service, pages." };
        var until = new Option<DateOnly?>("--until") { Description = "First day it is valid no more; without it, until it is changed." };
        var percent = new Option<decimal>("--commission-percent") { Description = "Of each payment, kept by the service centre and borne by the creditor: 1.25 for 1,25 %. Up to two decimals.", HelpName = "percent" };
        var (added, least, most) = (Cents("--commission-fixed", "Euros added to the percentage: 0.30."), Cents("--commission-min", "Euros; never less."), Cents("--commission-max", "Euros; never more. 0 is no limit."));
        var bearer = new Option<string>("--commission-bearer") { Description = "Who bears the commission: creditor. The law forbids to lay it on the payer.", DefaultValueFactory = _ => "creditor" };
        var set = new Command("set", "Write down a bank agreement, without its secrets.") { id, owner, gateway, from, until, secret, percent, added, least, most, bearer, file };
        set.SetAction(async (parsed, stop) =>
        {
            using var reader = new StreamReader(Open(parsed.GetValue(file)!));
            using var terms = JsonDocument.Parse(await reader.ReadToEndAsync(stop));
            if (terms.RootElement.ValueKind != JsonValueKind.Object)
                return Fail("The settings are one JSON object: {\"merchant\":\"…\",\"store\":\"…\",…}.");
            await using var app = await BuildOnly(settings, parsed, stop);
            var gateways = app.Container.Resolve<Platform.Payments.Gateways.GatewayDirectory>().All.Select(known => known.Id).ToList();
            if (!gateways.Contains(parsed.GetValue(gateway)!, StringComparer.Ordinal))
                return Fail($"There is no gateway {parsed.GetValue(gateway)}. There are: {string.Join(", ", gateways)}.");
            var snapshot = await app.Container.Resolve<EntityDirectory>().Current(stop);
            if (snapshot.ByCode(parsed.GetValue(owner)!) is not { } entity)
                return Fail($"No entity has the code {parsed.GetValue(owner)}. Load entities first: portico entity import FILE.");
            var (share, limit) = (parsed.GetValue(percent) * 100, parsed.GetValue(most) * 100);
            if (new[] { share, parsed.GetValue(added) * 100, parsed.GetValue(least) * 100, limit }.Any(amount => amount != decimal.Truncate(amount) || amount is < 0 or > 1_000_000))
                return Fail("A commission has at most two decimals, and is not less than zero.");
            var commission = new Commission((int)share, (long)(parsed.GetValue(added) * 100), (long)(parsed.GetValue(least) * 100), limit == 0 ? null : (long)limit);
            if (commission.Fault() is { } fault)
                return Fail(fault);
            if (parsed.GetValue(bearer) is not "creditor")
                return Fail(parsed.GetValue(bearer) is "payer" ? Commission.NeverOnThePayer : "--commission-bearer is creditor.");
            if (commission != Commission.None && entity.Id != EntityId.Centre)
                return Fail("A commission belongs to an agreement of the service centre: of its own an entity keeps all.");
            if (parsed.GetValue(until) <= parsed.GetValue(from))
                return Fail("--until is not after --from: it would never be valid.");
            await app.Container.Resolve<Agreements>().Save(
                parsed.GetValue(id), entity.Id, parsed.GetValue(gateway)!, parsed.GetValue(from), parsed.GetValue(secret)!, terms.RootElement, stop, parsed.GetValue(until), commission);
            Console.WriteLine($"Agreement {parsed.GetValue(id)} of {entity.Name} is written down.");
            if (await app.Container.Resolve<Agreements>().Find(parsed.GetValue(id), stop) is null)
                Console.WriteLine("look  as things stand here it cannot be used, and whoever it is for cannot pay: the log says why. Secrets count only where the host runs.");
            return Done;
        });
        return new Command("agreement", "Contracts with banks.") { set };

        static Option<decimal> Cents(string name, string description) => new(name) { Description = description, HelpName = "euros" };
    }

    static Command Plugins(HostSettings settings)
    {
        var command = new Command("plugins", "Say which services this host would run, and why others are in quarantine. 1 when any is.");
        command.SetAction(async (parsed, stop) =>
        {
            var (options, configuration) = settings.Read(parsed, Profile.Production);
            using var logs = LoggerFactory.Create(_ => { });
            if (!Directory.Exists(options.PluginsFolder))
                return Fail($"There is no folder {options.PluginsFolder}: this host would run no service.");
            var (services, quarantined) = await PorticoApp.Discover(options, configuration, logs);
            // Where a database is named, it has its say as well.
            if (options.Database is not null)
                (services, quarantined) = await Migrated(services, quarantined, options, stop);
            var table = new Table().AddColumns("service", "version", "contract", "path", "author", "state");
            foreach (var service in services)
                table.AddRow([.. new[] { service.Id, service.Version, $"{ServiceContract.Major}.{ServiceContract.Minor}", service.PathSegment, service.Author, "ok" }.Select(Markup.Escape)]);
            foreach (var service in quarantined)
                table.AddRow([.. new[] { service.Id ?? Path.GetFileName(service.Folder), "", "", "", "", "quarantined" }.Select(Markup.Escape)]);
            Show(table);
            // Below the table, where no column cuts them.
            foreach (var permission in services.SelectMany(service => service.Permissions))
                Console.WriteLine($"permission {permission.Id}: {permission.Label} / {permission.LabelEn}");
            foreach (var service in quarantined)
                Console.WriteLine($"{Path.GetFileName(service.Folder)}{(service.Id is { } id ? $" ({id})" : "")}: {service.Reason}");
            return quarantined.Count == 0 ? Done : NotDone;
        });
        return command;
    }

    static async Task<(IReadOnlyList<ServiceDescription>, List<Quarantine>)> Migrated(
        IReadOnlyList<ServiceDescription> services, List<Quarantine> quarantined, PorticoOptions options, CancellationToken stop)
    {
        PorticoApp.CheckConnection(options.Database);
        await using var database = new Database(options.Database!);
        var ready = new List<ServiceDescription>();
        foreach (var service in services)
            if (await PorticoApp.Unmigrated(service, database, stop) is { } reason)
                quarantined.Add(new(service.Folder, service.Id, reason));
            else
                ready.Add(service);
        return (ready, quarantined);
    }

    static Command Check(HostSettings settings)
    {
        var command = new Command("check", "Look at everything a host needs, change nothing, and say what to mend. 1 when something must be mended.") { MoneyCommands.Check(settings) };
        command.SetAction(async (parsed, stop) =>
        {
            var (options, configuration) = settings.Read(parsed, Profile.Production);
            var mend = 0;
            await foreach (var result in HostCheck.Run(options, configuration, stop))
            {
                var mark = result.Verdict switch { CheckVerdict.Fine => "ok  ", CheckVerdict.Look => "look", _ => "MEND" };
                Console.WriteLine($"{mark}  {result.What}: {result.Words}");
                mend += result.Verdict == CheckVerdict.Mend ? 1 : 0;
            }
            return mend == 0 ? Done : Fail($"{mend} to mend.");
        });
        return command;
    }

    internal static async Task<PorticoApp> BuildOnly(HostSettings settings, ParseResult parsed, CancellationToken stop)
    {
        var (options, configuration) = settings.Read(parsed, Profile.Production);
        return await PorticoApp.Build(options, configuration, null, stop);
    }

    internal static FileStream Open(FileInfo file) =>
        file.Exists ? file.OpenRead() : throw new FileNotFoundException($"There is no file {file.FullName}.");

    /// <summary>To where the console leads now, which is not always where it led first.</summary>
    internal static void Show(Table table) => AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) }).Write(table);

    internal static int Fail(string why)
    {
        Console.Error.WriteLine($"portico: {why}");
        return NotDone;
    }

    internal static int Misspell(IEnumerable<string> faults)
    {
        foreach (var fault in faults)
            Console.Error.WriteLine($"portico: {fault}");
        Console.Error.WriteLine("portico: see \"portico --help\", or \"portico <command> --help\".");
        return Misspelt;
    }

    static ILoggerFactory Logs(PorticoOptions options, IConfiguration configuration) => LoggerFactory.Create(logging =>
        logging.AddConsole(options, withTime: false).AddFilter(level => level >= LogLevel.Warning).AddConfiguration(configuration.GetSection("Logging")));

    /// <summary>Lasts until Ctrl-C or a termination signal.</summary>
    static async Task Stopped()
    {
        var stopped = new TaskCompletionSource();
        void Handle(System.Runtime.InteropServices.PosixSignalContext signal)
        {
            signal.Cancel = true;
            stopped.TrySetResult();
        }
        using var interrupt = System.Runtime.InteropServices.PosixSignalRegistration.Create(System.Runtime.InteropServices.PosixSignal.SIGINT, Handle);
        using var terminate = System.Runtime.InteropServices.PosixSignalRegistration.Create(System.Runtime.InteropServices.PosixSignal.SIGTERM, Handle);
        await stopped.Task;
    }

    /// <summary>Legal days need the time zone, Italian texts need ICU: without them the host does not start.</summary>
    static string? MissingData()
    {
        try
        {
            TimeZoneInfo.FindSystemTimeZoneById("Europe/Rome");
        }
        catch (TimeZoneNotFoundException)
        {
            return "The time zone Europe/Rome is missing on this machine, and legal days are counted by it. Install tzdata.";
        }
        try
        {
            return System.Globalization.CultureInfo.GetCultureInfo("it-IT").NumberFormat.NumberDecimalSeparator == "," ? null : NoIcu;
        }
        catch (System.Globalization.CultureNotFoundException)
        {
            return NoIcu;
        }
    }

    const string NoIcu = "The Italian language data (ICU) are missing on this machine. Install libicu, and do not set DOTNET_SYSTEM_GLOBALIZATION_INVARIANT.";
}
