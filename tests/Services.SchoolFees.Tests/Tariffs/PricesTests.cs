using CsCheck;
using Platform.Core.Money;
using Services.SchoolFees.Tariffs;

namespace Services.SchoolFees.Tests.Tariffs;

/// <summary>The worked examples of municipalities' own decisions, and what must hold for any tariff.</summary>
public sealed class PricesTests
{
    static readonly Tariff Bands = Some(TariffMethod.Bands, [new(Of("2000,00"), Of("0,50")), new(Of("15000,00"), Of("3,65")), new(Of("25000,00"), Of("4,10"))], "0", "4,50");
    static readonly Tariff Line = Some(TariffMethod.Linear, [], "1,00", "5,50") with { IseeFrom = Of("5000,00"), IseeTo = Of("25000,00"), Siblings = [50] };

    [TestCase("2000,00", "0,50")]
    [TestCase("2000,01", "3,65")]
    [TestCase("15000,00", "3,65")]
    [TestCase("15000,01", "4,10")]
    [TestCase("25000,00", "4,10")]
    [TestCase("25000,01", "4,50")]
    [TestCase(null, "4,50")]
    public void The_upper_bound_belongs_to_its_band_and_nobody_without_isee_pays_less_than_the_maximum(string? isee, string price) =>
        Prices.Of(Bands, Resident(isee)).Unit.Should().Be(Of(price));

    [Test]
    public void Eighteen_meals_of_a_band_cost_eighteen_times_its_price() => (Prices.Of(Bands, Resident("15000,00")).Unit * 18).Should().Be(Of("65,70"));

    [TestCase("3000,00", 0, "1,00")]
    [TestCase("5000,00", 0, "1,00")]
    [TestCase("12300,00", 0, "2,64")]
    [TestCase("12300,00", 1, "1,32")]
    [TestCase("12300,00", 4, "1,32")]
    [TestCase("25000,00", 0, "5,50")]
    [TestCase("40000,00", 0, "5,50")]
    public void A_line_between_two_isee_is_rounded_half_up_to_the_cent_once_and_the_discount_is_taken_from_that(string isee, int sibling, string price) =>
        Prices.Of(Line, Resident(isee) with { Sibling = sibling }).Unit.Should().Be(Of(price));

    [Test]
    public void Slices_each_have_their_rate_and_the_maximum_holds()
    {
        // 0,20 € per 1,000 € up to 10,000, then 0,30 €: 1,00 + 2,00 + 0,75.
        var tariff = Some(TariffMethod.Progressive, [new(Of("10000,00"), Of("0,20")), new(Of("20000,00"), Of("0,30"))], "1,00", "5,50");
        Prices.Of(tariff, Resident("12500,00")).Unit.Should().Be(Of("3,75"));
        Prices.Of(tariff, Resident("0")).Unit.Should().Be(Of("1,00"));
        Prices.Of(tariff, Resident("90000,00")).Unit.Should().Be(Of("5,50"));
    }

    [Test]
    public void Who_lives_elsewhere_pays_that_price_without_isee_or_discount()
    {
        var price = Prices.Of(Line with { NonResident = Of("7,00") }, new(Of("3000,00"), 1, Resident: false, Exempt: false));
        (price.Reason, price.Unit, price.Discount).Should().Be((PriceReason.NonResident, Of("7,00"), 0));
        Prices.Of(Line, new(null, 0, Resident: false, Exempt: false)).Unit.Should().Be(Line.Maximum);
    }

    [Test]
    public void Who_is_exempt_pays_neither_units_nor_the_fixed_part()
    {
        var tariff = Line with { Fixed = Of("10,00"), ExemptTo = Of("4000,00") };
        foreach (var household in (Household[])[Resident("4000,00"), new(Of("30000,00"), 0, true, Exempt: true)])
        {
            var price = Prices.Of(tariff, household);
            (price.Reason, price.Unit, price.Fixed).Should().Be((PriceReason.Exempt, Euro.Zero, Euro.Zero));
        }
        Prices.Of(tariff, Resident("4000,01")).Fixed.Should().Be(Of("10,00"));
    }

    [Test]
    public void A_higher_isee_never_pays_less_nobody_pays_less_than_nothing_or_more_than_the_maximum() => Gen.Select(Tariffs, Gen.Long[0, 6_000_000], Gen.Long[0, 200_000], Gen.Int[0, 4])
        .Sample((tariff, isee, more, sibling) =>
        {
            var (less, high) = (Prices.Of(tariff, new(new(isee), sibling, true, false)).Unit, Prices.Of(tariff, new(new(isee + more), sibling, true, false)).Unit);
            var none = Prices.Of(tariff, new(null, sibling, true, false)).Unit;
            return less >= Euro.Zero && less <= high && high <= none && none <= tariff.Maximum;
        });

