using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Platform.Core.Entities;
using Platform.Core.Hosting;
using Platform.Core.Plugins;
using Platform.Core.Storage;
using Platform.Core.Time;

namespace Platform.Core.Identity;

/// <summary>Somebody who is signed in at the console, and what he was given.</summary>
internal sealed class SignedIn(Guid officer, string name, byte[] session, string provider, DateTimeOffset begunAt, IReadOnlyList<OfficerGrant> valid, ServiceCatalog catalog)
{
    public Guid OfficerId => officer;

    public string Name => name;

    public byte[] Session => session;

    public string Provider => provider;

    public DateTimeOffset BegunAt => begunAt;

    public IReadOnlyList<OfficerGrant> Valid => valid;

    public string Actor => new Officer(officer, name, _ => false).Actor;

    /// <summary>Whether something was given to him at the service centre, which holds everywhere.</summary>
    public bool IsOfCentre => valid.Any(grant => grant.Entity == EntityId.Centre);

    /// <summary>Him at the desk of an entity; null where he has nothing to do.</summary>
    public Officer? At(EntityId desk) => OfficerRoles.At(desk, valid, catalog.Permissions) is { } allowed ? new(officer, name, allowed.Contains) : null;

    /// <summary>The entities at whose desks he may sit, the centre first and the others by name.</summary>
    public IEnumerable<Entity> Desks(EntitySnapshot known, Entity centre) =>
        IsOfCentre ? known.All.Where(entity => entity.Id != EntityId.Centre).Prepend(centre)
        : known.All.Where(entity => valid.Any(grant => grant.Entity == entity.Id));
}

/// <summary>One sign-in as its owner sees it.</summary>
internal sealed record OfficerSession(DateTimeOffset BegunAt, DateTimeOffset SeenAt, bool IsThis);

/// <summary>Sign-ins of officers, in the database and so on every host. The browser has 256 random bits in a cookie, the database their digest.</summary>
internal sealed class OfficerSessions(Database database, ServiceCatalog catalog, PorticoOptions options, TimeProvider clock)
{
    /// <summary>So long after his last page an officer has to sign in again.</summary>
    public static readonly TimeSpan Idle = TimeSpan.FromMinutes(30);

    /// <summary>So long after signing in he has to do it again, whatever he does: a working day.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromHours(10);

    // A page every second need not write a row every second.
    static readonly TimeSpan Pace = TimeSpan.FromMinutes(1);

    const string Core = "portico_core";

    /// <summary>A browser takes a cookie of this name only from this host and by https.</summary>
    public string CookieName(HttpContext http) => IsSecure(http) ? "__Host-portico-console" : "portico-console";

    public bool IsSecure(HttpContext http) => http.Request.IsHttps || options.PublicAddress?.StartsWith("https:", StringComparison.OrdinalIgnoreCase) == true;

    /// <summary>Begins a sign-in under a new value; one that the browser brought is ended and never taken over.</summary>
    public async Task Begin(HttpContext http, Guid officer, string provider, string? providerSession, CancellationToken stop)
    {
        await End(http, stop);
        http.Response.Cookies.Append(
            CookieName(http), await Begin(officer, provider, providerSession, stop),
            new CookieOptions { HttpOnly = true, Secure = IsSecure(http), SameSite = SameSiteMode.Lax, Path = "/", IsEssential = true });
    }

    /// <returns>The cookie's value.</returns>
    public async Task<string> Begin(Guid officer, string provider, string? providerSession, CancellationToken stop)
    {
        var value = WebEncoders.Base64UrlEncode(RandomNumberGenerator.GetBytes(32));
        var now = clock.GetUtcNow();
        await database.Run(
            Core, EntityId.Centre, Actor(officer), clock,
            async session =>
            {
                await session.Execute(
                    """
                    insert into core.officer_session (session_hash, officer_id, provider, provider_session, begun_at, seen_at, ends_at)
                    values (@hash, @officer, @provider, @providerSession, @now, @now, @ends)
                    """,
                    new { hash = Hash(value), officer, provider, providerSession, now, ends = now + Longest });
                session.Record("core.signed_in", new { Officer = officer, Provider = provider });
                return true;
            },
            stop);
        return value;
    }

