using Platform.Core.Documents;
using Platform.Core.Money;
using Platform.Core.Plugins;
using Platform.Core.Storage;
using Services.Fines.Register;

namespace Services.Fines;

/// <summary>
/// What became of fines since the last time, for the police's own system: a line for each payment and one for each that was taken back, refunded, cancelled or ran out, that the bank took
/// another amount for, or that nobody owed. The amounts add up to what came in.
/// </summary>
/// <remarks>
/// A line is numbered and written down with the run that tells it, in one transaction, before it is handed out; so it is told by one run only, and a run whose file was
/// lost on the way comes out again byte by byte, whatever became of the fine meanwhile.
/// </remarks>
[AtCreditor]
[RequiresPermission("fines.read")]
internal sealed class ExportOutcome(ISessions sessions, TimeProvider time) : IOfficeCommand
{
    const int MostLines = 100_000;
    const int Page = 1000;

    static readonly string Heading = CsvSheet.Line("lotto", "riga", "verbale", "serie", "anno", "numero", "targa", "esito", "data", "importo", "ordine", "manca");

    public async Task<string?> Run(OfficeCall call, TextWriter output, CancellationToken stop)
    {
        var texts = FinesTexts.In(call.Culture);
        var run = call.Number("run") ?? await New(stop);
        if (run is null)
        {
            call.Note(texts["office.outcome.nothing"]);
            return null;
        }
        if (!await sessions.Run(session => session.First<bool>("select true from fines.outcome_run where entity_id = @entity and run = @run", new { entity = session.Entity, run }), stop))
            return texts["office.outcome.unknown", run];
        await output.WriteAsync(Heading + "\n");
        for (var last = 0; ;)
        {
            var lines = await sessions.Run(session => session.List<Kept>(
                "select place, line from fines.movement where entity_id = @entity and run = @run and place > @last order by place limit @Page",
                new { entity = session.Entity, run, last, Page }), stop);
            foreach (var kept in lines)
                await output.WriteAsync(kept.Line + "\n");
            if (lines.Count < Page)
                break;
            last = lines[^1].Place;
        }
        call.Note(texts["office.outcome.made", run]);
        return null;
    }

    /// <summary>Makes a run of what no run has told yet; null when there is nothing.</summary>
    Task<int?> New(CancellationToken stop) => sessions.Run<int?>(
        async session =>
        {
            // Two officers at once: the second waits, and gets what the first left, which may be nothing.
            await session.Execute("select pg_advisory_xact_lock(hashtext('fines.outcome_run'), @entity)", new { entity = session.Entity });
            var run = await session.First<int>("select coalesce(max(run), 0) + 1 from fines.outcome_run where entity_id = @entity", new { entity = session.Entity });
            var place = 0;
            while (place < MostLines)
            {
                var news = await session.List<News>(
                    """
                    select m.fine_id as id, m.part::int as part, m.version, m.kind, m.order_no as orderNo, m.cents, m.moved_on as movedOn, f.series, f.year, f.number, f.plate,
                           case when m.kind = 'asked' then m.cents when m.kind <> 'paid' or s.due_cents is null then 0
                                else greatest(0, s.due_cents - s.paid_cents - coalesce((select sum(r.cents) from fines.supplement_payment r
                                     where r.entity_id = s.entity_id and r.fine_id = s.fine_id and r.paid_order = s.paid_order and r.n <= m.part and (r.undone_at is null or r.order_no = m.order_no)), 0)) end as missing
                      from fines.movement m join fines.fine f on f.entity_id = m.entity_id and f.fine_id = m.fine_id
                      left join fines.supplement_payment p on m.part > 0 and p.entity_id = m.entity_id and p.fine_id = m.fine_id and p.order_no = m.order_no
                      left join fines.supplement s on s.entity_id = m.entity_id and s.fine_id = m.fine_id and s.paid_order = case when m.part > 0 then p.paid_order else m.order_no end
                                                  and (s.closed_by is null or s.closed_by = 'paid')
                     where m.entity_id = @entity and m.run is null
                     order by m.moved_at, m.fine_id, m.part, m.version
                     limit @Page
                    """,
                    new { entity = session.Entity, Page });
                if (news.Count == 0)
                    break;
                var places = news.Select(_ => ++place).ToArray();
                await session.Execute(
                    """
                    update fines.movement m set run = @run, place = told.place, line = told.line
                      from unnest(@ids, @parts, @versions, @places, @lines) as told (fine_id, part, version, place, line)
                     where m.entity_id = @entity and m.fine_id = told.fine_id and m.part = told.part and m.version = told.version and m.run is null
                    """,
                    new
                    {
                        entity = session.Entity, run, places, ids = news.Select(told => told.Id).ToArray(), parts = news.Select(told => told.Part).ToArray(), versions = news.Select(told => told.Version).ToArray(),
                        lines = news.Zip(places, (told, at) => told.Line(run, at)).ToArray(),
                    });
            }
            if (place == 0)
                return null;
            await session.Execute(
                "insert into fines.outcome_run (entity_id, run, made_at, lines) values (@entity, @run, @now, @place)", new { entity = session.Entity, run, now = time.GetUtcNow(), place });
            session.Record("fines.outcome", new { run, lines = place });
            return run;
        },
        stop);

    sealed record Kept(int Place, string Line);

    sealed record News(Guid Id, int Part, int Version, string Kind, string? OrderNo, Euro? Cents, DateOnly MovedOn, string Series, int Year, int Number, string Plate, Euro Missing)
    {
        // What is given back stands with its sign, so that the column adds up to what came in.
        public string Line(int run, int place) => CsvSheet.Line(
            run, place, new FineNumber(Series, Year, Number).ToString(), Series, Year, Number, Plate, Movement.Italian(Kind, Part, Missing), MovedOn,
            Kind == "asked" ? null : Kind is "reversed" or "refunded" or "short" or "surplus_back" && Cents is { } back ? new Euro(-back.Cents) : Cents, OrderNo, Missing > Euro.Zero ? Missing : null);
    }
}
