using System.Globalization;
using Microsoft.Playwright;
using Platform.Testing;

namespace Portico.Host.Tests.Browser;

/// <summary>
/// A person at a screen of some width. Notes what a page must never do: call another site than the host and the bank, break the content-security policy,
/// complain on the console.
/// </summary>
internal sealed class Visitor : IAsyncDisposable
{
    static readonly Task<string> Axe = File.ReadAllTextAsync(Path.Combine(TestCluster.Artifacts, "..", "node_modules", "axe-core", "axe.min.js"));

    readonly IBrowserContext _context;
    readonly List<string> _complaints = [];

    Visitor(IBrowserContext context, IPage page, int width)
    {
        _context = context;
        Page = page;
        Width = width;
        string[] known = [TheSite.Host.Address.AbsoluteUri, TheSite.Host.Bank.Address.AbsoluteUri, "data:"];
        page.Request += (_, request) =>
        {
            if (!known.Any(site => request.Url.StartsWith(site, StringComparison.Ordinal)))
                _complaints.Add($"calls {request.Url}");
        };
        page.PageError += (_, error) => _complaints.Add(error);
        page.Console += (_, message) =>
        {
            // That the page itself answers 404 or 422 is meant, and the browser says so on the console.
            if (message.Type is "error" or "warning" && !(message.Location.StartsWith(page.Url, StringComparison.Ordinal) && message.Text.StartsWith("Failed to load resource", StringComparison.Ordinal)))
                _complaints.Add($"{message.Type}: {message.Text} ({message.Location})");
        };
    }

    public IPage Page { get; }

    public int Width { get; }

    public IReadOnlyList<string> Complaints => _complaints;

    public static async Task<Visitor> Arrive(int width = 1280, bool script = true, string locale = "it-IT")
    {
        var context = await TheSite.Browser.NewContextAsync(new() { ViewportSize = new() { Width = width, Height = width < 600 ? 740 : 800 }, JavaScriptEnabled = script, Locale = locale });
        context.SetDefaultTimeout(20_000);
        return new(context, await context.NewPageAsync(), width);
    }

    public Task Open(string path) => Page.GotoAsync(new Uri(TheSite.Host.Address, path).AbsoluteUri);

    public Task<string> Heading => Page.Locator("h1").InnerTextAsync();

    public Task Press(string button) => Page.GetByRole(AriaRole.Button, new() { Name = button }).ClickAsync();

    public Task Follow(string link) => Page.GetByRole(AriaRole.Link, new() { Name = link }).First.ClickAsync();

    /// <summary>Types the three things that stand on a notice.</summary>
    public async Task Fill(Fine fine)
    {
        await Page.Locator("[name=verbale]").FillAsync(fine.Number);
        await Page.Locator("[name=data]").FillAsync(fine.Date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
        await Page.Locator("[name=targa]").FillAsync(fine.Plate);
    }

    /// <summary>What a test says of any page: it fits the screen, and axe finds nothing by the rules of WCAG 2.2 AA and of good practice.</summary>
    public async Task<IReadOnlyList<string>> Faults()
    {
        var faults = new List<string>();
        if (await Page.EvaluateAsync<int>("document.documentElement.scrollWidth") is var wide && wide > Page.ViewportSize!.Width)
            faults.Add($"{wide} pixels wide on a screen of {Page.ViewportSize.Width}");
        if (await Page.Locator("h1").CountAsync() is var headings and not 1)
            faults.Add($"{headings} main headings");
        // The package for Playwright opens another page to gather the results of frames. Ours have none, and there are many pages to look at.
        if (await Page.EvaluateAsync<bool>("typeof axe === 'undefined'"))
            await Page.EvaluateAsync(await Axe);
        faults.AddRange(await Page.EvaluateAsync<string[]>(
            """
            async () => (await axe.run(document, { resultTypes: ['violations'], rules: { 'target-size': { enabled: true } } }))
              .violations.map(found => `${found.id}: ${found.help}: ${found.nodes.map(node => node.html).join(' | ')}`)
            """));
        return faults;
    }

    public ValueTask DisposeAsync() => _context.DisposeAsync();
}
