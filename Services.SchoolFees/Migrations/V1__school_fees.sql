-- School fees (rette scolastiche). entity_id is the creditor. Identifiers of registers are those of the school office's own system: a second load finds its rows by them.

create table schoolfees.school_year (
    entity_id    int  not null,
    school_year  text not null check (school_year ~ '^[0-9]{4}/[0-9]{4}$'),
    starts_on    date not null,
    ends_on      date not null,
    primary key (entity_id, school_year),
    check (ends_on > starts_on and ends_on < starts_on + 400)
);

create table schoolfees.school (
    entity_id  int  not null,
    school_id  text not null check (school_id ~ '^[0-9A-Z._/-]{1,20}$'),
    name       text not null check (length(name) between 1 and 120),
    primary key (entity_id, school_id)
);

-- Days of a school: Mondays to Fridays within a period of lessons and in no closure.
create table schoolfees.calendar (
    entity_id  int     not null,
    school_id  text    not null,
    starts_on  date    not null,
    closed     boolean not null,
    ends_on    date    not null check (ends_on >= starts_on),
    primary key (entity_id, school_id, starts_on, closed),
    foreign key (entity_id, school_id) references schoolfees.school (entity_id, school_id)
);

create table schoolfees.service (
    entity_id   int  not null,
    service_id  text not null check (service_id ~ '^[0-9A-Z._/-]{1,20}$'),
    kind        text not null check (kind in ('mensa', 'trasporto', 'pre', 'post', 'nido', 'centro_estivo', 'retta')),
    name        text not null check (length(name) between 1 and 80),
    tax_code    text not null check (tax_code ~ '^9/[0-9]{7}[A-Z]{2}/$'),
    account     text not null check (length(account) between 1 and 40),
    primary key (entity_id, service_id)
);
comment on column schoolfees.service.tax_code is 'pagoPA taxonomy code of the revenue';

-- The one table of this module with names, addresses and tax codes.
create table schoolfees.person (
    entity_id    int  not null,
    person_id    text not null check (person_id ~ '^[0-9A-Z._/-]{1,40}$'),
    family_name  text not null,
    given_name   text not null,
    tax_code     text not null check (tax_code ~ '^[0-9A-Z]{16}$'),
    email        text,
    born_on      date,
    primary key (entity_id, person_id)
);

create table schoolfees.pupil (
    entity_id  int     not null,
    pupil_id   text    not null,
    payer_id   text    not null,
    resident   boolean not null,
    primary key (entity_id, pupil_id),
    foreign key (entity_id, pupil_id) references schoolfees.person (entity_id, person_id),
    foreign key (entity_id, payer_id) references schoolfees.person (entity_id, person_id)
);
create index on schoolfees.pupil (entity_id, payer_id);

create table schoolfees.enrolment (
    entity_id     int     not null,
    enrolment_id  text    not null check (enrolment_id ~ '^[0-9A-Z._/-]{1,40}$'),
    pupil_id      text    not null,
    service_id    text    not null,
    school_id     text    not null,
    starts_on     date    not null,
    ends_on       date    check (ends_on >= starts_on),
    exempt        boolean not null,
    primary key (entity_id, enrolment_id),
    foreign key (entity_id, pupil_id) references schoolfees.pupil (entity_id, pupil_id),
    foreign key (entity_id, service_id) references schoolfees.service (entity_id, service_id),
    foreign key (entity_id, school_id) references schoolfees.school (entity_id, school_id)
);
create index on schoolfees.enrolment (entity_id, pupil_id, service_id);
create index on schoolfees.enrolment (entity_id, service_id);
comment on column schoolfees.enrolment.ends_on is 'last day; null while it lasts. A move to another school ends one enrolment and begins the next';
comment on column schoolfees.enrolment.exempt is 'pays nothing by decision of the social services';

create table schoolfees.isee (
    entity_id     int    not null,
    protocol      text   not null check (length(protocol) between 1 and 60),
    payer_id      text   not null,
    kind          text   not null check (kind in ('ordinario', 'minorenni', 'corrente')),
    filed_on      date   not null,
    amount_cents  bigint not null check (amount_cents >= 0),
    flawed        boolean not null,
    primary key (entity_id, protocol),
    foreign key (entity_id, payer_id) references schoolfees.person (entity_id, person_id)
);
create index on schoolfees.isee (entity_id, payer_id);
comment on column schoolfees.isee.flawed is 'with "omissioni o difformità": counts as none';

