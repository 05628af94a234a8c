using System.Runtime.CompilerServices;
using System.Text;
using CsvHelper;
using Platform.Core.Pages;
using Platform.Core.Plugins;
using Services.Fines.Register;

namespace Services.Fines;

/// <summary>A data line as read: either a fine or what is wrong with it.</summary>
/// <param name="IsData">False for what concerns the file as a whole.</param>
internal sealed record ReadLine(FineLine? Fine, IReadOnlyList<ImportError> Errors, SourceLine Source, bool IsData = true);

/// <summary>Reads a CSV file of fines line by line, whatever its size: columns by name, <c>;</c>, <c>,</c> or a tab between them, UTF-8, UTF-16 with its mark, or Windows-1252.</summary>
internal static class FinesFile
{
    const int LongestHeading = 64 * 1024;

    static readonly char[] Separators = [';', ',', '\t'];

    /// <summary>The lines in order. A file that cannot be read at all gives one line of number 1 with its error and nothing else.</summary>
    public static async IAsyncEnumerable<ReadLine> Read(Stream file, DateOnly today, Texts texts, [EnumeratorCancellation] CancellationToken stop)
    {
        using var text = new StreamReader(file, Utf8OrWindows1252.Encoding, detectEncodingFromByteOrderMarks: true, 64 * 1024, leaveOpen: true);
        var before = 1;
        var heading = Heading(text, texts, out var problem);
        char? said = null;
        // Excel's own way to say what stands between the columns.
        if (heading is ['s', 'e', 'p', '=', var between and (';' or ',' or '\t')])
        {
            said = between;
            heading = Heading(text, texts, out problem);
            before = 2;
        }
        var separator = said ?? Separators.MaxBy(mark => heading?.Count(c => c == mark) ?? 0);
        var columns = heading is null ? null : Columns.Find(heading, separator, texts, out problem);
        if (columns is null)
        {
            yield return new(null, [FineLineReader.Error(1, null, null, problem!)], SourceLine.None, IsData: false);
            yield break;
        }

        var badQuotes = false;
        using var csv = CsvReader.Create(text, new CsvReaderOptions
        {
            Separator = separator,
            HasHeader = false,
            TrackLineNumbers = true,
            AllowLineBreaksInQuotes = false,   // one bad quote must not swallow the lines after it
            TrimWhitespace = true,
            PoolStrings = true,                // series and places repeat; the series are kept to the end
            MaxRecordSize = 1024 * 1024,
            OnMalformedRecord = record => badQuotes |= record.Reason != CsvMalformedReason.FieldCountMismatch,
        }, leaveOpen: true);
        var seen = new SeenNumbers();
        while (true)
        {
            badQuotes = false;
            var more = false;
            var broken = false;
            try
            {
                more = await csv.ReadAsync(stop);
            }
            catch (CsvFormatException)
            {
                broken = true;
            }
            var line = checked((int)csv.LineNumber + before);   // the heading was read before
            if (broken)
            {
                yield return Bad(line, null, SourceLine.None, texts["file.cut"]);
                yield break;
            }
            if (!more)
                yield break;
            if (!IsBlank(csv))
                yield return ReadOne(csv, line, columns, badQuotes, today, texts, seen);
        }
    }

    // Not by ReadLine: a file of one endless line would be held in memory whole.
    static string? Heading(StreamReader text, Texts texts, out string? problem)
    {
        var heading = new StringBuilder();
        problem = null;
        while (heading.Length < LongestHeading)
        {
            var next = text.Read();
            if (next is '\r' && text.Peek() == '\n')
                next = text.Read();
            if (next is -1 or '\r' or '\n')
            {
                var line = heading.ToString();
                problem = line.StartsWith("PK\u0003\u0004", StringComparison.Ordinal) ? texts["file.sheet"]
                    : line.Contains('\0', StringComparison.Ordinal) ? texts["file.nottext"]
                    : string.IsNullOrWhiteSpace(line) ? texts["file.empty"]
                    : null;
                return problem is null ? line : null;
            }
            heading.Append((char)next);
        }
        problem = texts["file.heading.long"];
        return null;
    }

