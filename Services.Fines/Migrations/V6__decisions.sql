-- What payments knows to be withdrawn (cancelled, or given back as not owed) nobody is asked for, whatever the phase; a file takes that back when it brings another phase.
alter table fines.fine add column withdrawn text check (withdrawn in ('withdrawn', 'taken_back'));

-- The rest of a payment that was too little is paid as a position of its own, whose versions begin anew: part 0 is the fine itself.
alter table fines.movement add column part smallint not null default 0 check (part >= 0);
alter table fines.movement drop constraint movement_pkey;
alter table fines.movement add primary key (entity_id, fine_id, part, version);

alter table fines.supplement
    add column n          smallint not null default 1 check (n > 0),
    add column rest_cents bigint   not null default 0 check (rest_cents >= 0),
    add column reason     text     check (length(reason) between 1 and 200);
update fines.supplement s
   set n = o.n
  from (select entity_id, fine_id, paid_order, row_number() over (partition by entity_id, fine_id order by opened_at, paid_order)::smallint as n from fines.supplement) o
 where o.entity_id = s.entity_id and o.fine_id = s.fine_id and o.paid_order = s.paid_order;
alter table fines.supplement alter column n drop default, add unique (entity_id, fine_id, n);
create index supplement_open on fines.supplement (entity_id, opened_at) where closed_at is null;
comment on column fines.supplement.n is 'the part under which the rest is asked for; another one each time that something of it was paid';
comment on column fines.supplement.rest_cents is 'what was paid of the rest, less what was taken back';

create table fines.supplement_payment (
    entity_id  int         not null,
    fine_id    uuid        not null,
    order_no   text        not null,
    paid_order text        not null,
    n          smallint    not null,
    cents      bigint      not null check (cents > 0),
    paid_on    date        not null,
    undone_at  timestamptz,
    primary key (entity_id, fine_id, order_no),
    foreign key (entity_id, fine_id, paid_order) references fines.supplement
);

-- Money that stands where a person has to say what becomes of it.
create table fines.decision (
    entity_id int         not null,
    fine_id   uuid        not null,
    order_no  text        not null,
    kind      text        not null check (kind in ('not_owed', 'rest_alone')),
    phase     text        not null,
    cents     bigint      not null check (cents > 0),
    opened_at timestamptz not null,
    closed_at timestamptz,
    closed_by text,
    reason    text        check (length(reason) between 1 and 200),
    primary key (entity_id, fine_id, order_no, kind),
    foreign key (entity_id, fine_id) references fines.fine,
    check ((closed_at is null) = (closed_by is null))
);
create index decision_open on fines.decision (entity_id, opened_at) where closed_at is null;
comment on column fines.decision.kind is 'not_owed: paid although the office has archived it or handed it on; rest_alone: the rest was paid of a payment that was taken back';
