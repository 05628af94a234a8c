namespace Platform.Payments.Checkout;

/// <summary>What a payer may type as his e-mail. Whether it reaches him only a message can tell, so that this refuses just what cannot be an address.</summary>
internal static class PayerEmail
{
    public const int MaxLength = 254;

    public static bool IsOne(string? text) =>
        text is { Length: <= MaxLength } && text.IndexOf('@', StringComparison.Ordinal) is var at && at is >= 1 and <= 64 && at == text.LastIndexOf('@') && IsDomain(text.AsSpan(at + 1))
        && !text.Any(letter => char.IsWhiteSpace(letter) || char.IsControl(letter) || letter is '<' or '>' or '"' or '\'' or ',' or ';' or ':' or '\\' or '(' or ')' or '[' or ']');

    /// <summary>As two spellings of one address are compared: domains know no case, and no provider in use tells boxes apart by it.</summary>
    public static string Plain(string email) => email.Trim().ToLowerInvariant();

    static bool IsDomain(ReadOnlySpan<char> text)
    {
        if (text.Length < 3 || text[0] is '.' or '-' || text[^1] is '.' or '-' || text.IndexOf('.') < 0)
            return false;
        return text.IndexOf("..") < 0;
    }
}
