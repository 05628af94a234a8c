using System.Globalization;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Platform.Core.Entities;
using Platform.Core.Hosting;
using Platform.Core.Pages;

namespace Platform.Core.Identity;

/// <summary>Addresses of the citizens' sign-in.</summary>
internal static class CitizenPaths
{
    public const string Segment = "accesso";

    /// <summary>Below it the providers' answers arrive, under the host's own name only.</summary>
    public const string Callback = "/accesso/oidc";

    public static string Root(Entity entity) => $"/{entity.Slug}/{Segment}";

    /// <summary>Where one signs in, and comes back from to <paramref name="back"/>.</summary>
    public static string SignIn(Entity entity, string back, int level) => Root(entity) + new QueryBuilder { { "back", back }, { "livello", level.ToString(CultureInfo.InvariantCulture) } };

    /// <summary>Where he was going, when that is a page of the same entity; what else an address names is not gone to.</summary>
    public static string Back(Entity entity, string? back) =>
        back is { Length: <= 2000 } && (back == "/" + entity.Slug || back.StartsWith($"/{entity.Slug}/", StringComparison.Ordinal)) && !(back + "/").StartsWith(Root(entity) + "/", StringComparison.OrdinalIgnoreCase)
        && back.All(c => c is > ' ' and < (char)127 and not '\\') && !back.Split('?')[0].Contains("//", StringComparison.Ordinal) && !back.Contains("..", StringComparison.Ordinal) ? back : "/" + entity.Slug;
}

/// <summary>On its way to the provider and back: which page of whom asked for it, under which name, and what its browser was marked with.</summary>
/// <param name="Origin">The scheme and name under which the page was open, which is one of ours.</param>
internal sealed record SignInWay(string Origin, string Entity, string Back, string Mark, int Level, long Until);

/// <summary>
/// Citizens sign in at a provider of identities: OpenID Connect, code flow with PKCE. The provider knows one address of ours, under the host's own name; from an entity's name the
/// browser goes there and comes back with a code that holds once, for two minutes, and only in the browser that began.
/// </summary>
internal sealed class CitizenPages(PageServer pages, EntityDirectory entities, CitizenSessions sessions, PorticoOptions options, IDataProtectionProvider protection, IServiceProvider services, TimeProvider clock, ILogger<CitizenPages> log)
{
    const string WayItem = "way";

    static readonly TimeSpan ForTheWay = TimeSpan.FromMinutes(20);

    readonly IDataProtector _sealed = protection.CreateProtector("citizens", "way");

    IEnumerable<IdentityProvider> Providers(int level) => options.SignIn.Where(provider => provider.ForCitizens && provider.Levels.Values.Any(known => known >= level));

    /// <summary>Finds who is signed in before anything else is made of the request. The forms of one sign-in are no other's, nor of nobody.</summary>
    public async Task Recognise(HttpContext http, RequestDelegate next)
    {
        if (!http.Request.Path.StartsWithSegments(Plugins.ConsolePaths.Root, StringComparison.OrdinalIgnoreCase) && !http.Request.Path.StartsWithSegments("/health", StringComparison.Ordinal)
            && await sessions.Find(http, http.RequestAborted) is { } citizen)
        {
            http.Features.Set(citizen);
            http.User = new ClaimsPrincipal(new ClaimsIdentity([new Claim("sub", Convert.ToHexStringLower(citizen.Session))], "citizen"));
        }
        await next(http);
    }

    /// <summary>The providers to choose from.</summary>
    public async Task Choose(HttpContext http)
    {
        if (await Wanted(http) is not { } entity)
            return;
        var frame = pages.FrameOf(http, entity);
        var (back, level) = (CitizenPaths.Back(entity, http.Request.Query["back"]), LevelOf(http));
        if (!Providers(level).Any())
        {
            await pages.NoSignIn(http, frame);
            return;
        }
        var query = new QueryBuilder { { "back", back }, { "livello", level.ToString(CultureInfo.InvariantCulture) } }.ToString();
        await pages.Show(http, frame, typeof(CitizenSignInView), new(StringComparer.Ordinal)
        {
            ["Model"] = new CitizenSignInModel
            {
                Providers = [.. Providers(level).Select(provider => new Crumb(provider.Title, $"{CitizenPaths.Root(entity)}/con/{provider.Id}{query}"))],
                SignedOut = http.Request.Query.ContainsKey("uscito"), Level = level,
            },
        });
    }

