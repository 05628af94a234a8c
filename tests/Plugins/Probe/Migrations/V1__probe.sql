-- What happened, as it was raised.
create table probe.stream (entity_id int, stream uuid, version int not null, primary key (entity_id, stream));

-- What the handlers did. The key refuses a second effect; place is the how-manieth of its stream it was for this handler.
create table probe.effect (
    entity_id int, handler text, stream uuid, seq int, place int not null,
    primary key (entity_id, handler, stream, seq));

-- While a row stands here, the handler throws after it has written its effect.
create table probe.trouble (entity_id int, handler text, stream uuid, seq int, primary key (entity_id, handler, stream, seq));
