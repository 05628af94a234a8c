-- What families need of what they paid, and what the office does about what they did not.

-- Money that was given back, by the day on which the bank was bound to it. A refund may concern several bills.
create table schoolfees.refund (
    entity_id     int    not null,
    refund_id     uuid   not null,
    bill_id       uuid   not null,
    order_number  text   not null,
    refunded_on   date   not null,
    cents         bigint not null check (cents > 0),
    primary key (entity_id, refund_id, bill_id),
    foreign key (entity_id, bill_id, order_number) references schoolfees.payment (entity_id, bill_id, order_number)
);
create index on schoolfees.refund (entity_id, bill_id, order_number);
create index on schoolfees.refund (entity_id, refunded_on);
create index on schoolfees.payment (entity_id, paid_on);

-- A yearly certificate as it was handed out. One that is no longer true is replaced, never edited.
create table schoolfees.certificate (
    entity_id      int         not null,
    year           int         not null check (year between 2000 and 2100),
    number         int         not null check (number > 0),
    payer_id       text        not null,
    pupil_id       text        not null,
    code           text        not null,
    school_cents   bigint      not null check (school_cents >= 0),
    nursery_cents  bigint      not null check (nursery_cents >= 0),
    content        bytea       not null check (length(content) = 32),
    pdf            bytea       not null,
    pdf_sha256     bytea       not null check (length(pdf_sha256) = 32),
    issued_at      timestamptz not null,
    replaced_at    timestamptz,
    primary key (entity_id, year, number),
    unique (entity_id, code),
    foreign key (entity_id, payer_id) references schoolfees.person (entity_id, person_id),
    foreign key (entity_id, pupil_id) references schoolfees.pupil (entity_id, pupil_id)
);
create unique index on schoolfees.certificate (entity_id, year, payer_id, pupil_id) where replaced_at is null;
comment on column schoolfees.certificate.content is 'SHA-256 of what it certifies: tells whether it still holds';

-- Who does not want expenses of a pupil told to the Agenzia delle Entrate.
create table schoolfees.objection (
    entity_id  int  not null,
    year       int  not null check (year between 2000 and 2100),
    pupil_id   text not null,
    primary key (entity_id, year, pupil_id),
    foreign key (entity_id, pupil_id) references schoolfees.pupil (entity_id, pupil_id)
);

-- A file for the Agenzia delle Entrate as it was handed out.
create table schoolfees.communication (
    entity_id  int         not null,
    year       int         not null check (year between 2000 and 2100),
    number     int         not null check (number > 0),
    kind       text        not null check (kind in ('ordinaria', 'sostitutiva', 'annullamento')),
    replaces   int,
    records    int         not null check (records >= 0),
    cents      bigint      not null check (cents >= 0),
    content    text        not null,
    made_at    timestamptz not null,
    primary key (entity_id, year, number),
    foreign key (entity_id, year, replaces) references schoolfees.communication (entity_id, year, number),
    check ((replaces is null) = (kind = 'ordinaria')),
    check (replaces < number)
);
-- What was replaced or cancelled once cannot be so again.
create unique index on schoolfees.communication (entity_id, year, replaces);

-- A family's word about a bill, and the office's. It may tell anything of a household: only the family and the office read it.
create table schoolfees.dispute (
    entity_id    int         not null,
    number       int         not null check (number > 0),
    bill_id      uuid        not null,
    message      text        not null check (length(message) between 1 and 2000),
    written_at   timestamptz not null,
    answer       text        check (length(answer) between 1 and 2000),
    answered_by  text,
    answered_at  timestamptz,
    primary key (entity_id, number),
    foreign key (entity_id, bill_id) references schoolfees.bill (entity_id, bill_id),
    check (num_nonnulls(answer, answered_by, answered_at) in (0, 3))
);
create unique index on schoolfees.dispute (entity_id, bill_id) where answer is null;
create index on schoolfees.dispute (entity_id, bill_id);

-- Who was reminded of what: once for each bill and step.
create table schoolfees.reminder (
    entity_id   int     not null,
    bill_id     uuid    not null,
    step        text    not null check (step in ('before', 'after')),
    decided_on  date    not null,
    cents       bigint  not null,
    by_letter   boolean not null,
    primary key (entity_id, bill_id, step),
    foreign key (entity_id, bill_id) references schoolfees.bill (entity_id, bill_id)
);
create index on schoolfees.reminder (entity_id, decided_on);
create index on schoolfees.bill (entity_id, due_on) where state = 'open';

-- What bills asked for too much and no later bill takes off: at the end of a cycle, or when a pupil leaves. Lines as those of a bill; they count as billed.
create table schoolfees.credit_note (
    entity_id    int         not null,
    number       int         not null check (number > 0),
    run_id       text        not null,
    pupil_id     text        not null,
    payer_id     text        not null,
    service_id   text        not null,
    period       date        not null,
    total_cents  bigint      not null check (total_cents > 0),
    issued_at    timestamptz not null,
    primary key (entity_id, number),
    foreign key (entity_id, run_id) references schoolfees.run (entity_id, run_id),
    foreign key (entity_id, pupil_id) references schoolfees.pupil (entity_id, pupil_id),
    foreign key (entity_id, payer_id) references schoolfees.person (entity_id, person_id)
);
create index on schoolfees.credit_note (entity_id, service_id);
create index on schoolfees.credit_note (entity_id, payer_id);
comment on column schoolfees.credit_note.total_cents is 'owed to the family: its lines add up to less than nothing by so much';

create table schoolfees.credit_note_line (
    entity_id     int     not null,
    number        int     not null,
    line          int     not null,
    period        date    not null,
    kind          text    not null check (kind in ('unit', 'fixed')),
    tariff_id     text    not null,
    unit          text    not null,
    quantity      int     not null,
    amount_cents  bigint  not null,
    primary key (entity_id, number, line),
    foreign key (entity_id, number) references schoolfees.credit_note (entity_id, number),
    foreign key (entity_id, tariff_id) references schoolfees.tariff (entity_id, tariff_id)
);
create index on schoolfees.credit_note_line (entity_id, tariff_id);

-- Who pays a part of a pupil's bills besides the payer, to whom the rest is left.
create table schoolfees.share (
    entity_id  int  not null,
    pupil_id   text not null,
    payer_id   text not null,
    percent    int  not null check (percent between 1 and 99),
    primary key (entity_id, pupil_id, payer_id),
    foreign key (entity_id, pupil_id) references schoolfees.pupil (entity_id, pupil_id),
    foreign key (entity_id, payer_id) references schoolfees.person (entity_id, person_id)
);
alter table schoolfees.bill drop constraint bill_entity_id_run_id_pupil_id_service_id_period_key;
alter table schoolfees.bill add unique (entity_id, run_id, pupil_id, service_id, period, payer_id);
alter table schoolfees.bill_line add column share_percent int check (share_percent between 1 and 99);
alter table schoolfees.bill_line drop constraint bill_line_check;
alter table schoolfees.bill_line add check (correction or share_percent is not null or amount_cents = unit_cents * quantity);
comment on column schoolfees.bill_line.share_percent is 'of the line, where several pay; its quantity is the whole one';

-- Who may see and pay a payer's bills in his place, with a tax code of his own.
create table schoolfees.delegate (
    entity_id    int  not null,
    payer_id     text not null,
    delegate_id  text not null check (delegate_id <> payer_id),
    primary key (entity_id, payer_id, delegate_id),
    foreign key (entity_id, payer_id) references schoolfees.person (entity_id, person_id),
    foreign key (entity_id, delegate_id) references schoolfees.person (entity_id, person_id)
);
