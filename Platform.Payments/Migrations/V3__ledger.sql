-- What a payment was for, line by line, frozen when it began: a due may be priced anew while the payer is at the bank.
create table payments.payment_line (
    entity_id int, payment_id uuid, due_id uuid, n smallint, label text not null, tax_code text not null, account text not null, cents bigint not null check (cents > 0),
    primary key (entity_id, payment_id, due_id, n), foreign key (entity_id, payment_id, due_id) references payments.payment_item);
comment on table payments.payment_line is 'insert-only';

insert into payments.payment_line (entity_id, payment_id, due_id, n, label, tax_code, account, cents)
select i.entity_id, i.payment_id, i.due_id, l.n, l.label, l.tax_code, l.account, l.cents
  from payments.payment_item i
  join payments.due_line l on l.entity_id = i.entity_id and l.due_id = i.due_id
 where i.cents = (select sum(s.cents) from payments.due_line s where s.entity_id = i.entity_id and s.due_id = i.due_id);

-- Where the due has another price by now, one line keeps the amount; its parts are known no more.
insert into payments.payment_line (entity_id, payment_id, due_id, n, label, tax_code, account, cents)
select i.entity_id, i.payment_id, i.due_id, 1, p.title, coalesce(l.tax_code, ''), coalesce(l.account, ''), i.cents
  from payments.payment_item i
  join payments.due d on d.entity_id = i.entity_id and d.due_id = i.due_id
  join payments.position p on p.entity_id = d.entity_id and p.position_id = d.position_id
  left join payments.due_line l on l.entity_id = i.entity_id and l.due_id = i.due_id and l.n = 1
 where not exists (select from payments.payment_line k where k.entity_id = i.entity_id and k.payment_id = i.payment_id and k.due_id = i.due_id);

create table payments.account (
    entity_id int, account text check (account <> ''), kind text not null check (kind in ('asset', 'liability', 'income', 'expense')),
    primary key (entity_id, account));
comment on table payments.account is 'insert-only';

-- One row moves cents from one account to another, so debits equal credits by construction. Booked once by its cause; corrected by a row the other way round.
create table payments.transfer (
    entity_id int, cause text, cause_id uuid, n smallint, debit text not null, credit text not null check (credit <> debit), cents bigint not null check (cents > 0),
    booked_on date not null, booked_at timestamptz not null,
    primary key (entity_id, cause, cause_id, n),
    foreign key (entity_id, debit) references payments.account, foreign key (entity_id, credit) references payments.account);
create index on payments.transfer (entity_id, cause_id);
create index on payments.transfer (entity_id, booked_on);
comment on table payments.transfer is 'insert-only';

-- The books begin with what the bank holds for us today.
with opening as (
    select p.entity_id, p.payment_id, p.paid_at, 'payment.taken' as cause, 'collections' as debit,
           case when x.due_id is null then 'surplus' else 'income/' || l.account end as credit, l.cents, l.due_id, l.n
      from payments.payment p
      join payments.payment_line l on l.entity_id = p.entity_id and l.payment_id = p.payment_id
      left join payments.due_paid x on x.entity_id = l.entity_id and x.due_id = l.due_id and x.payment_id = l.payment_id
     where p.state = 'paid'
    union all
    select p.entity_id, p.payment_id, p.paid_at, 'payment.amount',
           case when p.taken_cents > p.asked_cents then 'collections' else 'shortfall' end, case when p.taken_cents > p.asked_cents then 'surplus' else 'collections' end,
           abs(p.taken_cents - p.asked_cents), null, null
      from payments.payment p
     where p.state = 'paid' and p.taken_cents <> p.asked_cents
), accounts as (
    insert into payments.account (entity_id, account, kind)
    select distinct o.entity_id, a.account, case when a.account in ('collections', 'shortfall') then 'asset' when a.account = 'surplus' then 'liability' else 'income' end
      from opening o cross join lateral (values (o.debit), (o.credit)) as a (account)
)
insert into payments.transfer (entity_id, cause, cause_id, n, debit, credit, cents, booked_on, booked_at)
select entity_id, cause, payment_id, row_number() over (partition by entity_id, payment_id, cause order by due_id, n), debit, credit, cents,
       (paid_at at time zone 'Europe/Rome')::date, paid_at
  from opening;
