using System.Globalization;
using Platform.Core.Pages;

namespace Platform.Core.Plugins;

/// <summary>Loads what an officer's file holds. Runs in the entity that the officer named.</summary>
public interface IImport
{
    /// <summary>Loads <paramref name="file"/>. Bad lines are told, not thrown; loading the same file again changes nothing.</summary>
    /// <remarks>
    /// An import that cannot do <see cref="ImportFile.AllOrNothing"/> refuses it by an error of line 1 and loads nothing. Memory stays flat whatever the
    /// length of the file: lines are written in batches, and <see cref="ImportErrors"/> keeps the first errors only.
    /// </remarks>
    Task<ImportReport> Run(ImportFile file, CancellationToken stop);
}

/// <summary>An import whose loads can be taken back whole, while nothing that they brought is paid. The console offers it beside each load, and <c>portico imports undo</c>.</summary>
public interface IUndoableImport : IImport
{
    /// <summary>Takes back what the load <paramref name="run"/> did: what it added goes, what it changed is as before. All of it, or nothing.</summary>
    /// <remarks>
    /// Runs in the entity of the load; no transaction is open. It is refused while anything of the load is paid or being paid, and when something was changed again since. The same
    /// file may be loaded again afterwards. Called again after it broke off, it does what is left.
    /// </remarks>
    /// <param name="run">As <see cref="ImportFile.Run"/> named it.</param>
    /// <param name="culture">The language of <see cref="ImportUndo.Refused"/>.</param>
    Task<ImportUndo> Undo(Guid run, CultureInfo culture, CancellationToken stop);
}

/// <summary>What became of taking back a load.</summary>
/// <param name="Removed">What it had added and is gone.</param>
/// <param name="Restored">What it had changed and is as it was.</param>
/// <param name="Refused">Why nothing was taken back, in words for an officer, up to 500 characters and without personal data; null when it was.</param>
public sealed record ImportUndo(int Removed, int Restored, string? Refused = null);

/// <summary>A file to be loaded, and how.</summary>
public sealed class ImportFile(Stream content)
{
    /// <summary>The file's bytes, read once from where it stands; under <see cref="AllOrNothing"/> it can be sought in and may be read twice.</summary>
    public Stream Content => content;

    /// <summary>The number of this load, by which an <see cref="IUndoableImport"/> keeps what it changes.</summary>
    public Guid Run { get; init; } = Guid.CreateVersion7();

    /// <summary>The language of <see cref="ImportError.Message"/>: the officer's at the console, Italian elsewhere.</summary>
    public CultureInfo Culture { get; init; } = PageCultures.Italian;

    /// <summary>Whether nothing is loaded unless every line is good; otherwise good lines are loaded and bad ones told.</summary>
    public bool AllOrNothing { get; init; }

    /// <summary>Wants to hear now and then how many data lines have been read; null when nobody does.</summary>
    public IProgress<int>? Progress { get; init; }

    /// <summary>Takes the lines that were not loaded, as a CSV in the file's own columns with the reasons after them, to be mended and loaded again; null when nobody wants them.</summary>
    public TextWriter? Refused { get; init; }
}

/// <summary>What an import did.</summary>
/// <param name="Read">Data lines read.</param>
/// <param name="Errors">One per bad line and field, in the order of the file; when there are more than can be kept, the first.</param>
public sealed record ImportReport(int Read, int Added, int Changed, int Unchanged, IReadOnlyList<ImportError> Errors)
{
    /// <summary>Lines kept to be applied later, without anybody's doing.</summary>
    public int Waiting { get; init; }

    /// <summary>Data lines that were not loaded.</summary>
    public int Refused { get; init; }

    /// <summary>Errors beyond those in <see cref="Errors"/>.</summary>
    public int MoreErrors { get; init; }
}

/// <summary>Why a line of a file was not loaded.</summary>
/// <param name="Line">Line number in the file, the header being 1.</param>
/// <param name="Field">The column as the file names it, or null for the whole line.</param>
/// <param name="Value">What stood there, shortened to 60 characters.</param>
/// <param name="Message">What is wrong and how to mend it, in the language of <see cref="ImportFile.Culture"/>.</param>
public sealed record ImportError(int Line, string? Field, string? Value, string Message);

/// <summary>The errors of an import as its report wants them: the first of the file, and how many more there were.</summary>
public sealed class ImportErrors
{
    const int Kept = 1000;

    readonly List<ImportError> _first = [];

    /// <summary>How many were added.</summary>
    public int Count { get; private set; }

    /// <summary>How many are not in <see cref="First"/>.</summary>
    public int More => Count - _first.Count;

    /// <summary>The first 1,000 that were added, in the order of their lines.</summary>
    public IReadOnlyList<ImportError> First => [.. _first.OrderBy(error => error.Line)];

    /// <summary>Counts an error, and keeps it while there is room.</summary>
    public void Add(ImportError error)
    {
        Count++;
        if (_first.Count < Kept)
            _first.Add(error);
    }
}
