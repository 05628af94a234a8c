namespace Platform.Payments.Settlement;

/// <summary>
/// What the rows say about each other, as common table expressions: nothing of it is stored, so that the order in which files, statements and payments came
/// cannot show. To be asked under the centre's role, which sees payments of all creditors.
/// </summary>
/// <remarks>
/// Parameters: <c>@owner</c>, of the agreements and of the account; <c>@agreements</c> and <c>@ibans</c> with <c>@terms</c> in step: which account an agreement
/// credits; <c>@creditors</c> and <c>@codes</c> in step: who is who in order numbers; <c>@orders</c>: the orders and refunds whose lines are looked at, all lines of each; null for all.
/// </remarks>
internal static class Evidence
{
    public const string Sql =
        """
        with agreement as (select * from unnest(@agreements, @ibans) as a (agreement_id, iban)),
        creditor as (select * from unnest(@creditors, @codes) as c (creditor_id, code)),
        -- Of the references that a movement names, the longest that is known: the beginning of a name that a bank broke may be a name too.
        credit as (
            select e.*, (select b.batch from payments.settlement_batch b join agreement a on a.agreement_id = b.agreement_id and a.iban = e.account
                          where b.entity_id = @owner and b.batch = any(e.words) order by length(b.batch) desc, b.batch limit 1) as batch,
                   (select p.payout from payments.payout p where p.entity_id = @owner and p.payout = any(e.words) order by p.payout limit 1) as payout
              from payments.bank_entry e where e.entity_id = @owner),
        batch as (
            select b.*, coalesce(c.cents, 0)::bigint as credited_cents, coalesce(c.entries, 0)::int as entries, coalesce(c.cents, 0) = b.net_cents and (c.entries > 0 or b.net_cents = 0) as credited
              from payments.settlement_batch b
              left join (select batch, sum(cents) as cents, count(*) as entries from credit where batch is not null group by batch) c on c.batch = b.batch
             where b.entity_id = @owner),
        line as (
            select l.batch, l.line, l.kind, l.order_no, l.gross_cents, l.fee_cents, l.taken_on, b.credited, b.entries, b.value_on, c.creditor_id, c.code,
                   p.payment_id, r.refund_id, r.state as refund_state, r.cents as refund_cents, p.state, p.taken_cents, p.commission_cents, p.agreement_id is not distinct from b.agreement_id as ours,
                   coalesce(p.agreement_id = b.agreement_id and case l.kind when 'refund' then r.cents = l.gross_cents and r.state = 'done' else p.taken_cents = l.gross_cents
                       and p.state = any(case l.kind when 'payment' then array['paid', 'reversed'] else array['reversed'] end) end, false) as fits
              from payments.settlement_line l
              join batch b on b.batch = l.batch
              left join creditor c on c.code = case l.kind when 'refund' then substr(l.order_no, 3, 3) else left(l.order_no, 3) end
              -- A refund's line bears its own number, and is about the payment of which it is.
              left join payments.refund r on l.kind = 'refund' and r.entity_id = c.creditor_id and r.number = l.order_no
              left join payments.payment p on p.entity_id = c.creditor_id
                    and p.order_no = case l.kind when 'refund' then (select o.order_no from payments.payment o where o.entity_id = r.entity_id and o.payment_id = r.payment_id) else l.order_no end
             where l.entity_id = @owner and (@orders::text[] is null or l.order_no = any(@orders))),
        labelled as (
            select n.*,
                   case when payment_id is null then 'unknown_order'
                        when not ours then 'other_agreement'
                        when nth > 1 then 'twice'
                        when kind = 'payment' and state not in ('paid', 'reversed') then 'not_paid'
                        when kind = 'reversal' and state <> 'reversed' then 'not_reversed'
                        when kind = 'refund' and refund_state <> 'done' then 'not_refunded'
                        when gross_cents is distinct from case kind when 'refund' then refund_cents else taken_cents end then 'other_amount'
                        else 'right' end as label
              -- Of several lines about one payment the first by the day and by its own name stands, whichever came first.
              from (select l.*, row_number() over (partition by l.order_no, l.kind order by l.fits desc, l.taken_on, l.batch, l.line) as nth from line l) n)

        """;
}
