using MediatR;

namespace Platform.Core.Commands;

/// <summary>A request that changes or reads something and answers with <typeparamref name="TResult"/>. One handler answers it, found by scanning.</summary>
/// <remarks>
/// The entity is never part of the message: the handler works for the creditor of the current call, and the calling service is stamped by the platform.
/// A command owns its transaction: it never joins another's, and sending one while the session has an open transaction throws.
/// </remarks>
public interface ICommand<out TResult> : IRequest<TResult>;

/// <summary>Handles one kind of command. Created anew for each command; constructor injection from the scope of the call.</summary>
/// <remarks>Ask for <c>ISessions</c>, <c>ICommands</c>, <c>TimeProvider</c>, <see cref="CallContext"/>, and what the service <c>Uses</c>.</remarks>
public interface ICommandHandler<in TCommand, TResult> : IRequestHandler<TCommand, TResult>
    where TCommand : ICommand<TResult>;

/// <summary>Sends commands to whichever module handles them, in the entity of the current call.</summary>
public interface ICommands
{
    /// <summary>Validates and handles <paramref name="command"/>, and answers when its transaction is committed.</summary>
    /// <exception cref="FluentValidation.ValidationException">A validator refused the command; nothing was done.</exception>
    /// <exception cref="InvalidOperationException">A transaction is open in this call, or no active module handles the command.</exception>
    Task<TResult> Send<TResult>(ICommand<TResult> command, CancellationToken stop);
}
