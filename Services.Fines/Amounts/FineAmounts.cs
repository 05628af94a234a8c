using Platform.Core.Money;

namespace Services.Fines.Amounts;

/// <summary>Which rule of law sets an amount.</summary>
public enum Band
{
    /// <summary>Nobody was told yet, so no term runs: the lowest amount the law gives (see <see cref="FineAmounts"/>).</summary>
    NotToldYet,

    /// <summary>On the windscreen: the lowest amount, for as many days as the corps gives.</summary>
    Windscreen,

    /// <summary>The minimum less 30 %, art. 202 c. 1 CdS.</summary>
    Reduced,

    /// <summary>The minimum of the law, art. 202 c. 1 CdS.</summary>
    Minimum,

    /// <summary>Half of the maximum of the law, art. 203 c. 3 CdS: the report has become an enforceable title.</summary>
    HalfMaximum,
}

/// <summary>What amounts follow from.</summary>
/// <param name="Costs">Ascertainment and notification costs: added to every amount, never discounted.</param>
/// <param name="DiscountExcluded">The violation brings confiscation of the vehicle or suspension of the licence: no 30 % (art. 202 c. 1).</param>
/// <param name="ToldOn">Day of immediate contestation or of perfected notification, or null while neither is known.</param>
internal sealed record FineTerms(Euro Minimum, Euro Maximum, Euro Costs, bool DiscountExcluded, DateOnly ViolatedOn, DateOnly? ToldOn)
{
    public Phase Phase { get; init; } = Phase.Report;

    /// <summary>
    /// Whether 10 % of the enforceable sum is added for each whole semester of delay (art. 27 c. 6 L. 689/1981; Cass. 27887/2017). Not compounded, not on costs.
    /// </summary>
    public bool Surcharged { get; init; } = true;

    /// <summary>
    /// Days after the end of a term in which its amount is still offered, because a payment credited in them releases (<see cref="FineAmounts.CreditingDays"/>). 0: the term is told
    /// as the law has it, and a payment in those days is judged leniently all the same.
    /// </summary>
    public int OfferedDays { get; init; }

    /// <summary>Days after the violation in which a notice on the windscreen is paid without a report.</summary>
    public int NoticeDays { get; init; } = 15;
}

/// <summary>An amount and the legal days on which it is right, both included; null where there is no such end.</summary>
public sealed record AmountDue(Band Band, DateOnly? From, DateOnly? Until, Euro Sanction, Euro Costs)
{
    /// <summary>Added to the sanction for whole semesters of delay.</summary>
    public Euro Surcharge { get; init; }

    /// <summary>Last day of the law's own term, where the amount is offered some days longer; null where it is not.</summary>
    public DateOnly? TermEnds { get; init; }

    public Euro Total => Sanction + Surcharge + Costs;
}

/// <summary>The amount of a day and those that follow it, in order of time.</summary>
public sealed record AmountsDue(AmountDue Today, IReadOnlyList<AmountDue> Next);

/// <summary>Computes what a fine costs on a day, from the law alone.</summary>
/// <remarks>
/// Terms count from the day after contestation or notification; holidays count, but a last day on a holiday slips to the next working day.
/// While it is not known that anybody was told, no term has begun (art. 202 c. 1 counts from contestation or notification),
/// so the citizen is offered the lowest amount, as on a notice left on the windscreen (preavviso). If he was told in truth and the register
/// does not know yet, too little may be paid: that is a payment on account, and the page says so.
/// </remarks>
internal static class FineAmounts
{
    /// <summary>The rules in force for violations from a day on. The last row not later than the violation holds.</summary>
    sealed record Rule(DateOnly From, int ReducedPercent, int ReducedDays, int MinimumDays, string Source);

    static readonly Rule[] Rules =
    [
        new(DateOnly.MinValue, 100, 0, 60, "D.Lgs. 285/1992 art. 202 c. 1, art. 203 c. 3"),
        new(new(2013, 8, 21), 70, 5, 60, "DL 69/2013 art. 20 c. 5-bis, converted by L. 98/2013: less 30 % within five days"),
    ];

