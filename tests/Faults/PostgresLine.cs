using System.Buffers.Binary;
using System.Text;

namespace Portico.Faults;

/// <summary>
/// Reads PostgreSQL's protocol as it passes, message by message, and tells the trap which statement of which transaction is on its way,
/// so that a host can be killed exactly before or after a statement, or before or after a commit. A statement prepared earlier is known by its name.
/// </summary>
internal sealed class PostgresLine(Trap trap) : ILine
{
    readonly Dictionary<string, string> _prepared = new(StringComparer.Ordinal);
    readonly StringBuilder _transaction = new();
    readonly Lock _lock = new();
    string _last = "";
    bool _started;

    public int ToServer(ReadOnlySpan<byte> bytes)
    {
        var at = 0;
        if (!_started)
        {
            // The first message has no type, only its length.
            if (bytes.Length < 4 || BinaryPrimitives.ReadInt32BigEndian(bytes) > bytes.Length)
                return 0;
            at = BinaryPrimitives.ReadInt32BigEndian(bytes);
            _started = true;
        }
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
                // With its parameters, as far as they are text.
                _last = _prepared.GetValueOrDefault(Text(body, portal, out var parameters), "") + Encoding.Latin1.GetString(body[parameters..]);
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

    static bool Next(ReadOnlySpan<byte> bytes, int at, out char type, out ReadOnlySpan<byte> body)
    {
        type = '\0';
        body = default;
        if (bytes.Length < at + 5)
            return false;
        var length = BinaryPrimitives.ReadInt32BigEndian(bytes[(at + 1)..]);
        if (bytes.Length < at + 1 + length)
            return false;
        type = (char)bytes[at];
        body = bytes.Slice(at + 5, length - 4);
        return true;
    }

    static string Text(ReadOnlySpan<byte> body, int at, out int after)
    {
        var end = body[at..].IndexOf((byte)0);
        after = at + end + 1;
        return Encoding.UTF8.GetString(body.Slice(at, end));
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
