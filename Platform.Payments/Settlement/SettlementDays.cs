using Platform.Core.Entities;
using Platform.Core.Money;
using Platform.Core.Storage;
using Platform.Core.Time;

namespace Platform.Payments.Settlement;

/// <summary>A legal day of payments in three columns.</summary>
/// <param name="Taken">By the gateway, and not taken back.</param>
/// <param name="Credited">Of these payments, and of lines of that day which nobody knows: what the bank has credited, before fees.</param>
/// <param name="Owed">Booked as the creditors' own.</param>
/// <param name="Difference">The sum of its causes, each counted as it is, whatever its direction: 0 exactly when there is none.</param>
internal sealed record SettlementDay(DateOnly Day, Euro Taken, Euro Credited, Euro Owed, Euro Difference, int Causes);

/// <summary>Why the columns differ.</summary>
/// <param name="Label">Stable: docs/settlement.md lists them.</param>
/// <param name="Subject">An order, a batch, a payout, or the bank's words.</param>
internal sealed record SettlementCause(DateOnly Day, string Label, string Subject, string? Creditor, Euro Amount, int Items, string Detail);

/// <summary>Compares what was taken, credited and owed. Reads only.</summary>
internal sealed class SettlementDays(Database database, Reconciliation reconciliation, TimeProvider clock)
{
    public Task<IReadOnlyList<SettlementDay>> Days(EntityId owner, DateOnly from, DateOnly to, CancellationToken stop) => Read<SettlementDay>(
        owner, from, to,
        """
        select i.day, sum(i.taken)::bigint as taken, sum(i.credited)::bigint as credited, sum(i.owed)::bigint as owed, coalesce(sum(i.cents), 0)::bigint as difference,
               (count(distinct (i.label, i.subject)) filter (where i.label is not null))::int as causes
          from item i where i.day between @from and @to group by i.day order by i.day
        """,
        stop);

    /// <summary>Each cause once, on the first day it touches.</summary>
    public Task<IReadOnlyList<SettlementCause>> Causes(EntityId owner, DateOnly from, DateOnly to, CancellationToken stop) => Read<SettlementCause>(
        owner, from, to,
        """
        select min(i.day) as day, i.label, i.subject, case when count(distinct i.code) = 1 then min(i.code) end as creditor, sum(i.cents)::bigint as amount, count(*)::int as items, min(i.detail) as detail
          from item i where i.label is not null and i.day between @from and @to group by i.label, i.subject order by 1, 2, 3
        """,
        stop);

    async Task<IReadOnlyList<T>> Read<T>(EntityId owner, DateOnly from, DateOnly to, string question, CancellationToken stop)
    {
        var args = await reconciliation.Arguments(owner, stop);
        return await database.Run(
            ModuleRoles.Centre, null, "settlement", clock,
            async session =>
            {
                await session.Execute("select set_config('statement_timeout', '0', true)");
                // Only what touches these days is looked at, but all there is of it: the papers of years are not read for a week.
                var seen = await session.List<Seen>(
                    Touched, new { owner = args.Owner, agreements = args.Agreements, creditors = args.Creditors, from, to, begins = from > Eldest ? LegalTime.EndOf(from.AddDays(-1)).ToUniversalTime() : DateTimeOffset.MinValue, ends = to < Latest ? LegalTime.EndOf(to).ToUniversalTime() : DateTimeOffset.MaxValue });
                return await session.List<T>(
                    Evidence.Sql + Items + question,
                    new
                    {
                        owner = args.Owner, agreements = args.Agreements, ibans = args.Ibans, creditors = args.Creditors, codes = args.Codes, from, to,
                        orders = seen.Select(one => one.OrderNo).ToArray(), payments = seen.Select(one => one.PaymentId).OfType<Guid>().ToArray(),
                        booked = seen.Select(one => one.BookedBy).OfType<Guid>().ToArray(),
                    });
            },
            stop);
    }

    // Beyond these, all there is.
    static readonly DateOnly Eldest = new(1970, 1, 1);
    static readonly DateOnly Latest = new(2999, 12, 31);

    // Payments of these days and their refunds; and whatever the papers of these days are about.
    const string Touched =
        """
        with paid as (
            select p.entity_id, p.payment_id, p.order_no from payments.payment p
             where p.entity_id = any(@creditors) and p.agreement_id = any(@agreements) and p.state in ('paid', 'reversed') and p.paid_at >= @begins and p.paid_at < @ends)
        select order_no, payment_id, payment_id as booked_by from paid
        union all
        select r.number, null, r.refund_id from paid p join payments.refund r on r.entity_id = p.entity_id and r.payment_id = p.payment_id
        union all
        select l.order_no, null, null from payments.settlement_line l where l.entity_id = @owner and l.taken_on between @from and @to
        union all
        select l.order_no, null, null
          from payments.settlement_batch b join payments.settlement_line l on l.entity_id = b.entity_id and l.batch = b.batch
         where b.entity_id = @owner and b.value_on between @from and @to
        """;

