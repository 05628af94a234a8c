using Autofac;
using Microsoft.Extensions.Logging;
using Platform.Core.Plugins;

namespace Platform.Payments.Gateways;

/// <summary>Every gateway of this host: the platform's own, and those that services bring, each under its service's id.</summary>
internal sealed class GatewayDirectory(IEnumerable<IPaymentGateway> own, ServiceCatalog catalog, ILifetimeScope root, ILogger<GatewayDirectory> log)
{
    readonly Lazy<IReadOnlyList<IPaymentGateway>> _all = new(() =>
    {
        var all = own.ToList();
        foreach (var service in catalog.Services.Where(service => service.Provides.Any(provided => provided.Contract == typeof(IPaymentGateway))))
            if (Bring(service.Id, root, log) is { } gateway)
            {
                // Its agreements must not become those of a bank that the platform knows.
                if (gateway.Id != service.Id || all.Exists(known => known.Id == gateway.Id))
                    log.LogError("The gateway \"{Gateway}\" of the service {Service} is not offered: it has to bear the service's own id, which must be no other gateway's.", gateway.Id, service.Id);
                else
                    all.Add(gateway);
            }
        return all;
    });

    public IReadOnlyList<IPaymentGateway> All => _all.Value;

    public IPaymentGateway? Find(string? id) => All.FirstOrDefault(gateway => gateway.Id == id);

    static ServiceGateway? Bring(string service, ILifetimeScope root, ILogger log)
    {
        try
        {
            // One for the host's life. It is of no call: what it asks for beyond the platform's singletons is not there when it is used.
            return ServiceGateway.Around(root.BeginLifetimeScope().ResolveKeyed<IPaymentGateway>(service), service, log);
        }
        catch (Exception wrong)
        {
            log.LogError(wrong, "The gateway of the service {Service} cannot be made and is not offered.", service);
            return null;
        }
    }
}
