using CsCheck;
using Platform.Core.Money;

namespace Platform.Core.Tests;

public sealed class EuroTests
{
    [Test]
    public void Allocation_never_loses_or_invents_a_cent() =>
        Gen.Select(Gen.Long[-1_000_000_00, 1_000_000_00], Gen.Long[0, 1_000].Array[1, 20]).Sample((cents, weights) =>
        {
            weights[0]++;
            new Euro(cents).Allocate(weights).Sum(part => part.Cents).Should().Be(cents);
        });

    [TestCase(4200, 70, 2940)]
    [TestCase(5, 50, 3)]
    [TestCase(-5, 50, -3)]
    [TestCase(17300, 70, 12110)]
    public void Percent_rounds_half_away_from_zero(long cents, int percent, long expected) =>
        new Euro(cents).Percent(percent).Cents.Should().Be(expected);

    [TestCase(123456, "1.234,56\u00a0€")]
    [TestCase(-5, "-0,05\u00a0€")]
    [TestCase(0, "0,00\u00a0€")]
    public void Is_written_as_an_Italian_reader_expects(long cents, string expected) =>
        new Euro(cents).ToString().Should().Be(expected);

    [Test]
    public void Overflow_is_an_error_not_a_wrong_amount() =>
        FluentActions.Invoking(() => new Euro(long.MaxValue) + new Euro(1)).Should().Throw<OverflowException>();
}
