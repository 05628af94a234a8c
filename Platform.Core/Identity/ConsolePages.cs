using Autofac;
using Microsoft.AspNetCore.Http;
using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Limits;
using Platform.Core.Pages;
using Platform.Core.Plugins;

namespace Platform.Core.Identity;

/// <summary>Signing in and out, and the first pages of who is signed in.</summary>
internal sealed class ConsolePages(ConsoleServer console, PageServer pages, OfficerSessions sessions, OfficerRegister register, EntityDirectory entities, AddressLimits addresses, CallScopes scopes)
{
    const int MostTries = 5;

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
                await sessions.Begin(http, officer, "local", null, http.RequestAborted);
                See(http, Back(http.Request.Query["back"]));
                return;
            }
            form.Set("password", "").AddError("", PageTexts.Catalog.In(frame.Culture)["signin.wrong"]);
        }
        await Show<SignInView>(http, frame, form, form.IsValid ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity);
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
                await sessions.Begin(http, outcome.Value, "local", null, http.RequestAborted);
                See(http, ConsolePaths.Root);
                return;
            }
            var texts = PageTexts.Catalog.In(frame.Culture);
            var field = outcome.Refusal.Code switch { OfficerRefusals.Code => "codice", OfficerRefusals.Name => "nome", OfficerRefusals.Password => "password", _ => "utente" };
            form.Set("password", "").AddError(field, texts[outcome.Refusal.Code, Passwords.Shortest, Passwords.Longest]);
        }
        await Show<BootstrapView>(http, frame, form, form.IsValid ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity);
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
    static string Back(string? back) =>
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
