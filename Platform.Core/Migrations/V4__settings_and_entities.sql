-- What an entity decides for itself: settings of services, host names, logo, legal pages. Whatever is changed stays as a version, with who and when.

-- body: one text per setting, as the service's form writes it. A setting that is not in it has the service's default.
create table core.settings (
    entity_id int, service text check (service ~ '^[a-z][a-z0-9]{1,19}$'), version int check (version > 0),
    body jsonb not null check (jsonb_typeof(body) = 'object'),
    changed_at timestamptz not null, changed_by text not null check (length(changed_by) between 1 and 100),
    primary key (entity_id, service, version));
comment on table core.settings is 'insert-only';

-- Under which other names than the host's own an entity's pages are reached.
create table core.host_name (
    host text primary key check (host ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+$' and length(host) <= 253),
    entity_id int not null references core.entity);
comment on table core.host_name is 'centre';

create table core.logo (
    entity_id int primary key references core.entity,
    png bytea not null check (octet_length(png) between 8 and 262144),
    sha256 bytea not null check (octet_length(sha256) = 32),
    changed_at timestamptz not null);
comment on table core.logo is 'reference';

-- An empty body takes the entity's own words back: the platform's stand again.
create table core.notice (
    entity_id int references core.entity, page text check (page in ('privacy', 'accessibility', 'contacts')), language text check (language in ('it', 'en')),
    version int check (version > 0),
    body text not null check (length(body) <= 60000),
    changed_at timestamptz not null, changed_by text not null check (length(changed_by) between 1 and 100),
    primary key (entity_id, page, language, version));
comment on table core.notice is 'insert-only';
