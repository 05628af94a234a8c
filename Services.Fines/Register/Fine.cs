using Platform.Core.Money;
using Platform.Core.Storage;
using Services.Fines.Amounts;

namespace Services.Fines.Register;

/// <summary>A fine as the register holds it.</summary>
internal sealed record Fine(
    Guid Id, string Series, int Year, int Number, string Municipality, string Place, string Article, string Description, DateOnly ViolatedOn, string Plate,
    Euro Minimum, Euro Maximum, Euro Costs, bool DiscountExcluded, bool ContestedAtOnce, DateOnly? NotifiedOn, string State, DateOnly? PaidOn, Euro? PaidAmount, string? PaidOrder)
{
    public FineNumber Name => new(Series, Year, Number);

    public bool IsPaid => State == "paid";

    /// <summary>The day from which the law counts, or null while nobody was told yet.</summary>
    public DateOnly? ToldOn => NotifiedOn ?? (ContestedAtOnce ? ViolatedOn : null);

    public AmountsDue AmountsOn(DateOnly day, FinesSettings settings) =>
        FineAmounts.On(day, new(Minimum, Maximum, Costs, DiscountExcluded, ViolatedOn, ToldOn), settings.PatronDay);

    /// <summary>Whether the creditor takes money for it now: one that nobody is known to have been told of may be another matter.</summary>
    public bool MayBePaid(FinesSettings settings) => ToldOn is not null || settings.PayBeforeNotice;

    public static Task<Fine?> Find(IEntitySession session, Guid id) => session.First<Fine>(
        """
        select fine_id as id, series, year, number, municipality::text, place, article, description, violated_on as violatedOn, plate,
               min_cents as minimum, max_cents as maximum, costs_cents as costs, discount_excluded as discountExcluded,
               contested_at_once as contestedAtOnce, notified_on as notifiedOn, state, paid_on as paidOn, paid_cents as paidAmount, paid_order as paidOrder
        from fines.fine
        where entity_id = @entity and fine_id = @id
        """, new { entity = session.Entity, id });

    public static Task<Fine?> Find(IEntitySession session, FineNumber name) => session.First<Fine>(
        """
        select fine_id as id, series, year, number, municipality::text, place, article, description, violated_on as violatedOn, plate,
               min_cents as minimum, max_cents as maximum, costs_cents as costs, discount_excluded as discountExcluded,
               contested_at_once as contestedAtOnce, notified_on as notifiedOn, state, paid_on as paidOn, paid_cents as paidAmount, paid_order as paidOrder
        from fines.fine
        where entity_id = @entity and series = @series and year = @year and number = @number
        """, new { entity = session.Entity, series = name.Series, year = name.Year, number = name.Number });
}

/// <summary>Refusal codes of this service. Pages look their words up by them.</summary>
internal static class FineRefusals
{
    /// <summary>No fine has this number, or its date or plate are others: nobody is told which.</summary>
    public const string NotFound = "fines.not_found";

    public const string AlreadyPaid = "fines.already_paid";

    /// <summary>Nobody is known to have been told of it, and the creditor takes no money before that.</summary>
    public const string NotToldYet = "fines.not_told_yet";
}
