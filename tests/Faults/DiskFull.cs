using System.Diagnostics;
using System.Globalization;

namespace Portico.Faults;

/// <summary>PostgreSQL's disk fills up while citizens pay, and is freed again. Its data lie on a small file system of their own, which only root may mount.</summary>
internal static class DiskFull
{
    const int Megabytes = 160;

    public static async Task<bool> Run(Action<string> tell)
    {
        var disk = Path.Combine(Path.GetTempPath(), string.Create(CultureInfo.InvariantCulture, $"portico-disk-{Environment.ProcessId}"));
        Directory.CreateDirectory(disk);
        if (!await Command("mount", "-t", "tmpfs", "-o", $"size={Megabytes}m,mode=755", "portico-faults", disk))
        {
            tell("disk full: NOT TRIED. A small file system for PostgreSQL's data could not be mounted; that takes root.");
            return true;
        }
        try
        {
            return await OnSmallDisk(disk, tell);
        }
        finally
        {
            await Command("umount", "--lazy", disk);
            Directory.Delete(disk);
        }
    }

    static async Task<bool> OnSmallDisk(string disk, Action<string> tell)
    {
        await using var world = await World.Create(fines: 600, data: Path.Combine(disk, "pg"));
        await using var citizens = new Citizens(world, seed: 1, TimeSpan.FromMilliseconds(150));
        await world.Host.Start();
        citizens.Open();
        await Task.Delay(5000);

        var ballast = Path.Combine(disk, "ballast");
        Fill(ballast);
        // What PostgreSQL has reserved lasts for a while; then nothing more can be written.
        for (var begun = Stopwatch.GetTimestamp(); citizens.Failures == 0 && Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(90);)
        {
            await Task.Delay(250);
            Fill(ballast);
        }
        var (servedBefore, failedBefore) = (citizens.Served, citizens.Failures);
        await Task.Delay(10_000);
        var (served, failed) = (citizens.Served - servedBefore, citizens.Failures - failedBefore);

        var freed = Stopwatch.GetTimestamp();
        File.Delete(ballast);
        var before = citizens.Acknowledged.Count;
        while (citizens.Acknowledged.Count == before && Stopwatch.GetElapsedTime(freed) < TimeSpan.FromSeconds(90))
            await Task.Delay(100);
        var recovered = Stopwatch.GetElapsedTime(freed);
        await Task.Delay(3000);
        await citizens.Close();
        var audit = new Audit(world, citizens);
        await audit.Quiet();
        var found = await audit.Compare();

        tell(string.Create(CultureInfo.InvariantCulture,
            $"disk full: first failure seen: {(failedBefore > 0 ? "yes" : "NO")}; in the 10 s after it {served} requests answered well, {failed} with an error; first payment acknowledged {recovered.TotalSeconds:0.0} s after the disk was freed; "
            + $"bank took {found.Taken}, acknowledged {found.Acknowledged}, not stored {found.Forgotten}, lost {found.Lost}, doubled {found.Doubled}, invented {found.Invented}, undelivered {found.Undelivered}"));
        foreach (var detail in found.Details)
            tell($"  {detail}");
        return found.Clean && failedBefore > 0;
    }

    static void Fill(string file)
    {
        var zeros = new byte[64 * 1024];
        try
        {
            using var ballast = new FileStream(file, FileMode.Append, FileAccess.Write, FileShare.None, bufferSize: 0);
            for (var block = 0; block < Megabytes * 16; block++)
                ballast.Write(zeros);
        }
        catch (IOException)
        {
            // Full, as wanted.
            return;
        }
    }

    static async Task<bool> Command(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true, UseShellExecute = false })!;
        await process.WaitForExitAsync();
        return process.ExitCode == 0;
    }
}
