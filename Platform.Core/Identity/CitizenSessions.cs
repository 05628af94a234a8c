using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Logging;
using Platform.Core.Entities;
using Platform.Core.Hosting;
using Platform.Core.Journal;
using Platform.Core.Storage;

namespace Platform.Core.Identity;

/// <summary>Whom a provider of identities confirmed.</summary>
/// <param name="ProviderSession">The provider's own name for its session, by which it may end ours.</param>
internal sealed record ConfirmedCitizen(TaxCode TaxCode, string Name, int Level, string Provider, string Subject, string? ProviderSession);

/// <summary>
/// Sign-ins of citizens, in the database and so on every host. The browser has 256 random bits in a cookie, the database their digest and the person sealed. A sign-in begins where
/// the provider's answer arrives, which may be another host name than the page's: it waits there for two minutes until the browser that asked for it takes it.
/// </summary>
internal sealed class CitizenSessions(Database database, IDataProtectionProvider protection, OfficerSessions officers, TimeProvider clock)
{
    /// <summary>So long after his last page a citizen has to sign in again.</summary>
    public static readonly TimeSpan Idle = TimeSpan.FromMinutes(30);

    /// <summary>So long after signing in he has to do it again, whatever he does.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromHours(4);

    /// <summary>So long a browser has to come for its sign-in.</summary>
    public static readonly TimeSpan ToArrive = TimeSpan.FromMinutes(2);

    static readonly TimeSpan Pace = TimeSpan.FromMinutes(1);

    const string Core = "portico_core";

    readonly IDataProtector _sealed = protection.CreateProtector("citizens", "person");

    /// <summary>A browser takes a cookie of this name only from this host and by https.</summary>
    public string CookieName(HttpContext http) => officers.IsSecure(http) ? "__Host-portico-citizen" : "portico-citizen";

    string WayCookieName(HttpContext http) => officers.IsSecure(http) ? "__Host-portico-way" : "portico-way";

    CookieOptions Cookie(HttpContext http, TimeSpan? lasts = null) =>
        new() { HttpOnly = true, Secure = officers.IsSecure(http), SameSite = SameSiteMode.Lax, Path = "/", IsEssential = true, MaxAge = lasts };

    /// <summary>Marks the browser that asks for a sign-in, anew each time: only where the mark is will the sign-in be taken.</summary>
    /// <returns>The mark's digest.</returns>
    public byte[] Mark(HttpContext http, TimeSpan lasts)
    {
        var mark = NewValue();
        http.Response.Cookies.Append(WayCookieName(http), mark, Cookie(http, lasts));
        return Hash(mark);
    }

    /// <summary>Keeps a sign-in that the provider confirmed until its browser comes.</summary>
    /// <param name="host">The name under which it will hold.</param>
    /// <param name="mark">The digest of the mark of the browser that asked for it.</param>
    /// <returns>The code by which that browser takes it, once.</returns>
    public async Task<string> Keep(ConfirmedCitizen who, string host, byte[] mark, CancellationToken stop)
    {
        var code = NewValue();
        await database.Run(Core, EntityId.Centre, "core", clock, session => Insert(session, who, host, code, mark, clock.GetUtcNow() + ToArrive), stop);
        return code;
    }

    /// <summary>Begins the sign-in that was kept, under a new value; one that the browser brought is ended and never taken over.</summary>
    /// <returns>Whether there was one for this code, this browser and this host name.</returns>
    public async Task<bool> Take(HttpContext http, Entity entity, string code, CancellationToken stop)
    {
        var mark = http.Request.Cookies[WayCookieName(http)];
        http.Response.Cookies.Delete(WayCookieName(http), Cookie(http));
        if (code.Length != 43 || mark is not { Length: 43 })
            return false;
        var (value, now) = (NewValue(), clock.GetUtcNow());
        var brought = http.Request.Cookies[CookieName(http)];
        var taken = await database.Run(
            Core, entity.Id, "core", clock,
            async session =>
            {
                var begun = await session.First<Row>(
                    """
                    update core.citizen_session set session_hash = @value, way_hash = null, begun_at = @now, seen_at = @now, ends_at = @ends
                     where session_hash = @code and way_hash = @mark and host = @host and ends_at > @now
                    returning sign_in, person, level, provider
                    """,
                    new { value = Hash(value), code = Hash(code), mark = Hash(mark), host = HostOf(http), now, ends = now + Longest });
                if (begun is null || Unseal(begun, []) is not { } citizen)
                    return false;
                session.Record("core.citizen_signed_in", new { begun.SignIn, begun.Provider, begun.Level }, new PersonalData(begun.SignIn, new { TaxCode = citizen.TaxCode.Value }));
                if (brought is not null)
                    await End(session, Hash(brought));
                return true;
            },
            stop);
        if (taken)
            http.Response.Cookies.Append(CookieName(http), value, Cookie(http));
        return taken;
    }

    /// <summary>A sign-in without a provider, for tests.</summary>
    /// <returns>The cookie's value.</returns>
    public async Task<string> Begin(ConfirmedCitizen who, string host, CancellationToken stop)
    {
        var value = NewValue();
        await database.Run(Core, EntityId.Centre, "core", clock, session => Insert(session, who, host, value, null, clock.GetUtcNow() + Longest), stop);
        return value;
    }

