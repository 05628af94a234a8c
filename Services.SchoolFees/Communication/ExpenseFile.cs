using System.Globalization;
using System.Text;
using Platform.Core.Identity;
using Platform.Core.Money;
using Platform.Core.Plugins;

namespace Services.SchoolFees.Communication;

/// <summary>What a file for the Agenzia delle Entrate tells of a pupil.</summary>
/// <param name="Type"><c>S</c> attendance of school, <c>N</c> nursery.</param>
/// <param name="SpentIn">The year that <paramref name="Refunded"/> was spent in; of an expense the year of the file.</param>
internal sealed record ExpenseRecord(string Pupil, string Payer, string Type, int SpentIn, Euro Spent, Euro Refunded);

/// <summary>The head of such a file.</summary>
/// <param name="Replaces">Number of the file that this one replaces or cancels; null of an ordinary one.</param>
internal sealed record ExpenseFileHead(string Issuer, int Year, string Kind, int Number, int? Replaces);

/// <summary>Our own layout of the yearly communication, which docs/school-fees.md describes: written and checked here, so that what is handed out was read by the same rules.</summary>
internal static class ExpenseFile
{
    public const int Version = 1;

    /// <summary>What the telematic channels of the Agenzia take at once.</summary>
    public const int MostBytes = 5 * 1024 * 1024;

    public static readonly string[] Kinds = ["ordinaria", "sostitutiva", "annullamento"];

    public static string Write(ExpenseFileHead head, IReadOnlyList<ExpenseRecord> records)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"A;{Version};{head.Issuer};{head.Year};{head.Kind};{head.Number};{head.Replaces}\n");
        foreach (var r in records)
            text.Append(CultureInfo.InvariantCulture, $"D;{r.Pupil};{r.Payer};{r.Type};{r.SpentIn};{r.Spent.Cents};{r.Refunded.Cents}\n");
        text.Append(CultureInfo.InvariantCulture, $"Z;{records.Count};{records.Sum(r => r.Spent.Cents)};{records.Sum(r => r.Refunded.Cents)}\n");
        return text.ToString();
    }

    /// <summary>What is wrong with a file, by line; nothing when it can be sent.</summary>
    public static IEnumerable<ImportError> Faults(string text)
    {
        if (Encoding.UTF8.GetByteCount(text) > MostBytes)
            yield return new(1, null, null, "Il file è più grande di 5 MB: dividilo.");
        if (!text.EndsWith('\n') || text.Contains('\r', StringComparison.Ordinal))
            yield return new(1, null, null, "Ogni riga finisce con un solo a capo (LF), anche l'ultima.");
        var lines = text.TrimEnd('\n').Split('\n');
        var head = lines[0].Split(';');
        if (Head(head) is { } wrong)
        {
            yield return new(1, null, null, wrong);
            yield break;
        }
        var (year, kind) = (int.Parse(head[3], CultureInfo.InvariantCulture), head[4]);
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        var (records, spent, refunded) = (0, 0L, 0L);
        for (var i = 1; i < lines.Length - 1; i++)
        {
            var fields = lines[i].Split(';');
            if (Detail(fields, year) is { } why)
            {
                yield return new(i + 1, null, lines[i].Length > 60 ? lines[i][..59] + "…" : lines[i], why);
                continue;
            }
            if (!seen.TryAdd(string.Join(';', fields[1..5]), i + 1))
                yield return new(i + 1, null, null, $"Alunno, pagante, tipo e anno sono gli stessi della riga {seen[string.Join(';', fields[1..5])]}.");
            (records, spent, refunded) = (records + 1, spent + long.Parse(fields[5], CultureInfo.InvariantCulture), refunded + long.Parse(fields[6], CultureInfo.InvariantCulture));
        }
        if (kind == "annullamento" ? records > 0 : records == 0)
            yield return new(1, null, null, kind == "annullamento" ? "Un annullamento non ha righe di dettaglio." : "Non c'è nessuna riga di dettaglio.");
        if (lines.Length < 2 || lines[^1] != string.Create(CultureInfo.InvariantCulture, $"Z;{records};{spent};{refunded}"))
            yield return new(lines.Length, null, null, $"L'ultima riga deve essere Z;{records};{spent};{refunded}: numero delle righe di dettaglio e somme, in centesimi.");
    }

    static string? Head(string[] fields) =>
        fields.Length != 7 || fields[0] != "A" || fields[1] != Version.ToString(CultureInfo.InvariantCulture) ? $"La prima riga è A;{Version};ente;anno;tipo;numero;sostituito."
        : !(TaxCode.TryParse(fields[2], out var issuer) && issuer.Value == fields[2] && !issuer.IsPerson) ? "Il codice fiscale dell'ente non è giusto."
        : Year(fields[3]) is null ? "L'anno non è giusto."
        : !Kinds.Contains(fields[4], StringComparer.Ordinal) ? $"Il tipo è uno di: {string.Join(", ", Kinds)}."
        : Whole(fields[5]) is not > 0 ? "Il numero comincia da 1."
        : fields[4] == "ordinaria" ? fields[6].Length > 0 ? "Una comunicazione ordinaria non ne sostituisce un'altra." : null
        : Whole(fields[6]) is not > 0 || Whole(fields[6]) >= Whole(fields[5]) ? "Manca il numero, più basso, della comunicazione sostituita o annullata." : null;

    static string? Detail(string[] fields, int year) =>
        fields.Length != 7 || fields[0] != "D" ? "Una riga di dettaglio è D;alunno;pagante;tipo;anno;speso;rimborsato."
        : !Person(fields[1]) ? "Il codice fiscale dell'alunno non è giusto."
        : !Person(fields[2]) ? "Il codice fiscale di chi ha pagato non è giusto."
        : fields[3] is not ("S" or "N") ? "Il tipo è S (frequenza scolastica) o N (nido)."
        : Year(fields[4]) is not { } spentIn || spentIn > year ? "L'anno della spesa non è giusto."
        : Whole(fields[5]) is not { } spent || Whole(fields[6]) is not { } refunded ? "Gli importi sono in centesimi, senza segno né virgola."
        : spentIn == year ? spent > 0 && refunded == 0 ? null : "Una spesa dell'anno è maggiore di zero; ciò che è stato restituito nell'anno è già tolto."
        : spent == 0 && refunded > 0 ? null : "Di un anno precedente si comunicano solo i rimborsi.";

    static bool Person(string field) => TaxCode.TryParse(field, out var code) && code.IsPerson && code.Value == field;

    static int? Year(string field) => Whole(field) is >= 2000 and <= 2100 and var year ? (int)year : null;

    static long? Whole(string field) => field.Length <= 12 && long.TryParse(field, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}

/// <summary>Checks a file of the layout, by line, and changes nothing.</summary>
[RequiresPermission("schoolfees.certify")]
internal sealed class VerifyExpenseFile : IImport
{
    public async Task<ImportReport> Run(ImportFile file, CancellationToken stop)
    {
        var bytes = new byte[ExpenseFile.MostBytes + 1];
        var length = await file.Content.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, stop);
        var text = Encoding.UTF8.GetString(bytes, 0, length);
        return new(text.Count(c => c == '\n'), 0, 0, 0, [.. ExpenseFile.Faults(text)]);
    }
}
