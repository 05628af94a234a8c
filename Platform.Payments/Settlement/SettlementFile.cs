using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Platform.Core.Money;
using Platform.Core.Plugins;
using Platform.Payments.Checkout;

namespace Platform.Payments.Settlement;

/// <summary>A batch (flusso) that a gateway hands over in one sum.</summary>
/// <param name="Net">Payments less reversals less fees: what the bank account must show.</param>
/// <param name="Digest">Of what it says, so that the same batch in another file is the same.</param>
internal sealed record SettlementBatch(string Name, DateOnly ValueOn, Euro Net, Euro Fees, byte[] Digest, IReadOnlyList<SettlementLine> Lines);

/// <summary>A payment that is handed over, one that is taken back again, or a refund of a part or the whole of one.</summary>
/// <param name="OrderNumber">Of a refund its own number.</param>
internal sealed record SettlementLine(int Number, SettlementLineKind Kind, string OrderNumber, Euro Gross, Euro Fee, DateOnly TakenOn);

internal enum SettlementLineKind
{
    Payment,
    Reversal,
    Refund,
}

/// <summary>
/// Reads the settlement file, version 1: docs/settlement.md. Whole or not at all: each batch announces how many lines it has and what they come to, and the
/// file ends with a line that says so, because half a file reads like a small one.
/// </summary>
internal sealed partial class SettlementFile
{
    public const int MostBytes = 32 << 20;
    const int MostErrors = 50;
    const int MostLineLength = 300;
    const string Header = "tipo;flusso;righe;ordine;importo;commissione;data";

    readonly List<ImportError> _errors = [];
    readonly Dictionary<string, Opened> _batches = new(StringComparer.Ordinal);
    int _line;

    /// <returns>The batches, or why the file is none; never both.</returns>
    public static (IReadOnlyList<SettlementBatch> Batches, IReadOnlyList<ImportError> Errors) Read(byte[] bytes)
    {
        var file = new SettlementFile();
        var batches = file.Batches(bytes);
        return file._errors.Count == 0 ? (batches, []) : ([], file._errors);
    }

    List<SettlementBatch> Batches(byte[] bytes)
    {
        if (bytes.Length > MostBytes)
            return Wrong(null, null, $"Il file supera {MostBytes >> 20} MiB: dividerlo per flussi.");
        string text;
        try
        {
            text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return Wrong(null, null, "Il file non è testo UTF-8.");
        }
        var ended = false;
        var opened = new List<Opened>();
        foreach (var range in text.AsSpan().Split('\n'))
        {
            _line++;
            var raw = text.AsSpan()[range].TrimEnd('\r');
            if (_line == 1)
            {
                if (!raw.TrimStart('\ufeff').SequenceEqual(Header))
                    return Wrong(null, Short(raw), $"La prima riga deve essere {Header}.");
                continue;
            }
            if (raw.Length == 0 && range.End.Value == text.Length)
                continue;
            if (raw.Length > MostLineLength || raw.Contains('"') || raw.Contains('\0'))
            {
                Wrong(null, Short(raw), $"La riga è più lunga di {MostLineLength} caratteri o contiene virgolette.");
                continue;
            }
            if (ended)
                return Wrong(null, Short(raw), "Dopo la riga Z non deve esserci altro.");
            var cells = raw.ToString().Split(';');
            if (cells.Length != 7)
                Wrong(null, Short(raw), "La riga deve avere 7 campi.");
            else if (cells[0] == "F")
                Open(cells, opened);
            else if (cells[0] is "P" or "S" or "R")
                Add(cells);
            else if (cells[0] == "Z")
                ended = Whole(cells, opened);
            else
                Wrong("tipo", cells[0], "Il tipo è F (flusso), P (pagamento), S (storno), R (rimborso) o Z (fine).");
            if (_errors.Count >= MostErrors)
                return [];
        }
        if (!ended && _errors.Count == 0)
            return Wrong("tipo", null, "Manca la riga Z: il file è troncato.");
        return [.. opened.Select(batch => batch.Close(this)).OfType<SettlementBatch>()];
    }

    void Open(string[] cells, List<Opened> opened)
    {
        if (!BatchName().IsMatch(cells[1]))
            Wrong("flusso", cells[1], "Da 5 a 35 lettere maiuscole, cifre e trattini.");
        else if (!Count(cells[2], out var lines) || lines == 0)
            Wrong("righe", cells[2], "Il numero di righe del flusso, almeno 1.");
        else if (cells[3].Length > 0)
            Wrong("ordine", cells[3], "La riga F non ha un ordine.");
        else if (!Amount(cells[4], signed: true, out var net))
            Wrong("importo", cells[4], "Il netto del flusso, con due decimali e la virgola; con il segno meno se il flusso toglie.");
        else if (!Amount(cells[5], signed: false, out var fees))
            Wrong("commissione", cells[5], "Il totale delle commissioni, con due decimali e la virgola, senza segno.");
        else if (!Day(cells[6], out var valueOn))
            Wrong("data", cells[6], "La data valuta: aaaa-mm-gg.");
        else
        {
            var batch = new Opened(_line, cells[1], lines, net, fees, valueOn);
            if (_batches.TryAdd(cells[1], batch))
                opened.Add(batch);
            else
                Wrong("flusso", cells[1], "Il flusso è già in questo file.");
        }
    }

