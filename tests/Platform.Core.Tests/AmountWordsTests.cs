using System.Globalization;
using Platform.Core.Money;

namespace Platform.Core.Tests;

public sealed class AmountWordsTests
{
    [TestCase("1.234,56", 1234_56)]
    [TestCase("1234,56", 1234_56)]
    [TestCase("1234.56", 1234_56)]
    [TestCase("1,234.56", 1234_56)]
    [TestCase("1 234,56", 1234_56)]
    [TestCase(" € 12 ", 12_00)]
    [TestCase("12,5 €", 12_50)]
    [TestCase("1.234", 1234_00)]
    [TestCase("1.234.567,89", 1_234_567_89)]
    [TestCase("0", 0)]
    [TestCase("0,05", 5)]
    public void Amounts_are_read_as_Italians_and_machines_write_them(string typed, long cents)
    {
        Euro.TryParse(typed, out var amount).Should().BeTrue();
        amount.Cents.Should().Be(cents);
    }

    [TestCase("")]
    [TestCase(null)]
    [TestCase("dodici")]
    [TestCase("-1")]
    [TestCase("1,234")]
    [TestCase("12 50")]
    [TestCase("12,345")]
    [TestCase("1.23.4")]
    [TestCase("12.34,5")]
    [TestCase("1e3")]
    [TestCase("١٢")]
    [TestCase("99999999999")]
    public void What_could_mean_two_amounts_or_none_is_refused(string? typed) => Euro.TryParse(typed, out _).Should().BeFalse();

    [TestCase("it-IT", 1234_56, "1.234,56\u00a0€")]
    [TestCase("en-GB", 1234_56, "€1,234.56")]
    [TestCase("en-GB", -5, "-€0.05")]
    public void Each_language_writes_the_sign_where_its_readers_look_for_it(string culture, long cents, string written) =>
        new Euro(cents).In(CultureInfo.GetCultureInfo(culture)).Should().Be(written);
}
