using System.Diagnostics;
using System.Globalization;
using Platform.Testing;

namespace Host.Tests.CommandLine;

/// <summary>The real program, as an operator starts it.</summary>
internal sealed class PorticoProgram : IAsyncDisposable
{
    readonly Process _process;
    readonly Task<string> _errors;

    PorticoProgram(Process process)
    {
        _process = process;
        _errors = process.StandardError.ReadToEndAsync();
    }

    /// <summary>Runs to the end. Words are what stands on both outputs, the errors last.</summary>
    public static Task<(int Code, string Words)> Run(params string[] words) => Run(new Dictionary<string, string>(StringComparer.Ordinal), words);

    public static async Task<(int Code, string Words)> Run(IReadOnlyDictionary<string, string> environment, params string[] words)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        await using var program = Start(environment, words);
        var output = await program._process.StandardOutput.ReadToEndAsync(limit.Token);
        await program._process.WaitForExitAsync(limit.Token);
        return (program._process.ExitCode, output + await program._errors);
    }

    public static PorticoProgram Start(params string[] words) => Start(new Dictionary<string, string>(StringComparer.Ordinal), words);

    static PorticoProgram Start(IReadOnlyDictionary<string, string> environment, string[] words)
    {
        var start = new ProcessStartInfo(Path.Combine(TestCluster.Artifacts, "bin", "Host", "release", "portico"), words) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        return new(Process.Start(start)!);
    }

    /// <summary>Where it serves, once it says so.</summary>
    public async Task<Uri> Serves()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (await _process.StandardOutput.ReadLineAsync(limit.Token) is { } line)
            if (line.Split(' ') is ["Portico", "serves", "on", var address, ..])
                return new Uri(address);
        throw new InvalidOperationException(await _errors);
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
