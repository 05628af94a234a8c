using System.Reflection;
using Autofac;
using FluentValidation;
using Platform.Core.Commands;
using Platform.Core.Events;

namespace Platform.Core.Plugins;

/// <summary>Puts what scanning finds in a module's assembly into the container: command handlers, validators and reactions.</summary>
internal static class ModuleRegistration
{
    public static void Register(ContainerBuilder builder, Assembly assembly)
    {
        foreach (var type in assembly.GetTypes().Where(type => type is { IsClass: true, IsAbstract: false, IsGenericTypeDefinition: false }))
            foreach (var contract in type.GetInterfaces().Where(contract => contract.IsGenericType))
            {
                var open = contract.GetGenericTypeDefinition();
                if (CommandPipeline.IsHandler(contract))
                    CommandPipeline.RegisterHandler(builder, type, contract);
                else if (open == typeof(IValidator<>))
                    builder.RegisterType(type).As(contract);
                else if (open == typeof(IReact<>))
                    builder.RegisterType(type).AsSelf();
            }
    }

    public static void Register(ContainerBuilder builder, ServiceDescription service)
    {
        Register(builder, service.Assembly);
        foreach (var page in service.Pages.Select(page => page.Page).Distinct())
            builder.RegisterType(page);
        foreach (var import in service.Imports)
            builder.RegisterType(import.Import);
        foreach (var type in service.Uses)
            builder.RegisterType(type).InstancePerLifetimeScope();
        foreach (var (contract, type) in service.Provides)
            builder.RegisterType(type).Keyed(service.Id, contract).InstancePerLifetimeScope();
    }
}
