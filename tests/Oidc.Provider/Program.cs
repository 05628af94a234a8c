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

// A provider of identities for tests and demonstrations: OpenID Connect with the code flow and PKCE, for one client, without any store. Whoever asks is at once the person that was
// put on stage by PUT /person; nobody types anything. PUT /logout sends the client a logout token.
var builder = WebApplication.CreateSlimBuilder(args);
builder.Logging.ClearProviders();
var stage = new Stage();
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
        else if (context.RedirectUri?.EndsWith("/accesso/oidc/prova", StringComparison.Ordinal) != true)
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
        if (stage.Person is not { } person)
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
app.UseAuthentication();
app.MapPut("/person", (Person person) => { stage.Person = person; return Results.NoContent(); });
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
app.Urls.Add(args is ["--urls", var urls] ? urls : "http://127.0.0.1:0");
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

    sealed class Stage
    {
        public const string Client = "portico";
        public const string Secret = "segreto-di-prova-del-client";

        public Person? Person { get; set; }
    }
}
