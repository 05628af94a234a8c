namespace Platform.Core.Jobs;

/// <summary>Work that a service does by the clock, without anybody asking. Named in <c>Describe</c> by <c>service.Job</c>.</summary>
/// <remarks>
/// Created anew for each run, in the scope of the creditor it runs for: ask for <c>ISessions</c>, <c>ICommands</c>, <c>TimeProvider</c> and what the service
/// <c>Uses</c>. A run is begun by one host whatever their number. It is begun again when it threw or its host died, so what it did before must not hurt when
/// done twice: write "which are still to be done" and not "all of yesterday".
/// </remarks>
public interface IJob
{
    /// <summary>Does the work. An exception lets it be tried again after 1, 5, 15 and 60 minutes; then the run is parked, and <c>portico jobs</c> says so.</summary>
    /// <param name="stop">The run's time (ten minutes unless the operator says otherwise) is over, or the host ends. Statements end with it.</param>
    Task Run(JobRun run, CancellationToken stop);
}

/// <summary>One run of a job, for one creditor.</summary>
/// <param name="DueAt">When it was due; it may be later now.</param>
/// <param name="LegalDay">The day of <paramref name="DueAt"/> in Rome.</param>
/// <param name="Try">1 for the first try of this run.</param>
public sealed record JobRun(DateTimeOffset DueAt, DateOnly LegalDay, int Try);

/// <summary>What becomes of a run whose time went by while no host was running, and of one whose host died.</summary>
public enum Missed
{
    /// <summary>Nothing: the next one comes in its time. A run is missed when nobody looked within five minutes.</summary>
    Skip,

    /// <summary>It is made up for, once, however many were missed.</summary>
    RunOnce,
}
