using Platform.Core.Entities;
using Platform.Core.Storage;

namespace Platform.Core.Jobs;

/// <summary>What an officer does about runs that failed too often.</summary>
internal sealed class ParkedRuns(Database database, JobRunner runner, TimeProvider clock)
{
    /// <summary>
    /// Makes parked runs of a job due again, with all their tries before them, and notes in each entity's journal who wanted it. What is not parked is left alone.
    /// </summary>
    /// <param name="service">Whose job.</param>
    /// <param name="job">Its name.</param>
    /// <param name="entity">One creditor's runs, or null for all of them.</param>
    /// <param name="by">Who wants it; the journal's actor.</param>
    /// <param name="stop">Ends it; what is not begun then stays parked.</param>
    /// <returns>How many.</returns>
    public async Task<int> Restart(string service, string job, EntityId? entity, string by, CancellationToken stop)
    {
        var entities = await database.Run(
            ModuleRoles.Of("core"), null, by, clock,
            session => session.List<int>(
                """
                select distinct entity_id from core.job_run
                 where service = @service and job = @job and state = 'parked' and (@entity::int is null or entity_id = @entity)
                 order by 1
                """,
                new { service, job, entity = entity?.Value }),
            stop);
        var restarted = 0;
        // A line of the journal belongs to one entity, and so does a transaction.
        foreach (var one in entities)
            restarted += await database.Run(ModuleRoles.Of("core"), new(one), by, clock, session => Restart(session, service, job), stop);
        if (restarted > 0)
            runner.Wake();
        return restarted;
    }

    static async Task<int> Restart(EntitySession session, string service, string job)
    {
        var again = await session.List<Restarted>(
            """
            update core.job_run r set state = 'due', tries = 0, next_try_at = r.due_at, attempt = null, leased_until = null
              from core.job_run was
             where r.service = @service and r.job = @job and r.entity_id = @entity and r.state = 'parked'
               and was.service = r.service and was.job = r.job and was.entity_id = r.entity_id and was.due_at = r.due_at
            returning r.service, r.job, r.due_at as dueAt, was.tries::int as tries, r.error
            """,
            new { service, job, entity = session.Entity.Value });
        foreach (var run in again)
            session.Record("core.job_restarted", run);
        return again.Count;
    }

    sealed record Restarted(string Service, string Job, DateTimeOffset DueAt, int Tries, string? Error);
}
