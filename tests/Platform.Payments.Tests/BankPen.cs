using System.Security.Cryptography;
using System.Text;

namespace Platform.Payments.Tests;

/// <summary>Writes PagOnLine messages with a MAC of its own making: it shares no code with the product.</summary>
internal static class BankPen
{
    public const string Key = "b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1";

    public static string Return(string order, string esito = "OK", string key = Key) => Sign(
        $"numeroOrdine={order}&numeroCommerciante=9999888&stabilimento=99888&esito={esito}{(esito == "KO" ? "" : "&dataApprovazione=10.03.2026")}", "mac", key);

    public static string Listener(string order, string now, string before = "RO", string key = Key) => Sign(
        $"tipomessaggio=PAYMENT_STATE&datacreazione=10.03.2026 11:00:00&numeroCommerciante=9999888&stabilimento=99888&numeroOrdine={order}"
        + $"&statoprecedente={before}&statoattuale={now}&descrizione=CAMBIO DI STATO",
        "MAC", key);

    /// <summary>Signs text as it reads, and sends it URL-encoded.</summary>
    public static string Sign(string plain, string macName = "mac", string key = Key)
    {
        var encoded = string.Join('&', plain.Split('&').Select(pair => pair.Split('=', 2)).Select(pair => $"{pair[0]}={Encode(pair[1])}"));
        return $"{encoded}&{macName}={Uri.EscapeDataString(Mac(plain, key))}";
    }

    [System.Diagnostics.CodeAnalysis.SuppressMessage("Security", "CA5351", Justification = "The bank's protocol prescribes MD5.")]
    public static string Mac(string plain, string key = Key) => Convert.ToBase64String(MD5.HashData(Encoding.Latin1.GetBytes($"{plain}&{key}")));

    static string Encode(string value) =>
        string.Concat(Encoding.Latin1.GetBytes(value).Select(b => char.IsAsciiLetterOrDigit((char)b) || b is (byte)'.' or (byte)'-' or (byte)'_' ? ((char)b).ToString() : $"%{b:X2}"));
}
