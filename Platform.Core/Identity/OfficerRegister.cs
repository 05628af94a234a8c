using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Npgsql;
using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Plugins;
using Platform.Core.Storage;
using Platform.Core.Time;

namespace Platform.Core.Identity;

/// <summary>An officer as lists show him.</summary>
internal sealed record OfficerEntry(Guid OfficerId, string Name, string? Login, bool Suspended);

/// <summary>Refusal codes of <see cref="OfficerRegister"/>.</summary>
internal static class OfficerRefusals
{
    public const string Code = "core.bootstrap_code";
    public const string Login = "core.login";
    public const string LoginTaken = "core.login_taken";
    public const string Name = "core.officer_name";
    public const string Password = "core.password";
    public const string NoOfficer = "core.no_officer";
    public const string NoGrant = "core.no_grant";
    public const string GrantThere = "core.grant_there";
    public const string Role = "core.role";
    public const string Scope = "core.scope";
    public const string Days = "core.grant_days";
}

/// <summary>Keeps officers, their ways to sign in and what they were given. Every change is in the journal of the entity that it concerns, by whom.</summary>
internal sealed partial class OfficerRegister(Database database, ServiceCatalog catalog, TimeProvider clock)
{
    public static readonly TimeSpan CodeLasts = TimeSpan.FromHours(1);

    const string Core = "portico_core";

    /// <summary>A code by which somebody becomes an administrator of the service centre, once and within <see cref="CodeLasts"/>. Codes printed before are worth nothing any more.</summary>
    public async Task<string> NewBootstrapCode(string by, CancellationToken stop)
    {
        // 100 bits in letters and digits that nobody mistakes for others.
        var code = RandomNumberGenerator.GetString("23456789ABCDEFGHJKLMNPQRSTUVWXYZ", 20);
        var now = clock.GetUtcNow();
        await database.Run(
            Core, EntityId.Centre, by, clock,
            async session =>
            {
                await session.Execute("delete from core.bootstrap_code where used_at is null", null);
                await session.Execute("insert into core.bootstrap_code (code_hash, made_at, expires_at) values (@hash, @now, @expires)", new { hash = HashOf(code), now, expires = now + CodeLasts });
                session.Record("core.bootstrap_code_made", new { Until = now + CodeLasts });
                return true;
            },
            stop);
        return string.Join('-', code.Chunk(5).Select(part => new string(part)));
    }

    /// <summary>Makes the administrator whom a bootstrap code allows, in one transaction with the code's end.</summary>
    public async Task<Outcome<Guid>> Bootstrap(string code, string name, string login, string password, CancellationToken stop)
    {
        if (Fault(name, login, password) is { } fault)
            return fault;
        var kept = await Passwords.Hash(password);
        var now = clock.GetUtcNow();
        try
        {
            return await database.Run<Outcome<Guid>>(
                Core, EntityId.Centre, "bootstrap", clock,
                async session =>
                {
                    if (await session.Execute("update core.bootstrap_code set used_at = @now where code_hash = @hash and used_at is null and expires_at > @now", new { hash = HashOf(code), now }) == 0)
                        return new Refusal(OfficerRefusals.Code);
                    var officer = await Insert(session, name, login, kept, "bootstrap");
                    await Insert(session, officer, EntityId.Centre, OfficerRoles.Administrator, "", LegalTime.Day(now), null, "bootstrap");
                    return officer;
                },
                stop);
        }
        catch (PostgresException taken) when (taken.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            return new Refusal(OfficerRefusals.LoginTaken);
        }
    }

    /// <summary>Makes an officer who has nothing yet.</summary>
    /// <param name="login">By which he signs in with a password; null when only a provider of identities knows him.</param>
    /// <param name="password">Null while he has none.</param>
    public async Task<Outcome<Guid>> Create(string name, string? login, string? password, string by, CancellationToken stop)
    {
        if (Fault(name, login, password) is { } fault)
            return fault;
        var kept = password is null ? null : await Passwords.Hash(password);
        try
        {
            return await database.Run<Outcome<Guid>>(Core, EntityId.Centre, by, clock, async session => await Insert(session, name, login, kept, by), stop);
        }
        catch (PostgresException taken) when (taken.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            return new Refusal(OfficerRefusals.LoginTaken);
        }
    }

