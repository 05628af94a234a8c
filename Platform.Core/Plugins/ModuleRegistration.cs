using System.Reflection;
using Autofac;
using FluentValidation;
using Platform.Core.Commands;
using Platform.Core.Events;

namespace Platform.Core.Plugins;

/// <summary>Puts what scanning finds in a module's assembly into the container: command handlers, validators and reactions.</summary>
internal static class ModuleRegistration
{
    /// <summary>The classes that scanning finds, each with the contract it fulfils; once per contract.</summary>
    public static IEnumerable<(Type Type, Type Contract)> Contracts(Assembly assembly) =>
        from type in assembly.GetTypes()
        where type is { IsClass: true, IsAbstract: false, IsGenericTypeDefinition: false }
        from contract in type.GetInterfaces()
        where contract.IsGenericType && (CommandPipeline.IsHandler(contract) || contract.GetGenericTypeDefinition() is var open && (open == typeof(IValidator<>) || open == typeof(IReact<>)))
        select (type, contract);

    public static void Register(ContainerBuilder builder, Assembly assembly)
    {
        foreach (var (type, contract) in Contracts(assembly))
            if (CommandPipeline.IsHandler(contract))
                CommandPipeline.RegisterHandler(builder, type, contract);
            else if (contract.GetGenericTypeDefinition() == typeof(IValidator<>))
                builder.RegisterType(type).As(contract);
            else
                builder.RegisterType(type).AsSelf();
    }

    public static void Register(ContainerBuilder builder, ServiceDescription service)
    {
        Register(builder, service.Assembly);
        foreach (var page in service.Pages.Select(page => page.Page).Concat(service.Desk.Select(page => page.Page)).Distinct())
            builder.RegisterType(page);
        foreach (var import in service.Imports)
            builder.RegisterType(import.Import).OnActivating(made => RequiredPermission.Ask(made.Context, import.Import));
        foreach (var command in service.Office.Select(verb => verb.Command).Distinct())
            builder.RegisterType(command).OnActivating(made => RequiredPermission.Ask(made.Context, command));
        foreach (var job in service.Jobs)
            builder.RegisterType(job.Job);
        foreach (var type in service.Uses)
            builder.RegisterType(type).InstancePerLifetimeScope();
        foreach (var (contract, type) in service.Provides)
            builder.RegisterType(type).Keyed(service.Id, contract).InstancePerLifetimeScope();
    }

    /// <summary>How each part that <see cref="Register(ContainerBuilder, ServiceDescription)"/> registers is asked for.</summary>
    public static IEnumerable<(Type Type, Func<ILifetimeScope, object> Make)> Makers(ServiceDescription service)
    {
        foreach (var type in service.Uses)
            yield return (type, scope => scope.Resolve(type));
        foreach (var (contract, type) in service.Provides)
            yield return (type, scope => scope.ResolveKeyed(service.Id, contract));
        foreach (var (type, contract) in Contracts(service.Assembly))
            if (CommandPipeline.IsHandler(contract))
                yield return (type, scope => CommandPipeline.ResolveHandler(scope, contract));
            else if (contract.GetGenericTypeDefinition() == typeof(IValidator<>))
                yield return (type, scope => scope.Resolve(typeof(IEnumerable<>).MakeGenericType(contract)));
            else
                yield return (type, scope => scope.Resolve(type));
        foreach (var page in service.Pages.Select(page => page.Page).Concat(service.Desk.Select(page => page.Page)).Distinct())
            yield return (page, scope => scope.Resolve(page));
        foreach (var import in service.Imports)
            yield return (import.Import, scope => scope.Resolve(import.Import));
        foreach (var command in service.Office.Select(verb => verb.Command).Distinct())
            yield return (command, scope => scope.Resolve(command));
        foreach (var job in service.Jobs)
            yield return (job.Job, scope => scope.Resolve(job.Job));
    }
}
