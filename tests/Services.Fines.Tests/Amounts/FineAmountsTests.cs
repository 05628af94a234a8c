using CsCheck;
using Platform.Core.Money;
using Services.Fines.Amounts;

namespace Services.Fines.Tests.Amounts;

/// <summary>The worked examples F1, F3, F4 and F6 of the project's notes on the Codice della Strada, and what must hold on every day.</summary>
public sealed class FineAmountsTests
{
    static readonly DateOnly Monday2March = new(2026, 3, 2);

    static FineTerms Parking => new(Euro.Of(42), Euro.Of(173), Euro.Of(2), false, new(2026, 2, 20), Monday2March);

    [TestCase("2026-02-25", 31_40, Band.Reduced, TestName = "F1 before the notification the reduced amount holds")]
    [TestCase("2026-03-02", 31_40, Band.Reduced, TestName = "F1 on the day of notification")]
    [TestCase("2026-03-07", 31_40, Band.Reduced, TestName = "F1 the fifth day, a Saturday, is the last of the reduction")]
    [TestCase("2026-03-08", 44_00, Band.Minimum, TestName = "F1 the sixth day costs the minimum")]
    [TestCase("2026-05-01", 44_00, Band.Minimum, TestName = "F1 the sixtieth day is a holiday")]
    [TestCase("2026-05-02", 44_00, Band.Minimum, TestName = "F1 so the Saturday after it is the last of the minimum")]
    [TestCase("2026-05-03", 88_50, Band.HalfMaximum, TestName = "F1 then half of the maximum and the costs, never discounted")]
    [TestCase("2026-11-02", 88_50, Band.HalfMaximum, TestName = "F1 until a whole semester of delay is over")]
    [TestCase("2026-11-03", 97_15, Band.HalfMaximum, TestName = "F1 each whole semester adds ten per cent of the sanction, not of the costs")]
    [TestCase("2027-05-03", 105_80, Band.HalfMaximum, TestName = "F1 two semesters add twenty, not compounded")]
    [TestCase("2031-05-03", 175_00, Band.HalfMaximum, TestName = "F1 ten semesters double it")]
    public void Parking_notified_on_a_Monday(string day, long cents, Band band)
    {
        var today = On(day, Parking).Today;
        (today.Total.Cents, today.Band).Should().Be((cents, band));
    }

    [TestCase("2026-03-07", 121_10)]
    [TestCase("2026-03-08", 173_00)]
    [TestCase("2026-05-03", 347_00)]
    public void F3_speeding_by_10_to_40(string day, long cents) =>
        On(day, new(Euro.Of(173), Euro.Of(694), Euro.Zero, false, new(2026, 2, 20), Monday2March)).Today.Total.Cents.Should().Be(cents);

    [TestCase("2026-03-02", 543_00)]
    [TestCase("2026-03-08", 543_00)]
    [TestCase("2026-05-03", 1085_00)]
    public void F4_no_reduction_where_the_licence_is_suspended(string day, long cents) =>
        On(day, new(Euro.Of(543), Euro.Of(2170), Euro.Zero, true, new(2026, 2, 20), Monday2March)).Today.Total.Cents.Should().Be(cents);

    [Test]
    public void F6_a_fifth_day_on_Christmas_slips_over_Saint_Stephen_to_a_Saturday()
    {
        var contested = new DateOnly(2025, 12, 20);
        On("2025-12-20", Parking with { ViolatedOn = contested, ToldOn = contested }).Today.Until.Should().Be(new(2025, 12, 27));
    }

    [Test]
    public void A_last_day_on_the_patrons_feast_slips_where_the_feast_is_known()
    {
        var told = new DateOnly(2026, 9, 28);   // the fifth day after it is Saturday 3 October; Sunday 4 October is Bologna's and now Italy's
        var fine = Parking with { ViolatedOn = told, ToldOn = told };
        FineAmounts.On(told, fine, PatronDay.None).Today.Until.Should().Be(new(2026, 10, 3));
        FineAmounts.On(told, fine, new(10, 3)).Today.Until.Should().Be(new(2026, 10, 5));
    }

    [Test]
    public void What_follows_is_told_with_its_days()
    {
        var amounts = On("2026-03-05", Parking);
        amounts.Today.Until.Should().Be(new(2026, 3, 7));
        amounts.Next.Select(next => (next.Band, next.From, next.Until, next.Total.Cents)).Should().Equal(
            (Band.Minimum, new DateOnly(2026, 3, 8), new DateOnly(2026, 5, 2), 44_00),
            (Band.HalfMaximum, new DateOnly(2026, 5, 3), new DateOnly(2026, 11, 2), 88_50));
        On("2026-05-03", Parking).Next.Select(next => (next.From, next.Total.Cents)).Should().Equal((new DateOnly(2026, 11, 3), 97_15));
    }

