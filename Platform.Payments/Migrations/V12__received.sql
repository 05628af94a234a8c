-- The document that shows what an officer received, where there is one. It may name persons: it is given to who may see payments, and each time stands in the journal.
create table payments.recording_proof (
    entity_id int, payment_id uuid, name text not null check (length(name) between 1 and 100), kind text not null check (kind in ('pdf', 'png', 'jpeg')),
    content bytea not null check (length(content) between 1 and 2097152), digest bytea not null check (length(digest) = 32),
    primary key (entity_id, payment_id), foreign key (entity_id, payment_id) references payments.recording);
comment on table payments.recording_proof is 'insert-only';

-- When it was said that a recording was wrong: a payment's story tells its moments in order.
alter table payments.recording add column undo_asked_at timestamptz;

-- An instalment that its service withdrew by itself does not come back with a position that is restored.
alter table payments.due add column withdrawn boolean not null default false;
