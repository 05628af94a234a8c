namespace Platform.Core.Storage.Embedded;

/// <summary>The server's own log files.</summary>
internal static class ServerLog
{
    const int Kept = 10, TailLines = 15;
    const string Pattern = "postgres-*.log";

    /// <summary>A new file each day and each 10 MB; together with <see cref="Prune"/> at most about 100 MB.</summary>
    /// <remarks>Terse and without statements: a detail line quotes the values of a row, and the log must hold no personal data.</remarks>
    public static IEnumerable<string> Settings(string folder) =>
    [
        "logging_collector=on", $"log_directory={folder}", "log_filename=postgres-%Y%m%d-%H%M%S.log", "log_rotation_size=10MB", "log_rotation_age=1d",
        "log_error_verbosity=terse", "log_min_error_statement=panic", "log_timezone=UTC",
    ];

    /// <summary>Deletes all but the newest files.</summary>
    public static void Prune(string folder)
    {
        foreach (var file in Files(folder).SkipLast(Kept))
            File.Delete(file);
    }

    /// <summary>The last lines of the newest file written since <paramref name="since"/>, or nothing.</summary>
    public static string Tail(string folder, DateTime since)
    {
        try
        {
            return Files(folder).LastOrDefault() is { } file && File.GetLastWriteTimeUtc(file) >= since
                ? string.Join('\n', File.ReadLines(file).TakeLast(TailLines))
                : "";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";     // the tail explains another failure and must not replace it
        }
    }

    static IEnumerable<string> Files(string folder) =>
        Directory.Exists(folder) ? Directory.EnumerateFiles(folder, Pattern).Order(StringComparer.Ordinal) : [];
}
