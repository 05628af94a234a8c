using System.Globalization;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Platform.Core.Pages;
using Services.Fines.Tests.Register;

namespace Services.Fines.Tests.Pages;

/// <summary>Draws a page as a browser would get it, and makes the request it answers.</summary>
internal static class Drawn
{
    public static PageRequest Request(string language, DateTimeOffset now) => new(
        Some.Bentivoglio, Some.Union, PageCultures.Of(language), "/bentivoglio/multe", new Dictionary<string, string>(StringComparer.Ordinal),
        QueryCollection.Empty, FormCollection.Empty, now);

    public static async Task<string> Page<TView>(object model, CultureInfo culture)
        where TView : IComponent
    {
        var frame = new PageFrame(Some.Bentivoglio, "Multe", "/bentivoglio/multe", culture, Demo: false, "/bentivoglio/multe", []);
        await using var services = new ServiceCollection()
            .AddLogging()
            .AddCascadingValue(_ => frame)
            .AddCascadingValue(_ => new AntiforgeryToken("__RequestVerificationToken", "x"))
            .BuildServiceProvider();
        await using var renderer = new HtmlRenderer(services, NullLoggerFactory.Instance);
        return await renderer.Dispatcher.InvokeAsync(async () =>
            (await renderer.RenderComponentAsync<TView>(ParameterView.FromDictionary(new Dictionary<string, object?>(StringComparer.Ordinal) { ["Model"] = model }))).ToHtmlString());
    }

    /// <summary>Texts as a reader sees them: without marks, with one space between words.</summary>
    public static string Words(string html)
    {
        var text = System.Text.RegularExpressions.Regex.Replace(html, "<[^>]*>", " ", System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(5));
        return string.Join(' ', System.Net.WebUtility.HtmlDecode(text).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }

    public static int Count(string html, string what) => html.Split(what).Length - 1;
}