    sealed class Seen
    {
        public string OrderNo { get; init; } = "";
        public Guid? PaymentId { get; init; }
        public Guid? BookedBy { get; init; }
    }

    // One row for each payment, each line that is no payment's, each movement of the bank that nobody explains and each payout that went otherwise.
    const string Items =
        """
        , booked as (
            select coalesce(r.payment_id, t.cause_id) as payment_id, sum(case when t.debit = 'suspense' then t.cents else -t.cents end) as cents
              from payments.transfer t left join payments.refund r on t.cause = 'settlement.refund' and r.refund_id = t.cause_id
             where t.entity_id = @owner and t.cause in ('settlement.payment', 'settlement.reversal', 'settlement.refund') and t.cause_id = any(@booked) group by 1),
        said as (
            select l.payment_id,
                   sum(case l.kind when 'payment' then l.gross_cents else -l.gross_cents end) filter (where l.label = 'right' and l.credited) as credited,
                   bool_or(l.kind = 'payment') as has_payment, bool_or(l.kind = 'reversal') as has_reversal,
                   sum(l.gross_cents) filter (where l.kind = 'refund' and l.label = 'right' and l.credited) as refunded,
                   min(l.batch) filter (where l.label = 'right' and l.kind <> 'refund' and not l.credited) as waiting, min(l.entries) filter (where l.label = 'right' and l.kind <> 'refund' and not l.credited) as entries
              from labelled l where l.ours group by 1),
        payment as (
            select (p.paid_at at time zone 'Europe/Rome')::date as day, c.code, p.order_no, p.state, case p.state when 'paid' then p.taken_cents else 0 end - coalesce(s.refunded, 0) as taken,
                   coalesce(s.credited, 0) as credited, coalesce(b.cents, 0) as owed, p.taken_cents, s.waiting, s.entries, coalesce(s.has_payment, false) as has_payment, coalesce(s.has_reversal, false) as has_reversal
              from payments.payment p
              join agreement a on a.agreement_id = p.agreement_id
              join creditor c on c.creditor_id = p.entity_id
              left join said s on s.payment_id = p.payment_id
              left join booked b on b.payment_id = p.payment_id
             where p.state in ('paid', 'reversed') and p.payment_id = any(@payments)),
        item as (
            select p.day, p.code, p.taken, p.credited, p.owed, w.label, case when w.label in ('batch_not_credited', 'batch_differs') then p.waiting else p.order_no end as subject, w.cents, w.detail
              from payment p
              left join lateral (
                  select case when p.waiting is not null and p.entries = 0 then 'batch_not_credited'
                              when p.waiting is not null then 'batch_differs'
                              when p.state = 'paid' and not p.has_payment then 'no_line'
                              when p.state = 'reversed' and p.has_payment and not p.has_reversal then 'no_reversal'
                              when p.credited <> p.owed then 'not_booked'
                              when p.taken <> p.credited and not exists (select from labelled l where l.order_no = p.order_no and l.ours and l.label not in ('right', 'twice')) then 'unexplained' end as label,
                         case when p.credited <> p.owed and p.waiting is null then abs(p.credited - p.owed) else p.taken_cents end as cents, '' as detail) w on w.label is not null
            union all
            select l.taken_on, l.code, 0, case when l.credited then case l.kind when 'payment' then l.gross_cents else -l.gross_cents end else 0 end, 0, l.label, l.order_no,
                   case l.label when 'other_amount' then abs(l.gross_cents - case l.kind when 'refund' then l.refund_cents else l.taken_cents end) else l.gross_cents end, l.batch || ' riga ' || l.line
              from labelled l where l.label <> 'right'
            union all
            select e.value_on, null, 0, 0, 0, case when e.cents > 0 then 'unknown_credit' else 'unknown_debit' end, e.entry_id::text, abs(e.cents), left(e.remittance, 80)
              from credit e where e.batch is null and e.payout is null
            union all
            -- A batch that pays nobody's right line, and yet is not what the bank moved.
            select b.value_on, null, 0, 0, 0, case when b.entries = 0 then 'batch_not_credited' else 'batch_differs' end, b.batch, abs(b.net_cents - b.credited_cents), ''
              from batch b where not b.credited and not exists (select from labelled l where l.batch = b.batch and l.label = 'right' and l.kind = 'payment')
            union all
            select p.ordered_on, substr(p.payout, 5, 3), 0, 0, 0, 'payout_differs', p.payout, abs(p.cents + sum(c.cents)), ''
              from payments.payout p join credit c on c.payout = p.payout where p.entity_id = @owner group by p.entity_id, p.payout having p.cents <> -sum(c.cents) and sum(c.cents) <> 0)

        """;
}
