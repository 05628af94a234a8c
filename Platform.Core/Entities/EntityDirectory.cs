using System.Globalization;
using Platform.Core.Maintenance;
using Platform.Core.Storage;

namespace Platform.Core.Entities;

/// <summary>What a municipality offers: the service and to whom its money is owed, or only the announcement that it is coming.</summary>
internal sealed record Activation(EntityId Municipality, string Service, EntityId? Creditor, bool Active, bool Suspended = false);

/// <summary>All entities and activations as they stood a moment ago.</summary>
internal sealed class EntitySnapshot(IReadOnlyList<Entity> entities, IReadOnlyList<Activation> activations, IReadOnlyList<(string Host, EntityId Entity)> hosts, IReadOnlyList<MaintenanceWindow> maintenance)
{
    readonly Dictionary<EntityId, Entity> _byId = entities.ToDictionary(e => e.Id);
    readonly Dictionary<string, Entity> _bySlug = entities.ToDictionary(e => e.Slug, StringComparer.OrdinalIgnoreCase);
    readonly Dictionary<string, Entity> _byCode = entities.ToDictionary(e => e.Code, StringComparer.Ordinal);
    readonly Dictionary<string, Entity> _byIstat = entities.Where(entity => entity.IstatCode is not null).DistinctBy(entity => entity.IstatCode, StringComparer.Ordinal).ToDictionary(entity => entity.IstatCode!, StringComparer.Ordinal);
    // One array for all, in which a municipality's stand side by side: anything kept for each entity would be paid thousands of times.
    readonly Activation[] _activations = [.. activations.OrderBy(a => a.Municipality.Value)];
    readonly Dictionary<string, EntityId> _byHost = hosts.ToDictionary(host => host.Host, host => host.Entity, StringComparer.Ordinal);

    public IReadOnlyList<Entity> All => entities;

    public Entity? ById(EntityId id) => _byId.GetValueOrDefault(id);

    public Entity? BySlug(string slug) => _bySlug.GetValueOrDefault(slug);

    /// <param name="host">As <see cref="HostNames.Plain"/> writes it.</param>
    public Entity? ByHost(string host) => _byHost.TryGetValue(host, out var id) ? ById(id) : null;

    public IEnumerable<string> HostsOf(EntityId entity) => hosts.Where(host => host.Entity == entity).Select(host => host.Host);

    /// <summary>What an entity itself has set for a service; null when nothing, or when it is over.</summary>
    public MaintenanceWindow? MaintenanceAt(EntityId entity, string service, DateTimeOffset now) => maintenance.FirstOrDefault(window => window.Entity == entity && window.Service == service && window.Until > now);

    /// <summary>What keeps a service from a municipality's citizens, or will: set there, at the creditor's, or for all. What is in force goes before what is announced, and of several the longest.</summary>
    public MaintenanceWindow? MaintenanceOf(EntityId municipality, EntityId creditor, string service, DateTimeOffset now) => maintenance.Count == 0 ? null : maintenance
        .Where(window => window.Service == service && window.Until > now && (window.Entity == municipality || window.Entity == creditor || window.Entity == EntityId.Centre))
        .OrderBy(window => window.From > now).ThenByDescending(window => window.From > now ? default : window.Until).ThenBy(window => window.From).FirstOrDefault();

    public Entity? ByIstat(string istatCode) => _byIstat.GetValueOrDefault(istatCode);

    public Entity? ByCode(string code) => _byCode.GetValueOrDefault(code);

    /// <summary>To whom the money of a service is owed, wherever it is offered.</summary>
    /// <param name="announced">Those too whose citizens do not meet it yet, or not any more: their officers prepare it, or end what was begun.</param>
    public IEnumerable<Entity> CreditorsOf(string service, bool announced = false) =>
        _activations.Where(activation => (announced || activation.Active) && activation.Service == service).Select(activation => activation.Creditor is { } id ? ById(id) : null).OfType<Entity>().Distinct();

    public IEnumerable<Activation> ActivationsOf(EntityId municipality)
    {
        var (first, after) = (0, _activations.Length);
        while (first < after)
        {
            var middle = (first + after) / 2;
            if (_activations[middle].Municipality.Value < municipality.Value)
                first = middle + 1;
            else
                after = middle;
        }
        return _activations.Skip(first).TakeWhile(activation => activation.Municipality == municipality);
    }
}

/// <summary>Reads entities from the database at most once in two seconds, so that a change is seen without restart and a page costs no query for it.</summary>
internal sealed class EntityDirectory(Database database, TimeProvider clock) : IDisposable
{
    const long FreshForMilliseconds = 2000;

    readonly SemaphoreSlim _reading = new(1, 1);
    EntitySnapshot? _snapshot;
    long _readAt;

