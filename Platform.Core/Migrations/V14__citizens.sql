-- Citizens who are signed in, and services that rest for a while.

-- Of the cookie only a digest, and of the person nothing in the clear: who reads the table or a copy of it learns neither who it was nor how to be him. Gone soon after the end.
create table core.citizen_session (
    session_hash bytea primary key check (octet_length(session_hash) = 32),
    sign_in uuid not null,
    -- Sealed with the keys of the hosts: tax code and name.
    person bytea not null check (octet_length(person) between 20 and 2000),
    level smallint not null check (level between 1 and 3),
    provider text not null check (provider ~ '^[a-z][a-z0-9-]{0,39}$'), provider_session text check (length(provider_session) <= 255), subject_hash bytea not null check (octet_length(subject_hash) = 32),
    -- The name under which it holds: a value of one host name is none under another.
    host text not null check (length(host) between 1 and 260),
    -- Until the browser that asked for it comes and takes it: the digest of what that browser has in a cookie. session_hash is then that of the code in the address.
    way_hash bytea check (octet_length(way_hash) = 32),
    begun_at timestamptz not null, seen_at timestamptz not null, ends_at timestamptz not null,
    check (ends_at > begun_at));
create index on core.citizen_session (ends_at);
create index on core.citizen_session (provider, provider_session);
create index on core.citizen_session (provider, subject_hash);
comment on table core.citizen_session is 'centre';

-- Announced from the moment it is written, in force from from_at until until_at. Of entity 0 it is for all who offer the service.
create table core.maintenance (
    entity_id int references core.entity,
    service text check (service ~ '^[a-z][a-z0-9]{1,19}$'),
    from_at timestamptz not null, until_at timestamptz not null,
    words text not null check (length(words) <= 500), words_en text not null check (length(words_en) <= 500),
    set_at timestamptz not null, set_by text not null check (length(set_by) between 1 and 100),
    check (until_at > from_at),
    primary key (entity_id, service));
comment on table core.maintenance is 'reference';

-- Since when an entity that offered the service does not; null where it was never offered, or is.
alter table core.activation add column suspended_at timestamptz;

-- What an officer looks through: the letters that ended badly.
create index on core.mail (written_at, mail_id) where state in ('refused', 'bounced', 'given_up');
