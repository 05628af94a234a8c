using Autofac;
using Microsoft.Extensions.Logging;
using Platform.Core.Entities;

namespace Platform.Core.Commands;

/// <summary>Carries the context of a scope: set once, when the scope begins.</summary>
internal sealed class CallContextHolder
{
    CallContext? _context;

    public CallContext Context
    {
        get => _context ?? throw new InvalidOperationException("No entity is known here: this scope was not opened for a call.");
        set => _context = value;
    }

    public bool Known => _context is not null;

    /// <summary>The command that is being handled in this scope, <c>suolo.Ask</c>; null where none is.</summary>
    public string? Command { get; set; }
}

/// <summary>Opens a scope of services for code that no page began: a gateway's notification, a delivery, a job, an import.</summary>
internal sealed class CallScopes(ILifetimeScope root, ILogger<CallScopes> log)
{
    public Task<T> In<T>(EntityId creditor, EntityId shownBy, string module, Func<ILifetimeScope, Task<T>> work) => In(new CallContext(creditor, shownBy, module, module), work);

    public async Task<T> In<T>(CallContext context, Func<ILifetimeScope, Task<T>> work)
    {
        await using var scope = root.BeginLifetimeScope();
        var call = scope.Resolve<CallContextHolder>().Context = context;
        using var told = log.BeginScope(call);
        return await work(scope);
    }
}
