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

/// <summary>A file to be loaded, and how.</summary>
public sealed class ImportFile(Stream content)
{
    /// <summary>The file's bytes, read once from where it stands; under <see cref="AllOrNothing"/> it can be sought in and may be read twice.</summary>
    public Stream Content => content;

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
/// <param name="Message">What is wrong and how to mend it, in Italian.</param>
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
