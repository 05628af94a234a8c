-- Money owed and money paid. Amounts are whole cents; a due is paid once by primary key; nothing here crosses creditors.
-- Departures from the house model stand in docs/adr/0009-payments-model.md.

create table payments.agreement (
    agreement_id uuid primary key, owner_entity int not null references core.entity, gateway text not null, valid daterange not null,
    commission jsonb not null, secret_ref text not null, settings jsonb not null);
comment on table payments.agreement is 'reference';

create table payments.position (
    entity_id int not null references core.entity, position_id uuid, service text not null, reference text not null, title text not null, shown_by int not null,
    version int not null default 0, state text not null check (state in ('open', 'paid', 'part_paid', 'cancelled', 'expired', 'reversed')), subject_id uuid,
    primary key (entity_id, position_id), unique (entity_id, service, reference));

create table payments.due (
    entity_id int, due_id uuid, position_id uuid not null, plan text not null check (plan in ('single', 'instalments')), n smallint not null, due_on date not null, expires_on date,
    nav text check (nav ~ '^3[0-9]{17}$' and substr(nav, 1, 16)::bigint % 93 = substr(nav, 17, 2)::int),
    state text not null check (state in ('open', 'paid', 'replaced', 'cancelled', 'expired')),
    primary key (entity_id, due_id), unique (entity_id, nav), unique (entity_id, position_id, plan, n),
    foreign key (entity_id, position_id) references payments.position);

-- The amount of a due is the sum of its lines and is stored nowhere else.
create table payments.due_line (
    entity_id int, due_id uuid, n smallint, label text not null, tax_code text not null, account text not null, cents bigint not null check (cents > 0),
    primary key (entity_id, due_id, n), foreign key (entity_id, due_id) references payments.due);

create table payments.payment (
    entity_id int, payment_id uuid, agreement_id uuid not null references payments.agreement,
    order_no text not null check (order_no ~ '^[0-9A-Z]{3}-[0-9A-HJKMNP-TV-Z]{13}-[0-9]$'),
    status_code text not null, service text not null, shown_by int not null, return_page text not null, language text not null check (language ~ '^[a-z]{2}$'),
    state text not null check (state in ('prepared', 'at_bank', 'unknown', 'paid', 'failed', 'expired', 'reversed')),
    asked_cents bigint not null check (asked_cents > 0), commission_cents bigint not null default 0 check (commission_cents >= 0),
    taken_cents bigint check (taken_cents > 0), taken_confirmed_at timestamptz, refunded_cents bigint not null default 0,
    quote_until timestamptz not null, created_at timestamptz not null, paid_at timestamptz,
    next_query_at timestamptz, last_query_at timestamptz, queries int not null default 0, version int not null default 0,
    check (state not in ('paid', 'reversed') or (taken_cents is not null and paid_at is not null)),
    check (refunded_cents between 0 and coalesce(taken_cents, 0)),
    primary key (entity_id, payment_id), unique (entity_id, order_no), unique (entity_id, status_code));
create index on payments.payment (entity_id, next_query_at) where next_query_at is not null;

create table payments.payment_item (
    entity_id int, payment_id uuid, due_id uuid, cents bigint not null check (cents > 0),
    primary key (entity_id, payment_id, due_id), unique (entity_id, due_id, payment_id),
    foreign key (entity_id, payment_id) references payments.payment, foreign key (entity_id, due_id) references payments.due);

-- A due is paid once BY KEY; a second success finds the row taken and becomes a surplus.
create table payments.due_paid (
    entity_id int, due_id uuid, payment_id uuid not null, at timestamptz not null,
    primary key (entity_id, due_id), foreign key (entity_id, due_id, payment_id) references payments.payment_item (entity_id, due_id, payment_id));

create table payments.surplus (
    entity_id int, payment_id uuid, due_id uuid, kind text not null check (kind in ('twice', 'too_much', 'too_little', 'too_late', 'cancelled_due')), cents bigint not null, resolved_by text,
    primary key (entity_id, payment_id, due_id), foreign key (entity_id, payment_id) references payments.payment);

-- Everything a gateway told us, verified or not, before it is believed. What names no known entity goes to entity 0.
create table payments.fact (
    entity_id int, channel text, digest bytea, order_no text, verdict text not null check (verdict in ('genuine', 'forged', 'unknown_order', 'unreadable')),
    raw bytea not null check (octet_length(raw) <= 65536), seen int not null default 1, first_at timestamptz not null, applied_at timestamptz,
    primary key (entity_id, channel, digest));
create index on payments.fact (entity_id, first_at) where verdict = 'genuine' and applied_at is null;
create index on payments.fact (entity_id, order_no);

create table payments.external_call (
    entity_id int, call_id uuid, payment_id uuid not null, kind text not null, started_at timestamptz not null, ended_at timestamptz, outcome text,
    primary key (entity_id, call_id), foreign key (entity_id, payment_id) references payments.payment, check ((ended_at is null) = (outcome is null)));

create table payments.receipt (
    entity_id int, year smallint, number int, payment_id uuid not null, code text not null, pdf_sha256 bytea not null, pdf bytea not null, issued_at timestamptz not null,
    primary key (entity_id, year, number), unique (entity_id, payment_id), unique (entity_id, code), foreign key (entity_id, payment_id) references payments.payment);
create table payments.receipt_counter (entity_id int, year smallint, last int not null, primary key (entity_id, year));
