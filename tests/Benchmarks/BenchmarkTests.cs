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

        report.Rows.Select(row => row.Part).Distinct(StringComparer.Ordinal).Should().Equal(
            RoundTrips.Part, WholePayment.Part, LookUp.Part, MoreEntities.Part, Background.Part, HostCosts.Part, HostCosts.ImportPart);
        report.Rows.Should().HaveCount(24).And.OnlyContain(row => row.Figure.Length > 0 && (row.Within == null) == (row.Budget.Length == 0));
    }
}
