-- Where a fine stands apart from its payment, what the citizen told us of its delivery, and what the report says beyond the amount.
alter table fines.fine
    add column phase       text not null default 'report' check (phase in ('notice', 'report', 'appealed', 'archived', 'collector', 'instalments')),
    add column declared_on date check (declared_on >= violated_on),
    add column points      smallint not null default 0 check (points between 0 and 30),
    add column accessory   text not null default '' check (length(accessory) <= 200),
    add column device      text not null default '' check (length(device) <= 200);
comment on column fines.fine.phase is 'notice: left on the windscreen, nothing notified yet; report: the verbale; the others cannot be paid here';
comment on column fines.fine.declared_on is 'day on which the citizen says he received it; the perfected notification goes before it';
comment on column fines.fine.points is 'points to be taken from the licence of who drove (art. 126-bis)';

-- A payment turned out to be less than what was due on its day: the money is kept, an officer asks for the rest.
create table fines.supplement (
    entity_id   int         not null,
    fine_id     uuid        not null,
    paid_order  text        not null,
    due_cents   bigint      not null check (due_cents > 0),
    paid_cents  bigint      not null check (paid_cents > 0),
    opened_at   timestamptz not null,
    closed_at   timestamptz,
    closed_by   text,
    primary key (entity_id, fine_id, paid_order),
    foreign key (entity_id, fine_id) references fines.fine,
    check (due_cents > paid_cents),
    check ((closed_at is null) = (closed_by is null))
);
comment on table fines.supplement is 'money owed beyond a payment, as it was known when the row was written';
