-- What a report says beyond its amount, as far as the office needs it.
alter table fines.fine
    add column comma             text not null default '' check (length(comma) <= 20),
    add column road_owner        text not null default '' check (length(road_owner) <= 120),
    add column device_kind       text not null default '' check (device_kind in ('', 'fixed', 'mobile')),
    add column send_cents        bigint not null default 0 check (send_cents >= 0),
    add column send_perfected_on date check (send_perfected_on >= violated_on),
    add check (send_cents <= costs_cents);
comment on column fines.fine.road_owner is 'who owns the road, where it is not the creditor: half of what speed devices bring is his (art. 142 c. 12-bis)';
comment on column fines.fine.device_kind is 'speed device: fixed or mobile; empty where none found it out';
comment on column fines.fine.send_cents is 'the part of costs_cents that the notification through SEND cost';
comment on column fines.fine.send_perfected_on is 'day on which SEND says that the notification was perfected; notified_on then is the same';

-- The office of a municipality reads what happened in its territory, whoever the creditor is. It changes nothing there: this policy is for select alone.
create policy territory on fines.fine for select to portico_fines using (municipality = (select core.territory()));
create index fine_by_municipality on fines.fine (entity_id, municipality, series, year, number);

-- Which terms end next: reminders look for them.
create index fine_told on fines.fine (entity_id, (coalesce(notified_on, case when contested_at_once then violated_on end, declared_on))) where state = 'open' and phase = 'report';

-- What payments told of a fine, once each: by the version of the position that told it. The outcome file and the yearly report are read from here.
create table fines.movement (
    entity_id   int         not null,
    fine_id     uuid        not null,
    version     int         not null,
    kind        text        not null check (kind in ('paid', 'reversed', 'refunded', 'cancelled', 'expired')),
    order_no    text,
    cents       bigint      check (cents > 0),
    moved_on    date        not null,
    moved_at    timestamptz not null,
    run         int,
    place       int,
    line        text,
    primary key (entity_id, fine_id, version),
    foreign key (entity_id, fine_id) references fines.fine,
    unique (entity_id, run, place),
    check (num_nonnulls(run, place, line) in (0, 3)),
    check (kind in ('cancelled', 'expired') or order_no is not null)
);
create index movement_new on fines.movement (entity_id, moved_at) where run is null;
create index movement_by_day on fines.movement (entity_id, moved_on);
comment on column fines.movement.version is 'of the position; 0 for a payment that is older than this table';
comment on column fines.movement.moved_on is 'legal day of the payment or of what undid it';
comment on column fines.movement.run is 'the outcome file that told it, as its line number place and with exactly this line; null until one did';

create table fines.outcome_run (
    entity_id int         not null,
    run       int         not null check (run > 0),
    made_at   timestamptz not null,
    lines     int         not null check (lines > 0),
    primary key (entity_id, run)
);

-- Paid before this table was there: once more told, and once only.
insert into fines.movement (entity_id, fine_id, version, kind, order_no, cents, moved_on, moved_at)
select entity_id, fine_id, 0, 'paid', paid_order, paid_cents, paid_on, changed_at from fines.fine where state = 'paid';

-- A line of a file that would change the amount of a fine while somebody pays it: it waits until that ended.
create table fines.pending_change (
    entity_id  int         not null,
    fine_id    uuid        not null,
    fields     text        not null,
    state      text        not null default 'waiting' check (state in ('waiting', 'refused')),
    asked_at   timestamptz not null,
    decided_at timestamptz,
    primary key (entity_id, fine_id),
    foreign key (entity_id, fine_id) references fines.fine,
    check ((state = 'waiting') = (decided_at is null))
);
comment on column fines.pending_change.fields is 'the line as it stood in the file, by column, as JSON';

-- Who is to be reminded of what, once per step.
create table fines.reminder (
    entity_id  int         not null,
    fine_id    uuid        not null,
    step       text        not null check (step in ('reduced_ends', 'minimum_ends', 'minimum_ended')),
    last_day   date        not null,
    cents      bigint      not null check (cents > 0),
    decided_on date        not null,
    decided_at timestamptz not null,
    primary key (entity_id, fine_id, step),
    foreign key (entity_id, fine_id) references fines.fine
);
create index reminder_by_day on fines.reminder (entity_id, decided_on);
comment on column fines.reminder.last_day is 'last day of the amount that the step is about';
comment on column fines.reminder.cents is 'what the fine cost on the day the step was decided';
