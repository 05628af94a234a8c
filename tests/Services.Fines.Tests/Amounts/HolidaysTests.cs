using Services.Fines.Amounts;

namespace Services.Fines.Tests.Amounts;

public sealed class HolidaysTests
{
    [TestCase("2024-03-31")]
    [TestCase("2025-04-20")]
    [TestCase("2026-04-05")]
    [TestCase("2027-03-28")]
    [TestCase("2038-04-25")]
    public void Easter_falls_where_the_calendar_says(string easter) => Holidays.Easter(Day(easter).Year).Should().Be(Day(easter));

    [TestCase("2026-04-06", TestName = "Easter Monday")]
    [TestCase("2026-06-02", TestName = "the Republic's day")]
    [TestCase("2026-05-03", TestName = "a Sunday")]
    [TestCase("2027-10-04", TestName = "Saint Francis from 2026")]
    public void Is_a_holiday(string day) => Holidays.Contains(Day(day), PatronDay.None).Should().BeTrue();

    [TestCase("2026-05-02", TestName = "a Saturday")]
    [TestCase("2025-10-04", TestName = "4 October before 2026")]
    [TestCase("2000-06-02", TestName = "2 June before 2001")]
    [TestCase("2026-04-03", TestName = "Good Friday")]
    [TestCase("2026-11-04", TestName = "4 November")]
    public void Is_no_holiday(string day) => Holidays.Contains(Day(day), PatronDay.None).Should().BeFalse();

    [Test]
    public void The_patrons_day_is_a_holiday_only_where_he_is_patron()
    {
        var petronio = new DateOnly(2025, 10, 4);
        Holidays.Contains(petronio, new(10, 4)).Should().BeTrue();
        Holidays.Contains(petronio, new(6, 24)).Should().BeFalse();
    }

    static DateOnly Day(string day) => DateOnly.Parse(day, System.Globalization.CultureInfo.InvariantCulture);
}