    [Test]
    public void A_further_child_never_costs_more() => Gen.Select(Tariffs, Gen.Long[0, 6_000_000], Gen.Int[0, 4])
        .Sample((tariff, isee, sibling) => Prices.Of(tariff, new(new(isee), sibling + 1, true, false)).Unit <= Prices.Of(tariff, new(new(isee), sibling, true, false)).Unit);

    [Test]
    public void What_would_make_prices_fall_is_refused()
    {
        Prices.Fault(Bands).Should().BeNull();
        Prices.Fault(Line).Should().BeNull();
        Prices.Fault(Bands with { Bands = [new(Of("1"), Of("3")), new(Of("2"), Of("2"))] }).Should().Contain("più alto");
        Prices.Fault(Bands with { Bands = [new(Of("2"), Of("1")), new(Of("2"), Of("2"))] }).Should().Contain("crescere");
        Prices.Fault(Bands with { Bands = [] }).Should().Contain("Mancano");
        Prices.Fault(Line with { IseeTo = Line.IseeFrom }).Should().Contain("ISEE");
        Prices.Fault(Line with { Minimum = Of("9") }).Should().Contain("minimo");
        Prices.Fault(Line with { Siblings = [50, 30] }).Should().Contain("fratelli");
        Prices.Fault(Line with { Siblings = [101] }).Should().Contain("fratelli");
    }

    static readonly Gen<Tariff> Tariffs =
        from method in Gen.Enum<TariffMethod>()
        from tops in Gen.Long[1, 4_000_000].HashSet[1, 6]
        from values in Gen.Long[0, 600].Array[6]
        from ends in Gen.Select(Gen.Long[0, 600], Gen.Long[0, 600], Gen.Long[0, 2_000_000], Gen.Long[1, 2_000_000])
        from siblings in Gen.Int[0, 100].Array[0, 4]
        let rising = values.Order().ToArray()
        let maximum = new Euro(Math.Max(rising[^1], Math.Max(ends.Item1, ends.Item2)))
        let tariff = new Tariff(
            "T", "M", new DateOnly(2026, 9, 1), TariffUnit.Meal, method, [.. tops.Order().Select((top, i) => new Band(new(top), new(rising[i])))], new(Math.Min(ends.Item1, ends.Item2)), maximum,
            new(ends.Item3), new(ends.Item3 + ends.Item4), Euro.Zero, null, null, [.. siblings.Order()])
        where Prices.Fault(tariff) is null
        select tariff;

    internal static Euro Of(string text) => Euro.TryParse(text, out var amount) ? amount : throw new FormatException(text);

    static Household Resident(string? isee) => new(isee is null ? null : Of(isee), 0, Resident: true, Exempt: false);

    static Tariff Some(TariffMethod method, IReadOnlyList<Band> bands, string minimum, string maximum) =>
        new("T", "MENSA", new DateOnly(2026, 9, 1), TariffUnit.Meal, method, bands, Of(minimum), Of(maximum), Euro.Zero, Euro.Zero, Euro.Zero, null, null, []);
}

/// <summary>From when to when an ISEE counts.</summary>
public sealed class IseeTests
{
    [TestCase("2026-09-15", "2026-09-01")]
    [TestCase("2026-09-16", "2026-10-01")]
    [TestCase("2026-09-01", "2026-09-01")]
    [TestCase("2026-02-28", "2026-03-01")]
    public void Filed_by_the_fifteenth_it_counts_from_that_month_else_from_the_next(string filed, string from) => Filed(filed).EffectiveFrom.Should().Be(Day(from));

    [Test]
    public void It_ends_with_the_year_in_which_it_was_filed_and_never_works_backwards()
    {
        Isee.InEffect([Filed("2026-09-10")], Day("2026-12-01")).Should().NotBeNull();
        Isee.InEffect([Filed("2026-09-10")], Day("2027-01-01")).Should().BeNull();
        Isee.InEffect([Filed("2026-09-16")], Day("2026-09-01")).Should().BeNull();
        Isee.InEffect([Filed("2026-12-20")], Day("2026-12-01")).Should().BeNull("it would begin in January, when it has ended");
    }

    [Test]
    public void The_one_filed_last_counts_and_a_flawed_one_never_does()
    {
        var first = Filed("2026-01-10");
        Isee.InEffect([first, Filed("2026-09-10") with { Amount = Euro.Of(2) }], Day("2026-10-01")).Should().Be(Euro.Of(2));
        Isee.InEffect([first, Filed("2026-09-10") with { Amount = Euro.Of(2), Flawed = true }], Day("2026-10-01")).Should().Be(Euro.Of(1));
    }

    static Isee Filed(string day) => new(Day(day), Euro.Of(1), false);

    static DateOnly Day(string text) => DateOnly.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
