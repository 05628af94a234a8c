namespace Platform.Core.Events;

/// <summary>When a delivery is tried again, and when it is not any more. Published in docs/reliability.md.</summary>
internal static class DeliverySchedule
{
    /// <summary>After this many a delivery is parked for an officer.</summary>
    public const int MostTries = 10;

    static readonly int[] Seconds = [1, 5, 15, 60, 300, 900, 3600];

    /// <summary>For this long a host may get nothing done while there is something to do; then it says that it is not ready.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <param name="tries">Those that failed before this one.</param>
    public static TimeSpan After(int tries) => TimeSpan.FromSeconds(Seconds[Math.Min(tries, Seconds.Length - 1)]);
}

/// <summary>How a host's dispatcher works. Of machine time.</summary>
internal sealed record DispatchTerms
{
    /// <summary>Streams delivered side by side, each on a connection of its own; never more than half of the pool.</summary>
    public int AtOnce { get; init; } = 4;

    /// <summary>For this long a notification is waited for; then it looks anyway.</summary>
    public TimeSpan Poll { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>After this long a lost connection for notifications is made again.</summary>
    public TimeSpan Reconnect { get; init; } = TimeSpan.FromSeconds(5);
}
