namespace Services.Fines.Amounts;

/// <summary>
/// The days on which a term of law does not end: every Sunday and the holidays of L. 27 May 1949 no. 260 art. 2 as amended
/// (L. 54/1977, DPR 792/1985, L. 336/2000, L. 151/2025), and the patron's day. Saturday is a working day.
/// </summary>
internal static class Holidays
{
    sealed record Feast(int Month, int Day, DateOnly From, string Source);

    static readonly DateOnly Always = DateOnly.MinValue;

    static readonly Feast[] National =
    [
        new(1, 1, Always, "L. 260/1949 art. 2"),
        new(1, 6, new(1986, 1, 1), "DPR 792/1985 art. 1"),
        new(4, 25, Always, "L. 260/1949 art. 2"),
        new(5, 1, Always, "L. 260/1949 art. 2"),
        new(6, 2, new(2001, 1, 1), "L. 336/2000 art. 1"),
        new(8, 15, Always, "L. 260/1949 art. 2"),
        new(10, 4, new(2026, 1, 1), "L. 151/2025 art. 1"),
        new(11, 1, Always, "L. 260/1949 art. 2"),
        new(12, 8, Always, "L. 260/1949 art. 2"),
        new(12, 25, Always, "L. 260/1949 art. 2"),
        new(12, 26, Always, "L. 260/1949 art. 2"),
    ];

    public static bool Contains(DateOnly day, PatronDay patron) =>
        day.DayOfWeek == DayOfWeek.Sunday
        || National.Any(feast => feast.Month == day.Month && feast.Day == day.Day && day >= feast.From)
        || day == Easter(day.Year).AddDays(1)
        || patron.Is(day);

    /// <summary>The day itself, or the first day after it that is no holiday.</summary>
    public static DateOnly WorkingDayFrom(DateOnly day, PatronDay patron)
    {
        while (Contains(day, patron))
            day = day.AddDays(1);
        return day;
    }

    /// <summary>Easter Sunday of the Gregorian calendar (the anonymous computus of Meeus, Jones and Butcher).</summary>
    internal static DateOnly Easter(int year)
    {
        var a = year % 19;
        var (b, c) = Math.DivRem(year, 100);
        var (d, e) = Math.DivRem(b, 4);
        var f = (b + 8) / 25;
        var g = (b - f + 1) / 3;
        var h = (19 * a + b - d - g + 15) % 30;
        var (i, k) = Math.DivRem(c, 4);
        var l = (32 + 2 * e + 2 * i - h - k) % 7;
        var m = (a + 11 * h + 22 * l) / 451;
        var (month, dayBefore) = Math.DivRem(h + l - 7 * m + 114, 31);
        return new(year, month, dayBefore + 1);
    }
}
