namespace Platform.Core.Storage.Embedded;

/// <summary>A point on the machine's monotonic clock; processes know no other time.</summary>
internal readonly record struct Deadline(long Milliseconds)
{
    public static Deadline In(TimeSpan time) => new(Environment.TickCount64 + (long)time.TotalMilliseconds);

    public bool Passed => Environment.TickCount64 > Milliseconds;
}
