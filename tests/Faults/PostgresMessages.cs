using System.Buffers.Binary;
using System.Text;

namespace Portico.Faults;

/// <summary>Cuts what one side of a PostgreSQL connection sends into messages.</summary>
/// <param name="beginsUntyped">The client's first message has no type, only its length.</param>
internal sealed class PostgresMessages(bool beginsUntyped)
{
    bool _begun = !beginsUntyped;

    /// <summary>Whether the client has signed in, and messages are counted.</summary>
    public bool Begun => _begun;

    /// <summary>Length of the first message, once it is there as a whole; 0 before that and ever after.</summary>
    public int Begin(ReadOnlySpan<byte> bytes)
    {
        if (_begun || bytes.Length < 4 || BinaryPrimitives.ReadInt32BigEndian(bytes) is var length && length > bytes.Length)
            return 0;
        _begun = true;
        return length;
    }

    /// <summary>The message that begins at <paramref name="at"/>, when it is there as a whole; it is 5 bytes longer than its body.</summary>
    public static bool Next(ReadOnlySpan<byte> bytes, int at, out char type, out ReadOnlySpan<byte> body)
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

    /// <summary>The text at <paramref name="at"/>, up to its zero.</summary>
    public static string Text(ReadOnlySpan<byte> body, int at, out int after)
    {
        var end = body[at..].IndexOf((byte)0);
        after = at + end + 1;
        return Encoding.UTF8.GetString(body.Slice(at, end));
    }
}
