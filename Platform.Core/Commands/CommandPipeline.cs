using Autofac;
using MediatR;

namespace Platform.Core.Commands;

/// <summary>How commands find their handlers. The library behind it is named in this folder only: changing it stays a change of one folder.</summary>
internal static class CommandPipeline
{
    public static void Register(ContainerBuilder builder)
    {
        builder.RegisterGeneric(typeof(TracingBehaviour<,>)).As(typeof(IPipelineBehavior<,>));
        builder.RegisterGeneric(typeof(PermissionBehaviour<,>)).As(typeof(IPipelineBehavior<,>));
        builder.RegisterGeneric(typeof(RetryBehaviour<,>)).As(typeof(IPipelineBehavior<,>));
        builder.RegisterGeneric(typeof(ValidationBehaviour<,>)).As(typeof(IPipelineBehavior<,>));
        builder.RegisterGeneric(typeof(IdempotencyBehaviour<,>)).As(typeof(IPipelineBehavior<,>));
        builder.RegisterGeneric(typeof(JournalBehaviour<,>)).As(typeof(IPipelineBehavior<,>));
    }

    /// <summary>Whether <paramref name="contract"/> is <see cref="ICommandHandler{TCommand, TResult}"/>.</summary>
    public static bool IsHandler(Type contract) => contract.IsGenericType && contract.GetGenericTypeDefinition() == typeof(ICommandHandler<,>);

    /// <summary>Lets <paramref name="type"/> answer the command that <paramref name="contract"/> names.</summary>
    public static void RegisterHandler(ContainerBuilder builder, Type type, Type contract) =>
        builder.RegisterType(type).As(Answering(contract));

    /// <summary>Makes the handler that answers the command that <paramref name="contract"/> names.</summary>
    public static object ResolveHandler(ILifetimeScope scope, Type contract) => scope.Resolve(Answering(contract));

    static Type Answering(Type contract) => typeof(IRequestHandler<,>).MakeGenericType(contract.GetGenericArguments());
}
