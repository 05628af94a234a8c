using System.Security.Cryptography;
using Autofac;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.Extensions.Logging;
using OtpNet;
using QRCoder;
using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Hosting;
using Platform.Core.Limits;
using Platform.Core.Pages;
using Platform.Core.Plugins;

namespace Platform.Core.Identity;

/// <summary>Signing in and out, and the first pages of who is signed in.</summary>
internal sealed class ConsolePages(ConsoleServer console, PageServer pages, OfficerSessions sessions, OfficerRegister register, EntityDirectory entities, AddressLimits addresses, CallScopes scopes, PorticoOptions options, ILogger<ConsolePages> log)
{
    const int MostTries = 10;

    static readonly TimeSpan SecondWithin = TimeSpan.FromMinutes(5);

    static readonly TimeSpan LockedFor = TimeSpan.FromMinutes(15);

    public async Task SignIn(HttpContext http)
    {
        var frame = await Frame(http);
        var form = new FormState();
        if (HttpMethods.IsPost(http.Request.Method))
        {
            if (await Posted(http, frame, "signin") is not { } posted)
                return;
            form = FormState.From(posted);
            var (login, password) = (OfficerRegister.Plain(form["utente"]), posted["password"].ToString());
            // Counted by what was typed and before it is looked up: it tells nobody who exists.
            if (await Count($"signin {login}", http) is { } wait)
            {
                await pages.TooMany(http, frame, wait);
                return;
            }
            if (login.Length > 0 && password.Length is > 0 and <= Passwords.Longest && await register.ByPassword(login, password, http.RequestAborted) is { } officer)
            {
                await AskSecond(http, frame, officer);
                return;
            }
            log.LogWarning("A sign-in failed: user name or password.");
            form.Set("password", "").AddError("", PageTexts.Catalog.In(frame.Culture)["signin.wrong"]);
        }
        var back = http.Request.Query["back"].ToString();
        var model = new SignInModel(form, [.. options.SignIn.Where(provider => provider.ForOfficers).Select(provider => new Crumb(provider.Title, $"{ConsolePaths.SignIn}/con/{provider.Id}{(back.Length > 0 ? "?back=" + Uri.EscapeDataString(back) : "")}"))]);
        await Show<SignInView>(http, frame, model, form.IsValid ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity);
    }

    public async Task Bootstrap(HttpContext http)
    {
        var frame = await Frame(http);
        var form = new FormState();
        if (HttpMethods.IsPost(http.Request.Method))
        {
            if (await Posted(http, frame, "bootstrap") is not { } posted)
                return;
            form = FormState.From(posted);
            if (await Count("bootstrap", http) is { } wait)
            {
                await pages.TooMany(http, frame, wait);
                return;
            }
            var outcome = await register.Bootstrap(form["codice"], form["nome"], form["utente"], posted["password"].ToString(), http.RequestAborted);
            if (outcome.Refusal is null)
            {
                await AskSecond(http, frame, outcome.Value);
                return;
            }
            var texts = PageTexts.Catalog.In(frame.Culture);
            var field = outcome.Refusal.Code switch { OfficerRefusals.Code => "codice", OfficerRefusals.Name => "nome", OfficerRefusals.Password => "password", _ => "utente" };
            form.Set("password", "").AddError(field, texts[outcome.Refusal.Code, Passwords.Shortest, Passwords.Longest]);
        }
        await Show<BootstrapView>(http, frame, form, form.IsValid ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity);
    }

    /// <summary>An officer chooses his password by the code that he was given.</summary>
    public async Task Activate(HttpContext http)
    {
        var frame = await Frame(http);
        var form = new FormState();
        if (HttpMethods.IsPost(http.Request.Method))
        {
            if (await Posted(http, frame, "activation") is not { } posted)
                return;
            form = FormState.From(posted);
            if (await Count("activation", http) is { } wait)
            {
                await pages.TooMany(http, frame, wait);
                return;
            }
            var outcome = await register.Activate(form["codice"], posted["password"].ToString(), http.RequestAborted);
            if (outcome.Refusal is null)
            {
                await AskSecond(http, frame, outcome.Value);
                return;
            }
            form.Set("password", "").AddError(
                outcome.Refusal.Code == OfficerRefusals.Password ? "password" : "codice", PageTexts.Catalog.In(frame.Culture)[outcome.Refusal.Code, Passwords.Shortest, Passwords.Longest]);
        }
        await Show<ActivateView>(http, frame, form, form.IsValid ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity);
    }

