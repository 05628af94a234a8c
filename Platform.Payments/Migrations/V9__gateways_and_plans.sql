-- What a gateway answered when an order was opened at it by a call of ours: its own number, the address of its page. Null where the browser opens the order.
alter table payments.payment add column opened text check (length(opened) between 1 and 2000);

-- A return that by its protocol carries no signature is no forgery: it says nothing, and we ask.
alter table payments.fact drop constraint fact_verdict_check, add constraint fact_verdict_check check (verdict in ('genuine', 'forged', 'unsigned', 'unknown_order', 'unreadable'));

-- What an officer was given at the counter, on the entity's own account or at the post: no gateway and no agreement. How it was received names the account it stands on.
alter table payments.payment alter column agreement_id drop not null, add column received text check (received in ('cash', 'bank_transfer', 'post')),
    add constraint payment_agreement_or_received check ((agreement_id is null) = (received is not null));

-- Who says so, by what proof, and who agreed; and who says that it was wrong. The two persons are checks of the row.
create table payments.recording (
    entity_id int, payment_id uuid, due_id uuid not null, cents bigint not null check (cents > 0), taken_on date not null, proof text not null check (length(proof) between 1 and 200),
    state text not null check (state in ('asked', 'approved', 'refused', 'undo_asked', 'undone')),
    asked_by text not null check (asked_by <> ''), asked_at timestamptz not null, decided_by text check (decided_by <> ''), decided_at timestamptz,
    undo_reason text check (length(undo_reason) between 1 and 200), undo_asked_by text check (undo_asked_by <> ''), undone_by text check (undone_by <> ''), undone_at timestamptz,
    primary key (entity_id, payment_id), foreign key (entity_id, payment_id) references payments.payment, foreign key (entity_id, due_id) references payments.due,
    check ((state = 'asked') = (decided_by is null)), check ((decided_by is null) = (decided_at is null)),
    check (state = 'refused' or lower(decided_by) <> lower(asked_by)),
    check (state <> 'undo_asked' or (undo_reason is not null and undo_asked_by is not null)),
    check ((state = 'undone') = (undone_by is not null)), check ((undone_by is null) = (undone_at is null)), check (lower(undone_by) <> lower(undo_asked_by)));
-- Two officers at two counters may hold the same notice: the first to say so holds the due until somebody decides.
create unique index on payments.recording (entity_id, due_id) where state = 'asked';