    /// <summary>Marks the browser under the name of its page, and sends it to where the provider knows us.</summary>
    public async Task Start(HttpContext http)
    {
        if (await Wanted(http) is not { } entity)
            return;
        var level = LevelOf(http);
        if (Providers(level).FirstOrDefault(known => known.Id == http.GetRouteValue("provider") as string) is not { } provider)
        {
            await pages.NotFound(http, entity);
            return;
        }
        var way = new SignInWay(
            $"{(IsSecure(http) ? "https" : "http")}://{http.Request.Host}", entity.Slug, CitizenPaths.Back(entity, http.Request.Query["back"]),
            WebEncoders.Base64UrlEncode(sessions.Mark(http, ForTheWay)), level, (clock.GetUtcNow() + ForTheWay).ToUnixTimeSeconds());
        var token = WebEncoders.Base64UrlEncode(_sealed.Protect(JsonSerializer.SerializeToUtf8Bytes(way)));
        See(http, $"{CallbackRoot()}/{CitizenPaths.Segment}/con/{provider.Id}?via={token}");
    }

    /// <summary>Under the host's own name: sends the browser on to the provider.</summary>
    public async Task Away(HttpContext http)
    {
        if (Open(http.Request.Query["via"].ToString()) is not { } way || Providers(way.Level).FirstOrDefault(known => known.Id == http.GetRouteValue("provider") as string) is not { } provider)
        {
            await Refuse(http, null, "citizen.again");
            return;
        }
        var properties = new AuthenticationProperties { RedirectUri = "/" };
        properties.Items[WayItem] = JsonSerializer.Serialize(way);
        await http.ChallengeAsync(provider.CitizensScheme, properties);
    }

    /// <summary>What is asked of the provider, besides what the protocol wants: the levels of assurance that will do.</summary>
    public void Ask(Microsoft.AspNetCore.Authentication.OpenIdConnect.RedirectContext context, IdentityProvider provider)
    {
        context.ProtocolMessage.RedirectUri = CallbackRoot() + provider.CitizensCallbackPath;
        var least = WayOf(context.Properties)?.Level ?? 1;
        context.ProtocolMessage.AcrValues = string.Join(' ', provider.Levels.Where(level => level.Value >= least).OrderBy(level => level.Value).Select(level => level.Key));
    }

    /// <summary>The provider confirmed somebody: his browser is sent back to where it came from, with a code.</summary>
    public async Task Received(HttpContext http, IdentityProvider provider, ClaimsPrincipal who, AuthenticationProperties? properties)
    {
        if (WayOf(properties) is not { } way)
        {
            await Refuse(http, null, "citizen.again");
            return;
        }
        var level = provider.Levels.GetValueOrDefault(who.FindFirst(provider.LevelClaim)?.Value ?? "");
        if (level < way.Level)
        {
            log.LogWarning("A citizen's sign-in by {Provider} was refused: its level of assurance is {Level}, and the page needs {Least}.", provider.Id, level, way.Level);
            await Refuse(http, way, "citizen.level");
            return;
        }
        if (who.FindFirst(provider.TaxCodeClaim)?.Value is not { } claim || !claim.StartsWith(provider.TaxCodePrefix, StringComparison.Ordinal)
            || !TaxCode.TryParse(claim[provider.TaxCodePrefix.Length..], out var code) || !code.IsPerson || who.FindFirst("sub")?.Value is not { Length: > 0 and <= 250 } subject)
        {
            log.LogWarning("A citizen's sign-in by {Provider} was refused: it tells no tax code of a person.", provider.Id);
            await Refuse(http, way, "citizen.taxcode");
            return;
        }
        var session = who.FindFirst("sid")?.Value is { Length: > 0 and <= 255 } sid ? sid : null;
        var kept = await sessions.Keep(new(code, NameOf(who, code), level, provider.Id, subject, session), HostNames.Plain(new Uri(way.Origin).Host), WebEncoders.Base64UrlDecode(way.Mark), http.RequestAborted);
        See(http, $"{way.Origin}/{way.Entity}/{CitizenPaths.Segment}/arrivo" + new QueryBuilder { { "codice", kept }, { "back", way.Back } });
    }

