using Platform.Core.Money;
using Platform.Core.Storage;
using Platform.Payments.Ledger;

namespace Platform.Payments.Refunds;

/// <summary>Cents of a payment by what they were for. Line 0 of a due is what was taken and not owed.</summary>
internal sealed record RefundPart(Guid DueId, short N, string Account, long Cents);

internal static class RefundParts
{
    /// <summary>What of a payment may still be given back. Under the payment's row lock.</summary>
    public static Task<IReadOnlyList<RefundPart>> Left(IEntitySession session, Guid payment) => session.List<RefundPart>(
        """
        with given as (
            select l.due_id, l.n, sum(l.cents) as cents
              from payments.refund_line l join payments.refund r on r.entity_id = l.entity_id and r.refund_id = l.refund_id
             where r.entity_id = @entity and r.payment_id = @payment and r.state <> 'refused'
             group by l.due_id, l.n),
        taken as (
            select l.due_id, l.n, @Income || l.account as account,
                   -- What the bank took less than was asked is missing from the last lines.
                   l.cents - greatest(0, least(l.cents, coalesce(s.cents, 0) - coalesce(sum(l.cents) over (partition by l.due_id order by l.n desc rows between unbounded preceding and 1 preceding), 0))) as cents
              from payments.payment_line l
              join payments.due_paid x on x.entity_id = l.entity_id and x.due_id = l.due_id and x.payment_id = l.payment_id
              left join payments.surplus s on s.entity_id = l.entity_id and s.payment_id = l.payment_id and s.due_id = l.due_id and s.kind = 'too_little' and (s.resolved_by is null or s.resolved_by = @Owner)
             where l.entity_id = @entity and l.payment_id = @payment
            union all
            select s.due_id, 0::smallint, @Surplus, sum(case s.kind when 'too_little' then -s.cents else s.cents end)
              from payments.surplus s
             where s.entity_id = @entity and s.payment_id = @payment
               and (s.kind <> 'too_little' or not exists (select from payments.due_paid x where x.entity_id = s.entity_id and x.due_id = s.due_id and x.payment_id = s.payment_id))
             group by s.due_id)
        select t.due_id as dueId, t.n, t.account, (t.cents - coalesce(g.cents, 0))::bigint as cents
          from taken t left join given g on g.due_id = t.due_id and g.n = t.n
         where t.cents > coalesce(g.cents, 0)
         order by t.due_id, t.n
        """,
        new { entity = session.Entity, payment, Books.Income, Books.Surplus, Checkout.Dues.Owner });

    /// <summary>What was not owed goes back first; the rest is taken from the lines in proportion, without losing a cent.</summary>
    public static List<RefundPart> Of(IReadOnlyList<RefundPart> left, Euro amount)
    {
        var parts = new List<RefundPart>();
        var rest = amount.Cents;
        foreach (var surplus in left.Where(part => part.N == 0))
        {
            parts.Add(surplus with { Cents = Math.Min(surplus.Cents, rest) });
            rest -= parts[^1].Cents;
        }
        var owed = left.Where(part => part.N != 0).ToList();
        if (rest > 0)
            parts.AddRange(new Euro(rest).Allocate(owed.ConvertAll(part => part.Cents)).Zip(owed, (cents, part) => part with { Cents = cents.Cents }));
        parts.RemoveAll(part => part.Cents == 0);
        return parts;
    }
}
