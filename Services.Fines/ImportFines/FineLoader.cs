using Platform.Core.Commands;
using Platform.Core.Settings;
using Platform.Core.Storage;
using Platform.Payments;
using Services.Fines.Register;

namespace Services.Fines;

/// <summary>Writes lines into the register, a batch in a statement.</summary>
internal sealed class FineLoader(ISettings<FinesSettings> settings, ICommands commands, TimeProvider time)
{
    /// <summary>The lines' fines that somebody is paying, or has paid a moment ago so that the register does not know yet.</summary>
    /// <remarks>Asked before the transaction. Who begins to pay after it pays the amount that he saw; the register judges by the new one, as it does for any payment.</remarks>
    public async Task<HashSet<string>> InPayment(IReadOnlyList<FineLine> batch, CancellationToken stop) =>
        (await commands.Send(new AskPositions([.. batch.Select(line => line.Name.ToString())]), stop))
        .Where(standing => standing.Paid || standing.UnderWay).Select(standing => standing.Reference).ToHashSet(StringComparer.Ordinal);

    /// <summary>Adds, changes, leaves alone, refuses or keeps for later; tells for each line which.</summary>
    /// <param name="inPayment">See <see cref="InPayment"/>.</param>
    /// <param name="run">The load by which it can be taken back; null where nobody keeps it.</param>
    public async Task<IReadOnlyList<Loaded>> Load(IEntitySession session, IReadOnlyList<FineLine> batch, HashSet<string> inPayment, Guid? run)
    {
        // A plan kept from the time when the register was empty would read it whole for every batch.
        await session.Execute("select set_config('plan_cache_mode', 'force_custom_plan', true)");
        var waiting = new List<Loaded>();
        foreach (var line in batch)
            if (inPayment.Count > 0 && inPayment.Contains(line.Name.ToString()) && await Keep(session, line, run))
                waiting.Add(new(line.Line, "waiting", false));
        var now = waiting.Count == 0 ? batch : [.. batch.Where(line => waiting.All(kept => kept.Line != line.Line))];
        if (now.Count == 0)
            return waiting;

        var results = await session.List<Loaded>(Upsert, Parameters(session, now, run));
        if (results.Any(result => result.Outcome == "added"))
            await UndoImport.AskAgain(session, [.. now.Where(line => results.Any(result => result.Outcome == "added" && result.Line == line.Line)).Select(line => line.Name)]);
        // What is written now goes before what a file wanted earlier.
        await session.Execute(
            """
            delete from fines.pending_change p
             using fines.fine f, unnest(@series::text[], @years::int[], @numbers::int[]) as line (series, year, number)
             where p.entity_id = @entity and f.entity_id = @entity and f.fine_id = p.fine_id
               and f.series = line.series and f.year = line.year and f.number = line.number
            """,
            new
            {
                entity = session.Entity, series = now.Select(line => line.Name.Series).ToArray(), years = now.Select(line => line.Name.Year).ToArray(),
                numbers = now.Select(line => line.Name.Number).ToArray(),
            });
        var addressed = await Address(session, now, run);
        if (addressed.Count > 0)
            results = [.. results.Select(result => result.Outcome == "unchanged" && addressed.Contains(result.Line) ? result with { Outcome = "changed" } : result)];
        // The day of notification often comes after the payment, and may be another than the citizen said.
        FinesSettings? decided = null;
        foreach (var changedPaid in results.Where(result => result is { Outcome: "changed", Paid: true }))
        {
            if (await Fine.Find(session, now.First(line => line.Line == changedPaid.Line).Name) is { } fine)
            {
                await Supplements.Judge(session, fine, decided ??= await settings.Read(session), time.GetUtcNow());
                await Decisions.Judge(session, fine, time.GetUtcNow());
            }
        }
        return [.. results, .. waiting];
    }

