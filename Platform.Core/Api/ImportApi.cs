using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Autofac;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;
using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Identity;
using Platform.Core.Limits;
using Platform.Core.Office;
using Platform.Core.Pages;
using Platform.Core.Plugins;

namespace Platform.Core.Api;

/// <summary>
/// Loads files for a service over HTTP, by key: <c>POST /api/{entity}/{service}/{import}</c>, for every import that names its permission. The same imports, limits, records and answers as at the console.
/// </summary>
internal sealed class ImportApi(ApiKeys keys, ImportRuns runs, ServiceCatalog catalog, EntityDirectory entities, CallScopes scopes, AddressLimits addresses, TimeProvider clock)
{
    public const long MostBytes = 49L << 20;

    const int MostLoads = 600, MostWrongKeys = 30;

    static readonly TimeSpan Within = TimeSpan.FromMinutes(10);

    // Who waits longer is told where to look: proxies cut connections that stay silent.
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(25);

    static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapMethods("/api/{entity}/{service}/{import}", [HttpMethods.Post, HttpMethods.Put], (RequestDelegate)Load).DisableAntiforgery();
        endpoints.MapGet("/api/{entity}/{service}/{import}/{run:guid}", (RequestDelegate)Look);
        endpoints.MapFallback("/api/{**rest}", http => Refuse(http, StatusCodes.Status404NotFound, "not_found", "There is no such import."));
    }

    async Task Load(HttpContext http)
    {
        var stop = http.RequestAborted;
        if (await Admitted(http) is not var (call, verb, entity))
            return;
        var request = http.Request;
        if (KindOf(request) is not { } kind)
        {
            await Refuse(http, StatusCodes.Status415UnsupportedMediaType, "media_type", "Send text/csv or application/jsonl in UTF-8, without Content-Encoding.");
            return;
        }
        var again = request.Headers["Idempotency-Key"].ToString();
        if (again.Length > 100 || again.Any(c => c is < '!' or > '~'))
        {
            await Refuse(http, StatusCodes.Status400BadRequest, "idempotency_key", "Idempotency-Key has up to 100 visible ASCII characters.");
            return;
        }
        if (await scopes.In(call, scope => scope.Resolve<ITries>().Count($"api {call.Officer!.Id}", MostLoads, Within, stop)) is { } wait)
        {
            await TooMany(http, wait);
            return;
        }
        await using var body = TemporaryFile.New();
        if (await Received(http, body) is { } refused)
        {
            await Refuse(http, refused.Status, refused.Code, refused.Why);
            return;
        }
        await using var csv = kind == "jsonl" ? TemporaryFile.New() : null;
        if (csv is not null && await JsonLines.ToCsv(body, csv, stop) is { } wrong)
        {
            await Refuse(http, StatusCodes.Status400BadRequest, "json", string.Create(CultureInfo.InvariantCulture, $"Line {wrong.Line}: {wrong.Why}"));
            return;
        }
        var content = csv ?? body;
        content.Position = 0;
        var name = string.Create(CultureInfo.InvariantCulture, $"api-{verb.Verb}-{clock.GetUtcNow():yyyyMMddHHmmss}.csv");
        var begun = await runs.Begin(call, verb, name, content, request.Query["all_or_nothing"] == "true", again.Length == 0 ? null : again, PageCultures.Italian, stop);
        if (begun is not { } run)
        {
            await Refuse(http, StatusCodes.Status409Conflict, "idempotency_key", "This Idempotency-Key was used for another import, or for other content.");
            return;
        }
        try
        {
            await run.Loaded.WaitAsync(Patience, stop);
        }
        catch (TimeoutException)
        {
            // It goes on; the answer says where to look.
        }
        if (run.Known)
            http.Response.Headers["Idempotent-Replayed"] = "true";
        await Tell(http, entity, call.Module, verb, run.Run, kind == "jsonl");
    }

    async Task Look(HttpContext http)
    {
        if (await Admitted(http) is var (call, verb, entity))
            await Tell(http, entity, call.Module, verb, Guid.Parse((string)http.GetRouteValue("run")!), http.Request.Query["lines"] == "jsonl");
    }

    async Task Tell(HttpContext http, Entity entity, string service, ImportVerb verb, Guid id, bool jsonLines)
    {
        if (await runs.Find(entity.Id, service, id, http.RequestAborted) is not { } run || run.Verb != verb.Verb)
        {
            await Refuse(http, StatusCodes.Status404NotFound, "not_found", "There is no such load.");
            return;
        }
        var told = ImportModel.Of(run, clock.GetUtcNow());
        var state = told.State switch { ImportState.Running => "running", ImportState.Done => "done", ImportState.Lost => "lost", _ => "failed" };
        var nothing = told.State == ImportState.Done && told.Errors > 0 && told.Added + told.Changed + told.Unchanged + told.Waiting == 0;
        http.Response.StatusCode = told.State switch
        {
            ImportState.Running => StatusCodes.Status202Accepted,
            ImportState.Done => nothing ? StatusCodes.Status422UnprocessableEntity : StatusCodes.Status200OK,
            _ => StatusCodes.Status500InternalServerError,
        };
        if (told.State == ImportState.Running)
        {
            http.Response.Headers.Location = $"/api/{entity.Slug}/{service}/{verb.Verb}/{id}{(jsonLines ? "?lines=jsonl" : "")}";
            http.Response.Headers.RetryAfter = "2";
        }
        // The header is a line of a CSV and none of JSON lines.
        var errors = run.AllErrors;
        await Write(http, new Answer(
            id, state, told.Read, told.Added, told.Changed, told.Unchanged, told.Waiting, Math.Max(run.Refused, errors.Select(error => error.Line).Distinct().Count()),
            [.. errors.Select(error => error with { Line = jsonLines && error.Line > 1 ? error.Line - 1 : error.Line })], run.MoreErrors, told.Failure), "application/json");
    }

    /// <summary>The call that the key allows; null after the answer why not.</summary>
    async Task<(CallContext Call, ImportVerb Verb, Entity Entity)?> Admitted(HttpContext http)
    {
        var stop = http.RequestAborted;
        http.Response.Headers.CacheControl = "no-store";
        var header = http.Request.Headers.Authorization.ToString();
        if (!header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) || await keys.Known(header["Bearer ".Length..].Trim(), stop) is not var (entity, key))
        {
            if (addresses.Count(http, "api", MostWrongKeys, Within) is { } wait)
                await TooMany(http, wait);
            else
            {
                http.Response.Headers.WWWAuthenticate = "Bearer realm=\"portico\"";
                await Refuse(http, StatusCodes.Status401Unauthorized, "key", "Send a key that holds: Authorization: Bearer ptk_...");
            }
            return null;
        }
        var (path, wanted) = (http.GetRouteValue("entity") as string ?? "", http.GetRouteValue("service") as string ?? "");
        var known = await entities.Current(stop);
        var service = catalog.Services.FirstOrDefault(service => service.Id == wanted || service.PathSegment == wanted);
        // What is another's and what does not exist look the same to a key.
        if ((!string.Equals(path, entity.Slug, StringComparison.OrdinalIgnoreCase) && path != entity.Code) || service is null || service.Id != key.Service || !OfficeSection.Of(service).IsAt(entity, known))
        {
            await Refuse(http, StatusCodes.Status403Forbidden, "not_this_key", "This key is not for this entity and service.");
            return null;
        }
        if (service.Imports.FirstOrDefault(import => import.Verb == http.GetRouteValue("import") as string) is not { } verb || ConsoleFiles.PermissionOf(verb.Import) is not { } permission)
        {
            await Refuse(http, StatusCodes.Status404NotFound, "not_found", "There is no such import.");
            return null;
        }
        var all = key.All;
        if (!all.Contains(permission, StringComparer.Ordinal))
        {
            await Refuse(http, StatusCodes.Status403Forbidden, "permission", $"This key lacks {permission}.");
            return null;
        }
        var call = new CallContext(entity.Id, entity.Id, service.Id, service.Id) { Officer = Officer.OfKey(key.KeyId, key.Name, all), FromPage = true };
        return (call, verb, entity);
    }

    static string? KindOf(HttpRequest request)
    {
        if (request.Headers.ContentEncoding.Count > 0 || !MediaTypeHeaderValue.TryParse(request.ContentType, out var type) || (type.Charset.HasValue && !type.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase)))
            return null;
        return type.MediaType.Value?.ToLowerInvariant() switch { "text/csv" => "csv", "application/jsonl" or "application/x-ndjson" => "jsonl", _ => null };
    }

    /// <summary>Takes the body while it is within bounds and UTF-8; null when it did.</summary>
    static async Task<(int Status, string Code, string Why)?> Received(HttpContext http, FileStream into)
    {
        var large = (StatusCodes.Status413PayloadTooLarge, "too_large", string.Create(CultureInfo.InvariantCulture, $"At most {MostBytes} bytes; divide the file."));
        if (http.Request.ContentLength > MostBytes)
            return large;
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = MostBytes + 1;
        var (bytes, characters, decoder) = (new byte[64 * 1024], new char[64 * 1024 + 8], new UTF8Encoding(false, throwOnInvalidBytes: true).GetDecoder());
        var (lines, read) = (1L, 0);
        try
        {
            while ((read = await http.Request.Body.ReadAsync(bytes, http.RequestAborted)) > 0)
            {
                if (into.Length + read > MostBytes)
                    return large;
                var decoded = decoder.GetChars(bytes.AsSpan(0, read), characters, flush: false);
                lines += characters.AsSpan(0, decoded).Count('\n');
                await into.WriteAsync(bytes.AsMemory(0, read), http.RequestAborted);
            }
            decoder.GetChars([], characters, flush: true);
        }
        catch (DecoderFallbackException wrong)
        {
            lines += bytes.AsSpan(0, Math.Clamp(wrong.Index, 0, read)).Count((byte)'\n');
            return (StatusCodes.Status400BadRequest, "not_utf8", string.Create(CultureInfo.InvariantCulture, $"From about line {lines} on the content is not UTF-8."));
        }
        catch (BadHttpRequestException cut)
        {
            return cut.StatusCode == StatusCodes.Status413PayloadTooLarge ? large : (StatusCodes.Status400BadRequest, "cut_off", "The content ended before it was whole. Nothing was loaded.");
        }
        await into.FlushAsync(http.RequestAborted);
        return into.Length == 0 ? (StatusCodes.Status400BadRequest, "empty", "There is no content.") : null;
    }

    static Task TooMany(HttpContext http, TimeSpan wait)
    {
        http.Response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        return Refuse(http, StatusCodes.Status429TooManyRequests, "too_many", "Too many requests: come again after Retry-After seconds.");
    }

    static Task Refuse(HttpContext http, int status, string code, string why)
    {
        http.Response.StatusCode = status;
        return Write(http, new Problem(status, code, why), "application/problem+json");
    }

    static Task Write<T>(HttpContext http, T body, string type)
    {
        http.Response.ContentType = type;
        return JsonSerializer.SerializeAsync(http.Response.Body, body, Json, http.RequestAborted);
    }

    sealed record Problem(int Status, string Code, string Title);

    sealed record Answer(Guid Load, string State, int Read, int Added, int Changed, int Unchanged, int Waiting, int Refused, IReadOnlyList<ImportError> Errors, int MoreErrors, string? Failure);
}
