using Platform.Testing;

namespace Platform.Core.Tests.Storage;

/// <summary>What PostgreSQL's own catalogue says against the house rules for tables: one sentence per offence.</summary>
internal static class Catalogue
{
    /// <summary>Centre tables are reached only by Core: a new one is a decision, written here.</summary>
    static readonly string[] CentreTables = ["core.citizen_session", "core.form_key", "core.host_name", "core.job", "core.job_run", "core.officer", "core.officer_grant", "core.officer_identity", "core.officer_session", "core.sign_in_code", "core.subscription"];

    public static async Task<IReadOnlyList<string>> Offences(TestDatabase database)
    {
        var offences = new List<string>();
        foreach (var rule in Rules)
            offences.AddRange(await database.Rows<string>(Tables + rule, new { CentreTables }));
        return offences;
    }

    // The schema of a module is one that has a table of migrations.
    const string Tables =
        """
        with module as (select c.relnamespace as oid, n.nspname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relname = 'migration' and c.relkind = 'r'),
        tab as (
            select c.oid, m.name as module, m.name || '.' || c.relname as name, c.relrowsecurity and c.relforcerowsecurity as forced,
                   case when m.name in ('core', 'payments') and obj_description(c.oid, 'pg_class') in ('reference', 'centre') then obj_description(c.oid, 'pg_class') else 'entity' end as class,
                   (select attnum from pg_attribute a where a.attrelid = c.oid and a.attname = 'entity_id') as entity_column
              from pg_class c join module m on m.oid = c.relnamespace
             where c.relkind in ('r', 'p', 'm', 'f') and c.relname <> 'migration')

        """;

    static readonly string[] Rules =
    [
        "select name || ' calls itself a centre table and is not on the list' from tab where class = 'centre' and name <> all(@CentreTables)",
        """
        select name || ' has no primary key that starts with entity_id' from tab
         where class = 'entity' and not exists (select from pg_index i where i.indrelid = tab.oid and i.indisprimary and i.indkey[0] = tab.entity_column)
        """,
        "select name || ' has no forced row-level security' from tab where class = 'entity' and not forced",
        """
        select tab.name || ' has the policy ' || coalesce(p.polname, '(none)') || ' for ' || coalesce(p.polroles::regrole[]::text, 'nobody') || ': ' || coalesce(pg_get_expr(p.polqual, p.polrelid), '')
          from tab left join pg_policy p on p.polrelid = tab.oid
         -- A restrictive policy only narrows what the others allow.
         where class = 'entity' and p.polpermissive is distinct from false and not coalesce(
               p.polroles = array[('portico_' || module)::regrole::oid] and p.polcmd = '*' and p.polwithcheck is null
                   and pg_get_expr(p.polqual, p.polrelid) = '(entity_id = (NULLIF(current_setting(''portico.entity''::text, true), ''''::text))::integer)'
               -- What a municipality may read of others' rows: by the binding and by nothing else.
               or p.polroles = array[('portico_' || module)::regrole::oid] and p.polcmd = 'r'
                   and pg_get_expr(p.polqual, p.polrelid) = '((municipality)::text = ( SELECT core.territory() AS territory))'
               or p.polroles = array['portico_centre'::regrole::oid] and p.polcmd = 'r'
               or p.polroles = array[('portico_' || module || '_owner')::regrole::oid], false)
        """,
        "select tgname || ' is a trigger on ' || tab.name from tab join pg_trigger t on t.tgrelid = tab.oid where not t.tgisinternal",
        """
        select s.relname || ' is a sequence in ' || m.name from pg_class s join module m on m.oid = s.relnamespace
         where s.relkind = 'S' and not exists (select from pg_depend d join pg_class c on c.oid = d.refobjid where d.objid = s.oid and c.relname = 'migration')
        """,
        """
        select k.conname || ' of ' || tab.name || ' may lead to another entity' from tab join pg_constraint k on k.conrelid = tab.oid join tab target on target.oid = k.confrelid
         where k.contype = 'f' and tab.class = 'entity' and target.class <> 'reference'
           and not exists (select from unnest(k.conkey, k.confkey) as pair (mine, theirs) where pair.mine = tab.entity_column and pair.theirs = target.entity_column)
        """,
        """
        select i.indexrelid::regclass::text || ' is unique across entities' from tab join pg_index i on i.indrelid = tab.oid
         where tab.class = 'entity' and i.indisunique and not tab.entity_column = any(i.indkey)
        """,
        """
        select g.role || ' may ' || g.privilege || ' ' || tab.name
          from tab cross join lateral (
               select r.rolname::text as role, p as privilege from pg_roles r cross join unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger']) as p
                where r.rolname ~ '^portico_' and not r.rolsuper and r.rolname !~ '_owner$' and r.rolname <> 'portico_' || tab.module
                  and has_table_privilege(r.oid, tab.oid, p) and not (r.rolname = 'portico_centre' and p = 'select' and tab.class = 'entity')) as g
        """,
        """
        select p.oid::regprocedure || ' runs with its owner''s rights for ' || r.rolname from pg_proc p join module m on m.oid = p.pronamespace join pg_roles r on r.rolname ~ '^portico_'
         where p.prosecdef and not r.rolsuper and r.rolname !~ '_owner$' and has_function_privilege(r.oid, p.oid, 'execute')
           -- Tells a moment and nothing of a row.
           and not (p.oid = 'core.oldest_waiting(text[], timestamptz)'::regprocedure and r.rolname = 'portico_core')
           -- Tells a bound entity its own ISTAT code, which stands on its pages.
           and p.oid <> 'core.territory()'::regprocedure
        """,
        "select 'portico_web or a module''s role owns ' || c.oid::regclass from pg_class c join pg_roles r on r.oid = c.relowner where r.rolname ~ '^portico_' and not r.rolsuper and r.rolname !~ '_owner$'",
        """
        select rolname || ' can do more than a role of Portico may' from pg_roles where rolname ~ '^portico_' and rolname <> 'portico_super'
           and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication or rolcanlogin and rolname <> 'portico_web' or rolinherit and rolname = 'portico_web')
        """,
        "select 'portico_web is a member of ' || r.rolname from pg_roles r where (r.rolname ~ '_owner$' or r.rolsuper) and pg_has_role('portico_web', r.oid, 'member') and r.rolname ~ '^portico_'",
    ];
}
