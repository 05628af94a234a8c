using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;
using Platform.Core.Money;

namespace Platform.Payments.Settlement;

/// <summary>A movement of a bank account.</summary>
/// <param name="Id">The same for the same movement, whatever file brings it.</param>
/// <param name="Amount">Less than zero when money leaves.</param>
/// <param name="IsReversal">The bank takes an earlier movement back (<c>RvslInd</c>); the sign is that of this one.</param>
internal sealed record BankEntry(Guid Id, string Account, string Statement, DateOnly BookedOn, DateOnly ValueOn, Euro Amount, bool IsReversal, string Remittance)
{
    /// <summary>What a reference may be written as: each word, and two or three that stand beside each other, because banks break lines inside words.</summary>
    public string[] Words()
    {
        var words = Remittance.ToUpperInvariant().Split([.. Remittance.ToUpperInvariant().Where(letter => letter is not (>= 'A' and <= 'Z' or >= '0' and <= '9' or '-')).Distinct()],
            StringSplitOptions.RemoveEmptyEntries);
        return
        [
            .. Enumerable.Range(1, 3).SelectMany(length => Enumerable.Range(0, Math.Max(0, words.Length - length + 1)).Select(at => string.Concat(words.Skip(at).Take(length))))
                .Where(word => word.Length is >= 5 and <= 35).Distinct(StringComparer.Ordinal),
        ];
    }
}

/// <summary>
/// Reads bank statements as ISO 20022 CAMT.053, any of its versions: booked entries in euros, one per transaction where the entry is a batch whose
/// transactions name amounts that add up to it. Whole or not at all.
/// </summary>
internal static partial class CamtStatement
{
    public const int MostBytes = 32 << 20;
    const int MostEntries = 200_000;
    const int MostDepth = 40;

    /// <exception cref="FormatException">In Italian: why nothing of it was taken.</exception>
    public static IReadOnlyList<BankEntry> Read(byte[] bytes)
    {
        if (bytes.Length > MostBytes)
            throw new FormatException($"Il file supera {MostBytes >> 20} MiB.");
        var document = Load(bytes);
        var root = document.Root!;
        if (root.Name.LocalName != "Document" || !Namespace().IsMatch(root.Name.NamespaceName) || root.Elements().FirstOrDefault() is not { } message || message.Name.LocalName != "BkToCstmrStmt")
            throw new FormatException("Non è un estratto conto CAMT.053 (BkToCstmrStmt).");
        var entries = new List<BankEntry>();
        foreach (var statement in Children(message, "Stmt"))
            Read(statement, entries);
        if (!Children(message, "Stmt").Any())
            throw new FormatException("Il file non contiene estratti conto.");
        return entries;
    }

