using Platform.Core.Commands;
using Platform.Core.Storage;

namespace Platform.Core.Idempotency;

/// <summary>Lets a request that is sent again have one effect and the same answer, within the creditor of the current call.</summary>
public interface IIdempotency
{
    /// <summary>
    /// Runs <paramref name="work"/> for the first request with this client and key, and answers every later one with what was answered then, byte for byte.
    /// </summary>
    /// <returns>
    /// The answer, or a refusal: <see cref="IdempotencyRefusals.Conflict"/> when the key was used for another request;
    /// <see cref="IdempotencyRefusals.InProgress"/> when an earlier attempt still runs after ten seconds of waiting.
    /// </returns>
    /// <remarks>
    /// Work that throws is not remembered: the next request runs it again, from the recovery point that was reached. So does a request that comes after the
    /// host died, once the lease of 90 seconds is over. Work that may have had its effect by then keeps its answer or its point in the transaction of that
    /// effect: <see cref="IRecovery.Answer{TAnswer}"/>, <see cref="IRecovery.Advance"/>. Answers are kept for 48 hours from the first request; they hold no personal data.
    /// </remarks>
    Task<Outcome<StoredAnswer>> Once(IdempotentRequest request, Func<IRecovery, Task<StoredAnswer>> work, CancellationToken stop);
}

/// <summary>A request that may come again.</summary>
/// <param name="Client">Who sends it; keys of two clients never meet. 1 to 200 characters.</param>
/// <param name="Key">Chosen by the client, one per deed. 1 to 255 characters.</param>
/// <param name="Request">What is asked, in bytes that are the same when the request is: only their SHA-256 is kept.</param>
public sealed record IdempotentRequest(string Client, string Key, ReadOnlyMemory<byte> Request);

/// <summary>What was answered.</summary>
/// <param name="Status">The caller's own, for instance an HTTP status.</param>
/// <param name="Body">Given back as it was.</param>
public sealed record StoredAnswer(short Status, byte[] Body);

/// <summary>Codes of the refusals that idempotency adds.</summary>
public static class IdempotencyRefusals
{
    /// <summary>The key belongs to another request.</summary>
    public const string Conflict = "idempotency.conflict";

    /// <summary>The same request is being handled; ask again later.</summary>
    public const string InProgress = "idempotency.in_progress";
}

/// <summary>How far the idempotent request at hand got in earlier attempts. Ask for it in the constructor of a handler of an <see cref="IIdempotentCommand{T}"/>.</summary>
public interface IRecovery
{
    /// <summary>The point that was reached, empty at first.</summary>
    string Point { get; }

    /// <summary>What was kept with the point, or the default.</summary>
    T? Carried<T>();

    /// <summary>
    /// Keeps in <paramref name="session"/>'s transaction that everything before <paramref name="point"/> is done; a later attempt begins there.
    /// </summary>
    /// <param name="session">The transaction that does it.</param>
    /// <param name="point">Short and stable: a later release reads it.</param>
    /// <param name="carry">What the next step needs, kept as JSON; no personal data.</param>
    /// <exception cref="IdempotencyLostException">Another attempt has taken over; the transaction must not commit.</exception>
    Task Advance(IEntitySession session, string point, object? carry = null);

    /// <summary>Keeps the answer in <paramref name="session"/>'s transaction: effect and answer are there together or not at all. Return the same answer.</summary>
    /// <typeparam name="TAnswer">The command's result, or <see cref="StoredAnswer"/>.</typeparam>
    /// <exception cref="IdempotencyLostException">Another attempt has taken over; the transaction must not commit.</exception>
    Task Answer<TAnswer>(IEntitySession session, TAnswer answer);
}

/// <summary>This attempt took longer than its lease, and another has begun in its place: what it did since its last recovery point is rolled back.</summary>
public sealed class IdempotencyLostException(string key) : Exception($"Another attempt at the request \"{key}\" has taken over, because this one took too long.");

/// <summary>The command's key was used for another command of the same kind.</summary>
public sealed class IdempotencyConflictException(string key) : Exception($"The key \"{key}\" belongs to another request.");

/// <summary>The same command is still being handled. Ask again later.</summary>
public sealed class IdempotencyInProgressException(string key) : Exception($"The request \"{key}\" is being handled; ask again later.");
