using System.Security.Cryptography;
using System.Text;
using Platform.Core.Hosting;

namespace Platform.Payments.Checkout;

/// <summary>The addresses under which browsers and gateways find this host.</summary>
internal sealed class PublicAddress(PorticoOptions options)
{
    /// <summary>Set by the server once it listens, when the port was left to the system.</summary>
    public Uri Root { get; set; } = new(options.PublicAddress ?? options.Listen);

    /// <summary>Each payment's own: who was not sent to pay it does not know the last segment.</summary>
    public Uri ReturnFrom(string gateway, string statusCode) => new(Root, $"/pagamenti/{gateway}/ritorno/{ReturnKeyOf(statusCode)}");

    /// <summary>Whether a browser came back to the very address that was given to the gateway for this payment.</summary>
    public static bool IsReturnKey(string? key, string statusCode) =>
        key is not null && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(key), Encoding.ASCII.GetBytes(ReturnKeyOf(statusCode)));

    public Uri CheckOf(string code) => new(Root, $"/verifica/{code}");

    // 128 of the 130 secret bits of the payment's page, one way: the gateway that is told the key learns nothing of the page.
    static string ReturnKeyOf(string statusCode) => Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes($"return {statusCode}")).AsSpan(0, 16));
}
