using System.Collections.Concurrent;
using Autofac;
using Microsoft.Extensions.Logging;
using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Hosting;
using Platform.Core.Plugins;
using Platform.Core.Storage;
using Platform.Core.Time;

namespace Platform.Core.Jobs;

/// <summary>
/// Writes down the runs that become due and does them. Any number of hosts may: a schedule is moved on under its row's lock, and a run is claimed with a
/// lease that is longer than it may take, so that one whose host died comes up again.
/// </summary>
internal sealed class JobRunner(
    Lazy<ServiceCatalog> catalog, ServiceGates gates, ServiceLimits limits, Database database, Lazy<CallScopes> scopes, TimeProvider clock, ILogger<JobRunner> log) : Sweeper(log)
{
    const int AtOnce = 4;
    const int MostTries = 5;
    const string Core = "portico_core";

    static readonly TimeSpan OnTime = TimeSpan.FromMinutes(5);
    static readonly TimeSpan Kept = TimeSpan.FromDays(90);

    // Minutes until the next try. Published in docs/operate.md.
    static readonly int[] BackOff = [1, 5, 15, 60];

    readonly ConcurrentDictionary<(string Service, string Job), DateTimeOffset> _next = new();
    readonly ConcurrentDictionary<Guid, Task> _running = new();
    readonly CancellationTokenSource _ending = new();

    protected override string Name => "jobs";

    protected override async Task<int> SweepOnce(CancellationToken stop)
    {
        foreach (var service in catalog.Value.Services)
            foreach (var plan in service.Jobs)
                if (!_next.TryGetValue((service.Id, plan.Name), out var next) || next <= clock.GetUtcNow())
                    _next[(service.Id, plan.Name)] = await WriteDownDue(service.Id, plan, stop);
        var begun = 0;
        while (_running.Count < AtOnce && !_ending.IsCancellationRequested && await Claim(stop) is { } claim)
        {
            begun++;
            var run = Task.Run(() => Do(claim), CancellationToken.None);
            _running[claim.Attempt] = run;
            _ = run.ContinueWith(_ => _running.TryRemove(claim.Attempt, out Task? _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
        var rest = _running.Values.ToArray();
        if (rest.Length > 0)
            // Not to their end: other schedules become due meanwhile.
            await Task.WhenAny(Task.WhenAll(rest), Task.Delay(TimeSpan.FromSeconds(1), stop));
        return begun + rest.Length;
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await _ending.CancelAsync();
        await base.StopAsync(cancellationToken);
        await Task.WhenAll(_running.Values).WaitAsync(TimeSpan.FromSeconds(5), cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public override void Dispose()
    {
        _ending.Dispose();
        base.Dispose();
    }

    /// <summary>Moves a schedule on when its time has come, and answers when it comes next.</summary>
    Task<DateTimeOffset> WriteDownDue(string service, JobPlan plan, CancellationToken stop) => database.Run(
        Core, null, "jobs", clock,
        async session =>
        {
            var now = clock.GetUtcNow();
            var next = plan.Next(now) ?? DateTimeOffset.MaxValue.AddYears(-1);
            PorticoMeters.JobNext.Record(next.ToUnixTimeSeconds(), Tags(service, plan.Name));
            var known = (await session.First<Schedule>(
                "insert into core.job as j (service, job, cron, next_at) values (@service, @Name, @Cron, @next) on conflict (service, job) do update set cron = j.cron returning cron, next_at",
                new { service, plan.Name, plan.Cron, next }))!;
            if (known.Cron == plan.Cron && known.NextAt > now)
                return known.NextAt;
            await session.Execute("update core.job set cron = @Cron, next_at = @next where service = @service and job = @Name", new { service, plan.Name, plan.Cron, next });
            // A schedule that was changed counts from now.
            if (known.Cron != plan.Cron || plan.Last(now) is not { } due || due < known.NextAt)
                return next;
            var skipped = plan.Missed == Missed.Skip && now - due > OnTime;
            if (skipped)
                log.LogWarning("The run of {Service} {Job} at {Due} was missed and is left out.", service, plan.Name, due);
            else
                // One run makes up for all that went before it.
                await session.Execute(
                    "update core.job_run set state = 'skipped', error = 'superseded', ended_at = @now where service = @service and job = @Name and state = 'due'",
                    new { service, plan.Name, now });
            await session.Execute(
                plan.PerEntity
                    ? """
                      insert into core.job_run (service, job, entity_id, due_at, state, next_try_at)
                      select distinct @service, @Name, a.creditor_id, @due, @state, @now from core.activation a where a.service = @service and a.state = 'active'
                      on conflict do nothing
                      """
                    : "insert into core.job_run (service, job, entity_id, due_at, state, next_try_at) values (@service, @Name, 0, @due, @state, @now) on conflict do nothing",
                new { service, plan.Name, due, now, state = skipped ? "skipped" : "due" });
            await session.Execute(
                "delete from core.job_run where service = @service and job = @Name and due_at < @before and state in ('done', 'skipped')",
                new { service, plan.Name, before = now - Kept });
            return next;
        },
        stop);

    /// <summary>Takes a run that is due, or whose host let its lease run out. From here until it is marked the host may die at any point.</summary>
    internal async Task<JobClaim?> Claim(CancellationToken stop)
    {
        var known = catalog.Value.Services.Where(service => service.Jobs.Count > 0 && !gates.Of(service.Id, ServiceWork.Jobs).IsPaused)
            .SelectMany(service => service.Jobs.Select(plan => $"{service.Id}.{plan.Name}")).ToArray();
        if (known.Length == 0)
            return null;
        var now = clock.GetUtcNow();
        return await database.Run(
            Core, null, "jobs", clock,
            session => session.First<JobClaim>(
                """
                with next as (
                    select r.service, r.job, r.entity_id, r.due_at, r.state from core.job_run r
                     where r.service || '.' || r.job = any(@known) and (r.state = 'due' and r.next_try_at <= @now or r.state = 'running' and r.leased_until <= @now)
                       and not exists (
                           select from core.job_run o
                            where o.service = r.service and o.job = r.job and o.entity_id = r.entity_id and o.due_at <> r.due_at and o.state = 'running' and o.leased_until > @now)
                     order by r.next_try_at, r.entity_id
                     limit 1
                       for update of r skip locked)
                update core.job_run r
                   set state = 'running', attempt = @attempt, leased_until = @until, tries = r.tries + 1, started_at = @now, ended_at = null, error = null
                  from next n
                 where r.service = n.service and r.job = n.job and r.entity_id = n.entity_id and r.due_at = n.due_at
                returning r.service, r.job, r.entity_id as entityId, r.due_at as dueAt, r.tries::int as tries, r.attempt, n.state = 'running' as orphaned
                """,
                new { known, now, attempt = Guid.CreateVersion7(now), until = now + limits.Job + limits.Grace + TimeSpan.FromMinutes(1) }),
            stop);
    }

    async Task Do(JobClaim claim)
    {
        var plan = catalog.Value.Find(claim.Service)!.Jobs.First(job => job.Name == claim.Job);
        if (claim.Orphaned && plan.Missed == Missed.Skip)
        {
            log.LogWarning("The host that ran {Service} {Job} for entity {Entity} died, and the run is left out.", claim.Service, claim.Job, claim.EntityId);
            await Mark(claim, "skipped", "HostDied");
            return;
        }
        var entity = new EntityId(claim.EntityId);
        try
        {
            await gates.Of(claim.Service, ServiceWork.Jobs).Run(
                cut => scopes.Value.In(entity, entity, claim.Service, async scope =>
                {
                    await ((IJob)scope.Resolve(plan.Job)).Run(new(claim.DueAt, LegalTime.Day(claim.DueAt), claim.Tries), cut);
                    return true;
                }),
                null, _ending.Token);
            await Mark(claim, "done");
            PorticoMeters.JobDone.Record(clock.GetUtcNow().ToUnixTimeSeconds(), Tags(claim.Service, claim.Job));
        }
        catch (ServiceUnavailableException notBegun) when (notBegun.InnerException is null)
        {
            await Mark(claim, "due", tries: claim.Tries - 1, after: notBegun.RetryAfter);
        }
        catch (Exception) when (_ending.IsCancellationRequested)
        {
            // An orderly end is not a failure: another host goes on at once.
            await Mark(claim, plan.Missed == Missed.Skip ? "skipped" : "due", "HostStopped", claim.Tries - 1);
        }
        catch (Exception wrong)
        {
            var parked = claim.Tries >= MostTries;
            log.Log(
                parked ? LogLevel.Error : LogLevel.Warning, wrong, "{Service} {Job} failed for entity {Entity} (try {Try}){Parked}.",
                claim.Service, claim.Job, claim.EntityId, claim.Tries, parked ? "; the run is parked" : "");
            await Mark(
                claim, parked ? "parked" : "due", (wrong.InnerException is TimeoutException or OperationCanceledException ? wrong.InnerException : wrong).GetType().Name,
                after: TimeSpan.FromMinutes(BackOff[Math.Min(claim.Tries - 1, BackOff.Length - 1)]));
        }
    }

    /// <summary>Only the attempt that holds the run marks it: who lost the lease has no say.</summary>
    async Task Mark(JobClaim claim, string state, string? error = null, int? tries = null, TimeSpan after = default)
    {
        try
        {
            var now = clock.GetUtcNow();
            await database.Run(
                Core, null, "jobs", clock,
                session => session.Execute(
                    """
                    update core.job_run
                       set state = @state, error = @error, tries = @tries, next_try_at = @next, ended_at = @now, leased_until = null
                     where service = @Service and job = @Job and entity_id = @EntityId and due_at = @DueAt and attempt = @Attempt and state = 'running'
                    """,
                    new { claim.Service, claim.Job, claim.EntityId, claim.DueAt, claim.Attempt, state, error, tries = (short)(tries ?? claim.Tries), now, next = now + after }),
                CancellationToken.None);
            PorticoMeters.JobRuns.Add(1, [.. Tags(claim.Service, claim.Job), new("outcome", state == "due" ? "again" : state)]);
        }
        catch (Npgsql.NpgsqlException down)
        {
            // Its lease runs out, and it comes up again.
            log.LogError(down, "How {Service} {Job} ended for entity {Entity} could not be written down.", claim.Service, claim.Job, claim.EntityId);
        }
    }

    static KeyValuePair<string, object?>[] Tags(string service, string job) => [new("service", service), new("job", job)];

    sealed class Schedule
    {
        public string Cron { get; init; } = "";
        public DateTimeOffset NextAt { get; init; }
    }
}

/// <summary>A run that this host has taken.</summary>
/// <param name="Orphaned">Another host had begun it and died.</param>
internal sealed record JobClaim(string Service, string Job, int EntityId, DateTimeOffset DueAt, int Tries, Guid Attempt, bool Orphaned);
