-- Keys by which another system loads files for a service of one entity. The key itself is shown once; of its secret only the digest is kept.
create table core.api_key (
    entity_id int, key_id uuid, service text not null, permissions text not null check (permissions <> ''), name text not null check (length(name) between 1 and 80),
    secret_sha256 bytea not null check (octet_length(secret_sha256) = 32), created_by text not null, created_at timestamptz not null, expires_on date not null,
    last_used_at timestamptz, revoked_at timestamptz, revoked_by text,
    primary key (entity_id, key_id), check ((revoked_at is null) = (revoked_by is null)));
comment on column core.api_key.permissions is 'what may be loaded with it, between spaces';
comment on column core.api_key.expires_on is 'its last legal day';
comment on column core.api_key.last_used_at is 'to the hour: a key that loads all day does not write its row each time';

-- A load that a key asks for again by the same word is the one that was done.
alter table core.import_run add column idempotency text check (length(idempotency) between 1 and 100);
create unique index on core.import_run (entity_id, officer, idempotency) where idempotency is not null;
