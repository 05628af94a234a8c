using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.DataProtection;
using Npgsql;
using OtpNet;
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
    public const string OldPassword = "core.old_password";
    public const string NoOfficer = "core.no_officer";
    public const string NoGrant = "core.no_grant";
    public const string GrantThere = "core.grant_there";
    public const string Role = "core.role";
    public const string Scope = "core.scope";
    public const string Days = "core.grant_days";
    public const string Identity = "core.identity";
}

/// <summary>Keeps officers, their ways to sign in and what they were given. Every change is in the journal of the entity that it concerns, by whom.</summary>
internal sealed partial class OfficerRegister(Database database, ServiceCatalog catalog, IDataProtectionProvider protection, TimeProvider clock)
{
    public static readonly TimeSpan CodeLasts = TimeSpan.FromHours(1);

    /// <summary>A code for an officer outlives a week-end.</summary>
    public static readonly TimeSpan ActivationLasts = TimeSpan.FromDays(3);

    const string Core = "portico_core";

    readonly IDataProtector _sealed = protection.CreateProtector("console", "second factor");

    /// <summary>A code by which somebody becomes an administrator of the service centre, once and within <see cref="CodeLasts"/>. Codes printed before are worth nothing any more.</summary>
    public Task<string> NewBootstrapCode(string by, CancellationToken stop) => database.Run(
        Core, EntityId.Centre, by, clock,
        async session =>
        {
            session.Record("core.bootstrap_code_made", new { Until = clock.GetUtcNow() + CodeLasts });
            return await NewCode(session, null, CodeLasts);
        },
        stop);

    /// <summary>
    /// A code by which an officer chooses a password, once and within <see cref="ActivationLasts"/>. The password and the second factor that he had are gone, and he is signed out everywhere.
    /// </summary>
    /// <param name="onlyAt">Refused of who was given anything elsewhere than at this entity; null asks nothing.</param>
    public Task<Outcome<string>> NewActivationCode(Guid officer, string by, CancellationToken stop, EntityId? onlyAt = null) => database.Run<Outcome<string>>(
        Core, EntityId.Centre, by, clock,
        async session =>
        {
            if (await session.Execute(
                    """
                    update core.officer set password = null, password_at = null, totp = null, totp_step = 0
                     where officer_id = @officer and login is not null and suspended_at is null
                       and (@onlyAt::int is null or not exists (select from core.officer_grant g where g.officer_id = @officer and g.revoked_at is null and g.entity_id <> @onlyAt))
                    """,
                    new { officer, onlyAt = onlyAt?.Value }) == 0)
                return new Refusal(OfficerRefusals.NoOfficer);
            await session.Execute("delete from core.officer_session where officer_id = @officer", new { officer });
            session.Record("core.activation_code_made", new { Officer = officer, Until = clock.GetUtcNow() + ActivationLasts });
            return await NewCode(session, officer, ActivationLasts);
        },
        stop);

    /// <summary>Lets who has an activation code choose a password.</summary>
    public async Task<Outcome<Guid>> Activate(string code, string password, CancellationToken stop)
    {
        // Whose password it will be matters for how good it is; whether the code still holds is decided below.
        var hash = HashOf(code);
        var whose = await database.Run(
            Core, null, "core", clock,
            session => session.First<NamesRow>("select o.login, o.name from core.sign_in_code c join core.officer o on o.officer_id = c.officer_id where c.code_hash = @hash", new { hash }), stop);
        if (Fault(whose?.Name ?? "-", whose?.Login, password) is { } fault)
            return fault;
        var kept = await Passwords.Hash(password);
        var now = clock.GetUtcNow();
        return await database.Run<Outcome<Guid>>(
            Core, EntityId.Centre, "activation", clock,
            async session =>
            {
                var officer = await session.First<Guid?>(
                    "update core.sign_in_code set used_at = @now where code_hash = @hash and officer_id is not null and used_at is null and expires_at > @now returning officer_id", new { hash, now });
                if (officer is null || await session.Execute("update core.officer set password = @kept, password_at = @now where officer_id = @officer and suspended_at is null", new { officer, kept, now }) == 0)
                    return new Refusal(OfficerRefusals.Code);
                session.Record("core.password_set", new { Officer = officer });
                return officer.Value;
            },
            stop);
    }

