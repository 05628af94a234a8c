using System.Globalization;
using System.Runtime.CompilerServices;
using CsvHelper;
using Platform.Core.Identity;
using Platform.Core.Money;
using Platform.Core.Plugins;

namespace Services.SchoolFees.Imports;

/// <summary>A data line of a file; readers of its fields collect what is wrong with it, in words that say how to mend it.</summary>
/// <param name="line">In the file, the heading being 1.</param>
internal sealed class FileRow(int line, Func<string, string> field)
{
    readonly List<ImportError> _errors = [];

    public int Line => line;

    public IReadOnlyList<ImportError> Errors => _errors;

    public bool Has(string column) => field(column).Length > 0;

    /// <summary>As it stood in the file.</summary>
    public string Raw(string column) => field(column);

    public string Text(string column, int most = 120, bool required = true)
    {
        var text = field(column);
        if (text.Length == 0 && required)
            Add(column, "Il campo è vuoto ed è obbligatorio.");
        else if (text.Length > most)
            Add(column, $"Il testo è troppo lungo: al massimo {most} caratteri.");
        else if (text.Any(char.IsControl))
            Add(column, "Il testo va a capo o contiene caratteri che non si leggono. Toglili.");
        return text;
    }

    /// <summary>An identifier of the school office's own system, in upper case.</summary>
    public string Code(string column, int most = 40)
    {
        var text = field(column).ToUpperInvariant();
        if (text.Length == 0 || text.Length > most || !text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '/' or '-'))
            Add(column, $"Scrivi un codice di lettere senza accenti, cifre e . _ / -, da 1 a {most} caratteri.");
        return text;
    }

    public string Choice(string column, params string[] offered)
    {
        var text = field(column).ToLowerInvariant();
        if (!offered.Contains(text, StringComparer.Ordinal))
            Add(column, $"Scrivi una di queste parole: {string.Join(", ", offered)}.");
        return text;
    }

    public bool YesNo(string column)
    {
        switch (field(column).ToLowerInvariant())
        {
            case "sì" or "si" or "s":
                return true;
            case "" or "no" or "n":
                return false;
            default:
                Add(column, "Scrivi sì oppure no.");
                return false;
        }
    }

    public DateOnly Day(string column)
    {
        if (Parse(field(column)) is { } day)
            return day;
        Add(column, "Scrivi una data come 31/12/2026.");
        return default;
    }

    public DateOnly? OptionalDay(string column) => Has(column) ? Day(column) : null;

    /// <summary>A month, as its first day.</summary>
    public DateOnly Month(string column)
    {
        if (DateOnly.TryParseExact("1/" + field(column), "d/M/yyyy", CultureInfo.InvariantCulture, DateTimeStyles.None, out var month) && month.Year is > 2000 and < 2100)
            return month;
        Add(column, "Scrivi il mese come 09/2026.");
        return default;
    }

    public Euro Amount(string column)
    {
        if (ReadAmount(field(column)) is { } amount)
            return amount;
        Add(column, "Scrivi l'importo come 3,65.");
        return default;
    }

    public Euro? OptionalAmount(string column) => Has(column) ? Amount(column) : null;

    public string TaxCodeOf(string column)
    {
        if (TaxCode.TryParse(field(column), out var code) && code.IsPerson)
            return code.Value;
        Add(column, "Il codice fiscale non è giusto: sedici caratteri di una persona, con il carattere di controllo.");
        return "";
    }

    /// <summary>Whole numbers between spaces.</summary>
    public IReadOnlyList<int> Numbers(string column, int least, int most)
    {
        var numbers = new List<int>();
        foreach (var part in field(column).Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
                numbers.Add(number);
            else
            {
                Add(column, $"Scrivi numeri da {least} a {most}, separati da spazi.");
                break;
            }
        }
        return numbers;
    }

    /// <summary>Pairs <c>limite=valore</c> between spaces.</summary>
    public IReadOnlyList<(Euro Limit, Euro Value)> Pairs(string column)
    {
        var pairs = new List<(Euro, Euro)>();
        foreach (var part in field(column).Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var sides = part.Split('=');
            if (sides.Length == 2 && ReadAmount(sides[0]) is { } limit && ReadAmount(sides[1]) is { } value)
                pairs.Add((limit, value));
            else
            {
                Add(column, "Scrivi limite=importo, separati da spazi: 15000,00=3,65 25000,00=4,10.");
                break;
            }
        }
        return pairs;
    }

    public void Add(string? column, string message)
    {
        var value = column is null ? null : field(column);
        _errors.Add(new(line, column, value is { Length: > 60 } ? value[..59] + "…" : value, message));
    }

    static DateOnly? Parse(string text) =>
        DateOnly.TryParseExact(text, ["d/M/yyyy", "yyyy-MM-dd"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) && day.Year is > 1900 and < 2100 ? day : null;

    static Euro? ReadAmount(string text) => Euro.TryParse(text, out var amount) && amount.Cents <= 1_000_000_000 ? amount : null;
}

