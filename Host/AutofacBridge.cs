using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using Autofac;
using Autofac.Builder;
using Autofac.Core;
using Autofac.Core.Activators.Reflection;
using Autofac.Core.Registration;
using Autofac.Core.Resolving.Pipeline;
using Microsoft.Extensions.DependencyInjection;
using AnyKeyOfFramework = Microsoft.Extensions.DependencyInjection.KeyedService;
using FrameworkServiceKey = Microsoft.Extensions.DependencyInjection.ServiceKeyAttribute;
using KeyedService = Autofac.Core.KeyedService;

namespace Portico.Host;

/// <summary>Lets Autofac be the container of the ASP.NET host: the framework's registrations go into a <see cref="ContainerBuilder"/>, keyed ones included.</summary>
/// <remarks>
/// Answers as the framework's own container does, except: a failed construction is Autofac's <see cref="DependencyResolutionException"/> with the
/// framework's exception inside; a factory must not return null; of two satisfiable constructors the longer is taken without asking whether it covers the shorter.
/// </remarks>
/// <param name="configure">Registrations of our own, made after the framework's and so winning over them.</param>
internal sealed class AutofacBridge(Action<ContainerBuilder>? configure = null) : IServiceProviderFactory<ContainerBuilder>
{
    public ContainerBuilder CreateBuilder(IServiceCollection services)
    {
        var builder = new ContainerBuilder();
        Populate(builder, services);
        configure?.Invoke(builder);
        return builder;
    }

    /// <summary>Builds the container. Disposing the provider disposes the container and every singleton it made.</summary>
    public IServiceProvider CreateServiceProvider(ContainerBuilder containerBuilder) => new AutofacProvider(containerBuilder.Build());

    static void Populate(ContainerBuilder builder, IServiceCollection services)
    {
        builder.Register(c => new AutofacProvider(c.Resolve<ILifetimeScope>())).AsSelf()
            .As<IServiceProvider>().As<IServiceProviderIsService>().As<IServiceProviderIsKeyedService>().InstancePerLifetimeScope().ExternallyOwned();
        // Scopes are flat: one opened from a request must outlive that request.
        builder.Register(c => new AutofacProvider(c.Resolve<ILifetimeScope>())).As<IServiceScopeFactory>().SingleInstance().ExternallyOwned();
        builder.RegisterModule<FrameworkKeys>();
        builder.RegisterSource(new AnyKeys(services.Where(IsAnyKey).ToLookup(d => d.ServiceType)));
        foreach (var descriptor in services.Where(d => !IsAnyKey(d)))
        {
            if (!descriptor.ServiceType.IsGenericTypeDefinition)
                builder.RegisterComponent(Registration(descriptor, descriptor.ServiceType, ImplementationOf(descriptor), descriptor.ServiceKey));
            else
                Describe(builder.RegisterGeneric(ImplementationOf(descriptor)!), descriptor.Lifetime, descriptor.ServiceType, descriptor.ServiceKey);
        }
    }

    static bool IsAnyKey(ServiceDescriptor descriptor) => descriptor.IsKeyedService && descriptor.ServiceKey == AnyKeyOfFramework.AnyKey;

    static Type? ImplementationOf(ServiceDescriptor d) => d.IsKeyedService ? d.KeyedImplementationType : d.ImplementationType;

    static IComponentRegistration Registration(ServiceDescriptor d, Type service, Type? implementation, object? key)
    {
        if (implementation is not null)
            return Describe(RegistrationBuilder.ForType(implementation), d.Lifetime, service, key).CreateRegistration();
        if ((d.IsKeyedService ? d.KeyedImplementationInstance : d.ImplementationInstance) is { } instance)
            return Describe(RegistrationBuilder.ForDelegate(service, (_, _) => instance), d.Lifetime, service, key).ExternallyOwned().CreateRegistration();
        Func<IServiceProvider, object> make = d.IsKeyedService ? provider => d.KeyedImplementationFactory!(provider, key) : d.ImplementationFactory!;
        return Describe(RegistrationBuilder.ForDelegate(service, (c, _) => make(c.Resolve<IServiceProvider>())), d.Lifetime, service, key).CreateRegistration();
    }

