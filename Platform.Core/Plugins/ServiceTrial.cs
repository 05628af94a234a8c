using System.Text.RegularExpressions;
using Autofac;
using Autofac.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Identity;
using Platform.Core.Pages;

namespace Platform.Core.Plugins;

/// <summary>
/// Makes every part of a service once, in a scope of its own over the platform's container, and enumerates its endpoints and texts: what would
/// break at the first citizen breaks here, and nothing of the service is registered or migrated yet.
/// </summary>
internal static partial class ServiceTrial
{
    static readonly TimeSpan MayTake = TimeSpan.FromSeconds(10);

    /// <summary>What is wrong with the service, in words; null when all of it could be made.</summary>
    /// <param name="platform">A container with everything that the platform registers, and none of the services.</param>
    public static async Task<string?> Fault(ILifetimeScope platform, ServiceDescription service)
    {
        try
        {
            // On a thread of its own: a constructor that never ends must not keep the host from starting.
            return await Task.Run(() => Try(platform, service)).WaitAsync(MayTake);
        }
        catch (TimeoutException)
        {
            return $"its parts were not all made within {MayTake.TotalSeconds:0} seconds: a constructor does no work.";
        }
    }

    static async Task<string?> Try(ILifetimeScope platform, ServiceDescription service)
    {
        ILifetimeScope scope;
        try
        {
            scope = platform.BeginLifetimeScope(container => ModuleRegistration.Register(container, service));
        }
        catch (Exception wrong)
        {
            return $"its parts cannot be registered: {Cause(wrong)}";
        }
        try
        {
            scope.Resolve<CallContextHolder>().Context = new(EntityId.Centre, EntityId.Centre, service.Id, service.Id);
            foreach (var (type, make) in ModuleRegistration.Makers(service))
                try
                {
                    make(scope);
                }
                catch (Exception wrong)
                {
                    return $"{type.Name} cannot be made: {Cause(wrong)}";
                }
            try
            {
                var texts = TextCatalog.Of(service.Assembly).In(PageCultures.Italian);
                if (service.Desk.FirstOrDefault(page => page.Menu is { } key && texts[key] == key) is { } wordless)
                    return $"its page \"{wordless.Pattern}\" stands in the console's menu under the text \"{wordless.Menu}\", which is not in its Texts/it.json.";
                var routes = new TrialRoutes(scope.Resolve<IServiceProvider>());
                scope.Resolve<PageServer>().MapService(routes, service);
                scope.Resolve<ConsoleServer>().MapSection(routes, OfficeSection.Of(service));
                _ = routes.DataSources.Sum(source => source.Endpoints.Count);
            }
            catch (Exception wrong)
            {
                return $"its pages cannot be laid out: {Cause(wrong)}";
            }
        }
        finally
        {
            await Discard(scope);
        }
        return null;
    }

    static async Task Discard(ILifetimeScope scope)
    {
        try
        {
            await scope.DisposeAsync();
        }
        catch (Exception)
        {
            // It was made; how it goes is not asked here.
            return;
        }
    }

    static string Cause(Exception wrong)
    {
        for (var at = wrong; at is not null; at = at.InnerException)
            if (at is DependencyResolutionException && Missing().Match(at.Message) is { Success: true } found)
                return $"it asks for {found.Groups["wanted"].Value}, which nobody gives. A class of the service's own is named by service.Uses<...>() in Describe.";
        for (var at = wrong; at is not null; at = at.InnerException)
            if (at is InvalidDataException)
                return $"{nameof(InvalidDataException)}: {at.Message}";
        var cause = wrong.GetBaseException();
        return $"{cause.GetType().Name}: {cause.Message}";
    }

    // Autofac's own words; what does not fit them is told whole.
    [GeneratedRegex(@"Cannot resolve parameter '(?<wanted>[^']+?) \w+' of constructor", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Missing();

    sealed class TrialRoutes(IServiceProvider services) : IEndpointRouteBuilder
    {
        public IServiceProvider ServiceProvider => services;

        public ICollection<EndpointDataSource> DataSources { get; } = [];

        public IApplicationBuilder CreateApplicationBuilder() => new ApplicationBuilder(services);
    }
}
