using System.Text.Json;
using Npgsql;
using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Plugins;
using Platform.Core.Storage;

namespace Platform.Core.Settings;

/// <summary>Settings as one version left them.</summary>
/// <param name="Values">As stored: one text per setting that somebody has set.</param>
internal sealed record SettingsVersion(int Version, IReadOnlyDictionary<string, string> Values, DateTimeOffset ChangedAt, string ChangedBy);

/// <summary>Keeps what creditors decide, every version of it. Rows are only ever added, so that undoing is one more version.</summary>
internal sealed class SettingsStore(Database database, TimeProvider clock)
{
    const string CoreRole = "portico_core";

    public const string NothingToUndo = "Nobody has set anything yet: there is nothing to undo.";

    public static async Task<object> Read(EntitySession session, string service, SettingsForm form)
    {
        var body = await session.Under(CoreRole, core => core.First<string>(
            "select body::text from core.settings where entity_id = @entity and service = @service order by version desc limit 1", new { entity = session.Entity, service }));
        return body is null ? form.Default() : form.From(Parse(body), []);
    }

    /// <summary>The versions of a creditor, the newest first.</summary>
    public Task<IReadOnlyList<SettingsVersion>> History(EntityId creditor, string service, CancellationToken stop) => database.Run(
        CoreRole, creditor, "settings", clock, session => Versions(session, service), stop);

    /// <summary>What a service says of a creditor's settings as they stand, with what is stored and no longer understood; nothing where there is nothing to decide.</summary>
    public async Task<IReadOnlyList<Readiness>> Judge(ServiceDescription service, Entity creditor, CancellationToken stop)
    {
        if (service.Settings is not { } form)
            return [];
        var history = await History(creditor.Id, service.Id, stop);
        var faults = new List<string>();
        var current = history.Count == 0 ? form.Default() : form.From(history[0].Values, faults);
        return [.. faults.Concat(form.Faults(current)).Select(fault => new Readiness(false, fault)), .. form.Check(current, creditor)];
    }

    /// <summary>Adds a version in which <paramref name="changes"/> are made, or does nothing when they change nothing.</summary>
    /// <returns>The version that stands now, or what is wrong, one sentence each in <see cref="Refusal.Detail"/>.</returns>
    public Task<Outcome<int>> Change(EntityId creditor, string service, SettingsForm form, IReadOnlyList<(string Name, string Text)> changes, string who, CancellationToken stop) => Add(
        creditor, service, who,
        (versions, faults) =>
        {
            var values = new Dictionary<string, string>(versions.Count > 0 ? versions[0].Values : new Dictionary<string, string>(StringComparer.Ordinal), StringComparer.Ordinal);
            foreach (var (name, text) in changes)
            {
                if (form.Find(name) is not { } field)
                    faults.Add($"There is no setting {name}. There are: {string.Join(", ", form.Fields.Select(known => known.Name))}.");
                else if (!field.TryRead(text, out var value, out var wanted))
                    faults.Add($"{field.Name}: \"{text}\" is not {wanted}.");
                else
                {
                    var settings = form.Default();
                    field.Property.SetValue(settings, value);
                    values[field.Name] = field.Write(settings);
                }
            }
            if (faults.Count == 0)
                faults.AddRange(form.Faults(form.From(values, [])));
            return values;
        },
        stop);

    /// <summary>Adds a version that is as the one before the newest was: the defaults, when there was none.</summary>
    public Task<Outcome<int>> Undo(EntityId creditor, string service, string who, CancellationToken stop) => Add(
        creditor, service, who,
        (versions, faults) =>
        {
            if (versions.Count == 0)
                faults.Add(NothingToUndo);
            return versions.Count > 1 ? versions[1].Values : new Dictionary<string, string>(StringComparer.Ordinal);
        },
        stop);

    async Task<Outcome<int>> Add(
        EntityId creditor, string service, string who, Func<IReadOnlyList<SettingsVersion>, List<string>, IReadOnlyDictionary<string, string>> next, CancellationToken stop)
    {
        try
        {
            return await database.Run<Outcome<int>>(
                CoreRole, creditor, who, clock,
                async session =>
                {
                    var versions = await Versions(session, service);
                    var faults = new List<string>();
                    var values = next(versions, faults);
                    if (faults.Count > 0)
                        return new Refusal("settings.wrong", string.Join('\n', faults));
                    var before = versions.Count > 0 ? versions[0] : new(0, new Dictionary<string, string>(StringComparer.Ordinal), default, "");
                    var changed = values.Keys.Union(before.Values.Keys, StringComparer.Ordinal).Where(name => values.GetValueOrDefault(name) != before.Values.GetValueOrDefault(name)).Order(StringComparer.Ordinal).ToArray();
                    if (changed.Length == 0)
                        return before.Version;
                    await session.Execute(
                        "insert into core.settings (entity_id, service, version, body, changed_at, changed_by) values (@entity, @service, @version, @body::jsonb, @now, @who)",
                        new { entity = session.Entity, service, version = before.Version + 1, body = JsonSerializer.Serialize(values), now = clock.GetUtcNow(), who });
                    session.Record("settings.changed", new { service, version = before.Version + 1, changed });
                    return before.Version + 1;
                },
                stop);
        }
        catch (PostgresException twice) when (twice.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            return new Refusal("settings.wrong", "Somebody else changed them at the same moment: look at them, then try again.");
        }
    }

    static async Task<IReadOnlyList<SettingsVersion>> Versions(EntitySession session, string service) =>
    [
        .. from row in await session.List<Row>(
               "select version, body::text as body, changed_at, changed_by from core.settings where entity_id = @entity and service = @service order by version desc limit 50",
               new { entity = session.Entity, service })
           select new SettingsVersion(row.Version, Parse(row.Body), row.ChangedAt, row.ChangedBy),
    ];

    static Dictionary<string, string> Parse(string body) => JsonSerializer.Deserialize<Dictionary<string, string>>(body)!;

    sealed class Row
    {
        public int Version { get; init; }
        public string Body { get; init; } = "";
        public DateTimeOffset ChangedAt { get; init; }
        public string ChangedBy { get; init; } = "";
    }
}

internal sealed class SettingsOf<TSettings>(ISessions sessions, ServiceCatalog catalog) : ISettings<TSettings>
    where TSettings : class, new()
{
    public Task<TSettings> Read(CancellationToken stop) => sessions.Run(Read, stop);

    public async Task<TSettings> Read(IEntitySession session)
    {
        var service = catalog.Services.FirstOrDefault(service => service.Settings?.Type == typeof(TSettings))
            ?? throw new InvalidOperationException($"No active service describes the settings {typeof(TSettings).Name}: call service.Settings<{typeof(TSettings).Name}>() in Describe.");
        return (TSettings)await SettingsStore.Read((EntitySession)session, service.Id, service.Settings!);
    }
}

internal sealed class NamedSecrets(Microsoft.Extensions.Configuration.IConfiguration configuration) : ISecrets
{
    public string? Find(SecretName name) => string.IsNullOrEmpty(name.Value) ? null : configuration[$"Secrets:{name.Value}:value"];
}
