using System.Security.Claims;
using Autofac;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;
using Platform.Core.Hosting;
using Platform.Core.Pages;
using Platform.Core.Plugins;

namespace Platform.Core.Identity;

/// <summary>Officers sign in at a provider of identities: OpenID Connect, code flow with PKCE. Whom it names has to have been written down before: signing in makes no officer. Citizens: <see cref="CitizenPages"/>.</summary>
internal sealed class OpenIdSignIn(PageServer pages, OfficerRegister register, OfficerSessions sessions, CitizenSessions citizens, PorticoOptions options, IServiceProvider services, ILogger<OpenIdSignIn> log)
{
    /// <summary>Below it a person may be somebody who knows a password: who works with others' data has a second factor too.</summary>
    const int Least = 2;

    const string LogoutEvent = "http://schemas.openid.net/event/backchannel-logout";

    public static void Add(IServiceCollection collection, PorticoOptions options)
    {
        if (options.SignIn.Count == 0)
            return;
        // The handlers want a scheme that keeps what they found; sign-ins are kept by us. It is also none of theirs, which would ask themselves without end.
        var authentication = collection.AddAuthentication().AddScheme<AuthenticationSchemeOptions, NoScheme>(NoScheme.Name, null);
        foreach (var provider in options.SignIn)
        {
            if (provider.ForOfficers)
                authentication.AddOpenIdConnect(provider.Id, provider.Title, open =>
                {
                    Speak(open, provider, provider.CallbackPath);
                    open.Events = new()
                    {
                        OnRedirectToIdentityProvider = context =>
                        {
                            // Behind a proxy the request's own scheme and name need not be those by which the provider knows us.
                            if (options.PublicAddress is { } address)
                                context.ProtocolMessage.RedirectUri = address.TrimEnd('/') + provider.CallbackPath;
                            return Task.CompletedTask;
                        },
                        OnTicketReceived = async context =>
                        {
                            context.HandleResponse();
                            await context.HttpContext.RequestServices.Autofac().Resolve<OpenIdSignIn>().Received(context.HttpContext, provider, context.Principal!, context.ReturnUri);
                        },
                        OnRemoteFailure = async context =>
                        {
                            context.HandleResponse();
                            await context.HttpContext.RequestServices.Autofac().Resolve<OpenIdSignIn>().Failed(context.HttpContext, provider, context.Failure);
                        },
                        OnRemoteSignOut = NotHere,
                    };
                });
            if (provider.ForCitizens)
                authentication.AddOpenIdConnect(provider.CitizensScheme, provider.Title, open =>
                {
                    Speak(open, provider, provider.CitizensCallbackPath);
                    open.Events = new()
                    {
                        OnRedirectToIdentityProvider = context =>
                        {
                            context.HttpContext.RequestServices.Autofac().Resolve<CitizenPages>().Ask(context, provider);
                            return Task.CompletedTask;
                        },
                        OnTicketReceived = async context =>
                        {
                            context.HandleResponse();
                            await context.HttpContext.RequestServices.Autofac().Resolve<CitizenPages>().Received(context.HttpContext, provider, context.Principal!, context.Properties);
                        },
                        OnRemoteFailure = async context =>
                        {
                            context.HandleResponse();
                            await context.HttpContext.RequestServices.Autofac().Resolve<CitizenPages>().Failed(context.HttpContext, provider, context.Failure, context.Properties);
                        },
                        OnRemoteSignOut = NotHere,
                    };
                });
        }
    }

    /// <summary>How the protocol is spoken with a provider, whoever signs in.</summary>
    static void Speak(OpenIdConnectOptions open, IdentityProvider provider, string callback)
    {
        open.Authority = provider.Authority;
        (open.ClientId, open.ClientSecret) = (provider.ClientId, provider.ClientSecret);
        open.RequireHttpsMetadata = provider.Authority.StartsWith("https:", StringComparison.OrdinalIgnoreCase);
        open.ResponseType = OpenIdConnectResponseType.Code;
        // By the address and not by a form of another site, so that our cookies of the way may be strict about sites.
        open.ResponseMode = OpenIdConnectResponseMode.Query;
        open.UsePkce = true;
        open.MapInboundClaims = false;
        open.GetClaimsFromUserInfoEndpoint = true;
        open.ClaimActions.MapUniqueJsonKey(provider.TaxCodeClaim, provider.TaxCodeClaim);
        // The handler would throw the level of assurance away.
        open.ClaimActions.Remove(provider.LevelClaim);
        (open.SaveTokens, open.SignInScheme) = (false, NoScheme.Name);
        open.CallbackPath = callback;
        open.RemoteSignOutPath = callback + "/fronte";
        open.SignedOutCallbackPath = callback + "/uscito";
        open.Scope.Clear();
        foreach (var scope in provider.Scopes)
            open.Scope.Add(scope);
        foreach (var cookie in new[] { open.CorrelationCookie, open.NonceCookie })
            (cookie.SameSite, cookie.SecurePolicy, cookie.HttpOnly) = (SameSiteMode.Lax, CookieSecurePolicy.SameAsRequest, true);
        (open.CorrelationCookie.Name, open.NonceCookie.Name) = ("portico-oidc-way.", "portico-oidc-nonce.");
        // What is agreed with another machine goes by the clocks of machines.
        open.TimeProvider = TimeProvider.System;
    }

    static Task NotHere(RemoteSignOutContext context)
    {
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        context.HandleResponse();
        return Task.CompletedTask;
    }

