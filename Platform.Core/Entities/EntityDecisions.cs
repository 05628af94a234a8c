using System.Buffers.Binary;
using System.Net;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Npgsql;
using Platform.Core.Commands;
using Platform.Core.Storage;

namespace Platform.Core.Entities;

/// <summary>Changes single things of an entity: contacts, host names, logo, legal pages. Each change stands in the entity's journal; running hosts see it within seconds.</summary>
internal sealed partial class EntityDecisions(Database database, EntityDirectory directory, TimeProvider clock)
{
    const string CoreRole = "portico_core";
    public const string NothingToChange = "There was nothing to change.";
    public const int MostLogoBytes = 256 << 10;
    const int MostCharacters = 500;

    /// <summary>What <see cref="Set"/> changes, by the names that the CSV file uses.</summary>
    public static readonly IReadOnlyList<string> Fields = ["nome", "colore", "sito", "indirizzo", "telefono", "email", "pec"];

    public static readonly IReadOnlyList<string> NoticePages = ["privacy", "accessibility", "contacts"];

    /// <returns>What is wrong, or null when it is done. An empty value takes a contact away.</returns>
    public async Task<string?> Set(Entity entity, IReadOnlyDictionary<string, string> values, string who, CancellationToken stop)
    {
        if (values.Keys.FirstOrDefault(name => !Fields.Contains(name, StringComparer.Ordinal)) is { } unknown)
            return $"There is no {unknown}. There are: {string.Join(", ", Fields)}.";
        if (Wrong(values).FirstOrDefault() is { } field)
            return field switch
            {
                "nome" => "nome: 1 to 120 characters.",
                "colore" => $"colore: \"{values[field]}\" is no colour. Write it like #7a1f1f.",
                "sito" => $"sito: \"{values[field]}\" is no address. Write it like https://www.comune.example.",
                _ => $"{field}: one line of at most {MostCharacters} characters.",
            };
        string? Now(string field, string? before) => values.TryGetValue(field, out var text) ? text.Length == 0 ? null : text : before;
        return await Do(
            entity.Id, who, "entity.set", new { changed = values.Keys.Order(StringComparer.Ordinal).ToArray() },
            """
            update core.entity set name = @name, colour = @colour, website = @website, address = @address, phone = @phone, email = @email, pec = @pec, changed_at = @now
             where entity_id = @entity
            """,
            new
            {
                entity = entity.Id, name = Now("nome", entity.Name), colour = Now("colore", entity.Colour), website = Now("sito", entity.Website), address = Now("indirizzo", entity.Address),
                phone = Now("telefono", entity.Phone), email = Now("email", entity.Email), pec = Now("pec", entity.Pec), now = clock.GetUtcNow(),
            },
            stop);
    }

    /// <summary>The fields whose value cannot be one.</summary>
    public static IEnumerable<string> Wrong(IReadOnlyDictionary<string, string> values) => values.Where(value =>
        value.Value.Length > MostCharacters || value.Value.Any(char.IsControl) || value.Key switch
        {
            "nome" => value.Value.Length is 0 or > 120,
            "colore" => !ColourPattern().IsMatch(value.Value),
            "sito" => value.Value.Length > 0 && !(Uri.TryCreate(value.Value, UriKind.Absolute, out var address) && address.Scheme is "https" or "http"),
            _ => false,
        }).Select(value => value.Key);

    /// <summary>Offers a service to an entity's citizens, or only announces it; the money is owed to <paramref name="creditor"/>.</summary>
    /// <inheritdoc cref="Set"/>
    public Task<string?> Offer(Entity entity, string service, EntityId creditor, bool active, string who, CancellationToken stop) => Do(
        entity.Id, who, active ? "entity.service_offered" : "entity.service_suspended", new { service, creditor = creditor.Value },
        """
        insert into core.activation (entity_id, service, creditor_id, state) values (@entity, @service, @creditor, @state)
        on conflict (entity_id, service) do update set creditor_id = excluded.creditor_id, state = excluded.state,
               suspended_at = case when excluded.state = 'active' then null when core.activation.state = 'active' then @now else core.activation.suspended_at end
        """,
        new { entity = entity.Id, service, creditor, state = active ? "active" : "announced", now = clock.GetUtcNow() }, stop);

