namespace Platform.Testing;

/// <summary>Nothing lost, nothing doubled, nothing invented: what must hold of money whatever happened before.</summary>
public static class MoneyChecks
{
    /// <summary>
    /// Compares what was asked, taken, paid and told, and the bank's own books with ours. To be called when the host is quiet
    /// and every payment's amount has been asked for.
    /// </summary>
    /// <exception cref="MoneyDoesNotAddUpException">With a line for each contradiction.</exception>
    public static async Task MoneyAddsUp(this PorticoTestHost host)
    {
        var wrong = new List<string>(await host.Database.Rows<string>(Contradictions));
        var ours = (await host.Database.Rows<PaymentRow>("select order_no, state, taken_cents from payments.payment")).ToDictionary(payment => payment.OrderNo, StringComparer.Ordinal);
        var theirs = (await host.Bank.Orders())
            .Where(order => order.UrlOk.StartsWith(host.Address.AbsoluteUri, StringComparison.Ordinal) || ours.ContainsKey(order.Order))
            .ToDictionary(order => order.Order, StringComparer.Ordinal);
        foreach (var order in theirs.Values.Where(order => order.Holds))
        {
            if (!ours.TryGetValue(order.Order, out var payment) || payment.State != "paid")
                wrong.Add($"lost: the bank holds {order.TakenCents} for {order.Order}, which is {payment?.State ?? "unknown"} here");
            else if (payment.TakenCents != order.TakenCents)
                wrong.Add($"amount: the bank holds {order.TakenCents} for {order.Order}, here it is {payment.TakenCents}");
        }
        foreach (var payment in ours.Values.Where(payment => payment.State == "paid" && !(theirs.TryGetValue(payment.OrderNo, out var order) && order.Holds)))
            wrong.Add($"invented: {payment.OrderNo} is paid here, and the bank holds nothing for it");
        if (wrong.Count > 0)
            throw new MoneyDoesNotAddUpException(wrong);
    }

    const string Contradictions =
        """
        select 'asked: ' || p.order_no || ' asks ' || p.asked_cents || ', its items are ' || coalesce(sum(i.cents), 0)
          from payments.payment p left join payments.payment_item i using (entity_id, payment_id)
         group by p.entity_id, p.payment_id having p.asked_cents is distinct from sum(i.cents)
        union all
        select 'due: ' || d.due_id || ' is ' || d.state || ' and has ' || count(x.due_id) || ' rows in due_paid'
          from payments.due d left join payments.due_paid x using (entity_id, due_id)
         group by d.entity_id, d.due_id having (d.state = 'paid') <> (count(x.due_id) = 1)
        union all
        select 'paid by: ' || x.due_id || ' is paid by ' || p.order_no || ', which is ' || p.state
          from payments.due_paid x join payments.payment p using (entity_id, payment_id) where p.state <> 'paid'
        union all
        select 'shares: ' || p.order_no || ' took ' || p.taken_cents || ', accounted for are ' || s.accounted
          from payments.payment p
         cross join lateral (
               select coalesce((select sum(i.cents) from payments.payment_item i join payments.due_paid x using (entity_id, due_id, payment_id)
                                 where i.entity_id = p.entity_id and i.payment_id = p.payment_id), 0)
                    + coalesce((select sum(case u.kind when 'too_little' then -u.cents else u.cents end) from payments.surplus u
                                 where u.entity_id = p.entity_id and u.payment_id = p.payment_id), 0) as accounted) s
         where p.state = 'paid' and p.taken_cents <> s.accounted
        union all
        select 'told: ' || d.due_id || ' was told paid ' || t.paid || ' times and reversed ' || t.reversed || ' times, and is ' || d.state
          from payments.due d
         cross join lateral (
               select count(*) filter (where o.type = 'payments.position_paid.1') as paid, count(*) filter (where o.type = 'payments.position_reversed.1') as reversed
                 from core.outbox o where o.entity_id = d.entity_id and o.payload ->> 'due' = d.due_id::text) t
         where t.paid - t.reversed <> case d.state when 'paid' then 1 else 0 end
        union all
        select 'receipt: ' || p.order_no || ' paid a due and has no receipt'
          from payments.payment p
         where exists (select from payments.due_paid x where x.entity_id = p.entity_id and x.payment_id = p.payment_id)
           and not exists (select from payments.receipt r where r.entity_id = p.entity_id and r.payment_id = p.payment_id)
        union all
        select 'numbers: receipts of entity ' || entity_id || ' in ' || year || ' go from ' || min(number) || ' to ' || max(number) || ' and are ' || count(*)
          from payments.receipt group by entity_id, year having min(number) <> 1 or max(number) <> count(*)
        union all
        select state || ': ' || handler || ' failed ' || tries || ' times, last by ' || coalesce(error, '?') from core.delivery where state <> 'done'
        """;

    sealed class PaymentRow
    {
        public string OrderNo { get; init; } = "";
        public string State { get; init; } = "";
        public long? TakenCents { get; init; }
    }
}

/// <summary>Money was lost, doubled or invented.</summary>
public sealed class MoneyDoesNotAddUpException(IReadOnlyList<string> wrong) : Exception("Money does not add up:\n" + string.Join('\n', wrong));
