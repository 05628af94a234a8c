using System.Diagnostics;
using System.Globalization;
using System.Text;
using Platform.Core.Tests.Plugins;
using Platform.Testing;
using Portico.Budgets;

// What one more service and one more entity cost, printed beside the budgets. Nothing fails here: figures of a shared machine are no test.
const int Services = 60;
const int Entities = 1000;

var folder = Directory.CreateTempSubdirectory("portico-budgets-").FullName;
try
{
    var none = Directory.CreateDirectory(Path.Combine(folder, "none")).FullName;
    var many = Directory.CreateDirectory(Path.Combine(folder, "many")).FullName;
    for (var number = 1; number <= Services; number++)
        Planted.Lay(many, $"p{number:00}", ("main", Service(number)));

    Console.WriteLine($"{Environment.ProcessorCount} cores, .NET {Environment.Version}; {Services} generated services of one page, one job, one command and one table each.");
    Console.WriteLine();
    await using var database = await TestCluster.NewEmptyDatabase();
    Row("one more entity: managed memory", $"{await BytesPerEntity() / 1024.0:0.00} KiB", "1 KiB");
    if (args is ["entities"])
        return;
    await Portico(["migrate"], none);
    var migrating = Stopwatch.StartNew();
    await Portico(["migrate"], many);
    migrating.Stop();

    var (empty, full) = (new List<Started>(), new List<Started>());
    for (var round = 0; round < 5; round++)
    {
        empty.Add(await Serve(none));
        full.Add(await Serve(many));
    }
    var (without, with) = (Median(empty), Median(full));
    Row("host without services: start to the first page", $"{without.Milliseconds:0} ms", "2000 ms with three services");
    Row($"host with {Services} services: start to the first page", $"{with.Milliseconds:0} ms", "");
    Row("one more service: start", $"{(with.Milliseconds - without.Milliseconds) / Services:0.0} ms", "25 ms");
    Row("one more service: first migration, as owner", $"{migrating.Elapsed.TotalMilliseconds / Services:0.0} ms", "");
    Row("host without services, idle: resident", $"{without.ResidentMiB:0} MiB", "200 MB with three services");
    Row("one more service: resident", $"{(with.ResidentMiB - without.ResidentMiB) * 1024 / Services:0} KiB", "");

    async Task Portico(string[] words, string plugins, TestDatabase? other = null)
    {
        using var process = Start(words, plugins, other ?? database, quiet: true);
        await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"portico {string.Join(' ', words)} ended with {process.ExitCode}: {await process.StandardError.ReadToEndAsync()}");
    }

    async Task<Started> Serve(string plugins)
    {
        var clock = Stopwatch.StartNew();
        using var process = Start(["serve"], plugins, database, quiet: false);
        try
        {
            var address = "";
            while (address.Length == 0 && await process.StandardOutput.ReadLineAsync() is { } line)
                if (line.Split(' ') is ["Portico", "serves", "on", var at, ..])
                    address = at;
            using var browser = new HttpClient { BaseAddress = new(address) };
            await browser.GetStringAsync(new Uri("/", UriKind.Relative));
            clock.Stop();
            var resident = (await File.ReadAllLinesAsync($"/proc/{process.Id}/status")).First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
            return new(clock.Elapsed.TotalMilliseconds, double.Parse(resident, CultureInfo.InvariantCulture) / 1024);
        }
        finally
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
        }
    }

    Process Start(string[] words, string plugins, TestDatabase where, bool quiet) => Process.Start(new ProcessStartInfo(
        Path.Combine(AppContext.BaseDirectory, "..", "..", "Host", "release", "portico"),
        [.. words, "--plugins", plugins, "--data", Path.Combine(folder, "data"), "--profile", "test", "--listen", "http://127.0.0.1:0", "--database", where.Web, "--owner-database", where.Owner])
    {
        RedirectStandardOutput = true,
        RedirectStandardError = quiet,
        UseShellExecute = false,
    })!;

    async Task<double> BytesPerEntity()
    {
        await using var host = await PorticoTestHost.Start(none);
        using var browser = new HttpClient { BaseAddress = host.Address };
        var file = Path.Combine(folder, "enti.csv");
        async Task<long> After(int entities)
        {
            var csv = new StringBuilder("id;codice;slug;nome;tipo;istat;codice_fiscale;colore;sito;indirizzo;telefono;email;pec;servizi\n");
            for (var number = 0; number < entities; number++)
                csv.AppendLine(CultureInfo.InvariantCulture, $"{200000 + number};{Code(number)};comune-{number};Comune di Prova Numero {number};municipality;{900000 + number};{TaxCode(number)};#0066cc;https://www.comune{number}.example;Piazza del Municipio {number};051 {number:000000};info@comune{number}.example;pec@comune{number}.example;fines");
            await File.WriteAllTextAsync(file, csv.ToString());
            // By a process of its own: what the command needs is not to be counted.
            await Portico(["entity", "import", file], none, host.Database);
            // Read afresh, and by a page that draws one entity.
            await host.Activate("fines", "MZB");
            for (var page = 0; page < 20; page++)
                await browser.GetStringAsync(new Uri("/marzabotto", UriKind.Relative));
            return GC.GetTotalMemory(forceFullCollection: true);
        }
        // The second thousand: with the first come buffers that do not grow again.
        var before = await After(Entities);
        return (await After(2 * Entities) - before) / (double)Entities;
    }
}
finally
{
    Directory.Delete(folder, recursive: true);
}

