using System.Globalization;
using Platform.Core.Entities;
using Platform.Core.Storage;

namespace Platform.Payments.Ledger;

/// <summary>Something that must hold of money, whatever happened before, as a question to the database that answers with what contradicts it.</summary>
/// <param name="Name">Short and stable, for tables and for whoever reads the log.</param>
/// <param name="Rule">What must hold, in words.</param>
/// <param name="Sql">Rows of (entity_id, what). <c>@before</c>: what is younger may still be on its way and is not asked for.</param>
internal sealed record MoneyInvariant(string Name, string Rule, string Sql);

/// <summary>What the database says against an invariant.</summary>
internal sealed record MoneyContradiction(EntityId Entity, string What);

/// <summary>Compares what was asked, taken, paid, booked, told and receipted, over all creditors. Reads only, and may run beside a busy host: each question sees one moment.</summary>
internal sealed class MoneyCheck(Database database, TimeProvider clock)
{
    /// <summary>A receipt, a delivery or an answer that is younger than this may still be on its way.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromMinutes(10);

    public async IAsyncEnumerable<(MoneyInvariant Invariant, IReadOnlyList<MoneyContradiction> Contradictions)> Run(
        TimeSpan grace, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken stop)
    {
        var before = clock.GetUtcNow() - grace;
        foreach (var invariant in MoneyInvariants.All)
            yield return (invariant, await Ask(invariant, before, stop));
    }

    Task<IReadOnlyList<MoneyContradiction>> Ask(MoneyInvariant invariant, DateTimeOffset before, CancellationToken stop) => database.Run(
        ModuleRoles.Centre, null, "check money", clock,
        async session =>
        {
            // It reads every payment there ever was; no citizen waits for it.
            await session.Execute("select set_config('statement_timeout', '0', true)");
            return await session.List<MoneyContradiction>(invariant.Sql, new { before });
        },
        stop);

