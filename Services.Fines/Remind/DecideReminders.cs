using Platform.Core.Jobs;
using Platform.Core.Mail;
using Platform.Core.Money;
using Platform.Core.Pages;
using Platform.Core.Settings;
using Platform.Core.Storage;
using Services.Fines.Amounts;
using Services.Fines.Register;

namespace Services.Fines;

/// <summary>
/// Decides each morning who is to be reminded, by what the creditor set: before the reduced amount ends, before the minimum ends, after it ended. Once per fine and step.
/// Whose e-mail address the office's file brought gets a letter; the others are in the list that the office takes.
/// </summary>
internal sealed class DecideReminders(ISessions sessions, ISettings<FinesSettings> settings, IMail mail, TimeProvider time) : IJob
{
    const int AtOnce = 500;

    // The minimum's sixty days, holidays that shift their end, and a reminder's longest time after it.
    const int Longest = 60 + 14 + 365;

    public async Task Run(JobRun run, CancellationToken stop)
    {
        var last = Guid.Empty;
        while (await sessions.Run(session => Batch(session, last, run.LegalDay), stop) is { } next)
            last = next;
    }

    async Task<Guid?> Batch(IEntitySession session, Guid last, DateOnly today)
    {
        var decided = await settings.Read(session);
        if (decided is { RemindBefore: null, RemindAfter: null })
            return null;
        var candidates = await session.List<Candidate>(
            """
            select f.fine_id as id, s.email
              from fines.fine f
              left join fines.subject s on s.entity_id = f.entity_id and s.fine_id = f.fine_id
             where f.entity_id = @entity and f.state = 'open' and f.phase = 'report' and f.withdrawn is distinct from 'withdrawn' and f.fine_id > @last
               and coalesce(f.notified_on, case when f.contested_at_once then f.violated_on end, f.declared_on) between @first and @today
             order by f.fine_id
             limit @AtOnce
            """,
            new { entity = session.Entity, last, first = today.AddDays(-Longest), today, AtOnce });
        if (candidates.Count == 0)
            return null;
        var steps = new List<Reminder>();
        foreach (var candidate in candidates)
            if (await Fine.Find(session, candidate.Id) is { } fine && StepOn(today, fine, decided) is { } step)
                steps.Add(new(fine, step, candidate.Email));
        var written = steps.Count == 0 ? [] : await session.List<Written>(
            """
            insert into fines.reminder (entity_id, fine_id, step, last_day, cents, decided_on, decided_at, mailed)
            select @entity, r.fine_id, r.step, r.last_day, r.cents, @today, @now, r.mailed
              from unnest(@ids, @names, @days, @cents, @mailed) as r (fine_id, step, last_day, cents, mailed)
            on conflict (entity_id, fine_id, step) do nothing
            returning fine_id as id, step
            """,
            new
            {
                entity = session.Entity, today, now = time.GetUtcNow(), ids = steps.Select(found => found.Fine.Id).ToArray(), names = steps.Select(found => found.Step.Name).ToArray(),
                days = steps.Select(found => found.Step.LastDay).ToArray(), cents = steps.Select(found => found.Step.Cost.Cents).ToArray(),
                mailed = steps.Select(found => found.Email is not null).ToArray(),
            });
        foreach (var found in steps)
            if (found.Email is { } email && written.Contains(new(found.Fine.Id, found.Step.Name)))
                await mail.Send(session, LetterOf(found, email));
        if (written.Count > 0)
            session.Record("fines.reminders", new { written = written.Count });
        return candidates[^1].Id;
    }

    /// <summary>The step that a fine is in on a day; null when nobody is to be reminded.</summary>
    internal static Step? StepOn(DateOnly today, Fine fine, FinesSettings settings)
    {
        if (fine.IsPaid || fine.Phase != Phase.Report || fine.ToldOn is not { } told || told > today || fine.NotPayable(today, settings) is not null)
            return null;
        var now = fine.AmountsOn(today, settings).Today;
        if (now is { Band: Band.Reduced or Band.Minimum, Until: { } offered } && (now.TermEnds ?? offered) is var until && settings.RemindBefore is { } before && until.AddDays(-before) <= today && today <= until)
            return new(now.Band == Band.Reduced ? "reduced_ends" : "minimum_ends", until, now.Total);
        // The day after the minimum stands in the first of the amounts that follow it, whatever semester it is now.
        var ended = fine.TermOfMinimum(settings)!.Value;
        return now.Band == Band.HalfMaximum && settings.RemindAfter is { } after && ended.AddDays(after) <= today && today <= ended.AddDays(after + Late)
            ? new("minimum_ended", ended, now.Total)
            : null;
    }

    static Letter LetterOf(Reminder found, string email) => new(
        $"reminder/{found.Fine.Id}/{found.Step.Name}", email, $"reminder-{found.Step.Name.Replace('_', '-')}", PageCultures.Italian,
        new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["number"] = found.Fine.Name.ToString(), ["amount"] = found.Step.Cost.In(PageCultures.Italian), ["day"] = found.Step.LastDay.ToString("d MMMM yyyy", PageCultures.Italian),
        });

    // Who begins to remind does not remind of all the years before; a job that stood still for a month makes up for it.
    const int Late = 30;

    internal sealed record Step(string Name, DateOnly LastDay, Euro Cost);

    sealed record Candidate(Guid Id, string? Email);

    sealed record Reminder(Fine Fine, Step Step, string? Email);

    sealed record Written(Guid Id, string Step);
}
