using System.Reflection;
using System.Transactions;
using Dapper;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Platform.Core.Storage;

/// <summary>One module's place in the database: its schema and roles carry its id, its migrations are embedded in its assembly.</summary>
internal sealed record Module(string Id, Assembly Assembly)
{
    public string MigrationFilter => Assembly.GetName().Name + ".Migrations.";
}

/// <summary>A module's schema could not be brought up to date; what it was before, it still is.</summary>
internal sealed class MigrationException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>
/// Brings the schemas of all modules up to date as owner: roles, schema, embedded scripts in numeric order with checksums, then row-level security and grants.
/// Idempotent, under an advisory lock, so that any number of hosts may start at once.
/// </summary>
internal sealed class Migrator(string ownerConnection, ILogger log)
{
    const long Lock = 0x506F727469636F; // "Portico"

    /// <summary>Whatever fails, the database is as it was before: scripts, checks and protection are one transaction, and a new schema goes with its roles.</summary>
    /// <exception cref="MigrationException">In words.</exception>
    public async Task Migrate(Module module, CancellationToken stop)
    {
        // Not from a pool: what fails here must leave neither a lock nor a role on a connection that somebody else gets.
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(ownerConnection) { Pooling = false, Enlist = false }.ConnectionString);
        await connection.OpenAsync(stop);
        await Execute(connection, "select pg_advisory_lock(@Lock)", new { Lock }, stop);
        await Execute(connection, "select set_config('portico.module', @Id, false)", new { module.Id }, stop);
        var newRoles = !await connection.ExecuteScalarAsync<bool>("select exists (select from pg_roles where rolname = @role)", new { role = ModuleRoles.OwnerOf(module.Id) });
        var newSchema = !await connection.ExecuteScalarAsync<bool>("select exists (select from pg_namespace where nspname = @Id)", new { module.Id });
        try
        {
            await Execute(connection, Provision, null, stop);
            await Execute(connection, "select set_config('role', @owner, false)", new { owner = ModuleRoles.OwnerOf(module.Id) }, stop);
            // Evolve brings the connection into the ambient transaction with the first script, and leaves it there for us.
            using var all = new TransactionScope(TransactionScopeOption.RequiresNew, TransactionManager.MaximumTimeout, TransactionScopeAsyncFlowOption.Enabled);
            RunScripts(module, connection);
            if (await connection.QueryFirstOrDefaultAsync<string>(new CommandDefinition(Unclassed, new { schema = module.Id }, cancellationToken: stop)) is { } table)
                throw new MigrationException($"Table {module.Id}.{table} has no primary key that starts with entity_id. Every table of a service belongs to an entity.");
            await Execute(connection, Protect, null, stop);
            all.Complete();
        }
        catch (Exception wrong)
        {
            if (newSchema)
                await Forget(module, newRoles);
            if (wrong is NpgsqlException)
                throw new MigrationException($"The schema of \"{module.Id}\" could not be migrated: {(wrong as PostgresException)?.MessageText ?? wrong.Message}", wrong);
            throw;
        }
    }

    /// <summary>Takes back what provisioning made for a module that was refused at its first migration.</summary>
    async Task Forget(Module module, bool roles)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(ownerConnection) { Pooling = false, Enlist = false }.ConnectionString);
        await connection.OpenAsync(CancellationToken.None);
        await Execute(connection, "select set_config('portico.module', @Id, false), set_config('portico.roles', @roles, false)", new { module.Id, roles = roles ? "new" : "old" }, CancellationToken.None);
        await Execute(connection, Unprovision, null, CancellationToken.None);
    }

    static Task<int> Execute(NpgsqlConnection connection, string sql, object? args, CancellationToken stop) =>
        connection.ExecuteAsync(new CommandDefinition(sql, args, cancellationToken: stop));

    /// <summary>Scripts that a module brings and the database has not had yet. Asked by a host that may not migrate.</summary>
    public static async Task<IReadOnlyList<string>> Pending(Database database, Module module, TimeProvider clock, CancellationToken stop)
    {
        var brought = module.Assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(module.MigrationFilter, StringComparison.Ordinal) && name.EndsWith(".sql", StringComparison.Ordinal))
            .Select(name => name[module.MigrationFilter.Length..])
            .ToHashSet(StringComparer.Ordinal);
        var had = await database.Run(
            ModuleRoles.Of("core"), null, "core", clock,
            session => session.List<string>("select script from core.applied_scripts(@schema)", new { schema = module.Id }), stop);
        brought.ExceptWith(had);
        return [.. brought.Order(StringComparer.Ordinal)];
    }

    void RunScripts(Module module, NpgsqlConnection connection)
    {
        try
        {
            new EvolveDb.Evolve(connection, message => log.LogDebug("migration of {Module}: {Message}", module.Id, message))
            {
                Schemas = [module.Id],
                MetadataTableSchema = module.Id,
                MetadataTableName = "migration",
                EmbeddedResourceAssemblies = [module.Assembly],
                EmbeddedResourceFilters = [module.MigrationFilter],
                TransactionMode = EvolveDb.Configuration.TransactionKind.CommitAll,
                IsEraseDisabled = true,
                EnableClusterMode = true,
            }.Migrate();
        }
        catch (Exception wrong) when (wrong is EvolveDb.EvolveException or NpgsqlException)
        {
            // Evolve's own words name the script, the innermost ones say what was wrong with it.
            var cause = wrong.GetBaseException();
            throw new MigrationException($"The schema of \"{module.Id}\" could not be migrated: {wrong.Message}{(cause == wrong ? "" : $" {(cause as PostgresException)?.MessageText ?? cause.Message}.")}", wrong);
        }
    }

    // Identifiers come from %I and a setting: no name is ever pasted into a statement.
    const string Provision =
        """
        do $$
        declare
            m text := current_setting('portico.module');
            r text := 'portico_' || m;
            o text := 'portico_' || m || '_owner';
        begin
            if not exists (select from pg_roles where rolname = 'portico_web') then
                create role portico_web login noinherit;
            end if;
            -- A host whose machine or network died says nothing, and its locks would stay for as long as TCP believes in it: two hours.
            -- Shorter than the 15 seconds after which a statement of another host gives up waiting for the lock (statement_timeout).
            -- Asked first: two sessions that alter one role at once stand in each other's way, and an owner who did not make the role may not.
            if not exists (select from pg_db_role_setting s join pg_roles w on w.oid = s.setrole
                            where w.rolname = 'portico_web' and s.setdatabase = 0 and 'idle_in_transaction_session_timeout=10s' = any(s.setconfig)) then
                begin
                    alter role portico_web set idle_in_transaction_session_timeout = '10s';
                exception
                    when insufficient_privilege then raise warning 'portico_web keeps its idle_in_transaction_session_timeout: another owner made that role';
                    when internal_error then null; -- "tuple concurrently updated": the other session set it.
                end;
            end if;
            if not exists (select from pg_roles where rolname = 'portico_centre') then create role portico_centre nologin; grant portico_centre to portico_web; end if;
            if not exists (select from pg_roles where rolname = r) then execute format('create role %I nologin', r); end if;
            if not exists (select from pg_roles where rolname = o) then execute format('create role %I nologin', o); end if;
            execute format('grant %I to portico_web', r);
            if not (select rolsuper from pg_roles where rolname = current_user) then execute format('grant %I to %I', o, current_user); end if;
            execute format('create schema if not exists %I authorization %I', m, o);
            if m <> 'core' then
                execute format('grant usage on schema core to %I', o);
                execute format('grant references on core.entity to %I', o);
            end if;
        end $$;
        """;

    const string Unprovision =
        """
        do $$
        declare
            m text := current_setting('portico.module');
            r text := 'portico_' || m;
            o text := 'portico_' || m || '_owner';
        begin
            execute format('drop schema if exists %I cascade', m);
            if not exists (select from pg_roles where rolname = o) then return; end if;
            execute format('drop owned by %I', o);
            -- Roles are of the whole cluster: those that another database made are left to it.
            if current_setting('portico.roles') = 'new' then execute format('drop role %I, %I', o, r); end if;
        end $$;
        """;

    const string Unclassed =
        """
        select c.relname
          from pg_class c
          left join pg_index i on i.indrelid = c.oid and i.indisprimary
          left join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
         where c.relnamespace = @schema::regnamespace and c.relkind in ('r', 'p') and c.relname <> 'migration'
           and (@schema not in ('core', 'payments') or coalesce(obj_description(c.oid, 'pg_class'), '') not in ('reference', 'centre'))
           and a.attname is distinct from 'entity_id'
         limit 1
        """;

    const string Protect =
        """
        do $$
        declare
            m text := current_setting('portico.module');
            r text := 'portico_' || m;
            o text := 'portico_' || m || '_owner';
            t record;
        begin
            execute format('grant usage on schema %I to %I, portico_core, portico_centre', m, r);
            execute format('grant select on %I.migration to portico_core', m);
            for t in
                select c.relname as name, coalesce(obj_description(c.oid, 'pg_class'), '') as class, c.relforcerowsecurity as forced
                  from pg_class c where c.relnamespace = m::regnamespace and c.relkind in ('r', 'p') and c.relname <> 'migration'
            loop
                if m in ('core', 'payments') and t.class in ('reference', 'centre') then
                    execute format('grant select, insert, update, delete on %I.%I to %I', m, t.name, r);
                    continue;
                end if;
                if not t.forced then
                    execute format('alter table %I.%I enable row level security', m, t.name);
                    execute format('alter table %I.%I force row level security', m, t.name);
                    execute format('create policy own on %I.%I to %I using (entity_id = nullif(current_setting(''portico.entity'', true), '''')::int)', m, t.name, r);
                    execute format('create policy centre on %I.%I for select to portico_centre using (true)', m, t.name);
                    execute format('create policy migration on %I.%I to %I using (true)', m, t.name, o);
                end if;
                execute format('grant select, insert on %I.%I to %I', m, t.name, r);
                if t.class <> 'insert-only' then execute format('grant update, delete on %I.%I to %I', m, t.name, r); end if;
                execute format('grant select on %I.%I to portico_centre', m, t.name);
            end loop;
        end $$;
        """;
}
