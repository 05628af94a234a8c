using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Autofac;
using Platform.Core.Entities;
using Platform.Core.Hosting;
using Platform.Core.Identity;
using Platform.Core.Plugins;
using Platform.Core.Storage;
using Platform.Core.Time;
using Platform.Payments;
using Platform.Payments.Checkout;
using Platform.Payments.Gateways.PagOnLine;
using Portico.Host.CommandLine;

namespace Portico.Host.Demo;

/// <summary>The bank's program is not where it belongs.</summary>
internal sealed class BankMissingException(string message) : Exception(message);

/// <summary>
/// A whole province on one machine. Entities come from the host's own list; what a service shows comes from its folder <c>demo/</c>:
/// files <c>CODE.verb.csv</c> for its imports, in which <c>{oggi-3}</c> is a date, and <c>prova.txt</c>, which is printed.
/// </summary>
internal static partial class PorticoDemo
{
    static readonly Guid AgreementId = new("0197a000-0000-7000-8000-000000000001");

    /// <summary>Where the build lays the bank.</summary>
    public static string BankProgram { get; } = Path.Combine(AppContext.BaseDirectory, "bank", "pagonline-emulator");

    public static async Task<int> Run(PorticoOptions options, IConfiguration configuration, Uri bank, string bankProgram, Uri identities, string identityProgram, CancellationToken stop)
    {
        PorticoApp.RefuseUnsafe(options);
        if (!identities.IsLoopback)
            throw new StartRefusedException($"The demo's identities are for this machine only, and {identities} is open to others: whoever comes there may be anybody.");
        var signIn = File.Exists(identityProgram) ? DemoPeople.Provider(identities) : null;
        if (signIn is not null)
            options = options with { SignIn = [.. options.SignIn.Where(known => known.Id != signIn.Id), signIn] };
        if (!File.Exists(bankProgram))
            throw new BankMissingException($"The emulated bank is missing at {bankProgram}. Start the demo with ./build.sh run, which lays it there.");
        Console.WriteLine($"Portico demo: data in {Path.GetFullPath(options.DataFolder)}");
        var secrets = new ConfigurationBuilder().AddConfiguration(configuration).AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["Secrets:demo:password"] = "9999888",
            ["Secrets:demo:key"] = PublishedSecrets.PagOnLineTest,
        }).Build();
        await using var app = await PorticoApp.Build(options, secrets, null, stop);
        var day = SeedDay(options);
        await Seed(app, bank, day, stop);
        var people = signIn is null ? [] : await DemoPeople.Seed(app, signIn, DemoFolders(app).Select(found => found.Folder), stop);
        await app.Serve(stop);
        using var emulator = await StartBank(options, bankProgram, bank, app.Address, stop);
        using var provider = signIn is null ? null : await DemoPeople.Start(options, identityProgram, identities, people, stop);
        try
        {
            Tell(app, bank, signIn, day, await app.Container.Resolve<OfficerRegister>().NewBootstrapCode("demo", stop));
            await app.UntilStopped();
        }
        finally
        {
            emulator.Kill(entireProcessTree: true);
            await emulator.WaitForExitAsync(CancellationToken.None);
            provider?.Kill(entireProcessTree: true);
            await (provider?.WaitForExitAsync(CancellationToken.None) ?? Task.CompletedTask);
        }
        Console.WriteLine("Portico demo: stopped.");
        return 0;
    }

    static async Task Seed(PorticoApp app, Uri bank, DateOnly day, CancellationToken stop)
    {
        await using (var entities = typeof(PorticoDemo).Assembly.GetManifestResourceStream("Portico.Host.Demo.entities.csv")!)
        {
            var report = await app.Container.Resolve<EntityImport>().Run(entities, stop);
            if (report.Errors.Count > 0)
                throw new StartRefusedException($"The demo's list of entities is wrong: riga {report.Errors[0].Line}: {report.Errors[0].Message}");
            if (report.Added > 0)
                Console.WriteLine($"  {report.Added} entities loaded");
        }
        await OfferWhatIsNew(app, stop);
        app.Container.Resolve<EntityDirectory>().Forget();
        var settings = JsonSerializer.SerializeToElement(new
        {
            merchant = "9999888", store = "99888", user = "9999888", iban = "IT60X0542811101000000123456",
            start = new Uri(bank, "/initInsert.do").AbsoluteUri, query = new Uri(bank, "/backoffice/servizi/execute_remote_command.do").AbsoluteUri,
        });
        await app.Container.Resolve<Agreements>().Save(AgreementId, EntityId.Centre, PagOnLineGateway.Name, new DateOnly(2020, 1, 1), "demo", settings, stop);

        foreach (var (service, folder) in DemoFolders(app))
            foreach (var file in Directory.GetFiles(folder, "*.*.csv").OrderBy(file => Place(app, service, file)).ThenBy(file => file, StringComparer.Ordinal))
            {
                var name = Path.GetFileName(file).Split('.');
                await using var filled = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(Fill(await File.ReadAllTextAsync(file, stop), day)));
                var report = await ServiceCommands.Import(app, service, name[1], name[0], Path.GetFileName(file), new ImportFile(filled), stop)
                    ?? throw new StartRefusedException($"{file} names the entity {name[0]}, which the demo has not.");
                foreach (var error in report.Errors)
                    Console.Error.WriteLine($"  {Path.GetFileName(file)}, riga {error.Line}: {error.Message}");
                if (report.Added > 0)
                    Console.WriteLine($"  {service} {name[1]} {name[0]}: {report.Added} loaded");
            }
    }

    /// <summary>Files are loaded in the order in which the service names its imports: registers that refer to others come after them.</summary>
    static int Place(PorticoApp app, string service, string file) =>
        app.Catalog.Find(service)!.Imports.Select(import => import.Verb).ToList().IndexOf(Path.GetFileName(file).Split('.')[1]);

    /// <summary>A service that the demo's list does not know, as its author brings it to try it, is offered by every municipality.</summary>
    static async Task OfferWhatIsNew(PorticoApp app, CancellationToken stop)
    {
        var offered = await app.Container.Resolve<Database>().Run(
            ModuleRoles.Of("core"), EntityId.Centre, "demo", TimeProvider.System,
            session => session.List<string>(
                """
                insert into core.activation (entity_id, service, creditor_id, state)
                select e.entity_id, s.service, e.entity_id, 'active'
                  from core.entity e, unnest(@services) as s (service)
                 where e.kind = 'municipality' and not exists (select from core.activation a where a.service = s.service)
                returning service
                """,
                new { services = app.Catalog.Services.Select(service => service.Id).ToArray() }),
            stop);
        foreach (var service in offered.Distinct(StringComparer.Ordinal).Select(id => app.Catalog.Find(id)!))
            Console.WriteLine($"  {service.Title} is offered by every municipality, at /<municipality>/{service.PathSegment}");
    }

    /// <summary>Where each running service keeps what it shows in a demo.</summary>
    static IEnumerable<(string Service, string Folder)> DemoFolders(PorticoApp app) =>
        from service in app.Catalog.Services
        let folder = Path.Combine(Path.GetDirectoryName(service.Assembly.Location)!, "demo")
        where Directory.Exists(folder)
        select (service.Id, folder);

    /// <summary>The day the demo was first started: its dates count from it, so that the same files load to the same rows at every start.</summary>
    static DateOnly SeedDay(PorticoOptions options)
    {
        var file = Path.Combine(options.DataFolder, "demo-day");
        if (File.Exists(file) && DateOnly.TryParseExact(File.ReadAllText(file).Trim(), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var known))
            return known;
        var today = LegalTime.Day(TimeProvider.System.GetUtcNow());
        File.WriteAllText(file, today.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
        return today;
    }

    static string Fill(string text, DateOnly day) => DayPattern().Replace(
        text, match => day.AddDays(-int.Parse(match.Groups["days"].Value, CultureInfo.InvariantCulture)).ToString("dd/MM/yyyy", CultureInfo.InvariantCulture));

    /// <exception cref="BankMissingException">It ended at once, as it does when somebody else has its port; it has said why by itself.</exception>
    static async Task<Process> StartBank(PorticoOptions options, string program, Uri bank, Uri host, CancellationToken stop)
    {
        var start = new ProcessStartInfo(program)
        {
            ArgumentList =
            {
                "--urls", bank.GetLeftPart(UriPartial.Authority),
                "--journal", Path.Combine(Path.GetFullPath(options.DataFolder), "bank-journal.jsonl"),
                "--listener", new Uri(host, "/pagamenti/pagonline/ascolto").AbsoluteUri,
                "--die-with-parent", Environment.ProcessId.ToString(CultureInfo.InvariantCulture),
            },
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        var process = Process.Start(start)!;
        if (await process.StandardOutput.ReadLineAsync(stop) is null)
        {
            process.Dispose();
            throw new BankMissingException($"The emulated bank does not start at {bank}; its words are above. Choose another address with --bank.");
        }
        // Read to the end, or it would stop when nobody takes its words.
        _ = process.StandardOutput.BaseStream.CopyToAsync(Stream.Null, CancellationToken.None);
        return process;
    }

    static void Tell(PorticoApp app, Uri bank, IdentityProvider? signIn, DateOnly day, string code)
    {
        Console.WriteLine();
        Console.WriteLine($"  Portico is at      {app.Address}");
        Console.WriteLine($"  the emulated bank  {bank}  (test card 4444499922200000, 11/2019, CVV 999: below 100 € it pays, from 100 € it refuses)");
        Console.WriteLine($"  for officers       {app.Address}console/accesso/avvio makes the first administrator, within an hour, with the code {code}");
        if (signIn is not null)
            Console.WriteLine($"  to sign in         {app.Address}castenaso/accesso for citizens, {app.Address}console/accesso for officers: choose \"{signIn.Title}\", then one of the generated persons");
        foreach (var quarantined in app.Catalog.Quarantined)
            Console.WriteLine($"  in quarantine      {quarantined.Id ?? quarantined.Folder}: {quarantined.Reason}");
        foreach (var (_, folder) in DemoFolders(app))
            if (Path.Combine(folder, "prova.txt") is var file && File.Exists(file))
            {
                Console.WriteLine();
                Console.WriteLine(Fill(File.ReadAllText(file), day).Replace("{host}", app.Address.ToString().TrimEnd('/'), StringComparison.Ordinal).TrimEnd());
            }
        Console.WriteLine();
        Console.WriteLine("  Ctrl-C stops the host, the bank, the identities and the database.");
    }

    [GeneratedRegex(@"\{oggi-(?<days>\d{1,4})\}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex DayPattern();
}
