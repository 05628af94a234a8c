using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Platform.Testing;

namespace Host.Tests.CommandLine;

/// <summary>The real program, as an operator starts it.</summary>
internal sealed class PorticoProgram : IAsyncDisposable
{
    static readonly string[] Built = [Path.Combine(TestCluster.Artifacts, "bin", "Host", "release", "portico")];

    readonly Process _process;
    readonly Task<string> _errors;
    readonly ConcurrentQueue<string> _said = new();

    PorticoProgram(Process process)
    {
        _process = process;
        _errors = process.StandardError.ReadToEndAsync();
    }

    /// <summary>Runs to the end. Words are what stands on both outputs, the errors last.</summary>
    public static Task<(int Code, string Words)> Run(params string[] words) => Run(new Dictionary<string, string>(StringComparer.Ordinal), words);

    public static Task<(int Code, string Words)> Run(IReadOnlyDictionary<string, string> environment, params string[] words) => Run(environment, Built, words);

    /// <param name="environment">Variables besides those of the test.</param>
    /// <param name="program">The program with what stands before its own words.</param>
    /// <param name="words">Its words.</param>
    public static async Task<(int Code, string Words)> Run(IReadOnlyDictionary<string, string> environment, string[] program, params string[] words)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        await using var running = Start(environment, program, words);
        var output = await running._process.StandardOutput.ReadToEndAsync(limit.Token);
        await running._process.WaitForExitAsync(limit.Token);
        return (running._process.ExitCode, output + await running._errors);
    }

    public static PorticoProgram Start(params string[] words) => Start(new Dictionary<string, string>(StringComparer.Ordinal), Built, words);

    public static PorticoProgram Start(IReadOnlyDictionary<string, string> environment, params string[] words) => Start(environment, Built, words);

    public static PorticoProgram Start(IReadOnlyDictionary<string, string> environment, string[] program, params string[] words)
    {
        var start = new ProcessStartInfo(program[0], [.. program[1..], .. words]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        return new(Process.Start(start)!);
    }

    /// <summary>Where it serves, once it says so. What it says after that is kept.</summary>
    public async Task<Uri> Serves()
    {
        const string Saying = "Portico serves on ";
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (await _process.StandardOutput.ReadLineAsync(limit.Token) is { } line)
        {
            _said.Enqueue(line);
            if (line.IndexOf(Saying, StringComparison.Ordinal) is >= 0 and var at)
            {
                _ = Listen();
                return new Uri(line[(at + Saying.Length)..].Split(' ')[0]);
            }
        }
        throw new InvalidOperationException(await _errors);
    }

    async Task Listen()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
            _said.Enqueue(line);
        _heardAll.TrySetResult();
    }

    readonly TaskCompletionSource _heardAll = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Every line of its standard output, once it has ended; it must have served.</summary>
    public async Task<IReadOnlyList<string>> Said()
    {
        await _heardAll.Task.WaitAsync(TimeSpan.FromMinutes(1));
        return [.. _said];
    }

    /// <summary>As systemd and docker stop it.</summary>
    public async Task<int> Terminate()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        using var kill = Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        await _process.WaitForExitAsync(limit.Token);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }
        _process.Dispose();
    }
}
