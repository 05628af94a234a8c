using System.Diagnostics;
using System.Globalization;
using Platform.Core.Storage.Embedded;
using Platform.Testing;

namespace Portico.Benchmarks;

/// <summary>The host as operators run it: a program of its own on a data folder of its own, whose PostgreSQL it starts itself.</summary>
internal sealed class HostProgram(string program) : IDisposable
{
    // Not as private as folders for temporary files are: PostgreSQL may run as another user, and has to pass through.
    readonly string _data = Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), $"portico-bench-host-{Guid.NewGuid():n}")).FullName;

    /// <summary>Where files for it may lie.</summary>
    public string Folder => _data;

    /// <summary>Runs a command to its end.</summary>
    /// <returns>How long it took, and the most memory its process ever had.</returns>
    public async Task<(double Seconds, long Peak)> Run(params string[] words)
    {
        var begun = Stopwatch.GetTimestamp();
        using var process = Start(words);
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        var ended = process.WaitForExitAsync();
        var peak = 0L;
        while (!ended.IsCompleted)
        {
            peak = Math.Max(peak, Memory(process.Id, "VmHWM"));
            await Task.WhenAny(ended, Task.Delay(10));
        }
        return process.ExitCode == 0
            ? (Stopwatch.GetElapsedTime(begun).TotalSeconds, peak)
            : throw new InvalidOperationException($"portico {string.Join(' ', words)}: {await output}{await errors}");
    }

    /// <summary>Starts to serve, opens a page, waits, and stops in order.</summary>
    /// <returns>From the start of the process to the end of the first page, and its memory after the wait.</returns>
    public async Task<(double FirstPage, long Idle)> Serve(string page, TimeSpan idle)
    {
        var begun = Stopwatch.GetTimestamp();
        using var process = Start("serve", "--listen", "http://127.0.0.1:0");
        try
        {
            var errors = process.StandardError.ReadToEndAsync();
            while (await process.StandardOutput.ReadLineAsync() is { } line)
            {
                if (line.Split(" serves on ") is not [_, var told])
                    continue;
                _ = process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
                using var browser = new Browser(new Uri(told.Split(' ')[0]));
                await browser.Get(page);
                var first = Stopwatch.GetElapsedTime(begun).TotalSeconds;
                await Task.Delay(idle);
                return (first, Memory(process.Id, "VmRSS"));
            }
            throw new InvalidOperationException($"The host does not start: {await errors}");
        }
        finally
        {
            Libc.Signal(process.Id, Libc.Interrupt);
            await process.WaitForExitAsync();
        }
    }

    Process Start(params string[] words)
    {
        var start = new ProcessStartInfo(program, [.. words, "--data", _data, "--profile", "test", "--plugins", TestCluster.Plugins]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.Environment["PORTICO_Logging__LogLevel__Default"] = "Warning";
        return Process.Start(start)!;
    }

    static long Memory(int process, string what)
    {
        try
        {
            var line = File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/status")).FirstOrDefault(line => line.StartsWith(what, StringComparison.Ordinal));
            return line is null ? 0 : long.Parse(line.Split(':')[1].Trim().Split(' ')[0], CultureInfo.InvariantCulture) * 1024;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    public void Dispose() => Directory.Delete(_data, recursive: true);
}
