using System.Text;
using static Portico.Faults.PostgresMessages;

namespace Portico.Faults;

/// <summary>
/// Reads PostgreSQL's protocol as it passes, message by message, and tells the trap which statement of which transaction is on its way,
/// so that a host can be killed exactly before or after a statement, or before or after a commit. A statement prepared earlier is known by its name.
/// </summary>
internal sealed class PostgresLine(Trap trap) : ILine
{
    readonly Dictionary<string, string> _prepared = new(StringComparer.Ordinal);
    readonly PostgresMessages _fromClient = new(beginsUntyped: true);
    readonly StringBuilder _transaction = new();
    readonly Lock _lock = new();
    string _last = "";

    public int ToServer(ReadOnlySpan<byte> bytes)
    {
        var at = _fromClient.Begin(bytes);
        if (!_fromClient.Begun)
            return 0;
        while (Next(bytes, at, out var type, out var body))
        {
            lock (_lock)
            {
                if (!Sent(type, body))
                    return -1;
            }
            at += 5 + body.Length;
        }
        return at;
    }

    public int ToClient(ReadOnlySpan<byte> bytes)
    {
        var at = 0;
        while (Next(bytes, at, out var type, out var body))
        {
            lock (_lock)
            {
                if (!Answered(type, body))
                    return -1;
            }
            at += 5 + body.Length;
        }
        return at;
    }

    bool Sent(char type, ReadOnlySpan<byte> body)
    {
        switch (type)
        {
            case 'P':
                _prepared[Text(body, 0, out var after)] = Text(body, after, out _);
                return true;
            case 'B':
                Text(body, 0, out var portal);
                var sql = _prepared.GetValueOrDefault(Text(body, portal, out var parameters), "");
                // Where there is a journal or an outbox to write, the commit goes with it.
                if (sql.Trim() == "COMMIT")
                    return !trap.Springs(Moment.BeforeCommit, _transaction.ToString());
                // With its parameters, as far as they are text.
                _last = sql + Encoding.Latin1.GetString(body[parameters..]);
                _transaction.AppendLine(_last);
                return !trap.Springs(Moment.BeforeStatement, _last);
            case 'Q' when Text(body, 0, out _) == "COMMIT":
                return !trap.Springs(Moment.BeforeCommit, _transaction.ToString());
            default:
                return true;
        }
    }

    bool Answered(char type, ReadOnlySpan<byte> body)
    {
        switch (type)
        {
            // CommandComplete: the server has done it, the client does not know yet.
            case 'C' when Text(body, 0, out _) == "COMMIT":
                var done = _transaction.ToString();
                _transaction.Clear();
                return !trap.Springs(Moment.AfterCommit, done);
            case 'C' when Text(body, 0, out _) == "ROLLBACK":
                _transaction.Clear();
                return true;
            case 'Z' when _last.Length > 0:
                return !trap.Springs(Moment.AfterStatement, _last);
            default:
                return true;
        }
    }
}

/// <summary>Reads HTTP just enough to know a question by its words and to stop its answer.</summary>
internal sealed class HttpLine(Trap trap) : ILine
{
    string _asked = "";

    public int ToServer(ReadOnlySpan<byte> bytes)
    {
        _asked = Encoding.Latin1.GetString(bytes);
        return trap.Springs(Moment.Question, _asked) ? -1 : bytes.Length;
    }

    public int ToClient(ReadOnlySpan<byte> bytes) => trap.Springs(Moment.Answer, _asked) ? -1 : bytes.Length;
}
