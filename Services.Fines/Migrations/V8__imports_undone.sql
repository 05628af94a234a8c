-- What each load changed, so that it can be taken back whole. Kept for ninety days.
create table fines.import_change (
    entity_id  int         not null,
    run_id     uuid        not null,
    fine_id    uuid        not null,
    before     jsonb,
    changed_at timestamptz not null,
    primary key (entity_id, run_id, fine_id)
);
create index import_change_old on fines.import_change (entity_id, changed_at);
comment on column fines.import_change.before is 'the fine as it was; null where the load added it';
comment on column fines.import_change.changed_at is 'the fine''s own changed_at after the load: another one now means that it changed since';

-- Positions of fines that were taken back with their load: to be withdrawn at payments, and to be asked for again when a file brings the fine again.
create table fines.closed_position (
    entity_id int         not null,
    reference text        not null,
    run_id    uuid        not null,
    closed_at timestamptz,
    primary key (entity_id, reference)
);

alter table fines.pending_change add column run_id uuid;
alter table fines.subject add column run_id uuid, add column before text check (length(before) between 3 and 254);
comment on column fines.subject.before is 'the address that the load run_id replaced';
