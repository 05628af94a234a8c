using System.Globalization;
using Autofac;
using Platform.Core.Entities;
using Platform.Testing;

namespace Portico.Benchmarks;

/// <summary>What a running host pays for one entity more.</summary>
internal static class MoreEntities
{
    public const string Part = "One more entity";
    const int Budget = 1024;
    const int Rounds = 3;

    public static async Task Measure(Report report, Scale scale)
    {
        report.Doing("adding entities to a running host");
        await using var host = await PorticoTestHost.Start();
        using var browser = new Browser(host.Address);
        await browser.Get("/");
        var costs = new List<double>();
        var before = await Memory(host);
        for (var round = 0; round < Rounds; round++)
        {
            await Register.Run(host.Database, Add, new { from = 1 + round * scale.Entities, to = (round + 1) * scale.Entities });
            var after = await Memory(host);
            costs.Add((double)(after - before) / scale.Entities);
            before = after;
        }
        await browser.Get(string.Create(CultureInfo.InvariantCulture, $"/prova-{Rounds * scale.Entities}"));
        var cost = (int)costs.At(0.5);
        report.Add(Part, "managed memory", $"<= {Budget.Whole()} bytes", $"{cost.Whole()} bytes", cost <= Budget);
        report.Add(Part, "seen without restart", "yes", "yes: the last one's page answers", true);
        report.Note(Part, $"{Rounds} times {scale.Entities.Whole()} municipalities, each with its contacts and one activation, written past the host; after each time the difference of what is left after full collections. Median.");
    }

    /// <summary>Writes municipalities past the host, each with one service.</summary>
    public static async Task Write(PorticoTestHost host, int from, int to)
    {
        await Register.Run(host.Database, Add, new { from, to });
        host.Container.Resolve<EntityDirectory>().Forget();
    }

    /// <summary>What is alive once the host has read all entities anew.</summary>
    static async Task<long> Memory(PorticoTestHost host)
    {
        var directory = host.Container.Resolve<EntityDirectory>();
        for (var time = 0; time < 2; time++)
        {
            directory.Forget();
            await directory.Current(CancellationToken.None);
        }
        for (var time = 0; time < 3; time++)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }
        return GC.GetTotalMemory(forceFullCollection: true);
    }

    // Codes that begin with a digit: the demo's begin with a letter.
    const string Add =
        """
        with fresh as (
            insert into core.entity (entity_id, code, slug, name, kind, istat_code, tax_code, colour, website, address, phone, email, pec, changed_at)
            select 500000 + n,
                   substr('0123456789', 1 + n / 1296, 1) || substr('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', 1 + n / 36 % 36, 1) || substr('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', 1 + n % 36, 1),
                   'prova-' || n, 'Comune di Prova ' || n, 'municipality', lpad((500000 + n)::text, 6, '0'), lpad(n::text, 11, '0'), '#0066cc', 'https://www.comune.prova-' || n || '.example',
                   'Piazza della Prova ' || n || ', Prova (BO)', '051 000000', 'urp@comune.prova-' || n || '.example', 'protocollo@pec.comune.prova-' || n || '.example', timestamptz '2026-03-09'
              from generate_series(@from, @to) n
            returning entity_id)
        insert into core.activation (entity_id, service, creditor_id, state) select entity_id, 'fines', entity_id, 'active' from fresh
        """;
}