    public async ValueTask<EntitySnapshot> Current(CancellationToken stop)
    {
        if (_snapshot is { } fresh && Environment.TickCount64 - _readAt < FreshForMilliseconds)
            return fresh;
        // Inside a transaction, where no other may begin, what was true a moment ago will do.
        if (_snapshot is { } known && OpenTransaction.IsOpen)
            return known;
        await _reading.WaitAsync(stop);
        try
        {
            if (_snapshot is null || Environment.TickCount64 - _readAt >= FreshForMilliseconds)
            {
                _snapshot = await Read(stop);
                _readAt = Environment.TickCount64;
            }
            return _snapshot;
        }
        finally
        {
            _reading.Release();
        }
    }

    /// <summary>What was read last, however old: for a page that must not ask the database. Null when nothing has been read.</summary>
    public EntitySnapshot? LastKnown => _snapshot;

    /// <summary>What was read is out of date: the next look outside a transaction reads again.</summary>
    public void Forget() => _readAt = long.MinValue / 2;

    Task<EntitySnapshot> Read(CancellationToken stop) => database.Run(
        ModuleRoles.Of("core"), null, "core", clock,
        async session =>
        {
            var entities = await session.List<EntityRow>(
                """
                select e.entity_id, e.code, e.slug, e.name, e.kind, e.istat_code, e.tax_code, e.colour, e.website, e.address, e.phone, e.email, e.pec,
                       left(encode(l.sha256, 'hex'), 16) as logo, (select min(h.host) from core.host_name h where h.entity_id = e.entity_id) as host
                  from core.entity e left join core.logo l on l.entity_id = e.entity_id
                 order by e.name
                """);
            var activations = await session.List<ActivationRow>("select entity_id, service, creditor_id, state, suspended_at is not null as suspended from core.activation order by service");
            var hosts = await session.List<HostRow>("select host, entity_id from core.host_name order by host");
            var maintenance = await session.List<MaintenanceRow>("select entity_id, service, from_at, until_at, words, words_en from core.maintenance where until_at > @now", new { now = clock.GetUtcNow() });
            // Each row brought strings of its own; those that all share are kept once.
            var shared = new HashSet<string>(StringComparer.Ordinal);
            return new EntitySnapshot(
                [.. entities.Select(e => e.ToEntity(Shared(e.Colour)))],
                [.. activations.Select(a => new Activation(a.EntityId, Shared(a.Service), a.CreditorId is { } creditor ? new EntityId(creditor) : null, a.State == "active", a.Suspended))],
                [.. hosts.Select(h => (h.Host, h.EntityId))],
                [.. maintenance.Select(m => new MaintenanceWindow(m.EntityId, m.Service, m.FromAt, m.UntilAt, m.Words, m.WordsEn))]);

            string Shared(string text)
            {
                if (shared.TryGetValue(text, out var known))
                    return known;
                shared.Add(text);
                return text;
            }
        },
        stop);

    public void Dispose() => _reading.Dispose();

    sealed class EntityRow
    {
        public EntityId EntityId { get; init; }
        public string Code { get; init; } = "";
        public string Slug { get; init; } = "";
        public string Name { get; init; } = "";
        public string Kind { get; init; } = "";
        public string? IstatCode { get; init; }
        public string TaxCode { get; init; } = "";
        public string Colour { get; init; } = "";
        public string? Website { get; init; }
        public string? Address { get; init; }
        public string? Phone { get; init; }
        public string? Email { get; init; }
        public string? Pec { get; init; }

        public string? Logo { get; init; }
        public string? Host { get; init; }

        public Entity ToEntity(string colour) => new(EntityId, Code, Slug, Name, EntityKinds.Parse(Kind), IstatCode, TaxCode, colour, Website, Address, Phone, Email, Pec)
        {
            LogoPath = Logo is null ? null : $"/{Slug}/logo.png?v={Logo}",
            HostName = Host,
        };
    }

    sealed class MaintenanceRow
    {
        public EntityId EntityId { get; init; }
        public string Service { get; init; } = "";
        public DateTimeOffset FromAt { get; init; }
        public DateTimeOffset UntilAt { get; init; }
        public string Words { get; init; } = "";
        public string WordsEn { get; init; } = "";
    }

    sealed class HostRow
    {
        public string Host { get; init; } = "";
        public EntityId EntityId { get; init; }
    }

    sealed class ActivationRow
    {
        public EntityId EntityId { get; init; }
        public string Service { get; init; } = "";
        public int? CreditorId { get; init; }
        public string State { get; init; } = "";
        public bool Suspended { get; init; }
    }
}

internal static class EntityKinds
{
    public static EntityKind Parse(string kind) => kind switch
    {
        "centre" => EntityKind.ServiceCentre,
        "municipality" => EntityKind.Municipality,
        "union" => EntityKind.Union,
        "province" => EntityKind.Province,
        _ => throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"No kind of entity: {kind}.")),
    };
}