    /// <summary>Who is signed in by the request's cookie; null when nobody is. Being seen keeps the sign-in from ending by idleness.</summary>
    public async Task<SignedIn?> Find(HttpContext http, CancellationToken stop)
    {
        if (http.Request.Cookies[CookieName(http)] is not { Length: 43 } value)
            return null;
        var (hash, now) = (Hash(value), clock.GetUtcNow());
        return await database.Run(
            Core, null, "core", clock,
            async session =>
            {
                var rows = await session.List<Row>(
                    """
                    select s.officer_id, o.name, s.provider, s.begun_at, s.seen_at, g.grant_id, g.entity_id, g.role, g.scope, g.valid_from, g.valid_until, g.granted_by, g.granted_at
                      from core.officer_session s
                      join core.officer o on o.officer_id = s.officer_id and o.suspended_at is null
                      left join core.officer_grant g on g.officer_id = s.officer_id and g.revoked_at is null and g.valid_from <= @day and (g.valid_until is null or g.valid_until > @day)
                     where s.session_hash = @hash and s.ends_at > @now and s.seen_at > @idle
                    """,
                    new { hash, now, idle = now - Idle, day = LegalTime.Day(now) });
                if (rows.Count == 0)
                    return null;
                var first = rows[0];
                if (first.SeenAt < now - Pace)
                    await session.Execute("update core.officer_session set seen_at = @now where session_hash = @hash", new { hash, now });
                return new SignedIn(
                    first.OfficerId, first.Name, hash, first.Provider, first.BegunAt,
                    [.. rows.Where(row => row.GrantId is not null).Select(row => new OfficerGrant(
                        row.GrantId!.Value, row.OfficerId, new(row.EntityId!.Value), row.Role!, row.Scope!, row.ValidFrom!.Value, row.ValidUntil, row.GrantedBy!, row.GrantedAt!.Value, null, null))],
                    catalog);
            },
            stop);
    }

    /// <summary>Ends the sign-in of the request's cookie, if there is one, and takes the cookie away.</summary>
    public async Task End(HttpContext http, CancellationToken stop)
    {
        if (http.Request.Cookies[CookieName(http)] is not { Length: > 0 } value)
            return;
        http.Response.Cookies.Delete(CookieName(http), new CookieOptions { HttpOnly = true, Secure = IsSecure(http), SameSite = SameSiteMode.Lax, Path = "/" });
        await database.Run(
            Core, EntityId.Centre, "core", clock,
            async session =>
            {
                if (await session.First<Guid?>("delete from core.officer_session where session_hash = @hash returning officer_id", new { hash = Hash(value) }) is { } officer)
                    session.Record("core.signed_out", new { Officer = officer });
                return true;
            },
            stop);
    }

    /// <summary>The sign-ins of who is signed in that have not ended.</summary>
    public Task<IReadOnlyList<OfficerSession>> Of(SignedIn signed, CancellationToken stop) => database.Run(
        Core, null, "core", clock,
        session => session.List<OfficerSession>(
            """
            select begun_at as begunAt, seen_at as seenAt, session_hash = @Session as isThis from core.officer_session
             where officer_id = @OfficerId and ends_at > @now and seen_at > @idle order by begun_at desc limit 50
            """,
            new { signed.OfficerId, signed.Session, now = clock.GetUtcNow(), idle = clock.GetUtcNow() - Idle }),
        stop);

    /// <summary>Ends all of his sign-ins but this one.</summary>
    public Task<int> EndOthers(SignedIn signed, CancellationToken stop) => database.Run(
        Core, EntityId.Centre, signed.Actor, clock,
        async session =>
        {
            var ended = await session.Execute("delete from core.officer_session where officer_id = @OfficerId and session_hash <> @Session", new { signed.OfficerId, signed.Session });
            session.Record("core.signed_out_elsewhere", new { Officer = signed.OfficerId, Ended = ended });
            return ended;
        },
        stop);

    /// <summary>Ends sign-ins because the provider said so: those of one of its sessions, or all that it began for a person.</summary>
    public Task<int> EndByProvider(string provider, string? providerSession, string? subject, CancellationToken stop) => database.Run(
        Core, EntityId.Centre, "core", clock,
        async session =>
        {
            var ended = await session.List<Guid>(
                """
                delete from core.officer_session s
                 where s.provider = @provider
                   and (s.provider_session = @providerSession
                        or @providerSession::text is null and s.officer_id in (select i.officer_id from core.officer_identity i where i.provider = @provider and i.subject = 'sub:' || @subject))
                returning s.officer_id
                """,
                new { provider, providerSession, subject });
            foreach (var officer in ended.Distinct())
                session.Record("core.signed_out_by_provider", new { Officer = officer, Provider = provider });
            return ended.Count;
        },
        stop);

    static string Actor(Guid officer) => new Officer(officer, "", _ => false).Actor;

    static byte[] Hash(string value) => SHA256.HashData(Encoding.UTF8.GetBytes(value));

    sealed class Row
    {
        public Guid OfficerId { get; init; }
        public string Name { get; init; } = "";
        public string Provider { get; init; } = "";
        public DateTimeOffset BegunAt { get; init; }
        public DateTimeOffset SeenAt { get; init; }
        public Guid? GrantId { get; init; }
        public int? EntityId { get; init; }
        public string? Role { get; init; }
        public string? Scope { get; init; }
        public DateOnly? ValidFrom { get; init; }
        public DateOnly? ValidUntil { get; init; }
        public string? GrantedBy { get; init; }
        public DateTimeOffset? GrantedAt { get; init; }
    }
}
