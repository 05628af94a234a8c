using Cronos;
using Platform.Core.Time;

namespace Platform.Core.Jobs;

/// <summary>A job as a service described it.</summary>
/// <param name="PerEntity">One run for each creditor of the service; otherwise one for the service centre.</param>
internal sealed record JobPlan(Type Job, string Cron, bool PerEntity, Missed Missed)
{
    readonly CronExpression _times = CronExpression.Parse(Cron);

    /// <summary>Runs are kept under this name.</summary>
    public string Name => Job.Name;

    /// <summary>
    /// The next time after <paramref name="now"/> on Rome's clocks. In the night that skips an hour, what stood in it comes when the hour is over; in the night
    /// that has one twice, a time of day comes once and "every so many minutes" goes on through both. Null when it never comes.
    /// </summary>
    public DateTimeOffset? Next(DateTimeOffset now) => _times.GetNextOccurrence(now, LegalTime.Zone)?.ToUniversalTime();

    /// <summary>The last time up to <paramref name="now"/>.</summary>
    public DateTimeOffset? Last(DateTimeOffset now) => _times.GetPreviousOccurrence(now, LegalTime.Zone, inclusive: true)?.ToUniversalTime();
}