    static XDocument Load(byte[] bytes)
    {
        // No document types, no addresses that are followed: a statement needs neither.
        var safe = new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, MaxCharactersInDocument = MostBytes, MaxCharactersFromEntities = 0, IgnoreComments = true, IgnoreProcessingInstructions = true };
        try
        {
            // Read once by itself: a tree of endless depth is refused before it is built.
            using (var depth = XmlReader.Create(new MemoryStream(bytes), safe))
                while (depth.Read())
                    if (depth.Depth > MostDepth)
                        throw new FormatException("Il file è annidato troppo in profondità.");
            using var reader = XmlReader.Create(new MemoryStream(bytes), safe);
            return XDocument.Load(reader);
        }
        catch (XmlException wrong)
        {
            throw new FormatException($"Il file non è XML leggibile (riga {wrong.LineNumber}): è troncato, o contiene ciò che un estratto conto non ha.", wrong);
        }
    }

    static void Read(XElement statement, List<BankEntry> entries)
    {
        var id = Text(statement, "Id") ?? throw new FormatException("Un estratto conto non ha Id.");
        var page = Text(statement, "StmtPgntn", "PgNb") ?? Text(statement, "ElctrncSeqNb");
        var name = page is null ? id : $"{id}/{page}";
        var account = (Text(statement, "Acct", "Id", "IBAN") ?? "").Replace(" ", "", StringComparison.Ordinal).ToUpperInvariant();
        if (!IsIban(account))
            throw new FormatException($"Estratto conto {id}: il conto non ha un IBAN valido.");
        // Movements that read the same are two within a statement, and one in two copies of it.
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        long sum = 0;
        foreach (var entry in Children(statement, "Ntry"))
        {
            var status = Text(entry, "Sts", "Cd") ?? Text(entry, "Sts");
            if (status is not (null or "BOOK"))
                continue;
            var amount = Signed(entry, id);
            sum = checked(sum + amount.Cents);
            foreach (var part in Parts(entry, amount, id))
                entries.Add(Entry(entry, part.Detail, part.Amount, account, name, id, seen));
            if (entries.Count > MostEntries)
                throw new FormatException($"Il file contiene più di {MostEntries} movimenti.");
        }
        CheckBalances(statement, sum, id);
    }

    /// <summary>A batch booking comes as one entry whose transactions have amounts of their own; where these are not the entry, the entry stands.</summary>
    static List<(XElement? Detail, Euro Amount)> Parts(XElement entry, Euro amount, string id)
    {
        var details = Children(entry, "NtryDtls").SelectMany(details => Children(details, "TxDtls")).ToList();
        if (details.Count <= 1)
            return [(details.FirstOrDefault(), amount)];
        var parts = new List<(XElement?, Euro)>(details.Count);
        foreach (var detail in details)
        {
            var own = Child(detail, "Amt") ?? Child(detail, "AmtDtls", "TxAmt", "Amt");
            if (own is null || (string?)own.Attribute("Ccy") is not (null or "EUR"))
                return [(null, amount)];
            var cents = Cents(own, id);
            var direction = Text(detail, "CdtDbtInd") ?? Text(entry, "CdtDbtInd");
            parts.Add((detail, direction == "DBIT" ? new(-cents) : new(cents)));
        }
        return parts.Sum(part => part.Item2.Cents) == amount.Cents && parts.TrueForAll(part => part.Item2 != Euro.Zero) ? parts : [(null, amount)];
    }

    static BankEntry Entry(XElement entry, XElement? detail, Euro amount, string account, string statement, string id, Dictionary<string, int> seen)
    {
        var booked = Day(entry, "BookgDt", id) ?? Day(entry, "ValDt", id) ?? throw new FormatException($"Estratto conto {id}: un movimento non ha data.");
        var value = Day(entry, "ValDt", id) ?? booked;
        var where = detail is null ? Children(entry, "NtryDtls").SelectMany(details => Children(details, "TxDtls")).ToList() : [detail];
        var words = where.SelectMany(one => Child(one, "RmtInf")?.Descendants() ?? []).Where(element => !element.HasElements).Select(element => element.Value)
            .Concat(where.Select(one => Text(one, "Refs", "EndToEndId")))
            .Append(Text(entry, "AddtlNtryInf"))
            .Where(words => !string.IsNullOrWhiteSpace(words)).Select(words => words!.Trim()).Distinct(StringComparer.Ordinal);
        var remittance = string.Concat(string.Join(' ', words).Select(letter => char.IsControl(letter) ? ' ' : letter));
        if (remittance.Length > 2000)
            remittance = remittance[..(char.IsHighSurrogate(remittance[1999]) ? 1999 : 2000)];
        var bank = Text(detail, "Refs", "AcctSvcrRef") ?? Text(entry, "AcctSvcrRef");
        // With the bank's own reference a movement is the same in any statement; without, it is the same only in the same place of the same statement.
        var same = bank is null
            ? $"{account}|{statement}|{Text(entry, "NtryRef")}|{booked:yyyy-MM-dd}|{amount.Cents}|{Text(detail, "Refs", "EndToEndId")}|{remittance}"
            : $"{account}|{bank}|{booked:yyyy-MM-dd}|{amount.Cents}|{Text(detail, "Refs", "TxId") ?? Text(detail, "Refs", "EndToEndId")}";
        var nth = seen[same] = seen.GetValueOrDefault(same) + 1;
        return new(
            new Guid(SHA256.HashData(Encoding.UTF8.GetBytes($"{same}|{nth}")).AsSpan(0, 16)), account, statement.Length > 80 ? statement[..80] : statement, booked, value, amount,
            (Text(detail, "RvslInd") ?? Text(entry, "RvslInd")) is "true" or "1", remittance);
    }

    /// <summary>What a statement opens with and its entries come to what it closes with; a page between others names neither.</summary>
    static void CheckBalances(XElement statement, long sum, string id)
    {
        var balances = Children(statement, "Bal").Select(balance => (Code: Text(balance, "Tp", "CdOrPrtry", "Cd"), Balance: balance)).ToList();
        var opening = balances.FirstOrDefault(balance => balance.Code is "OPBD" or "PRCD").Balance;
        var closing = balances.FirstOrDefault(balance => balance.Code == "CLBD").Balance;
        if (opening is null || closing is null || Text(statement, "StmtPgntn", "PgNb") is { } page && !(page == "1" && Text(statement, "StmtPgntn", "LastPgInd") is "true" or "1"))
            return;
        if (checked(Signed(opening, id).Cents + sum) != Signed(closing, id).Cents)
            throw new FormatException($"Estratto conto {id}: saldo iniziale e movimenti non danno il saldo finale. Il file è incompleto o alterato.");
    }

    static Euro Signed(XElement element, string id)
    {
        var cents = Cents(Child(element, "Amt") ?? throw new FormatException($"Estratto conto {id}: manca un importo."), id);
        return Text(element, "CdtDbtInd") switch
        {
            "CRDT" => new(cents),
            "DBIT" => new(-cents),
            _ => throw new FormatException($"Estratto conto {id}: CdtDbtInd deve essere CRDT o DBIT."),
        };
    }

    static long Cents(XElement amount, string id)
    {
        if ((string?)amount.Attribute("Ccy") is not "EUR")
            throw new FormatException($"Estratto conto {id}: un importo non è in euro ({(string?)amount.Attribute("Ccy") ?? "senza valuta"}).");
        if (!AmountForm().IsMatch(amount.Value.Trim()))
            throw new FormatException($"Estratto conto {id}: \"{(amount.Value.Length > 30 ? amount.Value[..30] : amount.Value)}\" non è un importo in euro e centesimi.");
        // Five decimals are allowed by the standard; what is no whole cent was refused by the form.
        return checked((long)(decimal.Parse(amount.Value.Trim(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture) * 100));
    }

    static DateOnly? Day(XElement entry, string name, string id)
    {
        if ((Text(entry, name, "Dt") ?? Text(entry, name, "DtTm")) is not { } text)
            return null;
        return text.Length >= 10 && DateOnly.TryParseExact(text[..10], "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)
            ? day
            : throw new FormatException($"Estratto conto {id}: {name} non è una data.");
    }

    static bool IsIban(string text)
    {
        if (!IbanForm().IsMatch(text))
            return false;
        var rest = 0;
        foreach (var letter in text[4..] + text[..4])
            rest = (letter <= '9' ? rest * 10 + (letter - '0') : rest * 100 + (letter - 'A' + 10)) % 97;
        return rest == 1;
    }

    static IEnumerable<XElement> Children(XElement element, string name) => element.Elements().Where(child => child.Name.LocalName == name);

    static XElement? Child(XElement? element, params ReadOnlySpan<string> path)
    {
        foreach (var name in path)
            element = element is null ? null : Children(element, name).FirstOrDefault();
        return element;
    }

    static string? Text(XElement? element, params ReadOnlySpan<string> path) => Child(element, path) is { HasElements: false } found && found.Value.Trim() is { Length: > 0 } text ? text : null;

    [GeneratedRegex(@"^urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.[0-9]{2}\z", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Namespace();

    [GeneratedRegex(@"^[0-9]{1,13}(\.[0-9]{1,2}0{0,3})?\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex AmountForm();

    [GeneratedRegex(@"^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}\z", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex IbanForm();
}
