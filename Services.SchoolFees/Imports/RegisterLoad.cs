using Platform.Core.Documents;
using Platform.Core.Plugins;
using Platform.Core.Storage;

namespace Services.SchoolFees.Imports;

/// <summary>What became of a line.</summary>
/// <param name="Refusal">Why it was not loaded, in words for the office; null when it was.</param>
internal readonly record struct Written(bool Added, bool Changed, string? Refusal)
{
    public static Written No(string why) => new(false, false, why);

    /// <summary>What an upsert answers that returns whether it inserted: nothing when the row was as it is.</summary>
    public static Written By(bool? inserted) => new(inserted == true, inserted == false, null);
}

/// <summary>Loads a register from a file: good lines are written, in transactions of some hundred, and bad ones are told. Loading the same file again changes nothing.</summary>
internal sealed class RegisterLoad(ISessions sessions, string register)
{
    const int BatchSize = 200;

    readonly List<ImportError> _errors = [];
    int _read, _added, _changed, _unchanged;
    CsvSheet? _refused;
    IReadOnlyList<string> _columns = [];
    bool _headed;

    /// <param name="read">The row's content; what it adds to the row's errors refuses it.</param>
    /// <param name="key">What makes a row one and the same: twice in a file is refused.</param>
    /// <param name="write">Writes one row, or says why not; it must write nothing then.</param>
    public async Task<ImportReport> Run<T>(
        ImportFile file, IReadOnlyList<string> required, IReadOnlyList<string> optional, Func<FileRow, T> read, Func<T, string> key, Func<IEntitySession, T, Task<Written>> write, CancellationToken stop)
    {
        if (file.AllOrNothing)
            return new(0, 0, 0, 0, [new(1, null, null, "I registri scolastici caricano le righe buone e dicono le altre: senza tutto o niente (--all-or-nothing).")]) { Refused = 1 };
        _refused = file.Refused is null ? null : new(file.Refused);
        _columns = [.. required, .. optional];
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        var batch = new List<(FileRow Row, T Content)>(BatchSize);
        await foreach (var row in RegisterFile.Read(file.Content, required, optional, stop))
        {
            _read++;
            if (_read % 1000 == 0)
                file.Progress?.Report(_read);
            T? content = default;
            if (row.Errors.Count == 0)
                content = read(row);
            if (row.Errors.Count == 0 && !seen.TryAdd(key(content!), row.Line))
                row.Add(null, $"La stessa cosa è già alla riga {seen[key(content!)]}. Lascia una sola riga.");
            if (row.Errors.Count > 0)
            {
                _errors.AddRange(row.Errors);
                await HandBack(row, row.Errors.Select(error => error.Message));
                continue;
            }
            batch.Add((row, content!));
            if (batch.Count == BatchSize)
                await Write(batch, write, stop);
        }
        if (batch.Count > 0)
            await Write(batch, write, stop);
        return new(_read, _added, _changed, _unchanged, [.. _errors.OrderBy(error => error.Line)]) { Refused = _errors.Select(error => error.Line).Distinct().Count() };
    }

    /// <summary>A line that was not loaded, in the register's own columns with the reasons after them; a file that could not be read has none.</summary>
    async Task HandBack(FileRow row, IEnumerable<string> why)
    {
        if (_refused is null || _columns.All(column => !row.Has(column)))
            return;
        if (!_headed)
            await _refused.Row([.. _columns, "motivo"]);
        _headed = true;
        await _refused.Row([.. _columns.Select(row.Raw), string.Join(' ', why)]);
    }

    async Task Write<T>(List<(FileRow Row, T Content)> batch, Func<IEntitySession, T, Task<Written>> write, CancellationToken stop)
    {
        var results = await sessions.Run(
            async session =>
            {
                var written = new List<Written>(batch.Count);
                foreach (var (_, content) in batch)
                    written.Add(await write(session, content));
                var (added, changed) = (written.Count(w => w.Added), written.Count(w => w.Changed));
                if (added + changed > 0)
                    session.Record("schoolfees.imported", new { register, added, changed });
                return written;
            },
            stop);
        foreach (var ((row, _), result) in batch.Zip(results))
        {
            if (result.Refusal is { } why)
            {
                _errors.Add(new(row.Line, null, null, why));
                await HandBack(row, [why]);
            }
            else if (result.Added)
                _added++;
            else if (result.Changed)
                _changed++;
            else
                _unchanged++;
        }
        batch.Clear();
    }
}