    static IRegistrationBuilder<object, TData, TStyle> Describe<TData, TStyle>(
        IRegistrationBuilder<object, TData, TStyle> registration, ServiceLifetime lifetime, Type service, object? key)
    {
        registration = key is null ? registration.As(service) : registration.Keyed(key, service);
        return lifetime switch
        {
            ServiceLifetime.Singleton => registration.SingleInstance(),
            ServiceLifetime.Scoped => registration.InstancePerLifetimeScope(),
            _ => registration.InstancePerDependency(),
        };
    }

    internal static Service ServiceFor(Type type, object? key) =>
        key is null ? new TypedService(type) : new KeyedService(key == AnyKeyOfFramework.AnyKey ? KeyedService.AnyKey : key, type);

    /// <summary>What is registered for any key gets one registration per key asked for: Autofac's own fallback shares a singleton between keys.</summary>
    sealed class AnyKeys(ILookup<Type, ServiceDescriptor> descriptors) : IRegistrationSource
    {
        public bool IsAdapterForIndividualComponents => false;

        public IEnumerable<IComponentRegistration> RegistrationsFor(Service service, Func<Service, IEnumerable<ServiceRegistration>> registrationAccessor)
        {
            if (service is not KeyedService { ServiceType: var type, ServiceKey: var key } || KeyedService.IsAnyKey(key) || registrationAccessor(service).Any())
                return [];
            var closed = descriptors[type].Select(d => Registration(d, type, ImplementationOf(d), key));
            var open = !type.IsConstructedGenericType ? [] : descriptors[type.GetGenericTypeDefinition()]
                .Select(d => (Descriptor: d, Implementation: Close(ImplementationOf(d)!, type))).Where(d => d.Implementation is not null)
                .Select(d => Registration(d.Descriptor, type, d.Implementation, key));
            // Of a source's registrations Autofac takes the first; lists of keyed services leave out what is for any key.
            return open.Concat(closed).Reverse().Select(r => new ComponentRegistration(r.Id, r.Activator, r.Lifetime, r.Sharing, r.Ownership, r.Services, r.Metadata,
                RegistrationOptions.ExcludeFromCollections));
        }

        static Type? Close(Type implementation, Type service)
        {
            try
            {
                return implementation.MakeGenericType(service.GenericTypeArguments);
            }
            catch (ArgumentException)   // the constraints of this implementation do not hold
            {
                return null;
            }
        }
    }

    /// <summary>Obeys the framework's [ServiceKey] and [FromKeyedServices] in constructors, also of types registered with Autofac directly.</summary>
    sealed class FrameworkKeys : Autofac.Module
    {
        protected override void AttachToComponentRegistration(IComponentRegistryBuilder componentRegistry, IComponentRegistration registration)
        {
            if (registration.Activator is not ReflectionActivator || !registration.Activator.LimitType.GetConstructors().SelectMany(c => c.GetParameters()).Any(IsMarked))
                return;
            var own = registration.Services.OfType<KeyedService>().FirstOrDefault()?.ServiceKey;
            registration.PipelineBuilding += (_, pipeline) => pipeline.Use("framework keys", PipelinePhase.ParameterSelection, (context, next) =>
            {
                var asked = (context.Service as KeyedService)?.ServiceKey;
                context.ChangeParameters(context.Parameters.Prepend(new KeyParameter(asked is null || KeyedService.IsAnyKey(asked) ? own : asked)));
                next(context);
            });
        }

        static bool IsMarked(ParameterInfo p) => p.IsDefined(typeof(FrameworkServiceKey)) || p.IsDefined(typeof(FromKeyedServicesAttribute));
    }

