using System.Diagnostics;
using System.Text.Json;
using Autofac;
using Platform.Core.Documents;
using Platform.Core.Entities;
using Platform.Core.Events;
using Platform.Core.Journal;
using Platform.Core.Money;
using Platform.Payments;
using Platform.Testing;

namespace Portico.Benchmarks;

/// <summary>What happens after the answer: events are handled, the journal is sealed.</summary>
internal static class Background
{
    public const string Part = "In the background";

    public static async Task Measure(Report report, Scale scale)
    {
        report.Doing("handling events, sealing the journal");
        await using var host = await PorticoTestHost.Start();
        report.Add(Part, "events handled, one host", "", await Handled([host], 1), null);
        await using (var beside = await host.Another())
            report.Add(Part, "events handled, 2 hosts", "", await Handled([host, beside], 1 + 2 * scale.Events), null);

        await Seal(host, scale.JournalEntries / 10);
        report.Add(Part, "journal entries sealed", "", (scale.JournalEntries / await Seal(host, scale.JournalEntries)).PerSecond(), null);
        await Draw(report, host, scale);
        report.Note(Part,
            "Events: a fine is marked as paid, with its journal line, in one durable transaction for each event; five creditors, a stream for each event. "
            + "Sealing: read, hashed, chained in blocks of at most 1,000 and marked; five creditors, one host. Both after a tenth as much to warm up.");

        async Task<string> Handled(PorticoTestHost[] hosts, int from)
        {
            var warm = scale.Events / 10;
            await Told(hosts, await Register.Payable(host.Database, from, warm));
            return (scale.Events / await Told(hosts, await Register.Payable(host.Database, from + warm, scale.Events))).PerSecond();
        }
    }

    /// <summary>The receipt of the fine of a member, as it is drawn while its event is handled.</summary>
    static async Task Draw(Report report, PorticoTestHost host, Scale scale)
    {
        var entities = await host.Container.Resolve<EntityDirectory>().Current(CancellationToken.None);
        var at = host.Clock.GetUtcNow();
        var times = new List<double>();
        var size = 0;
        for (var n = 0; n < scale.Repeats * 10; n++)
        {
            var begun = Stopwatch.GetTimestamp();
            size = DocumentWriter.Write(new Document
            {
                Issuer = entities.ByCode("URG")!, Title = "Quietanza di pagamento", Subtitle = $"n. {n}/2026", Created = at, Language = "it", VerificationCode = "URG-0123456789ABCDEFGHJK",
                Blocks =
                [
                    new Figure("Importo pagato", new Euro(3140), "Pagato con carta"),
                    new Facts([new("Creditore", "Unione Reno Galliera"), new("Servizio", "Comune di Bentivoglio"), new("Per", $"Verbale V/2026/{n}"), new("Pagato il", "10 marzo 2026, 11:00"), new("Ordine", "URG-0123456789ABC-7")]),
                    new Heading("Voci"),
                    new Table([new Column("Voce", 3), new Column("Importo", 1, Amounts: true)], [[$"Verbale V/2026/{n} — Sanzione", new Euro(2940)], ["Spese", new Euro(200)]], new Total("Totale", new Euro(3140))),
                    new QrCode(new Uri(host.Address, "/verifica/URG-0123456789ABCDEFGHJK"), "Verifica"),
                ],
            }).Length;
            times.Add(Stopwatch.GetElapsedTime(begun).TotalSeconds);
        }
        report.Add(Part, "a receipt drawn", "", $"p50 {times.At(0.5).Milliseconds()}, p95 {times.At(0.95).Milliseconds()}, {((long)size).Kilobytes()}", null);
    }

    /// <summary>Raises an event for each fine, past the product and all at once, and waits until all are handled.</summary>
    static async Task<double> Told(PorticoTestHost[] hosts, IReadOnlyList<PayableFine> fines)
    {
        var database = hosts[0].Database;
        var at = hosts[0].Clock.GetUtcNow();
        var events = fines.Select(fine => new PositionPaid(
            new(new(Guid.CreateVersion7()), "fines", fine.Name), 1, Guid.CreateVersion7(), Guid.CreateVersion7(), $"{fine.Creditor}-0123456789ABC-{fine.Number % 10}", new Euro(3140), new EntityId(0), at)).ToList();
        await Register.Run(database,
            """
            with told as (
                insert into core.outbox (entity_id, stream, seq, event_id, type, payload, at)
                select e.entity_id, h.stream, 1, h.event_id, 'payments.position_paid.1', h.payload::jsonb, @at
                  from unnest(@creditors, @streams, @events, @payloads) as h (creditor, stream, event_id, payload) join core.entity e on e.code = h.creditor
                returning entity_id, event_id, stream)
            insert into core.delivery (entity_id, event_id, handler, stream, seq, state, due_at) select entity_id, event_id, 'fines.FollowPosition', stream, 1, 'due', @at from told
            """,
            new
            {
                at,
                creditors = fines.Select(fine => fine.Creditor).ToArray(),
                streams = events.Select(happened => happened.Stream).ToArray(),
                events = events.Select(_ => Guid.CreateVersion7()).ToArray(),
                payloads = events.Select(happened => JsonSerializer.Serialize(happened, EventCatalog.Json)).ToArray(),
            });
        var begun = Stopwatch.GetTimestamp();
        await new Product(hosts).Told();
        return Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }

    /// <summary>Writes journal lines, past the product, and seals them.</summary>
    static async Task<double> Seal(PorticoTestHost host, int entries)
    {
        await Register.Run(host.Database,
            """
            insert into core.journal (entity_id, entry_id, at, actor, kind, body)
            select e.entity_id, gen_random_uuid(), @at, 'fines', 'payment.started', jsonb_build_object('orderNo', e.code || '-0123456789ABC-' || n % 10, 'askedCents', n, 'shownBy', e.entity_id)
              from generate_series(1, @entries) n join core.entity e on e.code = (array['URG', 'SLS', 'CTN', 'MZB', 'VRG'])[n % 5 + 1]
            """,
            new { at = host.Clock.GetUtcNow(), entries });
        var sealer = host.Container.Resolve<JournalSealer>();
        host.Clock.Advance(JournalSealer.Pace + TimeSpan.FromSeconds(1));
        var begun = Stopwatch.GetTimestamp();
        do
            await sealer.Sweep(CancellationToken.None);
        while (await host.Database.Value<long>("select count(*) from core.journal where block is null") > 0);
        return Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }
}