    /// <summary>Gives an officer a role at an entity; at the centre it holds for all.</summary>
    public async Task<Outcome<Guid>> Grant(Guid officer, EntityId entity, string role, string scope, DateOnly? from, DateOnly? until, string by, CancellationToken stop)
    {
        if (!OfficerRoles.All.Contains(role, StringComparer.Ordinal))
            return new Refusal(OfficerRefusals.Role, string.Join(", ", OfficerRoles.All));
        if (ScopeFault(role, scope) is { } wrong)
            return new Refusal(OfficerRefusals.Scope, wrong);
        var first = from ?? LegalTime.Day(clock.GetUtcNow());
        if (until <= first)
            return new Refusal(OfficerRefusals.Days);
        try
        {
            return await database.Run<Outcome<Guid>>(Core, entity, by, clock, async session => await Insert(session, officer, entity, role, scope, first, until, by), stop);
        }
        catch (PostgresException refused) when (refused.SqlState is PostgresErrorCodes.UniqueViolation or PostgresErrorCodes.ForeignKeyViolation)
        {
            return new Refusal(refused.SqlState == PostgresErrorCodes.UniqueViolation ? OfficerRefusals.GrantThere : OfficerRefusals.NoOfficer);
        }
    }

    /// <summary>Takes back what was given at <paramref name="entity"/>, and ends the officer's sign-ins.</summary>
    public Task<Outcome<Guid>> Revoke(Guid grant, EntityId entity, string by, CancellationToken stop) => database.Run<Outcome<Guid>>(
        Core, entity, by, clock,
        async session =>
        {
            var row = await session.First<RevokedRow>(
                """
                update core.officer_grant set revoked_at = @now, revoked_by = @by
                 where grant_id = @grant and entity_id = @entity and revoked_at is null returning officer_id, role, scope
                """,
                new { grant, entity = entity.Value, now = clock.GetUtcNow(), by });
            if (row is null)
                return new Refusal(OfficerRefusals.NoGrant);
            await session.Execute("delete from core.officer_session where officer_id = @OfficerId", new { row.OfficerId });
            session.Record("core.revoked", new { Grant = grant, Officer = row.OfficerId, row.Role, row.Scope });
            return row.OfficerId;
        },
        stop);

    /// <summary>All officers, or those who were given something at <paramref name="entity"/>.</summary>
    public Task<IReadOnlyList<OfficerEntry>> List(EntityId? entity, CancellationToken stop) => database.Run(
        Core, null, "core", clock,
        session => session.List<OfficerEntry>(
            """
            select o.officer_id as officerId, o.name, o.login, o.suspended_at is not null as suspended
              from core.officer o
             where @entity::int is null or exists (select from core.officer_grant g where g.officer_id = o.officer_id and g.entity_id = @entity)
             order by o.name, o.officer_id limit 2000
            """,
            new { entity = entity?.Value }),
        stop);

    /// <summary>What is given, or was, at an entity or to an officer; the newest first.</summary>
    public async Task<IReadOnlyList<OfficerGrant>> Grants(EntityId? entity, Guid? officer, CancellationToken stop)
    {
        var rows = await database.Run(
            Core, null, "core", clock,
            session => session.List<GrantRow>(
                """
                select grant_id, officer_id, entity_id, role, scope, valid_from, valid_until, granted_by, granted_at, revoked_by, revoked_at
                  from core.officer_grant
                 where (@entity::int is null or entity_id = @entity) and (@officer::uuid is null or officer_id = @officer)
                 order by granted_at desc, grant_id limit 5000
                """,
                new { entity = entity?.Value, officer }),
            stop);
        return [.. rows.Select(row => new OfficerGrant(row.GrantId, row.OfficerId, new(row.EntityId), row.Role, row.Scope, row.ValidFrom, row.ValidUntil, row.GrantedBy, row.GrantedAt, row.RevokedBy, row.RevokedAt))];
    }

