using System.Diagnostics.CodeAnalysis;
using Platform.Core.Entities;

namespace Platform.Core.Identity;

/// <summary>
/// An Italian tax code (codice fiscale) whose check character is right: sixteen characters for a person (DM 23/12/1976, digits replaced by letters where two
/// persons would have the same: omocodia), eleven digits for a body. That it was ever issued, nobody can tell from it.
/// </summary>
public readonly record struct TaxCode
{
    const string Odd = "BAFHJNPRTVCESULDGIMOQKWZYX";   // value of A to Z in odd places, as the letter of that place in the alphabet: B is 1, A is 0
    const string Omocodia = "LMNPQRSTUV";              // stand for 0 to 9
    const string Months = "ABCDEHLMPRST";

    TaxCode(string value) => Value = value;

    /// <summary>Upper case, without spaces.</summary>
    public string Value { get; }

    /// <summary>Whether it is a person's.</summary>
    public bool IsPerson => Value?.Length == 16;

    /// <summary>Reads what people type: any case, with spaces between the parts.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out TaxCode code)
    {
        var typed = string.Concat((text ?? "").Where(c => !char.IsWhiteSpace(c))).ToUpperInvariant();
        var right = typed.Length == 11 ? EntityTaxCode.IsValid(typed) : IsRightPerson(typed);
        code = right ? new(typed) : default;
        return right;
    }

    public override string ToString() => Value ?? "";

    static bool IsRightPerson(string code)
    {
        if (code.Length != 16 || !code.All(char.IsAsciiLetterOrDigit))
            return false;
        // Six letters, year, month, day, letter and three digits of the birthplace, check letter.
        foreach (var place in (int[])[0, 1, 2, 3, 4, 5, 8, 11, 15])
            if (!char.IsAsciiLetter(code[place]))
                return false;
        foreach (var place in (int[])[6, 7, 9, 10, 12, 13, 14])
            if (!char.IsAsciiDigit(code[place]) && !Omocodia.Contains(code[place], StringComparison.Ordinal))
                return false;
        // Women's days count from 41.
        if (!Months.Contains(code[8], StringComparison.Ordinal) || (10 * Digit(code[9]) + Digit(code[10])) is not (>= 1 and <= 31 or >= 41 and <= 71))
            return false;
        var sum = 0;
        for (var i = 0; i < 15; i++)
        {
            var rank = char.IsAsciiDigit(code[i]) ? code[i] - '0' : code[i] - 'A';
            sum += i % 2 == 0 ? Odd[rank] - 'A' : rank;
        }
        return code[15] == 'A' + sum % 26;
    }

    static int Digit(char c) => char.IsAsciiDigit(c) ? c - '0' : Omocodia.IndexOf(c, StringComparison.Ordinal);
}