    /// <summary>Who is signed in by the request's cookie; null when nobody is. Being seen keeps the sign-in from ending by idleness.</summary>
    public async Task<SignedInCitizen?> Find(HttpContext http, CancellationToken stop)
    {
        if (http.Request.Cookies[CookieName(http)] is not { Length: 43 } value)
            return null;
        var (hash, now) = (Hash(value), clock.GetUtcNow());
        var found = await database.Run(
            Core, null, "core", clock,
            async session =>
            {
                var row = await session.First<Row>(
                    "select sign_in, person, level, provider, seen_at from core.citizen_session where session_hash = @hash and way_hash is null and host = @host and ends_at > @now and seen_at > @idle",
                    new { hash, host = HostOf(http), now, idle = now - Idle });
                if (row?.SeenAt < now - Pace)
                    await session.Execute("update core.citizen_session set seen_at = @now where session_hash = @hash", new { hash, now });
                return row;
            },
            stop);
        if (found is not null && Unseal(found, hash) is { } citizen)
            return citizen;
        // What has ended is not asked for again at each page.
        http.Response.Cookies.Delete(CookieName(http), Cookie(http));
        return null;
    }

    /// <summary>Ends the sign-in of the request's cookie, if there is one, and takes the cookie away.</summary>
    public async Task End(HttpContext http, Entity entity, CancellationToken stop)
    {
        if (http.Request.Cookies[CookieName(http)] is not { Length: > 0 } value)
            return;
        http.Response.Cookies.Delete(CookieName(http), Cookie(http));
        await database.Run(Core, entity.Id, "core", clock, session => End(session, Hash(value)), stop);
    }

    /// <summary>Ends sign-ins because the provider said so: those of one of its sessions, or all that it began for a person.</summary>
    public Task<int> EndByProvider(string provider, string? providerSession, string? subject, CancellationToken stop) => database.Run(
        Core, EntityId.Centre, "core", clock,
        async session =>
        {
            var ended = await session.List<Guid>(
                """
                delete from core.citizen_session
                 where provider = @provider and (provider_session = @providerSession or @providerSession::text is null and subject_hash = @subject)
                returning sign_in
                """,
                new { provider, providerSession, subject = Hash($"{provider} {subject}") });
            foreach (var one in ended)
                session.Record("core.citizen_signed_out_by_provider", new { SignIn = one, Provider = provider });
            return ended.Count;
        },
        stop);

    /// <summary>Forgets those that have ended.</summary>
    public Task<int> Forget(CancellationToken stop) => database.Run(
        Core, null, "core", clock,
        session => session.Execute("delete from core.citizen_session where ends_at <= @now or seen_at <= @idle", new { now = clock.GetUtcNow(), idle = clock.GetUtcNow() - Idle }), stop);

    static async Task<bool> End(EntitySession session, byte[] hash)
    {
        if (await session.First<Guid?>("delete from core.citizen_session where session_hash = @hash returning sign_in", new { hash }) is { } signIn)
            session.Record("core.citizen_signed_out", new { SignIn = signIn });
        return true;
    }

    Task<int> Insert(EntitySession session, ConfirmedCitizen who, string host, string value, byte[]? mark, DateTimeOffset ends) => session.Execute(
        """
        insert into core.citizen_session (session_hash, sign_in, person, level, provider, provider_session, subject_hash, host, way_hash, begun_at, seen_at, ends_at)
        values (@hash, @signIn, @person, @Level, @Provider, @ProviderSession, @subject, @host, @mark, @now, @now, @ends)
        """,
        new
        {
            hash = Hash(value), signIn = Guid.NewGuid(), person = _sealed.Protect(JsonSerializer.SerializeToUtf8Bytes(new Person(who.TaxCode.Value, who.Name))),
            who.Level, who.Provider, who.ProviderSession, subject = Hash($"{who.Provider} {who.Subject}"), host, mark, now = clock.GetUtcNow(), ends,
        });

    /// <summary>Null where it was sealed with keys that this host has not: that is nobody here.</summary>
    SignedInCitizen? Unseal(Row row, byte[] hash)
    {
        try
        {
            var person = JsonSerializer.Deserialize<Person>(_sealed.Unprotect(row.Person))!;
            return TaxCode.TryParse(person.TaxCode, out var code) ? new(code, person.Name, row.Level, hash) : null;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    static string HostOf(HttpContext http) => HostNames.Plain(http.Request.Host.Host);

    static string NewValue() => WebEncoders.Base64UrlEncode(RandomNumberGenerator.GetBytes(32));

    static byte[] Hash(string value) => SHA256.HashData(Encoding.UTF8.GetBytes(value));

    sealed record Person(string TaxCode, string Name);

    sealed class Row
    {
        public Guid SignIn { get; init; }
        public byte[] Person { get; init; } = [];
        public short Level { get; init; }
        public string Provider { get; init; } = "";
        public DateTimeOffset SeenAt { get; init; }
    }
}

/// <summary>Forgets sign-ins of citizens soon after their end: they hold personal data.</summary>
internal sealed class CitizenSweeper(CitizenSessions sessions, TimeProvider clock, ILogger<CitizenSweeper> log) : Sweeper(log)
{
    static readonly TimeSpan Pace = TimeSpan.FromMinutes(5);

    DateTimeOffset _next = DateTimeOffset.MinValue;

    protected override string Name => "citizens";

    protected override async Task<int> SweepOnce(CancellationToken stop)
    {
        if (clock.GetUtcNow() < _next)
            return 0;
        var gone = await sessions.Forget(stop);
        _next = clock.GetUtcNow() + Pace;
        return gone;
    }
}
