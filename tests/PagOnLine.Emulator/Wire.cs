using System.Net;
using System.Text;

namespace PagOnLine.Emulator;

internal sealed record Field(string Name, string Value);

/// <summary>Name and value pairs in the order in which they travel: a dictionary would lose what the MAC depends on.</summary>
internal static class Wire
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static List<Field> Decode(string raw)
    {
        var fields = new List<Field>();
        foreach (var pair in raw.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            fields.Add(equals < 0 ? new Field(Text(pair), "") : new Field(Text(pair[..equals]), Text(pair[(equals + 1)..])));
        }

        return fields;
    }

    public static string Encode(IEnumerable<Field> fields)
        => string.Join('&', fields.Select(field => $"{field.Name}={WebUtility.UrlEncode(field.Value)}"));

    public static string Plain(IEnumerable<Field> fields) => string.Join('&', fields.Select(field => $"{field.Name}={field.Value}"));

    public static string? Value(this IEnumerable<Field> fields, string name) => fields.FirstOrDefault(field => field.Name == name)?.Value;

    // Shops of the time percent-encode in Latin-1, today's in UTF-8; Latin-1 letters are hardly ever valid UTF-8, so both can be told apart.
    private static string Text(string encoded)
    {
        var bytes = Encoding.Latin1.GetBytes(encoded);
        var decoded = WebUtility.UrlDecodeToBytes(bytes, 0, bytes.Length) ?? [];
        try
        {
            return StrictUtf8.GetString(decoded);
        }
        catch (DecoderFallbackException)
        {
            return Encoding.Latin1.GetString(decoded);
        }
    }
}
