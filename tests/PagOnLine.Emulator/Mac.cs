using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace PagOnLine.Emulator;

/// <summary>The protocol's signature: Base64(MD5(Latin-1(text + "&amp;" + secret))).</summary>
internal static class Mac
{
    [SuppressMessage("Security", "CA5351:Do Not Use Broken Cryptographic Algorithms", Justification = "The bank's protocol prescribes MD5.")]
    public static string Of(string text, string secret)
        => Convert.ToBase64String(MD5.HashData(Encoding.Latin1.GetBytes(text + "&" + secret)));

    public static bool Matches(string claimed, string text, string secret) => SameText(claimed, Of(text, secret));

    /// <summary>Compares in a time that does not tell how much of the two agrees.</summary>
    public static bool SameText(string one, string other)
        => CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(one), Encoding.UTF8.GetBytes(other));
}
