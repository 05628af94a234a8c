using System.Net;

namespace PagOnLine.Emulator.Tests;

internal sealed class RequestTests
{
    private RunningBank _bank = null!;

    [SetUp]
    public async Task Start() => _bank = await RunningBank.Start();

    [TearDown]
    public async Task Stop() => await _bank.DisposeAsync();

    [TestCase(false)]
    [TestCase(true)]
    public async Task Either_order_of_parameters_is_verified_as_received(bool sampleOrder)
    {
        await _bank.Open(Shop.Request("ORD-1", 12_518, sampleOrder));
        (await _bank.State("ORD-1")).Should().Be("RO");
    }

    [Test]
    public async Task The_published_request_opens_a_card_page()
    {
        const string request = "/initInsert.do?numeroCommerciante=9999888&userID=9999888&password=qualunque&numeroOrdine=ORD0001&totaleOrdine=12518&valuta=978&flagDeposito=Y"
            + "&urlOk=https%3A%2F%2Fportale.example%2Fok&urlKo=https%3A%2F%2Fportale.example%2Fko&tipoRispostaApv=click&flagRiciclaOrdine=N&stabilimento=99888&mac=5nAT7BQsByUiHIfwz9p3Lg%3D%3D";
        (await _bank.Get(await _bank.Open(request))).Page.Should().Contain("125,18");
    }

    [Test]
    public async Task Parameters_before_the_mac_are_signed_and_those_after_it_are_not()
    {
        var page = await _bank.Open(Shop.Request("ORD-1", 100, signed: "&causalePagamento=Multa", appended: "&langCompratore=en&totaleOrdine=1&causalePagamento=Altro"));
        var (_, text) = await _bank.Get(page);
        text.Should().Contain("""<html lang="en">""").And.Contain("€1.00").And.Contain("Multa").And.NotContain("Altro");
    }

    [TestCase("totaleOrdine=100", "totaleOrdine=101")]
    [TestCase("ORD-1", "ORD-2")]
    [TestCase("&mac=", "&causalePagamento=x&mac=")]
    [TestCase("%3D%3D", "")]
    public async Task A_tampered_request_is_refused_and_leaves_no_order(string original, string tampered)
    {
        var (status, page) = await _bank.Get(Shop.Request("ORD-1", 100).Replace(original, tampered, StringComparison.Ordinal));
        status.Should().Be(HttpStatusCode.BadRequest);
        page.Should().Contain("mac-wrong");
        (await _bank.Control(HttpMethod.Get, "orders")).GetArrayLength().Should().Be(0);
    }

    [TestCase("numeroCommerciante")]
    [TestCase("stabilimento")]
    [TestCase("userID")]
    [TestCase("password")]
    [TestCase("numeroOrdine")]
    [TestCase("totaleOrdine")]
    [TestCase("valuta")]
    [TestCase("flagDeposito")]
    [TestCase("flagRiciclaOrdine")]
    [TestCase("tipoRispostaApv")]
    [TestCase("urlOk")]
    [TestCase("urlKo")]
    public async Task A_missing_parameter_is_named(string name)
    {
        var (status, page) = await _bank.Get(Shop.Request("ORD-1", 100, changes: (name, null)));
        status.Should().Be(HttpStatusCode.BadRequest);
        page.Should().Contain($"Manca il parametro {name}.");
    }

    [TestCase("numeroOrdine", "ORD_1")]
    [TestCase("numeroOrdine", "ORDè1")]
    [TestCase("numeroOrdine", "1&totaleOrdine=1")]
    [TestCase("totaleOrdine", "1,00")]
    [TestCase("totaleOrdine", "-1")]
    [TestCase("totaleOrdine", "000")]
    [TestCase("totaleOrdine", "9999999999999999999999")]
    [TestCase("valuta", "840")]
    [TestCase("flagDeposito", "y")]
    [TestCase("flagRiciclaOrdine", "S")]
    [TestCase("tipoRispostaApv", "push")]
    [TestCase("urlOk", "javascript:alert(1)")]
    [TestCase("urlKo", "/ko")]
    [TestCase("urlOk", "https://portale.example/€")]
    public async Task A_signed_but_malformed_parameter_is_named(string name, string value)
    {
        var (status, page) = await _bank.Get(Shop.Request("ORD-1", 100, changes: (name, value)));
        status.Should().Be(HttpStatusCode.BadRequest);
        page.Should().Contain("malformed").And.Contain($"Il parametro {name} ");
    }

    [Test]
    public async Task A_repeated_parameter_is_refused()
        => (await _bank.Get(Shop.Request("ORD-1", 100, signed: "&totaleOrdine=1"))).Page.Should().Contain("è ripetuto");

    [TestCase("/initInsert.do")]
    [TestCase("/initInsert.do?&&==&%&%zz=%ff&mac")]
    [TestCase("/initInsert.do?mac=&mac=&numeroOrdine=%00")]
    public async Task Nonsense_gets_a_page_and_no_stack_trace(string address)
    {
        var (status, page) = await _bank.Get(address);
        status.Should().Be(HttpStatusCode.BadRequest);
        page.Should().Contain("Pagamento non possibile").And.NotContain("   at ");
    }

    [Test]
    public async Task An_unfinished_order_shows_its_card_page_again()
    {
        var first = await _bank.Open(Shop.Request("ORD-1", 100));
        (await _bank.Open(Shop.Request("ORD-1", 100))).Should().Be(first);
    }

    [Test]
    public async Task An_order_presented_with_another_amount_is_refused()
    {
        await _bank.Open(Shop.Request("ORD-1", 100));
        (await _bank.Get(Shop.Request("ORD-1", 101))).Should().Match<(HttpStatusCode Status, string Page)>(answer => answer.Status == HttpStatusCode.Conflict && answer.Page.Contains("order-other-amount"));
    }

    [TestCase("N", 8925, false)]
    [TestCase("N", 10_000, false)]
    [TestCase("Y", 8925, false)]
    [TestCase("Y", 10_000, true)]
    public async Task Only_a_failed_order_that_may_be_recycled_is_taken_again(string recycle, long cents, bool again)
    {
        await _bank.Pay(Shop.Request("ORD-1", cents, recycle: recycle));
        var (status, page) = await _bank.Get(Shop.Request("ORD-1", cents, recycle: recycle));
        status.Should().Be(again ? HttpStatusCode.SeeOther : HttpStatusCode.Conflict);
        page.Contains("order-finished", StringComparison.Ordinal).Should().Be(!again);
    }

    [Test]
    public async Task The_page_of_a_recycled_order_replaces_the_old_one()
    {
        var old = await _bank.Open(Shop.Request("ORD-1", 10_000, recycle: "Y"));
        await _bank.Press(old, "paga");
        var page = await _bank.Open(Shop.Request("ORD-1", 9_000, recycle: "Y"));
        (await _bank.Press(old, "paga")).Should().Contain("page-gone");
        (await _bank.Press(page, "paga")).Should().Contain("Pagamento riuscito");
    }

    [Test]
    public async Task What_comes_from_outside_is_encoded()
    {
        var page = await _bank.Open(Shop.Request("ORD-1", 100, signed: "&causalePagamento=<script>alert(1)</script>"));
        (await _bank.Get(page)).Page.Should().NotContain("<script>alert").And.Contain("&lt;script&gt;alert");
    }
}
