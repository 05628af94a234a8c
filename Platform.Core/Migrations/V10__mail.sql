-- Letters by e-mail: written in the transaction of what they tell, sent afterwards until a mail server has taken them. One letter per key, however often it is asked for.
create table core.mail (
    entity_id int, mail_id uuid,
    module text not null, letter_key text not null check (length(letter_key) between 1 and 200),
    template text not null, language text not null check (language in ('it', 'en')), shown_by int not null,
    recipient text check (length(recipient) <= 320), subject text check (length(subject) <= 300), body text check (length(body) <= 60000),
    state text not null check (state in ('due', 'sent', 'refused', 'bounced', 'given_up')),
    tries smallint not null default 0, due_at timestamptz not null, error text check (length(error) <= 200),
    written_at timestamptz not null, ended_at timestamptz, redacted_at timestamptz,
    check ((redacted_at is null) = (recipient is not null and subject is not null and body is not null)),
    check ((state = 'due') = (ended_at is null)), check (redacted_at is null or state <> 'due'),
    primary key (entity_id, mail_id), unique (entity_id, module, letter_key));
create index on core.mail (due_at) where state = 'due';
create index on core.mail (ended_at) where state <> 'due' and redacted_at is null;

-- Gone once the letter is sent.
create table core.mail_file (
    entity_id int, mail_id uuid, n smallint, name text not null check (length(name) between 1 and 100), media_type text not null, content bytea not null check (octet_length(content) <= 2097152),
    primary key (entity_id, mail_id, n), foreign key (entity_id, mail_id) references core.mail);

-- An entity's own words for a letter. An empty body takes them back.
create table core.mail_template (
    entity_id int, module text, template text, language text check (language in ('it', 'en')), version int check (version > 0),
    subject text not null check (length(subject) <= 200), body text not null check (length(body) <= 20000),
    changed_at timestamptz not null, changed_by text not null check (length(changed_by) between 1 and 100),
    primary key (entity_id, module, template, language, version));
comment on table core.mail_template is 'insert-only';
