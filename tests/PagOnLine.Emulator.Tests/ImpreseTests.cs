using System.Net;
using System.Text;
using PagOnLine.Emulator.Imprese;

namespace PagOnLine.Emulator.Tests;

/// <summary>The bank that is called by SOAP: its signatures, and what it refuses.</summary>
internal sealed class ImpreseTests
{
    private const string Service = "/UNI_CG_SERVICES/services/PaymentInitGatewayPort";

    private RunningBank _bank = null!;

    [SetUp]
    public async Task Start() => _bank = await RunningBank.Start(null, "--mode", "imprese");

    [TearDown]
    public async Task Stop() => await _bank.DisposeAsync();

    [Test]
    public void The_published_answer_has_its_published_signature()
    {
        var answer = new SoapCall("Init", []).Answer(
            Terminal.Published.Key, new("tid", "UNI_MYBK"), new("shopID", "5c6fdf5d20485"), new("rc", "IGFS_000"), new("paymentID", "00053569646101577621"),
            new("redirectURL", "https://testeps.netswgroup.it/UNI_CG_WEB/app/mybk/main/show?referenceData=4928F6488A2C9F9A831ECAD4230B36D8"));
        answer.Should().Contain("<signature>TXeKgbwUvzkhWR4mdH3RBFHWwbXVf4utFviKKWEqK/k=</signature>");
    }

    [Test]
    public async Task A_call_that_is_not_signed_by_the_terminal_s_key_is_told_so_and_opens_nothing()
    {
        var body = """
            <soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><i:Init xmlns:i="http://services.api.web.cg.igfs.apps.netsw.it/"><request>
            <apiVersion>2.4.1.5</apiVersion><tid>UNI_MYBK</tid><signature>bm9uZQ==</signature><shopID>A-1</shopID><trType>PURCHASE</trType><amount>100</amount><currencyCode>EUR</currencyCode>
            <notifyURL>https://shop.example/</notifyURL><errorURL>https://shop.example/</errorURL></request></i:Init></soap:Body></soap:Envelope>
            """;
        using var content = new StringContent(body, Encoding.UTF8, "text/xml");
        using var answer = await _bank.Http.PostAsync(new Uri(Service, UriKind.Relative), content);
        (await answer.Content.ReadAsStringAsync()).Should().Contain("<rc>IGFS_20022</rc>");
        (await _bank.Get("/control/orders")).Page.Should().Be("[]");
    }

    [Test]
    public async Task What_is_no_call_is_a_fault_and_a_page_nobody_opened_is_not_there()
    {
        using var content = new StringContent("<x/>", Encoding.UTF8, "text/xml");
        using var answer = await _bank.Http.PostAsync(new Uri(Service, UriKind.Relative), content);
        answer.StatusCode.Should().Be(HttpStatusCode.InternalServerError);
        (await _bank.Get(ImpreseApp.Page + "?referenceData=00")).Status.Should().Be(HttpStatusCode.NotFound);
    }

    [Test]
    public async Task A_misspelt_lie_is_no_truth()
    {
        using var lie = new StringContent("""{"verify":{"dwon":true}}""", Encoding.UTF8, "application/json");
        using var answer = await _bank.Http.PutAsync(new Uri("/control/lies/*", UriKind.Relative), lie);
        answer.StatusCode.Should().Be(HttpStatusCode.BadRequest);
    }
}
