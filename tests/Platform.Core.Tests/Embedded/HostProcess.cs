using System.Diagnostics;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging.Abstractions;
using Platform.Core.Storage.Embedded;

namespace Platform.Core.Tests.Embedded;

/// <summary>A host in a process of its own, to be killed: this assembly run as a program.</summary>
internal sealed class HostProcess : IDisposable
{
    const string Folder = "PORTICO_TEST_HOST_OF";

    readonly Process process;

    HostProcess(Process process) => this.process = process;

    /// <param name="user">Only for root: the number of the user to run as.</param>
    public static HostProcess Begin(string dataFolder, uint? user = null, Action<IDictionary<string, string?>>? environment = null)
    {
        var assembly = typeof(HostProcess).Assembly.Location;
        var start = user is { } other
            ? new ProcessStartInfo("setpriv", [$"--reuid={other}", $"--regid={other}", "--clear-groups", "dotnet", "exec", assembly])
            : new ProcessStartInfo("dotnet", ["exec", assembly]);
        start.RedirectStandardInput = start.RedirectStandardOutput = true;
        start.Environment[Folder] = dataFolder;
        environment?.Invoke(start.Environment);
        return new(Process.Start(start)!);
    }

    public int Id => process.Id;

    /// <summary>"owns 15.14", "attached 15.14" or "refused" and the message.</summary>
    public async Task<string> Says()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        return await process.StandardOutput.ReadLineAsync(limit.Token) ?? "nothing";
    }

    /// <summary>As kill -9 does: the host gets no chance to tidy up.</summary>
    public async Task Kill()
    {
        process.Kill();
        await process.WaitForExitAsync();
    }

    /// <summary>Leaves without disposing anything, as a program that returns from its entry point.</summary>
    public async Task Leave()
    {
        process.StandardInput.Close();
        await process.WaitForExitAsync();
    }

    public void Dispose()
    {
        process.Kill();
        process.Dispose();
    }

    // The entry point of a test assembly is generated; this runs before it, and does nothing in a test run.
#pragma warning disable CA2255
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Run()
    {
        if (Environment.GetEnvironmentVariable(Folder) is not { } folder)
            return;
        try
        {
            var postgres = EmbeddedPostgres.Start(new EmbeddedPostgresOptions { DataFolder = folder }, NullLogger.Instance, CancellationToken.None).GetAwaiter().GetResult();
            Console.WriteLine($"{(postgres.Owns ? "owns" : "attached")} {postgres.Version}");
            Console.In.ReadToEnd();
        }
        catch (EmbeddedPostgresException e)
        {
            Console.WriteLine($"refused {e.Message.ReplaceLineEndings(" ")}");
        }
        Environment.Exit(0);
    }
}