    /// <summary>Changes the password of who knows it, and ends his other sign-ins.</summary>
    /// <param name="keep">The sign-in that goes on.</param>
    public async Task<Outcome<Guid>> ChangePassword(Guid officer, string old, string password, byte[] keep, CancellationToken stop)
    {
        var known = await database.Run(Core, null, "core", clock, session => session.First<NamesRow>("select login, name, password from core.officer where officer_id = @officer", new { officer }), stop);
        if (Fault(known?.Name ?? "-", known?.Login, password) is { } fault)
            return fault;
        var was = known?.Password;
        if (!await Passwords.Matches(old, was))
            return new Refusal(OfficerRefusals.OldPassword);
        var kept = await Passwords.Hash(password);
        return await database.Run<Outcome<Guid>>(
            Core, EntityId.Centre, new Officer(officer, "", _ => false).Actor, clock,
            async session =>
            {
                await session.Execute("update core.officer set password = @kept, password_at = @now where officer_id = @officer and password = @was", new { officer, kept, was, now = clock.GetUtcNow() });
                await session.Execute("delete from core.officer_session where officer_id = @officer and session_hash <> @keep", new { officer, keep });
                session.Record("core.password_set", new { Officer = officer });
                return officer;
            },
            stop);
    }

    /// <summary>Whether an officer has a second factor.</summary>
    public Task<bool> HasSecondFactor(Guid officer, CancellationToken stop) => database.Run(
        Core, null, "core", clock, session => session.First<bool>("select totp is not null from core.officer where officer_id = @officer", new { officer }), stop);

    /// <summary>Uses a time-based code (RFC 6238: six digits, 30 seconds, one step of tolerance each way). A code that was used, or one before it, is taken no more.</summary>
    /// <param name="enrolling">The secret that he is to have from now on, when he has none yet.</param>
    public Task<bool> UseCode(Guid officer, byte[]? enrolling, string code, CancellationToken stop) => database.Run(
        Core, EntityId.Centre, new Officer(officer, "", _ => false).Actor, clock,
        async session =>
        {
            var row = await session.First<TotpRow>("select totp, totp_step from core.officer where officer_id = @officer and suspended_at is null for update", new { officer });
            if (row is null || row.Totp is null != enrolling is not null)
                return false;
            var totp = new Totp(enrolling ?? _sealed.Unprotect(row.Totp!));
            if (!totp.VerifyTotp(clock.GetUtcNow().UtcDateTime, string.Concat(code.Where(char.IsAsciiDigit)), out var step, new VerificationWindow(1, 1)) || step <= row.TotpStep)
                return false;
            await session.Execute(
                "update core.officer set totp_step = @step, totp = coalesce(totp, @kept) where officer_id = @officer", new { officer, step, kept = enrolling is null ? null : _sealed.Protect(enrolling) });
            if (enrolling is not null)
                session.Record("core.second_factor_set", new { Officer = officer });
            return true;
        },
        stop);

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
                    if (await session.Execute("update core.sign_in_code set used_at = @now where code_hash = @hash and officer_id is null and used_at is null and expires_at > @now", new { hash = HashOf(code), now }) == 0)
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

    /// <summary>Whose a sign-in name is; null when it is nobody's.</summary>
    public Task<Guid?> ByLogin(string login, CancellationToken stop) => database.Run(
        Core, null, "core", clock, session => session.First<Guid?>("select officer_id from core.officer where login = @login", new { login = Plain(login) }), stop);

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

    /// <summary>The names of some, by their numbers.</summary>
    public async Task<IReadOnlyDictionary<Guid, string>> Names(IReadOnlyCollection<Guid> officers, CancellationToken stop) => officers.Count == 0 ? new Dictionary<Guid, string>() : (await database.Run(
        Core, null, "core", clock,
        session => session.List<NameRow>("select officer_id, name from core.officer where officer_id = any(@ids)", new { ids = officers.ToArray() }),
        stop)).ToDictionary(row => row.OfficerId, row => row.Name);

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

