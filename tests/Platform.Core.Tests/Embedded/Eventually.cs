using System.Diagnostics;

namespace Platform.Core.Tests.Embedded;

/// <summary>Waits for what another process does, where no event tells.</summary>
internal static class Eventually
{
    /// <returns>How long it took.</returns>
    public static async Task<TimeSpan> Holds(Func<Task<bool>> condition, string what, int seconds = 60)
    {
        var clock = Stopwatch.StartNew();
        using var beat = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!await condition())
        {
            if (clock.Elapsed > TimeSpan.FromSeconds(seconds))
                throw new AssertionException($"Within {seconds} s it did not come true that {what}.");
            await beat.WaitForNextTickAsync();
        }
        return clock.Elapsed;
    }

    public static Task<TimeSpan> Holds(Func<bool> condition, string what, int seconds = 60) => Holds(() => Task.FromResult(condition()), what, seconds);
}
