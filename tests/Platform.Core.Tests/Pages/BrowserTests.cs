using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

namespace Platform.Core.Tests.Pages;

/// <summary>The pages as a browser draws them: accessible to axe, within the width of a phone, silent on the console. Pictures go to the test results.</summary>
public sealed class BrowserTests
{
    SamplePages site = null!;
    IPlaywright playwright = null!;
    IBrowser browser = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        site = await SamplePages.Start();
        playwright = await Playwright.CreateAsync();
        browser = await playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = "/usr/bin/chromium",
            Args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run", "--disable-quic"],
        });
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        if (browser is not null)
            await browser.DisposeAsync();
        playwright?.Dispose();
        if (site is not null)
            await site.DisposeAsync();
    }

    [Test]
    public async Task Axe_finds_nothing_and_nothing_overflows(
        [ValueSource(typeof(SamplePages), nameof(SamplePages.Paths))] string path, [Values(360, 1280)] int width)
    {
        await using var context = await browser.NewContextAsync(new() { ViewportSize = new() { Width = width, Height = 800 }, Locale = "it-IT" });
        var page = await context.NewPageAsync();
        var complaints = new List<string>();
        page.Console += (_, message) => { if (message.Type == "error" && !message.Text.Contains("404", StringComparison.Ordinal)) complaints.Add(message.Text); };
        page.Request += (_, request) => { if (!request.Url.StartsWith(site.Address.AbsoluteUri, StringComparison.Ordinal) && !request.Url.StartsWith("data:", StringComparison.Ordinal)) complaints.Add(request.Url); };

        await page.GotoAsync(new Uri(site.Address, path).AbsoluteUri, new() { WaitUntil = WaitUntilState.NetworkIdle });

        var picture = Path.Combine(TestContext.CurrentContext.WorkDirectory, "pictures", $"{path.Split('/')[^1]}-{width}.png");
        await page.ScreenshotAsync(new() { Path = picture, FullPage = true });
        TestContext.AddTestAttachment(picture);
        (await page.RunAxe()).Violations.Select(violation => $"{violation.Id}: {violation.Help}: {string.Join(" | ", violation.Nodes.Select(node => node.Html))}")
            .Should().BeEmpty();
        (await page.EvaluateAsync<int>("document.documentElement.scrollWidth")).Should().BeLessThanOrEqualTo(width, "a phone scrolls one way only");
        (await page.EvaluateAsync<bool>("document.fonts.check('16px \"Titillium Web\"') && [...document.fonts].some(font => font.status === 'loaded')"))
            .Should().BeTrue("the administrations' typeface comes from our own origin");
        complaints.Should().BeEmpty();
    }

    [Test]
    public async Task The_list_of_errors_has_the_focus_without_script()
    {
        await using var context = await browser.NewContextAsync(new() { JavaScriptEnabled = false });
        var page = await context.NewPageAsync();
        await page.GotoAsync(new Uri(site.Address, "/marzabotto/errori").AbsoluteUri);

        await Assertions.Expect(page.Locator("#errori")).ToBeFocusedAsync();
    }
}