    /// <summary>Takes a service away from an entity. What was paid by it stays.</summary>
    /// <inheritdoc cref="Set"/>
    public Task<string?> Withdraw(Entity entity, string service, string who, CancellationToken stop) => Do(
        entity.Id, who, "entity.service_withdrawn", new { service }, "delete from core.activation where entity_id = @entity and service = @service", new { entity = entity.Id, service }, stop);

    /// <summary>A number is none: by it the host itself is reached, and it belongs to no entity.</summary>
    internal static bool IsHostName(string text) => text.Length <= 253 && HostPattern().IsMatch(text) && !IPAddress.TryParse(text, out _);

    /// <inheritdoc cref="Set"/>
    public async Task<string?> AddHost(Entity entity, string host, string who, CancellationToken stop)
    {
        var plain = HostNames.Plain(host);
        if (!IsHostName(plain))
            return $"\"{host}\" is no host name. Write it like servizi.comune.example, without https:// and without a port.";
        if ((await directory.Current(stop)).ByHost(plain) is { } other && other.Id != entity.Id)
            return $"{plain} leads to {other.Name} already. Take it away there first.";
        return await Do(
            entity.Id, who, "entity.host_added", new { host = plain },
            "insert into core.host_name (host, entity_id) values (@plain, @entity) on conflict (host) do nothing", new { plain, entity = entity.Id }, stop);
    }

    /// <inheritdoc cref="Set"/>
    public Task<string?> RemoveHost(Entity entity, string host, string who, CancellationToken stop) => Do(
        entity.Id, who, "entity.host_removed", new { host = HostNames.Plain(host) },
        "delete from core.host_name where host = @host and entity_id = @entity", new { host = HostNames.Plain(host), entity = entity.Id }, stop);

    /// <inheritdoc cref="Set"/>
    public async Task<string?> SetLogo(Entity entity, byte[] png, string who, CancellationToken stop) =>
        FaultOf(png) is { } fault ? fault : await Do(
            entity.Id, who, "entity.logo_set", new { sha256 = Convert.ToHexStringLower(SHA256.HashData(png)) },
            """
            insert into core.logo (entity_id, png, sha256, changed_at) values (@entity, @png, @sha256, @now)
            on conflict (entity_id) do update set png = excluded.png, sha256 = excluded.sha256, changed_at = excluded.changed_at
            """,
            new { entity = entity.Id, png, sha256 = SHA256.HashData(png), now = clock.GetUtcNow() }, stop);

    /// <inheritdoc cref="Set"/>
    public Task<string?> RemoveLogo(Entity entity, string who, CancellationToken stop) => Do(
        entity.Id, who, "entity.logo_removed", new { }, "delete from core.logo where entity_id = @entity", new { entity = entity.Id }, stop);

    public Task<byte[]?> Logo(Entity entity, CancellationToken stop) => database.Run(
        CoreRole, null, "logo", clock, session => session.First<byte[]>("select png from core.logo where entity_id = @entity", new { entity = entity.Id }), stop);

    /// <summary>An empty text takes the entity's own words back.</summary>
    /// <inheritdoc cref="Set"/>
    public async Task<string?> SetNotice(Entity entity, string page, string language, string body, string who, CancellationToken stop)
    {
        if (!NoticePages.Contains(page, StringComparer.Ordinal))
            return $"There is no page {page}. There are: {string.Join(", ", NoticePages)}.";
        if (language is not ("it" or "en"))
            return "The language is it or en.";
        if (body.Length > 60_000)
            return "The text is longer than 60000 characters.";
        return await Do(
            entity.Id, who, "entity.notice_set", new { page, language, characters = body.Length },
            """
            insert into core.notice (entity_id, page, language, version, body, changed_at, changed_by)
            select @entity, @page, @language, 1 + coalesce(max(version), 0), @body, @now, @who from core.notice where entity_id = @entity and page = @page and language = @language
            """,
            new { entity = entity.Id, page, language, body, now = clock.GetUtcNow(), who }, stop);
    }

