using System.Diagnostics;
using Platform.Testing;

namespace Portico.Faults;

/// <summary>The product's own program.</summary>
internal static class HostProgram
{
    public static string Path { get; } = System.IO.Path.Combine(TestCluster.Artifacts, "bin", "Host", "release", "portico");

    /// <param name="web">How the web role signs in.</param>
    public static Dictionary<string, string> Environment(string web) => new(StringComparer.Ordinal)
    {
        ["PORTICO_Database"] = web,
        // The console is not what is being measured.
        ["PORTICO_Logging__LogLevel__Default"] = "Warning",
        // A killed runtime leaves its debugger's sockets behind in the folder for temporary files, three for each kill.
        ["DOTNET_EnableDiagnostics"] = "0",
    };

    /// <summary>Starts a command. What it says is drained, so that it never waits for a reader.</summary>
    public static Process Start(IEnumerable<string> words, IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(Path, words) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        var process = Process.Start(start)!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        return process;
    }

    /// <summary>Runs a command to its end, which must be a good one.</summary>
    public static async Task Run(IEnumerable<string> words, IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(Path, words) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var said = process.StandardOutput.ReadToEndAsync();
        var errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"portico {string.Join(' ', start.ArgumentList)}: {await said}{errors}");
    }
}
