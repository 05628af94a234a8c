using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;

namespace Portico.Faults;

/// <summary>The real host as a program of its own, started again whenever it ended, as a supervisor would do.</summary>
internal sealed class HostProcess(string program, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment, string logFile) : IAsyncDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    readonly ConcurrentQueue<TimeSpan> _firstSuccesses = new();
    Process? _process;
    long _startedAt;
    int _awaitsSuccess;

    /// <summary>Where it listens; null while it does not.</summary>
    public IPEndPoint? Address { get; private set; }

    /// <summary>From each start to the first request that it answered well.</summary>
    public IReadOnlyCollection<TimeSpan> FirstSuccesses => _firstSuccesses;

    /// <summary>Starts it, again and again while it refuses, until it serves.</summary>
    public async Task Start()
    {
        var begun = Stopwatch.GetTimestamp();
        while (!await TryStart())
        {
            if (Stopwatch.GetElapsedTime(begun) > Patience)
                throw new InvalidOperationException($"The host does not start; its words are in {logFile}.");
            await Task.Delay(200);
        }
    }

    /// <summary>kill -9. Returns at once; the process may take a moment to be gone.</summary>
    public void Kill()
    {
        Address = null;
        _process?.Kill();
    }

    public async Task Killed()
    {
        Kill();
        if (_process is not null)
            await _process.WaitForExitAsync();
    }

    /// <summary>A citizen was served.</summary>
    public void Succeeded()
    {
        if (Interlocked.Exchange(ref _awaitsSuccess, 0) == 1)
            _firstSuccesses.Enqueue(Stopwatch.GetElapsedTime(_startedAt));
    }

    async Task<bool> TryStart()
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        _process?.Dispose();
        _startedAt = Stopwatch.GetTimestamp();
        _process = Process.Start(start)!;
        var log = TextWriter.Synchronized(new StreamWriter(logFile, append: true) { AutoFlush = true });
        _ = Copy(_process.StandardError, log);
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            await log.WriteLineAsync(line);
            if (line.Split(" serves on ") is not [_, var told])
                continue;
            Interlocked.Exchange(ref _awaitsSuccess, 1);
            Address = IPEndPoint.Parse(new Uri(told.Split(' ')[0]).Authority);
            _ = Copy(_process.StandardOutput, log);
            return true;
        }
        await _process.WaitForExitAsync();
        return false;
    }

    static async Task Copy(StreamReader from, TextWriter to)
    {
        while (await from.ReadLineAsync() is { } line)
            await to.WriteLineAsync(line);
    }

    public async ValueTask DisposeAsync()
    {
        await Killed();
        _process?.Dispose();
    }
}
