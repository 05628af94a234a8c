using System.Globalization;
using Platform.Core.Storage;

namespace Platform.Core.Entities;

/// <summary>What a municipality offers: the service and to whom its money is owed, or only the announcement that it is coming.</summary>
internal sealed record Activation(EntityId Municipality, string Service, EntityId? Creditor, bool Active);

/// <summary>All entities and activations as they stood a moment ago.</summary>
internal sealed class EntitySnapshot(IReadOnlyList<Entity> entities, IReadOnlyList<Activation> activations)
{
    readonly Dictionary<EntityId, Entity> _byId = entities.ToDictionary(e => e.Id);
    readonly Dictionary<string, Entity> _bySlug = entities.ToDictionary(e => e.Slug, StringComparer.OrdinalIgnoreCase);
    readonly Dictionary<string, Entity> _byCode = entities.ToDictionary(e => e.Code, StringComparer.Ordinal);
    readonly ILookup<EntityId, Activation> _activations = activations.ToLookup(a => a.Municipality);

    public IReadOnlyList<Entity> All => entities;

    public Entity? ById(EntityId id) => _byId.GetValueOrDefault(id);

    public Entity? BySlug(string slug) => _bySlug.GetValueOrDefault(slug);

    public Entity? ByCode(string code) => _byCode.GetValueOrDefault(code);

    public IEnumerable<Activation> ActivationsOf(EntityId municipality) => _activations[municipality];
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
                "select entity_id, code, slug, name, kind, istat_code, tax_code, colour, website, address, phone, email, pec from core.entity order by name");
            var activations = await session.List<ActivationRow>("select entity_id, service, creditor_id, state from core.activation order by service");
            return new EntitySnapshot(
                [.. entities.Select(e => e.ToEntity())],
                [.. activations.Select(a => new Activation(a.EntityId, string.Intern(a.Service), a.CreditorId is { } creditor ? new EntityId(creditor) : null, a.State == "active"))]);
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

        public Entity ToEntity() => new(EntityId, Code, Slug, Name, EntityKinds.Parse(Kind), IstatCode, TaxCode, Colour, Website, Address, Phone, Email, Pec);
    }

    sealed class ActivationRow
    {
        public EntityId EntityId { get; init; }
        public string Service { get; init; } = "";
        public int? CreditorId { get; init; }
        public string State { get; init; } = "";
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
