using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace PagOnLine.Emulator;

internal sealed record JournalEntry(
    DateTimeOffset At, string? Order, string Kind, long? AmountCents, string? State, IReadOnlyDictionary<string, string> Detail);

/// <summary>Everything the bank did and decided, append-only, one JSON object per line. The orders are rebuilt from it; card data never enter it.</summary>
internal sealed class Journal : IDisposable
{
    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Lock _lock = new();
    private readonly List<JournalEntry> _entries = [];
    private readonly FileStream? _file;
    private readonly FileStream? _lockFile;

    public Journal(string? path)
    {
        if (path is null)
        {
            return;
        }

        // Two banks on one journal would contradict each other. The lock is a file of its own, because a locked journal could not be read
        // by others; the system lets go of it when this process dies.
        _lockFile = new FileStream(path + ".lock", FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose);
        try
        {
            _file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
            Load(path);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public IReadOnlyList<JournalEntry> Entries
    {
        get
        {
            lock (_lock)
            {
                return [.. _entries];
            }
        }
    }

    public static string Line(JournalEntry entry) => JsonSerializer.Serialize(entry, Format);

    public void Append(params ReadOnlySpan<JournalEntry> entries)
    {
        var lines = new StringBuilder();
        foreach (var entry in entries)
        {
            lines.Append(Line(entry)).Append('\n');
        }

        lock (_lock)
        {
            // One write, handed to the operating system before anybody is answered: it survives the death of this process.
            _file?.Write(Encoding.UTF8.GetBytes(lines.ToString()));
            _file?.Flush();
            _entries.AddRange(entries);
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _file?.Dispose();
            _lockFile?.Dispose();
        }
    }

    private void Load(string path)
    {
        var bytes = new byte[_file!.Length];
        _file.ReadExactly(bytes);

        // A process killed while writing leaves half a line, which no one was told about.
        var whole = Array.LastIndexOf(bytes, (byte)'\n') + 1;
        _file.SetLength(whole);
        _file.Seek(0, SeekOrigin.End);

        var number = 0;
        foreach (var line in Encoding.UTF8.GetString(bytes, 0, whole).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            number++;
            _entries.Add(Parse(line) ?? throw new InvalidDataException($"{path}: line {number} is not an entry of the bank's journal"));
        }
    }

    private static JournalEntry? Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<JournalEntry>(line, Format) is { Kind: not null, Detail: not null } entry ? entry : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
