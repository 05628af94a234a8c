using MimeKit;

namespace Platform.Core.Mail;

/// <summary>What may be an e-mail address.</summary>
internal static class MailAddress
{
    static readonly ParserOptions Strict = new() { AddressParserComplianceMode = RfcComplianceMode.Strict, AllowAddressesWithoutDomain = false, AllowUnquotedCommasInAddresses = false };

    public static bool IsOne(string text) => Of(text) is not null;

    /// <summary>The address alone, or null: <c>Name &lt;address&gt;</c>, lists, comments and line breaks are none.</summary>
    public static MailboxAddress? Of(string text)
    {
        text = text.Trim();
        return text.Length is >= 3 and <= 254 && !text.Any(letter => char.IsControl(letter) || char.IsWhiteSpace(letter) || letter is '<' or '>' or '(' or ')' or ',' or ';' or '"')
            && MailboxAddress.TryParse(Strict, text, out var address) && address.Address == text && address.Domain.Contains('.', StringComparison.Ordinal) ? address : null;
    }
}
