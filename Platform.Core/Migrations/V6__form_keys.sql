-- The keys that seal forms and links, where hosts share them; each sealed with a secret that is not in the database.
create table core.form_key (
    name text primary key check (length(name) between 1 and 200),
    sealed bytea not null,
    made_at timestamptz not null);
comment on table core.form_key is 'centre';
