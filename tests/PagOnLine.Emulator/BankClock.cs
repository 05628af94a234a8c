using System.Globalization;

namespace PagOnLine.Emulator;

/// <summary>The protocol writes dates and times of the bank's wall, without a zone.</summary>
internal sealed class BankClock(TimeProvider time)
{
    private readonly TimeZoneInfo _rome = TimeZoneInfo.FindSystemTimeZoneById("Europe/Rome");

    public TimeProvider Time => time;

    public DateTimeOffset Now => time.GetUtcNow();

    public string Text(DateTimeOffset instant, string format) => TimeZoneInfo.ConvertTime(instant, _rome).ToString(format, CultureInfo.InvariantCulture);
}