    /// <summary>Writes down where to write to who has to pay, and answers the lines that brought something new. A file that says nothing takes nothing away.</summary>
    async Task<HashSet<int>> Address(IEntitySession session, IReadOnlyList<FineLine> batch, Guid? run)
    {
        FineLine[] with = [.. batch.Where(line => line.Email.Length > 0)];
        return with.Length == 0 ? [] : [.. await session.List<int>(
            """
            with line as (
                select l.*, f.fine_id
                  from unnest(@lines::int[], @series::text[], @years::int[], @numbers::int[], @emails::text[]) as l (line, series, year, number, email)
                  join fines.fine f on f.entity_id = @entity and f.series = l.series and f.year = l.year and f.number = l.number
            ), written as (
                insert into fines.subject as known (entity_id, fine_id, email, changed_at, run_id)
                select @entity, fine_id, email, @now, @run from line
                on conflict (entity_id, fine_id) do update set email = excluded.email, changed_at = excluded.changed_at, before = known.email, run_id = excluded.run_id where known.email <> excluded.email
                returning fine_id
            ), noted as (
                -- Where nothing but the address is new, the fine itself stays as it is.
                insert into fines.import_change (entity_id, run_id, fine_id, before, changed_at)
                select @entity, @run, f.fine_id, to_jsonb(f), f.changed_at from fines.fine f join written using (fine_id) where f.entity_id = @entity and @run::uuid is not null
                on conflict (entity_id, run_id, fine_id) do nothing
            )
            select line.line from line join written using (fine_id)
            """,
            new
            {
                entity = session.Entity, now = time.GetUtcNow(), run, lines = with.Select(line => line.Line).ToArray(), series = with.Select(line => line.Name.Series).ToArray(),
                years = with.Select(line => line.Name.Year).ToArray(), numbers = with.Select(line => line.Name.Number).ToArray(), emails = with.Select(line => line.Email).ToArray(),
            })];
    }

    /// <summary>Keeps the line for later when it would change what an unpaid fine costs, or whether it may be paid.</summary>
    async Task<bool> Keep(IEntitySession session, FineLine line, Guid? run) => await session.Execute(
        """
        insert into fines.pending_change as p (entity_id, fine_id, fields, asked_at, run_id)
        select @entity, fine_id, @fields, @now, @run
          from fines.fine
         where entity_id = @entity and series = @Series and year = @Year and number = @Number and state = 'open'
           and (min_cents, max_cents, costs_cents, discount_excluded, violated_on, contested_at_once, notified_on, article, comma, phase)
               is distinct from (@minimum, @maximum, @costs + case when @noSend then send_cents else 0 end, @excluded, @day, @contested,
                                 coalesce(@notified::date, case when @noPerfected then send_perfected_on end),
                                 @Article, case when @noComma then comma else @Comma end,
                                 case when @noPhase and not (phase = 'notice' and (@contested or @notified::date is not null)) then phase else @phase end)
        on conflict (entity_id, fine_id) do update
           set fields = excluded.fields, run_id = excluded.run_id, state = 'waiting', decided_at = null,
               asked_at = case when p.state = 'waiting' and p.fields = excluded.fields then p.asked_at else excluded.asked_at end
        """,
        new
        {
            entity = session.Entity, run, line.Name.Series, line.Name.Year, line.Name.Number, fields = line.Source.ToJson(), now = time.GetUtcNow(),
            minimum = line.Minimum.Cents, maximum = line.Maximum.Cents, costs = line.Costs.Cents, excluded = line.DiscountExcluded,
            day = line.ViolatedOn, contested = line.ContestedAtOnce, notified = line.NotifiedOn, phase = Amounts.Phases.ToText(line.Phase),
            noSend = line.Lacks(FineColumns.SendCosts), noPerfected = line.Lacks(FineColumns.SendPerfectedOn), noPhase = line.Lacks(FineColumns.Phase), line.Article, line.Comma, noComma = line.Lacks(FineColumns.Comma),
        }) > 0;

