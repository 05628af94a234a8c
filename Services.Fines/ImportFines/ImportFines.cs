using System.Globalization;
using Platform.Core.Documents;
using Platform.Core.Plugins;
using Platform.Core.Storage;
using Platform.Core.Time;

namespace Services.Fines;

/// <summary>Loads a file of fines. A fine already in the register takes the file's values; the same file again changes nothing.</summary>
/// <remarks>
/// Good lines only: one transaction per <see cref="BatchSize"/> lines, so memory stays flat and a citizen never waits for the file's end. All or nothing: the file is
/// read once without writing, and then loaded in one transaction, which is taken back when a line is refused after all.
/// It needs no key to be safe to repeat: lines are known by the fine's own number, and a load that broke off goes on where it stood when the file is loaded again.
/// </remarks>
[RequiresPermission("fines.load")]
internal sealed class ImportFines(ISessions sessions, FineLoader loader, UndoImport undo, TimeProvider time) : IUndoableImport
{
    internal const int BatchSize = 500;

    public async Task<ImportReport> Run(ImportFile file, CancellationToken stop)
    {
        var tally = new Tally(file);
        if (!file.AllOrNothing)
        {
            await foreach (var batch in Batches(file, tally, stop))
            {
                var inPayment = await loader.InPayment(batch, stop);
                await tally.Take(batch, await sessions.Run(session => Load(session, file, batch, inPayment), stop));
            }
            return tally.Report();
        }

        var start = file.Content.Position;
        var all = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var batch in Batches(file, tally, stop))
            all.UnionWith(await loader.InPayment(batch, stop));
        if (tally.Errors > 0)
            return tally.Report();

        file.Content.Position = start;
        var second = new Tally(file);
        try
        {
            await sessions.Run(
                async session =>
                {
                    await foreach (var batch in Batches(file, second, stop))
                        await second.Take(batch, await Load(session, file, batch, all));
                    return second.Errors == 0 ? true : throw new TakenBackException("A line was refused.");
                },
                stop);
        }
        catch (TakenBackException)
        {
            return second.Report() with { Added = 0, Changed = 0, Unchanged = 0, Waiting = 0 };
        }
        return second.Report();
    }

    public Task<ImportUndo> Undo(Guid run, CultureInfo culture, CancellationToken stop) => undo.Run(run, FinesTexts.In(culture), stop);

    async Task<IReadOnlyList<Loaded>> Load(IEntitySession session, ImportFile file, IReadOnlyList<FineLine> batch, HashSet<string> inPayment)
    {
        var loaded = await loader.Load(session, batch, inPayment, file.Run);
        var (added, changed, waiting) = (loaded.Count(l => l.Outcome == "added"), loaded.Count(l => l.Outcome == "changed"), loaded.Count(l => l.Outcome == "waiting"));
        if (added + changed + waiting > 0)
            session.Record("fines.imported", new { added, changed, waiting });
        return loaded;
    }

    async IAsyncEnumerable<IReadOnlyList<FineLine>> Batches(ImportFile file, Tally tally, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken stop)
    {
        var batch = new List<FineLine>(BatchSize);
        await foreach (var line in FinesFile.Read(file.Content, LegalTime.Day(time.GetUtcNow()), FinesTexts.In(file.Culture), stop))
        {
            await tally.Take(line);
            if (line.Fine is { } fine)
                batch.Add(fine);
            if (batch.Count < BatchSize)
                continue;
            yield return batch;
            batch = new List<FineLine>(BatchSize);
        }
        if (batch.Count > 0)
            yield return batch;
    }

    /// <summary>Takes the transaction back; nobody else sees it.</summary>
    sealed class TakenBackException(string message) : Exception(message);
}

/// <summary>Counts what became of the lines, and hands on those that were not loaded.</summary>
internal sealed class Tally(ImportFile file)
{
    readonly ImportErrors _errors = new();
    readonly CsvSheet? _sheet = file.Refused is { } refused ? new(refused) : null;
    readonly Platform.Core.Pages.Texts _texts = FinesTexts.In(file.Culture);
    bool _headed;
    int _read, _added, _changed, _unchanged, _waiting, _refused;

    public int Errors => _errors.Count;

    public async Task Take(ReadLine line)
    {
        if (line.IsData)
        {
            _read++;
            file.Progress?.Report(_read);
        }
        if (line.Errors.Count > 0)
            await Refuse(line.Source, line.Errors, line.IsData);
    }

    public async Task Take(IReadOnlyList<FineLine> batch, IReadOnlyList<Loaded> loaded)
    {
        foreach (var result in loaded)
        {
            switch (result.Outcome)
            {
                case "added":
                    _added++;
                    break;
                case "changed":
                    _changed++;
                    break;
                case "unchanged":
                    _unchanged++;
                    break;
                case "waiting":
                    _waiting++;
                    break;
                default:
                    var line = batch.First(line => line.Line == result.Line);
                    await Refuse(line.Source, [FineLineReader.Error(result.Line, null, line.Name.ToString(), _texts["line.paid"])], isData: true);
                    break;
            }
        }
    }

    public ImportReport Report() => new(_read, _added, _changed, _unchanged, _errors.First) { Waiting = _waiting, Refused = _refused, MoreErrors = _errors.More };

    async Task Refuse(SourceLine source, IReadOnlyList<ImportError> errors, bool isData)
    {
        foreach (var error in errors)
            _errors.Add(error);
        _refused += isData ? 1 : 0;
        if (_sheet is null || source.Columns.Count == 0)
            return;
        // A refused file that is loaded and refused again has these columns already.
        if (!_headed)
            await _sheet.Row([.. source.Columns.Where(IsOfTheFile), LineColumn, WhyColumn]);
        _headed = true;
        // A line of another width is handed back as it is: which field is too many only its writer knows.
        var fields = source.Fields.Select((field, place) => (field, place)).Where(field => field.place >= source.Columns.Count || IsOfTheFile(source.Columns[field.place])).Select(field => (object?)field.field);
        await _sheet.Row([.. fields, errors[0].Line, string.Join(" ", errors.Select(error => error.Field is null ? error.Message : $"{error.Field}: {error.Message}"))]);
    }

    const string LineColumn = "riga_respinta";
    const string WhyColumn = "motivo";

    static bool IsOfTheFile(string column) => column is not (LineColumn or WhyColumn);
}
