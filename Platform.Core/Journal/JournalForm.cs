using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Platform.Core.Journal;

/// <summary>A row of the journal as it is read back for hashing.</summary>
internal sealed class JournalRow
{
    /// <summary>What selects a row: instants as microseconds since 1970, for the database keeps no finer ones. Infinity, which only a forger writes, is -1.</summary>
    public const string Columns =
        "entry_id, coalesce((extract(epoch from case when isfinite(at) then at end) * 1000000)::bigint, -1) as micros, actor, kind, body::text as body, personal_digest, block";

    public Guid EntryId { get; init; }
    public long Micros { get; init; }
    public string Actor { get; init; } = "";
    public string Kind { get; init; } = "";
    public string Body { get; init; } = "";
    public byte[]? PersonalDigest { get; init; }
    public int? Block { get; init; }
}

/// <summary>The bytes that are hashed. Described in docs/journal.md, so that somebody else's program can check a chain.</summary>
internal static class JournalForm
{
    public const int HashBytes = 32;
    public const int LineBytes = 16 + HashBytes;

    /// <summary>What the first block of an entity has for its predecessor's hash.</summary>
    public static readonly byte[] Beginning = new byte[HashBytes];

    public static long Micros(DateTimeOffset instant) => (instant.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks) / TimeSpan.TicksPerMicrosecond;

    public static DateTimeOffset Instant(long micros) => DateTimeOffset.UnixEpoch.AddTicks(micros * TimeSpan.TicksPerMicrosecond);

    /// <summary>The hash of one entry.</summary>
    public static byte[] EntryHash(int entity, JournalRow row)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData("portico journal entry 1\n"u8);
        Append(hash, entity);
        hash.AppendData(row.EntryId.ToByteArray(bigEndian: true));
        Append(hash, row.Micros);
        Append(hash, Encoding.UTF8.GetBytes(row.Actor));
        Append(hash, Encoding.UTF8.GetBytes(row.Kind));
        Append(hash, CanonicalJson.Of(row.Body));
        Append(hash, row.PersonalDigest);
        return hash.GetHashAndReset();
    }

    /// <summary>One line of 48 bytes per entry, in order.</summary>
    public static byte[] Manifest(int entity, IReadOnlyList<JournalRow> rows)
    {
        var manifest = new byte[rows.Count * LineBytes];
        for (var i = 0; i < rows.Count; i++)
        {
            var line = manifest.AsSpan(i * LineBytes, LineBytes);
            rows[i].EntryId.TryWriteBytes(line, bigEndian: true, out _);
            EntryHash(entity, rows[i]).CopyTo(line[16..]);
        }
        return manifest;
    }

    public static byte[] Root(byte[] manifest) => SHA256.HashData(manifest);

    public static byte[] BlockHash(byte[] previous, int entity, int block, int entries, byte[] root, long sealedAt)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData("portico journal block 1\n"u8);
        hash.AppendData(previous);
        Append(hash, entity);
        Append(hash, block);
        Append(hash, entries);
        hash.AppendData(root);
        Append(hash, sealedAt);
        return hash.GetHashAndReset();
    }

    static void Append(IncrementalHash hash, int number)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, number);
        hash.AppendData(bytes);
    }

    static void Append(IncrementalHash hash, long number)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(bytes, number);
        hash.AppendData(bytes);
    }

    static void Append(IncrementalHash hash, byte[]? bytes)
    {
        Append(hash, bytes?.Length ?? -1);
        hash.AppendData(bytes ?? []);
    }
}

/// <summary>
/// One text for one JSON value: members ordered by their UTF-16 code units, no white space, only what must be escaped is (RFC 8785); numbers stay as written.
/// Written by hand, because what a library escapes changes from release to release.
/// </summary>
internal static class CanonicalJson
{
    static readonly JsonDocumentOptions Deep = new() { MaxDepth = 512 };

    public static byte[] Of(string json)
    {
        using var document = JsonDocument.Parse(json, Deep);
        var text = new StringBuilder(json.Length);
        Write(text, document.RootElement);
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    static void Write(StringBuilder text, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                text.Append('{');
                foreach (var (place, member) in value.EnumerateObject().OrderBy(member => member.Name, StringComparer.Ordinal).Index())
                {
                    if (place > 0)
                        text.Append(',');
                    Write(text, member.Name);
                    text.Append(':');
                    Write(text, member.Value);
                }
                text.Append('}');
                break;
            case JsonValueKind.Array:
                text.Append('[');
                foreach (var (place, item) in value.EnumerateArray().Index())
                {
                    if (place > 0)
                        text.Append(',');
                    Write(text, item);
                }
                text.Append(']');
                break;
            case JsonValueKind.String:
                Write(text, value.GetString()!);
                break;
            default:
                text.Append(value.GetRawText());
                break;
        }
    }

    static void Write(StringBuilder text, string value)
    {
        text.Append('"');
        foreach (var c in value)
            _ = c switch
            {
                '"' => text.Append("\\\""),
                '\\' => text.Append("\\\\"),
                '\b' => text.Append("\\b"),
                '\t' => text.Append("\\t"),
                '\n' => text.Append("\\n"),
                '\f' => text.Append("\\f"),
                '\r' => text.Append("\\r"),
                < ' ' => text.Append("\\u00").Append(((int)c).ToString("x2", System.Globalization.CultureInfo.InvariantCulture)),
                _ => text.Append(c),
            };
        text.Append('"');
    }
}
