using System.Globalization;
using System.Text;

namespace Portico.Benchmarks;

/// <summary>A row of the house's budgets.</summary>
/// <param name="Within">Null where there is no budget: a figure to know.</param>
internal sealed record Row(string Part, string What, string Budget, string Figure, bool? Within)
{
    public string Verdict => Within switch { true => "within", false => "**over**", null => "" };
}

/// <summary>What was measured, told as it comes and written down at the end.</summary>
internal sealed class Report(Action<string> tell)
{
    readonly List<Row> _rows = [];
    readonly List<(string Part, string Text)> _notes = [];

    public IReadOnlyList<Row> Rows => _rows;

    /// <summary>What is being done now.</summary>
    public void Doing(string what) => tell($"... {what}");

    public void Add(string part, string what, string budget, string figure, bool? within)
    {
        var row = new Row(part, what, budget, figure, within);
        _rows.Add(row);
        tell($"{row.What}: {row.Figure}{(within is null ? "" : $"   [{row.Budget}: {row.Verdict.Trim('*')}]")}");
    }

    /// <summary>A paragraph or a table below the rows of a part.</summary>
    public void Note(string part, string text)
    {
        _notes.Add((part, text));
        tell(text);
    }

    public string Markdown(Machine machine, string heading)
    {
        var page = new StringBuilder(heading).AppendLine();
        foreach (var (name, value) in machine.Facts)
            page.AppendLine(CultureInfo.InvariantCulture, $"- {name}: {value}");
        foreach (var part in _rows.Select(row => row.Part).Concat(_notes.Select(note => note.Part)).Distinct(StringComparer.Ordinal))
        {
            page.AppendLine().AppendLine(CultureInfo.InvariantCulture, $"## {part}").AppendLine();
            if (_rows.Any(row => row.Part == part))
                page.AppendLine("| What | Budget | Figure | Verdict |").AppendLine("|---|---|---|---|");
            foreach (var row in _rows.Where(row => row.Part == part))
                page.AppendLine(CultureInfo.InvariantCulture, $"| {row.What} | {row.Budget} | {row.Figure} | {row.Verdict} |");
            foreach (var (_, text) in _notes.Where(note => note.Part == part))
                page.AppendLine().AppendLine(text);
        }
        return page.ToString();
    }
}

/// <summary>Figures as people read them.</summary>
internal static class Figures
{
    public static double At(this IEnumerable<double> values, double share)
    {
        var sorted = values.Order().ToList();
        return sorted[Math.Max(0, (int)Math.Ceiling(share * sorted.Count) - 1)];
    }

    public static string Milliseconds(this double seconds) => (seconds * 1000).ToString(seconds < 0.01 ? "0.00 ms" : "0 ms", CultureInfo.InvariantCulture);

    public static string Seconds(this double seconds) => seconds.ToString("0.0 s", CultureInfo.InvariantCulture);

    public static string PerSecond(this double rate) => rate.ToString(rate < 100 ? "0.0/s" : "#,0/s", CultureInfo.InvariantCulture);

    public static string Percent(this double share) => share.ToString("0 %", CultureInfo.InvariantCulture);

    public static string Megabytes(this long bytes) => (bytes / 1e6).ToString("0 MB", CultureInfo.InvariantCulture);

    public static string Kilobytes(this long bytes) => (bytes / 1e3).ToString("0 kB", CultureInfo.InvariantCulture);

    public static string Whole(this int number) => number.ToString("#,0", CultureInfo.InvariantCulture);
}
