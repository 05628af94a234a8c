using Platform.Testing;

namespace Platform.Payments.Tests.Office;

/// <summary>A search reads a bounded number of pages of the database whatever is asked; tests/Benchmarks asks the same of a million payments.</summary>
internal sealed class SearchCostTests
{
    const int Count = 20_000;

    PorticoTestHost _host = null!;

    [OneTimeSetUp]
    public async Task Fill()
    {
        _host = await PorticoTestHost.Start();
        await ManyPayments.Grow(_host.Database, 0, Count);
    }

    [OneTimeTearDown]
    public ValueTask Stop() => _host.DisposeAsync();

    [Test]
    public async Task No_question_reads_more_than_two_hundred_buffers_or_a_table_from_end_to_end()
    {
        foreach (var (what, question) in ManyPayments.Questions(Count))
        {
            var (buffers, plan) = await ManyPayments.Explain(_host.Database, question);
            TestContext.Progress.WriteLine($"{what}: {buffers}");
            // A day is a short stretch of the index wherever it lies: reading on to it from one end would show here.
            buffers.Should().BeInRange(1, what.Contains("day", StringComparison.Ordinal) ? 40 : 200, what);
            ManyPayments.ReadWhole(plan).Should().NotContain(["payment", "search_token"], $"{what}: {plan}");
        }
    }

    [Test]
    public async Task A_long_list_is_downloaded_whole_and_another_entity_gets_nothing_of_it()
    {
        using var officer = await _host.SignIn("URG", "payments.see", "payments.export");
        await officer.Open($"/console/{await _host.Database.Value<string>("select slug from core.entity where code = 'URG'")}/pagamenti");
        var lines = System.Text.Encoding.UTF8.GetString(await ExportTests.Download(_host, officer, "Scarica CSV")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        lines.Length.Should().Be(1 + (Count * 9 / 10));
        lines.Should().OnlyHaveUniqueItems();
        (await ExportTests.Download(_host, officer, "Scarica Excel (XLSX)")).Length.Should().BeGreaterThan(100_000);

        using var stranger = await _host.SignIn("VRG", "payments.see", "payments.export");
        await stranger.Open("/console/vergato/pagamenti");
        System.Text.Encoding.UTF8.GetString(await ExportTests.Download(_host, stranger, "Scarica CSV")).Should().NotContain("URG-").And.NotContain("MZB-");
        using var reader = await _host.SignIn("URG", "payments.see");
        await reader.Open(officer.Address.AbsolutePath + "/esporta.csv");
        reader.Status.Should().Be(403);
    }
}