    public Task Failed(HttpContext http, IdentityProvider provider, Exception? why, AuthenticationProperties? properties)
    {
        // Words of the provider may hold what a person typed: the log has the kind of fault.
        log.LogWarning("A citizen's sign-in by {Provider} failed: {Fault}.", provider.Id, why?.GetType().Name ?? "unknown");
        return Refuse(http, WayOf(properties), "citizen.failed");
    }

    /// <summary>Back under the name of the page: the browser that was marked takes its sign-in.</summary>
    public async Task Arrive(HttpContext http)
    {
        if (await Wanted(http) is not { } entity)
            return;
        if (await sessions.Take(http, entity, http.Request.Query["codice"].ToString(), http.RequestAborted))
            See(http, CitizenPaths.Back(entity, http.Request.Query["back"]));
        else
            await Refuse(http, entity, CitizenPaths.Back(entity, http.Request.Query["back"]), 1, "citizen.again");
    }

    public async Task SignOut(HttpContext http)
    {
        if (await Wanted(http) is not { } entity || await pages.Posted(http, pages.FrameOf(http, entity), "/" + entity.Slug) is null)
            return;
        await sessions.End(http, entity, http.RequestAborted);
        See(http, CitizenPaths.Root(entity) + "?uscito=1");
    }

    static string NameOf(ClaimsPrincipal who, TaxCode code)
    {
        var name = who.FindFirst("name")?.Value is { Length: > 0 } whole ? whole : $"{who.FindFirst("given_name")?.Value} {who.FindFirst("family_name")?.Value}";
        var plain = string.Concat(name.Where(c => !char.IsControl(c))).Trim();
        return plain.Length is > 0 and <= 120 ? plain : code.Value;
    }

    static int LevelOf(HttpContext http) => http.Request.Query["livello"].ToString() switch { "1" => 1, "3" => 3, _ => 2 };

    /// <summary>Where the providers know us, without a slash at the end. Without a public address the address that this host listens on.</summary>
    string CallbackRoot() => (options.PublicAddress ?? services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).TrimEnd('/');

    bool IsSecure(HttpContext http) => http.Request.IsHttps || options.PublicAddress?.StartsWith("https:", StringComparison.OrdinalIgnoreCase) == true;

    SignInWay? Open(string token)
    {
        try
        {
            var way = JsonSerializer.Deserialize<SignInWay>(_sealed.Unprotect(WebEncoders.Base64UrlDecode(token)))!;
            return way.Until < clock.GetUtcNow().ToUnixTimeSeconds() ? null : way;
        }
        catch (Exception altered) when (altered is CryptographicException or FormatException)
        {
            return null;
        }
    }

    static SignInWay? WayOf(AuthenticationProperties? properties) => properties?.Items.TryGetValue(WayItem, out var kept) == true && kept is not null ? JsonSerializer.Deserialize<SignInWay>(kept) : null;

    async Task<Entity?> Wanted(HttpContext http)
    {
        var entity = (await entities.Current(http.RequestAborted)).BySlug(http.GetRouteValue("entity") as string ?? "");
        if (entity is null)
            await pages.NotFound(http, null);
        return entity;
    }

    async Task Refuse(HttpContext http, SignInWay? way, string what)
    {
        var entity = way is null ? null : (await entities.Current(http.RequestAborted)).BySlug(way.Entity);
        await Refuse(http, entity ?? await pages.Centre(http.RequestAborted), way?.Back, way?.Level ?? 1, what, entity is null ? null : way!.Origin);
    }

    Task Refuse(HttpContext http, Entity entity, string? back, int level, string what, string? origin = null)
    {
        var frame = pages.FrameOf(http, entity);
        var texts = PageTexts.Catalog.In(frame.Culture);
        return pages.Refuse(
            http, frame, texts["citizen.refused"], texts[what], [texts["citizen.todo"]], back is null ? frame.HomePath : origin + CitizenPaths.SignIn(entity, back, level),
            texts[back is null ? "notfound.home" : "citizen.retry"], StatusCodes.Status403Forbidden);
    }

    static void See(HttpContext http, string address)
    {
        http.Response.Headers.CacheControl = "no-store";
        PageServer.SeeOther(http, address);
    }
}

/// <summary>Where a citizen signs in.</summary>
public sealed class CitizenSignInModel
{
    public required IReadOnlyList<Crumb> Providers { get; init; }

    /// <summary>He has just signed out.</summary>
    public required bool SignedOut { get; init; }

    /// <summary>The level of assurance that is asked for.</summary>
    public required int Level { get; init; }
}
