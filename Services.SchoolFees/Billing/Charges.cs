using Platform.Core.Money;
using Services.SchoolFees.Tariffs;

namespace Services.SchoolFees.Billing;

/// <summary>An enrolment with what its price depends on.</summary>
internal sealed record Enrolled(string Pupil, string Payer, DateOnly From, DateOnly? To, bool Exempt, bool Resident, DateOnly BornOn)
{
    public bool In(DateOnly month) => From < month.AddMonths(1) && (To is null || To >= month);
}

/// <summary>What bills have asked for so far, for a pupil, a month and a kind of line.</summary>
internal sealed record Billed(string Pupil, DateOnly Period, string Kind, int Quantity, Euro Amount, string Tariff, string Unit);

/// <summary>A line of a bill.</summary>
/// <param name="Kind"><c>unit</c> or <c>fixed</c>.</param>
/// <param name="Correction">Whether it is the difference to what an earlier bill asked for the same month.</param>
internal sealed record Charge(DateOnly Period, string Kind, bool Correction, string Tariff, string Unit, int Quantity, Price Price, Euro Amount)
{
    /// <summary>Which part of it this payer pays, in hundredths; null: all of it.</summary>
    public int? Share { get; init; }
}

/// <summary>A bill to be.</summary>
internal sealed record Draft(string Pupil, string Payer, IReadOnlyList<Charge> Charges)
{
    /// <summary>What credit notes lessen it by.</summary>
    public IReadOnlyList<Deduction> Deductions { get; init; } = [];

    public Euro Total => new(Charges.Sum(charge => charge.Amount.Cents) - Deductions.Sum(part => part.Cents.Cents));
}

/// <summary>A credit note that later bills are lessened by.</summary>
/// <param name="Left">What of it no bill has taken off yet.</param>
internal sealed record OpenCredit(int Number, string Pupil, string Payer, Euro Left);

/// <summary>What a bill is lessened by.</summary>
internal readonly record struct Deduction(int Number, Euro Cents);

/// <summary>What a pupil owes for a month, and whose price it is.</summary>
internal sealed record DueMonth(string Pupil, DateOnly Month, Household Household, IReadOnlyList<Charge> Charges)
{
    public Euro Total { get; } = new(Charges.Sum(charge => charge.Amount.Cents));
}

/// <summary>What a service is billed from, for one school year.</summary>
/// <param name="Months">First days of the year's months, up to and including the one that is billed.</param>
/// <param name="Meals">Days of attendance by pupil and month.</param>
internal sealed record Usage(
    IReadOnlyList<DateOnly> Months, IReadOnlyList<Tariff> Tariffs, IReadOnlyList<Enrolled> Enrolments, IReadOnlyDictionary<(string Pupil, DateOnly Month), int> Meals,
    ILookup<string, Isee> Isees, ILookup<string, Billed> Billed)
{
    /// <summary>Who pays a part besides the payer, by pupil.</summary>
    public ILookup<string, Share> Shares { get; init; } = Array.Empty<Share>().ToLookup(share => share.Pupil, StringComparer.Ordinal);

    /// <summary>Credit notes to be deducted, by pupil and who pays, the oldest first.</summary>
    public ILookup<(string Pupil, string Payer), OpenCredit> Credits { get; init; } = Array.Empty<OpenCredit>().ToLookup(credit => (credit.Pupil, credit.Payer));
}

/// <summary>Somebody pays so many hundredths of a pupil's bills.</summary>
internal sealed record Share(string Pupil, string Payer, int Percent);

/// <summary>Works out bills: for every month of the year so far what is due by what is known today, less what was billed. No database, no clock.</summary>
/// <remarks>
/// So a bill that proves wrong is never touched: the next run brings the difference. A difference that makes the whole negative is not billed; it stays in
/// the sums and lessens the next bill. A month is due in full from one day of enrolment. Quarters count from the first month of the school year.
/// </remarks>
internal static class Charges
{
    public static IReadOnlyList<Draft> Of(Usage usage) => [.. Differences(usage).Where(draft => draft.Total > Euro.Zero).SelectMany(draft => Split(usage, draft)).Where(draft => draft.Total > Euro.Zero)
        .Select(draft => Lessen(usage, draft)).Where(draft => draft.Total > Euro.Zero)];

    /// <summary>Takes the payer's credit notes off. A bill that comes to nothing by that is none: what it would have asked for, and the note, wait for the next.</summary>
    static Draft Lessen(Usage usage, Draft draft)
    {
        var (left, parts) = (draft.Total, new List<Deduction>());
        foreach (var credit in usage.Credits[(draft.Pupil, draft.Payer)])
        {
            if (left <= Euro.Zero)
                break;
            var part = credit.Left < left ? credit.Left : left;
            parts.Add(new(credit.Number, part));
            left -= part;
        }
        return parts.Count == 0 ? draft : draft with { Deductions = parts };
    }

    /// <summary>One bill for each who pays. Every line is split to the cent, so that the parts add up to it; a part that comes to nothing is no bill, and waits for the next.</summary>
    public static IEnumerable<Draft> Split(Usage usage, Draft draft)
    {
        var shares = usage.Shares[draft.Pupil].ToList();
        if (shares.Count == 0)
            return [draft];
        var payers = shares.OrderBy(share => share.Payer, StringComparer.Ordinal).Select(share => (share.Payer, share.Percent))
            .Prepend((draft.Payer, 100 - shares.Sum(share => share.Percent))).ToList();
        var parts = draft.Charges.Select(charge => Allocate(charge.Amount, [.. payers.Select(payer => (long)payer.Item2)])).ToList();
        return payers.Select((payer, place) => new Draft(
            draft.Pupil, payer.Item1, [.. draft.Charges.Select((charge, line) => charge with { Amount = parts[line][place], Share = payer.Item2 }).Where(charge => charge.Amount != Euro.Zero)]));
    }

