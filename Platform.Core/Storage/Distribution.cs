using Dapper;
using Npgsql;

namespace Platform.Core.Storage;

/// <summary>The tables of all modules by what becomes of them on a distributed database, and the statements that make it so, in order.</summary>
internal sealed record DistributionPlan(
    bool Citus, IReadOnlyList<string> EntityTables, IReadOnlyList<string> ReferenceTables, IReadOnlyList<string> LocalTables, IReadOnlyList<string> Offences, IReadOnlyList<string> Statements);

/// <summary>
/// Reads from PostgreSQL's catalogue how Citus would spread the rows: every entity table by <c>entity_id</c>, all beside each other, reference tables on every node,
/// the rest where it is. Foreign keys are taken away first and put back last, because a table cannot be distributed while keys of others lead to it. Changes nothing.
/// </summary>
internal static class Distribution
{
    public static async Task<DistributionPlan> Plan(string ownerConnection, CancellationToken stop)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(ownerConnection) { Pooling = false, Enlist = false }.ConnectionString);
        await connection.OpenAsync(stop);
        async Task<IReadOnlyList<T>> Rows<T>(string sql) => [.. await connection.QueryAsync<T>(new CommandDefinition(sql, cancellationToken: stop))];

        var tables = await Rows<(string Name, string Class)>(Tables + "select name, class from tab order by name");
        var entity = tables.Where(table => table.Class == "entity").Select(table => table.Name).ToList();
        var reference = tables.Where(table => table.Class == "reference").Select(table => table.Name).ToList();
        var drops = await Rows<string>(Tables + Keys + "select format('alter table %s drop constraint %I;', own.name, k.conname)" + FromKeys);
        var adds = await Rows<string>(Tables + Keys + "select format('alter table %s add constraint %I %s;', own.name, k.conname, pg_get_constraintdef(k.oid))" + FromKeys);
        return new(
            await connection.ExecuteScalarAsync<bool>("select exists (select from pg_extension where extname = 'citus')"),
            entity, reference, [.. tables.Where(table => table.Class is not ("entity" or "reference")).Select(table => table.Name)],
            await Rows<string>(Tables + Keys + "select format('%s of %s leads to %s, which stays on one node', k.conname, own.name, other.name)" + ToLocal),
            [
                .. drops,
                .. reference.Select(name => $"select create_reference_table('{name}');"),
                .. entity.Select((name, place) => $"select create_distributed_table('{name}', 'entity_id', colocate_with => '{(place == 0 ? "none" : entity[0])}');"),
                .. adds,
            ]);
    }

    // A module's schema is one with a table of migrations, which itself stays where it is. Names come quoted from the catalogue.
    const string Tables =
        """
        with module as (select c.relnamespace as oid, n.nspname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relname = 'migration' and c.relkind = 'r'),
        tab as (
            select c.oid, format('%I.%I', m.name, c.relname) as name,
                   case when c.relname = 'migration' then 'migration'
                        when m.name in ('core', 'payments') and obj_description(c.oid, 'pg_class') in ('reference', 'centre') then obj_description(c.oid, 'pg_class')
                        else 'entity' end as class
              from pg_class c join module m on m.oid = c.relnamespace
             where c.relkind in ('r', 'p'))

        """;

    const string Keys = ", k as (select oid, conname, conrelid, confrelid from pg_constraint where contype = 'f' and conparentid = 0) ";
    const string FromKeys = " from k join tab own on own.oid = k.conrelid join tab other on other.oid = k.confrelid order by own.name, k.conname";
    const string ToLocal = " from k join tab own on own.oid = k.conrelid join tab other on other.oid = k.confrelid where own.class in ('entity', 'reference') and other.class not in ('entity', 'reference') order by 1";
}