-- A version of what a service costs; the one that began last holds. One that a bill was made by does not change any more.
create table schoolfees.tariff (
    entity_id          int    not null,
    tariff_id          text   not null check (tariff_id ~ '^[0-9A-Z._/-]{1,40}$'),
    service_id         text   not null,
    valid_from         date   not null check (extract(day from valid_from) = 1),
    unit               text   not null check (unit in ('meal', 'month', 'quarter', 'year')),
    method             text   not null check (method in ('flat', 'bands', 'linear', 'progressive')),
    band_tops          bigint[] not null,
    band_values        bigint[] not null,
    minimum_cents      bigint not null check (minimum_cents >= 0),
    maximum_cents      bigint not null check (maximum_cents >= minimum_cents),
    isee_from_cents    bigint not null check (isee_from_cents >= 0),
    isee_to_cents      bigint not null check (isee_to_cents >= isee_from_cents),
    fixed_cents        bigint not null check (fixed_cents >= 0),
    non_resident_cents bigint check (non_resident_cents >= 0),
    exempt_to_cents    bigint check (exempt_to_cents >= 0),
    siblings           int[]  not null,
    primary key (entity_id, tariff_id),
    unique (entity_id, service_id, valid_from),
    foreign key (entity_id, service_id) references schoolfees.service (entity_id, service_id),
    check (cardinality(band_tops) = cardinality(band_values))
);

create table schoolfees.attendance (
    entity_id   int  not null,
    pupil_id    text not null,
    service_id  text not null,
    day         date not null,
    primary key (entity_id, pupil_id, service_id, day),
    foreign key (entity_id, pupil_id) references schoolfees.pupil (entity_id, pupil_id),
    foreign key (entity_id, service_id) references schoolfees.service (entity_id, service_id)
);

create table schoolfees.run (
    entity_id    int         not null,
    run_id       text        not null check (run_id ~ '^[0-9A-Z._/-]{1,40}$'),
    service_id   text        not null,
    period       date        not null check (extract(day from period) = 1),
    due_on       date        not null,
    state        text        not null default 'preview' check (state in ('preview', 'approved')),
    bills        int         not null,
    total_cents  bigint      not null,
    prepared_at  timestamptz not null,
    approved_at  timestamptz,
    primary key (entity_id, run_id),
    foreign key (entity_id, service_id) references schoolfees.service (entity_id, service_id),
    check ((approved_at is not null) = (state = 'approved'))
);

-- What was billed is never edited: what proves wrong becomes lines of a later bill.
create table schoolfees.bill (
    entity_id    int         not null,
    bill_id      uuid        not null,
    run_id       text        not null,
    pupil_id     text        not null,
    payer_id     text        not null,
    service_id   text        not null,
    period       date        not null,
    code         text        not null check (code ~ '^[0-9A-Z]{5}-[0-9A-Z]{5}$'),
    total_cents  bigint      not null check (total_cents > 0),
    due_on       date        not null,
    state        text        not null default 'draft' check (state in ('draft', 'approved', 'open', 'paid', 'cancelled', 'expired')),
    paid_on      date,
    paid_cents   bigint      check (paid_cents > 0),
    paid_order   text,
    changed_at   timestamptz not null,
    primary key (entity_id, bill_id),
    unique (entity_id, run_id, pupil_id, service_id, period),
    unique (entity_id, code),
    foreign key (entity_id, run_id) references schoolfees.run (entity_id, run_id),
    foreign key (entity_id, pupil_id) references schoolfees.pupil (entity_id, pupil_id),
    foreign key (entity_id, payer_id) references schoolfees.person (entity_id, person_id),
    check (num_nonnulls(paid_on, paid_cents, paid_order) = case state when 'paid' then 3 else 0 end)
);
create index on schoolfees.bill (entity_id, payer_id);
create index on schoolfees.bill (entity_id, pupil_id, service_id);
create index on schoolfees.bill (entity_id, bill_id) where state = 'approved';

create table schoolfees.bill_line (
    entity_id        int     not null,
    bill_id          uuid    not null,
    line             int     not null,
    period           date    not null,
    kind             text    not null check (kind in ('unit', 'fixed')),
    correction       boolean not null,
    tariff_id        text    not null,
    unit             text    not null,
    quantity         int     not null,
    reason           text    not null,
    isee_cents       bigint,
    base_cents       bigint  not null,
    discount_percent int     not null check (discount_percent between 0 and 100),
    unit_cents       bigint  not null,
    amount_cents     bigint  not null,
    primary key (entity_id, bill_id, line),
    foreign key (entity_id, bill_id) references schoolfees.bill (entity_id, bill_id) on delete cascade,
    foreign key (entity_id, tariff_id) references schoolfees.tariff (entity_id, tariff_id),
    check (correction or amount_cents = unit_cents * quantity)
);
create index on schoolfees.bill_line (entity_id, tariff_id);

-- What was really paid and when, for certificates by the cash principle: a payment that the bank took back keeps its row and gets the day.
create table schoolfees.payment (
    entity_id    int    not null,
    bill_id      uuid   not null,
    order_number text   not null,
    paid_on      date   not null,
    cents        bigint not null check (cents > 0),
    reversed_on  date,
    primary key (entity_id, bill_id, order_number),
    foreign key (entity_id, bill_id) references schoolfees.bill (entity_id, bill_id)
);
