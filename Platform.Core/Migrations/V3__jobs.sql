-- Where the schedule of a job has got to: whoever moves next_at on, under the row's lock, writes down the runs that became due.
create table core.job (
    service text, job text, cron text not null, next_at timestamptz not null,
    primary key (service, job));
comment on table core.job is 'centre';

-- One row per run. Claimed by an attempt with a lease; entity_id 0 is the service centre.
create table core.job_run (
    service text, job text, entity_id int, due_at timestamptz,
    state text not null check (state in ('due', 'running', 'done', 'skipped', 'parked')),
    tries smallint not null default 0, next_try_at timestamptz not null,
    attempt uuid, leased_until timestamptz, started_at timestamptz, ended_at timestamptz, error text,
    check ((state = 'running') <= (attempt is not null and leased_until is not null)),
    primary key (service, job, entity_id, due_at),
    foreign key (service, job) references core.job);
create index on core.job_run (next_try_at) where state in ('due', 'running');
comment on table core.job_run is 'centre';
