using System.Reflection;
using Autofac;
using Microsoft.AspNetCore.Routing;
using Platform.Core.Plugins;

namespace Platform.Core.Hosting;

/// <summary>A module that comes with the host and not from <c>plugins/</c>.</summary>
internal interface IPlatformModule
{
    string Id { get; }

    Assembly Assembly => GetType().Assembly;

    void Register(ContainerBuilder builder);

    /// <summary>What it has for officers; as pure as a service's own description.</summary>
    void Describe(IOfficeDescription office)
    {
    }

    void Map(IEndpointRouteBuilder endpoints, ILifetimeScope root);
}