    static ReadLine ReadOne(CsvReader csv, int line, Columns columns, bool badQuotes, DateOnly today, Texts texts, SeenNumbers seen)
    {
        var fields = new string[csv.FieldCount];
        for (var i = 0; i < fields.Length; i++)
            fields[i] = Plain(csv.GetString(i).Trim());
        var source = new SourceLine(columns.Names, fields);
        if (badQuotes)
            return Bad(line, null, source, texts["line.quotes"]);
        if (fields.Length != columns.Width)
            return Bad(line, null, source, texts["line.width", fields.Length, columns.Width]);

        var fine = FineLineReader.Read(line, column => columns.Of(column) is { } place ? fields[place] : "", today, texts, out var errors, source);
        if (fine is null)
            return new(null, errors, source);
        if (seen.Add(fine.Name, line) is { } before)
            return Bad(line, fine.Name.ToString(), source, texts["line.twice", before]);
        return new(fine, [], source);
    }

    // Our own sheets put an apostrophe before what a spreadsheet would run; a mended one comes back with it.
    static string Plain(string field) => field is ['\'', '=' or '+' or '-' or '@', ..] ? field[1..] : field;

    static bool IsBlank(CsvReader csv)
    {
        for (var i = 0; i < csv.FieldCount; i++)
        {
            if (!csv.GetSpan(i).IsEmpty)
                return false;
        }
        return true;
    }

    static ReadLine Bad(int line, string? value, SourceLine source, string message) => new(null, [FineLineReader.Error(line, null, value, message)], source);

    /// <summary>Which column stands where.</summary>
    sealed class Columns(string[] names, Dictionary<string, int> places)
    {
        public int Width => names.Length;

        public IReadOnlyList<string> Names => names;

        /// <summary>Null where the file leaves an optional column out.</summary>
        public int? Of(string column) => places.TryGetValue(column, out var place) ? place : null;

        public static Columns? Find(string heading, char separator, Texts texts, out string? problem)
        {
            using var names = CsvReader.FromText(heading, new CsvReaderOptions { Separator = separator, HasHeader = false, TrimWhitespace = true });
            names.Read();
            var places = new Dictionary<string, int>(StringComparer.Ordinal);
            var all = new string[names.FieldCount];
            for (var i = 0; i < names.FieldCount; i++)
            {
                var name = names.GetString(i).Trim().ToLowerInvariant().Replace(' ', '_');
                all[i] = name;
                if (FineColumns.Knows(name) && !places.TryAdd(name, i))
                {
                    problem = texts["file.column.twice", name];
                    return null;
                }
            }
            var missing = FineColumns.Required.Where(column => !places.ContainsKey(column)).ToList();
            problem = missing.Count == 0 ? null
                : texts[missing.Count == 1 ? "file.column.missing" : "file.columns.missing", string.Join(", ", missing)];
            return problem is null ? new(all, places) : null;
        }
    }
}

/// <summary>UTF-8 in which every byte that is not UTF-8 is taken for Windows-1252, as spreadsheets still write it. It needs no second look at the file.</summary>
/// <remarks>Letters with accents in Windows-1252 stand before ASCII nearly always, and that is never valid UTF-8.</remarks>
internal static class Utf8OrWindows1252
{
    public static Encoding Encoding { get; } = Encoding.GetEncoding("utf-8", EncoderFallback.ReplacementFallback, new Fallback());

    sealed class Fallback : DecoderFallback
    {
        public override int MaxCharCount => 4;

        public override DecoderFallbackBuffer CreateFallbackBuffer() => new Buffer();
    }

    sealed class Buffer : DecoderFallbackBuffer
    {
        static readonly Encoding Western = CodePagesEncodingProvider.Instance.GetEncoding(1252)!;

        string _chars = "";
        int _next;

        public override int Remaining => _chars.Length - _next;

        public override bool Fallback(byte[] bytesUnknown, int index)
        {
            _chars = Western.GetString(bytesUnknown);
            _next = 0;
            return _chars.Length > 0;
        }

        public override char GetNextChar() => _next < _chars.Length ? _chars[_next++] : '\0';

        public override bool MovePrevious()
        {
            if (_next == 0)
                return false;
            _next--;
            return true;
        }

        public override void Reset() => (_chars, _next) = ("", 0);
    }
}

/// <summary>At which line each number of the file stood. Numbers come nearly without gaps, so that they are kept by the sixteen.</summary>
internal sealed class SeenNumbers
{
    const int PerPage = 16;

    readonly Dictionary<(string Series, int Year, int Page), int[]> _pages = [];

    /// <summary>The line where the number stood before; null the first time.</summary>
    public int? Add(FineNumber name, int line)
    {
        var (page, place) = Math.DivRem(name.Number, PerPage);
        if (!_pages.TryGetValue((name.Series, name.Year, page), out var lines))
            _pages.Add((name.Series, name.Year, page), lines = new int[PerPage]);
        var before = lines[place];
        if (before != 0)
            return before;
        lines[place] = line;
        return null;
    }
}
