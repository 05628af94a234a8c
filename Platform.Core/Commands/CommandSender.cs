using System.Diagnostics;
using Autofac;
using FluentValidation;
using MediatR;
using Platform.Core.Plugins;
using Platform.Core.Storage;

namespace Platform.Core.Commands;

internal sealed class CommandSender(ILifetimeScope scope, CallContextHolder call, ServiceCatalog catalog) : ICommands
{
    public static readonly ActivitySource Tracing = new("Portico.Commands");

    public async Task<TResult> Send<TResult>(ICommand<TResult> command, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(command);
        OpenTransaction.Refuse($"send {command.GetType().Name}");
        var context = call.Context;
        var module = catalog.ModuleOf(command.GetType())
            ?? throw new InvalidOperationException($"No active module handles {command.GetType().Name}.");

        await using var inner = scope.BeginLifetimeScope();
        inner.Resolve<CallContextHolder>().Context = context with { Module = module, Caller = context.Module };
        return await new Mediator(inner.Resolve).Send(command, stop);
    }
}

internal sealed class TracingBehaviour<TRequest, TResult>(CallContextHolder call) : IPipelineBehavior<TRequest, TResult>
{
    public async Task<TResult> Handle(TRequest request, CancellationToken cancellationToken, RequestHandlerDelegate<TResult> next)
    {
        using var activity = CommandSender.Tracing.StartActivity(typeof(TRequest).Name);
        activity?.SetTag("portico.module", call.Context.Module);
        activity?.SetTag("portico.creditor", call.Context.Creditor.Value);
        return await next();
    }
}

/// <summary>Asks, for whatever a browser began, whether the one who is signed in may: a page that forgot to ask gives nothing away.</summary>
internal sealed class PermissionBehaviour<TRequest, TResult>(CallContextHolder call) : IPipelineBehavior<TRequest, TResult>
{
    public Task<TResult> Handle(TRequest request, CancellationToken cancellationToken, RequestHandlerDelegate<TResult> next)
    {
        RequiredPermission.Ask(call.Context, typeof(TRequest));
        return next();
    }
}

internal sealed class ValidationBehaviour<TRequest, TResult>(IEnumerable<IValidator<TRequest>> validators) : IPipelineBehavior<TRequest, TResult>
{
    public async Task<TResult> Handle(TRequest request, CancellationToken cancellationToken, RequestHandlerDelegate<TResult> next)
    {
        foreach (var validator in validators)
            await validator.ValidateAndThrowAsync(request, cancellationToken);
        return await next();
    }
}

/// <summary>Tells the sessions of the scope whose work they do: one that changes rows and records nothing is in the journal under the command's name.</summary>
internal sealed class JournalBehaviour<TRequest, TResult>(CallContextHolder call) : IPipelineBehavior<TRequest, TResult>
{
    public Task<TResult> Handle(TRequest request, CancellationToken cancellationToken, RequestHandlerDelegate<TResult> next)
    {
        call.Command = $"{call.Context.Module}.{typeof(TRequest).Name}";
        return next();
    }
}
