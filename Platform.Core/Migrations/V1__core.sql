-- What every module stands on. Class of a table: "reference" and "centre" by its comment; every other is an entity table,
-- gets forced row-level security from the migrator and must have a primary key that starts with entity_id.

create table core.entity (
    entity_id int primary key check (entity_id >= 0),
    code text not null unique check (code ~ '^[0-9A-Z]{3}$'),
    slug text not null unique check (slug ~ '^[a-z][a-z0-9-]{1,60}$'),
    name text not null check (length(name) between 1 and 120),
    kind text not null check (kind in ('centre', 'municipality', 'union', 'province')),
    istat_code text unique check (istat_code ~ '^[0-9]{6}$'),
    tax_code text not null check (tax_code ~ '^[0-9]{11}$'),
    colour text not null check (colour ~ '^#[0-9a-f]{6}$'),
    website text, address text, phone text, email text, pec text,
    changed_at timestamptz not null);
comment on table core.entity is 'reference';

-- A municipality offers a service, and says to whom its money is owed. "announced" shows a notice and nothing else.
create table core.activation (
    entity_id int not null references core.entity,
    service text not null check (service ~ '^[a-z][a-z0-9]{1,19}$'),
    creditor_id int references core.entity,
    state text not null check (state in ('active', 'announced')),
    check (state = 'announced' or creditor_id is not null),
    primary key (entity_id, service));
comment on table core.activation is 'reference';

-- Who wants to hear of what: written by each host at start, so that an event waits for a handler that is down or quarantined today.
create table core.subscription (event_type text, handler text, module text not null, primary key (event_type, handler));
comment on table core.subscription is 'centre';

create table core.outbox (
    entity_id int, stream uuid, seq int, event_id uuid not null, type text not null, payload jsonb not null, at timestamptz not null,
    primary key (entity_id, stream, seq), unique (entity_id, event_id));
comment on table core.outbox is 'insert-only';

create table core.delivery (
    entity_id int, event_id uuid, handler text, stream uuid not null, seq int not null,
    state text not null check (state in ('due', 'done', 'parked')), tries smallint not null default 0, due_at timestamptz not null, error text,
    primary key (entity_id, event_id, handler), unique (entity_id, handler, stream, seq),
    foreign key (entity_id, event_id) references core.outbox (entity_id, event_id));
create index on core.delivery (entity_id, due_at) where state = 'due';

create table core.journal (
    entity_id int, entry_id uuid, at timestamptz not null, actor text not null, kind text not null, body jsonb not null, personal_digest bytea, block int,
    primary key (entity_id, entry_id));
comment on table core.journal is 'insert-only';

-- Lets a host that may not migrate see what has been applied to a schema, without rights on that schema.
create function core.applied_scripts(of_schema text) returns table (script text) language plpgsql stable as $$
begin
    if to_regclass(format('%I.migration', of_schema)) is null then return; end if;
    return query execute format('select name::text from %I.migration where success and type = 0', of_schema);
end $$;
