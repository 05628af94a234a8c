using System.Runtime.CompilerServices;
using System.Text;
using CsvHelper;
using Platform.Core.Plugins;
using Services.Fines.Register;

namespace Services.Fines;

/// <summary>A data line as read: either a fine or what is wrong with it.</summary>
/// <param name="IsData">False for what concerns the file as a whole.</param>
internal sealed record ReadLine(FineLine? Fine, IReadOnlyList<ImportError> Errors, bool IsData = true);

/// <summary>Reads a CSV file of fines line by line, whatever its size: columns by name, <c>;</c> or <c>,</c> between them, UTF-8 or Windows-1252.</summary>
internal static class FinesFile
{
    /// <summary>The lines in order. A file that cannot be read at all gives one line of number 1 with its error and nothing else.</summary>
    public static async IAsyncEnumerable<ReadLine> Read(Stream file, DateOnly today, [EnumeratorCancellation] CancellationToken stop)
    {
        using var text = new StreamReader(file, Utf8OrWindows1252.Encoding, detectEncodingFromByteOrderMarks: true, 64 * 1024, leaveOpen: true);
        var heading = await text.ReadLineAsync(stop);
        if (string.IsNullOrWhiteSpace(heading))
        {
            yield return Unreadable("Il file è vuoto, o la prima riga non ha i nomi delle colonne.");
            yield break;
        }
        var separator = heading.Count(c => c == ';') >= heading.Count(c => c == ',') ? ';' : ',';
        var columns = Columns.Find(heading, separator, out var problem);
        if (columns is null)
        {
            yield return Unreadable(problem!);
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
        var seen = new Dictionary<FineNumber, int>();
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
            var line = checked((int)csv.LineNumber + 1);   // the heading was read before
            if (broken)
            {
                yield return Bad(line, null, "Da qui in poi il file non si legge: una riga è troppo lunga per essere un verbale. Le righe seguenti non sono state caricate.");
                yield break;
            }
            if (!more)
                yield break;
            if (!IsBlank(csv))
                yield return ReadOne(csv, line, columns, badQuotes, today, seen);
        }
    }

    static ReadLine ReadOne(CsvReader csv, int line, Columns columns, bool badQuotes, DateOnly today, Dictionary<FineNumber, int> seen)
    {
        if (badQuotes)
            return Bad(line, null, "Le virgolette non tornano. Se un testo le contiene, scrivile doppie e chiudi il testo tra virgolette, senza andare a capo.");
        if (csv.FieldCount != columns.Width)
            return Bad(line, null, $"La riga ha {csv.FieldCount} colonne e l'intestazione {columns.Width}. Se un testo o un importo contiene il separatore, chiudilo tra virgolette.");

        var fine = FineLineReader.Read(line, column => columns.Of(column) is { } place ? csv.GetString(place).Trim() : "", today, out var errors);
        if (fine is null)
            return new(null, errors);
        if (!seen.TryAdd(fine.Name, line))
            return Bad(line, fine.Name.ToString(), $"Lo stesso verbale è già alla riga {seen[fine.Name]}. Lascia una sola riga.");
        return new(fine, []);
    }

    static bool IsBlank(CsvReader csv)
    {
        for (var i = 0; i < csv.FieldCount; i++)
        {
            if (!csv.GetSpan(i).IsEmpty)
                return false;
        }
        return true;
    }

    static ReadLine Unreadable(string message) => Bad(1, null, message) with { IsData = false };

    static ReadLine Bad(int line, string? value, string message) => new(null, [FineLineReader.Error(line, null, value, message)]);

    /// <summary>Which column stands where.</summary>
    sealed class Columns(int width, Dictionary<string, int> places)
    {
        public int Width => width;

        /// <summary>Null where the file leaves an optional column out.</summary>
        public int? Of(string column) => places.TryGetValue(column, out var place) ? place : null;

        public static Columns? Find(string heading, char separator, out string? problem)
        {
            using var names = CsvReader.FromText(heading, new CsvReaderOptions { Separator = separator, HasHeader = false, TrimWhitespace = true });
            names.Read();
            var places = new Dictionary<string, int>(StringComparer.Ordinal);
            for (var i = 0; i < names.FieldCount; i++)
            {
                var name = names.GetString(i).Trim().ToLowerInvariant().Replace(' ', '_');
                if ((FineColumns.Required.Contains(name, StringComparer.Ordinal) || FineColumns.Optional.Contains(name, StringComparer.Ordinal)) && !places.TryAdd(name, i))
                {
                    problem = $"La colonna {name} c'è due volte. Lasciane una.";
                    return null;
                }
            }
            var missing = FineColumns.Required.Where(column => !places.ContainsKey(column)).ToList();
            problem = missing.Count == 0 ? null
                : $"{(missing.Count == 1 ? "Manca la colonna" : "Mancano le colonne")}: {string.Join(", ", missing)}. "
                  + "La prima riga deve avere i nomi delle colonne, in qualsiasi ordine, separati da punto e virgola o da virgola.";
            return problem is null ? new(names.FieldCount, places) : null;
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
