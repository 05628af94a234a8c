using Platform.Core.Money;

namespace Services.SchoolFees.Tariffs;

/// <summary>A declaration of a household's means (ISEE).</summary>
/// <param name="FiledOn">Day on which the declaration was filed (DSU).</param>
/// <param name="Flawed">With "omissioni o difformità": counts as none.</param>
internal sealed record Isee(DateOnly FiledOn, Euro Amount, bool Flawed)
{
    /// <summary>First month in which it counts: that of the filing up to its 15th day, the next one after. It never works backwards.</summary>
    public DateOnly EffectiveFrom
    {
        get
        {
            var month = new DateOnly(FiledOn.Year, FiledOn.Month, 1);
            return FiledOn.Day <= 15 ? month : month.AddMonths(1);
        }
    }

    /// <summary>Last day: 31 December of the year in which it was filed.</summary>
    public DateOnly ValidTo => new(FiledOn.Year, 12, 31);

    /// <summary>The amount that counts in a month: of all in effect the one filed last; null when there is none.</summary>
    public static Euro? InEffect(IEnumerable<Isee> filed, DateOnly month) => filed
        .Where(isee => !isee.Flawed && isee.EffectiveFrom <= month && month <= isee.ValidTo)
        .OrderByDescending(isee => isee.FiledOn)
        .Select(isee => (Euro?)isee.Amount)
        .FirstOrDefault();
}
