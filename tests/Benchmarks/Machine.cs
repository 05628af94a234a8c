using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Npgsql;
using Platform.Testing;

namespace Portico.Benchmarks;

/// <summary>What a figure hangs on. No name of a machine, no path.</summary>
internal sealed class Machine
{
    readonly string[] _settings = ["fsync", "synchronous_commit", "full_page_writes", "shared_buffers"];

    public List<(string Name, string Value)> Facts { get; } = [];

    /// <summary>A memory file system confirms what it cannot keep; null when the data lie on a disk.</summary>
    public string? Lie { get; private set; }

    public static async Task<Machine> Of(TestDatabase database)
    {
        var machine = new Machine();
        var folder = await database.Value<string>("show data_directory");
        var disk = new DriveInfo(folder!).DriveFormat;
        machine.Lie = disk is "tmpfs" or "ramfs" ? $"PostgreSQL's data lie on {disk}, which forgets: no commit is durable there" : null;

        machine.Add("date", DateTime.UtcNow.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
        machine.Add("commit", Commit());
        machine.Add("processor", $"{Environment.ProcessorCount} cores, {Line("/proc/cpuinfo", "model name")}");
        machine.Add("memory", string.Create(CultureInfo.InvariantCulture, $"{long.Parse(Line("/proc/meminfo", "MemTotal").Split(' ')[0], CultureInfo.InvariantCulture) / 1024.0 / 1024:0} GiB"));
        machine.Add("kernel", $"Linux {(await File.ReadAllTextAsync("/proc/sys/kernel/osrelease")).Trim()}");
        machine.Add(".NET", RuntimeInformation.FrameworkDescription);
        machine.Add("PostgreSQL", $"{(await database.Value<string>("show server_version"))!.Split(' ')[0]} by unix socket, data on {disk}; {string.Join(", ", await Task.WhenAll(machine._settings.Select(async name => $"{name} {await database.Value<string>($"show {name}")}")))}");
        machine.Add("one durable commit of one row", await CommitTime(database));
        var load = (await File.ReadAllTextAsync("/proc/loadavg")).Split(' ')[0];
        var busy = double.Parse(load, CultureInfo.InvariantCulture) > 0.5 * Environment.ProcessorCount;
        machine.Add("load before the start", $"{load}{(busy ? " — **the machine was not quiet: ratios and counts mean something, times little**" : "")}");
        return machine;
    }

    void Add(string name, string value) => Facts.Add((name, value));

    static string Line(string file, string name) => File.ReadLines(file).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? "unknown";

    static async Task<string> CommitTime(TestDatabase database)
    {
        await using var connection = new NpgsqlConnection(database.Owner);
        await connection.OpenAsync();
        await using var insert = new NpgsqlCommand("insert into bench_commit values (1)", connection);
        await using (var make = new NpgsqlCommand("create table bench_commit (n int)", connection))
            await make.ExecuteNonQueryAsync();
        var times = new List<double>();
        for (var n = 0; n < 60; n++)
        {
            var begun = Stopwatch.GetTimestamp();
            await insert.ExecuteNonQueryAsync();
            times.Add(Stopwatch.GetElapsedTime(begun).TotalSeconds);
        }
        await using (var drop = new NpgsqlCommand("drop table bench_commit", connection))
            await drop.ExecuteNonQueryAsync();
        return $"p50 {times.At(0.5).Milliseconds()}, p95 {times.At(0.95).Milliseconds()}";
    }

    static string Commit()
    {
        var head = Git("rev-parse", "--short", "HEAD");
        return head is null ? "unknown" : Git("status", "--porcelain", "--untracked-files=no", "--", ":!docs/benchmarks.md") is "" ? head : $"{head}, with changes that are not committed";
    }

    static string? Git(params string[] words)
    {
        try
        {
            using var git = Process.Start(new ProcessStartInfo("git", words) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false, WorkingDirectory = TestCluster.Artifacts })!;
            var answer = git.StandardOutput.ReadToEnd().Trim();
            git.WaitForExit();
            return git.ExitCode == 0 ? answer : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }
}
