using MediatR;
using Platform.Core.Storage;

namespace Platform.Core.Commands;

/// <summary>
/// A command that may be handled again from the start when its transaction was rolled back for standing in another's way (deadlock, serialisation failure).
/// </summary>
/// <remarks>
/// Say so only of a command that does nothing before its last transaction that cannot be done twice: no call to the outside, no earlier transaction that
/// is not idempotent. It is tried five times in all, within about a second; then the caller gets the <see cref="TransientStorageException"/> that others get at once.
/// </remarks>
public interface IRetryable;

internal sealed class RetryBehaviour<TRequest, TResult> : IPipelineBehavior<TRequest, TResult>
{
    public async Task<TResult> Handle(TRequest request, CancellationToken cancellationToken, RequestHandlerDelegate<TResult> next)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await next();
            }
            catch (TransientStorageException wrong) when (wrong.Trouble == StorageTrouble.Conflict && request is IRetryable && tries < Conflicts.Most)
            {
                await Conflicts.Pause(tries, cancellationToken);
            }
        }
    }
}

/// <summary>How often and how soon what lost against another transaction is tried again.</summary>
internal static class Conflicts
{
    public const int Most = 5;

    /// <summary>Not at once and not together: both losers of a deadlock would meet again. Machine time, not the clock that tests move.</summary>
    public static Task Pause(int tries, CancellationToken stop) => Task.Delay(TimeSpan.FromMilliseconds((20 << tries) * (0.5 + Random.Shared.NextDouble())), stop);
}
