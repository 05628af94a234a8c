namespace PagOnLine.Emulator.Tests;

internal sealed class ListenerTests
{
    private RunningBank _bank = null!;
    private ListeningSite _site = null!;

    [SetUp]
    public async Task Start()
    {
        _bank = await RunningBank.Start(new FixedTime(new DateTimeOffset(2026, 1, 31, 23, 5, 9, TimeSpan.Zero)));
        _site = await ListeningSite.Start();
        await _bank.ListenAt(_site.Address + "/pagonline");
    }

    [TearDown]
    public async Task Stop()
    {
        await _bank.DisposeAsync();
        await _site.DisposeAsync();
    }

    [TestCase(8925, "Y", false, "IC")]
    [TestCase(8925, "N", false, "OK")]
    [TestCase(10_000, "Y", false, "KO")]
    [TestCase(8925, "Y", true, "AB")]
    public async Task The_shop_hears_registration_then_outcome(long cents, string deposit, bool cancel, string state)
    {
        await _bank.Pay(Shop.Request("ORD-1", cents, deposit: deposit), cancel);
        (await _site.Next())["statoattuale"].Should().Be("RO");
        var outcome = await _site.Next();
        outcome.Method.Should().Be("GET");
        outcome.Path.Should().Be("/pagonline");
        outcome.Query.Should().StartWith("?tipomessaggio=PAYMENT_STATE&datacreazione=01.02.2026+00%3A05%3A09&numeroCommerciante=9999888&stabilimento=99888"
            + $"&numeroOrdine=ORD-1&statoprecedente=RO&statoattuale={state}&descrizione=CAMBIO+DI+STATO&MAC=");
    }

    [Test]
    public async Task Every_call_carries_a_mac_over_what_stands_before_it()
    {
        await _bank.Pay(Shop.Request("ORD-1", 8925));
        Shop.Verifies((await _site.Next()).Query[1..], "MAC").Should().BeTrue();
        Shop.Verifies((await _site.Next()).Query[1..], "MAC").Should().BeTrue();
    }

    [Test]
    public async Task A_call_that_is_not_answered_200_is_made_again_before_the_next()
    {
        _site.Answers.Enqueue(500);
        _site.Answers.Enqueue(404);
        await _bank.Pay(Shop.Request("ORD-1", 8925));
        var heard = new List<string?>();
        for (var call = 0; call < 4; call++)
        {
            heard.Add((await _site.Next())["statoattuale"]);
        }

        heard.Should().Equal("RO", "RO", "RO", "IC");
    }

    [Test]
    public async Task After_the_last_retry_the_bank_gives_up_and_writes_it_down()
    {
        for (var call = 0; call < 3; call++)
        {
            _site.Answers.Enqueue(503);
        }

        await _bank.Open(Shop.Request("ORD-1", 8925));
        for (var call = 0; call < 3; call++)
        {
            (await _site.Next())["statoattuale"].Should().Be("RO");
        }

        await _bank.Control(HttpMethod.Post, "orders/ORD-1/state", new { state = "EX" });
        (await _site.Next())["statoattuale"].Should().Be("EX");
        (await _bank.Journal()).Should().Contain("listener-gave-up");
    }

    [Test]
    public async Task A_move_by_the_control_is_told_with_the_state_before_it()
    {
        await _bank.Pay(Shop.Request("ORD-1", 8925));
        await _site.Next();
        await _site.Next();
        await _bank.Control(HttpMethod.Post, "orders/ORD-1/state", new { state = "ST" });
        var reversal = await _site.Next();
        reversal["statoprecedente"].Should().Be("CO");
        reversal["statoattuale"].Should().Be("ST");
        (await _bank.State("ORD-1")).Should().Be("ST");
    }

    [Test]
    public async Task A_payment_settled_behind_the_buyers_back_is_money_all_the_same()
    {
        await _bank.Pay(Shop.Request("ORD-1", 8925), cancel: true);
        await _bank.Control(HttpMethod.Post, "orders/ORD-1/state", new { state = "CO" });
        (await _bank.Query("ORD-1")).Line.Should().Contain("AMOUNT=8925").And.Contain("STATE=CO");
    }

    [Test]
    public async Task A_shop_that_is_away_does_not_hold_the_buyer_up()
    {
        await _bank.ListenAt("http://127.0.0.1:1/");
        (await _bank.Pay(Shop.Request("ORD-1", 8925))).GetProperty("outcome").GetString().Should().Be("taken");
    }
}
