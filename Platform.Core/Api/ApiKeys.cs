using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Storage;
using Platform.Core.Time;

namespace Platform.Core.Api;

/// <summary>A key of an entity, without its secret.</summary>
internal sealed record ApiKey(
    Guid KeyId, string Service, string Permissions, string Name, string CreatedBy, DateTimeOffset CreatedAt, DateOnly ExpiresOn, DateTimeOffset? LastUsedAt, DateTimeOffset? RevokedAt, string? RevokedBy)
{
    public IReadOnlyList<string> All => Permissions.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    public bool HoldsOn(DateOnly day) => RevokedAt is null && day <= ExpiresOn;
}

/// <summary>Makes keys, knows them again, and ends them.</summary>
/// <remarks>
/// A key's text is <c>ptk_CTN_…_…</c>: whose it is, which one, and 256 random bits. The entity stands in it, so that no look-up crosses entities; the secret is random, so that its plain
/// SHA-256 tells nothing to who reads the table.
/// </remarks>
internal sealed class ApiKeys(Database database, EntityDirectory entities, TimeProvider clock)
{
    public const int LongestDays = 400;

    const string Core = "portico_core";
    const string Prefix = "ptk";
    const string Columns =
        "select key_id as keyId, service, permissions, name, created_by as createdBy, created_at as createdAt, expires_on as expiresOn, last_used_at as lastUsedAt, revoked_at as revokedAt, revoked_by as revokedBy";

    DateOnly Today => LegalTime.Day(clock.GetUtcNow());

    /// <param name="permissions">Declared by the service; at least one.</param>
    /// <returns>The key's text, which nobody can have again. Refused for a name of none or more than 80 characters, and for a last day that is past or more than 400 days ahead.</returns>
    public async Task<Outcome<string>> Create(Entity entity, string service, IReadOnlyList<string> permissions, string name, DateOnly expiresOn, string by, CancellationToken stop)
    {
        if (name.Trim() is not { Length: > 0 and <= 80 } || name.Any(char.IsControl))
            return new Refusal("keys.name");
        if (expiresOn < Today || expiresOn > Today.AddDays(LongestDays))
            return new Refusal("keys.expiry");
        if (permissions.Count == 0 || permissions.Any(permission => !permission.StartsWith(service + ".", StringComparison.Ordinal)))
            return new Refusal("keys.permission");
        var (id, secret) = (Guid.NewGuid(), RandomNumberGenerator.GetBytes(32));
        await database.Run(
            Core, entity.Id, by, clock,
            async session =>
            {
                await session.Execute(
                    """
                    insert into core.api_key (entity_id, key_id, service, permissions, name, secret_sha256, created_by, created_at, expires_on)
                    values (@entity, @id, @service, @all, @name, @digest, @by, @now, @expiresOn)
                    """,
                    new { entity = session.Entity, id, service, all = string.Join(' ', permissions.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)), name = name.Trim(), digest = SHA256.HashData(secret), by, now = clock.GetUtcNow(), expiresOn });
                session.Record("key.created", new { key = id, service, permissions, expiresOn });
                return id;
            },
            stop);
        return $"{Prefix}_{entity.Code}_{id:N}_{Convert.ToHexStringLower(secret)}";
    }

    public Task<IReadOnlyList<ApiKey>> List(EntityId entity, CancellationToken stop) => database.Run(
        Core, entity, "keys", clock, session => session.List<ApiKey>(Columns + " from core.api_key where entity_id = @entity order by revoked_at is not null, created_at desc limit 500", new { entity = session.Entity }), stop);

    public Task<ApiKey?> Find(EntityId entity, Guid key, CancellationToken stop) => database.Run(
        Core, entity, "keys", clock, session => session.First<ApiKey>(Columns + " from core.api_key where entity_id = @entity and key_id = @key", new { entity = session.Entity, key }), stop);

    /// <returns>Whether there was one that held.</returns>
    public Task<bool> Revoke(EntityId entity, Guid key, string by, CancellationToken stop) => database.Run(
        Core, entity, by, clock,
        async session =>
        {
            if (await session.Execute(
                    "update core.api_key set revoked_at = @now, revoked_by = @by where entity_id = @entity and key_id = @key and revoked_at is null", new { entity = session.Entity, key, by, now = clock.GetUtcNow() }) == 0)
                return false;
            session.Record("key.revoked", new { key });
            return true;
        },
        stop);

    /// <summary>The key that this text is, while it holds; null for any other text, whatever is wrong with it.</summary>
    public async Task<(Entity Entity, ApiKey Key)?> Known(string text, CancellationToken stop)
    {
        if (text.Length > 200 || text.Split('_') is not [Prefix, var code, { Length: 32 } id, { Length: 64 } secret] || !Guid.TryParseExact(id, "N", out var key) || !secret.All(char.IsAsciiHexDigit)
            || (await entities.Current(stop)).ByCode(code) is not { } entity)
            return null;
        var now = clock.GetUtcNow();
        return await database.Run<(Entity, ApiKey)?>(
            Core, entity.Id, string.Create(CultureInfo.InvariantCulture, $"key:{key}"), clock,
            async session =>
            {
                var row = await session.First<Held>("select secret_sha256 as digest, last_used_at as lastUsedAt from core.api_key where entity_id = @entity and key_id = @key", new { entity = session.Entity, key });
                // Compared also where there is none, so that the answer takes as long.
                var same = CryptographicOperations.FixedTimeEquals(row?.Digest ?? new byte[32], SHA256.HashData(Convert.FromHexString(secret)));
                if (row is null || !same || await session.First<ApiKey>(Columns + " from core.api_key where entity_id = @entity and key_id = @key", new { entity = session.Entity, key }) is not { } known
                    || !known.HoldsOn(LegalTime.Day(now)))
                    return null;
                if (row.LastUsedAt is not { } last || now - last >= TimeSpan.FromHours(1))
                    await session.Execute("update core.api_key set last_used_at = @now where entity_id = @entity and key_id = @key", new { entity = session.Entity, key, now });
                return (entity, known);
            },
            stop);
    }

    sealed record Held(byte[] Digest, DateTimeOffset? LastUsedAt);
}
