using Platform.Core.Commands;
using Platform.Core.Jobs;
using Platform.Core.Pages;
using Platform.Core.Plugins;
using Platform.Core.Storage;
using Platform.Payments;
using Services.Fines.Register;

namespace Services.Fines;

/// <summary>Takes a load of fines back, whole or not at all.</summary>
/// <remarks>
/// Payments is asked before the transaction; who goes to the bank in the moment between pays what is withdrawn right after, and that is kept and flagged as any payment of a cancelled
/// position. The register goes first and the positions after it: if the program stops in between, the same call again withdraws what is left, and until then their owner prices nothing.
/// </remarks>
internal sealed class UndoImport(ISessions sessions, ICommands commands, TimeProvider time)
{
    const int AtOnce = 1000;
    const string Reason = "the file that brought it was taken back";

    internal static readonly TimeSpan Kept = TimeSpan.FromDays(90);

    public async Task<ImportUndo> Run(Guid run, Texts texts, CancellationToken stop)
    {
        var (changes, opened, last) = (0, new List<string>(), Guid.Empty);
        while (true)
        {
            var page = await sessions.Run(session => session.List<Change>(
                """
                select c.fine_id as id, f.series, f.year, f.number, c.before is null as added
                  from fines.import_change c join fines.fine f on f.entity_id = c.entity_id and f.fine_id = c.fine_id
                 where c.entity_id = @entity and c.run_id = @run and c.fine_id > @last
                 order by c.fine_id limit @AtOnce
                """,
                new { entity = session.Entity, run, last, AtOnce }), stop);
            if (page.Count == 0)
                break;
            (changes, last) = (changes + page.Count, page[^1].Id);
            var standings = (await commands.Send(new AskPositions([.. page.Select(change => change.Name)]), stop)).ToDictionary(standing => standing.Reference, StringComparer.Ordinal);
            if (standings.Values.FirstOrDefault(standing => standing.Paid || standing.UnderWay) is { } taken)
                return new(0, 0, texts[taken.Paid ? "undo.paid" : "undo.paying", taken.Reference]);
            opened.AddRange(page.Where(change => change.Added && standings.ContainsKey(change.Name)).Select(change => change.Name));
        }
        var undone = await sessions.Run(session => TakeBack(session, run, opened, texts), stop);
        var closed = undone.Refused is null ? await Close(run, stop) : 0;
        return changes == 0 && undone.Refused is null && closed == 0 ? new(0, 0, texts["undo.gone", (int)Kept.TotalDays]) : undone;
    }

    static async Task<ImportUndo> TakeBack(IEntitySession session, Guid run, IReadOnlyList<string> opened, Texts texts)
    {
        await session.Execute(
            """
            select count(*) from (
                select f.fine_id from fines.import_change c join fines.fine f on f.entity_id = c.entity_id and f.fine_id = c.fine_id
                 where c.entity_id = @entity and c.run_id = @run order by f.series, f.year, f.number for update of f) held
            """,
            new { entity = session.Entity, run });
        var obstacle = await session.First<Obstacle>(
            """
            select o.series, o.year, o.number, o.why, count(*) over ()::int as all
              from (select f.series, f.year, f.number,
                           case when f.state = 'paid' or exists (select from fines.movement m where m.entity_id = f.entity_id and m.fine_id = f.fine_id and m.kind in ('paid', 'reversed', 'refunded')) then 'paid'
                                when exists (select from fines.pending_change p where p.entity_id = f.entity_id and p.fine_id = f.fine_id and p.state = 'waiting') then 'paying'
                                when exists (select from fines.movement m where m.entity_id = f.entity_id and m.fine_id = f.fine_id and m.run is not null) then 'told'
                                when f.changed_at <> c.changed_at or exists (select from fines.subject s where s.entity_id = f.entity_id and s.fine_id = f.fine_id and s.run_id is distinct from @run and s.changed_at > c.changed_at) then 'changed'
                           end as why
                      from fines.import_change c join fines.fine f on f.entity_id = c.entity_id and f.fine_id = c.fine_id
                     where c.entity_id = @entity and c.run_id = @run
                    union all
                    select f.series, f.year, f.number, 'paying'
                      from fines.pending_change p join fines.fine f on f.entity_id = p.entity_id and f.fine_id = p.fine_id
                     where p.entity_id = @entity and p.run_id = @run and p.state = 'waiting') o
             where o.why is not null
             order by o.why = 'paid' desc, o.series, o.year, o.number
             limit 1
            """,
            new { entity = session.Entity, run });
        if (obstacle is not null)
            return new(0, 0, $"{texts[$"undo.{obstacle.Why}", obstacle.Name]}{(obstacle.All > 1 ? " " + texts["undo.more", obstacle.All - 1] : "")}");
        var restored = await session.Execute(
            """
            update fines.fine f
               set municipality = b.municipality, place = b.place, article = b.article, comma = b.comma, description = b.description, violated_on = b.violated_on, plate = b.plate,
                   min_cents = b.min_cents, max_cents = b.max_cents, costs_cents = b.costs_cents, send_cents = b.send_cents, discount_excluded = b.discount_excluded,
                   contested_at_once = b.contested_at_once, notified_on = b.notified_on, send_perfected_on = b.send_perfected_on, phase = b.phase, points = b.points, accessory = b.accessory,
                   device = b.device, device_kind = b.device_kind, road_owner = b.road_owner, withdrawn = b.withdrawn, changed_at = b.changed_at
              from fines.import_change c cross join lateral jsonb_populate_record(null::fines.fine, c.before) b
             where c.entity_id = @entity and c.run_id = @run and c.before is not null and f.entity_id = @entity and f.fine_id = c.fine_id
            """,
            new { entity = session.Entity, run });
        await session.Execute(
            """
            with gone as (delete from fines.subject where entity_id = @entity and run_id = @run and before is null)
            update fines.subject s set email = before, before = null, run_id = null, changed_at = f.imported_at   -- older than any load, so that the one before can be taken back too
              from fines.fine f where f.entity_id = @entity and f.fine_id = s.fine_id and s.entity_id = @entity and s.run_id = @run and s.before is not null
            """,
            new { entity = session.Entity, run });
        foreach (var rows in Belongings)
            await session.Execute(rows, new { entity = session.Entity, run });
        var removed = await session.Execute(
            "delete from fines.fine f using fines.import_change c where c.entity_id = @entity and c.run_id = @run and c.before is null and f.entity_id = @entity and f.fine_id = c.fine_id",
            new { entity = session.Entity, run });
        await session.Execute("delete from fines.import_change where entity_id = @entity and run_id = @run", new { entity = session.Entity, run });
        await session.Execute("delete from fines.pending_change where entity_id = @entity and run_id = @run", new { entity = session.Entity, run });
        await session.Execute(
            """
            insert into fines.closed_position (entity_id, reference, run_id) select @entity, reference, @run from unnest(@opened::text[]) reference
            on conflict (entity_id, reference) do update set run_id = excluded.run_id, closed_at = null
            """,
            new { entity = session.Entity, run, opened = opened.ToArray() });
        if (removed + restored > 0)
            session.Record("fines.import_undone", new { run, removed, restored });
        return new(removed, restored);
    }

