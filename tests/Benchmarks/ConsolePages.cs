using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Autofac;
using Microsoft.AspNetCore.Routing;
using Platform.Core.Identity;
using Platform.Payments.Tests.Office;
using Platform.Testing;

namespace Portico.Benchmarks;

/// <summary>Every page of the console, at an estate of a few entities with a thousand payments and at one of a thousand entities with a million: what PostgreSQL reads for it, and how long it takes.</summary>
internal static partial class ConsolePages
{
    public const string Part = "Pages of the console";
    const int MostBuffers = 200;
    const int Entities = 1_000;
    const int Unknown = int.MaxValue;

    public static async Task Measure(Report report, Scale scale)
    {
        await using var database = await TestCluster.NewDatabase();
        // Each statement of the host tells its buffers to the server's log, in all connections from now on; what looks into the log is somebody else and tells nothing.
        foreach (var set in new[] { "session_preload_libraries = 'auto_explain'", "auto_explain.log_min_duration = 0", "auto_explain.log_analyze = on", "auto_explain.log_buffers = on", "auto_explain.log_timing = off" })
            await database.Execute($"alter role portico_web in database {database.Name} set {set}");
        await using var host = await PorticoTestHost.Start(database: database);
        using var administrator = await host.SignInAs("000", ("administrator", ""));
        var (small, large) = (scale.Searched[0] / 10, scale.Searched[^1]);
        report.Doing($"writing {small.Whole()} payments");
        await ManyPayments.Grow(host.Database, 0, small);
        var pages = Pages(host, ManyPayments.Order(1)).Take(scale.Repeats > 1 ? int.MaxValue : 8).ToList();
        var few = await Look(host, administrator, pages, scale, report);
        report.Doing($"writing {large.Whole()} payments and {Entities.Whole()} entities");
        await MoreEntities.Write(host, 1, Math.Min(Entities, scale.Entities));
        await ManyPayments.Grow(host.Database, small, large);
        await host.After(TimeSpan.FromSeconds(5));
        var many = await Look(host, administrator, pages, scale, report);
        var most = pages.MaxBy(page => many[page].Buffers)!;
        report.Add(Part, $"shared buffers of a page, {large.Whole()} payments", $"<= {MostBuffers}", string.Create(CultureInfo.InvariantCulture, $"{Said(many[most].Buffers)} at most ({most})"), many[most].Buffers <= MostBuffers);
        report.Note(Part,
            $"""
            | Page | Buffers, few | Buffers, many | Time, few | Time, many |
            |---|---|---|---|---|
            {string.Join('\n', pages.Select(page => string.Create(CultureInfo.InvariantCulture, $"| `{page}` | {Said(few[page].Buffers)} | {Said(many[page].Buffers)} | {few[page].Time.Milliseconds()} | {many[page].Time.Milliseconds()} |")))}

            Few: the demo's entities and {small.Whole()} payments; many: {Entities.Whole()} entities more and {large.Whole()} payments. Read from the plans that PostgreSQL wrote down of every statement of a whole request, signing in and menu included: the least of {Math.Min(5, scale.Repeats)} requests, because work in the
            background reads too. Times are medians, with those plans being written. Pages below a number or a file are left out where there is none.
            """);
    }

    static IEnumerable<string> Pages(PorticoTestHost host, string order)
    {
        var endpoints = host.Container.Resolve<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().Where(ConsoleAccess.IsOfConsole).Where(endpoint => endpoint.Metadata.GetMetadata<ConsoleAccess>() is { Anonymous: false })
            .Select(endpoint => "/" + endpoint.RoutePattern.RawText!.TrimStart('/')).Distinct(StringComparer.Ordinal);
        foreach (var pattern in endpoints)
        {
            var known = pattern.Replace("{code}", "MZB", StringComparison.Ordinal).Replace("{service}", "fines", StringComparison.Ordinal).Replace("{order}", order, StringComparison.Ordinal);
            foreach (var desk in new[] { "centro", "reno-galliera" })
                if (known.Replace("{entity}", desk, StringComparison.Ordinal) is var path && !path.Contains('{', StringComparison.Ordinal) && !path.EndsWith("/uscita", StringComparison.Ordinal) && !path.Contains("esporta", StringComparison.Ordinal))
                    yield return path;
        }
    }

    static async Task<Dictionary<string, (int Buffers, double Time)>> Look(PorticoTestHost host, Citizen administrator, List<string> pages, Scale scale, Report report)
    {
        var figures = new Dictionary<string, (int, double)>(StringComparer.Ordinal);
        foreach (var page in pages.ToList())
        {
            var (buffers, times) = (int.MaxValue, new List<double>());
            for (var time = -1; time < Math.Min(5, scale.Repeats); time++)
            {
                var from = await LogSize(host);
                var begun = Stopwatch.GetTimestamp();
                var (status, _, _) = await administrator.Fetch(page);
                var took = Stopwatch.GetElapsedTime(begun).TotalSeconds;
                if (status == 404)
                {
                    // A section that this kind of desk has not.
                    pages.Remove(page);
                    break;
                }
                if (status == 503)
                {
                    // Too slow for a page: told as that in the table, and what it has to read nobody knows.
                    figures[page] = (Unknown, took);
                    break;
                }
                if (status is not (200 or 303))
                    throw new InvalidOperationException($"{page} answers {status}.");
                if (time < 0)
                    continue;
                times.Add(took);
                buffers = Math.Min(buffers, await Read(host, from));
            }
            if (times.Count > 0)
                figures[page] = (buffers, times.At(0.5));
        }
        report.Doing($"looked at {figures.Count} pages");
        return figures;
    }

    static async Task<int> Read(PorticoTestHost host, long from)
    {
        // The log is written by a process of its own: until nothing more comes.
        var size = await LogSize(host);
        for (var look = 0; look < 20; look++)
        {
            await Task.Delay(30);
            var now = await LogSize(host);
            if (now == size)
                break;
            size = now;
        }
        // Another file was begun meanwhile: this time does not count.
        if (await LogSize(host) < from)
            return int.MaxValue;
        var told = await host.Database.Value<string>("select pg_read_file(pg_current_logfile(), @from, 100000000)", new { from }) ?? "";
        return told.Split("Query Text:").Skip(1).Sum(plan => Buffers().Match(plan) is { Success: true } first
            ? Number(first.Groups["hit"]) + Number(first.Groups["read"]) : 0);
    }

    static string Said(int buffers) => buffers == Unknown ? "no answer in time" : buffers.ToString(CultureInfo.InvariantCulture);

    static Task<long> LogSize(PorticoTestHost host) => host.Database.Value<long>("select (pg_stat_file(pg_current_logfile())).size");

    static int Number(Group group) => group.Success ? int.Parse(group.ValueSpan, CultureInfo.InvariantCulture) : 0;

    [GeneratedRegex(@"Buffers: shared(?: hit=(?<hit>\d+))?(?: read=(?<read>\d+))?", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Buffers();
}