    /// <summary>Sends the browser to the provider.</summary>
    public async Task Start(HttpContext http)
    {
        if (options.SignIn.FirstOrDefault(known => known.ForOfficers && known.Id == http.GetRouteValue("provider") as string) is not { } provider)
        {
            await pages.NotFound(http, null);
            return;
        }
        await http.ChallengeAsync(provider.Id, new AuthenticationProperties { RedirectUri = ConsolePages.Back(http.Request.Query["back"]) });
    }

    async Task Received(HttpContext http, IdentityProvider provider, ClaimsPrincipal who, string? back)
    {
        var level = provider.Levels.GetValueOrDefault(who.FindFirst(provider.LevelClaim)?.Value ?? "");
        if (level < Least)
        {
            log.LogWarning("A sign-in by {Provider} was refused: its level of assurance is {Level}.", provider.Id, level);
            await Refuse(http, "signin.oidc.level");
            return;
        }
        var taxCode = who.FindFirst(provider.TaxCodeClaim)?.Value is { } claim && claim.StartsWith(provider.TaxCodePrefix, StringComparison.Ordinal)
            && TaxCode.TryParse(claim[provider.TaxCodePrefix.Length..], out var code) ? code.Value : null;
        if (who.FindFirst("sub")?.Value is not { Length: > 0 and <= 250 } subject || await register.ByIdentity(provider.Id, subject, taxCode, http.RequestAborted) is not { } officer)
        {
            log.LogWarning("A sign-in by {Provider} was refused: nobody was written down whom it means.", provider.Id);
            await Refuse(http, "signin.oidc.unknown");
            return;
        }
        await sessions.Begin(http, officer, provider.Id, who.FindFirst("sid")?.Value is { Length: > 0 and <= 255 } sid ? sid : null, http.RequestAborted);
        http.Response.StatusCode = StatusCodes.Status303SeeOther;
        http.Response.Headers.CacheControl = "no-store";
        http.Response.Headers.Location = ConsolePages.Back(back);
    }

    async Task Failed(HttpContext http, IdentityProvider provider, Exception? why)
    {
        // Words of the provider may hold what a person typed: the log has the kind of fault.
        log.LogWarning("A sign-in by {Provider} failed: {Fault}.", provider.Id, why?.GetType().Name ?? "unknown");
        log.LogDebug(why, "A sign-in by {Provider} failed.", provider.Id);
        await Refuse(http, "signin.oidc.failed");
    }

    async Task Refuse(HttpContext http, string what)
    {
        var frame = pages.FrameOf(http, await pages.Centre(http.RequestAborted));
        var texts = PageTexts.Catalog.In(frame.Culture);
        await pages.Refuse(http, frame, texts["signin.oidc.title"], texts[what], [texts["signin.oidc.todo"]], ConsolePaths.SignIn, texts["signin.oidc.back"], StatusCodes.Status403Forbidden);
    }

    /// <summary>The provider says, server to server, that a session of its has ended (OpenID Connect Back-Channel Logout 1.0).</summary>
    public async Task Logout(HttpContext http)
    {
        http.Response.Headers.CacheControl = "no-store";
        if (options.SignIn.FirstOrDefault(known => known.Id == http.GetRouteValue("provider") as string) is not { } provider)
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }
        var token = http.Request.HasFormContentType ? (await http.Request.ReadFormAsync(http.RequestAborted))["logout_token"].ToString() : "";
        if (await Read(provider, token, http.RequestAborted) is not { } claims)
        {
            log.LogWarning("A message of {Provider} to end a session was not believed.", provider.Id);
            http.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }
        // A client has one address for this, whoever of it signs in.
        var ended = await sessions.EndByProvider(provider.Id, claims.Session, claims.Subject, http.RequestAborted)
            + await citizens.EndByProvider(provider.Id, claims.Session, claims.Subject, http.RequestAborted);
        log.LogInformation("{Provider} ended {Count} sign-ins.", provider.Id, ended);
    }

    async Task<(string? Session, string? Subject)?> Read(IdentityProvider provider, string token, CancellationToken stop)
    {
        var open = services.GetRequiredService<IOptionsMonitor<OpenIdConnectOptions>>().Get(provider.ForOfficers ? provider.Id : provider.CitizensScheme);
        var known = await open.ConfigurationManager!.GetConfigurationAsync(stop);
        var read = await new JsonWebTokenHandler { MapInboundClaims = false }.ValidateTokenAsync(token, new TokenValidationParameters
        {
            ValidIssuer = known.Issuer, ValidAudience = provider.ClientId, IssuerSigningKeys = known.SigningKeys, RequireSignedTokens = true, RequireExpirationTime = true,
        });
        // §2.6: the event, a session or a person, and never a nonce, by which it would be an identity token that somebody sends again.
        if (!read.IsValid || read.SecurityToken is not JsonWebToken jwt || jwt.TryGetPayloadValue("nonce", out string _) || !jwt.TryGetPayloadValue("events", out System.Text.Json.JsonElement events)
            || events.ValueKind != System.Text.Json.JsonValueKind.Object || !events.TryGetProperty(LogoutEvent, out _))
            return null;
        var session = jwt.TryGetPayloadValue("sid", out string sid) ? sid : null;
        var subject = jwt.TryGetPayloadValue("sub", out string sub) ? sub : null;
        return session is null && subject is null ? null : (session, subject);
    }
}

/// <summary>Knows nobody.</summary>
internal sealed class NoScheme(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logs, System.Text.Encodings.Web.UrlEncoder encoder) : AuthenticationHandler<AuthenticationSchemeOptions>(options, logs, encoder)
{
    public const string Name = "portico";

    protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Task.FromResult(AuthenticateResult.NoResult());
}
