namespace Platform.Core.Time;

/// <summary>Legal days: dates as Europe/Rome counts them, whatever the machine's own zone.</summary>
public static class LegalTime
{
    static readonly TimeZoneInfo Rome = TimeZoneInfo.FindSystemTimeZoneById("Europe/Rome");

    /// <summary>Rome's clocks.</summary>
    internal static TimeZoneInfo Zone => Rome;

    /// <summary>The legal day of an instant.</summary>
    public static DateOnly Day(DateTimeOffset instant) => DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(instant, Rome).DateTime);

    /// <summary>The first instant after a legal day.</summary>
    public static DateTimeOffset EndOf(DateOnly day)
    {
        var midnight = day.AddDays(1).ToDateTime(TimeOnly.MinValue);
        return new DateTimeOffset(midnight, Rome.GetUtcOffset(midnight)).ToUniversalTime();
    }

    /// <summary>When Rome's clocks show this; null when they never do, in the hour that a night of spring leaves out. Of an hour that autumn shows twice the first.</summary>
    internal static DateTimeOffset? Instant(DateOnly day, TimeOnly time)
    {
        var shown = day.ToDateTime(time);
        return Rome.IsInvalidTime(shown) ? null
            : new DateTimeOffset(shown, Rome.IsAmbiguousTime(shown) ? Rome.GetAmbiguousTimeOffsets(shown).Max() : Rome.GetUtcOffset(shown)).ToUniversalTime();
    }

    /// <summary>The instant on Rome's clocks.</summary>
    public static DateTimeOffset Local(DateTimeOffset instant) => TimeZoneInfo.ConvertTime(instant, Rome);
}
