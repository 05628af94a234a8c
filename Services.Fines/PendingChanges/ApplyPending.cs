using Platform.Core.Commands;
using Platform.Core.Jobs;
using Platform.Core.Storage;
using Platform.Core.Time;
using Platform.Payments;
using Services.Fines.Register;

namespace Services.Fines;

/// <summary>Loads the lines that waited for a payment to end. Of a fine that was paid meanwhile the amount stays, and what says that nothing was owed is put to an officer.</summary>
internal sealed class ApplyPending(ISessions sessions, ICommands commands, FineLoader loader, TimeProvider time) : IJob
{
    const int AtOnce = 500;

    public async Task Run(JobRun run, CancellationToken stop)
    {
        var last = Guid.Empty;
        while (true)
        {
            var waiting = await sessions.Run(session => session.List<Waiting>(
                """
                select p.fine_id as id, f.series, f.year, f.number, p.fields, p.run_id as run
                  from fines.pending_change p join fines.fine f on f.entity_id = p.entity_id and f.fine_id = p.fine_id
                 where p.entity_id = @entity and p.state = 'waiting' and p.fine_id > @last
                 order by p.fine_id
                 limit @AtOnce
                """,
                new { entity = session.Entity, last, AtOnce }), stop);
            if (waiting.Count == 0)
                return;
            last = waiting[^1].Id;
            var standings = (await commands.Send(new AskPositions([.. waiting.Select(change => change.Name)]), stop)).ToDictionary(standing => standing.Reference, StringComparer.Ordinal);
            foreach (var change in waiting)
            {
                var standing = standings.GetValueOrDefault(change.Name);
                if (standing is not { UnderWay: true })
                    await sessions.Run(session => Decide(session, change, standing?.Paid ?? false), stop);
            }
        }
    }

    async Task<bool> Decide(IEntitySession session, Waiting change, bool paid)
    {
        // Another file may have come in the meantime: what it brought goes before this.
        if (!await session.First<bool>(
            "select true from fines.pending_change where entity_id = @entity and fine_id = @Id and state = 'waiting' and fields = @Fields for update",
            new { entity = session.Entity, change.Id, change.Fields }))
            return false;
        var kept = SourceLine.FromJson(change.Fields);
        var line = FineLineReader.Read(1, kept.Field, LegalTime.Day(time.GetUtcNow()), FinesTexts.In(Platform.Core.Pages.PageCultures.Italian), out _, kept);
        // What payments knows to be paid the register may not have heard yet: then it is decided when it has.
        if (paid && await session.First<bool>("select state = 'open' from fines.fine where entity_id = @entity and fine_id = @Id", new { entity = session.Entity, change.Id }))
            return false;
        if (line is not null && (await loader.Load(session, [line], [], change.Run))[0].Outcome != "paid")
        {
            await session.Execute("delete from fines.pending_change where entity_id = @entity and fine_id = @Id", new { entity = session.Entity, change.Id });
            session.Record("fines.pending_applied", new { fine = change.Name });
            return true;
        }
        await session.Execute(
            """
            insert into fines.pending_change (entity_id, fine_id, fields, state, asked_at, decided_at)
            values (@entity, @Id, @Fields, 'refused', @now, @now)
            on conflict (entity_id, fine_id) do update set state = 'refused', decided_at = excluded.decided_at
            """,
            new { entity = session.Entity, change.Id, change.Fields, now = time.GetUtcNow() });
        session.Record("fines.pending_refused", new { fine = change.Name });
        // The amount of a paid fine stays; that the office does not ask for it any more it has to hear all the same.
        if (line is not null && !line.Lacks(FineColumns.Phase) && await Fine.Find(session, change.Id) is { } fine)
            await Decisions.Judge(session, fine with { PhaseText = Amounts.Phases.ToText(line.Phase) }, time.GetUtcNow());
        return true;
    }

    sealed record Waiting(Guid Id, string Series, int Year, int Number, string Fields, Guid? Run)
    {
        public string Name => new FineNumber(Series, Year, Number).ToString();
    }
}
