using System.Globalization;
using System.Reflection;
using System.Text;
using Autofac;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Hosting;
using Platform.Core.Identity;
using Platform.Core.Limits;
using Platform.Core.Maintenance;
using Platform.Core.Plugins;
using Platform.Core.Storage;

namespace Platform.Core.Pages;

/// <summary>Addresses outside this host to which a form may lead: the payment gateways in use. Feeds the content-security policy and guards redirects.</summary>
internal interface IFormTargets
{
    /// <summary>Origins, <c>https://bank.example</c>.</summary>
    ValueTask<IReadOnlyList<string>> Origins(CancellationToken stop);
}

/// <summary>What may be posted to a page: how often by one address, and how much.</summary>
/// <param name="SignIn">The level of assurance of who may see it; 0 where nobody need be signed in.</param>
internal sealed record PageLimits(LimitTriesAttribute Tries, long? MostBytes, int SignIn, bool MakesFiles)
{
    const int MostMegabytes = 50;

    public static PageLimits Of(Type page) => new(
        page.GetCustomAttribute<LimitTriesAttribute>() ?? new(120, 10),
        page.GetCustomAttribute<AcceptsFilesAttribute>() is { } files ? (long?)Math.Clamp(files.Megabytes, 1, MostMegabytes) << 20 : null,
        page.GetCustomAttribute<RequiresSignInAttribute>()?.Level ?? 0,
        page.IsDefined(typeof(MakesFilesAttribute), inherit: false));
}

/// <summary>What is posted to this page of the console is answered by a file that may be long in the making: it has that limit and not a page's.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class MakesFilesAttribute : Attribute;

/// <summary>A page at its address: for whom it works and in which frame.</summary>
/// <param name="Name">Module and pattern, for limits and the journal.</param>
/// <param name="Path">As <see cref="PageRequest.Path"/>.</param>
internal sealed record PagePlace(string Module, string Name, Entity Creditor, string Path, PageFrame Frame, Type Page, PageLimits Limits, Officer? Officer = null);

/// <summary>Serves pages: finds the entity and its activation, opens the call, checks forms, draws answers.</summary>
internal sealed class PageServer(EntityDirectory entities, ServiceCatalog catalog, IAntiforgery antiforgery, IFormTargets targets, CallScopes scopes, ServiceGates gates, AddressLimits addresses, PorticoOptions options, ServiceLimits allowed, Database database, TimeProvider clock, ILogger<PageServer> log)
{
    const string SecondsToRetry = "10";

    readonly int _highestLevel = options.SignIn.Where(provider => provider.ForCitizens).SelectMany(provider => provider.Levels.Values).DefaultIfEmpty().Max();

    static readonly IFormCollection NoForm = FormCollection.Empty;

    public void MapServices(IEndpointRouteBuilder endpoints)
    {
        foreach (var service in catalog.Services)
            MapService(endpoints, service);
    }

    public void MapService(IEndpointRouteBuilder endpoints, ServiceDescription service)
    {
        endpoints.MapMethods($"/{{entity}}/{service.PathSegment}/{ServiceFiles.Segment}/{{hash}}/{{**file}}", [HttpMethods.Get, HttpMethods.Head], (HttpContext http) => SendFile(http, service));
        foreach (var page in service.Pages)
        {
            var limits = PageLimits.Of(page.Page);
            var pattern = $"/{{entity}}/{service.PathSegment}" + (page.Pattern.Length > 0 ? "/" + page.Pattern : "");
            endpoints.MapMethods(pattern, [HttpMethods.Get, HttpMethods.Head, HttpMethods.Post], (HttpContext http) => Serve(http, service, page, limits))
                .WithDisplayName($"{service.Id} {pattern}");
        }
    }

