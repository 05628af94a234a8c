using System.Globalization;
using Microsoft.Extensions.Configuration;
using Platform.Core.Entities;
using Platform.Core.Office;
using Platform.Core.Pages;
using Platform.Core.Plugins;
using Platform.Core.Storage;
using Platform.Core.Time;

namespace Platform.Core.Watch;

/// <summary>Something that ends by itself on a day, and stops work when nobody renews it before.</summary>
/// <param name="Kind">Key of a text <c>watch.expiring.…</c>.</param>
/// <param name="Whose">The entity it belongs to; the service centre for the operator's own.</param>
/// <param name="LastDay">The last legal day on which it holds.</param>
internal sealed record Expiry(string Kind, string Name, EntityId Whose, DateOnly LastDay);

/// <summary>Knows of things that end.</summary>
internal interface IExpiring
{
    /// <summary>What ends up to and with <paramref name="last"/> and has not ended before <paramref name="from"/>.</summary>
    Task<IReadOnlyList<Expiry>> Between(DateOnly from, DateOnly last, CancellationToken stop);
}

/// <summary>Secrets whose last day the operator wrote beside them, keys of other systems, and roles.</summary>
internal sealed class CoreExpiring(IConfiguration configuration, Database database, TimeProvider clock) : IExpiring
{
    public async Task<IReadOnlyList<Expiry>> Between(DateOnly from, DateOnly last, CancellationToken stop)
    {
        var secrets = configuration.GetSection("Secrets").GetChildren()
            .Select(secret => (secret.Key, Last: DateOnly.TryParseExact(secret["expires"], "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day : (DateOnly?)null))
            .Where(secret => secret.Last >= from && secret.Last <= last).Select(secret => new Expiry("secret", secret.Key, EntityId.Centre, secret.Last!.Value));
        var keys = await database.Run(
            ModuleRoles.Centre, null, "watch", clock,
            session => session.List<KeyRow>("select entity_id as entity, name, expires_on as last from core.api_key where revoked_at is null and expires_on between @from and @last order by expires_on limit 500", new { from, last }), stop);
        var roles = await database.Run(
            "portico_core", null, "watch", clock,
            session => session.List<KeyRow>(
                """
                select g.entity_id as entity, o.name, g.valid_until - 1 as last from core.officer_grant g join core.officer o on o.officer_id = g.officer_id
                 where g.revoked_at is null and g.valid_until - 1 between @from and @last order by g.valid_until limit 500
                """, new { from, last }), stop);
        return [.. secrets, .. keys.Select(key => new Expiry("key", key.Name, new(key.Entity), key.Last)), .. roles.Select(role => new Expiry("role", role.Name, new(role.Entity), role.Last))];
    }

    sealed class KeyRow
    {
        public int Entity { get; init; }
        public string Name { get; init; } = "";
        public DateOnly Last { get; init; }
    }
}

/// <summary>What ends within sixty days, or ended in the last thirty.</summary>
[RequiresPermission(CorePermissions.Watch)]
internal sealed class ExpiringPage(IEnumerable<IExpiring> sources, EntityDirectory entities) : IPage
{
    const int Ahead = 60, Behind = 30;

    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        var today = LegalTime.Day(request.Now);
        var known = await entities.Current(stop);
        var all = new List<Expiry>();
        foreach (var source in sources)
            all.AddRange(await source.Between(today.AddDays(-Behind), today.AddDays(Ahead), stop));
        return PageAnswer.View<ExpiringView>(new ExpiringModel(
            [.. all.OrderBy(one => one.LastDay).ThenBy(one => one.Name, StringComparer.Ordinal).Select(one => new ExpiringLine(request.Texts[$"watch.expiring.{one.Kind}"], one.Name, known.ById(one.Whose)?.Name ?? "", one.LastDay, one.LastDay < today))], Ahead));
    }
}

/// <summary>A line of what ends.</summary>
public sealed record ExpiringLine(string Kind, string Name, string Whose, DateOnly LastDay, bool Ended);

/// <summary>What ends soon.</summary>
public sealed record ExpiringModel(IReadOnlyList<ExpiringLine> Lines, int Days);
