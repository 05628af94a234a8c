using Platform.Payments.Checkout;

namespace Platform.Payments.Tests.Checkout;

public sealed class OrderNumberTests
{
    [Test]
    public void A_number_tells_its_creditor_by_its_text_alone()
    {
        foreach (var code in new[] { "URG", "MZB", "000", "9Z0" })
            for (var n = 0; n < 200; n++)
            {
                var number = OrderNumber.New(code);
                number.Should().MatchRegex("^[0-9A-Z]{3}-[0-9A-HJKMNP-TV-Z]{13}-[0-9]$");
                OrderNumber.EntityOf(number).Should().Be(code);
            }
    }

    [Test]
    public void Another_creditors_code_in_front_of_a_number_is_nearly_always_noticed()
    {
        var noticed = Enumerable.Range(0, 2000).Count(_ => OrderNumber.EntityOf("MZB" + OrderNumber.New("URG")[3..]) is null);
        noticed.Should().BeGreaterThan(1500);
    }

    [TestCase(null)]
    [TestCase("")]
    [TestCase("1042")]
    [TestCase("URG-0123456789ABC")]
    [TestCase("urg-0123456789ABC-7")]
    [TestCase("URG-0123456789abc-7")]
    [TestCase("URG-0123456789ABI-7")]
    [TestCase("URG_0123456789ABC_7")]
    [TestCase("URG-0123456789ABC-X")]
    [TestCase("UR'-0123456789ABC-7")]
    [TestCase("ÀÀÀ-0123456789ABC-7")]
    [TestCase("URG-0123456789ABC-7 ")]
    public void Other_text_is_no_number_of_ours(string? text) => OrderNumber.EntityOf(text).Should().BeNull();

    [Test]
    public void Only_one_check_digit_is_right()
    {
        var number = OrderNumber.New("URG");
        Enumerable.Range(0, 10).Count(digit => OrderNumber.EntityOf($"{number[..18]}{digit}") is not null).Should().Be(1);
    }
}
