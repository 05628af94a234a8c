using System.Globalization;
using System.Text;
using Platform.Core.Identity;
using Platform.Core.Storage;
using Platform.Payments.Checkout;

namespace Platform.Payments.Office.Search;

/// <summary>
/// The words by which officers find a payment, in the one form in which they are stored and asked for. The database keeps digests of them under a key of the
/// creditor; V8 writes the same words for payments that were there before.
/// </summary>
internal static class SearchWords
{
    const int MostNames = 6;

    /// <summary>Makes the creditor's key when it has none yet: to be sent before the first token of a transaction.</summary>
    public const string Key =
        """
        insert into payments.search_key (entity_id, key) values (@entity, sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))) on conflict (entity_id) do nothing;
        """;

    /// <summary>A notice or bill as a whole, and its last part: people type <c>V/2026/1042</c> or 1042.</summary>
    public static IEnumerable<string> OfReference(string reference) =>
        new[] { Letters(reference), Parts(reference).LastOrDefault("") }.Where(word => word.Length > 0).Distinct(StringComparer.Ordinal).Select(word => "r:" + word);

    public static IEnumerable<string> OfPerson(string? taxCode, string? name) => (taxCode is null ? [] : new[] { OfTaxCode(taxCode) }).Concat(OfName(name));

    public static string OfTaxCode(string taxCode) => "t:" + Letters(taxCode);

    public static string OfEmail(string email) => "e:" + email.Trim().ToLowerInvariant();

    /// <summary>Each name, and each two of them: a full name is found by one look-up in whichever order it is typed.</summary>
    public static IEnumerable<string> OfName(string? name)
    {
        var names = Names(name);
        return names.Select(one => "n:" + one).Concat(names.SelectMany((one, i) => names.Skip(i + 1).Select(other => Two(one, other))));
    }

    /// <summary>What an officer typed, as the word to look up and those that have to fit too; none when nothing can be found by it.</summary>
    public static IReadOnlyList<string> Of(string typed)
    {
        if (PayerEmail.IsOne(typed.Trim()))
            return [OfEmail(typed)];
        if (TaxCode.TryParse(typed, out var code))
            return [OfTaxCode(code.Value)];
        if (typed.Any(char.IsAsciiDigit) || typed.AsSpan().IndexOfAny('/', '-') >= 0)
            return Letters(typed) is { Length: > 0 } letters ? ["r:" + letters] : [];
        var names = Names(typed).OrderByDescending(one => one.Length).ToList();
        return names switch
        {
            [] => [],
            [var one] => ["n:" + one],
            [var one, var other, .. var more] => [Two(one, other), .. more.Select(name => "n:" + name)],
        };
    }

    /// <summary>Nothing of this person is found any more. Belongs into the transaction that redacts them.</summary>
    public static Task<int> Forget(IEntitySession session, Guid subject) =>
        session.Execute("delete from payments.search_token where entity_id = @entity and subject_id = @subject", new { entity = session.Entity, subject });

    static string Two(string one, string other) => "m:" + (string.CompareOrdinal(one, other) < 0 ? $"{one} {other}" : $"{other} {one}");

    /// <summary>In capitals without accents; <c>D'Angelo</c> is one name.</summary>
    static List<string> Names(string? name)
    {
        var plain = new StringBuilder();
        foreach (var letter in (name ?? "").Normalize(NormalizationForm.FormD))
            if (char.IsLetter(letter))
                plain.Append(char.ToUpperInvariant(letter));
            else if (letter is not ('\'' or '’' or '`') && CharUnicodeInfo.GetUnicodeCategory(letter) != UnicodeCategory.NonSpacingMark)
                plain.Append(' ');
        return [.. plain.ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries).Distinct(StringComparer.Ordinal).Take(MostNames)];
    }

    static string Letters(string text) => string.Concat(text.Where(char.IsAsciiLetterOrDigit)).ToUpperInvariant();

    static string[] Parts(string text) =>
        string.Concat(text.Select(letter => char.IsAsciiLetterOrDigit(letter) ? char.ToUpperInvariant(letter) : ' ')).Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
