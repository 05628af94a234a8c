-- What a creditor decides about giving money back. Without a row: two persons for every refund, and an officer for every surplus.
create table payments.refund_policy (
    entity_id int primary key, four_eyes_from_cents bigint not null check (four_eyes_from_cents >= 0),
    twice text not null check (twice in ('task', 'refund')), too_much text not null check (too_much in ('task', 'refund')), set_by text not null, set_at timestamptz not null);

-- payment.refunded_cents is what refunds that were not refused amount to, those on their way too: its check forbids more than was taken.
create table payments.refund (
    entity_id int, refund_id uuid, payment_id uuid not null, number text not null check (number ~ '^R-[0-9A-Z]{3}-[0-9A-HJKMNP-TV-Z]{13}-[0-9]$'), cents bigint not null check (cents > 0),
    state text not null check (state in ('asked', 'approved', 'at_bank', 'unknown', 'by_hand', 'done', 'refused')),
    due_after text not null check (due_after in ('open', 'cancelled')), reason text not null check (length(reason) between 1 and 200),
    four_eyes boolean not null, asked_by text not null check (asked_by <> ''), asked_at timestamptz not null, approved_by text check (approved_by <> ''), approved_at timestamptz,
    ended_by text, ended_at timestamptz, proof text, next_query_at timestamptz, queries int not null default 0,
    primary key (entity_id, refund_id), unique (entity_id, number), foreign key (entity_id, payment_id) references payments.payment,
    check (lower(approved_by) <> lower(asked_by)),
    check (not four_eyes or state in ('asked', 'refused') or approved_by is not null),
    check ((state in ('done', 'refused')) = (ended_at is not null)), check ((ended_at is null) = (ended_by is null)));
create index on payments.refund (entity_id, payment_id);
create index on payments.refund (state) where state in ('approved', 'at_bank', 'unknown');

-- Which lines of the payment are given back; line 0 is what was taken and not owed.
create table payments.refund_line (
    entity_id int, refund_id uuid, due_id uuid, n smallint, account text not null, cents bigint not null check (cents > 0),
    primary key (entity_id, refund_id, due_id, n), foreign key (entity_id, refund_id) references payments.refund);
comment on table payments.refund_line is 'insert-only';

-- A due that a payment had paid and that was given back whole. Once BY KEY.
create table payments.due_released (
    entity_id int, payment_id uuid, due_id uuid, refund_id uuid not null, at timestamptz not null,
    primary key (entity_id, payment_id, due_id), foreign key (entity_id, refund_id) references payments.refund);
comment on table payments.due_released is 'insert-only';

-- What an officer settled with words: a surplus that was put to its right use elsewhere, a message that is nobody's.
create table payments.task_resolution (
    entity_id int, task text, reason text not null check (length(reason) between 1 and 200), resolved_by text not null check (resolved_by <> ''), resolved_at timestamptz not null,
    primary key (entity_id, task));
comment on table payments.task_resolution is 'insert-only';
create index on payments.fact (first_at) where verdict = 'unknown_order';
create index on payments.surplus (entity_id) where resolved_by is null;