    /// <summary>
    /// Whom a provider of identities means: by its own name for the person, or by the tax code that was written down beforehand. The first sign-in by tax code binds the provider's name too,
    /// by which the provider can end his sign-ins.
    /// </summary>
    public Task<Guid?> ByIdentity(string provider, string subject, string? taxCode, CancellationToken stop) => database.Run(
        Core, EntityId.Centre, "core", clock,
        async session =>
        {
            var found = await session.First<Guid?>(
                """
                select i.officer_id from core.officer_identity i join core.officer o on o.officer_id = i.officer_id and o.suspended_at is null
                 where i.provider = @provider and i.subject in (@subject, @taxCode) order by (i.subject = @subject) desc limit 1
                """,
                new { provider, subject = "sub:" + subject, taxCode = taxCode is null ? "" : "tax:" + taxCode });
            if (found is { } officer && await session.Execute(
                "insert into core.officer_identity (provider, subject, officer_id, bound_at, bound_by) values (@provider, @subject, @officer, @now, 'sign-in') on conflict do nothing",
                new { provider, subject = "sub:" + subject, officer, now = clock.GetUtcNow() }) > 0)
                session.Record("core.identity_bound", new { Officer = officer, Provider = provider });
            return found;
        },
        stop);

    /// <summary>Lets an officer sign in by a provider, under its own name for him or by his tax code. Null when done; otherwise why not.</summary>
    public async Task<Refusal?> Bind(Guid officer, string provider, string? subject, string? taxCode, string by, CancellationToken stop)
    {
        var code = default(TaxCode);
        if ((subject is null) == (taxCode is null) || taxCode is not null && !TaxCode.TryParse(taxCode, out code) || subject is { Length: 0 or > 250 })
            return new(OfficerRefusals.Identity);
        try
        {
            return await database.Run(
                Core, EntityId.Centre, by, clock,
                async session =>
                {
                    await session.Execute(
                        "insert into core.officer_identity (provider, subject, officer_id, bound_at, bound_by) values (@provider, @subject, @officer, @now, @by)",
                        new { provider, subject = taxCode is null ? "sub:" + subject : "tax:" + code.Value, officer, now = clock.GetUtcNow(), by });
                    session.Record("core.identity_bound", new { Officer = officer, Provider = provider });
                    return (Refusal?)null;
                },
                stop);
        }
        catch (Npgsql.PostgresException wrong) when (wrong.SqlState is Npgsql.PostgresErrorCodes.UniqueViolation or Npgsql.PostgresErrorCodes.ForeignKeyViolation or Npgsql.PostgresErrorCodes.CheckViolation)
        {
            return new(wrong.SqlState == Npgsql.PostgresErrorCodes.ForeignKeyViolation ? OfficerRefusals.NoOfficer : OfficerRefusals.Identity);
        }
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
        : password is not null && Passwords.IsWeak(password, login, name) ? new Refusal(OfficerRefusals.Password)
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

    async Task<string> NewCode(EntitySession session, Guid? officer, TimeSpan lasts)
    {
        // 100 bits in letters and digits that nobody mistakes for others.
        var code = RandomNumberGenerator.GetString("23456789ABCDEFGHJKLMNPQRSTUVWXYZ", 20);
        var now = clock.GetUtcNow();
        await session.Execute("delete from core.sign_in_code where used_at is null and officer_id is not distinct from @officer", new { officer });
        await session.Execute(
            "insert into core.sign_in_code (code_hash, officer_id, made_at, expires_at) values (@hash, @officer, @now, @expires)", new { hash = HashOf(code), officer, now, expires = now + lasts });
        return string.Join('-', code.Chunk(5).Select(part => new string(part)));
    }

    static byte[] HashOf(string code) => SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(code.Where(char.IsAsciiLetterOrDigit)).ToUpperInvariant()));

    [GeneratedRegex("^[a-z0-9][a-z0-9._@-]{2,99}\\z", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex LoginPattern();

    sealed class NameRow
    {
        public Guid OfficerId { get; init; }
        public string Name { get; init; } = "";
    }

    sealed class PasswordRow
    {
        public Guid OfficerId { get; init; }
        public string? Password { get; init; }
    }

    sealed class TotpRow
    {
        public byte[]? Totp { get; init; }
        public long TotpStep { get; init; }
    }

    sealed class NamesRow
    {
        public string? Login { get; init; }
        public string Name { get; init; } = "";
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
