using System.Globalization;
using Platform.Core.Mail;
using Platform.Core.Money;
using Platform.Core.Storage;
using Platform.Core.Time;
using Platform.Payments;
using Services.SchoolFees.Arrears;
using Services.SchoolFees.Instalments;

namespace Services.SchoolFees.Billing;

/// <summary>A bill as its table holds it.</summary>
internal sealed record Bill(
    Guid Id, string Code, string Payer, string Pupil, string PupilName, string Service, string TaxCode, string Account, DateOnly Period, Euro Total, DateOnly DueOn, string State,
    DateOnly? PaidOn, string? PaidOrder, string? Email, string? PayerTaxCode, string? PayerName, string? Plan)
{
    public const string Columns =
        """
        select b.bill_id as id, b.code, b.payer_id as payer, b.pupil_id as pupil, n.given_name as pupilName, s.name as service, s.tax_code as taxCode, s.account, b.period,
               b.total_cents as total, b.due_on as dueOn, b.state, b.paid_on as paidOn, b.paid_order as paidOrder,
               w.email, w.tax_code as payerTaxCode, w.given_name || ' ' || w.family_name as payerName, b.plan
        from schoolfees.bill b
        left join schoolfees.person w on w.entity_id = b.entity_id and w.person_id = b.payer_id
        join schoolfees.service s on s.entity_id = b.entity_id and s.service_id = b.service_id
        join schoolfees.person n on n.entity_id = b.entity_id and n.person_id = b.pupil_id

        """;

    public bool IsOpen => State == "open";

    /// <summary>Something of a plan of instalments was paid, and something is left.</summary>
    public bool InInstalments => IsOpen && Plan is not null;

    /// <summary>Without anybody's name: it is printed on receipts and told to the bank.</summary>
    public OpenPosition Position(SchoolFeesSettings policy, DateOnly today, IReadOnlyList<Instalment>? plan = null) =>
        new(Code, string.Create(Italian, $"{Service}, {Period:MMMM yyyy}, bolletta {Code}"), new(DueOn, Lines(policy, today)))
        {
            Debtor = Debtor, Plans = Instalment.In(plan ?? [], this, policy, today) is { } way ? [way] : [],
        };

    Debtor? Debtor => PayerName is null ? null : new(Platform.Core.Identity.TaxCode.TryParse(PayerTaxCode, out var code) ? code.Value : null, PayerName.Length <= 140 ? PayerName : PayerName[..140]);

    /// <summary>What is to be paid on a day: the bill, and what the entity adds when it is late.</summary>
    public Euro Owed(SchoolFeesSettings policy, DateOnly today) => Total + Surcharge(policy, today);

    public Euro Surcharge(SchoolFeesSettings policy, DateOnly today) => State is "open" or "approved" ? Lateness.Surcharge(policy, Total, DueOn, today) : Euro.Zero;

    /// <summary>Tells who pays that there is a bill; once, by its code. Null without an address.</summary>
    public Letter? Notice(byte[]? pdf) => Email is null ? null : new(
        $"notice/{Code}", Email, "notice", Italian,
        new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["code"] = Code, ["service"] = Service, ["period"] = Period.ToString("MMMM yyyy", Italian), ["amount"] = Total.In(Italian), ["due"] = DueOn.ToString("d MMMM yyyy", Italian),
        })
    {
        Files = pdf is null ? [] : [new($"bolletta-{Code}.pdf", "application/pdf", pdf)],
    };

    public Quote Price(SchoolFeesSettings policy, DateOnly legalDay) =>
        IsOpen ? new Quote.Priced(Lines(policy, legalDay), Until(legalDay)) : new Quote.Refused(State == "paid" ? BillRefusals.AlreadyPaid : BillRefusals.NotOpen);

    // One line: corrections may be negative, and what is asked for is their sum.
    AmountLine[] Lines(SchoolFeesSettings policy, DateOnly today) => Lines(Total, Surcharge(policy, today));

    internal AmountLine[] Lines(Euro amount, Euro more) =>
        more > Euro.Zero ? [new(Service, TaxCode, Account, amount), new("Maggiorazione per ritardo", TaxCode, Account, more)] : [new(Service, TaxCode, Account, amount)];

    internal static DateTimeOffset Until(DateOnly legalDay) => LegalTime.EndOf(legalDay) + AfterMidnight;

    static readonly TimeSpan AfterMidnight = TimeSpan.FromMinutes(30);

    static readonly CultureInfo Italian = CultureInfo.GetCultureInfo("it-IT");
}

/// <summary>A line of a bill as its table holds it.</summary>
/// <param name="Bill">Whose line it is.</param>
internal sealed record BillLine(
    Guid Bill, DateOnly Period, string Kind, bool Correction, string Unit, int Quantity, string Reason, long? Isee, Euro Base, int Discount, Euro Price, Euro Amount, int? Share)
{
    public static Task<IReadOnlyList<BillLine>> Of(IEntitySession session, params Guid[] bills) => session.List<BillLine>(
        """
        select bill_id as bill, period, kind, correction, unit, quantity, reason, isee_cents as isee, base_cents as base, discount_percent as discount, unit_cents as price, amount_cents as amount, share_percent as share
        from schoolfees.bill_line where entity_id = @entity and bill_id = any(@bills) order by bill_id, line
        """, new { entity = session.Entity, bills });
}

/// <summary>Refusal codes of this service. Pages look their words up by them.</summary>
internal static class BillRefusals
{
    /// <summary>No bill has this code, or another person pays it: nobody is told which.</summary>
    public const string NotFound = "schoolfees.not_found";

    public const string AlreadyPaid = "schoolfees.already_paid";

    /// <summary>Withdrawn, or not to be paid here any more.</summary>
    public const string NotOpen = "schoolfees.not_open";
}
