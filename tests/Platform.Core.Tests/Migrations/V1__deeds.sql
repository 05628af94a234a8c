create table deeds.deed (entity_id int, deed_id uuid, what text not null, primary key (entity_id, deed_id));
create table deeds.counter (entity_id int, name text, n int not null, primary key (entity_id, name));
