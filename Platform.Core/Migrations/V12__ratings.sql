-- How easy a service was, in the words of who used it: one rating per thing that was done (a payment), which may be changed. Of the person nothing is kept.
create table core.rating (
    entity_id int, service text, thing bytea check (octet_length(thing) = 32),
    shown_by int not null, language text not null check (language in ('it', 'en')),
    stars smallint not null check (stars between 1 and 5),
    reason text check (reason in ('clear', 'complete', 'guided', 'flawless', 'unclear', 'incomplete', 'lost', 'trouble', 'other')),
    words text check (length(words) between 1 and 200),
    rated_at timestamptz not null, changed_at timestamptz not null,
    primary key (entity_id, service, thing));
create index on core.rating (entity_id, rated_at);
create index on core.rating (changed_at) where words is not null;
comment on column core.rating.thing is 'digest of what was rated: the same thing is rated once';
comment on column core.rating.words is 'emptied after a year: somebody may have written more than he was asked';
