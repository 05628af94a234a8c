-- The first unfinished event of a stream is looked up for every delivery, among rows of which nearly all are done.
create index delivery_unfinished on core.delivery (entity_id, handler, stream, seq) where state <> 'done';

-- Since when the oldest delivery waits that some of these handlers could have had before the given moment, over all entities. Health asks it, and it runs
-- with its owner's eyes: a dispatcher that by a lost right or policy sees no work must not be the one who says that there is none.
create function core.oldest_waiting(handlers text[], before timestamptz) returns timestamptz language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select d.due_at
      from core.delivery d
     where d.state = 'due' and d.due_at <= before and d.handler = any(handlers)
       and not exists (
           select from core.delivery p
            where p.entity_id = d.entity_id and p.handler = d.handler and p.stream = d.stream and p.seq < d.seq and p.state <> 'done')
     order by d.due_at
     limit 1
$$;
revoke all on function core.oldest_waiting from public;
grant execute on function core.oldest_waiting to portico_core;
