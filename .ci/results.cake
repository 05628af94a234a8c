// The verbs of build.cake: programs it runs, and the sum of the test results.
#nullable enable
using System.Xml.Linq;

const string TestResults = "artifacts/test-results";
const string TestSummary = TestResults + "/summary.txt"; // build.sh prints it last, below Cake's own table

const string Errors = "artifacts/errors.log"; // build.sh repeats its first line when all is lost

DotNetVerbosity Quietly => DotNetVerbosity.Minimal;

bool OnCI => EnvironmentVariable("CI") is "1" or "true" or "True";

ProcessArgumentBuilder KeepErrors(ProcessArgumentBuilder arguments) => arguments.Append($"-flp:errorsonly;append;logfile={Errors}");

bool IsOlder(string made, string source) =>
    !System.IO.File.Exists(made) || System.IO.File.GetLastWriteTimeUtc(made) < System.IO.File.GetLastWriteTimeUtc(source);

void Run(string program, string arguments)
{
    var code = StartProcess(program, arguments);
    if (code != 0)
    {
        throw new CakeException($"'{program} {arguments}' failed with exit code {code}.");
    }
}

void Publish(string project, string output) => DotNetPublish(project, new()
{
    Configuration = Configuration, OutputDirectory = output, NoBuild = true, SelfContained = false, NoLogo = true, Verbosity = Quietly,
    ArgumentCustomization = KeepErrors,
});

void Pack(string feed, params string[] projects)
{
    // Emptied first, with what was unpacked from an earlier feed of the same version: NuGet would not look again.
    if (DirectoryExists(feed))
    {
        DeleteDirectory(feed, new() { Recursive = true, Force = true });
    }

    foreach (var project in projects)
    {
        DotNetPack(project, new()
        {
            Configuration = Configuration, OutputDirectory = feed, NoBuild = true, NoLogo = true, Verbosity = Quietly, ArgumentCustomization = KeepErrors,
        });
    }
}

// The target is emptied first, by unlinking: a plugin that is gone must not be found, and a host that runs from there keeps its files.
void Mirror(string source, string target)
{
    if (DirectoryExists(target))
    {
        DeleteDirectory(target, new() { Recursive = true, Force = true });
    }

    EnsureDirectoryExists(target);
    if (DirectoryExists(source))
    {
        CopyDirectory(source, target);
    }
}

void RunTests(string solution, string configuration)
{
    Exception? crash = null;
    try
    {
        DotNetTest(solution, new()
        {
            Configuration = configuration, NoBuild = true, NoLogo = true, Verbosity = Quietly,
            ResultsDirectory = TestResults, Loggers = ["trx"], Filter = Argument<string?>("filter", null),
            // Three projects at a time on two cores: each has a PostgreSQL of its own, some a browser, and all wait much.
            ArgumentCustomization = a => a.Append("-m:2").Append("--blame-hang-timeout 10m").Append("--blame-hang-dump-type none"),
        });
    }
    catch (CakeException e)
    {
        crash = e;
    }

    var results = GetFiles(TestResults + "/*.trx").Select(f => XDocument.Load(f.FullPath).Root!).ToList();
    int Sum(string counter) => results.Sum(r => (int?)r.Descendants(r.Name.Namespace + "Counters").FirstOrDefault()?.Attribute(counter) ?? 0);
    var failures = results.SelectMany(FailedTests).Order(StringComparer.Ordinal).ToList();
    var passed = Sum("passed");
    var failed = failures.Count;

    foreach (var name in failures)
    {
        Error("Failed: {0}", name);
    }

    System.IO.File.WriteAllText(TestSummary, $"{passed} passed, {failed} failed\n");
    if (failed > 0)
    {
        throw new CakeException($"{failed} failed.");
    }

    if (crash is not null)
    {
        throw new CakeException("No test failed, yet the run did: a test project crashed, hung or was not found. Its words are above.", crash);
    }

    if (passed == 0)
    {
        throw new CakeException("No test was executed.");
    }
}

IEnumerable<string> FailedTests(XElement run)
{
    XName Tag(string name) => run.Name.Namespace + name;
    var classes = run.Descendants(Tag("UnitTest"))
        .ToDictionary(t => (string)t.Attribute("id")!, t => (string?)t.Element(Tag("TestMethod"))?.Attribute("className"));
    // What goes wrong at the end of a fixture is no test's result, and a failure all the same: there the money is counted.
    var atTheEnd = run.Descendants(Tag("RunInfo")).Where(info => (string?)info.Attribute("outcome") == "Error").Select(info => ((string?)info.Element(Tag("Text")) ?? "").Split('\n')[0])
        .Where(text => text.StartsWith("TearDown failed for", StringComparison.Ordinal));
    return run.Descendants(Tag("UnitTestResult"))
        .Where(t => (string?)t.Attribute("outcome") is "Failed" or "Error" or "Timeout" or "Aborted")
        .Select(t => $"{classes.GetValueOrDefault((string)t.Attribute("testId")!)}: {(string?)t.Attribute("testName")}")
        .Concat(atTheEnd);
}
