-- How often somebody tried something that has a number or a code, on all hosts: a digest of what, how often, and until when it counts. Nothing of who.
create table core.tries (
    entity_id int, thing bytea check (octet_length(thing) = 32), tries int not null check (tries > 0), until timestamptz not null,
    primary key (entity_id, thing));
create index on core.tries (until);
