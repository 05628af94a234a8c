using System.Net;

namespace PagOnLine.Emulator.Tests;

internal sealed class QueryTests
{
    private RunningBank _bank = null!;

    [SetUp]
    public async Task Start() => _bank = await RunningBank.Start(new FixedTime(new DateTimeOffset(2026, 6, 19, 10, 46, 0, TimeSpan.Zero)));

    [TearDown]
    public async Task Stop() => await _bank.DisposeAsync();

    [Test]
    public async Task An_abandoned_order_answers_like_the_captured_sample()
    {
        await _bank.Pay(Shop.Request("eef7f674-31c4-4c86-a6ef-6e64530880b0", 400), cancel: true);
        (await _bank.Query("eef7f674-31c4-4c86-a6ef-6e64530880b0")).Should().Be((HttpStatusCode.OK,
            "PAYMENTTYPE=CartCred&AMOUNT=400&DEPOSITAMOUNT=0&OBJECT=PAYMENT&TIMEMODIFIED=19.06.2026+12%3A46&STATE=AB"
            + "&ORDERNUMBER=eef7f674-31c4-4c86-a6ef-6e64530880b0&CURRENCY=978&APPROVEAMOUNT=0&TIMECREATED=19.06.2026+12%3A46&AMOUNTEXP10=-2"));
    }

    [TestCase("Y", "CO", "400")]
    [TestCase("N", "OK", "0")]
    public async Task A_paid_order_says_what_was_approved_and_what_deposited(string deposit, string state, string deposited)
    {
        await _bank.Pay(Shop.Request("ORD-1", 400, deposit: deposit));
        (await _bank.Query("ORD-1")).Line.Should().Contain($"AMOUNT=400&DEPOSITAMOUNT={deposited}&").And.Contain($"&STATE={state}&").And.Contain("APPROVEAMOUNT=400")
            .And.Contain("&AUTHID=").And.EndWith("&BRAND=VISA");
    }

    [Test]
    public async Task An_order_still_on_the_card_page_is_RO()
    {
        await _bank.Open(Shop.Request("ORD-1", 400));
        (await _bank.Query("ORD-1")).Line.Should().Contain("&STATE=RO&");
    }

    [Test]
    public async Task An_unknown_order_has_its_own_error()
        => (await _bank.Query("ORD-9")).Should().Be((HttpStatusCode.OK, "DESCRIZIONE=STATO+ORDINE+FALLITO%3A+ordine+inesistente&SRC=1&PRC=10119"));

    [TestCase("qualunque", "QUERYORDER")]
    [TestCase("", "QUERYORDER")]
    [TestCase("9999888", "REFUNDORDER")]
    public async Task Wrong_credentials_or_commands_get_an_error_line_that_tells_nothing_of_the_order(string password, string command)
    {
        await _bank.Pay(Shop.Request("ORD-1", 400));
        var (status, line) = await _bank.Query("ORD-1", password, command);
        status.Should().Be(HttpStatusCode.OK);
        line.Should().StartWith("DESCRIZIONE=").And.Contain("&PRC=").And.NotContain("10119").And.NotContain("STATE");
    }

    [Test]
    public async Task A_query_without_a_form_gets_an_error_line()
    {
        using var response = await _bank.Http.PostAsync(new Uri("/backoffice/servizi/execute_remote_command.do", UriKind.Relative), content: null);
        (await response.Content.ReadAsStringAsync()).Should().StartWith("DESCRIZIONE=RICHIESTA+ERRATA");
    }
}
