using System.Diagnostics;

namespace PagOnLine.Emulator;

/// <summary>Stops the bank when the process that started it is gone, however it went.</summary>
internal sealed class ParentWatch(int parent, IHostApplicationLifetime lifetime) : BackgroundService
{
    private readonly string? _born = Born(parent);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        do
        {
            // Ids are used again: the same number with another birth is another process.
            if (_born is null || Born(parent) != _born)
            {
                lifetime.StopApplication();
                return;
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    /// <summary>When the process began; null when there is none, or only the remains that nobody has collected.</summary>
    private static string? Born(int id)
    {
        try
        {
            if (!OperatingSystem.IsLinux())
            {
                using var process = Process.GetProcessById(id);
                return process.StartTime.Ticks.ToString(System.Globalization.CultureInfo.InvariantCulture);
            }

            // The name in brackets may hold blanks; what follows the last bracket starts with the state, and the 20th word is the birth.
            var stat = File.ReadAllText($"/proc/{id}/stat");
            var words = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return words[0] is "Z" or "X" ? null : words[19];
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException or ArgumentException or InvalidOperationException)
        {
            return null;
        }
    }
}
