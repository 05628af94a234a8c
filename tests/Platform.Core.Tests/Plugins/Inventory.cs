using Autofac;
using Microsoft.AspNetCore.Routing;
using Platform.Testing;

namespace Platform.Core.Tests.Plugins;

/// <summary>All that a service can leave in a host, line by line, for comparing two hosts. A new kind of thing is one more line below.</summary>
internal static class Inventory
{
    public static async Task<SortedDictionary<string, IReadOnlyList<string>>> Of(PorticoTestHost host) => new(StringComparer.Ordinal)
    {
        ["routes"] = Lines(host.Container.Resolve<IEnumerable<EndpointDataSource>>().SelectMany(source => source.Endpoints)
            .Select(endpoint => $"{(endpoint as RouteEndpoint)?.RoutePattern.RawText} {endpoint.DisplayName}")),
        ["registrations"] = Lines(host.Container.ComponentRegistry.Registrations.SelectMany(made => made.Services.Select(service => $"{service.Description} by {made.Activator.LimitType}"))),
        ["modules"] = Lines(host.Catalog.Modules.Select(module => $"{module.Id} {module.Assembly.FullName}")),
        ["reactions"] = Lines(host.Catalog.Reactions.Values.Select(reaction => $"{reaction.Handler} {reaction.EventName}")),
        ["imports, pages and parts"] = Lines(host.Catalog.Services.SelectMany(service => service.Parts.Select(part => $"{service.Id} {part.FullName}").Prepend(service.Id))),
        ["jobs"] = Lines(host.Catalog.Services.SelectMany(service => service.Jobs.Select(job => $"{service.Id} {job.Name} {job.Cron}"))),
        ["permissions"] = Lines(host.Catalog.Services.SelectMany(service => service.Permissions.Select(permission => $"{service.Id} {permission.Id}"))),
        ["office"] = Lines(host.Catalog.Services.SelectMany(service => service.Office.Select(verb => $"{service.Id} {verb.Verb}"))),
        ["settings forms"] = Lines(host.Catalog.Services.Where(service => service.Settings is not null).Select(service => $"{service.Id} {service.Settings!.GetType()}")),
        ["jobs written down"] = await Rows(host, "select service || ' ' || job from core.job"),
        ["subscriptions"] = await Rows(host, "select event_type || ' ' || handler || ' ' || module from core.subscription"),
        ["schema"] = await Rows(host, Schema),
    };

    static string[] Lines(IEnumerable<string> lines) => [.. lines.Order(StringComparer.Ordinal)];

    static async Task<string[]> Rows(PorticoTestHost host, string sql) => Lines(await host.Database.Rows<string>(sql));

    // The catalogue of this database, and the roles of the cluster that are members of something here.
    const string Schema =
        """
        select 'schema ' || n.nspname || ' ' || n.nspowner::regrole || ' ' || coalesce(n.nspacl::text, '') from pg_namespace n where n.nspname !~ '^pg_'
        union all
        select c.relkind::text || ' ' || c.oid::regclass || ' ' || c.relowner::regrole || ' ' || coalesce(c.relacl::text, '') || c.relrowsecurity || c.relforcerowsecurity
          from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
        union all
        select 'column ' || a.attrelid::regclass || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || a.attnotnull
          from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
         where a.attnum > 0 and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
        union all
        select 'constraint ' || k.conrelid::regclass || ' ' || pg_get_constraintdef(k.oid) from pg_constraint k where k.conrelid <> 0
        union all
        select 'policy ' || p.polrelid::regclass || ' ' || p.polname || p.polroles::regrole[]::text || coalesce(pg_get_expr(p.polqual, p.polrelid), '') from pg_policy p
        union all
        select 'function ' || p.oid::regprocedure || md5(p.prosrc) from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
        union all
        select 'role ' || rolname from pg_roles where rolname !~ '^pg_'
        """;
}
