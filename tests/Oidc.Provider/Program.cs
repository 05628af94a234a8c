using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Claims;
using Microsoft.AspNetCore;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Oidc.Provider;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using static OpenIddict.Abstractions.OpenIddictConstants;

// A provider of identities for tests and demonstrations: OpenID Connect with the code flow and PKCE, for one client on this machine, without any store. Whoever asks is at once the person
// that was put on stage by PUT /person; nobody types anything. With --people FILE there is no stage: a page lets choose among the generated persons of the file. PUT /logout sends the
// client a logout token.
var builder = WebApplication.CreateSlimBuilder(args);
builder.Logging.ClearProviders();
var stage = new Stage();
string? Option(string name) => Array.IndexOf(args, name) is >= 0 and var place && place + 1 < args.Length ? args[place + 1] : null;
var people = Option("--people") is { } file ? System.Text.Json.JsonSerializer.Deserialize<DemoPerson[]>(File.ReadAllText(file), System.Text.Json.JsonSerializerOptions.Web)! : null;
var key = new RsaSecurityKey(System.Security.Cryptography.RSA.Create(2048)) { KeyId = "test" };
builder.Services.AddOpenIddict().AddServer(server =>
{
    server.EnableDegradedMode().SetAuthorizationEndpointUris("authorize").SetTokenEndpointUris("token").SetUserInfoEndpointUris("userinfo");
    server.AllowAuthorizationCodeFlow().RequireProofKeyForCodeExchange();
    server.RegisterScopes(Scopes.Profile);
    server.AddEphemeralEncryptionKey().AddSigningKey(key).DisableAccessTokenEncryption();
    server.AddEventHandler<OpenIddictServerEvents.ValidateAuthorizationRequestContext>(handler => handler.UseInlineHandler(context =>
    {
        if (context.ClientId != Stage.Client)
            context.Reject(Errors.InvalidClient, "No such client.");
        else if (!Uri.TryCreate(context.RedirectUri, UriKind.Absolute, out var back) || !back.IsLoopback || !back.AbsolutePath.EndsWith("/accesso/oidc/prova", StringComparison.Ordinal))
            context.Reject(Errors.InvalidRequest, "No such address.");
        return default;
    }));
    server.AddEventHandler<OpenIddictServerEvents.ValidateTokenRequestContext>(handler => handler.UseInlineHandler(context =>
    {
        if (context.ClientId != Stage.Client || context.ClientSecret != Stage.Secret)
            context.Reject(Errors.InvalidClient, "Not this client.");
        return default;
    }));
    server.AddEventHandler<OpenIddictServerEvents.HandleAuthorizationRequestContext>(handler => handler.UseInlineHandler(context =>
    {
        var chosen = people is null ? stage.Person
            : int.TryParse((string?)context.Request["persona"], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < people.Length ? people[number].SigningIn(context.Request.AcrValues) : null;
        if (chosen is not { } person)
        {
            context.Reject(Errors.AccessDenied, "Nobody consented.");
            return default;
        }
        var identity = new ClaimsIdentity("provider", Claims.Name, Claims.Role);
        identity.SetClaim(Claims.Subject, person.Subject).SetClaim("sid", person.Session).SetClaim(Claims.Name, person.Name ?? "Prova");
        if (person.Level is not null)
            identity.SetClaim("acr", person.Level);
        if (person.FiscalNumber is not null)
            identity.SetClaim("fiscal_number", person.FiscalNumber);
        identity.SetScopes(context.Request.GetScopes());
        identity.SetDestinations(_ => [Destinations.IdentityToken, Destinations.AccessToken]);
        context.Principal = new ClaimsPrincipal(identity);
        return default;
    }));
    server.AddEventHandler<OpenIddictServerEvents.HandleUserInfoRequestContext>(handler => handler.UseInlineHandler(context =>
    {
        if (context.AccessTokenPrincipal?.GetClaim("fiscal_number") is { } code)
            context.Claims["fiscal_number"] = code;
        return default;
    }));
    server.UseAspNetCore().DisableTransportSecurityRequirement();
});
await using var app = builder.Build();
if (people is not null)
    app.Use((http, next) => http.Request.Path == "/authorize" && HttpMethods.IsGet(http.Request.Method) && !http.Request.Query.ContainsKey("persona") ? ChoicePage.Show(http, people) : next(http));
app.UseAuthentication();
if (people is null)
    app.MapPut("/person", (Person person) => { stage.Person = person; return Results.NoContent(); });
if (people is null)
    app.MapDelete("/person", () => { stage.Person = null; return Results.NoContent(); });
app.MapPut("/logout", async (Logout logout) =>
{
    var claims = new Dictionary<string, object>(StringComparer.Ordinal) { ["jti"] = Guid.NewGuid().ToString() };
    if (logout.Session is not null)
        claims["sid"] = logout.Session;
    if (logout.Subject is not null)
        claims["sub"] = logout.Subject;
    if (!logout.NoEvent)
        claims["events"] = new Dictionary<string, object>(StringComparer.Ordinal) { ["http://schemas.openid.net/event/backchannel-logout"] = new Dictionary<string, object>(StringComparer.Ordinal) };
    if (logout.Nonce)
        claims["nonce"] = "n";
    var signing = logout.Forged ? new RsaSecurityKey(System.Security.Cryptography.RSA.Create(2048)) { KeyId = "test" } : key;
    var token = new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
    {
        Issuer = app.Urls.First() + "/", Audience = logout.Audience ?? Stage.Client, Claims = claims, Expires = DateTime.UtcNow.AddMinutes(logout.Expired ? -10 : 2), NotBefore = DateTime.UtcNow.AddMinutes(-20),
        IssuedAt = DateTime.UtcNow, SigningCredentials = new(signing, SecurityAlgorithms.RsaSha256), TokenType = "logout+jwt",
    });
    using var client = new HttpClient();
    using var answer = await client.PostAsync(new Uri(logout.To), new FormUrlEncodedContent([KeyValuePair.Create("logout_token", token)]));
    return Results.Ok((int)answer.StatusCode);
});
app.Urls.Add(Option("--urls") ?? "http://127.0.0.1:0");
await app.StartAsync();
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"oidc provider: {app.Urls.First()}"));
// Closed with the one that started it: its standard input is a pipe of that process.
_ = Task.Run(() => { _ = Console.In.ReadToEnd(); Environment.Exit(0); });
await app.WaitForShutdownAsync();

