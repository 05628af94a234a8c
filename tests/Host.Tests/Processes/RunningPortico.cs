using System.Collections.Concurrent;
using System.Diagnostics;
using Platform.Core.Storage.Embedded;
using Platform.Testing;

namespace Portico.Host.Tests.Processes;

/// <summary>The built program as a process of its own, in a session of its own: signals reach it as they do from a terminal.</summary>
internal sealed class RunningPortico : IAsyncDisposable
{
    static readonly string Program = Path.Combine(TestCluster.Artifacts, "bin", "Host", "release", "portico");

    readonly Process _process;
    readonly ConcurrentQueue<string> _said = new();

    RunningPortico(IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo("setsid", [Program, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.Environment["PORTICO_Secrets__test__password"] = "9999888";
        start.Environment["PORTICO_Secrets__test__key"] = string.Concat(Enumerable.Repeat("b1", 25));
        start.Environment["PORTICO_Secrets__imprese__key"] = "UNI_TESTKEY";
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => _said.Enqueue(line.Data ?? "");
        _process.ErrorDataReceived += (_, line) => _said.Enqueue(line.Data ?? "");
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public IReadOnlyCollection<string> Said => _said;

    /// <summary>Runs a command to its end, which must be a good one.</summary>
    public static async Task Do(params string[] arguments)
    {
        await using var portico = new RunningPortico(arguments);
        (await portico.Ended()).Should().Be(0, "{0} said: {1}", string.Join(' ', arguments), string.Join('\n', portico.Said));
    }

    /// <summary>Starts what goes on until it is stopped, and waits until it says where it listens.</summary>
    public static async Task<(RunningPortico Portico, Uri Address)> Begin(string saying, params string[] arguments)
    {
        var portico = new RunningPortico(arguments);
        Uri? address = null;
        await Eventually.Holds(
            () =>
            {
                if (portico._process.HasExited)
                    throw new AssertionException($"portico {string.Join(' ', arguments)} ended: {string.Join('\n', portico.Said)}");
                var line = portico.Said.FirstOrDefault(line => line.Contains(saying, StringComparison.Ordinal));
                return line is not null && Uri.TryCreate(line[(line.IndexOf(saying, StringComparison.Ordinal) + saying.Length)..].Trim().Split(' ')[0], UriKind.Absolute, out address);
            },
            $"portico says \"{saying}\"");
        return (portico, address!);
    }

    /// <summary>As <c>kill -9</c> does: no chance to tidy up.</summary>
    public async Task Kill()
    {
        Libc.Signal(_process.Id, Libc.Kill);
        await Ended();
    }

    /// <summary>As Ctrl-C at the terminal: to the program and to all it started there.</summary>
    public async Task<int> Interrupt()
    {
        Libc.Signal(-_process.Id, Libc.Interrupt);
        return await Ended();
    }

    async Task<int> Ended()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        await _process.WaitForExitAsync(limit.Token);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            await Kill();
        _process.Dispose();
    }
}