    sealed class KeyParameter(object? key) : Parameter
    {
        public override bool CanSupplyValue(ParameterInfo pi, IComponentContext context, [NotNullWhen(true)] out Func<object?>? valueProvider)
        {
            valueProvider = null;
            if (pi.IsDefined(typeof(FrameworkServiceKey)) && key is not null)
            {
                valueProvider = () => pi.ParameterType.IsInstanceOfType(key) ? key
                    : throw new InvalidOperationException($"The service key of {pi.Member.DeclaringType} is no {pi.ParameterType}.");
            }
            else if (pi.GetCustomAttribute<FromKeyedServicesAttribute>() is { } from)
            {
                var wanted = ServiceFor(pi.ParameterType, from.LookupMode == ServiceKeyLookupMode.InheritKey ? key : from.Key);
                // An absent keyed service must not fall back to the unkeyed one, so this parameter is answered here in any case.
                valueProvider = () => context.IsRegisteredService(wanted) ? context.ResolveService(wanted) : pi.HasDefaultValue ? pi.DefaultValue
                    : throw new InvalidOperationException($"No service for {wanted} has been registered, which {pi.Member.DeclaringType} needs.");
            }
            return valueProvider is not null;
        }
    }
}

/// <summary>One lifetime scope seen through the framework's interfaces.</summary>
internal sealed class AutofacProvider(ILifetimeScope lifetime) : IKeyedServiceProvider, ISupportRequiredService, IServiceProviderIsKeyedService,
    IServiceScopeFactory, IServiceScope, IAsyncDisposable
{
    IServiceProvider IServiceScope.ServiceProvider => this;

    /// <summary>The scope behind this provider, for what only Autofac can do.</summary>
    internal ILifetimeScope Lifetime => lifetime;

    public object? GetService(Type serviceType) => lifetime.ResolveOptional(serviceType);

    public object GetRequiredService(Type serviceType) => GetService(serviceType) ?? throw Missing(serviceType, null);

    public object? GetKeyedService(Type serviceType, object? serviceKey)
    {
        if (serviceKey == AnyKeyOfFramework.AnyKey && !IsCollection(serviceType))
            throw new InvalidOperationException($"{serviceType} can be asked for by any key only as a collection.");
        return lifetime.ResolveOptionalService(AutofacBridge.ServiceFor(serviceType, serviceKey));
    }

    public object GetRequiredKeyedService(Type serviceType, object? serviceKey) => GetKeyedService(serviceType, serviceKey) ?? throw Missing(serviceType, serviceKey);

    public bool IsService(Type serviceType) => IsKeyedService(serviceType, null);

    public bool IsKeyedService(Type serviceType, object? serviceKey)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        if (serviceType.IsGenericTypeDefinition)
            return false;
        var service = AutofacBridge.ServiceFor(serviceType, serviceKey);
        // Autofac can make any array or list; to minimal APIs such a parameter is the request's body unless someone registered it.
        return IsCollection(serviceType) && !IsEnumerable(serviceType)
            ? lifetime.ComponentRegistry.ServiceRegistrationsFor(service).Skip(1).Any()
            : lifetime.ComponentRegistry.IsRegistered(service);
    }

    /// <summary>Opens a scope of its own, disposed by its caller.</summary>
    public IServiceScope CreateScope() => lifetime.BeginLifetimeScope().Resolve<AutofacProvider>();

    public void Dispose() => lifetime.Dispose();

    public ValueTask DisposeAsync() => lifetime.DisposeAsync();

    static InvalidOperationException Missing(Type type, object? key) => new($"No service for type '{type}'{(key is null ? "" : $" and key '{key}'")} has been registered.");

    static bool IsEnumerable(Type type) => type.IsConstructedGenericType && type.GetGenericTypeDefinition() == typeof(IEnumerable<>);

    static bool IsCollection(Type type) => type.IsArray || (type.IsConstructedGenericType && Collections.Contains(type.GetGenericTypeDefinition()));

    static readonly HashSet<Type> Collections = [typeof(IEnumerable<>), typeof(ICollection<>), typeof(IList<>), typeof(IReadOnlyCollection<>), typeof(IReadOnlyList<>)];
}
