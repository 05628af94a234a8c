namespace Portico.Host.Tests.Processes;

/// <summary>A folder for one host's data, gone after the test, with an eye on the programs that work there.</summary>
internal sealed class Workplace : IDisposable
{
    readonly string _folder = Path.Combine(Path.GetTempPath(), "portico-run-" + Guid.NewGuid().ToString("n")[..12]);

    public Workplace() => Directory.CreateDirectory(
        _folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);

    public string Data => Path.Combine(_folder, "data");

    public async Task<string> File(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        await System.IO.File.WriteAllTextAsync(path, text);
        return path;
    }

    /// <summary>Programs that stand in the folder or were started with its name, by the kernel's own account.</summary>
    public IReadOnlyList<string> Busy() =>
    [
        .. Directory.EnumerateDirectories("/proc").Where(process => Path.GetFileName(process).All(char.IsAsciiDigit))
            .Select(process => (Folder: Ask(() => new FileInfo(process + "/cwd").LinkTarget), Line: Ask(() => System.IO.File.ReadAllText(process + "/cmdline"))))
            .Where(process => process.Folder.StartsWith(_folder, StringComparison.Ordinal) || process.Line.Contains(_folder, StringComparison.Ordinal))
            .Select(process => process.Line.Replace('\0', ' ')),
    ];

    static string Ask(Func<string?> question)
    {
        try
        {
            return question() ?? "";
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
