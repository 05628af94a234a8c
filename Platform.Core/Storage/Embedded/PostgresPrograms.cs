using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Platform.Core.Storage.Embedded;

/// <summary>The PostgreSQL programs of one version on this machine.</summary>
internal sealed partial record PostgresPrograms(string Folder, int Major, int Minor)
{
    public const string Variable = "PORTICO_POSTGRES_BIN";

    public string Server => Path.Combine(Folder, "postgres");

    public string Init => Path.Combine(Folder, "initdb");

    /// <summary>The newest programs, or those of the major version that made <paramref name="cluster"/> when it holds data.</summary>
    /// <exception cref="EmbeddedPostgresException">None are installed, or none that can read the data.</exception>
    public static async Task<PostgresPrograms> For(string cluster, CancellationToken stop)
    {
        var found = new List<PostgresPrograms>();
        foreach (var folder in Folders().Distinct(StringComparer.Ordinal))
        {
            if (await In(folder, stop) is { } programs)
                found.Add(programs);
        }
        var named = Environment.GetEnvironmentVariable(Variable);
        if (found.Count == 0)
        {
            throw new EmbeddedPostgresException(string.IsNullOrEmpty(named)
                ? $"PostgreSQL is not installed on this machine: on Debian run 'apt install postgresql', elsewhere name the folder of its programs in {Variable}."
                : $"{Variable} names {named}, which has no PostgreSQL programs (postgres, initdb): correct it or unset it.");
        }

        found.Sort((a, b) => (b.Major, b.Minor).CompareTo((a.Major, a.Minor)));
        if (DataVersion(cluster) is not { } data)
            return found[0];
        return found.Find(p => p.Major.ToString(CultureInfo.InvariantCulture) == data) ?? throw new EmbeddedPostgresException(
            $"The data in {cluster} were made by PostgreSQL {data}, and this machine has the programs of PostgreSQL "
            + string.Join(", ", found.Select(p => string.Create(CultureInfo.InvariantCulture, $"{p.Major}.{p.Minor} ({p.Folder})")))
            + $". Install PostgreSQL {data} beside it (on Debian 'apt install postgresql-{data}'), or bring the data to the new version with pg_upgrade."
            + " Nothing was changed.");
    }

    /// <summary>The major version that made the data, or null when there are none.</summary>
    public static string? DataVersion(string cluster)
    {
        var file = Path.Combine(cluster, "PG_VERSION");
        return File.Exists(file) ? File.ReadAllText(file).Trim() : null;
    }

    static IEnumerable<string> Folders()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named)
            return [Path.GetFullPath(named)];
        return Below("/usr/lib/postgresql", "*").Concat(Below("/usr", "pgsql-*"))
            .Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Where(Path.IsPathRooted));
    }

    static IEnumerable<string> Below(string folder, string pattern) =>
        Directory.Exists(folder) ? Directory.EnumerateDirectories(folder, pattern).Select(version => Path.Combine(version, "bin")) : [];

    static async Task<PostgresPrograms?> In(string folder, CancellationToken stop)
    {
        var programs = new PostgresPrograms(folder, 0, 0);
        if (!File.Exists(programs.Server) || !File.Exists(programs.Init))
            return null;
        try
        {
            var (_, output) = await ChildProcess.Run(new ProcessStartInfo(programs.Server, ["--version"]), stop);
            var version = VersionText().Match(output);
            return version.Success
                ? programs with { Major = Number(version.Groups["major"]), Minor = version.Groups["minor"].Success ? Number(version.Groups["minor"]) : 0 }
                : null;
        }
        catch (EmbeddedPostgresException)
        {
            return null;     // not runnable: as good as not installed
        }
    }

    static int Number(Group digits) => int.Parse(digits.ValueSpan, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\(PostgreSQL\) (?<major>\d{1,3})(\.(?<minor>\d{1,3}))?", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex VersionText();
}