    /// <summary>A payment without cash releases if it is credited within two days after the term (DL 18/2016 art. 17-quinquies). It judges always; it is offered where the creditor says so.</summary>
    public const int CreditingDays = 2;

    /// <summary>What <paramref name="day"/> costs, and what follows.</summary>
    public static AmountsDue On(DateOnly day, FineTerms fine, PatronDay patron)
    {
        ArgumentNullException.ThrowIfNull(fine);
        var all = All(day, fine, patron);
        var today = all.FindIndex(due => due.Until is not { } until || day <= until);
        // Only a notice on the windscreen ends, and then a report is about to come.
        return today < 0 ? new(all[^1], []) : new(all[today], all[(today + 1)..]);
    }

    /// <summary>What it will cost counted from a delivery that is still to come, or of which nobody knows the day: each of the law's terms without its days, in order of time.</summary>
    public static IReadOnlyList<AmountDue> AfterDelivery(FineTerms fine, PatronDay patron) =>
        [.. All(fine.ViolatedOn, fine with { Phase = Phase.Report, ToldOn = fine.ViolatedOn, Surcharged = false, OfferedDays = 0 }, patron).Select(due => due with { From = null, Until = null })];

    /// <summary>What is still missing when <paramref name="paid"/> was credited on <paramref name="day"/>; zero when it was enough, by the law's own tolerance.</summary>
    public static Euro Missing(Euro paid, DateOnly day, FineTerms fine, PatronDay patron)
    {
        var due = On(day.AddDays(-CreditingDays), fine with { OfferedDays = 0 }, patron).Today.Total;
        return due > paid ? due - paid : Euro.Zero;
    }

    static List<AmountDue> All(DateOnly day, FineTerms fine, PatronDay patron)
    {
        var rule = Rules.Last(rule => rule.From <= fine.ViolatedOn);
        var hasReduction = !fine.DiscountExcluded && rule.ReducedDays > 0;
        var reduced = fine.Minimum.Percent(rule.ReducedPercent);
        if (fine.Phase == Phase.Notice)
            return [new(Band.Windscreen, null, Holidays.WorkingDayFrom(fine.ViolatedOn.AddDays(fine.NoticeDays), patron), hasReduction ? reduced : fine.Minimum, fine.Costs)];
        if (fine.ToldOn is not { } told)
            return [new(Band.NotToldYet, null, null, hasReduction ? reduced : fine.Minimum, fine.Costs)];

        List<AmountDue> all = [];
        DateOnly? from = null;
        if (hasReduction)
        {
            var lastReduced = Holidays.WorkingDayFrom(told.AddDays(rule.ReducedDays), patron);
            all.Add(Offered(Band.Reduced, from, lastReduced, reduced));
            from = all[^1].Until!.Value.AddDays(1);
        }
        var lastMinimum = Holidays.WorkingDayFrom(told.AddDays(rule.MinimumDays), patron);
        all.Add(Offered(Band.Minimum, from, lastMinimum, fine.Minimum));

        // In the Codice every maximum is at least twice the minimum; a mistyped line must not make waiting cheaper.
        var half = fine.Maximum.Half();
        var enforceable = half > fine.Minimum ? half : fine.Minimum;
        // The delay begins when the term ends, however long its amount is offered.
        var since = lastMinimum.AddDays(1);
        var after = since.AddDays(fine.OfferedDays);
        if (!fine.Surcharged)
        {
            all.Add(new(Band.HalfMaximum, after, null, enforceable, fine.Costs));
            return all;
        }
        // It grows for as long as nobody pays: as far as the day, and one step more.
        for (var semesters = 0; ; semesters++)
        {
            var begins = since.AddMonths(6 * semesters);
            all.Add(new(Band.HalfMaximum, semesters == 0 ? after : begins, since.AddMonths(6 * (semesters + 1)).AddDays(-1), enforceable, fine.Costs) { Surcharge = enforceable.Percent(10 * semesters) });
            if (begins > day)
                return all;
        }

        AmountDue Offered(Band band, DateOnly? first, DateOnly last, Euro sanction) =>
            new(band, first, last.AddDays(fine.OfferedDays), sanction, fine.Costs) { TermEnds = fine.OfferedDays > 0 ? last : null };
    }
}