    /// <summary>A service's own picture, style or script. Whether the address names the content as it is now decides how long it may be kept.</summary>
    static async Task SendFile(HttpContext http, ServiceDescription service)
    {
        var asked = http.GetRouteValue("hash") as string;
        if (service.Files.Find(http.GetRouteValue("file") as string ?? "") is not { } file)
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }
        var headers = http.Response.GetTypedHeaders();
        headers.ETag = new($"\"{file.Hash}\"");
        http.Response.Headers.CacheControl = asked == file.Hash ? "public, max-age=31536000, immutable" : "no-cache";
        if (http.Request.GetTypedHeaders().IfNoneMatch.Any(known => known.Tag == headers.ETag.Tag))
        {
            http.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }
        http.Response.ContentType = file.ContentType;
        http.Response.ContentLength = new FileInfo(file.Path).Length;
        if (!HttpMethods.IsHead(http.Request.Method))
            await http.Response.SendFileAsync(file.Path, http.RequestAborted);
    }

    async Task Serve(HttpContext http, ServiceDescription service, PageRoute route, PageLimits limits)
    {
        var snapshot = await entities.Current(http.RequestAborted);
        var slug = http.GetRouteValue("entity") as string ?? "";
        var entity = snapshot.BySlug(slug);
        var activation = entity is null ? null : snapshot.ActivationsOf(entity.Id).FirstOrDefault(a => a.Service == service.Id);
        // Who comes by an old link is to know that there was something.
        if (entity is not null && activation is { Active: false, Suspended: true })
        {
            await Suspended(http, FrameOf(http, entity), service);
            return;
        }
        if (entity is null || activation is not { Active: true, Creditor: { } creditorId } || snapshot.ById(creditorId) is not { } creditor)
        {
            await NotFound(http, entity);
            return;
        }
        var path = $"/{entity.Slug}/{service.PathSegment}";
        var plain = FrameOf(http, entity);
        var frame = plain with { ServiceTitle = service.TitleIn(plain.Culture), ServicePath = path, Texts = TextCatalog.Of(service.Assembly).In(plain.Culture), Files = service.Files };
        var rest = snapshot.MaintenanceOf(entity.Id, creditor.Id, service.Id, clock.GetUtcNow());
        frame = frame with { Announced = rest };
        if (rest is not null && rest.From <= clock.GetUtcNow())
            await Resting(http, frame with { Announced = null }, rest);
        else if (limits.SignIn > (frame.Citizen?.Level ?? 0))
            await AskToSignIn(http, frame, limits.SignIn);
        else
            await Serve(http, new(service.Id, $"{service.Id} {route.Pattern}", creditor, path, frame, route.Page, limits));
    }

    /// <summary>Sends who is not signed in to where he can be; tells who is, and not well enough, where to do it better.</summary>
    async Task AskToSignIn(HttpContext http, PageFrame frame, int level)
    {
        var there = CitizenPaths.SignIn(frame.Entity, CitizenPaths.Back(frame.Entity, frame.Path), level);
        if (frame.HighestLevel < level)
            await NoSignIn(http, frame);
        else if (frame.Citizen is null)
        {
            http.Response.Headers.CacheControl = "no-store";
            SeeOther(http, there);
        }
        else
        {
            var texts = PageTexts.Catalog.In(frame.Culture);
            await Refuse(http, frame, texts["citizen.higher.title"], texts["citizen.higher"], [texts[$"citizen.needs.{level}"]], there, texts["citizen.higher.do"], StatusCodes.Status403Forbidden);
        }
    }

    /// <summary>Says that nobody can sign in here, or not at the level that is asked for.</summary>
    public Task NoSignIn(HttpContext http, PageFrame frame)
    {
        var texts = PageTexts.Catalog.In(frame.Culture);
        return Refuse(http, frame, texts["citizen.none.title"], texts["citizen.none", frame.Entity.Name], [texts["citizen.none.todo"]], frame.HomePath, texts["notfound.home"], StatusCodes.Status403Forbidden);
    }

    /// <summary>Lets a page answer: checks what was posted, runs it within its module's limits, draws what it shows.</summary>
    public async Task Serve(HttpContext http, PagePlace place)
    {
        var stop = http.RequestAborted;
        var (entity, frame, limits) = (place.Frame.Entity, place.Frame, place.Limits);
        var scope = http.RequestServices.Autofac();
        var context = scope.Resolve<CallContextHolder>().Context = new CallContext(place.Creditor.Id, entity.Id, place.Module, place.Module) { FromPage = true, Officer = place.Officer };
        using var told = log.BeginScope(context);

        var posted = HttpMethods.IsPost(http.Request.Method);
        if (limits.MostBytes is { } most && http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            limit.MaxRequestBodySize = most;
        var form = NoForm;
        if (posted)
        {
            // Before anything is read or looked up: a flood is to cost as little as it can.
            if (addresses.Count(http, place.Name, limits.Tries.Posts, TimeSpan.FromMinutes(limits.Tries.Minutes)) is { } wait)
            {
                await TooMany(http, frame, wait);
                return;
            }
            if (await Posted(http, frame, place.Path) is not { } read)
                return;
            form = read;
            frame = frame with { Posted = FormState.From(form) };
        }
        var notes = new BrowserNotes(http.Request);
        var request = new PageRequest(
            entity, place.Creditor, frame.Culture, place.Path,
            http.Request.RouteValues.Where(v => v.Key != "entity").ToDictionary(v => v.Key, v => Convert.ToString(v.Value, CultureInfo.InvariantCulture) ?? "", StringComparer.OrdinalIgnoreCase),
            http.Request.Query, form, clock.GetUtcNow()) { Texts = frame.Texts, Officer = place.Officer, Citizen = frame.Citizen, Notes = notes };
        var canvas = new Canvas(http, antiforgery.GetTokens(http));
        try
        {
            // In a scope that lasts as long as handler and view do, which may be longer than this request.
            await gates.Of(place.Module, ServiceWork.Pages).Run(
                cut => scopes.In(context, async call =>
                {
                    var page = (IPage)call.Resolve(place.Page);
                    var answer = await (posted ? page.Post(request, cut) : page.Get(request, cut));
                    if (answer is not PageAnswer.Show show)
                        return answer;
                    if (place.Officer is not null && show.Code == StatusCodes.Status200OK && place.Page.IsDefined(typeof(ShowsPersonalDataAttribute), inherit: false))
                        await RecordLook(context, place, request, cut);
                    var drawn = await canvas.Draw(call, frame, show.Component, new Dictionary<string, object?>(StringComparer.Ordinal) { ["Model"] = show.Model }, show.Code);
                    return drawn with { Refresh = show.Refresh };
                }),
                answer =>
                {
                    notes.SendWith(http.Response);
                    return Answer(http, frame, answer);
                },
                stop,
                posted && limits.MakesFiles ? allowed.Extract : null);
        }
        catch (Exception wrong) when (NotPermittedException.Explains(wrong) && !http.Response.HasStarted)
        {
            await NotPermitted(http, frame);
        }
        catch (ServiceUnavailableException pause) when (!http.Response.HasStarted)
        {
            log.LogWarning(pause, "{Method} {Pattern} was not answered.", http.Request.Method, (http.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText);
            await Paused(http, frame, pause);
        }
    }

    Task<bool> RecordLook(CallContext context, PagePlace place, PageRequest request, CancellationToken stop) => database.Run(
        ModuleRoles.Of("core"), context.Creditor, context.Actor, clock,
        session =>
        {
            session.Record($"{place.Module}.looked", new { Page = place.Name, request.Route });
            return Task.FromResult(true);
        },
        stop);

    /// <summary>Says to who is signed in that this is not his to see or do, and who could change that.</summary>
    public Task NotPermitted(HttpContext http, PageFrame frame)
    {
        var call = http.RequestServices.Autofac().Resolve<CallContextHolder>();
        log.LogWarning(
            "{Method} {Pattern} was refused to {Actor}.", http.Request.Method, (http.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText, call.Known ? call.Context.Actor : frame.Console?.Actor ?? "a citizen");
        var texts = PageTexts.Catalog.In(frame.Culture);
        return Refuse(http, frame, texts["forbidden.title"], texts["forbidden.what"], [texts["forbidden.todo"]], ConsolePaths.Root, texts["forbidden.back"], StatusCodes.Status403Forbidden);
    }

    /// <summary>The form of a POST that came from a page of ours; null after the citizen was told what is wrong with it.</summary>
    /// <param name="path">Where to begin again.</param>
    public async Task<IFormCollection?> Posted(HttpContext http, PageFrame frame, string path)
    {
        var form = NoForm;
        try
        {
            // Before the anti-forgery check, which reads it too but cannot say that it was too long.
            if (http.Request.HasFormContentType)
                form = await http.Request.ReadFormAsync(http.RequestAborted);
        }
        catch (Exception large) when (large is BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } or InvalidDataException)
        {
            var texts = PageTexts.Catalog.In(frame.Culture);
            http.Response.Headers.Connection = "close";
            await Refuse(http, frame, texts["toobig.title"], texts["toobig.what"], [texts["toobig.todo"]], path, texts["formold.again"], StatusCodes.Status413PayloadTooLarge);
            return null;
        }
        if (await antiforgery.IsRequestValidAsync(http))
            return form;
        await FormTooOld(http, frame, path);
        return null;
    }

    /// <summary>Says that it was tried too often and when to come again, in whole minutes: the exact moment would tell when others tried.</summary>
    public Task TooMany(HttpContext http, PageFrame frame, TimeSpan wait)
    {
        var minutes = Math.Max(1, (int)Math.Ceiling(wait.TotalMinutes));
        http.Response.Headers.RetryAfter = (minutes * 60).ToString(CultureInfo.InvariantCulture);
        var texts = PageTexts.Catalog.In(frame.Culture);
        return Refuse(
            http, frame, texts["toomany.title"], texts["toomany.what"], [texts["toomany.wait", minutes], texts["toomany.contact"]], frame.ServicePath ?? frame.HomePath,
            texts["toomany.back"], StatusCodes.Status429TooManyRequests);
    }

    /// <summary>What a citizen sees when a service does not answer: which one, what that means, when to come again.</summary>
    Task Paused(HttpContext http, PageFrame frame, ServiceUnavailableException pause)
    {
        http.Response.Headers.RetryAfter = Math.Max(1, (int)Math.Ceiling(pause.RetryAfter.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        var texts = PageTexts.Catalog.In(frame.Culture);
        if (pause.TookLongerThan is { } limit)
            return Refuse(
                http, frame, texts["slow.title"], texts["slow.what", limit.TotalSeconds], [texts[frame.Console is null ? "paused.retry" : "slow.less"], texts["error.retry"], texts["error.paid"]],
                frame.HomePath, texts["paused.others"], StatusCodes.Status503ServiceUnavailable);
        return Refuse(
            http, frame, texts["paused.title"], texts["paused.what", frame.ServiceTitle ?? ""], [texts["paused.retry"], texts["error.retry"], texts["error.paid"]],
            frame.HomePath, texts["paused.others"], StatusCodes.Status503ServiceUnavailable);
    }

    /// <summary>The service is in maintenance: until when, and what the office says of it.</summary>
    Task Resting(HttpContext http, PageFrame frame, MaintenanceWindow rest)
    {
        http.Response.Headers.RetryAfter = Math.Max(1, (long)Math.Ceiling((rest.Until - clock.GetUtcNow()).TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        var texts = PageTexts.Catalog.In(frame.Culture);
        return Refuse(
            http, frame, texts["maintenance.title"], texts["maintenance.what", frame.ServiceTitle ?? "", MaintenanceWindow.Moment(rest.Until, frame.Culture)],
            [.. new[] { rest.WordsIn(frame.Culture), texts["error.paid"] }.OfType<string>()], frame.HomePath, texts["paused.others"], StatusCodes.Status503ServiceUnavailable);
    }

    /// <summary>The entity offered the service and does not at present.</summary>
    Task Suspended(HttpContext http, PageFrame frame, ServiceDescription service)
    {
        var texts = PageTexts.Catalog.In(frame.Culture);
        return Refuse(
            http, frame, texts["suspended.title"], texts["suspended.what", service.TitleIn(frame.Culture), frame.Entity.Name], [texts["suspended.todo"]], frame.HomePath, texts["paused.others"],
            StatusCodes.Status503ServiceUnavailable);
    }

    async Task Answer(HttpContext http, PageFrame frame, PageAnswer answer)
    {
        switch (answer)
        {
            case PageAnswer.Drawn drawn:
                // The token that the view drew becomes the browser's.
                antiforgery.GetAndStoreTokens(http);
                http.Response.Headers.CacheControl = "no-store";
                http.Response.StatusCode = drawn.Code;
                http.Response.ContentType = drawn.ContentType;
                http.Response.ContentLength = drawn.Html.Length;
                if (drawn.Refresh is { } seconds)
                    http.Response.Headers["Refresh"] = seconds.ToString(CultureInfo.InvariantCulture);
                if (!HttpMethods.IsHead(http.Request.Method))
                    await http.Response.Body.WriteAsync(drawn.Html, http.RequestAborted);
                break;
            case PageAnswer.Streamed file:
                http.Response.Headers.CacheControl = "no-store";
                http.Response.Headers.ContentDisposition = $"attachment; filename=\"{string.Concat(file.Name.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' ? c : '-'))}\"";
                http.Response.ContentType = file.MediaType;
                http.Response.ContentLength = file.Length;
                // Written for HEAD too, to nobody: what it reads from is closed by that.
                await file.Write(HttpMethods.IsHead(http.Request.Method) ? Stream.Null : http.Response.Body, http.RequestAborted);
                break;
            case PageAnswer.SeeOther go when await IsAllowed(go.Address, http.RequestAborted):
                http.Response.StatusCode = StatusCodes.Status303SeeOther;
                http.Response.Headers.Location = go.Address;
                break;
            case PageAnswer.SeeOther go:
                throw new InvalidOperationException($"A page wanted to send the browser to {(Uri.TryCreate(go.Address, UriKind.Absolute, out var there) ? there.GetLeftPart(UriPartial.Authority) : "no address")}, which is neither a path of this host nor a gateway in use.");
            case PageAnswer.Wait wait:
                await TooMany(http, frame, wait.For);
                break;
            case PageAnswer.Status { Code: StatusCodes.Status404NotFound }:
                await NotFound(http, frame.Entity);
                break;
            case PageAnswer.Status status:
                http.Response.StatusCode = status.Code;
                break;
        }
    }

    /// <summary>303, to an address that we made.</summary>
    public static void SeeOther(HttpContext http, string where)
    {
        http.Response.StatusCode = StatusCodes.Status303SeeOther;
        http.Response.Headers.Location = where;
    }

    async Task<bool> IsAllowed(string address, CancellationToken stop) =>
        address is ['/', .. var rest] && rest is not ['/' or '\\', ..]
        || Uri.TryCreate(address, UriKind.Absolute, out var uri) && (await targets.Origins(stop)).Contains(uri.GetLeftPart(UriPartial.Authority), StringComparer.OrdinalIgnoreCase);

    /// <summary>The frame of a page of <paramref name="entity"/> at the request's address, in the reader's language.</summary>
    public PageFrame FrameOf(HttpContext http, Entity entity) => new(
        entity, null, null, CultureOf(http), options.Profile == Profile.Demo,
        HttpMethods.IsGet(http.Request.Method) ? http.Request.Path + http.Request.QueryString : http.Request.Path.Value ?? "/", [])
    {
        Citizen = http.Features.Get<SignedInCitizen>(), HighestLevel = _highestLevel,
    };

    public static CultureInfo CultureOf(HttpContext http) =>
        PageCultures.Known(http.Request.Query["lang"])
        ?? PageCultures.Known(http.Request.Cookies["lang"])
        ?? http.Request.GetTypedHeaders().AcceptLanguage.OrderByDescending(language => language.Quality ?? 1)
            .Select(language => PageCultures.Known(language.Value.Value?.Split('-')[0])).FirstOrDefault(culture => culture is not null)
        ?? PageCultures.Italian;

    public async Task NotFound(HttpContext http, Entity? entity)
    {
        var frame = FrameOf(http, entity ?? await Centre(http.RequestAborted));
        await Show(http, frame, typeof(NotFoundPage), new(StringComparer.Ordinal) { ["Frame"] = frame }, StatusCodes.Status404NotFound);
    }

    /// <summary>A page that says what cannot be done and what to do instead.</summary>
    public Task Refuse(HttpContext http, PageFrame frame, string title, string what, IReadOnlyList<string> toDo, string? linkPath, string? linkText, int status) =>
        Show(
            http, frame, typeof(RefusalPage),
            new(StringComparer.Ordinal)
            {
                ["Frame"] = frame, ["Title"] = title, ["What"] = what, ["ToDo"] = toDo, ["LinkPath"] = linkPath, ["LinkText"] = linkText,
            },
            status);

    Task FormTooOld(HttpContext http, PageFrame frame, string path)
    {
        var texts = PageTexts.Catalog.In(frame.Culture);
        return Refuse(
            http, frame, texts["formold.title"], texts["formold.what"], [texts["formold.cookies"]], path, texts["formold.again"], StatusCodes.Status400BadRequest);
    }

    /// <summary>The service centre itself, in whose name pages without an entity are drawn.</summary>
    public async ValueTask<Entity> Centre(CancellationToken stop) => CentreIn(await entities.Current(stop));

    static Entity CentreIn(EntitySnapshot known) =>
        known.ById(EntityId.Centre)
        ?? new Entity(EntityId.Centre, "000", "", "Portico", EntityKind.ServiceCentre, null, "00000000000", "#0066cc", null, null, null, null, null);

    /// <summary>Draws a component in its frame as a whole page, never stored by caches.</summary>
    public Task Show(HttpContext http, PageFrame frame, Type component, Dictionary<string, object?> parameters, int status = StatusCodes.Status200OK)
    {
        var token = antiforgery.GetAndStoreTokens(http);
        http.Response.Headers.CacheControl = "no-store";
        return Page(frame, token, component, parameters, status).ExecuteAsync(http);
    }

    static RazorComponentResult<PageRoot> Page(PageFrame frame, AntiforgeryTokenSet token, Type component, Dictionary<string, object?> parameters, int status) => new(new
    {
        Frame = frame,
        Token = new AntiforgeryToken(token.FormFieldName, token.RequestToken ?? ""),
        Component = component,
        Parameters = parameters,
    })
    {
        StatusCode = status,
        PreventStreamingRendering = true,
    };

    /// <summary>What a service's view is drawn on: not the answer itself, since a view that blocks is left behind while the browser gets another answer on that one.</summary>
    sealed class Canvas(HttpContext http, AntiforgeryTokenSet token)
    {
        // Read now: what is left behind must not look at a request that has ended and whose place another one may have.
        readonly (string Method, string Scheme, HostString Host, PathString Base, PathString Path, QueryString Query) _asked =
            (http.Request.Method, http.Request.Scheme, http.Request.Host, http.Request.PathBase, http.Request.Path, http.Request.QueryString);

        public async Task<PageAnswer.Drawn> Draw(ILifetimeScope call, PageFrame frame, Type component, Dictionary<string, object?> parameters, int status)
        {
            using var html = new MemoryStream();
            var drawing = new DefaultHttpContext { RequestServices = call.Resolve<IServiceProvider>() };
            (drawing.Request.Method, drawing.Request.Scheme, drawing.Request.Host, drawing.Request.PathBase, drawing.Request.Path, drawing.Request.QueryString) = _asked;
            drawing.Response.Body = html;
            await Page(frame, token, component, parameters, status).ExecuteAsync(drawing);
            return new PageAnswer.Drawn(html.ToArray(), drawing.Response.ContentType, drawing.Response.StatusCode);
        }
    }

    /// <summary>What a citizen sees when something of ours broke: sorry, what to do, and a code to quote.</summary>
    public async Task Broken(HttpContext http, Exception? wrong)
    {
        var code = http.TraceIdentifier;
        using var told = http.RequestServices.Autofac().Resolve<CallContextHolder>() is { Known: true } call ? log.BeginScope(call.Context) : null;
        // The database cannot now what it will probably can in a moment: browsers, banks and monitors understand that by number.
        var busy = wrong is TransientStorageException;
        var status = busy ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status500InternalServerError;
        if (busy)
            http.Response.Headers.RetryAfter = SecondsToRetry;
        // Addresses hold tokens that open somebody's page: the log has the pattern.
        var pattern = (http.Features.Get<IExceptionHandlerFeature>()?.Endpoint as RouteEndpoint)?.RoutePattern.RawText ?? "an unknown address";
        log.LogError(wrong, "{Method} {Pattern} failed; the citizen was given the code {Code}.", http.Request.Method, pattern, code);
        try
        {
            var slug = http.GetRouteValue("entity") as string ?? http.Request.Path.Value?.Split('/').ElementAtOrDefault(1) ?? "";
            // Asking a busy database again would let the citizen wait as long once more, for an apology.
            var known = (busy ? entities.LastKnown : null) ?? await entities.Current(CancellationToken.None);
            var entity = known.BySlug(slug) ?? CentreIn(known);
            var frame = FrameOf(http, entity);
            await Show(http, frame, typeof(ErrorPage), new(StringComparer.Ordinal) { ["Frame"] = frame, ["Reference"] = code, ["Busy"] = busy }, status);
        }
        catch (Exception worse) when (!http.Response.HasStarted)
        {
            log.LogError(worse, "Not even the error page could be drawn.");
            http.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            http.Response.Headers.RetryAfter = SecondsToRetry;
            http.Response.ContentType = "text/plain; charset=utf-8";
            await http.Response.Body.WriteAsync(Encoding.UTF8.GetBytes($"Il servizio non è disponibile, riprova tra qualche minuto. / The service is not available, try again in a few minutes. [{code}]"), CancellationToken.None);
        }
    }

    /// <summary>Headers of every answer. Scripts, styles and pictures come from this host only; forms lead here or to a gateway in use.</summary>
    public async Task Secure(HttpContext http, RequestDelegate next)
    {
        var headers = http.Response.Headers;
        // Whether the process lives does not depend on the database, and neither does an answer that it is down.
        var gateways = http.Request.Path.StartsWithSegments("/health", StringComparison.Ordinal) ? [] : await targets.Origins(http.RequestAborted);
        var forms = string.Join(' ', gateways.Prepend("'self'"));
        headers.ContentSecurityPolicy =
            $"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action {forms}";
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        if (PageCultures.Known(http.Request.Query["lang"]) is { } chosen)
            http.Response.Cookies.Append(
                "lang", chosen.TwoLetterISOLanguageName, new CookieOptions { HttpOnly = true, SameSite = SameSiteMode.Lax, MaxAge = TimeSpan.FromDays(365), IsEssential = true });
        await next(http);
    }
}

/// <summary>Gives a page what every component may need: its frame and the anti-forgery token.</summary>
internal sealed class PageRoot : ComponentBase
{
    [Parameter, EditorRequired]
    public PageFrame Frame { get; set; } = null!;

    [Parameter, EditorRequired]
    public AntiforgeryToken Token { get; set; } = null!;

    [Parameter, EditorRequired]
    public Type Component { get; set; } = null!;

    [Parameter]
    public Dictionary<string, object?> Parameters { get; set; } = [];

    protected override void BuildRenderTree(Microsoft.AspNetCore.Components.Rendering.RenderTreeBuilder builder)
    {
        builder.OpenComponent<CascadingValue<PageFrame>>(0);
        builder.AddComponentParameter(1, "Value", Frame);
        builder.AddComponentParameter(2, "ChildContent", (RenderFragment)(framed =>
        {
            framed.OpenComponent<CascadingValue<AntiforgeryToken>>(0);
            framed.AddComponentParameter(1, "Value", Token);
            framed.AddComponentParameter(2, "ChildContent", (RenderFragment)(page =>
            {
                page.OpenComponent(0, Component);
                foreach (var (name, value) in Parameters)
                    page.AddComponentParameter(1, name, value);
                page.CloseComponent();
            }));
            framed.CloseComponent();
        }));
        builder.CloseComponent();
    }
}