    /// <summary>The second factor: whoever comes here knew the password a moment ago, which a seal says that only hosts can make.</summary>
    public async Task Second(HttpContext http)
    {
        var frame = await Frame(http);
        if (await Posted(http, frame, "second factor") is not { } posted)
            return;
        var form = FormState.From(posted);
        if (await Open(form["passo"], http) is not var (officer, enrolling))
        {
            See(http, ConsolePaths.SignIn);
            return;
        }
        if (await Count($"second {officer}", http) is { } wait)
        {
            await pages.TooMany(http, frame, wait);
            return;
        }
        if (await register.UseCode(officer, enrolling, form["codice"], http.RequestAborted))
        {
            await sessions.Begin(http, officer, "local", null, http.RequestAborted);
            See(http, Back(http.Request.Query["back"]));
            return;
        }
        log.LogWarning("A sign-in of officer:{Officer} failed: second factor.", officer);
        form.Set("codice", "").AddError("codice", PageTexts.Catalog.In(frame.Culture)["second.wrong"]);
        await Show<SecondFactorView>(http, frame, SecondFactorModel.Of(form, form["passo"], enrolling, Query(http)), StatusCodes.Status422UnprocessableEntity);
    }

    async Task AskSecond(HttpContext http, PageFrame frame, Guid officer)
    {
        var enrolling = await register.HasSecondFactor(officer, http.RequestAborted) ? null : RandomNumberGenerator.GetBytes(20);
        var token = await scopes.In(
            EntityId.Centre, EntityId.Centre, "core",
            call => Task.FromResult(call.Resolve<ILinks>().Seal($"second {officer} {(enrolling is null ? "" : Convert.ToHexString(enrolling))}", SecondWithin)));
        await Show<SecondFactorView>(http, frame, SecondFactorModel.Of(new FormState(), token, enrolling, Query(http)));
    }

    async Task<(Guid Officer, byte[]? Enrolling)?> Open(string token, HttpContext http)
    {
        var plain = await scopes.In(EntityId.Centre, EntityId.Centre, "core", call => Task.FromResult(call.Resolve<ILinks>().Open(token)));
        return plain?.Split(' ') is ["second", var id, var secret] ? (Guid.Parse(id), secret.Length == 0 ? null : Convert.FromHexString(secret)) : null;
    }

    static string Query(HttpContext http) => Back(http.Request.Query["back"]) is var back && back == ConsolePaths.Root ? "" : new QueryBuilder { { "back", back } }.ToString();

    /// <summary>His own account: sign-ins, what he was given, password.</summary>
    public async Task Account(HttpContext http)
    {
        if (await console.SignedIn(http) is not { } signed)
            return;
        var frame = await console.FrameOf(http, signed, null, null);
        var (form, texts, done) = (new FormState(), PageTexts.Catalog.In(frame.Culture), false);
        if (HttpMethods.IsPost(http.Request.Method))
        {
            if (await Posted(http, frame, "account") is not { } posted)
                return;
            if (posted["azione"] == "chiudi")
            {
                await sessions.EndOthers(signed, http.RequestAborted);
                done = true;
            }
            else
            {
                if (await Count($"password {signed.OfficerId}", http) is { } wait)
                {
                    await pages.TooMany(http, frame, wait);
                    return;
                }
                var outcome = await register.ChangePassword(signed.OfficerId, posted["attuale"].ToString(), posted["nuova"].ToString(), signed.Session, http.RequestAborted);
                done = outcome.Refusal is null;
                if (outcome.Refusal is { } refusal)
                    form.AddError(refusal.Code == OfficerRefusals.Password ? "nuova" : "attuale", texts[refusal.Code, Passwords.Shortest, Passwords.Longest]);
            }
        }
        var known = await entities.Current(http.RequestAborted);
        await Show<AccountView>(
            http, frame,
            new AccountModel
            {
                Form = form, Done = done, Name = signed.Name, HasPassword = signed.Provider == "local", Number = signed.Actor,
                Sessions = [.. (await sessions.Of(signed, http.RequestAborted)).Select(session => new AccountSession(session.BegunAt, session.SeenAt, session.IsThis))],
                Grants = [.. signed.Valid.Select(grant => new AccountGrant(
                    grant.Entity == EntityId.Centre ? texts["account.everywhere"] : known.ById(grant.Entity)?.Name ?? "", texts["role." + grant.Role], grant.Scope, grant.ValidUntil))],
            },
            form.IsValid ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity);
    }

    public async Task SignOut(HttpContext http)
    {
        if (await console.SignedIn(http) is not { } signed || await pages.Posted(http, await console.FrameOf(http, signed, null, null), ConsolePaths.Root) is null)
            return;
        await sessions.End(http, http.RequestAborted);
        See(http, ConsolePaths.SignIn);
    }

    /// <summary>The desks of who is signed in; with one desk only, that one.</summary>
    public async Task Overview(HttpContext http)
    {
        if (await console.SignedIn(http) is not { } signed)
            return;
        var desks = signed.Desks(await entities.Current(http.RequestAborted), await pages.Centre(http.RequestAborted)).ToList();
        if (desks.Count == 1)
        {
            See(http, ConsolePaths.Of(desks[0]));
            return;
        }
        var wanted = http.Request.Query["cerca"].ToString().Trim();
        var found = wanted.Length == 0 ? desks : desks.Where(desk => desk.Name.Contains(wanted, StringComparison.OrdinalIgnoreCase) || desk.Code.Equals(wanted, StringComparison.OrdinalIgnoreCase)).ToList();
        await Show<DesksView>(http, await console.FrameOf(http, signed, null, null), new DesksModel { Desks = [.. found.Take(100)], Found = found.Count, Searchable = desks.Count > 12, Wanted = wanted });
    }

