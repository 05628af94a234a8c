using System.Globalization;
using System.Net.Sockets;
using Npgsql;
using Platform.Testing;
using Portico.Faults;

namespace Portico.Benchmarks;

/// <summary>How often a citizen's request goes to PostgreSQL and waits, counted between the two.</summary>
internal static class RoundTrips
{
    public const string Part = "Round trips to PostgreSQL";
    const int Budget = 3;

    static readonly string[] Steps = ["look up a fine", "show it", "pay", "the bank's own message", "come back from the bank", "see that it is paid", "download the receipt"];

    /// <returns>The statement by which a fine is looked up, as PostgreSQL got it.</returns>
    public static async Task<string> Measure(Report report, Scale scale)
    {
        report.Doing("counting round trips");
        await using var database = await TestCluster.NewDatabase();
        var deeds = new Deeds();
        var socket = new UnixDomainSocketEndPoint(Path.Combine(new NpgsqlConnectionStringBuilder(database.Web).Host!, ".s.PGSQL.5432"));
        await using var proxy = new Proxy(() => socket, () => new CountingLine(deeds));
        await using var host = await PorticoTestHost.Start(database: database, connection: string.Create(CultureInfo.InvariantCulture, $"Host=127.0.0.1;Port={proxy.Port}"));
        var fines = await Register.Payable(database, 1, scale.Repeats + 3);
        var counted = Steps.ToDictionary(step => step, _ => new List<IReadOnlyList<Deed>>(), StringComparer.Ordinal);
        var lookUp = "";
        using var browser = new Browser(host.Address);
        foreach (var (fine, round) in fines.Select((fine, round) => (fine, round)))
        {
            await browser.OpenSearch(fine);
            var page = await Step(0, () => browser.Find(fine));
            lookUp = counted[Steps[0]][^1].SelectMany(deed => deed.Statements).Single(sql => sql.Contains("fines.fine", StringComparison.Ordinal));
            var attempt = await Step(1, () => browser.Show(page));
            var order = await Step(2, () => browser.Pay(page, attempt));
            // Every other payment is first heard of by the browser, every other by the bank's own call: what comes second finds the work done.
            var status = "";
            if (round % 2 == 0)
                await Step(3, async () =>
                {
                    await browser.Tell(order);
                    return "";
                });
            status = round % 2 == 0 ? await browser.ComeBack(order) : await Step(4, () => browser.ComeBack(order));
            await host.Quiet();
            var receipt = await Step(5, () => browser.Status(status)) ?? throw new InvalidOperationException($"Order {order} has no receipt.");
            await Step(6, () => browser.Get(receipt));
        }

        // The first rounds fill caches and prepare statements.
        foreach (var (step, rounds) in counted)
        {
            var steady = rounds.Skip(rounds.Count > 2 ? 2 : rounds.Count - 1).OrderBy(round => round.Sum(deed => deed.Trips)).ToList();
            var median = steady[steady.Count / 2];
            var trips = median.Sum(deed => deed.Trips);
            report.Add(Part, step, $"<= {Budget}", $"{trips} ({string.Join("; ", median.Select(deed => deed.Label))})", trips <= Budget);
        }
        report.Note(Part,
            "Counted in the protocol by a proxy between host and PostgreSQL, over whole HTTP requests, median of several after warm-up; each transaction is named with its round trips, "
            + "the last of which is the commit. Not counted: the work in the background, and what is read for all requests together every few seconds (entities, agreements).");
        return lookUp;

        async Task<T> Step<T>(int step, Func<Task<T>> request)
        {
            deeds.Take();
            var answer = await request();
            counted[Steps[step]].Add(deeds.Take());
            return answer;
        }
    }
}
