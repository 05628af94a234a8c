using System.Diagnostics.Metrics;

namespace Platform.Core.Hosting;

/// <summary>What a host counts, under the meter <c>Portico</c>. No measure carries personal data or an order number.</summary>
internal static class PorticoMeters
{
    public const string Name = "Portico";

    static readonly Meter Meter = new(Name);

    /// <summary>Deliveries of events, by handler and outcome (done, failed, parked).</summary>
    public static readonly Counter<long> Deliveries = Meter.CreateCounter<long>("portico.deliveries", "{delivery}", "Deliveries of events to handlers.");

    /// <summary>Messages of gateways, by gateway, channel and verdict.</summary>
    public static readonly Counter<long> Facts = Meter.CreateCounter<long>("portico.gateway.facts", "{fact}", "Messages of payment gateways, verified or not.");

    /// <summary>Changes of state of payments, by the state reached.</summary>
    public static readonly Counter<long> Payments = Meter.CreateCounter<long>("portico.payments", "{payment}", "Payments that reached a state.");

    /// <summary>Faults of services (exceptions, limits of time), by service and work (pages, reactions, jobs).</summary>
    public static readonly Counter<long> ServiceFaults = Meter.CreateCounter<long>("portico.service.faults", "{fault}", "Faults of services.");

    /// <summary>What is paused after a burst of faults, by service and work: 1 while it is.</summary>
    public static readonly UpDownCounter<long> ServicesPaused = Meter.CreateUpDownCounter<long>("portico.service.paused", "{pause}", "Parts of services that are paused.");

    /// <summary>What was not let through because it was tried too often, by what was counted (address, thing) and of which page or module.</summary>
    public static readonly Counter<long> Limited = Meter.CreateCounter<long>("portico.limited", "{try}", "Tries that were not let through.");

    /// <summary>Runs of jobs, by service, job and outcome (done, again, skipped, parked).</summary>
    public static readonly Counter<long> JobRuns = Meter.CreateCounter<long>("portico.job.runs", "{run}", "Runs of jobs that ended.");

    /// <summary>When a job is due next, by service and job.</summary>
    public static readonly Gauge<long> JobNext = Meter.CreateGauge<long>("portico.job.next", "s", "Unix time of a job's next run.");

    /// <summary>When a run of a job was done last on this host, by service and job.</summary>
    public static readonly Gauge<long> JobDone = Meter.CreateGauge<long>("portico.job.done", "s", "Unix time at which this host did a job last.");

    /// <summary>Letters by e-mail, by service and outcome (sent, later, refused, bounced, given_up).</summary>
    public static readonly Counter<long> Letters = Meter.CreateCounter<long>("portico.mail.letters", "{letter}", "Letters that were tried.");

    /// <summary>How long a sweep of background work took, by name.</summary>
    public static readonly Histogram<double> Sweeps = Meter.CreateHistogram<double>("portico.sweep.duration", "s", "Duration of a sweep of background work.");
}
