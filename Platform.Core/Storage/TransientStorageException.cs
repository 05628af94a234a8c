using System.Net.Sockets;
using Npgsql;

namespace Platform.Core.Storage;

/// <summary>Why the database did not do what it will probably do in a moment.</summary>
public enum StorageTrouble
{
    /// <summary>Two transactions stood in each other's way (deadlock, serialisation failure, lock time-out) and this one was rolled back.</summary>
    Conflict,

    /// <summary>Every connection of this host stayed in use for as long as one waits for one.</summary>
    NoConnectionFree,

    /// <summary>A statement took longer than it may, and was rolled back.</summary>
    StatementTooSlow,

    /// <summary>The database is not to be reached, ends or begins. If it broke off while a transaction was being committed, nobody here knows whether it was.</summary>
    Unreachable,
}

/// <summary>The database cannot do now what it is asked; asked again in a moment it may. Becomes an answer 503 with Retry-After.</summary>
/// <remarks>Only <see cref="StorageTrouble.Conflict"/> and <see cref="StorageTrouble.StatementTooSlow"/> say for certain that nothing was done.</remarks>
public sealed class TransientStorageException(StorageTrouble trouble, string message, Exception cause) : NpgsqlException(message, cause)
{
    public StorageTrouble Trouble { get; } = trouble;

    public override bool IsTransient => true;

    internal static bool Explains(Exception wrong) => Of(wrong) is not null;

    /// <summary>The trouble behind <paramref name="wrong"/> in words, or null when it is of another kind.</summary>
    internal static TransientStorageException? Of(Exception wrong) => wrong switch
    {
        TransientStorageException => null,
        PostgresException { SqlState: PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.LockNotAvailable } conflict =>
            new(StorageTrouble.Conflict, $"Another transaction changed the same rows at the same moment, and this one was rolled back ({conflict.SqlState}).", wrong),
        // Who gave up waiting gets an OperationCanceledException instead; what comes here was ended by the database.
        PostgresException { SqlState: PostgresErrorCodes.QueryCanceled } =>
            new(StorageTrouble.StatementTooSlow, "A statement took longer than it may on a connection that serves citizens, and was rolled back.", wrong),
        PostgresException { SqlState: PostgresErrorCodes.TooManyConnections } =>
            new(StorageTrouble.NoConnectionFree, "PostgreSQL has no connection left for this host: raise its max_connections, or lower \"Maximum Pool Size\" of the hosts.", wrong),
        PostgresException { SqlState: PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow } =>
            new(StorageTrouble.Unreachable, "PostgreSQL is ending or beginning.", wrong),
        PostgresException => null,
        NpgsqlException { InnerException: TimeoutException } when wrong.Message.Contains("pool has been exhausted", StringComparison.Ordinal) =>
            new(StorageTrouble.NoConnectionFree, "Every connection of this host's pool stayed in use: raise \"Maximum Pool Size\", or look for what holds them.", wrong),
        NpgsqlException { InnerException: IOException or SocketException or TimeoutException } =>
            new(StorageTrouble.Unreachable, "The database does not answer, or broke off.", wrong),
        _ => null,
    };
}
