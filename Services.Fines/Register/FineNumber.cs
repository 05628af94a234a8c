using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Services.Fines.Register;

/// <summary>What a verbale is called on paper: series, year and number, unique within a creditor. Written <c>V/2026/1042</c>.</summary>
internal readonly partial record struct FineNumber(string Series, int Year, int Number)
{
    /// <summary>Reads what people copy from paper: any case, with slashes, dashes, dots or spaces between the parts, with leading zeros.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out FineNumber? number)
    {
        number = null;
        var match = Written().Match(text ?? "");
        if (!match.Success)
            return false;
        var year = int.Parse(match.Groups["year"].ValueSpan, CultureInfo.InvariantCulture);
        var digits = int.Parse(match.Groups["number"].ValueSpan, CultureInfo.InvariantCulture);
        if (year < FirstYear || digits == 0)
            return false;
        number = new FineNumber(match.Groups["series"].Value.ToUpperInvariant(), year, digits);
        return true;
    }

    /// <summary>What payments calls the rest of a payment of it that was too little, asked for the <paramref name="part"/>th time.</summary>
    public string Supplement(int part) => string.Create(CultureInfo.InvariantCulture, $"{this}/S{part}");

    /// <summary>Reads what payments calls a fine (part 0) or a rest of it.</summary>
    public static bool TryParseReference(string reference, out FineNumber name, out int part)
    {
        var at = reference.LastIndexOf("/S", StringComparison.Ordinal);
        part = 0;
        var known = at > 0 && reference.Count(letter => letter == '/') == 3
            ? int.TryParse(reference.AsSpan(at + 2), NumberStyles.None, CultureInfo.InvariantCulture, out part) & TryParse(reference[..at], out var number)
            : TryParse(reference, out number);
        name = number ?? default;
        return known;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Series}/{Year}/{Number}");

    /// <summary>The Codice della Strada has been in force since 1 January 1993.</summary>
    internal const int FirstYear = 1993;

    [GeneratedRegex(@"^\s*(?<series>[0-9A-Za-z]{1,6})[\s/.\-–—]+(?<year>[0-9]{4})[\s/.\-–—]+(?<number>[0-9]{1,9})\s*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Written();
}
