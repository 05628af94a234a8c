-- A traffic fine (verbale) as the police corps registered it. entity_id is the creditor: a union for its members; the place where it happened is an attribute.
-- Amounts due are never stored: they follow from these columns, the law and the day.
create table fines.fine (
    entity_id          int         not null,
    fine_id            uuid        not null,
    series             text        not null check (series ~ '^[0-9A-Z]{1,6}$'),
    year               int         not null check (year between 1993 and 9999),
    number             int         not null check (number > 0),
    municipality       char(6)     not null check (municipality ~ '^[0-9]{6}$'),
    place              text        not null,
    article            text        not null,
    description        text        not null,
    violated_on        date        not null,
    plate              text        not null check (plate ~ '^[0-9A-Z]{2,15}$'),
    min_cents          bigint      not null check (min_cents > 0),
    max_cents          bigint      not null check (max_cents >= min_cents),
    costs_cents        bigint      not null check (costs_cents >= 0),
    discount_excluded  boolean     not null,
    contested_at_once  boolean     not null,
    notified_on        date        check (notified_on >= violated_on),
    state              text        not null default 'open' check (state in ('open', 'paid')),
    paid_on            date,
    paid_cents         bigint      check (paid_cents > 0),
    paid_order         text,
    imported_at        timestamptz not null,
    changed_at         timestamptz not null,
    primary key (entity_id, fine_id),
    unique (entity_id, series, year, number),
    check (num_nonnulls(paid_on, paid_cents, paid_order) = case state when 'paid' then 3 else 0 end)
);
comment on column fines.fine.municipality is 'ISTAT code of the municipality where it happened';
comment on column fines.fine.costs_cents is 'ascertainment and notification costs: always added, never discounted';
comment on column fines.fine.notified_on is 'day on which the notification was perfected; null while unknown';
