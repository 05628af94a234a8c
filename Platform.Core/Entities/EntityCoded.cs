using System.Buffers;
using System.Security.Cryptography;

namespace Platform.Core.Entities;

/// <summary>Texts that nobody can guess and that begin with their entity's code, so that looking one up never crosses entities.</summary>
internal static class EntityCoded
{
    // Crockford's base 32: no I, L, O, U, so that a code read aloud or typed from paper stays itself.
    const string Alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    static readonly SearchValues<char> Letters = SearchValues.Create(Alphabet);

    /// <summary>Whether <paramref name="text"/> has nothing but characters of a code.</summary>
    public static bool IsCode(ReadOnlySpan<char> text) => !text.ContainsAnyExcept(Letters);

    /// <summary><paramref name="length"/> random characters of five bits each.</summary>
    public static string Random(int length) => RandomNumberGenerator.GetString(Alphabet, length);

    /// <summary>A code of 130 random bits: <c>MZB-</c> and 26 characters.</summary>
    public static string New(string entityCode) => $"{entityCode}-{Random(26)}";

    /// <summary>The entity's code a text begins with, or null when it has not this form.</summary>
    public static string? EntityOf(string? text) =>
        text is { Length: 30 } && text[3] == '-' && IsCode(text.AsSpan(4)) ? text[..3] : null;
}
