namespace Platform.Core.Storage;

/// <summary>How long the code of a service may still go on, known to the sessions it opens: its statements end with it, even when it passes on no token.</summary>
/// <remarks>Only under the service's own role: what the platform does on the way, such as writing down what a gateway answered, is not cut off.</remarks>
internal sealed class TimeLimit
{
    static readonly AsyncLocal<TimeLimit?> Running = new();

    readonly string _role;
    readonly long _ends;
    readonly CancellationToken _cut;

    TimeLimit(string role, TimeSpan limit, CancellationToken cut) => (_role, _ends, _cut) = (role, Environment.TickCount64 + (long)limit.TotalMilliseconds, cut);

    /// <summary>Lasts until the asynchronous method that called it ends.</summary>
    public static void Begin(string role, TimeSpan limit, CancellationToken cut) => Running.Value = new(role, limit, cut);

    /// <summary>What a statement under <paramref name="role"/> may still take; null where nothing limits it.</summary>
    public static int? MillisecondsLeft(string role) =>
        Running.Value is { } own && own._role == role ? (int)Math.Clamp(own._ends - Environment.TickCount64, 1, int.MaxValue) : null;

    /// <summary>The end of the limit, for sessions under <paramref name="role"/>.</summary>
    public static CancellationToken Cut(string role) => Running.Value is { } own && own._role == role ? own._cut : CancellationToken.None;
}