    /// <summary>An entity's own words for a page, in the language asked for or else in Italian; null where the platform's stand.</summary>
    public async Task<(string Body, string Language)?> Notice(Entity entity, string page, string language, CancellationToken stop)
    {
        var found = await database.Run(
            CoreRole, entity.Id, "notice", clock,
            session => session.List<NoticeRow>(
                "select distinct on (language) language, body from core.notice where entity_id = @entity and page = @page order by language, version desc", new { entity = entity.Id, page }),
            stop);
        return (found.FirstOrDefault(row => row.Language == language && row.Body.Length > 0) ?? found.FirstOrDefault(row => row.Language == "it" && row.Body.Length > 0)) is { } own
            ? (own.Body, own.Language) : null;
    }

    async Task<string?> Do(EntityId entity, string who, string kind, object journal, string sql, object args, CancellationToken stop)
    {
        try
        {
            var touched = await database.Run(
                CoreRole, entity, who, clock,
                async session =>
                {
                    var rows = await session.Execute(sql, args);
                    if (rows > 0)
                        session.Record(kind, journal);
                    return rows;
                },
                stop);
            directory.Forget();
            return touched > 0 || kind == "entity.host_added" ? null : NothingToChange;
        }
        catch (PostgresException wrong) when (wrong.SqlState is PostgresErrorCodes.UniqueViolation or PostgresErrorCodes.CheckViolation)
        {
            return $"The database refused: {wrong.MessageText} ({wrong.ConstraintName}).";
        }
    }

    /// <summary>Why a file is no logo, or null. Only whole PNG pictures: an SVG is a document that may hold scripts and call other sites.</summary>
    internal static string? FaultOf(byte[] file)
    {
        const string again = "A logo is a PNG picture of 32 to 1024 pixels a side, at most 256 KiB.";
        if (file.Length > MostLogoBytes)
            return $"The file has {file.Length >> 10} KiB. {again}";
        if (!file.AsSpan().StartsWith((ReadOnlySpan<byte>)[0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]))
            return $"The file is no PNG. {again}";
        var rest = file.AsSpan(8);
        (int Width, int Height)? size = null;
        var ended = false;
        // Length, type, data, checksum: chunk by chunk to IEND, and nothing after it.
        while (rest.Length >= 12 && !ended)
        {
            var length = BinaryPrimitives.ReadUInt32BigEndian(rest);
            if (length > rest.Length - 12)
                return $"The picture is cut off. {again}";
            var type = rest.Slice(4, 4);
            if (size is null)
            {
                if (!type.SequenceEqual("IHDR"u8) || length != 13)
                    return $"The picture has no header. {again}";
                size = (BinaryPrimitives.ReadInt32BigEndian(rest[8..]), BinaryPrimitives.ReadInt32BigEndian(rest[12..]));
            }
            ended = type.SequenceEqual("IEND"u8);
            rest = rest[(int)(length + 12)..];
        }
        if (!ended || rest.Length > 0)
            return $"The picture does not end where its file does. {again}";
        return size is { Width: >= 32 and <= 1024, Height: >= 32 and <= 1024 } ? null : $"The picture has {size?.Width} x {size?.Height} pixels. {again}";
    }

    sealed class NoticeRow
    {
        public string Language { get; init; } = "";
        public string Body { get; init; } = "";
    }

    [GeneratedRegex("^#[0-9a-f]{6}$", RegexOptions.None, 1000)]
    private static partial Regex ColourPattern();

    [GeneratedRegex(@"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex HostPattern();
}