    object Parameters(IEntitySession session, IReadOnlyList<FineLine> batch, Guid? run)
    {
        T[] Each<T>(Func<FineLine, T> value) => [.. batch.Select(value)];
        return new
        {
            entity = session.Entity,
            now = time.GetUtcNow(),
            run,
            absent = FineColumns.Optional.Where(batch[0].Lacks).ToArray(),
            lines = Each(fine => fine.Line),
            ids = Each(_ => Guid.CreateVersion7()),
            series = Each(fine => fine.Name.Series),
            years = Each(fine => fine.Name.Year),
            numbers = Each(fine => fine.Name.Number),
            municipalities = Each(fine => fine.Municipality),
            places = Each(fine => fine.Place),
            articles = Each(fine => fine.Article),
            commas = Each(fine => fine.Comma),
            descriptions = Each(fine => fine.Description),
            days = Each(fine => fine.ViolatedOn),
            plates = Each(fine => fine.Plate.Value),
            minimums = Each(fine => fine.Minimum.Cents),
            maximums = Each(fine => fine.Maximum.Cents),
            costs = Each(fine => fine.Costs.Cents),
            sendCosts = Each(fine => fine.SendCosts.Cents),
            excluded = Each(fine => fine.DiscountExcluded),
            contested = Each(fine => fine.ContestedAtOnce),
            notified = Each(fine => fine.NotifiedOn),
            perfected = Each(fine => fine.SendPerfectedOn),
            phases = Each(fine => Amounts.Phases.ToText(fine.Phase)),
            points = Each(fine => fine.Points),
            accessories = Each(fine => fine.Accessory),
            devices = Each(fine => fine.Device),
            kinds = Each(fine => fine.DeviceKind),
            owners = Each(fine => fine.RoadOwner),
        };
    }

