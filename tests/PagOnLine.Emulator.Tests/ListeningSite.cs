using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace PagOnLine.Emulator.Tests;

internal sealed record Heard(string Method, string Path, string Query, string Body)
{
    public string? this[string name]
        => (Query.TrimStart('?') + "&" + Body).Split('&').Select(pair => pair.Split('=', 2)).Where(pair => pair[0] == name).Select(pair => System.Net.WebUtility.UrlDecode(pair[1])).FirstOrDefault();
}

/// <summary>The shop's server: hears calls in the order they come and answers what it is told to.</summary>
internal sealed class ListeningSite : IAsyncDisposable
{
    private readonly Channel<Heard> _heard = Channel.CreateUnbounded<Heard>();
    private readonly WebApplication _app;

    private ListeningSite(WebApplication app) => _app = app;

    public Queue<int> Answers { get; } = new();

    public string Address => _app.Urls.First();

    public static async Task<ListeningSite> Start()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        var site = new ListeningSite(app);
        app.Run(site.Hear);
        await app.StartAsync();
        return site;
    }

    public async Task<Heard> Next() => await _heard.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));

    public bool HeardNothingMore => _heard.Reader.Count == 0;

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task Hear(HttpContext context)
    {
        using var body = new StreamReader(context.Request.Body);
        var heard = new Heard(context.Request.Method, context.Request.Path, context.Request.QueryString.Value ?? "", await body.ReadToEndAsync());
        context.Response.StatusCode = Answers.TryDequeue(out var status) ? status : 200;
        await context.Response.WriteAsync("OK");
        await _heard.Writer.WriteAsync(heard);
    }
}