    [TestCase("2026-11-03")]
    [TestCase("2031-05-03")]
    public void Where_the_corps_takes_no_surcharge_half_of_the_maximum_stays(string day)
    {
        var today = On(day, Parking with { Surcharged = false }).Today;
        (today.Total.Cents, today.Surcharge, today.Until).Should().Be((88_50, Euro.Zero, null));
    }

    [Test]
    public void A_delay_that_began_on_the_last_of_a_month_ends_its_semester_on_the_last_day_of_a_shorter_one()
    {
        // Told on Tuesday 1 July 2025: the sixtieth day is Saturday 30 August, so the delay begins on the 31st.
        var told = new DateOnly(2025, 7, 1);
        var fine = Parking with { ViolatedOn = told, ToldOn = told };
        On("2026-02-27", fine).Today.Surcharge.Should().Be(Euro.Zero);
        On("2026-02-28", fine).Today.Surcharge.Cents.Should().Be(8_65);
    }

    [TestCase("2026-03-09", 31_40, 0, TestName = "F8 credited on the seventh day the reduced amount is enough")]
    [TestCase("2026-03-10", 31_40, 12_60, TestName = "F8 and on the eighth it is not")]
    [TestCase("2026-05-04", 44_00, 0, TestName = "F8 credited two days after the last day of the minimum releases")]
    [TestCase("2026-05-05", 44_00, 44_50, TestName = "F8 three days after, half of the maximum is due")]
    [TestCase("2026-03-05", 50_00, 0, TestName = "F8 too much leaves nothing open")]
    public void A_payment_is_judged_with_two_days_for_crediting(string credited, long paid, long missing) =>
        FineAmounts.Missing(new(paid), DateOnly.Parse(credited, System.Globalization.CultureInfo.InvariantCulture), Parking, PatronDay.None).Cents.Should().Be(missing);

    [TestCase("2026-03-07", 31_40, "2026-03-09", TestName = "F8 offered: on the last day of the reduction two more are told")]
    [TestCase("2026-03-09", 31_40, "2026-03-09", TestName = "F8 offered: the seventh day still costs the reduced amount")]
    [TestCase("2026-03-10", 44_00, "2026-05-04", TestName = "F8 offered: the eighth does not")]
    [TestCase("2026-05-04", 44_00, "2026-05-04", TestName = "F8 offered: two days after the minimum")]
    [TestCase("2026-05-05", 88_50, "2026-11-02", TestName = "F8 offered: then half of the maximum, whose semesters count from the law's own end")]
    [TestCase("2026-11-03", 97_15, "2027-05-02", TestName = "F8 offered: so the first semester ends as it would")]
    public void Where_the_corps_says_so_the_lower_amount_is_offered_in_the_two_days_for_crediting(string day, long cents, string until)
    {
        var today = On(day, Parking with { OfferedDays = FineAmounts.CreditingDays }).Today;
        (today.Total.Cents, today.Until).Should().Be((cents, DateOnly.Parse(until, System.Globalization.CultureInfo.InvariantCulture)));
        if (today.Band != Band.HalfMaximum)
            today.TermEnds.Should().Be(today.Until!.Value.AddDays(-2), "the law's own day is told beside it");
    }

    [Test]
    public void A_notice_on_the_windscreen_costs_the_lowest_amount_for_the_days_of_the_corps()
    {
        var notice = Parking with { Phase = Phase.Notice, ToldOn = null, ViolatedOn = new(2026, 2, 20), Costs = Euro.Zero };
        var today = On("2026-03-01", notice).Today;
        (today.Band, today.Total.Cents, today.Until).Should().Be((Band.Windscreen, 29_40, new DateOnly(2026, 3, 7)));
        On("2026-03-01", notice with { NoticeDays = 9 }).Today.Until.Should().Be(new(2026, 3, 2), "1 March 2026 is a Sunday");
        On("2026-03-01", notice with { DiscountExcluded = true }).Today.Total.Cents.Should().Be(42_00);
    }

    [TestCase(false, 31_40)]
    [TestCase(true, 44_00)]
    public void While_nobody_was_told_the_lowest_amount_of_the_law_is_offered_without_a_last_day(bool discountExcluded, long cents)
    {
        var amounts = On("2030-01-01", Parking with { ToldOn = null, DiscountExcluded = discountExcluded });
        (amounts.Today.Total.Cents, amounts.Today.Band, amounts.Today.Until).Should().Be((cents, Band.NotToldYet, null));
        amounts.Next.Should().BeEmpty();
    }

