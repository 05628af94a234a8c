-- Who works at the console: officers, how they sign in, what they may do and where. Names and sign-in names of officers stand here and nowhere else.

create table core.officer (
    officer_id uuid primary key,
    name text not null check (length(name) between 1 and 120),
    login text unique check (login ~ '^[a-z0-9][a-z0-9._@-]{2,99}$'),
    password text check (length(password) between 20 and 300),
    password_at timestamptz,
    -- Sealed with the keys of the hosts. The step is that of the last code that was used: none is taken twice.
    totp bytea, totp_step bigint not null default 0,
    suspended_at timestamptz,
    made_at timestamptz not null, made_by text not null check (length(made_by) between 1 and 100),
    check ((password is null) = (password_at is null)));
comment on table core.officer is 'centre';

-- As whom a provider of identities knows him. Written beforehand by who may grant: signing in makes no officer.
create table core.officer_identity (
    provider text check (provider ~ '^[a-z][a-z0-9-]{0,39}$'), subject text check (length(subject) between 1 and 255),
    officer_id uuid not null references core.officer, bound_at timestamptz not null, bound_by text not null check (length(bound_by) between 1 and 100),
    primary key (provider, subject));
create index on core.officer_identity (officer_id);
comment on table core.officer_identity is 'centre';

-- At entity 0, the service centre, it holds for every entity. Taken back, the row stays.
create table core.officer_grant (
    grant_id uuid primary key,
    officer_id uuid not null references core.officer,
    entity_id int not null check (entity_id >= 0),
    role text not null check (role in ('administrator', 'officer', 'accountant', 'auditor', 'permission')),
    -- Of an officer the service, of a single permission its name.
    scope text not null default '' check (scope ~ '^([a-z][a-z0-9]{1,19}(\.[a-z][a-z_]{1,39})?)?$'),
    valid_from date not null, valid_until date,
    granted_at timestamptz not null, granted_by text not null check (length(granted_by) between 1 and 100),
    revoked_at timestamptz, revoked_by text check (length(revoked_by) between 1 and 100),
    check (valid_until > valid_from),
    check ((role in ('officer', 'permission')) = (scope <> '')), check ((role = 'permission') = (scope like '%.%')),
    check ((revoked_at is null) = (revoked_by is null)));
create unique index officer_grant_once on core.officer_grant (officer_id, entity_id, role, scope) where revoked_at is null;
comment on table core.officer_grant is 'centre';

-- Of the cookie only a digest: who reads the table cannot be anybody by it.
create table core.officer_session (
    session_hash bytea primary key check (octet_length(session_hash) = 32),
    officer_id uuid not null references core.officer,
    -- 'local', or the provider of identities, with its own name for the session: by that it can end it.
    provider text not null check (provider ~ '^[a-z][a-z0-9-]{0,39}$'), provider_session text check (length(provider_session) <= 255),
    begun_at timestamptz not null, seen_at timestamptz not null, ends_at timestamptz not null,
    check (ends_at > begun_at));
create index on core.officer_session (officer_id);
create index on core.officer_session (ends_at);
create index on core.officer_session (provider, provider_session);
comment on table core.officer_session is 'centre';

-- Shown once, used once: of nobody, the way in on a fresh install; of an officer, by which he chooses a password.
create table core.sign_in_code (
    code_hash bytea primary key check (octet_length(code_hash) = 32),
    officer_id uuid references core.officer,
    made_at timestamptz not null, expires_at timestamptz not null, used_at timestamptz,
    check (expires_at > made_at));
create index on core.sign_in_code (officer_id);
comment on table core.sign_in_code is 'centre';
