using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace Host.Tests.Sample;

/// <summary>A developer who reads only docs/write-a-service.md arrives at the sample, with packages of this build and in an empty folder.</summary>
[TestFixture]
public sealed class TutorialTests
{
    static readonly string Repository = FindRepository();
    static readonly string Sample = Path.Combine(Repository, "tests", "SamplePlugin");

    [Test]
    public async Task The_sample_counts_less_than_150_lines()
    {
        var counted = await new Shell(Sample, Quiet).Run("./count-lines.sh");
        TestContext.Out.WriteLine($"The sample service counts {counted.Trim()} lines of C#, Razor and SQL.");
        int.Parse(counted.Trim(), CultureInfo.InvariantCulture).Should().BeInRange(50, 149);
    }

    [Test]
    public void The_sample_is_what_the_tutorial_makes()
    {
        var told = Steps().OfType<Step.Write>().ToDictionary(file => file.Path, file => file.Text, StringComparer.Ordinal);
        var kept = Directory.GetFiles(Sample, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(Sample, file))
            .Where(file => !file.Split('/').Any(part => part is "bin" or "obj" or "plugins") && file is not (".gitignore" or ".editorconfig" or "Directory.Packages.props" or "count-lines.sh"));

        told.Keys.Should().BeEquivalentTo(kept);
        foreach (var (path, text) in told)
            text.Replace("%PORTICO%", "../..", StringComparison.Ordinal).Should().Be(File.ReadAllText(Path.Combine(Sample, path)), path);
    }

    [Test]
    [NonParallelizable]
    public async Task Every_step_of_the_tutorial_works_in_an_empty_folder()
    {
        // World-readable, since the private cluster of the demo runs as PostgreSQL's own user.
        var home = Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), $"portico-tutorial-{Guid.NewGuid():n}")).FullName;
        try
        {
            var clone = await Clone(home);
            var shell = new Shell(home, new Dictionary<string, string>(Quiet, StringComparer.Ordinal)
            {
                ["PORTICO"] = clone,
                ["PORTICO_DataFolder"] = Path.Combine(home, "data"),
                // Unpacked here and gone with the folder; what others published is taken from where the build of Portico has it.
                ["NUGET_PACKAGES"] = Path.Combine(home, "packages"),
                ["RestoreFallbackFolders"] = await GlobalPackages(),
            });
            foreach (var step in Steps())
            {
                var since = System.Diagnostics.Stopwatch.GetTimestamp();
                switch (step)
                {
                    case Step.Write file:
                        await File.WriteAllTextAsync(Path.Combine(shell.Folder, file.Path), file.Text);
                        continue;
                    case Step.Run { Name: "packages" } packages:
                        packages.Commands.Should().Contain("build.sh pack");
                        continue;
                    case Step.Run { Name: "test" } run:
                        (await shell.Run(run.Commands)).Should().MatchRegex(@"Passed:\s+3\b");
                        break;
                    case Step.Run { Name: "plugins" } run:
                        (await shell.Run(run.Commands)).Should().MatchRegex(@"suolo\b.*\bok\b");
                        break;
                    case Step.Run run:
                        await shell.Run(run.Commands);
                        break;
                    case Step.RunUntil demo:
                        var command = $"{demo.Commands.Trim()} --listen http://127.0.0.1:0 --bank http://127.0.0.1:{FreePort()}";
                        await shell.RunUntil(command, demo.Words, OpenTheService);
                        break;
                }
                TestContext.Out.WriteLine($"{System.Diagnostics.Stopwatch.GetElapsedTime(since).TotalSeconds,5:0.0} s  {step.GetType().Name} {(step as Step.Run)?.Name}");
            }
        }
        finally
        {
            Directory.Delete(home, recursive: true);
        }
    }

    static async Task OpenTheService(string printed)
    {
        var address = Regex.Match(printed, @"Portico is at\s+(?<address>\S+)", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1)).Groups["address"].Value;
        using var browser = new HttpClient();
        var page = await browser.GetStringAsync(new Uri(new Uri(address), "/marzabotto/suolo-pubblico"));
        page.Should().Contain("Chiedi di occupare suolo pubblico").And.Contain("Comune di Marzabotto");
    }

    /// <summary>What <c>build.sh pack</c> leaves in a clone, from what this build has made: packages, and the host with its bank.</summary>
    static async Task<string> Clone(string home)
    {
        var (artifacts, clone) = (Path.Combine(Repository, "artifacts"), Path.Combine(home, "portico"));
        var shell = new Shell(Repository, Quiet);
        foreach (var project in new[] { "Platform.Core", "Platform.Payments", "tests/Platform.Testing" })
            await shell.Run($"dotnet pack '{project}' -c Release --no-build -o '{clone}/artifacts/packages' --nologo -v q");
        await shell.Run($"cp -r '{artifacts}/bin/Host/release' '{clone}/artifacts/portico' && cp -r '{artifacts}/bin/PagOnLine.Emulator/release' '{clone}/artifacts/portico/bank'");
        return clone;
    }

    static IReadOnlyList<Step> Steps() => Tutorial.Read(File.ReadAllText(Path.Combine(Repository, "docs", "write-a-service.md")));

    static async Task<string> GlobalPackages() =>
        (await new Shell(Repository, Quiet).Run("dotnet nuget locals global-packages --list")).Split("global-packages:", 2)[1].Trim();

    static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    static string FindRepository()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Portico.slnx")))
                return folder.FullName;
        throw new InvalidOperationException("The tests do not run inside the repository.");
    }

    /// <summary>Nothing stays behind, and nothing speaks of itself.</summary>
    static readonly Dictionary<string, string> Quiet = new(StringComparer.Ordinal)
    {
        ["MSBUILDDISABLENODEREUSE"] = "1", ["UseSharedCompilation"] = "false", ["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0",
        ["DOTNET_NOLOGO"] = "1", ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1", ["DOTNET_CLI_UI_LANGUAGE"] = "en", ["NO_COLOR"] = "1",
    };
}