    // Of a fine that nobody paid: whom to write to, what was decided to remind of, and that its price ran out.
    static readonly string[] Belongings =
    [
        "delete from fines.subject s using fines.import_change c where c.entity_id = @entity and c.run_id = @run and c.before is null and s.entity_id = @entity and s.fine_id = c.fine_id",
        "delete from fines.reminder r using fines.import_change c where c.entity_id = @entity and c.run_id = @run and c.before is null and r.entity_id = @entity and r.fine_id = c.fine_id",
        "delete from fines.movement m using fines.import_change c where c.entity_id = @entity and c.run_id = @run and c.before is null and m.entity_id = @entity and m.fine_id = c.fine_id",
        "delete from fines.pending_change p using fines.import_change c where c.entity_id = @entity and c.run_id = @run and c.before is null and p.entity_id = @entity and p.fine_id = c.fine_id",
    ];

    async Task<int> Close(Guid run, CancellationToken stop)
    {
        var closing = await sessions.Run(session => session.List<string>(
            "select reference from fines.closed_position where entity_id = @entity and run_id = @run and closed_at is null order by reference", new { entity = session.Entity, run }), stop);
        foreach (var reference in closing)
        {
            // What was paid in this very moment is kept and told to an officer by payments; here nothing can be done about it.
            await commands.Send(new CancelPosition(reference, Reason), stop);
            await sessions.Run(session => session.Execute(
                "update fines.closed_position set closed_at = @now where entity_id = @entity and reference = @reference and run_id = @run",
                new { entity = session.Entity, reference, run, now = time.GetUtcNow() }), stop);
        }
        return closing.Count;
    }

    /// <summary>Fines that were taken back before are asked for again: who begins to pay has their positions restored first.</summary>
    public static Task<int> AskAgain(IEntitySession session, IReadOnlyList<FineNumber> added) => session.Execute(
        """
        with again as (
            delete from fines.closed_position where entity_id = @entity and reference = any(@references) returning reference)
        update fines.fine f set withdrawn = 'taken_back'
          from unnest(@series::text[], @years::int[], @numbers::int[], @references::text[]) as line (series, year, number, reference) join again using (reference)
         where f.entity_id = @entity and f.series = line.series and f.year = line.year and f.number = line.number
        """,
        new
        {
            entity = session.Entity, references = added.Select(name => name.ToString()).ToArray(), series = added.Select(name => name.Series).ToArray(), years = added.Select(name => name.Year).ToArray(),
            numbers = added.Select(name => name.Number).ToArray(),
        });

    sealed record Change(Guid Id, string Series, int Year, int Number, bool Added)
    {
        public string Name => new FineNumber(Series, Year, Number).ToString();
    }

    sealed record Obstacle(string Series, int Year, int Number, string Why, int All)
    {
        public string Name => new FineNumber(Series, Year, Number).ToString();
    }
}

/// <summary>Forgets, ninety days after a load, what it changed: from then on it cannot be taken back.</summary>
internal sealed class ForgetImports(ISessions sessions, TimeProvider time) : IJob
{
    public Task Run(JobRun run, CancellationToken stop) => sessions.Run(
        session => session.Execute("delete from fines.import_change where entity_id = @entity and changed_at < @before", new { entity = session.Entity, before = time.GetUtcNow() - UndoImport.Kept }), stop);
}
