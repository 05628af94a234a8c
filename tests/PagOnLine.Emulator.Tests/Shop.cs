using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace PagOnLine.Emulator.Tests;

/// <summary>A shop of the published test merchant, with signing code of its own: an error shared with the bank would go unseen.</summary>
internal static class Shop
{
    public static readonly string Secret = string.Concat(Enumerable.Repeat("b1", 25));

    private static readonly string[] PayerOrder =
    [
        "numeroCommerciante", "userID", "password", "numeroOrdine", "totaleOrdine", "valuta", "flagDeposito", "urlOk", "urlKo", "tipoRispostaApv", "flagRiciclaOrdine", "stabilimento",
    ];

    private static readonly string[] SampleOrder =
    [
        "numeroCommerciante", "stabilimento", "userID", "password", "numeroOrdine", "totaleOrdine", "valuta", "flagRiciclaOrdine", "flagDeposito", "tipoRispostaApv", "urlOk", "urlKo",
    ];

    [System.Diagnostics.CodeAnalysis.SuppressMessage("Security", "CA5351:Do Not Use Broken Cryptographic Algorithms", Justification = "The bank's protocol prescribes MD5.")]
    public static string Sign(string text)
        => Convert.ToBase64String(MD5.HashData([.. text.Select(character => (byte)character), (byte)'&', .. Encoding.ASCII.GetBytes(Secret)]));

    public static string Request(
        string order, long cents, bool sampleOrder = false, string site = "https://portale.example", string recycle = "N", string deposit = "Y", string kind = "click",
        string signed = "", string appended = "", params (string Name, string? Value)[] changes)
    {
        var values = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["numeroCommerciante"] = "9999888",
            ["stabilimento"] = "99888",
            ["userID"] = "9999888",
            ["password"] = "9999888",
            ["numeroOrdine"] = order,
            ["totaleOrdine"] = cents.ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["valuta"] = "978",
            ["flagDeposito"] = deposit,
            ["flagRiciclaOrdine"] = recycle,
            ["tipoRispostaApv"] = kind,
            ["urlOk"] = site + "/ok?via=bank&n=1",
            ["urlKo"] = site + "/ko",
        };
        foreach (var (name, value) in changes)
        {
            values[name] = value;
        }

        var sent = (sampleOrder ? SampleOrder : PayerOrder).Where(name => values[name] is not null).ToList();
        var mac = Sign(string.Join('&', sent.Select(name => $"{name}={values[name]}")) + signed);
        values["password"] = "qualunque";
        return "/initInsert.do?" + string.Join('&', sent.Select(name => $"{name}={WebUtility.UrlEncode(values[name])}")) + signed + "&mac=" + WebUtility.UrlEncode(mac) + appended;
    }

    /// <summary>The raw text before the MAC, decoded, is what the MAC must cover.</summary>
    public static bool Verifies(string raw, string macName = "mac")
    {
        var at = raw.IndexOf($"&{macName}=", StringComparison.Ordinal);
        return Sign(WebUtility.UrlDecode(raw[..at])) == WebUtility.UrlDecode(raw[(at + macName.Length + 2)..]);
    }
}
