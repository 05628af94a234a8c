using System.Diagnostics;

namespace Portico.Host.Tests.Processes;

/// <summary>Waits for what another process does, where no event tells.</summary>
internal static class Eventually
{
    public static async Task Holds(Func<Task<bool>> condition, string what, int seconds = 60)
    {
        var clock = Stopwatch.StartNew();
        using var beat = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (!await condition())
        {
            if (clock.Elapsed > TimeSpan.FromSeconds(seconds))
                throw new AssertionException($"Within {seconds} s it did not come true that {what}.");
            await beat.WaitForNextTickAsync();
        }
    }

    public static Task Holds(Func<bool> condition, string what, int seconds = 60) => Holds(() => Task.FromResult(condition()), what, seconds);
}
