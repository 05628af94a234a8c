using Platform.Core.Money;
using Services.Fines.Amounts;

namespace Services.Fines.Tests.Amounts;

/// <summary>The worked example F10: instalments of art. 202-bis.</summary>
public sealed class InstalmentsTests
{
    static readonly DateOnly Told = new(2026, 3, 2);

    [TestCase(3_600_00, 24, 150_00)]
    [TestCase(2_000_00, 12, 166_67)]
    [TestCase(2_000_01, 20, 100_01, TestName = "F10 one cent above 2,000 the longer plan holds, but no part is below 100")]
    [TestCase(240_00, 2, 120_00)]
    [TestCase(5_000_00, 24, 208_34)]
    [TestCase(5_000_01, 50, 100_01)]
    [TestCase(9_000_00, 60, 150_00)]
    [TestCase(200_01, 2, 100_01)]
    public void F10_as_many_parts_as_the_law_gives_and_none_below_100(long cents, int most, long each)
    {
        var plan = Instalments.Of(new(cents), Told, Told)!;
        (plan.Most, plan.Each.Cents).Should().Be((most, each));
    }

    [Test]
    public void F10_up_to_200_euro_there_are_none() => Instalments.Of(Euro.Of(200), Told, Told).Should().BeNull();

    [TestCase(-1, false)]
    [TestCase(0, true)]
    [TestCase(30, true)]
    [TestCase(31, false)]
    public void They_are_asked_for_within_thirty_days(int days, bool given) => (Instalments.Of(Euro.Of(300), Told, Told.AddDays(days)) is not null).Should().Be(given);
}
