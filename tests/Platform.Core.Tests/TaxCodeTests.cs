using Platform.Core.Identity;

namespace Platform.Core.Tests;

public sealed class TaxCodeTests
{
    [TestCase("RSSMRA85T10A562S", true)]
    [TestCase(" rss mra 85t10 a562s ", true)]
    [TestCase("RSSMRA85T10A56NH", true, TestName = "one digit replaced by a letter, as between namesakes")]
    [TestCase("RSSMRAUPTMLARSNJ", true, TestName = "all digits replaced")]
    [TestCase("99900000136", false, TestName = "eleven digits of a body")]
    public void A_right_code_is_read(string typed, bool person)
    {
        TaxCode.TryParse(typed, out var code).Should().BeTrue();
        code.IsPerson.Should().Be(person);
        code.Value.Should().NotContain(" ").And.Be(code.Value.ToUpperInvariant());
    }

    [TestCase("RSSMRA85T10A562T", TestName = "the check letter is another")]
    [TestCase("RSSMRA85T01A562S", TestName = "two digits changed places")]
    [TestCase("RSSMRA85Z10A562S", TestName = "no month is called Z")]
    [TestCase("RSSMRA85T32A562Y", TestName = "no month has 32 days")]
    [TestCase("RSSMRA85T10A56AX", TestName = "A stands for no digit")]
    [TestCase("99900000137", TestName = "the check digit is another")]
    [TestCase("9990000013", TestName = "ten digits")]
    [TestCase("", TestName = "nothing")]
    [TestCase(null, TestName = "not even nothing")]
    public void A_wrong_one_is_not(string? typed) => TaxCode.TryParse(typed, out _).Should().BeFalse();
}
