using Platform.Core.Money;
using Services.SchoolFees.Billing;
using Services.SchoolFees.Tariffs;

namespace Services.SchoolFees.Tests.Tariffs;

/// <summary>What a pupil is billed month by month, when each run is approved.</summary>
public sealed class ChargesTests
{
    static readonly DateOnly September = new(2026, 9, 1);

    [Test]
    public void A_month_quarter_or_year_is_asked_for_once_in_its_first_month()
    {
        Year(TariffUnit.Month, "2026-09-15").Should().Equal(10, 10, 10, 10, 10, 10);
        Year(TariffUnit.Quarter, "2026-09-15").Should().Equal(10, 0, 0, 10, 0, 0);
        Year(TariffUnit.Year, "2026-09-15").Should().Equal(10, 0, 0, 0, 0, 0);
    }

    [Test]
    public void Who_comes_later_begins_later_and_who_leaves_is_not_asked_any_more()
    {
        Year(TariffUnit.Quarter, "2026-11-02").Should().Equal(0, 0, 10, 10, 0, 0);
        Year(TariffUnit.Year, "2026-11-02").Should().Equal(0, 0, 10, 0, 0, 0);
        Year(TariffUnit.Month, "2026-10-31", "2026-12-01").Should().Equal(0, 10, 10, 10, 0, 0);
    }

    [Test]
    public void A_move_within_a_month_is_one_month() => Bills(
        TariffUnit.Month, [Enrolled("2026-09-15", "2026-10-12"), Enrolled("2026-10-13", null)], Euro.Zero).Should().Equal(10, 10, 10, 10, 10, 10);

    [Test]
    public void The_fixed_part_is_asked_for_in_every_month() => Bills(TariffUnit.Quarter, [Enrolled("2026-09-15", null)], Euro.Of(2)).Should().Equal(12, 2, 2, 12, 2, 2);

    [Test]
    public void A_month_without_a_run_comes_with_the_next_one() => Bills(TariffUnit.Month, [Enrolled("2026-09-15", null)], Euro.Zero, skipped: 1).Should().Equal(10, 0, 20, 10, 10, 10);

    static List<long> Year(TariffUnit unit, string from, string? to = null) => Bills(unit, [Enrolled(from, to)], Euro.Zero);

    static List<long> Bills(TariffUnit unit, IReadOnlyList<Enrolled> enrolments, Euro monthly, int skipped = -1)
    {
        var tariff = new Tariff("T", "S", September, unit, TariffMethod.Flat, [], Euro.Zero, Euro.Of(10), Euro.Zero, Euro.Zero, monthly, null, null, []);
        var billed = new List<Charge>();
        var totals = new List<long>();
        for (var run = 0; run < 6; run++)
        {
            var before = billed.GroupBy(charge => (charge.Period, charge.Kind))
                .Select(sum => new Billed("A", sum.Key.Period, sum.Key.Kind, sum.Sum(c => c.Quantity), new(sum.Sum(c => c.Amount.Cents)), "T", "month"));
            var drafts = run == skipped ? [] : Charges.Of(new(
                [.. Enumerable.Range(0, run + 1).Select(September.AddMonths)], [tariff], enrolments, new Dictionary<(string, DateOnly), int>(),
                Array.Empty<Isee>().ToLookup(_ => "", StringComparer.Ordinal), before.ToLookup(sum => sum.Pupil, StringComparer.Ordinal)));
            totals.Add(drafts.Sum(draft => draft.Total.Cents) / 100);
            billed.AddRange(drafts.SelectMany(draft => draft.Charges));
        }
        return totals;
    }

    static Enrolled Enrolled(string from, string? to) => new("A", "P", Day(from), to is null ? null : Day(to), false, true, new(2016, 1, 1));

    static DateOnly Day(string text) => DateOnly.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
