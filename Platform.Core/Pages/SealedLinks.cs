using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.WebUtilities;
using Platform.Core.Commands;

namespace Platform.Core.Pages;

internal sealed class SealedLinks(IDataProtectionProvider protection, CallContextHolder call, TimeProvider clock) : ILinks
{
    public string Seal(string value, TimeSpan lifetime)
    {
        var text = Encoding.UTF8.GetBytes(value);
        var plain = new byte[8 + text.Length];
        BinaryPrimitives.WriteInt64BigEndian(plain, (clock.GetUtcNow() + lifetime).ToUnixTimeSeconds());
        text.CopyTo(plain, 8);
        return WebEncoders.Base64UrlEncode(Protector.Protect(plain));
    }

    public string? Open(string token)
    {
        try
        {
            var plain = Protector.Unprotect(WebEncoders.Base64UrlDecode(token));
            return BinaryPrimitives.ReadInt64BigEndian(plain) < clock.GetUtcNow().ToUnixTimeSeconds() ? null : Encoding.UTF8.GetString(plain.AsSpan(8));
        }
        catch (Exception altered) when (altered is CryptographicException or FormatException)
        {
            return null;
        }
    }

    IDataProtector Protector => protection.CreateProtector("links", call.Context.Module, call.Context.Creditor.ToString());
}
