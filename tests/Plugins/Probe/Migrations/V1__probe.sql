-- What happened, as it was raised.
create table probe.stream (entity_id int, stream uuid, version int not null, primary key (entity_id, stream));

-- What the handlers did. No key refuses a second effect: it must be seen, not stopped. place is the how-manieth of its stream it was for this handler.
create table probe.effect (
    entity_id int, effect_id uuid default gen_random_uuid(), handler text not null, stream uuid not null, seq int not null, place int not null,
    primary key (entity_id, effect_id));
create index on probe.effect (entity_id, handler, stream);

-- While a row stands here, the handler throws after it has written its effect; while somebody holds the row, the handler waits.
create table probe.trouble (entity_id int, handler text, stream uuid, seq int, primary key (entity_id, handler, stream, seq));
