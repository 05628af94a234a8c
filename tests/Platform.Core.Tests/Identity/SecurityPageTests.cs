using System.Text.RegularExpressions;
using Platform.Testing;

namespace Platform.Core.Tests.Identity;

/// <summary>docs/security.md names tests: each of them is there.</summary>
public sealed partial class SecurityPageTests
{
    static readonly string Root = Path.GetFullPath(Path.Combine(TestCluster.Artifacts, ".."));

    [Test]
    public void Every_test_that_the_page_names_exists()
    {
        var named = NamedTest().Matches(File.ReadAllText(Path.Combine(Root, "docs", "security.md"))).Select(match => (Class: match.Groups["class"].Value, Test: match.Groups["test"].Value)).Distinct().ToList();
        named.Should().HaveCountGreaterThan(30);
        // A class may stand in several files.
        var sources = Directory.EnumerateFiles(Path.Combine(Root, "tests"), "*Tests.cs", SearchOption.AllDirectories).Select(File.ReadAllText)
            .SelectMany(text => TestClass().Matches(text).Select(match => (Class: match.Groups["class"].Value, Text: text))).ToLookup(one => one.Class, one => one.Text, StringComparer.Ordinal);

        named.Where(one => !sources[one.Class].Any(text => text.Contains($" {one.Test}(", StringComparison.Ordinal))).Should().BeEmpty();
    }

    [GeneratedRegex(@"\bclass (?<class>\w+Tests)\b", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex TestClass();

    [GeneratedRegex(@"`(?<class>\w+Tests)\.(?<test>\w+)`", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex NamedTest();
}
