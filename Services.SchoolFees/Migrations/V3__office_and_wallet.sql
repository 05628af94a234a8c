-- What officers' pages need, and the prepaid wallet.

-- Names a person in addresses and in the journal: the school's own identifier may be anything, a tax code too.
alter table schoolfees.person add column key uuid not null default gen_random_uuid();
create unique index on schoolfees.person (entity_id, key);
create index on schoolfees.bill (entity_id, period, code);

-- From this month on meals of the service are taken off a prepaid wallet and not billed.
alter table schoolfees.service add column prepaid_from date check (extract(day from prepaid_from) = 1);

-- A pupil's wallet for a service. Its balance is the sum of its lines and stands nowhere else.
create table schoolfees.wallet (
    entity_id   int     not null,
    wallet_id   uuid    not null,
    pupil_id    text    not null,
    service_id  text    not null,
    code        text    not null check (code ~ '^[0-9A-Z]{5}-[0-9A-Z]{5}$'),
    low         boolean not null default false,
    crossings   int     not null default 0,
    primary key (entity_id, wallet_id),
    unique (entity_id, pupil_id, service_id),
    unique (entity_id, code),
    foreign key (entity_id, pupil_id) references schoolfees.pupil (entity_id, pupil_id),
    foreign key (entity_id, service_id) references schoolfees.service (entity_id, service_id)
);
comment on column schoolfees.wallet.low is 'its last notice said that it is low; one tells of it once, until it was filled up again';

-- What a family began to put in; whether it came stands in the lines.
create table schoolfees.topup (
    entity_id  int         not null,
    topup_id   uuid        not null,
    wallet_id  uuid        not null,
    payer_id   text        not null,
    attempt    uuid        not null,
    code       text        not null check (code ~ '^RIC-[0-9A-Z]{5}-[0-9A-Z]{5}$'),
    cents      bigint      not null check (cents between 100 and 100000),
    asked_at   timestamptz not null,
    primary key (entity_id, topup_id),
    unique (entity_id, code),
    unique (entity_id, wallet_id, attempt, cents),
    foreign key (entity_id, wallet_id) references schoolfees.wallet (entity_id, wallet_id),
    foreign key (entity_id, payer_id) references schoolfees.person (entity_id, person_id)
);
comment on table schoolfees.topup is 'insert-only';

-- What went in and out. A correction is a further line of the same cause; what a cause stands at is the sum of its lines.
create table schoolfees.wallet_line (
    entity_id     int         not null,
    wallet_id     uuid        not null,
    cause         text        not null check (cause ~ '^(day|order|refund)/'),
    n             int         not null check (n > 0),
    kind          text        not null check (kind in ('topup', 'topup_reversed', 'refund', 'debit', 'debit_reversed')),
    day           date        not null,
    cents         bigint      not null check (cents <> 0 and (cents > 0) = (kind in ('topup', 'debit_reversed'))),
    topup_id      uuid,
    order_number  text,
    tariff_id     text,
    written_at    timestamptz not null,
    primary key (entity_id, wallet_id, cause, n),
    foreign key (entity_id, wallet_id) references schoolfees.wallet (entity_id, wallet_id),
    foreign key (entity_id, topup_id) references schoolfees.topup (entity_id, topup_id),
    foreign key (entity_id, tariff_id) references schoolfees.tariff (entity_id, tariff_id),
    check (case when kind in ('debit', 'debit_reversed') then num_nonnulls(topup_id, order_number) = 0 and tariff_id is not null else num_nonnulls(topup_id, order_number) = 2 and tariff_id is null end)
);
comment on table schoolfees.wallet_line is 'insert-only';
create index on schoolfees.wallet_line (entity_id, topup_id) where topup_id is not null;
comment on column schoolfees.wallet_line.day is 'of a meal the day it was eaten, of money the legal day on which it came or went';
