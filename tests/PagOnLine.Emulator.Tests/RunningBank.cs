using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;

namespace PagOnLine.Emulator.Tests;

/// <summary>The real program on a port of its own.</summary>
internal sealed partial class RunningBank : IAsyncDisposable
{
    private readonly WebApplication _app;

    private RunningBank(WebApplication app)
    {
        _app = app;
        Http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri(app.Urls.First()) };
    }

    public HttpClient Http { get; }

    public static async Task<RunningBank> Start(TimeProvider? time = null, params string[] args)
    {
        var app = EmulatorApp.Create(CommandLine.Parse(["--urls", "http://127.0.0.1:0", "--listener-retries", "0,0", .. args]), time ?? TimeProvider.System);
        await app.StartAsync();
        return new RunningBank(app);
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    /// <summary>Opens a request as a browser does; the answer is the card page's path.</summary>
    public async Task<string> Open(string request)
    {
        using var response = await Http.GetAsync(new Uri(request, UriKind.Relative));
        response.StatusCode.Should().Be(HttpStatusCode.SeeOther, await response.Content.ReadAsStringAsync());
        return response.Headers.Location!.OriginalString;
    }

    public async Task<(HttpStatusCode Status, string Page)> Get(string path)
    {
        using var response = await Http.GetAsync(new Uri(path, UriKind.Relative));
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    public async Task<string> Press(string page, string button, string number = "4444 4999 2220 0000", string expiry = "11/2019", string code = "999")
    {
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>(StringComparer.Ordinal) { ["numeroCarta"] = number, ["scadenza"] = expiry, ["cvv"] = code, ["azione"] = button });
        using var response = await Http.PostAsync(new Uri(page, UriKind.Relative), form);
        return await response.Content.ReadAsStringAsync();
    }

    public async Task<JsonElement> Pay(string request, bool cancel = false, bool deliver = false, string? card = null)
        => await Control(HttpMethod.Post, "pay", new { url = Http.BaseAddress!.GetLeftPart(UriPartial.Authority) + request, cancel, deliver, card = card is null ? null : new { number = card, expiry = "11/2019", securityCode = "999" } });

    public async Task<JsonElement> Control(HttpMethod method, string path, object? body = null, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using var request = new HttpRequestMessage(method, new Uri("/control/" + path, UriKind.Relative));
        request.Content = body is null ? null : JsonContent.Create(body);
        using var response = await Http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        response.StatusCode.Should().Be(expected, text);
        return text.Length == 0 ? default : JsonDocument.Parse(text).RootElement;
    }

    public Task Lie(string order, object lie) => Control(HttpMethod.Put, "lies/" + order, lie);

    public Task ListenAt(string url) => Control(HttpMethod.Put, "listener", new { url });

    public async Task<string> State(string order) => (await Control(HttpMethod.Get, "orders/" + order)).GetProperty("order").GetProperty("state").GetString()!;

    public async Task<string> Journal() => (await Get("/control/journal")).Page;

    public async Task<(HttpStatusCode Status, string Line)> Query(string order, string password = "9999888", string command = "QUERYORDER")
    {
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["numeroCommerciante"] = "9999888",
            ["stabilimento"] = "99888",
            ["userID"] = "9999888",
            ["password"] = password,
            ["tipoComando"] = command,
            ["formatoRisposta"] = "plaintext",
            ["numeroOrdine"] = order,
        });
        using var response = await Http.PostAsync(new Uri("/backoffice/servizi/execute_remote_command.do", UriKind.Relative), form);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>The fields of the return form, as the browser would send them.</summary>
    public static string ReturnBody(string page)
        => string.Join('&', HiddenField.Matches(page).Select(match => $"{match.Groups["name"].Value}={WebUtility.UrlEncode(WebUtility.HtmlDecode(match.Groups["value"].Value))}"));

    [GeneratedRegex("""<input type="hidden" name="(?<name>[^"]*)" value="(?<value>[^"]*)">""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex HiddenField { get; }
}

internal sealed class FixedTime(DateTimeOffset now) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => now;
}
