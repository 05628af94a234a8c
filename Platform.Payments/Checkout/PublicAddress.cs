using Platform.Core.Hosting;

namespace Platform.Payments.Checkout;

/// <summary>The addresses under which browsers and gateways find this host.</summary>
internal sealed class PublicAddress(PorticoOptions options)
{
    /// <summary>Set by the server once it listens, when the port was left to the system.</summary>
    public Uri Root { get; set; } = new(options.PublicAddress ?? options.Listen);

    public Uri ReturnFrom(string gateway) => new(Root, $"/pagamenti/{gateway}/ritorno");

    public Uri CheckOf(string code) => new(Root, $"/verifica/{code}");
}
