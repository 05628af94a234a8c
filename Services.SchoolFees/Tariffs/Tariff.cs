using Platform.Core.Money;

namespace Services.SchoolFees.Tariffs;

/// <summary>What one price of a tariff is for.</summary>
internal enum TariffUnit
{
    Meal,
    Month,
    Quarter,
    Year,
}

/// <summary>How the price follows from the ISEE.</summary>
internal enum TariffMethod
{
    /// <summary>The same for everybody: the maximum.</summary>
    Flat,

    /// <summary>One price per band; the upper bound belongs to its band, and above the last one the maximum holds.</summary>
    Bands,

    /// <summary>A straight line from the minimum, at the lower ISEE, to the maximum, at the upper one.</summary>
    Linear,

    /// <summary>The minimum, and for each slice of the ISEE its own rate; never more than the maximum.</summary>
    Progressive,
}

/// <summary>Why a price is what it is: a bill says it.</summary>
internal enum PriceReason
{
    Flat,
    Band,
    Formula,
    NoIsee,
    NonResident,
    Exempt,
}

/// <summary>A band, or a slice of the progressive method.</summary>
/// <param name="UpTo">ISEE up to and including which it holds.</param>
/// <param name="Value">The price; in the progressive method the price per 1,000 € of ISEE.</param>
internal readonly record struct Band(Euro UpTo, Euro Value);

/// <summary>A version of what a service costs, as the giunta decided it.</summary>
/// <param name="Minimum">Price up to <paramref name="IseeFrom"/> (linear), and of an ISEE of zero (progressive).</param>
/// <param name="Maximum">Price without a valid ISEE, and the most that anybody resident pays.</param>
/// <param name="Fixed">Amount per month besides the units, without discount for siblings.</param>
/// <param name="NonResident">Price of who lives elsewhere; null: the maximum.</param>
/// <param name="ExemptTo">ISEE up to and including which nothing is paid; null: nobody is exempt by ISEE.</param>
/// <param name="Siblings">Discounts in hundredths for the second child, the third and so on; the last holds for all further ones. The eldest pays in full.</param>
internal sealed record Tariff(
    string Id, string Service, DateOnly From, TariffUnit Unit, TariffMethod Method, IReadOnlyList<Band> Bands, Euro Minimum, Euro Maximum, Euro IseeFrom, Euro IseeTo,
    Euro Fixed, Euro? NonResident, Euro? ExemptTo, IReadOnlyList<int> Siblings);

/// <summary>Whose price it is.</summary>
/// <param name="Isee">The one in effect in the month; null when there is none.</param>
/// <param name="Sibling">0 for the eldest child of the payer in this service, 1 for the second, and so on.</param>
/// <param name="Exempt">Pays nothing by decision of the social services.</param>
internal readonly record struct Household(Euro? Isee, int Sibling, bool Resident, bool Exempt);

/// <summary>A price with what a bill says about it.</summary>
/// <param name="Base">Before the discount.</param>
/// <param name="Unit">After it: the price of one unit.</param>
/// <param name="Fixed">Per month, besides.</param>
internal sealed record Price(PriceReason Reason, Euro? Isee, Euro Base, int Discount, Euro Unit, Euro Fixed);

/// <summary>The rules of tariffs, without a database or a clock.</summary>
/// <remarks>
/// Rounding: a formula's price is rounded once, half up to the cent; a discount is taken from that rounded price and rounded once more, half up. Quantities
/// multiply rounded prices, so that a family can check its bill with a pencil.
/// </remarks>
internal static class Prices
{
    public static Price Of(Tariff tariff, Household household)
    {
        ArgumentNullException.ThrowIfNull(tariff);
        if (household.Exempt)
            return Free(household.Isee);
        if (!household.Resident)
        {
            var elsewhere = tariff.NonResident ?? tariff.Maximum;
            return new(PriceReason.NonResident, null, elsewhere, 0, elsewhere, tariff.Fixed);
        }
        if (household.Isee is { } isee && isee <= tariff.ExemptTo)
            return Free(isee);
        var (reason, full) = Full(tariff, household.Isee);
        var discount = household.Sibling <= 0 || tariff.Siblings.Count == 0 ? 0 : tariff.Siblings[Math.Min(household.Sibling, tariff.Siblings.Count) - 1];
        return new(reason, household.Isee, full, discount, full.Percent(100 - discount), tariff.Fixed);
    }

