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
    /// <exception cref="InvalidOperationException">This call already has an open transaction.</exception>
    Task<T> Run<T>(Func<IEntitySession, Task<T>> work, CancellationToken stop);
}

/// <summary>An open transaction in which only rows of one creditor exist (row-level security), under the database role of one module.</summary>
/// <remarks>Statements are constant text with named parameters (<c>@name</c>). Not thread-safe; not to be kept after the delegate ends.</remarks>
public interface IEntitySession
{
    /// <summary>The creditor whose rows are visible.</summary>
    EntityId Entity { get; }

    /// <summary>The first row mapped to <typeparamref name="T"/>, or its default when there is none.</summary>
    Task<T?> First<T>(string sql, object? args = null);

    /// <summary>All rows mapped to <typeparamref name="T"/>.</summary>
    Task<IReadOnlyList<T>> List<T>(string sql, object? args = null);

    /// <summary>Runs a statement and answers how many rows it touched.</summary>
    Task<int> Execute(string sql, object? args = null);

    /// <summary>
    /// Lets <paramref name="happened"/> leave with the commit of this transaction: delivered at least once to each handler,
    /// with exactly one effect per (event, handler), in the order of its stream.
    /// </summary>
    void Raise(IEvent happened);

    /// <summary>Adds a line to the entity's append-only journal, in this transaction. <paramref name="body"/> holds no personal data.</summary>
    void Record(string kind, object body);

    /// <summary>As <see cref="Record(string, object)"/>, for a line that concerns a person: only a keyed digest of <paramref name="personal"/> is kept.</summary>
    void Record(string kind, object body, PersonalData personal);

    /// <summary>
    /// Deletes, with the commit of this transaction, the salt of a person whose data are redacted: the journal's digests of them say nothing any more.
    /// Nothing happens where there is none. Lines about the person that are recorded later get a new salt.
    /// </summary>
    void ForgetPerson(Guid subject);
}
