using Platform.Core.Storage;

namespace Platform.Core.Jobs;

/// <summary>A job as it stands. <paramref name="LastDone"/> is null where no run has ended well yet.</summary>
internal sealed record JobStanding(string Service, string Job, string Cron, DateTimeOffset NextAt, DateTimeOffset? LastDone, int Waiting, int Running, int Parked);

/// <summary>A run that failed too often and waits for somebody.</summary>
/// <param name="Error">What was thrown last, by the name of its class.</param>
internal sealed record ParkedRun(string Service, string Job, int EntityId, string Code, DateTimeOffset DueAt, int Tries, string? Error);

/// <summary>What services do by the clock, for those who watch it.</summary>
internal sealed class JobBoard(Database database, TimeProvider clock)
{
    public Task<IReadOnlyList<JobStanding>> Jobs(CancellationToken stop) => database.Run(
        ModuleRoles.Of("core"), null, "jobs", clock,
        session => session.List<JobStanding>(
            """
            select j.service, j.job, j.cron, j.next_at as nextAt, max(r.ended_at) filter (where r.state = 'done') as lastDone,
                   count(*) filter (where r.state = 'due')::int as waiting, count(*) filter (where r.state = 'running')::int as running, count(*) filter (where r.state = 'parked')::int as parked
              from core.job j left join core.job_run r on r.service = j.service and r.job = j.job
             group by j.service, j.job, j.cron, j.next_at
             order by j.service, j.job
            """),
        stop);

    /// <summary>Parked runs, the longest due first.</summary>
    public Task<IReadOnlyList<ParkedRun>> Parked(int most, int skip, CancellationToken stop) => database.Run(
        ModuleRoles.Of("core"), null, "jobs", clock,
        session => session.List<ParkedRun>(
            """
            select r.service, r.job, r.entity_id as entityId, e.code, r.due_at as dueAt, r.tries::int as tries, r.error
              from core.job_run r join core.entity e on e.entity_id = r.entity_id where r.state = 'parked' order by r.due_at, r.service, r.job, e.code limit @most offset @skip
            """,
            new { most, skip }),
        stop);
}