    static IReadOnlyList<Euro> Allocate(Euro amount, IReadOnlyList<long> weights) =>
        amount < Euro.Zero ? [.. new Euro(-amount.Cents).Allocate(weights).Select(part => new Euro(-part.Cents))] : amount.Allocate(weights);

    /// <summary>For every pupil what is due less what was billed, also where that is less than nothing.</summary>
    public static IReadOnlyList<Draft> Differences(Usage usage)
    {
        ArgumentNullException.ThrowIfNull(usage);
        var drafts = new List<Draft>();
        var children = usage.Enrolments.ToLookup(enrolment => enrolment.Payer, StringComparer.Ordinal);
        foreach (var pupil in usage.Enrolments.GroupBy(enrolment => enrolment.Pupil, StringComparer.Ordinal).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            var enrolments = pupil.ToList();
            var payer = enrolments[0].Payer;
            var due = usage.Months.Select((month, place) => OfMonth(usage, enrolments, children[payer], month, place)).OfType<DueMonth>().SelectMany(month => month.Charges)
                .ToDictionary(charge => (charge.Period, charge.Kind));
            var billed = usage.Billed[pupil.Key].ToDictionary(sum => (sum.Period, sum.Kind));
            var lines = new List<Charge>();
            foreach (var key in due.Keys.Union(billed.Keys).OrderBy(key => key.Period).ThenByDescending(key => key.Kind, StringComparer.Ordinal))
            {
                var (now, before) = (due.GetValueOrDefault(key), billed.GetValueOrDefault(key));
                if (before is null)
                    lines.Add(now!);
                else if ((now?.Amount ?? Euro.Zero) != before.Amount)
                    lines.Add(Difference(key.Period, key.Kind, now, before));
            }
            if (lines.Count > 0)
                drafts.Add(new(pupil.Key, payer, lines));
        }
        return drafts;
    }

    /// <summary>What every pupil owes for every month by the tariffs of <paramref name="usage"/>, whatever was billed.</summary>
    public static IEnumerable<DueMonth> Due(Usage usage)
    {
        ArgumentNullException.ThrowIfNull(usage);
        var children = usage.Enrolments.ToLookup(enrolment => enrolment.Payer, StringComparer.Ordinal);
        return usage.Enrolments.GroupBy(enrolment => enrolment.Pupil, StringComparer.Ordinal).SelectMany(pupil =>
        {
            var enrolments = pupil.ToList();
            return usage.Months.Select((month, place) => OfMonth(usage, enrolments, children[enrolments[0].Payer], month, place)).OfType<DueMonth>();
        });
    }

    static Charge Difference(DateOnly period, string kind, Charge? now, Billed before) => new(
        period, kind, true, now?.Tariff ?? before.Tariff, now?.Unit ?? before.Unit, (now?.Quantity ?? 0) - before.Quantity,
        now?.Price ?? new(PriceReason.Exempt, null, Euro.Zero, 0, Euro.Zero, Euro.Zero), (now?.Amount ?? Euro.Zero) - before.Amount);

    static DueMonth? OfMonth(Usage usage, List<Enrolled> enrolments, IEnumerable<Enrolled> household, DateOnly month, int place)
    {
        if (!enrolments.Exists(enrolment => enrolment.In(month)) || usage.Tariffs.LastOrDefault(tariff => tariff.From <= month) is not { } tariff)
            return null;
        var now = enrolments.First(enrolment => enrolment.In(month));
        var sibling = household.Where(child => child.In(month)).DistinctBy(child => child.Pupil, StringComparer.Ordinal).OrderBy(child => child.BornOn).ThenBy(child => child.Pupil, StringComparer.Ordinal)
            .TakeWhile(child => child.Pupil != now.Pupil).Count();
        var whose = new Household(Isee.InEffect(usage.Isees[now.Payer], month), sibling, now.Resident, enrolments.Exists(e => e.In(month) && e.Exempt));
        var price = Prices.Of(tariff, whose);
        var charges = new List<Charge>();
        var quantity = tariff.Unit switch
        {
            TariffUnit.Meal => usage.Meals.GetValueOrDefault((now.Pupil, month)),
            TariffUnit.Month => 1,
            TariffUnit.Quarter => Began(place - place % 3) ? 0 : 1,
            _ => Began(0) ? 0 : 1,
        };
        var unit = TariffRow.Name(tariff.Unit);
        if (quantity > 0 && price.Unit > Euro.Zero)
            charges.Add(new(month, "unit", false, tariff.Id, unit, quantity, price, price.Unit * quantity));
        if (price.Fixed > Euro.Zero)
            charges.Add(new(month, "fixed", false, tariff.Id, unit, 1, price with { Base = price.Fixed, Discount = 0, Unit = price.Fixed }, price.Fixed));
        return new(now.Pupil, month, whose, charges);

        // Whether the pupil was there in an earlier month of the same stretch, which brought its amount.
        bool Began(int first) => Enumerable.Range(first, place - first).Any(earlier => enrolments.Exists(enrolment => enrolment.In(usage.Months[earlier])));
    }
}
