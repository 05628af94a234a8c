using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Platform.Core.Money;
using Platform.Core.Storage;
using Services.SchoolFees.Wallets;

namespace Services.SchoolFees.Certificates;

/// <summary>Which of the deductions of art. 15 TUIR a service belongs to.</summary>
internal enum Deduction
{
    /// <summary>Attendance of school: paragraph 1, letter e-bis.</summary>
    School,

    /// <summary>Nurseries: art. 2 paragraph 6 law 203/2008, with a ceiling of its own.</summary>
    Nursery,

    /// <summary>Summer camps: none.</summary>
    None,
}

/// <summary>A payment of a bill that was not taken back.</summary>
/// <param name="Amount">What it paid of the bill, without a surcharge for delay, which is no expense of school.</param>
/// <param name="Refunded">What of it was given back within the same year; a surcharge goes back first.</param>
internal sealed record Expense(DateOnly PaidOn, string Bill, string Service, string Kind, string? School, DateOnly Period, string Order, Euro Amount, Euro Refunded)
{
    public Deduction Deduction => Deductions.Of(Kind);

    public Euro Net => Amount - Refunded;
}

/// <summary>Given back in the year of what was paid in an earlier one.</summary>
internal sealed record EarlierRefund(int PaidIn, string Kind, Euro Amount)
{
    public Deduction Deduction => Deductions.Of(Kind);
}

internal static class Deductions
{
    public static Deduction Of(string kind) => kind switch { "nido" => Deduction.Nursery, "centro_estivo" => Deduction.None, _ => Deduction.School };
}

