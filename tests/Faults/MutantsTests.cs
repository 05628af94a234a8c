using Platform.Testing;

namespace Portico.Faults;

/// <summary>The guards that <c>./build.sh mutants</c> takes out are still those of the product: it runs seldom, and would notice late.</summary>
public sealed class MutantsTests
{
    static readonly string Source = Path.GetFullPath(Path.Combine(TestCluster.Artifacts, ".."));

    static IEnumerable<TestCaseData> Guards() => Mutant.All.Select(mutant => new TestCaseData(mutant.Name).SetArgDisplayNames(mutant.Name));

    [TestCaseSource(nameof(Guards))]
    public void Every_guard_stands_once_where_it_is_taken_out_and_its_test_is_there(string name)
    {
        var mutant = Mutant.All.Single(one => one.Name == name);
        foreach (var (file, text, without) in mutant.Edits)
        {
            File.ReadAllText(Path.Combine(Source, file)).Split(text).Should().HaveCount(2, "{0} holds the guard once", file);
            without.Should().NotBe(text);
        }
        var (fixture, test) = mutant.Tests.Split('.') is [var named, var one] ? (named, one) : (mutant.Tests, null);
        var code = Directory.GetFiles(Path.Combine(Source, "tests", mutant.Project), $"{fixture}.cs", SearchOption.AllDirectories).Should().ContainSingle().Subject;
        if (test is not null)
            File.ReadAllText(code).Should().Contain($" {test}(");
    }
}
