using Autofac;

namespace Platform.Core.Hosting;

internal static class AutofacScope
{
    /// <summary>The lifetime scope behind the framework's view of a request's services.</summary>
    public static ILifetimeScope Autofac(this IServiceProvider services) =>
        (ILifetimeScope?)services.GetService(typeof(ILifetimeScope)) ?? throw new InvalidOperationException("This host does not run on Autofac.");
}