/// <summary>What somebody spent for a pupil in a calendar year, by the cash principle: the day of payment in Rome decides, not the month that the meals were eaten in.</summary>
/// <remarks>
/// What is given back within the year lessens its expense. What is given back later does not: that year stays as it was certified, and the refund is told in the year in which it
/// happened (art. 17 paragraph 1 letter n-bis TUIR). A payment that the bank took back was never borne, whenever that turned out: it counts in no year.
/// </remarks>
internal sealed record YearOfPupil(
    int Year, string PayerId, string Payer, string PayerTaxCode, string? Email, string PupilId, string Pupil, string PupilTaxCode, DateOnly? BornOn,
    IReadOnlyList<Expense> Expenses, IReadOnlyList<EarlierRefund> Earlier)
{
    public Euro Of(Deduction deduction) => new(Expenses.Where(expense => expense.Deduction == deduction).Sum(expense => expense.Net.Cents));

    public Euro EarlierOf(Deduction deduction) => new(Earlier.Where(refund => refund.Deduction == deduction).Sum(refund => refund.Amount.Cents));

    /// <summary>Whether there is anything to certify.</summary>
    public bool Counts => Of(Deduction.School) > Euro.Zero || Of(Deduction.Nursery) > Euro.Zero || EarlierOf(Deduction.School) > Euro.Zero || EarlierOf(Deduction.Nursery) > Euro.Zero;

    /// <summary>Stands for all that a certificate says, and nothing that it does not: an address that changes does not make it another.</summary>
    /// <remarks>Written out field by field: it is compared years later, with what another release wrote.</remarks>
    public byte[] Digest()
    {
        var text = new StringBuilder();
        Line(Year, Payer, PayerTaxCode, Pupil, PupilTaxCode, BornOn);
        foreach (var e in Expenses)
            Line(e.PaidOn, e.Bill, e.Service, e.Kind, e.School, e.Period, e.Order, e.Amount.Cents, e.Refunded.Cents);
        foreach (var r in Earlier)
            Line(r.PaidIn, r.Kind, r.Amount.Cents);
        return SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString()));

        void Line(params ReadOnlySpan<object?> fields)
        {
            foreach (var field in fields)
                text.Append(CultureInfo.InvariantCulture, $"{(field is DateOnly day ? day.ToString("O", CultureInfo.InvariantCulture) : field)}\u001f");
            text.Append('\n');
        }
    }

    /// <summary>Years of pupils by payer and pupil; those without anything to certify are left out.</summary>
    public static async Task<IReadOnlyList<YearOfPupil>> Read(IEntitySession session, int year, IReadOnlyList<string> payers)
    {
        var args = new { entity = session.Entity, payers = payers.ToArray(), first = new DateOnly(year, 1, 1), last = new DateOnly(year, 12, 31) };
        var paid = await session.List<PaidRow>(
            """
            select b.payer_id as payer, b.pupil_id as pupil, p.paid_on as paidOn, b.code as bill, s.name as service, s.kind, b.period, p.order_number as "order", coalesce(p.fee_cents, least(p.cents, b.total_cents)) as amount,
                   greatest(0, coalesce((select sum(r.cents) from schoolfees.refund r
                              where r.entity_id = p.entity_id and r.bill_id = p.bill_id and r.order_number = p.order_number and r.instalment = p.instalment and r.refunded_on between @first and @last), 0)
                            - (p.cents - coalesce(p.fee_cents, least(p.cents, b.total_cents))))::bigint as refunded,
                   (select c.name from schoolfees.enrolment e join schoolfees.school c on c.entity_id = e.entity_id and c.school_id = e.school_id
                     where e.entity_id = b.entity_id and e.pupil_id = b.pupil_id and e.service_id = b.service_id and e.starts_on < b.period + interval '1 month'
                     order by e.starts_on desc limit 1) as school
            from schoolfees.payment p
            join schoolfees.bill b on b.entity_id = p.entity_id and b.bill_id = p.bill_id
            join schoolfees.service s on s.entity_id = b.entity_id and s.service_id = b.service_id
            where p.entity_id = @entity and p.paid_on between @first and @last and p.reversed_on is null and b.payer_id = any(@payers)
            order by p.paid_on, b.code, p.order_number, p.instalment
            """, args);
        var earlier = await session.List<RefundRow>(
            """
            select b.payer_id as payer, b.pupil_id as pupil, extract(year from p.paid_on)::int as paidIn, s.kind, sum(r.cents)::bigint as amount
            from schoolfees.refund r
            join schoolfees.payment p on p.entity_id = r.entity_id and p.bill_id = r.bill_id and p.order_number = r.order_number and p.instalment = r.instalment
            join schoolfees.bill b on b.entity_id = r.entity_id and b.bill_id = r.bill_id
            join schoolfees.service s on s.entity_id = b.entity_id and s.service_id = b.service_id
            where r.entity_id = @entity and r.refunded_on between @first and @last and p.paid_on < @first and p.reversed_on is null and b.payer_id = any(@payers)
            group by 1, 2, 3, 4
            order by 3, 4
            """, args);
        var used = await UsedUp.Of(session, year, payers);
        var pairs = paid.Select(row => (row.Payer, row.Pupil)).Union(used.Select(part => (part.Used.Money.Payer, part.Pupil))).Union(earlier.Select(row => (row.Payer, row.Pupil))).Order().ToList();
        var people = (await session.List<PersonRow>(
            "select person_id as id, given_name || ' ' || family_name as name, tax_code as taxCode, email, born_on as bornOn from schoolfees.person where entity_id = @entity and person_id = any(@ids)",
            new { entity = session.Entity, ids = pairs.SelectMany(pair => new[] { pair.Payer, pair.Pupil }).Distinct(StringComparer.Ordinal).ToArray() })).ToDictionary(row => row.Id, StringComparer.Ordinal);
        return
        [
            .. pairs.Select(pair => new YearOfPupil(
                year, pair.Payer, people[pair.Payer].Name, people[pair.Payer].TaxCode, people[pair.Payer].Email, pair.Pupil, people[pair.Pupil].Name, people[pair.Pupil].TaxCode, people[pair.Pupil].BornOn,
                [.. paid.Where(row => (row.Payer, row.Pupil) == pair).Select(row => new Expense(row.PaidOn, row.Bill, row.Service, row.Kind, row.School, row.Period, row.Order, row.Amount, row.Refunded))
                    .Concat(used.Where(part => (part.Used.Money.Payer, part.Pupil) == pair).Select(part => new Expense(
                        part.Used.Money.Day, part.Used.Money.TopUp, part.Service, part.Kind, part.School, part.Used.Period, part.Used.Money.Order, part.Used.Cents, Euro.Zero)))],
                [.. earlier.Where(row => (row.Payer, row.Pupil) == pair).Select(row => new EarlierRefund(row.PaidIn, row.Kind, row.Amount))])).Where(found => found.Counts),
        ];
    }

    /// <summary>Who paid or was given something back in a year, after a certain one in the order of their codes.</summary>
    public static Task<IReadOnlyList<string>> Payers(IEntitySession session, int year, string after, int most) => session.List<string>(
        """
        select b.payer_id from schoolfees.payment p join schoolfees.bill b on b.entity_id = p.entity_id and b.bill_id = p.bill_id
        where p.entity_id = @entity and p.paid_on between @first and @last and b.payer_id > @after
        union
        select b.payer_id from schoolfees.refund r join schoolfees.bill b on b.entity_id = r.entity_id and b.bill_id = r.bill_id
        where r.entity_id = @entity and r.refunded_on between @first and @last and b.payer_id > @after
        union
        select t.payer_id from schoolfees.topup t
        where t.entity_id = @entity and t.payer_id > @after and exists (select from schoolfees.wallet_line l where l.entity_id = t.entity_id and l.topup_id = t.topup_id and l.day <= @last)
        order by 1 limit @most
        """, new { entity = session.Entity, first = new DateOnly(year, 1, 1), last = new DateOnly(year, 12, 31), after, most });

    sealed record PaidRow(
        string Payer, string Pupil, DateOnly PaidOn, string Bill, string Service, string Kind, DateOnly Period, string Order, Euro Amount, Euro Refunded, string? School);

    sealed record RefundRow(string Payer, string Pupil, int PaidIn, string Kind, Euro Amount);

    sealed record PersonRow(string Id, string Name, string TaxCode, string? Email, DateOnly? BornOn);
}
