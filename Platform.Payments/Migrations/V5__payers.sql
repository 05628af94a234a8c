-- Who pays, as far as he said so himself: the one place where payments keep personal data. One row for one payment, so that forgetting one forgets no other.
create table payments.subject (
    entity_id int, subject_id uuid, email text check (email ~ '^[^\s@]+@[^\s@]+$' and length(email) <= 254), redacted_at timestamptz,
    primary key (entity_id, subject_id), check ((email is null) = (redacted_at is not null)));
comment on table payments.subject is 'personal data; everything else names people by subject_id only';

alter table payments.payment add column payer_id uuid, add foreign key (entity_id, payer_id) references payments.subject;

-- How the bank of an agreement answered of late, by our own questions: shown to citizens before they begin. Written when that changes.
create table payments.gateway_state (
    agreement_id uuid primary key references payments.agreement, silences int not null check (silences > 0), silent_since timestamptz not null, last_silent_at timestamptz not null);
comment on table payments.gateway_state is 'reference';