    /// <summary>Whose the sign-in name is, when the password is right; null in every other case, and after the same time.</summary>
    public async Task<Guid?> ByPassword(string login, string password, CancellationToken stop)
    {
        var row = await database.Run(
            Core, null, "core", clock,
            session => session.First<PasswordRow>("select officer_id, password from core.officer where login = @login and suspended_at is null", new { login = Plain(login) }), stop);
        return await Passwords.Matches(password, row?.Password) ? row!.OfficerId : null;
    }

    /// <summary>A sign-in name as it is kept and compared.</summary>
    public static string Plain(string login) => login.Trim().ToLowerInvariant();

    string? ScopeFault(string role, string scope) => role switch
    {
        OfficerRoles.Officer => catalog.Permissions.Any(permission => permission.Id.StartsWith(scope + ".", StringComparison.Ordinal)) ? null
            : string.Join(", ", catalog.Permissions.Select(permission => permission.Id.Split('.')[0]).Distinct(StringComparer.Ordinal)),
        OfficerRoles.Permission => catalog.Permissions.Any(permission => permission.Id == scope) ? null : string.Join(", ", catalog.Permissions.Select(permission => permission.Id)),
        _ => scope.Length == 0 ? null : "",
    };

    static Refusal? Fault(string name, string? login, string? password) =>
        name.Trim().Length is 0 or > 120 ? new(OfficerRefusals.Name)
        : login is not null && !LoginPattern().IsMatch(Plain(login)) ? new(OfficerRefusals.Login)
        : password is not null && (password.Length is < Passwords.Shortest or > Passwords.Longest || string.Equals(password, login, StringComparison.OrdinalIgnoreCase)) ? new Refusal(OfficerRefusals.Password)
        : null;

    async Task<Guid> Insert(EntitySession session, string name, string? login, string? password, string by)
    {
        var now = clock.GetUtcNow();
        var officer = Guid.CreateVersion7(now);
        await session.Execute(
            """
            insert into core.officer (officer_id, name, login, password, password_at, made_at, made_by)
            values (@officer, @name, @login, @password, @passwordAt, @now, @by)
            """,
            new { officer, name = name.Trim(), login = login is null ? null : Plain(login), password, passwordAt = password is null ? (DateTimeOffset?)null : now, now, by });
        session.Record("core.officer_made", new { Officer = officer });
        return officer;
    }

    async Task<Guid> Insert(EntitySession session, Guid officer, EntityId entity, string role, string scope, DateOnly from, DateOnly? until, string by)
    {
        var now = clock.GetUtcNow();
        var grant = Guid.CreateVersion7(now);
        await session.Execute(
            """
            insert into core.officer_grant (grant_id, officer_id, entity_id, role, scope, valid_from, valid_until, granted_at, granted_by)
            values (@grant, @officer, @entity, @role, @scope, @from, @until, @now, @by)
            """,
            new { grant, officer, entity = entity.Value, role, scope, from, until, now, by });
        session.Record("core.granted", new { Grant = grant, Officer = officer, Role = role, Scope = scope, From = from, Until = until });
        return grant;
    }

    static byte[] HashOf(string code) => SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(code.Where(char.IsAsciiLetterOrDigit)).ToUpperInvariant()));

    [GeneratedRegex("^[a-z0-9][a-z0-9._@-]{2,99}\\z", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex LoginPattern();

    sealed class PasswordRow
    {
        public Guid OfficerId { get; init; }
        public string? Password { get; init; }
    }

    sealed class RevokedRow
    {
        public Guid OfficerId { get; init; }
        public string Role { get; init; } = "";
        public string Scope { get; init; } = "";
    }

    sealed class GrantRow
    {
        public Guid GrantId { get; init; }
        public Guid OfficerId { get; init; }
        public int EntityId { get; init; }
        public string Role { get; init; } = "";
        public string Scope { get; init; } = "";
        public DateOnly ValidFrom { get; init; }
        public DateOnly? ValidUntil { get; init; }
        public string GrantedBy { get; init; } = "";
        public DateTimeOffset GrantedAt { get; init; }
        public string? RevokedBy { get; init; }
        public DateTimeOffset? RevokedAt { get; init; }
    }
}