namespace Oidc.Provider
{
    /// <summary>Who signs in.</summary>
    sealed record Person(string Subject, string? Session, string? FiscalNumber, string? Level, string? Name = null);

    /// <summary>A logout token, and what is wrong with it.</summary>
    sealed record Logout(string To, string? Session = null, string? Subject = null, string? Audience = null, bool Forged = false, bool NoEvent = false, bool Nonce = false, bool Expired = false);

    /// <summary>A generated person of a demonstration.</summary>
    /// <param name="What">What he is there for, in a few words.</param>
    sealed record DemoPerson(string Name, string FiscalNumber, string What)
    {
        /// <summary>At the first level that will do, and at the second where nobody asked.</summary>
        public Person SigningIn(string? levels) =>
            new($"demo-{FiscalNumber}", Guid.NewGuid().ToString("N"), "TINIT-" + FiscalNumber, levels?.Split(' ')[0] is { Length: > 0 } level ? level : "https://www.spid.gov.it/SpidL2", Name);
    }

    /// <summary>Who do you want to be: one link for each person, no script.</summary>
    static class ChoicePage
    {
        public static Task Show(HttpContext http, IReadOnlyList<DemoPerson> people)
        {
            static string Safe(string text) => System.Net.WebUtility.HtmlEncode(text);
            var list = string.Concat(people.Select((person, n) => string.Create(
                CultureInfo.InvariantCulture,
                $"<li><a href=\"{Safe(http.Request.PathBase + http.Request.Path + http.Request.QueryString.Add("persona", n.ToString(CultureInfo.InvariantCulture)))}\">{Safe(person.Name)}</a><br>{Safe(person.What)}</li>")));
            http.Response.ContentType = "text/html; charset=utf-8";
            http.Response.Headers.ContentSecurityPolicy = "default-src 'none'; style-src 'sha256-" + StyleHash + "'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'";
            http.Response.Headers.CacheControl = "no-store";
            return http.Response.WriteAsync(
                $"""
                <!DOCTYPE html>
                <html lang="it"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Identità dimostrative</title><style>{Style}</style></head>
                <body><main><h1>Identità dimostrative</h1>
                <p>Ambiente dimostrativo: queste persone sono generate, nessuna esiste. Scegli chi vuoi essere.</p>
                <ul>{list}</ul></main></body></html>
                """);
        }

        const string Style = "body{font:1.125rem/1.5 sans-serif;margin:0;color:#17324d}main{max-width:40rem;margin:0 auto;padding:1rem}ul{list-style:none;padding:0}li{border-top:1px solid #5c6f82;padding:.75rem 0}a{color:#0b5394;font-weight:600}";

        static readonly string StyleHash = Convert.ToBase64String(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(Style)));
    }

    sealed class Stage
    {
        public const string Client = "portico";
        public const string Secret = "segreto-di-prova-del-client";

        public Person? Person { get; set; }
    }
}
