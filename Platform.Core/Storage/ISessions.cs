using Platform.Core.Entities;
using Platform.Core.Events;
using Platform.Core.Journal;

namespace Platform.Core.Storage;

/// <summary>The only way to SQL: one transaction, bound to the creditor and the module of the current call.</summary>
public interface ISessions
{
    /// <summary>
    /// Runs <paramref name="work"/> in one transaction and commits it with the events it raised; any exception rolls everything back.
    /// The first statement travels with the binding of role and entity in one round trip, so a session without statements costs nothing.
    /// </summary>
    /// <param name="stop">Cancels the statement that is running and so the transaction.</param>
    /// <exception cref="InvalidOperationException">This call already has an open transaction.</exception>
    /// <exception cref="Npgsql.PostgresException">
    /// The database refused: a key, a check, or row-level security (42501, a row of another creditor). Nothing was written.
    /// </exception>
    /// <exception cref="TransientStorageException">
    /// It cannot be done now: two transactions stood in each other's way, or a statement took longer than 15 seconds.
    /// Its <see cref="TransientStorageException.Trouble"/> tells whether it is certain that nothing was done.
    /// </exception>
    Task<T> Run<T>(Func<IEntitySession, Task<T>> work, CancellationToken stop);
}

/// <summary>An open transaction in which only rows of one creditor exist (row-level security), under the database role of one module.</summary>
/// <remarks>
/// A row maps to a record by its constructor's names, so alias <c>starts_on as startsOn</c>. <c>Euro</c> is a <c>bigint</c> of cents, <c>DateOnly</c> a
/// <c>date</c>, <c>DateTimeOffset</c> a <c>timestamptz</c>, <c>EntityId</c> an <c>int</c>, as parameters too.
/// Statements are constant text with named parameters (<c>@name</c>). Not thread-safe; not to be kept after the delegate ends.
/// </remarks>
public interface IEntitySession
{
    /// <summary>The creditor whose rows are visible.</summary>
    EntityId Entity { get; }

    /// <summary>The first row mapped to <typeparamref name="T"/>, or its default when there is none.</summary>
    Task<T?> First<T>(string sql, object? args = null);

    /// <summary>All rows mapped to <typeparamref name="T"/>, held in memory: bound what may grow with <c>limit</c>.</summary>
    Task<IReadOnlyList<T>> List<T>(string sql, object? args = null);

    /// <summary>Runs a statement and answers how many rows it touched.</summary>
    Task<int> Execute(string sql, object? args = null);

    /// <summary>
    /// Lets <paramref name="happened"/> leave with the commit of this transaction: delivered at least once to each handler,
    /// with exactly one effect per (event, handler), in the order of its stream. Two events with the same stream and version refuse the commit.
    /// </summary>
    /// <exception cref="InvalidOperationException">Thrown at the commit: the event's class has no <see cref="EventNameAttribute"/>.</exception>
    void Raise(IEvent happened);

    /// <summary>Adds a line to the entity's append-only journal, in this transaction. <paramref name="body"/> holds no personal data.</summary>
    /// <remarks>A transaction of a command that changes rows and records nothing gets a line of its own at the commit: the command's name, who sent it, whose page was used.</remarks>
    /// <param name="kind">What was done, beginning with the service's id: <c>suolo.paid</c>.</param>
    /// <param name="body">Written as JSON when called, not at the commit.</param>
    void Record(string kind, object body);

    /// <summary>As <see cref="Record(string, object)"/>, for a line that concerns a person: only a keyed digest of <paramref name="personal"/> is kept.</summary>
    void Record(string kind, object body, PersonalData personal);

    /// <summary>
    /// Deletes, with the commit of this transaction, the salt of a person whose data are redacted: the journal's digests of them say nothing any more.
    /// Nothing happens where there is none. Lines about the person that are recorded later get a new salt.
    /// </summary>
    void ForgetPerson(Guid subject);
}
