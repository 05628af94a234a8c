using System.Security.Cryptography;
using System.Text;

namespace Platform.Payments.Gateways.PagOnLine;

/// <summary>PagOnLine's message authentication code: MD5 over <c>name=value&amp;…&amp;secret</c> in Latin-1, as Base64 of the 16 raw bytes.</summary>
internal static class PagOnLineMac
{
    /// <param name="pairs">In the order in which they are sent, values raw and with the true password.</param>
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Security", "CA5351", Justification = "The protocol prescribes MD5; what it does not cover is bound by our own rows.")]
    public static string Of(IEnumerable<KeyValuePair<string, string>> pairs, string secret)
    {
        var text = string.Join('&', pairs.Select(pair => $"{pair.Key}={pair.Value}")) + "&" + secret;
        return Convert.ToBase64String(MD5.HashData(Encoding.Latin1.GetBytes(text)));
    }

    /// <summary>Compares in constant time. A sender that forgot to encode <c>+</c> is understood.</summary>
    public static bool Matches(string expected, string received) =>
        CryptographicOperations.FixedTimeEquals(Encoding.Latin1.GetBytes(expected), Encoding.Latin1.GetBytes(received.Replace(' ', '+')));
}

/// <summary>An URL-encoded message read in received order, in Latin-1.</summary>
internal sealed class PagOnLineFields
{
    readonly List<KeyValuePair<string, string>> _pairs;

    PagOnLineFields(List<KeyValuePair<string, string>> pairs, string? mac)
    {
        _pairs = pairs;
        Mac = mac;
    }

    /// <summary>The code at the end of the message, under <c>mac</c> or <c>MAC</c>: both are in use.</summary>
    public string? Mac { get; }

    /// <summary>What stands before the code, in received order: exactly this is what the code covers.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Signed => _pairs;

    public string? this[string name]
    {
        get
        {
            foreach (var (key, value) in _pairs)
                if (key == name)
                    return value;
            return null;
        }
    }

    /// <summary>
    /// Null when the bytes have not the form of a message: a broken escape, a name twice, an empty name, or <c>&amp;</c> or <c>=</c> inside a value,
    /// by which one value could pass for two under the code.
    /// </summary>
    public static PagOnLineFields? Read(ReadOnlySpan<byte> raw)
    {
        var pairs = new List<KeyValuePair<string, string>>();
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        string? mac = null;
        foreach (var range in raw.Split((byte)'&'))
        {
            var part = raw[range];
            var split = part.IndexOf((byte)'=');
            if (split <= 0 || Decode(part[..split]) is not { } name || Decode(part[(split + 1)..]) is not { } value)
                return null;
            if (!names.Add(name) || name.AsSpan().ContainsAny('&', '='))
                return null;
            if (name is "mac" or "MAC")
            {
                mac = value;
                continue;
            }
            if (mac is not null || value.AsSpan().ContainsAny('&', '=') || value.AsSpan().ContainsAnyInRange('\0', '\u001f'))
                return null;
            pairs.Add(new(name, value));
        }
        return new(pairs, mac);
    }

    static string? Decode(ReadOnlySpan<byte> encoded)
    {
        var bytes = new byte[encoded.Length];
        var length = 0;
        for (var i = 0; i < encoded.Length; i++)
        {
            switch (encoded[i])
            {
                case (byte)'%':
                    if (i + 2 >= encoded.Length || !char.IsAsciiHexDigit((char)encoded[i + 1]) || !char.IsAsciiHexDigit((char)encoded[i + 2]))
                        return null;
                    bytes[length++] = Convert.FromHexString(Encoding.ASCII.GetString(encoded.Slice(i + 1, 2)))[0];
                    i += 2;
                    break;
                case (byte)'+':
                    bytes[length++] = (byte)' ';
                    break;
                default:
                    bytes[length++] = encoded[i];
                    break;
            }
        }
        return Encoding.Latin1.GetString(bytes, 0, length);
    }
}
