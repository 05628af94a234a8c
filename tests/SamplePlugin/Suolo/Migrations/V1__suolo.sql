create table suolo.occupation (
    entity_id      int    not null,
    occupation_id  uuid   not null,
    place          text   not null,
    starts_on      date   not null,
    metres         int    not null check (metres between 1 and 500),
    days           int    not null check (days between 1 and 60),
    paid_order     text,
    primary key (entity_id, occupation_id)
);
