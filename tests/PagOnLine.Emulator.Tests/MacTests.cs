namespace PagOnLine.Emulator.Tests;

/// <summary>Vectors computed from the protocol's description by other code than this.</summary>
internal sealed class MacTests
{
    private const string Request = "numeroCommerciante=9999888&userID=9999888&password=9999888&numeroOrdine={0}&totaleOrdine=12518&valuta=978&flagDeposito=Y"
        + "&urlOk=https://portale.example/ok&urlKo=https://portale.example/ko&tipoRispostaApv=click&flagRiciclaOrdine=N&stabilimento=99888";

    private const string Return = "numeroOrdine=ORD0001&numeroCommerciante=9999888&stabilimento=99888&esito=";

    [TestCase("ORD0001", "5nAT7BQsByUiHIfwz9p3Lg==", TestName = "V2_request")]
    [TestCase("ORDè1", "SkBk8M81yf7GJ3z+BkPgSA==", TestName = "V7_letters_are_Latin_1")]
    public void A_request_has_the_known_mac(string order, string mac)
        => Mac.Of(Request.Replace("{0}", order, StringComparison.Ordinal), Merchant.Published.Secret).Should().Be(mac);

    [TestCase("OK&dataApprovazione=06.08.2015", "RqsNylQDKN23WV7oZu901Q==", TestName = "V4_return_OK")]
    [TestCase("KO", "NY3iSBbIaNLee0PXUuLUEg==", TestName = "V5_return_KO_has_no_date")]
    public void A_return_has_the_known_mac(string outcome, string mac) => Mac.Of(Return + outcome, Merchant.Published.Secret).Should().Be(mac);

    [Test]
    public void The_mac_of_the_UTF_8_bytes_is_another()
        => Mac.Matches("ZsbWno450joG37JBZpL+Bw==", Request.Replace("{0}", "ORDè1", StringComparison.Ordinal), Merchant.Published.Secret).Should().BeFalse();

    [Test]
    public void Letter_case_counts() => Mac.Matches("5NAT7BQsByUiHIfwz9p3Lg==", Request.Replace("{0}", "ORD0001", StringComparison.Ordinal), Merchant.Published.Secret).Should().BeFalse();

    [TestCase("a=%E8", "è", TestName = "Latin_1_escapes")]
    [TestCase("a=%C3%A8", "è", TestName = "UTF_8_escapes")]
    [TestCase("a=b+c%2Bd", "b c+d", TestName = "Blank_and_plus")]
    public void Escapes_of_either_time_are_read(string raw, string value) => Wire.Decode(raw).Value("a").Should().Be(value);
}
