using Platform.Core.Money;
using Platform.Core.Plugins;
using Platform.Core.Settings;
using Platform.Core.Storage;
using Platform.Core.Time;
using Services.Fines.Amounts;
using Services.Fines.Register;

namespace Services.Fines;

/// <summary>Loads a file of fines: good lines in, bad lines told. A fine already in the register takes the file's values; the same file again changes nothing.</summary>
/// <remarks>One statement and one transaction per <see cref="BatchSize"/> lines, so memory stays flat and a citizen never waits for the file's end.
/// It needs no key to be safe to repeat: lines are known by the fine's own number, and a load that broke off goes on where it stood when the file is loaded again.</remarks>
[RequiresPermission("fines.load")]
internal sealed class ImportFines(ISessions sessions, ISettings<FinesSettings> settings, TimeProvider time) : IImport
{
    internal const int BatchSize = 500;

    public async Task<ImportReport> Run(Stream file, CancellationToken stop)
    {
        var tally = new Tally();
        var batch = new List<FineLine>(BatchSize);
        await foreach (var line in FinesFile.Read(file, LegalTime.Day(time.GetUtcNow()), stop))
        {
            tally.Take(line);
            if (line.Fine is not { } fine)
                continue;
            batch.Add(fine);
            if (batch.Count == BatchSize)
                await Load(batch, tally, stop);
        }
        if (batch.Count > 0)
            await Load(batch, tally, stop);
        return tally.Report();
    }

    async Task Load(List<FineLine> batch, Tally tally, CancellationToken stop)
    {
        var loaded = await sessions.Run(async session =>
        {
            // A plan kept from the time when the register was empty would read it whole for every batch.
            await session.Execute("select set_config('plan_cache_mode', 'force_custom_plan', true)");
            var results = await session.List<Loaded>(Upsert, new
            {
                entity = session.Entity,
                now = time.GetUtcNow(),
                lines = batch.ConvertAll(fine => fine.Line).ToArray(),
                ids = batch.ConvertAll(_ => Guid.CreateVersion7()).ToArray(),
                series = batch.ConvertAll(fine => fine.Name.Series).ToArray(),
                years = batch.ConvertAll(fine => fine.Name.Year).ToArray(),
                numbers = batch.ConvertAll(fine => fine.Name.Number).ToArray(),
                municipalities = batch.ConvertAll(fine => fine.Municipality).ToArray(),
                places = batch.ConvertAll(fine => fine.Place).ToArray(),
                articles = batch.ConvertAll(fine => fine.Article).ToArray(),
                descriptions = batch.ConvertAll(fine => fine.Description).ToArray(),
                days = batch.ConvertAll(fine => fine.ViolatedOn).ToArray(),
                plates = batch.ConvertAll(fine => fine.Plate.Value).ToArray(),
                minimums = batch.ConvertAll(fine => fine.Minimum.Cents).ToArray(),
                maximums = batch.ConvertAll(fine => fine.Maximum.Cents).ToArray(),
                costs = batch.ConvertAll(fine => fine.Costs.Cents).ToArray(),
                excluded = batch.ConvertAll(fine => fine.DiscountExcluded).ToArray(),
                contested = batch.ConvertAll(fine => fine.ContestedAtOnce).ToArray(),
                notified = batch.ConvertAll(fine => fine.NotifiedOn).ToArray(),
                phases = batch.ConvertAll(fine => fine.Phase.ToText()).ToArray(),
                points = batch.ConvertAll(fine => fine.Points).ToArray(),
                accessories = batch.ConvertAll(fine => fine.Accessory).ToArray(),
                devices = batch.ConvertAll(fine => fine.Device).ToArray(),
            });
            var (added, changed) = (results.Count(r => r.Outcome == "added"), results.Count(r => r.Outcome == "changed"));
            if (added + changed > 0)
                session.Record("fines.imported", new { added, changed });
            // The day of notification often comes after the payment, and may be another than the citizen said.
            var byLine = batch.ToDictionary(fine => fine.Line);
            FinesSettings? decided = null;
            foreach (var changedPaid in results.Where(result => result is { Outcome: "changed", Paid: true }))
            {
                if (await Fine.Find(session, byLine[changedPaid.Line].Name) is { } fine)
                    await Supplements.Judge(session, fine, decided ??= await settings.Read(session), time.GetUtcNow());
            }
            return results;
        }, stop);
        tally.Take(batch, loaded);
        batch.Clear();
    }

