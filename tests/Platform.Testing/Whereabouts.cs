namespace Platform.Testing;

/// <summary>
/// Where the kit finds what it starts. In a project that uses the package its build says so, by the test project's runtime configuration;
/// in Portico's own repository everything lies under <c>artifacts/</c>.
/// </summary>
internal static class Whereabouts
{
    /// <summary>The services to be tested, a folder each.</summary>
    public static string Plugins { get; } = Told("Plugins") ?? Path.Combine(Artifacts, "plugins");

    /// <summary>The emulated bank's program.</summary>
    public static string Bank { get; } = Told("Bank") ?? Path.Combine(Artifacts, "bin", "PagOnLine.Emulator", "release", "pagonline-emulator.dll");

    /// <summary>The program that starts .NET programs, of the runtime that runs the tests.</summary>
    public static string DotNet { get; } = Path.GetFullPath(Path.Combine(System.Runtime.InteropServices.RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));

    /// <summary>In Portico's own repository: where builds leave programs and plugins.</summary>
    public static string Artifacts => _artifacts ??= FindArtifacts();

    static string? _artifacts;

    static string? Told(string what) => AppContext.GetData($"Portico.Testing.{what}") as string;

    static string FindArtifacts()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (folder.Name == "artifacts" && Directory.Exists(Path.Combine(folder.FullName, "bin")))
                return folder.FullName;
        throw new InvalidOperationException(
            "This test project does not say where its services are. Refer to the package Platform.Testing directly, and set PorticoPlugins to the folder where the build lays them.");
    }
}
