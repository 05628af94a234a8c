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
        report.Add(Part, $"resident memory, idle, services: {services}", $"<= {MostIdle.Megabytes()}", idle.Megabytes(), idle <= MostIdle);
        report.Add(Part, "first page after the start", $"<= {LongestStart.Seconds()}", $"{first.Seconds()} (slowest {starts.Max(start => start.FirstPage).Seconds()})", first <= LongestStart);
        report.Note(Part,
            $"Memory is the host's own process {scale.Idle.TotalSeconds.Seconds()} after its first page, without PostgreSQL's. The start goes from the start of the process to the last byte of a page of the fines service, "
            + $"median of {scale.Starts}; it includes the start of the private PostgreSQL on its existing data folder. What one more service adds to the start is measured by a target of its own, with generated services.");

        report.Doing("importing");
        var imports = new List<(int Lines, double Seconds, long Peak)>();
        foreach (var lines in scale.Imports)
        {
            var file = Path.Combine(host.Folder, "fines.csv");
            await Write(file, 1 + imports.Sum(import => import.Lines), lines);
            var (seconds, peak) = await host.Run("fines", "import", "--entity", "URG", file);
            imports.Add((lines, seconds, peak));
        }
        var (few, many) = (imports[0], imports[^1]);
        var more = many.Peak - few.Peak;
        report.Add(ImportPart, $"{many.Lines.Whole()} lines", "",
            $"{many.Seconds.Seconds()} ({(many.Lines / many.Seconds).PerSecond()}); {few.Lines.Whole()} lines take {few.Seconds.Seconds()}, most of which is the start", null);
        report.Add(ImportPart, $"peak memory above that of {few.Lines.Whole()} lines", $"<= {MostMore.Megabytes()}",
            $"{more.Megabytes()} ({string.Join(", ", imports.Select(import => $"{import.Lines.Whole()} lines: {import.Peak.Megabytes()}"))})", more <= MostMore);
        report.Note(ImportPart, "By the command line, as an officer does, each import a process of its own; the peak is the most that the kernel ever saw it use. "
            + "What the first of these files is too short for is the runtime's own room for garbage, which is the same for any longer file.");
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
