using System.Net;

namespace PagOnLine.Emulator.Tests;

internal sealed class LiesTests
{
    private RunningBank _bank = null!;
    private ListeningSite _site = null!;

    [SetUp]
    public async Task Start()
    {
        _bank = await RunningBank.Start();
        _site = await ListeningSite.Start();
    }

    [TearDown]
    public async Task Stop()
    {
        await _bank.DisposeAsync();
        await _site.DisposeAsync();
    }

    [Test]
    public async Task A_dropped_listener_call_is_never_made()
    {
        await _bank.ListenAt(_site.Address);
        await _bank.Lie("ORD-1", new { listener = new { drop = true } });
        await _bank.Pay(Shop.Request("ORD-1", 8925));
        await _bank.Control(HttpMethod.Delete, "lies/ORD-1", expected: HttpStatusCode.NoContent);
        await _bank.Control(HttpMethod.Post, "orders/ORD-1/state", new { state = "ST" });
        (await _site.Next())["statoattuale"].Should().Be("ST", "the calls before it were dropped");
        (await _bank.Journal()).Should().Contain("listener-dropped");
    }

    [Test]
    public async Task A_repeated_listener_call_is_the_same_call()
    {
        await _bank.ListenAt(_site.Address);
        await _bank.Lie("ORD-1", new { listener = new { repeat = 2 } });
        await _bank.Open(Shop.Request("ORD-1", 8925));
        var first = await _site.Next();
        (await _site.Next()).Should().Be(first);
        (await _site.Next()).Should().Be(first);
    }

    [TestCase("forge")]
    [TestCase("otherSecret")]
    public async Task A_forged_listener_call_does_not_verify(string lie)
    {
        await _bank.ListenAt(_site.Address);
        await _bank.Lie("*", new { listener = new Dictionary<string, bool>(StringComparer.Ordinal) { [lie] = true } });
        await _bank.Open(Shop.Request("ORD-1", 8925));
        Shop.Verifies((await _site.Next()).Query[1..], "MAC").Should().BeFalse();
    }

    [Test]
    public async Task A_listener_call_can_tell_another_state_and_sign_it()
    {
        await _bank.ListenAt(_site.Address);
        await _bank.Lie("ORD-1", new { listener = new { state = "IC" } });
        await _bank.Open(Shop.Request("ORD-1", 8925));
        var heard = await _site.Next();
        heard["statoattuale"].Should().Be("IC");
        Shop.Verifies(heard.Query[1..], "MAC").Should().BeTrue();
        (await _bank.State("ORD-1")).Should().Be("RO");
    }

    [Test]
    public async Task A_delayed_listener_call_comes_after_one_that_was_not()
    {
        await _bank.ListenAt(_site.Address);
        await _bank.Lie("ORD-1", new { listener = new { delayMs = 1000 } });
        await _bank.Open(Shop.Request("ORD-1", 8925));
        await _bank.Open(Shop.Request("ORD-2", 8925));
        (await _site.Next())["numeroOrdine"].Should().Be("ORD-2");
        (await _site.Next())["numeroOrdine"].Should().Be("ORD-1");
    }

    [Test]
    public async Task A_dropped_return_leaves_the_browser_at_the_bank_though_the_money_is_taken()
    {
        await _bank.Lie("ORD-1", new { @return = new { drop = true } });
        var page = await _bank.Press(await _bank.Open(Shop.Request("ORD-1", 8925)), "paga");
        page.Should().Contain("si perde qui apposta").And.NotContain("<form");
        var again = await _bank.Pay(Shop.Request("ORD-2", 8925, site: _site.Address), deliver: true);
        again.GetProperty("delivered").GetArrayLength().Should().Be(1);
        (await _bank.State("ORD-1")).Should().Be("CO");
    }

    [Test]
    public async Task A_return_by_GET_keeps_the_shops_own_parameters()
    {
        await _bank.Lie("ORD-1", new { @return = new { method = "GET" } });
        await _bank.Pay(Shop.Request("ORD-1", 8925, site: _site.Address), deliver: true);
        var heard = await _site.Next();
        heard.Method.Should().Be("GET");
        heard.Query.Should().StartWith("?via=bank&n=1&numeroOrdine=ORD-1&numeroCommerciante=");
        (await _bank.Get((await _bank.Control(HttpMethod.Get, "orders/ORD-1")).GetProperty("order").GetProperty("page").GetString()!)).Page
            .Should().Contain("method=\"get\" action=\"" + _site.Address + "/ok\"").And.Contain("name=\"via\" value=\"bank\"");
    }

    [Test]
    public async Task A_forged_return_does_not_verify()
    {
        await _bank.Lie("ORD-1", new { @return = new { forge = true } });
        var back = await _bank.Pay(Shop.Request("ORD-1", 8925));
        Shop.Verifies(back.GetProperty("body").GetString()!).Should().BeFalse();
    }

