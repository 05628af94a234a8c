using System.Net;

namespace PagOnLine.Emulator.Tests;

internal sealed class CardPageTests
{
    private RunningBank _bank = null!;

    [SetUp]
    public async Task Start() => _bank = await RunningBank.Start(new FixedTime(new DateTimeOffset(2026, 6, 30, 22, 30, 0, TimeSpan.Zero)));

    [TearDown]
    public async Task Stop() => await _bank.DisposeAsync();

    [TestCase(9_999, "Pagamento riuscito", "CO")]
    [TestCase(10_000, "Pagamento rifiutato", "KO")]
    public async Task The_test_card_succeeds_below_100_euro_and_fails_from_there(long cents, string title, string state)
    {
        var page = await _bank.Press(await _bank.Open(Shop.Request("ORD-1", cents)), "paga");
        page.Should().Contain($"<h1>{title}</h1>");
        (await _bank.State("ORD-1")).Should().Be(state);
    }

    [Test]
    public async Task A_success_returns_to_urlOk_with_the_day_in_Rome()
    {
        var page = await _bank.Press(await _bank.Open(Shop.Request("ORD-1", 8925)), "paga");
        var body = RunningBank.ReturnBody(page);
        page.Should().Contain("""method="post" action="https://portale.example/ok?via=bank&amp;n=1" """.TrimEnd());
        body.Should().StartWith("numeroOrdine=ORD-1&numeroCommerciante=9999888&stabilimento=99888&esito=OK&dataApprovazione=01.07.2026&mac=");
        Shop.Verifies(body).Should().BeTrue();
    }

    [TestCase("paga", "4444499922200001", "11/2019", "999", "KO")]
    [TestCase("paga", "4444499922200000", "12/2030", "999", "KO")]
    [TestCase("paga", "4444499922200000", "11/2019", "998", "KO")]
    [TestCase("annulla", "", "", "", "AB")]
    public async Task An_unknown_card_or_a_cancel_returns_to_urlKo_without_a_date(string button, string number, string expiry, string code, string state)
    {
        var page = await _bank.Press(await _bank.Open(Shop.Request("ORD-1", 8925)), button, number, expiry, code);
        var body = RunningBank.ReturnBody(page);
        page.Should().Contain("""action="https://portale.example/ko" """.TrimEnd());
        body.Should().StartWith("numeroOrdine=ORD-1&numeroCommerciante=9999888&stabilimento=99888&esito=KO&mac=");
        Shop.Verifies(body).Should().BeTrue();
        (await _bank.State("ORD-1")).Should().Be(state);
    }

    [Test]
    public async Task Pressing_again_or_cancelling_afterwards_changes_nothing()
    {
        var page = await _bank.Open(Shop.Request("ORD-1", 8925));
        var first = RunningBank.ReturnBody(await _bank.Press(page, "paga"));
        RunningBank.ReturnBody(await _bank.Press(page, "annulla")).Should().Be(first);
        RunningBank.ReturnBody((await _bank.Get(page)).Page).Should().Be(first);
        (await _bank.Journal()).Split('\n').Count(line => line.Contains("\"kind\":\"taken\"", StringComparison.Ordinal)).Should().Be(1);
    }

    [Test]
    public async Task Fields_left_empty_are_asked_again()
    {
        var page = await _bank.Open(Shop.Request("ORD-1", 8925));
        (await _bank.Press(page, "paga", number: "")).Should().Contain("role=\"alert\"").And.Contain("Compila");
        (await _bank.State("ORD-1")).Should().Be("RO");
    }

    [TestCase("wait", true)]
    [TestCase("click", false)]
    public async Task The_return_goes_by_itself_only_where_the_shop_asked_to_wait(string kind, bool byItself)
    {
        var page = await _bank.Press(await _bank.Open(Shop.Request("ORD-1", 8925, kind: kind)), "paga");
        page.Contains("data-auto", StringComparison.Ordinal).Should().Be(byItself);
        page.Should().Contain("Torna al sito / Back to the site");
    }

    [Test]
    public async Task Pages_allow_no_inline_script_and_let_the_return_leave()
    {
        var page = await _bank.Open(Shop.Request("ORD-1", 8925));
        using var card = await _bank.Http.GetAsync(new Uri(page, UriKind.Relative));
        card.Headers.GetValues("Content-Security-Policy").Single().Should().Contain("script-src 'self'").And.Contain("form-action 'self'").And.NotContain("unsafe");
        await _bank.Press(page, "paga");
        using var back = await _bank.Http.GetAsync(new Uri(page, UriKind.Relative));
        back.Headers.GetValues("Content-Security-Policy").Single().Should().Contain("form-action http: https:").And.NotContain("unsafe");
        (await _bank.Get("/assets/return.js")).Page.Should().Contain("requestSubmit");
        (await _bank.Get("/assets/bank.css")).Status.Should().Be(HttpStatusCode.OK);
        (await _bank.Get("/assets/nothing")).Status.Should().Be(HttpStatusCode.NotFound);
    }

    [Test]
    public async Task Every_page_says_that_it_is_an_emulator()
    {
        var card = await _bank.Open(Shop.Request("ORD-1", 8925));
        foreach (var address in new[] { card, "/", "/demo/democarta.html", "/initInsert.do" })
        {
            (await _bank.Get(address)).Page.Should().Contain("Emulatore di una banca, per prove.");
        }
    }

    [Test]
    public async Task A_body_that_is_no_form_or_too_long_gets_words()
    {
        var page = await _bank.Open(Shop.Request("ORD-1", 8925));
        using var json = new StringContent("{}", System.Text.Encoding.UTF8, "application/json");
        using var noForm = await _bank.Http.PostAsync(new Uri(page, UriKind.Relative), json);
        noForm.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        (await _bank.Press(page, "paga", number: new string('4', 70_000))).Should().Contain("Bad request").And.NotContain("   at ");
    }
}
