using Platform.Testing;

namespace Platform.Payments.Tests.Office;

/// <summary>A search reads a bounded number of pages of the database whatever is asked; tests/Benchmarks asks the same of a million payments.</summary>
internal sealed class SearchCostTests
{
    const int Count = 20_000;

    TestDatabase _database = null!;

    [OneTimeSetUp]
    public async Task Fill()
    {
        await using (var host = await PorticoTestHost.Start(database: _database = await TestCluster.NewDatabase()))
            await ManyPayments.Grow(_database, 0, Count);
    }

    [OneTimeTearDown]
    public ValueTask Drop() => _database.DisposeAsync();

    [Test]
    public async Task No_question_reads_more_than_two_hundred_buffers_or_a_table_from_end_to_end()
    {
        foreach (var (what, question) in ManyPayments.Questions(Count))
        {
            var (buffers, plan) = await ManyPayments.Explain(_database, question);
            TestContext.Progress.WriteLine($"{what}: {buffers}");
            // A day is a short stretch of the index wherever it lies: reading on to it from one end would show here.
            buffers.Should().BeInRange(1, what.Contains("day", StringComparison.Ordinal) ? 40 : 200, what);
            ManyPayments.ReadWhole(plan).Should().NotContain(["payment", "search_token"], $"{what}: {plan}");
        }
    }
}