    /// <summary>What is wrong with a tariff, in words for the office; null when it can be used.</summary>
    public static string? Fault(Tariff tariff)
    {
        ArgumentNullException.ThrowIfNull(tariff);
        if (tariff.Minimum > tariff.Maximum)
            return "Il minimo è più alto del massimo.";
        if (tariff.Siblings.Any(percent => percent is < 0 or > 100) || tariff.Siblings.Zip(tariff.Siblings.Skip(1)).Any(pair => pair.First > pair.Second))
            return "Gli sconti per fratelli vanno da 0 a 100 e non scendono da un figlio al successivo.";
        if (tariff.Bands.Zip(tariff.Bands.Skip(1)).Any(pair => pair.First.UpTo >= pair.Second.UpTo))
            return "I limiti delle fasce devono crescere.";
        return tariff.Method switch
        {
            TariffMethod.Bands when tariff.Bands.Count == 0 => "Mancano le fasce.",
            TariffMethod.Bands when tariff.Bands.Zip(tariff.Bands.Skip(1)).Any(pair => pair.First.Value > pair.Second.Value) || tariff.Bands[^1].Value > tariff.Maximum
                => "Il prezzo di una fascia è più alto di quello della fascia successiva o del massimo.",
            TariffMethod.Progressive when tariff.Bands.Count == 0 => "Mancano gli scaglioni.",
            TariffMethod.Linear when tariff.IseeFrom >= tariff.IseeTo => "L'ISEE minimo deve essere più basso dell'ISEE massimo.",
            _ => null,
        };
    }

    static Price Free(Euro? isee) => new(PriceReason.Exempt, isee, Euro.Zero, 0, Euro.Zero, Euro.Zero);

    static (PriceReason Reason, Euro Full) Full(Tariff tariff, Euro? isee) => (tariff.Method, isee) switch
    {
        (TariffMethod.Flat, _) => (PriceReason.Flat, tariff.Maximum),
        (_, null) => (PriceReason.NoIsee, tariff.Maximum),
        (TariffMethod.Bands, { } known) => (PriceReason.Band, OfBand(tariff, known)),
        (TariffMethod.Linear, { } known) => (PriceReason.Formula, OnLine(tariff, known)),
        (_, { } known) => (PriceReason.Formula, BySlices(tariff, known)),
    };

    static Euro OfBand(Tariff tariff, Euro isee)
    {
        foreach (var band in tariff.Bands)
            if (isee <= band.UpTo)
                return band.Value;
        return tariff.Maximum;
    }

    static Euro OnLine(Tariff tariff, Euro isee)
    {
        if (isee <= tariff.IseeFrom)
            return tariff.Minimum;
        return isee >= tariff.IseeTo
            ? tariff.Maximum
            : tariff.Minimum + HalfUp((Int128)(isee - tariff.IseeFrom).Cents * (tariff.Maximum - tariff.Minimum).Cents, (tariff.IseeTo - tariff.IseeFrom).Cents);
    }

    static Euro BySlices(Tariff tariff, Euro isee)
    {
        Int128 scaled = 0;
        var below = Euro.Zero;
        foreach (var slice in tariff.Bands)
        {
            if (isee <= below)
                break;
            scaled += (Int128)((isee < slice.UpTo ? isee : slice.UpTo) - below).Cents * slice.Value.Cents;
            below = slice.UpTo;
        }
        var price = tariff.Minimum + HalfUp(scaled, 100_000);   // 1,000 € in cents
        return price < tariff.Maximum ? price : tariff.Maximum;
    }

    static Euro HalfUp(Int128 numerator, Int128 denominator) => new(checked((long)((2 * numerator + denominator) / (2 * denominator))));
}
