-- The journal's chain of blocks, the salts of its personal digests, and the answers that must not be made twice.

-- manifest: of each entry in order, its id (16 bytes) and the SHA-256 of its canonical form (32): a row that was touched can be named.
create table core.journal_block (
    entity_id int, block int check (block > 0),
    previous bytea not null check (octet_length(previous) = 32),
    entries int not null check (entries > 0),
    manifest bytea not null check (octet_length(manifest) = 48 * entries),
    root bytea not null check (octet_length(root) = 32),
    hash bytea not null check (octet_length(hash) = 32),
    sealed_at timestamptz not null,
    primary key (entity_id, block));
comment on table core.journal_block is 'insert-only';

-- Whoever writes the journal adds unsealed rows, and an unsealed row is sealed once: nothing else of a row ever changes.
grant update (block) on core.journal to portico_core;
create policy born_unsealed on core.journal as restrictive for insert to portico_core with check (block is null);
create policy sealed_once on core.journal as restrictive for update to portico_core using (block is null) with check (block is not null);
create index journal_unsealed on core.journal (entity_id, entry_id) where block is null;

-- Deleting a row makes every digest of that person meaningless, and leaves the chain as it is. The service centre's reading role has no business here.
create table core.journal_salt (
    entity_id int, subject_id uuid, salt bytea not null check (octet_length(salt) = 32),
    primary key (entity_id, subject_id));
create policy not_for_the_centre on core.journal_salt as restrictive for select to portico_centre using (false);

-- status and response are null until the request has been answered. Of attempts at one key only the one written here may go on.
create table core.idempotency (
    entity_id int, client text check (length(client) between 1 and 200), key text check (length(key) between 1 and 255),
    request_sha256 bytea not null check (octet_length(request_sha256) = 32),
    attempt uuid not null, leased_until timestamptz not null,
    point text not null, carried jsonb,
    status smallint, response bytea,
    started_at timestamptz not null, expires_at timestamptz not null,
    check ((status is null) = (response is null)),
    primary key (entity_id, client, key));
create index on core.idempotency (expires_at);