    [Test]
    public void Before_August_2013_the_law_knew_no_reduction()
    {
        var day = new DateOnly(2013, 8, 20);
        On("2013-08-21", Parking with { ViolatedOn = day, ToldOn = day }).Today.Total.Cents.Should().Be(44_00);
        On("2013-08-21", Parking with { ViolatedOn = day.AddDays(1), ToldOn = day.AddDays(1) }).Today.Total.Cents.Should().Be(31_40);
    }

    [TestCase(5, 4)]
    [TestCase(15, 11)]
    [TestCase(4201, 2941)]
    public void Half_a_cent_is_rounded_up(long minimum, long reduced) =>
        On("2026-03-02", Parking with { Minimum = new(minimum), Maximum = new(minimum * 4), Costs = Euro.Zero }).Today.Total.Cents.Should().Be(reduced);

    static readonly Gen<FineTerms> AnyFine =
        from minimum in Gen.Long[1, 10_000_00]
        from more in Gen.Long[0, 40_000_00]
        from costs in Gen.Long[0, 100_00]
        from excluded in Gen.Bool
        from violated in Gen.Int[0, 365 * 40]
        from told in Gen.Int[-1, 400]
        from surcharged in Gen.Bool
        from offered in Gen.Bool
        let violatedOn = new DateOnly(1993, 1, 1).AddDays(violated)
        select new FineTerms(new(minimum), new(minimum + more), new(costs), excluded, violatedOn, told < 0 ? null : violatedOn.AddDays(told)) { Surcharged = surcharged, OfferedDays = offered ? FineAmounts.CreditingDays : 0 };

    [Test]
    public void Every_day_has_an_amount_that_never_falls_and_never_goes_below_the_costs() =>
        Gen.Select(AnyFine, Gen.Int[0, 2000], Gen.Int[0, 2000]).Sample((fine, first, later) =>
        {
            var day = fine.ViolatedOn.AddDays(first);
            var before = FineAmounts.On(day, fine, PatronDay.None).Today;
            var after = FineAmounts.On(day.AddDays(later), fine, PatronDay.None).Today;
            return before.Total <= after.Total && before.Total >= fine.Costs && before.Costs == fine.Costs && before.Sanction > Euro.Zero;
        });

    [Test]
    public void What_is_told_of_a_day_to_come_is_what_that_day_costs() =>
        Gen.Select(AnyFine, Gen.Int[0, 2000]).Sample((fine, passed) =>
        {
            var amounts = FineAmounts.On(fine.ViolatedOn.AddDays(passed), fine, PatronDay.None);
            var steps = amounts.Next.Prepend(amounts.Today).ToList();
            return steps.Zip(steps.Skip(1)).All(pair => pair.First.Until!.Value.AddDays(1) == pair.Second.From)
                && amounts.Next.All(next => FineAmounts.On(next.From!.Value, fine, PatronDay.None).Today == next)
                && (steps[^1].Until is null) == (!fine.Surcharged || fine.ToldOn is null);
        });

    [Test]
    public void What_is_offered_on_a_day_is_never_judged_too_little_on_that_day() =>
        Gen.Select(AnyFine, Gen.Int[0, 2000]).Sample((fine, passed) =>
        {
            var day = fine.ViolatedOn.AddDays(passed);
            return FineAmounts.Missing(FineAmounts.On(day, fine, PatronDay.None).Today.Total, day, fine, PatronDay.None) == Euro.Zero;
        });

    [Test]
    public void Offering_the_lower_amount_longer_changes_nothing_but_the_two_days_after_a_term() =>
        Gen.Select(AnyFine, Gen.Int[0, 2000]).Sample((fine, passed) =>
        {
            var day = fine.ViolatedOn.AddDays(passed);
            AmountDue Of(DateOnly on, int offered) => FineAmounts.On(on, fine with { OfferedDays = offered }, PatronDay.None).Today;
            var (strict, offered) = (Of(day, 0), Of(day, FineAmounts.CreditingDays));
            var inTheTwoDays = Enumerable.Range(1, 2).Any(back => Of(day.AddDays(-back), 0) is { Band: Band.Reduced or Band.Minimum, Until: { } until } && until < day);
            return inTheTwoDays ? offered.Total <= strict.Total : (offered.Total, offered.Band) == (strict.Total, strict.Band);
        });

    [Test]
    public void No_term_ends_on_a_holiday() =>
        AnyFine.Sample(fine =>
        {
            var amounts = FineAmounts.On(fine.ViolatedOn, fine, PatronDay.None);
            return amounts.Next.Prepend(amounts.Today).All(due => due.Band == Band.HalfMaximum || (due.TermEnds ?? due.Until) is not { } until || !Holidays.Contains(until, PatronDay.None));
        });

    static AmountsDue On(string day, FineTerms fine) => FineAmounts.On(DateOnly.Parse(day, System.Globalization.CultureInfo.InvariantCulture), fine, PatronDay.None);
}