/// <summary>Reads a CSV file of the school office line by line: columns by name, <c>;</c> between them, UTF-8, UTF-16 with its mark, or Windows-1252.</summary>
internal static class RegisterFile
{
    const int LongestLine = 64 * 1024;

    /// <summary>The lines in order; one of number 1 with its error and nothing else when the file as a whole cannot be read.</summary>
    public static async IAsyncEnumerable<FileRow> Read(Stream file, IReadOnlyList<string> required, IReadOnlyList<string> optional, [EnumeratorCancellation] CancellationToken stop)
    {
        using var text = new StreamReader(file, Utf8OrWindows1252.Encoding, detectEncodingFromByteOrderMarks: true, 64 * 1024, leaveOpen: true);
        using var csv = CsvReader.Create(text, new CsvReaderOptions { Separator = ';', HasHeader = false, TrackLineNumbers = true, AllowLineBreaksInQuotes = false, TrimWhitespace = true, MaxRecordSize = LongestLine }, leaveOpen: true);
        Dictionary<string, int>? places = null;
        var width = 0;
        for (var line = 1; ; line++)
        {
            string? trouble = null;
            var more = false;
            try
            {
                more = await csv.ReadAsync(stop);
            }
            catch (CsvFormatException)
            {
                trouble = "Da qui il file non si legge: le virgolette non tornano, o la riga è troppo lunga.";
            }
            if (trouble is not null)
            {
                yield return Faulty(line, trouble);
                yield break;
            }
            if (!more)
            {
                if (places is null)
                    yield return Faulty(1, "Il file è vuoto.");
                yield break;
            }
            var fields = new string[csv.FieldCount];
            for (var i = 0; i < fields.Length; i++)
                fields[i] = csv.GetString(i).Trim();
            if (places is null)
            {
                if (Places(fields, required, optional, out var found) is { } problem)
                {
                    yield return Faulty(1, problem);
                    yield break;
                }
                (places, width) = (found, fields.Length);
                continue;
            }
            if (fields.All(value => value.Length == 0))
                continue;
            if (fields.Length != width)
            {
                yield return Faulty(line, $"La riga ha {fields.Length} colonne e l'intestazione {width}. Se un testo contiene il separatore, chiudilo tra virgolette.");
                continue;
            }
            var known = places;
            yield return new(line, column => known.TryGetValue(column, out var place) ? fields[place] : "");
        }
    }

    static FileRow Faulty(int line, string message)
    {
        var row = new FileRow(line, _ => "");
        row.Add(null, message);
        return row;
    }

    static string? Places(string[] fields, IReadOnlyList<string> required, IReadOnlyList<string> optional, out Dictionary<string, int> places)
    {
        places = new(StringComparer.Ordinal);
        for (var i = 0; i < fields.Length; i++)
        {
            var name = fields[i].ToLowerInvariant().Replace(' ', '_');
            if ((required.Contains(name, StringComparer.Ordinal) || optional.Contains(name, StringComparer.Ordinal)) && !places.TryAdd(name, i))
                return $"La colonna {name} c'è due volte. Lasciane una.";
        }
        var known = places;
        var missing = required.Where(column => !known.ContainsKey(column)).ToList();
        return missing.Count == 0 ? null : $"Mancano le colonne: {string.Join(", ", missing)}. La prima riga ha i nomi delle colonne, in qualsiasi ordine, separati da punto e virgola.";
    }
}