    [TestCase(8925, "esito=KO&mac", "https://portale.example/ko")]
    [TestCase(10_000, "esito=OK&dataApprovazione", "https://portale.example/ok")]
    public async Task A_flipped_return_says_the_contrary_and_verifies(long cents, string told, string target)
    {
        await _bank.Lie("ORD-1", new { @return = new { flipEsito = true } });
        var back = await _bank.Pay(Shop.Request("ORD-1", cents));
        back.GetProperty("body").GetString().Should().Contain(told);
        back.GetProperty("target").GetString().Should().StartWith(target);
        Shop.Verifies(back.GetProperty("body").GetString()!).Should().BeTrue();
    }

    [Test]
    public async Task A_repeated_return_is_delivered_more_than_once()
    {
        await _bank.Lie("ORD-1", new { @return = new { repeat = 1, delayMs = 1 } });
        var back = await _bank.Pay(Shop.Request("ORD-1", 8925, site: _site.Address), deliver: true);
        back.GetProperty("delivered").GetArrayLength().Should().Be(2);
        (await _site.Next()).Should().Be(await _site.Next());
        (await _bank.Get((await _bank.Control(HttpMethod.Get, "orders/ORD-1")).GetProperty("order").GetProperty("page").GetString()!)).Page
            .Should().Contain("data-repeat=\"1\"").And.Contain("data-delay=\"1\"");
    }

    [Test]
    public async Task A_query_can_be_down_garbled_undetermined_or_unknown()
    {
        await _bank.Pay(Shop.Request("ORD-1", 8925));
        await _bank.Lie("ORD-1", new { query = new { down = true } });
        (await _bank.Query("ORD-1")).Status.Should().Be(HttpStatusCode.ServiceUnavailable);
        await _bank.Lie("ORD-1", new { query = new { garbled = true } });
        (await _bank.Query("ORD-1")).Line.Should().StartWith("<html>");
        await _bank.Lie("ORD-1", new { query = new { undetermined = true } });
        (await _bank.Query("ORD-1")).Line.Should().StartWith("DESCRIZIONE=").And.NotContain("10119");
        await _bank.Lie("ORD-1", new { query = new { unknown = true } });
        (await _bank.Query("ORD-1")).Line.Should().EndWith("PRC=10119");
    }

    [Test]
    public async Task A_query_can_tell_another_amount_or_state_and_take_its_time()
    {
        await _bank.Pay(Shop.Request("ORD-1", 8925));
        await _bank.Lie("ORD-1", new { query = new { amountCents = 8924, state = "XX", delayMs = 1 } });
        (await _bank.Query("ORD-1")).Line.Should().Contain("AMOUNT=8924&").And.Contain("&STATE=XX&");
    }

    [Test]
    public async Task Another_amount_than_asked_can_be_taken()
    {
        await _bank.Lie("ORD-1", new { amountCents = 5000 });
        (await _bank.Pay(Shop.Request("ORD-1", 8925))).GetProperty("takenCents").GetInt64().Should().Be(5000);
        (await _bank.Query("ORD-1")).Line.Should().Contain("AMOUNT=5000&DEPOSITAMOUNT=5000&");
        (await _bank.Journal()).Should().Contain("\"kind\":\"taken\",\"amountCents\":5000");
    }

    [TestCase(8925, "KO", "refused")]
    [TestCase(10_000, "OK", "taken")]
    public async Task An_outcome_can_be_forced(long cents, string forced, string outcome)
    {
        await _bank.Lie("*", new { outcome = forced });
        (await _bank.Pay(Shop.Request("ORD-1", cents))).GetProperty("outcome").GetString().Should().Be(outcome);
    }

    [TestCase("OK")]
    [TestCase("IC")]
    public async Task The_word_for_success_can_be_chosen(string esito)
    {
        await _bank.ListenAt(_site.Address);
        await _bank.Lie("ORD-1", new { esito });
        (await _bank.Pay(Shop.Request("ORD-1", 8925))).GetProperty("body").GetString().Should().Contain($"esito={esito}&dataApprovazione=");
        await _site.Next();
        (await _site.Next())["statoattuale"].Should().Be(esito);
    }

    [Test]
    public async Task The_lies_of_an_order_win_over_those_of_every_order()
    {
        await _bank.Lie("*", new { outcome = "KO" });
        await _bank.Lie("ORD-1", new { outcome = "OK" });
        (await _bank.Pay(Shop.Request("ORD-1", 8925))).GetProperty("outcome").GetString().Should().Be("taken");
        (await _bank.Pay(Shop.Request("ORD-2", 8925))).GetProperty("outcome").GetString().Should().Be("refused");
    }
}
