using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace Platform.Core.Storage.Embedded;

/// <summary>A program started on a thread of its own, which lives exactly as long as the program.</summary>
/// <remarks>The kernel sends the parent-death signal when the <em>thread</em> that forked ends; a pool thread may end at any time and would take the server with it.</remarks>
internal sealed class ChildProcess
{
    const int Kept = 8192;

    readonly StringBuilder output = new();
    readonly TaskCompletionSource<int> exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    Task reading = Task.CompletedTask;

    ChildProcess() { }

    public int Id { get; private set; }

    /// <summary>The exit code, once the program has ended; 128 and more is a signal.</summary>
    public Task<int> Exited => exited.Task;

    /// <exception cref="EmbeddedPostgresException">The program is missing or may not be run.</exception>
    public static async Task<ChildProcess> Start(ProcessStartInfo what)
    {
        what.RedirectStandardInput = what.RedirectStandardOutput = what.RedirectStandardError = true;
        var child = new ChildProcess();
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() => child.Live(what, started)) { IsBackground = true, Name = "embedded-postgres" }.Start();
        await started.Task;
        return child;
    }

    /// <summary>Runs a short program to its end; killed when <paramref name="stop"/> fires.</summary>
    public static async Task<(int ExitCode, string Output)> Run(ProcessStartInfo what, CancellationToken stop)
    {
        var child = await Start(what);
        try
        {
            var code = await child.Exited.WaitAsync(stop);
            return (code, await child.Output());
        }
        catch (OperationCanceledException)
        {
            child.Signal(Libc.Kill);
            await child.Exited;
            throw;
        }
    }

    /// <summary>The last of what it wrote. Not waited for without end: processes it left behind may hold the pipe.</summary>
    public async Task<string> Output()
    {
        await Task.WhenAny(reading, Task.Delay(TimeSpan.FromSeconds(1)));
        lock (output)
            return output.ToString();
    }

    public void Signal(int signal)
    {
        if (!exited.Task.IsCompleted)
            Libc.Signal(Id, signal);
    }

    void Live(ProcessStartInfo what, TaskCompletionSource started)
    {
        Process process;
        try
        {
            process = Process.Start(what)!;
            process.StandardInput.Close();
            Id = process.Id;
            reading = Task.WhenAll(Read(process.StandardOutput), Read(process.StandardError));
        }
        catch (Exception e) when (e is Win32Exception or IOException or InvalidOperationException)
        {
            started.SetException(new EmbeddedPostgresException($"{what.FileName} could not be run: {e.Message}.", e));
            return;
        }
        started.SetResult();
        process.WaitForExit();
        exited.SetResult(process.ExitCode);
        process.Dispose();
    }

    async Task Read(StreamReader from)
    {
        using (from)
        {
            var buffer = new char[1024];
            int count;
            while ((count = await from.ReadAsync(buffer)) > 0)
                lock (output)
                {
                    output.Append(buffer, 0, count);
                    if (output.Length > Kept)
                        output.Remove(0, output.Length - Kept);
                }
        }
    }
}
