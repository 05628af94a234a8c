-- What a gateway says it hands over, what a bank says it moved, and what the service centre owes and pays to creditors. Every row belongs to the owner of the
-- agreement and of the bank account: 0 for the shared ones.
create table payments.settlement_batch (
    entity_id int, batch text check (batch ~ '^[A-Z0-9][A-Z0-9-]{3,33}[A-Z0-9]$'), batch_id uuid not null, agreement_id uuid not null references payments.agreement,
    digest bytea not null, file_name text not null, value_on date not null, lines int not null check (lines > 0), net_cents bigint not null, fee_cents bigint not null check (fee_cents >= 0),
    imported_at timestamptz not null,
    primary key (entity_id, batch), unique (entity_id, batch_id));
comment on table payments.settlement_batch is 'insert-only';

create table payments.settlement_line (
    entity_id int, batch text, line int check (line > 0), kind text not null check (kind in ('payment', 'reversal')), order_no text not null,
    gross_cents bigint not null check (gross_cents > 0), fee_cents bigint not null check (fee_cents >= 0), taken_on date not null,
    primary key (entity_id, batch, line), foreign key (entity_id, batch) references payments.settlement_batch);
create index on payments.settlement_line (entity_id, order_no);
comment on table payments.settlement_line is 'insert-only';

-- The words are those of the remittance text, single and joined with their neighbours, because banks break lines inside them.
create table payments.bank_entry (
    entity_id int, entry_id uuid, account text not null check (account ~ '^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$'), statement text not null, booked_on date not null, value_on date not null,
    cents bigint not null check (cents <> 0), is_reversal boolean not null, remittance text not null check (length(remittance) <= 2000), words text[] not null, imported_at timestamptz not null,
    primary key (entity_id, entry_id));
create index on payments.bank_entry using gin (words);
comment on table payments.bank_entry is 'insert-only';

-- What the centre orders its bank to pay to a creditor, and the bookings it consists of: each is paid out once by key.
create table payments.payout (
    entity_id int, payout text check (payout ~ '^PAY-[0-9A-Z]{3}-[0-9]{6}$'), payout_id uuid not null, creditor_id int not null references core.entity, cents bigint not null check (cents > 0),
    ordered_on date not null, ordered_at timestamptz not null,
    primary key (entity_id, payout), unique (entity_id, payout_id));
comment on table payments.payout is 'insert-only';

create table payments.payout_item (
    entity_id int, cause text, cause_id uuid, n smallint, payout text not null,
    primary key (entity_id, cause, cause_id, n),
    foreign key (entity_id, cause, cause_id, n) references payments.transfer, foreign key (entity_id, payout) references payments.payout);
create index on payments.payout_item (entity_id, payout);
comment on table payments.payout_item is 'insert-only';

-- Whoever compares evidence and books holds this row of the owner.
create table payments.reconciliation (entity_id int primary key, runs int not null, last_at timestamptz not null);

-- What each account moved on each day that is over: written by the nightly comparison, which rebuilds what is wrong.
create table payments.balance (
    entity_id int, account text, booked_on date, debit_cents bigint not null, credit_cents bigint not null,
    primary key (entity_id, account, booked_on), foreign key (entity_id, account) references payments.account);
create table payments.parity (entity_id int, day date, checked_at timestamptz not null, differences int not null, rebuilt int not null, primary key (entity_id, day));
