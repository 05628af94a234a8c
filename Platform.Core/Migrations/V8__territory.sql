-- The municipality whose part of others' rows a transaction may read: the ISTAT code of the bound entity, once the transaction asked for it by
-- set_config('portico.territory', 'on', true). Modules name it in a select-only policy of a table that is of several municipalities. It follows from the
-- binding and from no parameter, so that who is bound to one municipality can ask for no other; without the setting it is null and opens nothing.
create function core.territory() returns text language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select e.istat_code
      from core.entity e
     where e.entity_id = nullif(current_setting('portico.entity', true), '')::int and current_setting('portico.territory', true) = 'on'
$$;
