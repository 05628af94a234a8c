using Platform.Core.Documents;
using Platform.Core.Money;

namespace Platform.Core.Tests.Documents;

public sealed class CsvSheetTests
{
    [TestCase("=1+1", "'=1+1")]
    [TestCase("+39 051", "'+39 051")]
    [TestCase("-1", "'-1")]
    [TestCase("@SUM(A1)", "'@SUM(A1)")]
    [TestCase("\t=1", "\"'\t=1\"")]
    [TestCase("=HYPERLINK(\"x\";\"y\")", "\"'=HYPERLINK(\"\"x\"\";\"\"y\"\")\"")]
    [TestCase("a;b", "\"a;b\"")]
    [TestCase("a\nb", "\"a\nb\"")]
    [TestCase("Via \"Roma\"", "\"Via \"\"Roma\"\"\"")]
    [TestCase("1-2=3", "1-2=3")]
    [TestCase("", "")]
    public void A_text_is_never_a_formula_and_never_two_fields(string text, string written) => CsvSheet.Line(text).Should().Be(written);

    [Test]
    public async Task Amounts_days_and_yes_and_no_are_written_as_an_office_reads_them()
    {
        await using var output = new StringWriter();
        await new CsvSheet(output).Row(new Euro(1234_50), new Euro(-5), new DateOnly(2026, 1, 31), true, false, null, 7, "x");
        output.ToString().Should().Be("1234,50;-0,05;2026-01-31;si;no;;7;x\n");
    }

    [Test]
    public void What_no_sheet_can_hold_is_a_mistake_of_the_programmer() => FluentActions.Invoking(() => CsvSheet.Line(1.5)).Should().Throw<ArgumentException>();
}
