using Platform.Core.Entities;

namespace Platform.Payments.Checkout;

/// <summary>
/// The number by which bank, citizen and officer call a payment: creditor's code, 13 random characters, check digit — <c>URG-0123456789ABC-7</c>.
/// 19 characters of <c>[0-9A-Z-]</c>: PagOnLine forbids nothing of it, and neither <c>&amp;</c> nor <c>=</c> can smuggle a second field into a MAC.
/// </summary>
internal static class OrderNumber
{
    public static string New(string entityCode)
    {
        var random = EntityCoded.Random(13);
        return $"{entityCode}-{random}-{CheckDigit(entityCode, random)}";
    }

    /// <summary>The creditor's code, read from the text alone; null when the text is no order number of ours.</summary>
    public static string? EntityOf(string? text)
    {
        if (text is not { Length: 19 } || text[3] != '-' || text[17] != '-' || !EntityCoded.IsCode(text.AsSpan(4, 13)))
            return null;
        foreach (var letter in text.AsSpan(0, 3))
            if (letter is not ((>= '0' and <= '9') or (>= 'A' and <= 'Z')))
                return null;
        return text[18] == CheckDigit(text[..3], text.Substring(4, 13)) ? text[..3] : null;
    }

    /// <summary>Weighted sum modulo 11 of the base-36 values, 10 read as 0: catches any single wrong character but one case in eleven, and swaps.</summary>
    static char CheckDigit(string code, string random)
    {
        var sum = 0;
        var weight = 2;
        foreach (var letter in code + random)
            sum += weight++ * (letter <= '9' ? letter - '0' : letter - 'A' + 10);
        return (char)('0' + sum % 11 % 10);
    }
}