    public async Task Desk(HttpContext http)
    {
        if (await console.SignedIn(http) is not { } signed || await console.DeskOf(http, signed) is not var (desk, officer))
            return;
        await Show<DeskView>(http, await console.FrameOf(http, signed, desk, officer), desk);
    }

    async Task<PageFrame> Frame(HttpContext http) => pages.FrameOf(http, await pages.Centre(http.RequestAborted));

    async Task<IFormCollection?> Posted(HttpContext http, PageFrame frame, string what)
    {
        if (addresses.Count(http, what, 30, TimeSpan.FromMinutes(10)) is { } wait)
        {
            await pages.TooMany(http, frame, wait);
            return null;
        }
        return await pages.Posted(http, frame, http.Request.Path.Value!);
    }

    Task<TimeSpan?> Count(string thing, HttpContext http) => scopes.In(
        EntityId.Centre, EntityId.Centre, "core", call => call.Resolve<ITries>().Count(thing, MostTries, LockedFor, http.RequestAborted));

    /// <summary>Where he was going, when that is a page of the console; what else an address names is not gone to.</summary>
    internal static string Back(string? back) =>
        back is not null && back.StartsWith(ConsolePaths.Root + "/", StringComparison.Ordinal) && !back.StartsWith(ConsolePaths.SignIn, StringComparison.Ordinal)
        && back.All(c => c is > ' ' and < (char)127 and not '\\') && !back.Contains("//", StringComparison.Ordinal) && !back.Contains("..", StringComparison.Ordinal) ? back : ConsolePaths.Root;

    static void See(HttpContext http, string path)
    {
        http.Response.StatusCode = StatusCodes.Status303SeeOther;
        http.Response.Headers.CacheControl = "no-store";
        http.Response.Headers.Location = path;
    }

    Task Show<TView>(HttpContext http, PageFrame frame, object model, int status = StatusCodes.Status200OK) =>
        pages.Show(http, frame, typeof(TView), new(StringComparer.Ordinal) { ["Model"] = model }, status);
}

/// <summary>The desks of who is signed in.</summary>
public sealed class DesksModel
{
    public required IReadOnlyList<Entity> Desks { get; init; }

    public required int Found { get; init; }

    public required bool Searchable { get; init; }

    /// <summary>What was searched for.</summary>
    public required string Wanted { get; init; }
}

/// <summary>The second step of signing in.</summary>
public sealed class SecondFactorModel
{
    public required FormState Form { get; init; }

    /// <summary>Where it is posted.</summary>
    public required string Action { get; init; }

    /// <summary>Sealed: who comes from the first step.</summary>
    public required string Token { get; init; }

    /// <summary>The secret to be typed into an app, when there is none yet.</summary>
    public string? Secret { get; init; }

    /// <summary>The same as a picture, a <c>data:</c> address.</summary>
    public string? Picture { get; init; }

    internal static SecondFactorModel Of(FormState form, string token, byte[]? enrolling, string query)
    {
        var secret = enrolling is null ? null : Base32Encoding.ToString(enrolling).TrimEnd('=');
        string? picture = null;
        if (secret is not null)
        {
            using var code = QRCodeGenerator.GenerateQrCode($"otpauth://totp/Portico:console?secret={secret}&issuer=Portico", QRCodeGenerator.ECCLevel.M);
            using var png = new PngByteQRCode(code);
            picture = "data:image/png;base64," + Convert.ToBase64String(png.GetGraphic(6));
        }
        return new()
        {
            Form = form, Action = ConsolePaths.SignIn + "/codice" + query, Token = token, Picture = picture,
            Secret = secret is null ? null : string.Join(' ', secret.Chunk(4).Select(part => new string(part))),
        };
    }
}

/// <summary>What an officer sees of himself.</summary>
public sealed class AccountModel
{
    public required FormState Form { get; init; }

    public required bool Done { get; init; }

    public required string Name { get; init; }

    public required string Number { get; init; }

    public required bool HasPassword { get; init; }

    public required IReadOnlyList<AccountSession> Sessions { get; init; }

    public required IReadOnlyList<AccountGrant> Grants { get; init; }
}

public sealed record AccountSession(DateTimeOffset BegunAt, DateTimeOffset SeenAt, bool IsThis);

public sealed record AccountGrant(string Where, string Role, string Scope, DateOnly? Until);

/// <summary>The sign-in form, and the providers of identities that may be chosen instead.</summary>
public sealed record SignInModel(FormState Form, IReadOnlyList<Crumb> Providers);
