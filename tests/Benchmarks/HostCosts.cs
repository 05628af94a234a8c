using System.Globalization;
using Platform.Testing;

namespace Portico.Benchmarks;

/// <summary>The host as a program: its start, its rest, and a long import.</summary>
internal static class HostCosts
{
    public const string Part = "The host as a program";
    public const string ImportPart = "Import of fines";
    const long MostIdle = 200_000_000;
    const double LongestStart = 2;
    const long MostMore = 20_000_000;

    /// <param name="program">The published host; the one the build left when null.</param>
    public static async Task Measure(Report report, Scale scale, string? program)
    {
        report.Doing("starting the host as a program");
        using var host = new HostProgram(program ?? Path.Combine(TestCluster.Artifacts, "bin", "Host", "release", "portico"));
        await host.Run("entity", "import", Path.Combine(TestCluster.Artifacts, "..", "Host", "Demo", "entities.csv"));

        var starts = new List<(double FirstPage, long Idle)>();
        for (var time = 0; time < scale.Starts; time++)
            starts.Add(await host.Serve("/bentivoglio/multe", time == 0 ? scale.Idle : TimeSpan.Zero));
        var services = Directory.GetDirectories(TestCluster.Plugins).Length;
        var idle = starts[0].Idle;
        var first = starts.Select(start => start.FirstPage).At(0.5);
        report.Add(Part, $"resident memory, idle, with the {services} services there are", $"<= {MostIdle.Megabytes()}", idle.Megabytes(), idle <= MostIdle);
        report.Add(Part, "first page after the start", $"<= {LongestStart.Seconds()}", $"{first.Seconds()} (slowest {starts.Max(start => start.FirstPage).Seconds()})", first <= LongestStart);
        report.Note(Part,
            $"Memory is the host's own process {scale.Idle.TotalSeconds.Seconds()} after its first page, without PostgreSQL's. The start goes from the start of the process to the last byte of a page of the fines service, "
            + $"median of {scale.Starts}; it includes the start of the private PostgreSQL on its existing data folder. What one more service adds to the start is measured by a target of its own, with generated services.");

        report.Doing("importing");
        var (small, large) = (Path.Combine(host.Folder, "small.csv"), Path.Combine(host.Folder, "large.csv"));
        await Write(small, 1, scale.ShortImport);
        await Write(large, 1 + scale.ShortImport, scale.LongImport);
        var few = await host.Run("fines", "import", "--entity", "URG", small);
        var many = await host.Run("fines", "import", "--entity", "URG", large);
        var more = many.Peak - few.Peak;
        report.Add(ImportPart, $"{scale.LongImport.Whole()} lines", "", $"{many.Seconds.Seconds()} ({(scale.LongImport / many.Seconds).PerSecond()}), of which {few.Seconds.Seconds()} is what {scale.ShortImport.Whole()} lines take with the start", null);
        report.Add(ImportPart, $"peak memory above that of {scale.ShortImport.Whole()} lines", $"<= {MostMore.Megabytes()}", $"{more.Megabytes()} ({few.Peak.Megabytes()}, then {many.Peak.Megabytes()})", more <= MostMore);
        report.Note(ImportPart, "By the command line, as an officer does, each import a process of its own; the peak is the most that the kernel ever saw it use.");
    }

    static async Task Write(string file, int from, int count)
    {
        await using var into = new StreamWriter(file);
        await into.WriteLineAsync("serie;anno;numero;data_violazione;targa;comune;luogo;articolo;descrizione;minimo;massimo;spese;data_notifica;contestazione_immediata;sconto_escluso");
        for (var n = from; n < from + count; n++)
            await into.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
                $"V;2025;{n};{1 + n % 28:00}/{1 + n % 12:00}/2025;AB{n % 1000:000}CD;037005;Via della Misura {n % 97};art. 158 c. 2;Sosta vietata;42,00;168,00;15,80;;no;no"));
    }
}