    /// <summary>
    /// Adds, changes or leaves alone. What a paid fine cost may not change any more; all else may, for the day of notification often comes after the payment.
    /// The guard stands in "on conflict … where", which sees the row as it is when locked, so that a payment in this very moment wins.
    /// </summary>
    const string Upsert =
        """
        with incoming as (
            select *
            from unnest(@lines::int[], @ids::uuid[], @series::text[], @years::int[], @numbers::int[], @municipalities::text[], @places::text[], @articles::text[],
                        @descriptions::text[], @days::date[], @plates::text[], @minimums::bigint[], @maximums::bigint[], @costs::bigint[], @excluded::boolean[],
                        @contested::boolean[], @notified::date[], @phases::text[], @points::smallint[], @accessories::text[], @devices::text[])
                 as line (line, fine_id, series, year, number, municipality, place, article, description, violated_on, plate, min_cents, max_cents, costs_cents,
                          discount_excluded, contested_at_once, notified_on, phase, points, accessory, device)
        ), written as (
            insert into fines.fine as known (
                entity_id, fine_id, series, year, number, municipality, place, article, description, violated_on, plate, min_cents, max_cents, costs_cents,
                discount_excluded, contested_at_once, notified_on, phase, points, accessory, device, imported_at, changed_at)
            select @entity, fine_id, series, year, number, municipality, place, article, description, violated_on, plate, min_cents, max_cents, costs_cents,
                   discount_excluded, contested_at_once, notified_on, phase, points, accessory, device, @now, @now
            from incoming
            order by series, year, number
            on conflict (entity_id, series, year, number) do update set
                municipality = excluded.municipality, place = excluded.place, article = excluded.article, description = excluded.description,
                violated_on = excluded.violated_on, plate = excluded.plate, min_cents = excluded.min_cents, max_cents = excluded.max_cents,
                costs_cents = excluded.costs_cents, discount_excluded = excluded.discount_excluded, contested_at_once = excluded.contested_at_once,
                notified_on = excluded.notified_on, phase = excluded.phase, points = excluded.points, accessory = excluded.accessory, device = excluded.device,
                changed_at = excluded.changed_at
            where (known.state <> 'paid' or (known.min_cents, known.max_cents, known.costs_cents, known.discount_excluded)
                                        = (excluded.min_cents, excluded.max_cents, excluded.costs_cents, excluded.discount_excluded))
              and (known.municipality, known.place, known.article, known.description, known.violated_on, known.plate, known.min_cents, known.max_cents, known.costs_cents,
                   known.discount_excluded, known.contested_at_once, known.notified_on, known.phase, known.points, known.accessory, known.device)
                  is distinct from
                  (excluded.municipality, excluded.place, excluded.article, excluded.description, excluded.violated_on, excluded.plate, excluded.min_cents,
                   excluded.max_cents, excluded.costs_cents, excluded.discount_excluded, excluded.contested_at_once, excluded.notified_on,
                   excluded.phase, excluded.points, excluded.accessory, excluded.device)
            returning known.series, known.year, known.number, known.fine_id
        )
        select i.line,
               case
                   when w.fine_id = i.fine_id then 'added'
                   when w.fine_id is not null then 'changed'
                   when f.fine_id is null then 'unchanged'   -- another load of the same lines came first
                   when (f.min_cents, f.max_cents, f.costs_cents, f.discount_excluded) = (i.min_cents, i.max_cents, i.costs_cents, i.discount_excluded) then 'unchanged'
                   else 'paid'
               end as outcome,
               coalesce(f.state = 'paid', false) as paid
        from incoming i
        left join written w on w.series = i.series and w.year = i.year and w.number = i.number
        left join lateral (   -- one look-up by key per line, whatever the planner thinks of the register's size
            select fine_id, state, min_cents, max_cents, costs_cents, discount_excluded
            from fines.fine
            where entity_id = @entity and series = i.series and year = i.year and number = i.number
            limit 1
        ) f on true
        order by i.line
        """;

    internal sealed record Loaded(int Line, string Outcome, bool Paid);
}

/// <summary>Counts what became of the lines.</summary>
internal sealed class Tally
{
    readonly List<ImportError> _errors = [];
    int _read, _added, _changed, _unchanged;

    public void Take(ReadLine line)
    {
        _read += line.IsData ? 1 : 0;
        _errors.AddRange(line.Errors);
    }

    public void Take(IReadOnlyList<FineLine> batch, IReadOnlyList<ImportFines.Loaded> loaded)
    {
        var byLine = batch.ToDictionary(fine => fine.Line);
        foreach (var result in loaded)
        {
            switch (result.Outcome)
            {
                case "added":
                    _added++;
                    break;
                case "changed":
                    _changed++;
                    break;
                case "unchanged":
                    _unchanged++;
                    break;
                default:
                    _errors.Add(FineLineReader.Error(result.Line, null, byLine[result.Line].Name.ToString(),
                        "Il verbale è già pagato: importi, spese ed esclusione dello sconto non si possono più cambiare. La riga non è stata caricata."));
                    break;
            }
        }
    }

    public ImportReport Report() => new(_read, _added, _changed, _unchanged, [.. _errors.OrderBy(error => error.Line)]);
}
