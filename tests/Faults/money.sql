-- What must be true of the money at any moment, and (last part) once nothing is left to do. One row per rule: its words and how many rows break it.
-- Needs a role that sees every entity. Reads only; safe in production.

select 'a payment asks the sum of its items' as rule, count(*) as broken
  from payments.payment p
 where p.asked_cents is distinct from (select sum(i.cents) from payments.payment_item i where i.entity_id = p.entity_id and i.payment_id = p.payment_id)
union all
select 'a due is paid if and only if a payment holds it', count(*)
  from payments.due d left join payments.due_paid h on h.entity_id = d.entity_id and h.due_id = d.due_id
 where (d.state = 'paid') <> (h.due_id is not null)
union all
select 'a due is held once', count(*)
  from (select from payments.due_paid group by entity_id, due_id having count(*) > 1) twice
union all
select 'what holds a due is paid', count(*)
  from payments.due_paid h join payments.payment p on p.entity_id = h.entity_id and p.payment_id = h.payment_id
 where p.state <> 'paid'
union all
select 'what was taken holds its due or is flagged', count(*)
  from payments.payment p join payments.payment_item i on i.entity_id = p.entity_id and i.payment_id = p.payment_id
 where p.state = 'paid'
   and not exists (select from payments.due_paid h where h.entity_id = i.entity_id and h.due_id = i.due_id and h.payment_id = i.payment_id)
   and not exists (select from payments.surplus s where s.entity_id = i.entity_id and s.due_id = i.due_id and s.payment_id = i.payment_id)
union all
select 'nothing holds its due and is flagged as paid twice', count(*)
  from payments.due_paid h join payments.surplus s on s.entity_id = h.entity_id and s.due_id = h.due_id and s.payment_id = h.payment_id
 where s.kind in ('twice', 'cancelled_due')
union all
select 'more or less than asked is flagged', count(*)
  from payments.payment p
 where p.state = 'paid' and p.taken_cents <> p.asked_cents
   and not exists (select from payments.surplus s where s.entity_id = p.entity_id and s.payment_id = p.payment_id)
union all
select 'a position is paid if and only if none of its dues is open', count(*)
  from payments.position p
 where p.state in ('open', 'paid')
   and (p.state = 'paid') <> (
       exists (select from payments.due d where d.entity_id = p.entity_id and d.position_id = p.position_id)
       and not exists (select from payments.due d where d.entity_id = p.entity_id and d.position_id = p.position_id and d.state = 'open'))
union all
select 'the journal tells each success once', count(*)
  from (
    select p.entity_id, p.order_no
      from payments.payment p
      left join core.journal j on j.entity_id = p.entity_id and j.kind = 'payment.paid' and j.body ->> 'orderNo' = p.order_no
     where p.state in ('paid', 'reversed')
     group by p.entity_id, p.order_no
    having count(j.entry_id) <> 1) told
union all
select 'the journal tells no success that is none', count(*)
  from core.journal j
 where j.kind = 'payment.paid'
   and not exists (select from payments.payment p where p.entity_id = j.entity_id and p.order_no = j.body ->> 'orderNo' and p.state in ('paid', 'reversed'))
union all
select 'each due that is held was told once', count(*)
  from (
    select h.entity_id, h.due_id
      from payments.due_paid h
      left join core.outbox o on o.entity_id = h.entity_id and o.type = 'payments.position_paid.1' and o.payload ->> 'payment' = h.payment_id::text and o.payload ->> 'due' = h.due_id::text
     group by h.entity_id, h.due_id
    having count(o.event_id) <> 1) told
union all
select 'no event tells of a due that was never held', count(*)
  from core.outbox o
 where o.type = 'payments.position_paid.1'
   and not exists (select from payments.payment p where p.entity_id = o.entity_id and p.payment_id::text = o.payload ->> 'payment' and p.state in ('paid', 'reversed'))
union all
select 'every event has a delivery for whoever wants it', count(*)
  from core.outbox o
 where not exists (select from core.delivery d where d.entity_id = o.entity_id and d.event_id = o.event_id)
union all
select 'receipts are numbered without gaps', count(*)
  from payments.receipt_counter c
 where c.last <> (select count(*) from payments.receipt r where r.entity_id = c.entity_id and r.year = c.year)
union all
-- At rest.
select 'at rest: every genuine message is applied', count(*)
  from payments.fact f
 where f.verdict = 'genuine' and f.applied_at is null
   and exists (select from payments.payment p where p.entity_id = f.entity_id and p.order_no = f.order_no)
union all
select 'at rest: every event is delivered', count(*)
  from core.delivery d where d.state <> 'done'
union all
select 'at rest: what holds a due has its receipt', count(*)
  from payments.due_paid h
 where not exists (select from payments.receipt r where r.entity_id = h.entity_id and r.payment_id = h.payment_id)
union all
select 'at rest: every amount taken is confirmed by the bank', count(*)
  from payments.payment p where p.state = 'paid' and p.taken_confirmed_at is null
