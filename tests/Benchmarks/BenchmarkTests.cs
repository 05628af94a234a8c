namespace Portico.Benchmarks;

/// <summary>That everything can still be measured. How fast it is no test says.</summary>
public sealed class BenchmarkTests
{
    [Test]
    [CancelAfter(120_000)]
    public async Task Every_budget_gets_its_figure()
    {
        var report = new Report(TestContext.Progress.WriteLine);

        await Suite.Run(report, Scale.Tiny, [], null);

        report.Rows.GroupBy(row => row.Part, StringComparer.Ordinal).Select(part => (part.Key, part.Count())).Should().Equal(
            (RoundTrips.Part, 7), (WholePayment.Part, 8), (LookUp.Part, 5), (Search.Part, 4), (ConsolePages.Part, 1), (MoreEntities.Part, 2), (Background.Part, 4), (HostCosts.Part, 2), (HostCosts.ImportPart, 2));
        report.Rows.Should().OnlyContain(row => row.Figure.Length > 0 && (row.Within == null) == (row.Budget.Length == 0));
    }
}
