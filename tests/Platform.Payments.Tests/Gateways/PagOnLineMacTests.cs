using Platform.Payments.Gateways.PagOnLine;

namespace Platform.Payments.Tests.Gateways;

/// <summary>The vectors that the product and the emulated bank must meet without knowing of each other.</summary>
public sealed class PagOnLineMacTests
{
    const string Request =
        "numeroCommerciante=9999888&userID=9999888&password=9999888&numeroOrdine=ORD0001&totaleOrdine=12518&valuta=978&flagDeposito=Y&urlOk=https://portale.example/ok"
        + "&urlKo=https://portale.example/ko&tipoRispostaApv=click&flagRiciclaOrdine=N&stabilimento=99888";

    [TestCase("ORD0001", "5nAT7BQsByUiHIfwz9p3Lg==", TestName = "V2 request, order A")]
    [TestCase("ORDè1", "SkBk8M81yf7GJ3z+BkPgSA==", TestName = "V7 request in Latin-1, not UTF-8")]
    public void A_request_has_the_published_code(string order, string mac) =>
        PagOnLineMac.Of(Pairs(Request.Replace("ORD0001", order, StringComparison.Ordinal)), PublishedSecrets.PagOnLineTest).Should().Be(mac);

    [TestCase("numeroOrdine=ORD0001&numeroCommerciante=9999888&stabilimento=99888&esito=OK&dataApprovazione=06.08.2015", "RqsNylQDKN23WV7oZu901Q==", TestName = "V4 return OK")]
    [TestCase("numeroOrdine=ORD0001&numeroCommerciante=9999888&stabilimento=99888&esito=KO", "NY3iSBbIaNLee0PXUuLUEg==", TestName = "V5 return KO")]
    public void A_return_has_the_published_code(string signed, string mac) => PagOnLineMac.Of(Pairs(signed), PublishedSecrets.PagOnLineTest).Should().Be(mac);

    [Test]
    public void A_plus_that_came_as_a_blank_is_understood_and_nothing_else_is()
    {
        PagOnLineMac.Matches("SkBk8M81yf7GJ3z+BkPgSA==", "SkBk8M81yf7GJ3z BkPgSA==").Should().BeTrue();
        PagOnLineMac.Matches("SkBk8M81yf7GJ3z+BkPgSA==", "SkBk8M81yf7GJ3z+BkPgSA=").Should().BeFalse();
        PagOnLineMac.Matches("SkBk8M81yf7GJ3z+BkPgSA==", "SkBk8M81yf7GJ3z+BkPgSB==").Should().BeFalse("other text for the same bytes is another code");
        PagOnLineMac.Matches("SkBk8M81yf7GJ3z+BkPgSA==", "skbk8m81yf7gj3z+bkpgsa==").Should().BeFalse();
        PagOnLineMac.Matches("SkBk8M81yf7GJ3z+BkPgSA==", "").Should().BeFalse();
    }

    static IEnumerable<KeyValuePair<string, string>> Pairs(string text) => text.Split('&').Select(pair => pair.Split('=', 2)).Select(pair => KeyValuePair.Create(pair[0], pair[1]));
}
