using System.Diagnostics;
using System.Text;

namespace Host.Tests.Sample;

/// <summary>A reader's terminal: it remembers the folder it is in, and its variables are set before it opens.</summary>
internal sealed class Shell(string folder, IReadOnlyDictionary<string, string> variables)
{
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    /// <summary>Where the reader is.</summary>
    public string Folder { get; private set; } = folder;

    /// <summary>Runs commands to their end and answers what they printed.</summary>
    /// <exception cref="InvalidOperationException">They failed; with all they printed.</exception>
    public async Task<string> Run(string commands)
    {
        var place = Path.GetTempFileName();
        var (code, printed) = await Start($"set -euo pipefail\n{commands}\npwd > '{place}'", null);
        if (code != 0)
            throw new InvalidOperationException($"{commands}\nended with {code}:\n{printed}");
        Folder = (await File.ReadAllTextAsync(place)).Trim();
        File.Delete(place);
        return printed;
    }

    /// <summary>Runs one command until it prints <paramref name="words"/>, does <paramref name="then"/>, presses Ctrl-C, and answers what was printed.</summary>
    public async Task<string> RunUntil(string command, string words, Func<string, Task> then)
    {
        var (code, printed) = await Start("exec " + command, (words, then));
        return code == 0 ? printed : throw new InvalidOperationException($"{command}\nended with {code}:\n{printed}");
    }

    async Task<(int Code, string Printed)> Start(string script, (string Words, Func<string, Task> Then)? until)
    {
        var start = new ProcessStartInfo("bash")
        {
            ArgumentList = { "-c", script }, WorkingDirectory = Folder, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false,
        };
        // A build inside a test run must not take up the outer one's settings.
        foreach (var inherited in start.Environment.Keys.Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase) || name.StartsWith("VSTEST", StringComparison.OrdinalIgnoreCase)).ToList())
            start.Environment.Remove(inherited);
        foreach (var (name, value) in variables)
            start.Environment[name] = value;

        using var process = new Process { StartInfo = start };
        var printed = new StringBuilder();
        var said = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        void Hear(string? line)
        {
            lock (printed)
            {
                printed.AppendLine(line);
                if (line is not null && until is { } wanted && line.Contains(wanted.Words, StringComparison.Ordinal))
                    said.TrySetResult();
            }
        }
        process.OutputDataReceived += (_, heard) => Hear(heard.Data);
        process.ErrorDataReceived += (_, heard) => Hear(heard.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        using var stop = new CancellationTokenSource(Patience);
        try
        {
            if (until is { } asked)
            {
                if (await Task.WhenAny(said.Task, process.WaitForExitAsync(stop.Token)) == said.Task)
                {
                    await asked.Then(Text());
                    using var interrupt = Process.Start("kill", ["-INT", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
                }
                else
                    throw new InvalidOperationException($"{script} ended before it said \"{asked.Words}\":\n{Text()}");
            }
            await process.WaitForExitAsync(stop.Token);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
        return (process.ExitCode, Text());

        string Text()
        {
            lock (printed)
                return printed.ToString();
        }
    }
}
