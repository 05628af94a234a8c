-- A file that an officer loaded at the console: how far it is, and what came of it.
create table core.import_run (
    entity_id int, run_id uuid, service text not null, verb text not null,
    file_name text not null check (length(file_name) between 1 and 100), bytes bigint not null check (bytes > 0), sha256 bytea not null check (octet_length(sha256) = 32),
    all_or_nothing boolean not null, officer text not null,
    started_at timestamptz not null, seen_at timestamptz not null, ended_at timestamptz,
    read int not null default 0, added int not null default 0, changed int not null default 0, unchanged int not null default 0, waiting int not null default 0, refused int not null default 0,
    more_errors int not null default 0, failure text check (length(failure) <= 500),
    errors jsonb, refused_lines bytea check (octet_length(refused_lines) <= 20971520),
    primary key (entity_id, run_id));
create index on core.import_run (entity_id, service, started_at desc, run_id);
create index on core.import_run (ended_at) where errors is not null or refused_lines is not null;
comment on column core.import_run.seen_at is 'when the host that loads it last said so: long ago and not ended means that it died';
comment on column core.import_run.errors is 'what was wrong, with what stood in the file; emptied with refused_lines thirty days after the end';
