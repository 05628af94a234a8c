namespace Portico.Faults;

internal enum Moment
{
    /// <summary>The statement has been sent by the host and has not reached PostgreSQL.</summary>
    BeforeStatement,

    /// <summary>PostgreSQL has done it and the host does not know.</summary>
    AfterStatement,
    BeforeCommit,

    /// <summary>Committed, and the host does not know.</summary>
    AfterCommit,

    /// <summary>An HTTP request is on its way.</summary>
    Question,

    /// <summary>An HTTP answer is on its way.</summary>
    Answer,
}

/// <summary>A moment at which a host dies.</summary>
/// <param name="Mark">Words of the statement, of any statement of the transaction, or of the HTTP request.</param>
/// <param name="And">Further words, which may be in a parameter's value.</param>
internal sealed record CrashPoint(string Name, Moment Moment, string Mark, string And = "")
{
    public bool IsAt(Moment moment, string words) => Moment == moment && words.Contains(Mark, StringComparison.Ordinal) && words.Contains(And, StringComparison.Ordinal);

    const string StoreFact = "insert into payments.fact";
    // The channel is a parameter: its length, then its text.
    const string FromListener = "\u0008listener";
    const string FromReturn = "\u0006return";
    const string LockPayment = "select order_no, state, asked_cents";
    const string TakeDue = "insert into payments.due_paid";
    const string TellOutbox = "insert into core.outbox";
    const string StartPayment = "insert into payments.payment (";
    const string ClaimDelivery = "core.delivery d";
    const string CloseFine = "update fines.fine";
    const string IssueReceipt = "insert into payments.receipt (";
    const string ClaimQuestion = "insert into payments.external_call";
    const string NoteAnswer = "update payments.external_call";

    /// <summary>From the press of the button to the receipt, in the order of a payment's life.</summary>
    public static IReadOnlyList<CrashPoint> All { get; } =
    [
        new("checkout: before the payment is written", Moment.BeforeStatement, StartPayment),
        new("checkout: before its commit", Moment.BeforeCommit, StartPayment),
        new("checkout: committed, not answered", Moment.AfterCommit, StartPayment),
        new("listener: before its message is stored", Moment.BeforeStatement, StoreFact, FromListener),
        new("listener: stored, before the commit", Moment.BeforeCommit, StoreFact, FromListener),
        new("listener: committed, not applied", Moment.AfterCommit, StoreFact, FromListener),
        new("return: before its message is stored", Moment.BeforeStatement, StoreFact, FromReturn),
        new("return: stored, before the commit", Moment.BeforeCommit, StoreFact, FromReturn),
        new("return: committed, not applied", Moment.AfterCommit, StoreFact, FromReturn),
        new("success: the payment's row is locked", Moment.AfterStatement, LockPayment),
        new("success: before the due is taken", Moment.BeforeStatement, TakeDue),
        new("success: the due is taken, the rest is not", Moment.AfterStatement, TakeDue),
        new("success: before the outbox is written", Moment.BeforeStatement, TellOutbox),
        new("success: before its commit", Moment.BeforeCommit, TakeDue),
        new("success: committed, nobody answered", Moment.AfterCommit, TakeDue),
        new("return: the answer is on its way to the browser", Moment.Answer, "POST /pagamenti/pagonline/ritorno"),
        new("listener: the answer is on its way to the bank", Moment.Answer, "GET /pagamenti/pagonline/ascolto"),
        new("event: claimed", Moment.AfterStatement, ClaimDelivery),
        new("event: the fine is closed, the delivery is not", Moment.AfterStatement, CloseFine),
        new("event: before its commit", Moment.BeforeCommit, CloseFine),
        new("event: committed, the dispatcher does not know", Moment.AfterCommit, CloseFine),
        new("receipt: numbered and written, before its commit", Moment.BeforeCommit, IssueReceipt),
        new("receipt: committed, the dispatcher does not know", Moment.AfterCommit, IssueReceipt),
        new("query: noted, not asked", Moment.AfterCommit, ClaimQuestion),
        new("query: on its way to the bank", Moment.Question, "QUERYORDER"),
        new("query: the bank's answer is on its way", Moment.Answer, "QUERYORDER"),
        new("query: the answer is noted, not applied", Moment.AfterCommit, NoteAnswer),
    ];
}

/// <summary>Set for one crash point at a time; whoever sees that moment first springs it.</summary>
internal sealed class Trap
{
    CrashPoint? _set;
    Action _kill = () => { };
    TaskCompletionSource _sprung = new();

    /// <summary>Lets <paramref name="kill"/> happen at the next passing of <paramref name="point"/>. Ends when it did.</summary>
    public Task Set(CrashPoint point, Action kill)
    {
        _sprung = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _kill = kill;
        Volatile.Write(ref _set, point);
        return _sprung.Task;
    }

    public void Clear() => Volatile.Write(ref _set, null);

    /// <summary>Whether the moment has come: the host is dead then, and the bytes must not go on.</summary>
    public bool Springs(Moment moment, string words)
    {
        var set = Volatile.Read(ref _set);
        if (set is null || !set.IsAt(moment, words) || Interlocked.CompareExchange(ref _set, null, set) != set)
            return false;
        _kill();
        _sprung.TrySetResult();
        return true;
    }
}