    /// <summary>All questions as a script for <c>psql</c>, as a user who sees all rows.</summary>
    public static string Script(TimeSpan grace) => string.Join('\n', MoneyInvariants.All.Select(invariant => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        -- {invariant.Name}: {invariant.Rule}
        {invariant.Sql.Replace("@before", $"now() - interval '{grace.TotalMinutes:0} minutes'", StringComparison.Ordinal)};

        """)));
}

internal static class MoneyInvariants
{
    /// <summary>Kept by itself too: the nightly comparison asks it.</summary>
    public static readonly MoneyInvariant TwoBooks = new(
        "two books", "What the centre has booked about a creditor stands in the creditor's book too, and nothing else.",
        $"""
        with {Settlement.CreditorsHalf.Wanted},
        own as (
            select entity_id, cause, cause_id, n, debit, credit, cents from payments.transfer
             where entity_id <> 0 and cause like any (array['settlement.%', 'payout.%']) and (debit in ('centre', 'payout') or credit in ('centre', 'payout')))
        select coalesce(h.creditor, o.entity_id) as entity, coalesce(h.cause, o.cause) || ' ' || coalesce(h.cause_id, o.cause_id) || ': the centre says '
               || coalesce(h.debit || ' to ' || h.credit || ' ' || h.cents, 'nothing') || ', the creditor''s book ' || coalesce(o.debit || ' to ' || o.credit || ' ' || o.cents, 'nothing') as what
          from half h
          full join own o on o.entity_id = h.creditor and o.cause = h.cause and o.cause_id = h.cause_id and o.n = h.n
         where (h.debit, h.credit, h.cents) is distinct from (o.debit, o.credit, o.cents) and coalesce(h.booked_at <= @before, true)
        """);

    public static readonly IReadOnlyList<MoneyInvariant> All =
    [
        new("asked", "A payment asks the sum of its items, and an item is the sum of its lines.",
            """
            select p.entity_id as entity, p.order_no || ' asks ' || p.asked_cents || ', its items are ' || coalesce(i.cents, 0) || ' and their lines ' || coalesce(l.cents, 0) as what
              from payments.payment p
              left join (select entity_id, payment_id, sum(cents) as cents from payments.payment_item group by 1, 2) i on i.entity_id = p.entity_id and i.payment_id = p.payment_id
              left join (select entity_id, payment_id, sum(cents) as cents from payments.payment_line group by 1, 2) l on l.entity_id = p.entity_id and l.payment_id = p.payment_id
             where p.asked_cents is distinct from i.cents or p.asked_cents is distinct from l.cents
            """),
        new("due", "A due is paid exactly when one payment paid it.",
            """
            select d.entity_id as entity, 'due ' || d.due_id || ' is ' || d.state || case when x.due_id is null then ' and nothing paid it' else ' and a payment paid it' end as what
              from payments.due d left join payments.due_paid x on x.entity_id = d.entity_id and x.due_id = d.due_id
             where (d.state = 'paid') <> (x.due_id is not null)
            """),
        new("position", "A position is paid exactly when it has dues and none of them is open.",
            """
            select p.entity_id as entity, p.service || ' ' || p.reference || ' is ' || p.state || ', and of its ' || count(d.due_id) || ' dues ' || count(d.due_id) filter (where d.state = 'open') || ' are open' as what
              from payments.position p
              left join payments.due d on d.entity_id = p.entity_id and d.position_id = p.position_id
             where p.state in ('open', 'paid')
             group by p.entity_id, p.position_id, p.service, p.reference, p.state
            having (p.state = 'paid') <> (count(d.due_id) > 0 and count(d.due_id) filter (where d.state = 'open') = 0)
            """),
        new("plans", "A position is paid in one way: the others are replaced exactly while something of it is paid.",
            """
            select d.entity_id as entity, 'due ' || d.due_id || ' of plan ' || d.plan || ' is ' || d.state || ', and of the other plans ' || count(o.due_id) || ' are paid' as what
              from payments.due d
              left join payments.due o on o.entity_id = d.entity_id and o.position_id = d.position_id and o.plan <> d.plan and o.state = 'paid'
             where d.state in ('open', 'paid', 'replaced')
             group by d.entity_id, d.due_id, d.plan, d.state
            having (count(o.due_id) > 0) <> (d.state = 'replaced')
            """),
        new("paid by", "What paid a due is a payment that stands.",
            """
            select p.entity_id as entity, 'due ' || x.due_id || ' is paid by ' || p.order_no || ', which is ' || p.state as what
              from payments.due_paid x join payments.payment p on p.entity_id = x.entity_id and p.payment_id = x.payment_id
             where p.state <> 'paid'
            """),
        new("shares", "What was taken is what it paid, and the surplus that was kept.",
            """
            select p.entity_id as entity, p.order_no || ' took ' || p.taken_cents || ', accounted for are ' || coalesce(s.cents, 0) + coalesce(u.cents, 0) as what
              from payments.payment p
              left join (select i.entity_id, i.payment_id, sum(i.cents) as cents
                           from payments.payment_item i
                          where exists (select from payments.due_paid x where x.entity_id = i.entity_id and x.due_id = i.due_id and x.payment_id = i.payment_id)
                             or exists (select from payments.due_released x where x.entity_id = i.entity_id and x.due_id = i.due_id and x.payment_id = i.payment_id)
                          group by 1, 2) s on s.entity_id = p.entity_id and s.payment_id = p.payment_id
              left join (select entity_id, payment_id, sum(case kind when 'too_little' then -cents else cents end) as cents
                           from payments.surplus group by 1, 2) u on u.entity_id = p.entity_id and u.payment_id = p.payment_id
             where p.state = 'paid' and p.taken_cents <> coalesce(s.cents, 0) + coalesce(u.cents, 0)
            """),
        new("missing", "What is missing of a payment is missing from dues of it, of each no more than it costs.",
            """
            select u.entity_id as entity, 'of due ' || u.due_id || ' of payment ' || u.payment_id || ' ' || u.cents || ' are missing, it cost ' || coalesce(i.cents, 0) as what
              from payments.surplus u left join payments.payment_item i on i.entity_id = u.entity_id and i.payment_id = u.payment_id and i.due_id = u.due_id
             where u.kind = 'too_little' and u.cents > coalesce(i.cents, 0)
            """),
        new("cart", "A payment pays dues of the service that it began in; only a cart's pays dues of several.",
            """
            select p.entity_id as entity, p.order_no || ' began in ' || p.service || ' and pays ' || o.service || ' ' || o.reference as what
              from payments.payment p
              join payments.payment_item i on i.entity_id = p.entity_id and i.payment_id = p.payment_id
              join payments.due d on d.entity_id = i.entity_id and d.due_id = i.due_id
              join payments.position o on o.entity_id = d.entity_id and o.position_id = d.position_id
             where p.service not in ('payments', o.service)
            """),
        new("told", "The owner of a due was told what became of it, as often as it became so.",
            """
            select d.entity_id as entity, 'due ' || d.due_id || ' is ' || d.state || '; told paid ' || coalesce(t.paid, 0) || ' times, reversed or given back ' || coalesce(t.reversed, 0) || ' times' as what
              from payments.due d
              left join (select entity_id, payload ->> 'due' as due, count(*) filter (where type = 'payments.position_paid.1') as paid,
                                count(*) filter (where type = 'payments.position_reversed.1' or type = 'payments.position_refunded.1' and payload ->> 'then' <> 'Paid') as reversed
                           from core.outbox where type in ('payments.position_paid.1', 'payments.position_reversed.1', 'payments.position_refunded.1') group by 1, 2) t
                     on t.entity_id = d.entity_id and t.due = d.due_id::text
             where coalesce(t.paid, 0) - coalesce(t.reversed, 0) <> case d.state when 'paid' then 1 else 0 end
            """),
        new("told once", "A due that a payment holds was told once, and no event tells of a payment that never succeeded.",
            """
            select x.entity_id as entity, 'due ' || x.due_id || ' is held by payment ' || x.payment_id || ' and was told ' || count(o.event_id) || ' times' as what
              from payments.due_paid x
              left join core.outbox o on o.entity_id = x.entity_id and o.type = 'payments.position_paid.1' and o.payload ->> 'payment' = x.payment_id::text and o.payload ->> 'due' = x.due_id::text
             group by x.entity_id, x.due_id, x.payment_id having count(o.event_id) <> 1
            union all
            select o.entity_id, 'event ' || o.event_id || ' tells of payment ' || (o.payload ->> 'payment') || ', which is ' || coalesce(p.state, 'unknown')
              from core.outbox o
              left join payments.payment p on p.entity_id = o.entity_id and p.payment_id::text = o.payload ->> 'payment'
             where o.type = 'payments.position_paid.1' and p.state is distinct from 'paid' and p.state is distinct from 'reversed'
            """),
        new("receipt", "Who paid a due has a receipt.",
            """
            select p.entity_id as entity, p.order_no || ' paid a due and has no receipt' as what
              from payments.payment p
             where p.paid_at <= @before
               and exists (select from payments.due_paid x where x.entity_id = p.entity_id and x.payment_id = p.payment_id)
               and not exists (select from payments.receipt r where r.entity_id = p.entity_id and r.payment_id = p.payment_id)
            """),
        new("numbers", "Receipts of a creditor and year are numbered from 1 without a gap.",
            """
            select entity_id as entity, 'receipts of ' || year || ' go from ' || min(number) || ' to ' || max(number) || ' and are ' || count(*) as what
              from payments.receipt group by entity_id, year having min(number) <> 1 or max(number) <> count(*)
            union all
            select c.entity_id, 'the counter of ' || c.year || ' stands at ' || c.last || ', and there are ' || count(r.number) || ' receipts'
              from payments.receipt_counter c left join payments.receipt r on r.entity_id = c.entity_id and r.year = c.year
             group by c.entity_id, c.year, c.last having c.last <> count(r.number)
            """),
        new("collections", "The book holds, at the bank or where an officer received it, what was taken and not taken back, payment by payment.",
            """
            select coalesce(p.entity_id, b.entity_id) as entity, coalesce(p.order_no, 'no payment ' || b.cause_id) || ' holds ' || coalesce(p.cents, 0) || ', the book says ' || coalesce(b.cents, 0) as what
              from (select entity_id, payment_id, order_no, case state when 'paid' then taken_cents else 0 end as cents from payments.payment) p
              full join (select entity_id, cause_id, sum(case when debit = 'collections' or debit like 'received/%' then cents else 0 end - case when credit = 'collections' or credit like 'received/%' then cents else 0 end) as cents
                           from payments.transfer where cause like 'payment.%' group by 1, 2) b on b.entity_id = p.entity_id and b.cause_id = p.payment_id
             where coalesce(p.cents, 0) <> coalesce(b.cents, 0)
            """),
        new("income", "The book's income is what dues were paid and was not given back, without what was missing where the owner asks for it again, payment by payment.",
            """
            select coalesce(s.entity_id, b.entity_id) as entity, 'payment ' || coalesce(s.payment_id, b.cause_id) || ' paid ' || coalesce(s.cents, 0) || ', the book says ' || coalesce(b.cents, 0) as what
              from (select i.entity_id, i.payment_id, sum(i.cents - coalesce(g.cents, 0) - coalesce(u.cents, 0)) as cents
                      from payments.payment_item i
                      join payments.due_paid x on x.entity_id = i.entity_id and x.due_id = i.due_id and x.payment_id = i.payment_id
                      left join payments.surplus u on u.entity_id = i.entity_id and u.payment_id = i.payment_id and u.due_id = i.due_id and u.kind = 'too_little' and u.resolved_by = 'owner'
                      left join (select r.entity_id, r.payment_id, l.due_id, sum(l.cents) as cents
                                   from payments.refund r join payments.refund_line l on l.entity_id = r.entity_id and l.refund_id = r.refund_id
                                  where r.state = 'done' and l.n > 0 group by 1, 2, 3) g on g.entity_id = i.entity_id and g.payment_id = i.payment_id and g.due_id = i.due_id
                     group by 1, 2) s
              full join (select t.entity_id, coalesce(r.payment_id, t.cause_id) as cause_id,
                                sum(case when t.credit like 'income/%' then t.cents else 0 end - case when t.debit like 'income/%' then t.cents else 0 end) as cents
                           from payments.transfer t left join payments.refund r on r.entity_id = t.entity_id and r.refund_id = t.cause_id
                          where t.cause like 'payment.%' or t.cause like 'refund.%' group by 1, 2) b on b.entity_id = s.entity_id and b.cause_id = s.payment_id
             where coalesce(s.cents, 0) <> coalesce(b.cents, 0)
            """),
        new("recorded", "A payment without a gateway was received by an officer, stands exactly while a second one agrees, and stands on the account of how it was received.",
            """
            select p.entity_id as entity, p.order_no || ' was received by ' || p.received || ', is ' || p.state || ', and its recording is ' || coalesce(r.state, 'missing') as what
              from payments.payment p left join payments.recording r on r.entity_id = p.entity_id and r.payment_id = p.payment_id
             where p.received is not null
               and p.state is distinct from case r.state when 'asked' then 'prepared' when 'approved' then 'paid' when 'undo_asked' then 'paid' when 'refused' then 'failed' when 'undone' then 'reversed' end
            union all
            select p.entity_id, p.order_no || ' has bookings on ' || a.account || ' and was received by ' || coalesce(p.received, 'a gateway')
              from payments.payment p
              join payments.transfer t on t.entity_id = p.entity_id and t.cause_id = p.payment_id and t.cause like 'payment.%'
              cross join lateral (values (t.debit), (t.credit)) as a (account)
             where a.account like 'received/%' and a.account is distinct from 'received/' || p.received or a.account = 'collections' and p.received is not null
            """),
        new("set aside", "A payment sets aside what its refunds amount to that were not refused, and gives back no line more than once.",
            """
            select p.entity_id as entity, p.order_no || ' has set aside ' || p.refunded_cents || ', its refunds are ' || coalesce(r.cents, 0) as what
              from payments.payment p
              left join (select entity_id, payment_id, sum(cents) as cents from payments.refund where state <> 'refused' group by 1, 2) r on r.entity_id = p.entity_id and r.payment_id = p.payment_id
             where p.refunded_cents <> coalesce(r.cents, 0)
            union all
            select r.entity_id, r.number || ' gives back ' || r.cents || ', its lines ' || coalesce(sum(l.cents), 0)
              from payments.refund r left join payments.refund_line l on l.entity_id = r.entity_id and l.refund_id = r.refund_id
             group by r.entity_id, r.refund_id, r.number, r.cents having r.cents <> coalesce(sum(l.cents), 0)
            union all
            select g.entity_id, 'payment ' || g.payment_id || ' gives back ' || g.cents || ' of line ' || g.n || ' of due ' || g.due_id || ', which was ' || coalesce(t.cents, 0)
              from (select r.entity_id, r.payment_id, l.due_id, l.n, sum(l.cents) as cents
                      from payments.refund r join payments.refund_line l on l.entity_id = r.entity_id and l.refund_id = r.refund_id where r.state <> 'refused' group by 1, 2, 3, 4) g
              left join (select entity_id, payment_id, due_id, n, cents from payments.payment_line
                         union all
                         select entity_id, payment_id, due_id, 0, sum(cents) from payments.surplus where kind <> 'too_little' group by 1, 2, 3) t
                     on t.entity_id = g.entity_id and t.payment_id = g.payment_id and t.due_id = g.due_id and t.n = g.n
             where g.cents > coalesce(t.cents, 0)
            """),
        new("refunded", "What was given back left the book once, and what was not did not; a reversal of the payment takes the booking back.",
            """
            select coalesce(r.entity_id, b.entity_id) as entity, coalesce(r.number, 'no refund ' || b.cause_id) || ' gave back ' || coalesce(r.cents, 0) || ', the book says ' || coalesce(b.cents, 0) as what
              from (select r.entity_id, r.refund_id, r.number, case when r.state = 'done' and p.state = 'paid' then r.cents else 0 end as cents
                      from payments.refund r join payments.payment p on p.entity_id = r.entity_id and p.payment_id = r.payment_id) r
              full join (select entity_id, cause_id, sum(case when credit = 'collections' or credit like 'received/%' then cents else 0 end - case when debit = 'collections' or debit like 'received/%' then cents else 0 end) as cents
                           from payments.transfer where cause like 'refund.%' group by 1, 2) b on b.entity_id = r.entity_id and b.cause_id = r.refund_id
             where coalesce(r.cents, 0) <> coalesce(b.cents, 0)
            """),
        new("released", "A due that was given back whole is not paid by the same payment any more, and a due that was not is not released.",
            """
            select g.entity_id as entity, 'due ' || g.due_id || ' of payment ' || g.payment_id || ' was given back whole, by a refund that is ' || r.state
                   || case when exists (select from payments.due_paid x where x.entity_id = g.entity_id and x.due_id = g.due_id and x.payment_id = g.payment_id) then ', and the payment pays it' else '' end as what
              from payments.due_released g join payments.refund r on r.entity_id = g.entity_id and r.refund_id = g.refund_id
             where r.state <> 'done' or r.payment_id <> g.payment_id
                or exists (select from payments.due_paid x where x.entity_id = g.entity_id and x.due_id = g.due_id and x.payment_id = g.payment_id)
            """),
        new("refund told", "The owner of a due was told once of each refund that was done, and of none that was not.",
            """
            select coalesce(r.entity_id, t.entity_id) as entity, 'refund ' || coalesce(r.refund, t.refund) || ' gave back ' || coalesce(r.cents, 0) || ' of due ' || coalesce(r.due, t.due) || '; told are ' || coalesce(t.cents, 0) || ', ' || coalesce(t.times, 0) || ' times' as what
              from (select r.entity_id, r.refund_id::text as refund, l.due_id::text as due, sum(l.cents) as cents
                      from payments.refund r join payments.refund_line l on l.entity_id = r.entity_id and l.refund_id = r.refund_id where r.state = 'done' and l.n > 0 group by 1, 2, 3) r
              full join (select entity_id, payload ->> 'refund' as refund, payload ->> 'due' as due, sum((payload ->> 'amount')::bigint) as cents, count(*) as times
                           from core.outbox where type = 'payments.position_refunded.1' group by 1, 2, 3) t on t.entity_id = r.entity_id and t.refund = r.refund and t.due = r.due
             where coalesce(r.cents, 0) is distinct from t.cents or t.times <> 1
            """),
        new("refund heard", "What was ordered at a gateway was heard of, and what two persons have to agree to, two agreed to.",
            """
            select r.entity_id as entity, r.number || ' is ' || r.state || ' since ' || coalesce(c.started_at, r.asked_at) as what
              from payments.refund r left join payments.external_call c on c.entity_id = r.entity_id and c.call_id = r.refund_id
             where r.state in ('at_bank', 'unknown') and coalesce(c.started_at, r.asked_at) <= @before
            union all
            select entity_id, number || ' is ' || state || ', and nobody but ' || asked_by || ' agreed'
              from payments.refund where four_eyes and state not in ('asked', 'refused') and (approved_by is null or lower(approved_by) = lower(asked_by))
            """),
        new("journal", "The journal tells each success once, each reversal, and no success that was none.",
            """
            select coalesce(p.entity_id, j.entity_id) as entity,
                   coalesce(p.order_no, j.order_no) || ' is ' || coalesce(p.state, 'unknown') || '; the journal tells ' || coalesce(j.paid, 0) || ' successes and ' || coalesce(j.reversed, 0) || ' reversals' as what
              from payments.payment p
              full join (select entity_id, body ->> 'orderNo' as order_no, count(*) filter (where kind = 'payment.paid') as paid, count(*) filter (where kind = 'payment.reversed') as reversed
                           from core.journal where kind in ('payment.paid', 'payment.reversed') group by 1, 2) j on j.entity_id = p.entity_id and j.order_no = p.order_no
             where coalesce(j.paid, 0) <> case when p.state in ('paid', 'reversed') then 1 else 0 end or coalesce(j.reversed, 0) <> case p.state when 'reversed' then 1 else 0 end
            """),
        new("confirmed", "The gateway has named the amount of what it took.",
            """
            select entity_id as entity, order_no || ' is paid since ' || paid_at || ' and its amount is not confirmed' as what
              from payments.payment where state = 'paid' and taken_confirmed_at is null and paid_at <= @before
            """),
        new("applied", "What a gateway vouched for was applied.",
            """
            select entity_id as entity, channel || ' about ' || order_no || ' is genuine and was not applied' as what
              from payments.fact where verdict = 'genuine' and applied_at is null and first_at <= @before
            """),
        new("wanted", "Every event about money has a handler to go to.",
            """
            select o.entity_id as entity, o.type || ' ' || o.event_id || ' has no delivery' as what
              from core.outbox o
             where o.type in ('payments.position_paid.1', 'payments.position_reversed.1') and not exists (select from core.delivery d where d.entity_id = o.entity_id and d.event_id = o.event_id)
               -- The receipt waits for each payment. Of reversals a service need not want to hear, but one that hears of some hears of all.
               and (o.type = 'payments.position_paid.1' or exists (
                   select from core.outbox x join core.delivery d on d.entity_id = x.entity_id and d.event_id = x.event_id
                    where x.type = o.type and x.payload -> 'position' ->> 'service' = o.payload -> 'position' ->> 'service'))
            """),
        new("delivered", "Every event about money reached its handlers.",
            """
            select d.entity_id as entity, o.type || ' is ' || d.state || ' for ' || d.handler || ' after ' || d.tries || ' tries: ' || coalesce(d.error, 'not tried') as what
              from core.delivery d join core.outbox o on o.entity_id = d.entity_id and o.event_id = d.event_id
             where d.state <> 'done' and o.type like 'payments.%' and (d.state = 'parked' or o.at <= @before)
            """),
        TwoBooks,
        new("settled", "A payment is settled at most once and for what was taken; the gateway's fees and the bank's movements are booked as they were told.",
            """
            select t.entity_id as entity, 'payment ' || t.cause_id || ' is settled for ' || t.cents || ', taken were ' || coalesce(p.taken_cents::text, 'none') as what
              from (select entity_id, cause, cause_id, sum(case when debit = 'suspense' then cents else -cents end) as cents
                      from payments.transfer where cause in ('settlement.payment', 'settlement.reversal') and 'suspense' in (debit, credit) group by 1, 2, 3) t
              left join payments.payment p on p.payment_id = t.cause_id
             where t.cents not in (0, coalesce(p.taken_cents, 0) * case t.cause when 'settlement.payment' then 1 else -1 end)
            union all
            select t.entity_id, 'refund ' || t.cause_id || ' is deducted by ' || -t.cents || ', given back were ' || coalesce(r.cents::text, 'none')
              from (select entity_id, cause_id, sum(case when debit = 'suspense' then cents else -cents end) as cents
                      from payments.transfer where cause = 'settlement.refund' and 'suspense' in (debit, credit) group by 1, 2) t
              left join payments.refund r on r.refund_id = t.cause_id and r.state = 'done'
             where t.cents not in (0, -coalesce(r.cents, 0))
            union all
            select t.entity_id, 'payment ' || t.cause_id || ' has a commission of ' || t.cents || ' in the book, agreed were ' || coalesce(p.commission_cents::text, 'none')
              from (select entity_id, cause_id, sum(case when credit = 'commissions' then cents else -cents end) as cents
                      from payments.transfer where cause = 'settlement.commission' and 'commissions' in (debit, credit) and entity_id = 0 group by 1, 2) t
              left join payments.payment p on p.payment_id = t.cause_id
             where t.cents not in (0, coalesce(p.commission_cents, 0))
            union all
            select t.entity_id, 'batch ' || t.cause_id || ' has fees of ' || t.cents || ' in the book and ' || coalesce(b.fee_cents::text, 'no file')
              from (select entity_id, cause_id, sum(case when debit = 'fees' then cents else -cents end) as cents from payments.transfer where cause = 'settlement.fee' group by 1, 2) t
              left join payments.settlement_batch b on b.entity_id = t.entity_id and b.batch_id = t.cause_id
             where t.cents not in (0, coalesce(b.fee_cents, 0))
            union all
            select coalesce(e.entity_id, t.entity_id), 'movement ' || coalesce(e.entry_id, t.cause_id) || ' is ' || coalesce(e.cents, 0) || ' at the bank and ' || coalesce(t.cents, 0) || ' in the book'
              from (select * from payments.bank_entry where imported_at <= @before) e
              full join (select entity_id, cause_id, sum(case when debit = 'bank' then cents else -cents end) as cents from payments.transfer where cause = 'bank.entry' group by 1, 2) t
                     on t.entity_id = e.entity_id and t.cause_id = e.entry_id
             where coalesce(e.cents, 0) <> coalesce(t.cents, 0)
               and not exists (select from payments.bank_entry y where y.entity_id = t.entity_id and y.entry_id = t.cause_id and y.imported_at > @before and y.cents = t.cents)
            """),
        new("batches", "A batch has the lines it announced, and they come to what it announced.",
            """
            select b.entity_id as entity, 'batch ' || b.batch || ' announces ' || b.lines || ' lines and ' || b.net_cents || ', it has ' || count(l.line) || ' and '
                   || coalesce(sum(case l.kind when 'payment' then l.gross_cents else -l.gross_cents end - l.fee_cents), 0) as what
              from payments.settlement_batch b left join payments.settlement_line l on l.entity_id = b.entity_id and l.batch = b.batch
             group by b.entity_id, b.batch
            having b.lines <> count(l.line) or b.net_cents <> coalesce(sum(case l.kind when 'payment' then l.gross_cents else -l.gross_cents end - l.fee_cents), 0)
                or b.fee_cents <> coalesce(sum(l.fee_cents), 0)
            """),
        new("payouts", "A payout is the sum of its bookings, is ordered once, and nothing is paid to a creditor that is not owed to him.",
            """
            select p.entity_id as entity, 'payout ' || p.payout || ' is ' || p.cents || ', its bookings are ' || coalesce(i.cents, 0) || ' and its order ' || coalesce(o.cents, 0) as what
              from payments.payout p
              left join (select i.entity_id, i.payout, sum(case when t.credit like 'owed/%' then t.cents else -t.cents end) as cents
                           from payments.payout_item i
                           join payments.transfer t on t.entity_id = i.entity_id and t.cause = i.cause and t.cause_id = i.cause_id and t.n = i.n
                          group by 1, 2) i on i.entity_id = p.entity_id and i.payout = p.payout
              left join payments.transfer o on o.entity_id = p.entity_id and o.cause = 'payout.ordered' and o.cause_id = p.payout_id
             where p.cents is distinct from i.cents or p.cents is distinct from o.cents
            """),
        new("balances", "What was written down of accounts on days that are over is what the book says.",
            """
            select b.entity_id as entity, b.account || ' on ' || b.booked_on || ' is written down as ' || b.debit_cents || ' and ' || b.credit_cents || ', the book says ' || coalesce(m.debit, 0) || ' and ' || coalesce(m.credit, 0) as what
              from payments.balance b
              left join (select entity_id, account, booked_on, sum(debit) as debit, sum(credit) as credit
                           from (select entity_id, debit as account, booked_on, cents as debit, 0 as credit from payments.transfer
                                 union all
                                 select entity_id, credit, booked_on, 0, cents from payments.transfer) s
                          group by 1, 2, 3) m on m.entity_id = b.entity_id and m.account = b.account and m.booked_on = b.booked_on
             where (b.debit_cents, b.credit_cents) is distinct from (coalesce(m.debit, 0), coalesce(m.credit, 0))
            """),
    ];
}