    void Add(string[] cells)
    {
        if (!_batches.TryGetValue(cells[1], out var batch))
            Wrong("flusso", cells[1], "La riga F del flusso deve venire prima.");
        else if (!Count(cells[2], out var number) || number != batch.Lines.Count + 1)
            Wrong("righe", cells[2], $"Le righe di un flusso si contano da 1: qui {batch.Lines.Count + 1}.");
        else if (cells[0] == "R" ? !cells[3].StartsWith("R-", StringComparison.Ordinal) || OrderNumber.EntityOf(cells[3][2..]) is null : OrderNumber.EntityOf(cells[3]) is null)
            Wrong("ordine", cells[3], cells[0] == "R" ? "Non è il numero di un rimborso di Portico: R- e un numero d'ordine." : "Non è un numero d'ordine di Portico.");
        else if (!Amount(cells[4], signed: false, out var gross) || gross == Euro.Zero)
            Wrong("importo", cells[4], "Un importo maggiore di zero, con due decimali e la virgola, senza segno: uno storno si riconosce dal tipo S, un rimborso dal tipo R.");
        else if (!Amount(cells[5], signed: false, out var fee))
            Wrong("commissione", cells[5], "Con due decimali e la virgola, senza segno; 0,00 se non c'è.");
        else if (!Day(cells[6], out var takenOn))
            Wrong("data", cells[6], "Il giorno dell'operazione: aaaa-mm-gg.");
        else
            batch.Lines.Add(new(number, cells[0] switch { "S" => SettlementLineKind.Reversal, "R" => SettlementLineKind.Refund, _ => SettlementLineKind.Payment }, cells[3], gross, fee, takenOn));
    }

    bool Whole(string[] cells, List<Opened> opened)
    {
        if (cells.Skip(3).Any(cell => cell.Length > 0) || cells[1].Length > 0 || !Count(cells[2], out var batches) || batches != opened.Count)
            Wrong("righe", cells[2], $"La riga Z dice quanti flussi ha il file ({opened.Count}) e nient'altro.");
        return true;
    }

    List<SettlementBatch> Wrong(string? field, string? value, string message, int? line = null)
    {
        _errors.Add(new(line ?? _line, field, value is { Length: > 60 } ? value[..60] : value, message));
        return [];
    }

    static string Short(ReadOnlySpan<char> text) => text[..Math.Min(text.Length, 60)].ToString();

    static bool Count(string text, out int count) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out count) && count <= 1_000_000;

    static bool Day(string text, out DateOnly day) =>
        DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out day) && day.Year is >= 2000 and < 2100;

    /// <summary>Digits, comma, two digits; nothing that could be read in two ways.</summary>
    static bool Amount(string text, bool signed, out Euro amount)
    {
        amount = Euro.Zero;
        if (!Cents().IsMatch(text) || text[0] == '-' && !signed)
            return false;
        amount = new(long.Parse(text.Replace(",", "", StringComparison.Ordinal), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture));
        return true;
    }

    [GeneratedRegex(@"^[A-Z0-9][A-Z0-9-]{3,33}[A-Z0-9]\z", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex BatchName();

    [GeneratedRegex(@"^-?[0-9]{1,11},[0-9]{2}\z", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Cents();

    sealed record Opened(int At, string Name, int Announced, Euro Net, Euro Fees, DateOnly ValueOn)
    {
        public List<SettlementLine> Lines { get; } = [];

        public SettlementBatch? Close(SettlementFile file)
        {
            var fees = new Euro(Lines.Sum(line => line.Fee.Cents));
            var net = new Euro(Lines.Sum(line => line.Kind == SettlementLineKind.Payment ? line.Gross.Cents : -line.Gross.Cents)) - fees;
            if (Lines.Count != Announced)
                file.Wrong("righe", Lines.Count.ToString(CultureInfo.InvariantCulture), $"Il flusso {Name} annuncia {Announced} righe e ne ha {Lines.Count}.", At);
            else if (fees != Fees || net != Net)
                file.Wrong("importo", $"{net}", $"Il flusso {Name} annuncia {Net} netti e {Fees} di commissioni; le righe fanno {net} e {fees}.", At);
            else
                return new(Name, ValueOn, Net, Fees, Digest(), Lines);
            return null;
        }

        byte[] Digest()
        {
            var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"{Name};{ValueOn:yyyy-MM-dd};{Net.Cents};{Fees.Cents}\n");
            foreach (var line in Lines)
                // Digests of batches without refunds are as they were before there were any.
                text.Append(CultureInfo.InvariantCulture, $"{line.Kind switch { SettlementLineKind.Payment => "False", SettlementLineKind.Reversal => "True", _ => "Refund" }};{line.OrderNumber};{line.Gross.Cents};{line.Fee.Cents};{line.TakenOn:yyyy-MM-dd}\n");
            return SHA256.HashData(Encoding.ASCII.GetBytes(text.ToString()));
        }
    }
}