    /// <summary>
    /// Adds, changes or leaves alone. What a paid fine cost may not change any more; all else may, for the day of notification often comes after the payment.
    /// The guard stands in "on conflict … where", which sees the row as it is when locked, so that a payment in this very moment wins.
    /// </summary>
    const string Upsert =
        """
        with incoming as (
            -- Of a fine that is known, what the file has no column for stays as it is.
            select line.line, line.fine_id, line.series, line.year, line.number, line.municipality, line.place, line.article,
                   case when k.fine_id is not null and 'comma' = any(@absent::text[]) then k.comma else line.comma end as comma, line.description, line.violated_on, line.plate, line.min_cents, line.max_cents,
                   line.costs_cents + case when 'spese_send' = any(@absent::text[]) then coalesce(k.send_cents, 0) else 0 end as costs_cents,
                   case when 'spese_send' = any(@absent::text[]) then coalesce(k.send_cents, 0) else line.send_cents end as send_cents,
                   line.discount_excluded, line.contested_at_once,
                   coalesce(line.notified_on, case when 'data_perfezionamento_send' = any(@absent::text[]) then k.send_perfected_on end) as notified_on,
                   case when 'data_perfezionamento_send' = any(@absent::text[]) then k.send_perfected_on else line.send_perfected_on end as send_perfected_on,
                   -- A notice on the windscreen that is notified now is one no more.
                   case when k.fine_id is not null and 'fase' = any(@absent::text[]) and not (k.phase = 'notice' and (line.contested_at_once or line.notified_on is not null)) then k.phase else line.phase end as phase,
                   case when k.fine_id is not null and 'punti' = any(@absent::text[]) then k.points else line.points end as points,
                   case when k.fine_id is not null and 'sanzioni_accessorie' = any(@absent::text[]) then k.accessory else line.accessory end as accessory,
                   case when k.fine_id is not null and 'dispositivo' = any(@absent::text[]) then k.device else line.device end as device,
                   case when k.fine_id is not null and 'tipo_dispositivo' = any(@absent::text[]) then k.device_kind else line.device_kind end as device_kind,
                   case when k.fine_id is not null and 'proprietario_strada' = any(@absent::text[]) then k.road_owner else line.road_owner end as road_owner
            from unnest(@lines::int[], @ids::uuid[], @series::text[], @years::int[], @numbers::int[], @municipalities::text[], @places::text[], @articles::text[], @commas::text[],
                        @descriptions::text[], @days::date[], @plates::text[], @minimums::bigint[], @maximums::bigint[], @costs::bigint[], @sendCosts::bigint[], @excluded::boolean[],
                        @contested::boolean[], @notified::date[], @perfected::date[], @phases::text[], @points::smallint[], @accessories::text[], @devices::text[], @kinds::text[],
                        @owners::text[])
                 as line (line, fine_id, series, year, number, municipality, place, article, comma, description, violated_on, plate, min_cents, max_cents, costs_cents, send_cents,
                          discount_excluded, contested_at_once, notified_on, send_perfected_on, phase, points, accessory, device, device_kind, road_owner)
            left join lateral (
                select fine_id, comma, send_cents, send_perfected_on, phase, points, accessory, device, device_kind, road_owner
                from fines.fine
                where entity_id = @entity and series = line.series and year = line.year and number = line.number and cardinality(@absent::text[]) > 0
                limit 1
            ) k on true
        ), before as (
            -- Held until the end, in the order of the insert, so that what is kept is what is changed.
            select f.fine_id, to_jsonb(f) as was
            from (select series, year, number from incoming where @run::uuid is not null order by series, year, number) line
            cross join lateral (
                select * from fines.fine where entity_id = @entity and series = line.series and year = line.year and number = line.number limit 1 for no key update
            ) f
        ), written as (
            insert into fines.fine as known (
                entity_id, fine_id, series, year, number, municipality, place, article, comma, description, violated_on, plate, min_cents, max_cents, costs_cents, send_cents,
                discount_excluded, contested_at_once, notified_on, send_perfected_on, phase, points, accessory, device, device_kind, road_owner, imported_at, changed_at)
            select @entity, fine_id, series, year, number, municipality, place, article, comma, description, violated_on, plate, min_cents, max_cents, costs_cents, send_cents,
                   discount_excluded, contested_at_once, notified_on, send_perfected_on, phase, points, accessory, device, device_kind, road_owner, @now, @now
            from incoming cross join (select count(*) from before) held
            order by series, year, number
            on conflict (entity_id, series, year, number) do update set
                municipality = excluded.municipality, place = excluded.place, article = excluded.article, comma = excluded.comma, description = excluded.description,
                violated_on = excluded.violated_on, plate = excluded.plate, min_cents = excluded.min_cents, max_cents = excluded.max_cents,
                costs_cents = excluded.costs_cents, send_cents = excluded.send_cents, discount_excluded = excluded.discount_excluded, contested_at_once = excluded.contested_at_once,
                notified_on = excluded.notified_on, send_perfected_on = excluded.send_perfected_on, phase = excluded.phase, points = excluded.points,
                accessory = excluded.accessory, device = excluded.device, device_kind = excluded.device_kind, road_owner = excluded.road_owner, changed_at = excluded.changed_at,
                withdrawn = case when known.withdrawn = 'withdrawn' and known.phase <> excluded.phase then 'taken_back' else known.withdrawn end
            where (known.state <> 'paid' or (known.min_cents, known.max_cents, known.costs_cents, known.discount_excluded)
                                        = (excluded.min_cents, excluded.max_cents, excluded.costs_cents, excluded.discount_excluded))
              and (known.municipality, known.place, known.article, known.comma, known.description, known.violated_on, known.plate, known.min_cents, known.max_cents, known.costs_cents,
                   known.send_cents, known.discount_excluded, known.contested_at_once, known.notified_on, known.send_perfected_on, known.phase, known.points, known.accessory,
                   known.device, known.device_kind, known.road_owner)
                  is distinct from
                  (excluded.municipality, excluded.place, excluded.article, excluded.comma, excluded.description, excluded.violated_on, excluded.plate, excluded.min_cents,
                   excluded.max_cents, excluded.costs_cents, excluded.send_cents, excluded.discount_excluded, excluded.contested_at_once, excluded.notified_on,
                   excluded.send_perfected_on, excluded.phase, excluded.points, excluded.accessory, excluded.device, excluded.device_kind, excluded.road_owner)
            returning known.series, known.year, known.number, known.fine_id
        ), noted as (
            insert into fines.import_change (entity_id, run_id, fine_id, before, changed_at)
            select @entity, @run, w.fine_id, b.was, @now from written w left join before b on b.fine_id = w.fine_id where @run::uuid is not null
            on conflict (entity_id, run_id, fine_id) do update set changed_at = excluded.changed_at
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
}

/// <summary>What became of a line: added, changed, unchanged, waiting, or paid, which is a refusal.</summary>
/// <param name="Paid">The fine was paid before.</param>
internal sealed record Loaded(int Line, string Outcome, bool Paid);
