namespace PagOnLine.Emulator.Tests;

internal sealed class JournalTests
{
    private string _file = null!;

    [SetUp]
    public void Name() => _file = Path.Combine(Path.GetTempPath(), $"bank-{Guid.NewGuid():N}.ndjson");

    [TearDown]
    public void Remove() => File.Delete(_file);

    [Test]
    public async Task A_restarted_bank_still_knows_its_orders_and_their_pages()
    {
        string page;
        string answer;
        await using (var before = await RunningBank.Start(time: null, "--journal", _file))
        {
            page = await before.Open(Shop.Request("ORD-1", 8925, appended: "&langCompratore=en"));
            await before.Pay(Shop.Request("ORD-2", 400));
            answer = (await before.Query("ORD-2")).Line;
        }

        await using var after = await RunningBank.Start(time: null, "--journal", _file);
        (await after.Query("ORD-2")).Line.Should().Be(answer);
        (await after.Press(page, "paga")).Should().Contain("Payment successful");
        (await after.Get(Shop.Request("ORD-2", 400))).Page.Should().Contain("order-finished");
    }

    [Test]
    public async Task The_file_holds_the_decision_before_the_browser_is_answered()
    {
        await using var bank = await RunningBank.Start(time: null, "--journal", _file);
        await bank.Pay(Shop.Request("ORD-1", 8925));
        await using var file = new FileStream(_file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file);
        (await reader.ReadToEndAsync()).Should().Be(await bank.Journal()).And.Contain("\"kind\":\"taken\"");
    }

    [Test]
    public async Task Half_a_line_left_by_a_killed_bank_is_dropped_and_the_next_line_is_whole()
    {
        await using (var before = await RunningBank.Start(time: null, "--journal", _file))
        {
            await before.Pay(Shop.Request("ORD-1", 8925));
        }

        await File.AppendAllTextAsync(_file, "{\"at\":\"2026-");
        await using (var after = await RunningBank.Start(time: null, "--journal", _file))
        {
            await after.Pay(Shop.Request("ORD-2", 8925));
        }

        await using var last = await RunningBank.Start(time: null, "--journal", _file);
        (await last.Control(HttpMethod.Get, "orders")).GetArrayLength().Should().Be(2);
    }

    [Test]
    public async Task A_file_that_is_no_journal_is_refused_in_words()
    {
        await File.WriteAllTextAsync(_file, "hello\n");
        var start = () => EmulatorApp.Create("--journal", _file);
        start.Should().Throw<InvalidDataException>().WithMessage("*line 1 is not an entry*");
    }

    [Test]
    public async Task Two_banks_cannot_write_one_journal()
    {
        await using var first = await RunningBank.Start(time: null, "--journal", _file);
        var second = () => EmulatorApp.Create("--journal", _file);
        second.Should().Throw<IOException>();
    }

    [Test]
    public async Task No_card_data_no_password_and_no_secret_enter_it()
    {
        await using var bank = await RunningBank.Start(time: null, "--journal", _file);
        await bank.Press(await bank.Open(Shop.Request("ORD-1", 8925)), "paga");
        await bank.Press(await bank.Open(Shop.Request("ORD-2", 8925)), "paga", "5555 5555 5555 4444", "07/2031", "737");
        await bank.Pay(Shop.Request("ORD-3", 8925), card: "4111111111111111");
        await bank.Query("ORD-1", password: "not-this-one");
        var journal = await bank.Journal();
        journal.Should().Contain("ORD-3").And.Contain("card unknown");
        foreach (var secret in new[] { "4444499922200000", "4444 4999", "11/2019", "5555", "07/2031", "4111111111111111", "not-this-one", "qualunque", Shop.Secret })
        {
            journal.Should().NotContain(secret);
        }
    }

    [Test]
    public async Task A_refused_request_is_written_with_its_reason()
    {
        await using var bank = await RunningBank.Start();
        await bank.Get(Shop.Request("ORD-1", 100).Replace("totaleOrdine=100", "totaleOrdine=1", StringComparison.Ordinal));
        (await bank.Journal()).Should().Contain("\"order\":\"ORD-1\",\"kind\":\"request-refused\"").And.Contain("mac-wrong");
    }
}
