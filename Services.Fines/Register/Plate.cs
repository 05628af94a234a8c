using System.Diagnostics.CodeAnalysis;

namespace Services.Fines.Register;

/// <summary>A number plate, Italian or foreign, without what people put between its parts: upper-case letters and digits, 2 to 15.</summary>
internal readonly record struct Plate(string Value)
{
    public static bool TryParse(string? text, [NotNullWhen(true)] out Plate? plate)
    {
        plate = null;
        Span<char> kept = stackalloc char[MaxLength];
        var length = 0;
        foreach (var c in (text ?? "").AsSpan().Trim())
        {
            if (char.IsWhiteSpace(c) || c is '-' or '.' or '·' or '–' or '*' or '•')
                continue;
            if (!char.IsAsciiLetterOrDigit(c) || length == MaxLength)
                return false;
            kept[length++] = char.ToUpperInvariant(c);
        }
        if (length < 2)
            return false;
        plate = new Plate(new string(kept[..length]));
        return true;
    }

    public override string ToString() => Value;

    internal const int MaxLength = 15;
}
