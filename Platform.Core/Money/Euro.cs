using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Platform.Core.Money;

/// <summary>An exact amount of euros, held as whole cents. It may be negative (a difference), never fractional.</summary>
/// <remarks>Arithmetic is checked: an overflow throws <see cref="OverflowException"/>; no cent is lost or invented.</remarks>
public readonly partial record struct Euro(long Cents) : IComparable<Euro>
{
    /// <summary>No money.</summary>
    public static Euro Zero => default;

    /// <summary>The amount of <paramref name="euros"/> and <paramref name="cents"/> (0 to 99).</summary>
    public static Euro Of(long euros, int cents = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(euros);
        ArgumentOutOfRangeException.ThrowIfNegative(cents);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(cents, 99);
        return new(checked(euros * 100 + cents));
    }

    public static Euro operator +(Euro a, Euro b) => new(checked(a.Cents + b.Cents));
    public static Euro operator -(Euro a, Euro b) => new(checked(a.Cents - b.Cents));

    /// <summary>The amount so many times: a tariff by its units.</summary>
    public static Euro operator *(Euro amount, long times) => new(checked(amount.Cents * times));

    public static bool operator <(Euro a, Euro b) => a.Cents < b.Cents;
    public static bool operator >(Euro a, Euro b) => a.Cents > b.Cents;
    public static bool operator <=(Euro a, Euro b) => a.Cents <= b.Cents;
    public static bool operator >=(Euro a, Euro b) => a.Cents >= b.Cents;

    /// <summary>This many hundredths of the amount, rounded half away from zero to the cent: <c>Percent(70)</c> is the amount less 30 %.</summary>
    public Euro Percent(int percent)
    {
        var scaled = (Int128)Cents * percent;
        var (quotient, rest) = Int128.DivRem(scaled, 100);
        if (Int128.Abs(rest) * 2 >= 100)
            quotient += Int128.Sign(scaled);
        return new(checked((long)quotient));
    }

    /// <summary>Half of the amount, rounded half away from zero to the cent.</summary>
    public Euro Half() => Percent(50);

    /// <summary>Splits the amount in proportion to <paramref name="weights"/>; the parts always add up to the amount, the odd cents go to the largest remainders.</summary>
    /// <exception cref="ArgumentException">No weight, a negative one, or all of them zero.</exception>
    public IReadOnlyList<Euro> Allocate(IReadOnlyList<long> weights)
    {
        ArgumentNullException.ThrowIfNull(weights);
        Int128 total = 0;
        foreach (var weight in weights)
        {
            if (weight < 0)
                throw new ArgumentException("A weight is negative.", nameof(weights));
            total += weight;
        }
        if (total == 0)
            throw new ArgumentException("The weights are none or all zero.", nameof(weights));

        var parts = new Euro[weights.Count];
        var remainders = new (Int128 Remainder, int Index)[weights.Count];
        long given = 0;
        for (var i = 0; i < parts.Length; i++)
        {
            var (quotient, remainder) = Int128.DivRem((Int128)Cents * weights[i], total);
            parts[i] = new((long)quotient);
            given += (long)quotient;
            remainders[i] = (Int128.Abs(remainder), i);
        }
        var step = Math.Sign(Cents - given);
        foreach (var (_, index) in remainders.OrderByDescending(r => r.Remainder).ThenBy(r => r.Index).Take((int)Math.Abs(Cents - given)))
            parts[index] = new(parts[index].Cents + step);
        return parts;
    }

    public int CompareTo(Euro other) => Cents.CompareTo(other.Cents);

    /// <summary>As an Italian reader writes it: <c>1.234,56 €</c> (with a no-break space).</summary>
    public override string ToString() => In(Italian);

    /// <summary>In the number format of <paramref name="culture"/>, always two decimals: <c>1.234,56 €</c> in Italian, <c>€1,234.56</c> in English.</summary>
    public string In(CultureInfo culture)
    {
        ArgumentNullException.ThrowIfNull(culture);
        var (euros, cents) = Int128.DivRem(Int128.Abs(Cents), 100);
        var sign = Cents < 0 ? "-" : "";
        var number = string.Create(culture, $"{(decimal)euros:N0}{culture.NumberFormat.NumberDecimalSeparator}{(int)cents:00}");
        return culture.TwoLetterISOLanguageName == "en" ? $"{sign}€{number}" : $"{sign}{number}\u00a0€";
    }

    /// <summary>
    /// Reads an amount as people type it: <c>1.234,56</c>, <c>1234,5</c>, <c>1234.56</c>, <c>1,234.56</c>, <c>€ 12</c>. A point before three digits stands between
    /// thousands, as Italians write it: <c>1.234</c> is one thousand two hundred and thirty-four. Never negative, at most ten digits before the cents.
    /// </summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Euro amount)
    {
        amount = Zero;
        var match = Typed().Match((text ?? "").Trim().Trim('€').Trim());
        if (!match.Success)
            return false;
        var euros = string.Concat(match.Groups["euros"].Value.Where(char.IsAsciiDigit));
        if (euros.Length > 10)
            return false;
        amount = Of(long.Parse(euros, CultureInfo.InvariantCulture), int.Parse(match.Groups["cents"].Value.PadRight(2, '0'), CultureInfo.InvariantCulture));
        return true;
    }

    [GeneratedRegex(@"^(?<euros>[0-9]{1,12}|[0-9]{1,3}([.\s][0-9]{3})+|[0-9]{1,3}(,[0-9]{3})+(?=\.[0-9]{2}$))([,.](?<cents>[0-9]{1,2}))?$", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Typed();

    static readonly CultureInfo Italian = CultureInfo.GetCultureInfo("it-IT");
}