static byte[] Service(int number)
{
    var id = string.Create(CultureInfo.InvariantCulture, $"p{number:00}");
    return Planted.Compile(
        "Budget." + id,
        Planted.Service(
            id, "prova-" + id, describe: "s.Page<P>(\"\"); s.Job<J>(\"0 3 * * *\", perEntity: true, Platform.Core.Jobs.Missed.Skip);",
            more: """
                  public sealed record Ask : Platform.Core.Commands.ICommand<int>;
                  public sealed class H(Platform.Core.Storage.ISessions s) : Platform.Core.Commands.ICommandHandler<Ask, int> { public Task<int> Handle(Ask a, CancellationToken c) => s.Run(t => t.First<int>("select 1"), c); }
                  public sealed class P(Platform.Core.Commands.ICommands c) : Platform.Core.Pages.IPage { public async Task<Platform.Core.Pages.PageAnswer> Get(Platform.Core.Pages.PageRequest r, CancellationToken s) => Platform.Core.Pages.PageAnswer.Go(r.Path + await c.Send(new Ask(), s)); }
                  public sealed class J : Platform.Core.Jobs.IJob { public Task Run(Platform.Core.Jobs.JobRun r, CancellationToken s) => Task.CompletedTask; }
                  """),
        null, null, ("V1__it.sql", $"create table {id}.it (entity_id int, it uuid, primary key (entity_id, it))"));
}

static string Code(int number)
{
    const string Digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    return $"{Digits[35 - number / 1296]}{Digits[number / 36 % 36]}{Digits[number % 36]}";
}

// Eleven digits, the last one the check.
static string TaxCode(int number)
{
    var digits = string.Create(CultureInfo.InvariantCulture, $"9{number:000000000}");
    var sum = digits.Select((digit, place) => place % 2 == 0 ? digit - '0' : (digit - '0') * 2 is var twice && twice > 9 ? twice - 9 : twice).Sum();
    return string.Create(CultureInfo.InvariantCulture, $"{digits}{(10 - sum % 10) % 10}");
}

static Started Median(List<Started> all) => new(all.Select(one => one.Milliseconds).Order().ElementAt(all.Count / 2), all.Select(one => one.ResidentMiB).Order().ElementAt(all.Count / 2));

static void Row(string what, string figure, string budget) => Console.WriteLine($"{what,-56}{figure,12}   {(budget.Length > 0 ? "budget " + budget : "")}");
