namespace Platform.Core.Storage.Embedded;

/// <summary>Turns what the programs wrote into words that say how to mend it.</summary>
internal static class Failure
{
    const int Lines = 15;

    public static EmbeddedPostgresException Of(string what, string folder, ClusterUser user, string output, string logFolder)
    {
        var mend = output switch
        {
            _ when Says("No space left on device") || Says("Disk quota exceeded") => $"The disk that holds {folder} is full: free some space and start again.",
            _ when Says("Read-only file system") => $"{folder} is on a file system that is mounted read-only: mount it for writing or choose another data folder.",
            _ when Says("Permission denied") || Says("Operation not permitted") || Says("has wrong ownership") =>
                $"The user {user.Name} lacks a right it needs: what lies below {folder} must belong to it ('chown -R {user.Name} {folder}/cluster').",
            _ when Says("could not map anonymous shared memory") || Says("Cannot allocate memory") => "The machine is short of memory: free some and start again.",
            _ => "The lines below say why.",
        };
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).TakeLast(Lines).ToList();
        var tail = lines.Count > 0 ? "\n  " + string.Join("\n  ", lines) : " nothing.";
        return new($"{what}. {mend} Its last words (log in {logFolder}):{tail}");

        bool Says(string words) => output.Contains(words, StringComparison.Ordinal);
    }
}
