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

    /// <summary>How long a sweep of background work took, by name.</summary>
    public static readonly Histogram<double> Sweeps = Meter.CreateHistogram<double>("portico.sweep.duration", "s", "Duration of a sweep of background work.");
}
