using System.Net;
using System.Net.Http.Headers;
using System.Text;
using AngleSharp.Dom;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Platform.Testing;

namespace Platform.Core.Tests.Pages;

/// <summary>Every field of a form, in a service of its own (tests/Plugins/Probe): what it takes, what it says, and to whom it is open.</summary>
public sealed class GalleryTests
{
    const string Path = "/marzabotto/prova/moduli";

    static readonly byte[] Pdf = "%PDF-1.7 all of it"u8.ToArray();

    static readonly (string Name, string Value)[] Right =
    [
        ("text", "Maria Rossi"), ("date", "10/12/1985"), ("amount", "1.234,56"), ("number", "2"), ("taxcode", "rssmra85t10a562s"), ("plate", "ab 123 cd"),
        ("email", "maria@example.org"), ("select", "b"), ("radio", "c"), ("boxes", "a"), ("boxes", "c"), ("consent", "si"),
    ];

    PorticoTestHost host = null!;
    IPlaywright playwright = null!;
    IBrowser browser = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        host = await PorticoTestHost.Start(System.IO.Path.Combine(TestCluster.Artifacts, "test-plugins"));
        await host.Activate("probe", "MZB");
        playwright = await Playwright.CreateAsync();
        browser = await playwright.Chromium.LaunchAsync(new() { ExecutablePath = "/usr/bin/chromium", Args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"] });
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        if (browser is not null)
            await browser.DisposeAsync();
        playwright?.Dispose();
        if (host is not null)
            await host.DisposeAsync();
    }

    [TestCase("/marzabotto/prova/mia")]
    [TestCase("/marzabotto/prova/forte")]
    public async Task Where_nobody_can_sign_in_a_page_that_needs_it_says_so_with_whom_to_ask(string path)
    {
        using var citizen = host.NewCitizen();
        await citizen.Open(path);

        citizen.Status.Should().Be(403);
        citizen.Heading.Should().Be("Qui non si può accedere");
        citizen.Reads.Should().Contain("Chiedi all’ente").And.Contain("urp@");
    }

    [Test]
    public async Task Axe_finds_nothing_in_any_field_right_or_wrong([Values(360, 1280)] int width, [Values("it", "en")] string language)
    {
        await using var context = await browser.NewContextAsync(new() { ViewportSize = new() { Width = width, Height = 800 }, Locale = language == "it" ? "it-IT" : "en-GB" });
        var page = await context.NewPageAsync();
        await page.GotoAsync(new Uri(host.Address, Path).AbsoluteUri);
        await Look("vuoti");

        await page.Locator("[name=taxcode]").FillAsync("RSSMRA85T10A562T");
        await page.Locator("[name=amount]").FillAsync("dodici");
        await page.Locator("main form button").ClickAsync();

        (await page.TitleAsync()).Should().StartWith(language == "it" ? "Errore: " : "Error: ");
        await Assertions.Expect(page.Locator("#errori")).ToBeFocusedAsync();
        (await page.Locator("#errori a").CountAsync()).Should().Be(12);
        (await page.Locator("[name=taxcode]").InputValueAsync()).Should().Be("RSSMRA85T10A562T", "nothing typed is lost");
        await Look("errori");
        foreach (var link in await page.Locator("#errori a").AllAsync())
        {
            var target = (await link.GetAttributeAsync("href"))![1..];
            (await page.EvaluateAsync<bool>("id => { const at = document.getElementById(id); at.focus(); return document.activeElement === at; }", target)).Should().BeTrue("{0} takes the keyboard", target);
        }

        async Task Look(string name)
        {
            var picture = System.IO.Path.Combine(TestContext.CurrentContext.WorkDirectory, "pictures", $"campi-{name}-{language}-{width}.png");
            await page.ScreenshotAsync(new() { Path = picture, FullPage = true });
            TestContext.AddTestAttachment(picture);
            (await page.RunAxe()).Violations.Select(violation => $"{violation.Id}: {violation.Help}: {string.Join(" | ", violation.Nodes.Select(node => node.Html))}").Should().BeEmpty();
            (await page.EvaluateAsync<int>("document.documentElement.scrollWidth")).Should().BeLessThanOrEqualTo(width);
        }
    }

    [Test]
    public async Task What_is_right_is_understood()
    {
        var (status, page) = await Send(Right, "lettera.pdf", Pdf);

        status.Should().Be(HttpStatusCode.OK, page);
        foreach (var words in (string[])["10/12/1985", "1.234,56", "RSSMRA85T10A562S", "AB123CD", "a, c", "lettera.pdf (Pdf, 18)"])
            WebUtility.HtmlDecode(page).Should().Contain(words);
    }

    [Test]
    public async Task A_field_that_is_wrong_is_tied_to_its_hint_and_its_error()
    {
        using var citizen = host.NewCitizen();
        await citizen.Open(Path);
        await citizen.Send(("text", ""));

        citizen.Status.Should().Be(422);
        var field = citizen.Page.QuerySelector("[name=text]")!;
        field.GetAttribute("aria-invalid").Should().Be("true");
        field.GetAttribute("aria-describedby")!.Split(' ').Select(id => citizen.Page.GetElementById(id)!.Text().Trim()).Should().Equal("Come sul documento", "Errore: Controlla: Nome e cognome");
        foreach (var link in citizen.Page.QuerySelectorAll("#errori a"))
            citizen.Page.QuerySelector(link.GetAttribute("href")!)!.GetAttribute("name").Should().NotBeNull("the link leads to a field");
        citizen.Page.QuerySelectorAll("[aria-describedby]").SelectMany(element => element.GetAttribute("aria-describedby")!.Split(' '))
            .Should().OnlyContain(id => citizen.Page.GetElementById(id) != null);
        citizen.Page.QuerySelectorAll("[id]").Select(element => element.Id).Should().OnlyHaveUniqueItems();
    }

    [TestCase("lettera.pdf", "MZ this is a program", "Il file non è del tipo giusto: PDF, JPEG, al massimo 1 MB")]
    [TestCase("lettera.pdf", "", "Il file è vuoto")]
    [TestCase("immagine.png", "\u0089PNG\r\n\u001a\n", "Il file non è del tipo giusto", TestName = "a picture where only documents are asked for")]
    public async Task A_file_is_what_its_first_bytes_say(string name, string content, string why)
    {
        var (status, page) = await Send(Right, name, Encoding.Latin1.GetBytes(content));

        status.Should().Be(HttpStatusCode.UnprocessableEntity);
        WebUtility.HtmlDecode(page).Should().Contain(why);
    }

    [Test]
    public async Task A_file_too_large_for_its_field_is_told_there_and_one_too_large_for_the_page_is_turned_away()
    {
        var (status, page) = await Send(Right, "grande.pdf", [.. Pdf, .. new byte[1 << 20]]);
        status.Should().Be(HttpStatusCode.UnprocessableEntity);
        WebUtility.HtmlDecode(page).Should().Contain("Il file è troppo grande");

        (status, page) = await Send(Right, "enorme.pdf", [.. Pdf, .. new byte[2 << 20]]);
        status.Should().Be(HttpStatusCode.RequestEntityTooLarge);
        WebUtility.HtmlDecode(page).Should().Contain("Hai inviato troppo");
    }

    [Test]
    public async Task A_files_name_is_shown_and_leads_nowhere()
    {
        var (_, page) = await Send(Right, "../../etc/<b>lettera</b>.pdf", Pdf);

        page.Should().NotContain("<b>lettera").And.NotContain("etc/");
    }

    [Test]
    public async Task An_answer_that_was_not_offered_is_none()
    {
        var (status, page) = await Send([.. Right.Where(field => field.Name != "select"), ("select", "z")], "lettera.pdf", Pdf);

        status.Should().Be(HttpStatusCode.UnprocessableEntity);
        WebUtility.HtmlDecode(page).Should().Contain("Controlla: Quartiere").And.NotContain("Controlla: Targa");
    }

    async Task<(HttpStatusCode, string)> Send((string Name, string Value)[] fields, string fileName, byte[] file)
    {
        using var http = new HttpClient(new HttpClientHandler { CookieContainer = new(), AllowAutoRedirect = false }) { BaseAddress = host.Address };
        http.DefaultRequestHeaders.AcceptLanguage.ParseAdd("it");
        // Asks before it sends much, as browsers cannot: what the server answers is then read whole.
        http.DefaultRequestHeaders.ExpectContinue = true;
        var page = await http.GetStringAsync(new Uri(Path, UriKind.Relative));
        var token = System.Text.RegularExpressions.Regex.Match(page, "name=\"__form\" value=\"(?<token>[^\"]+)\"", System.Text.RegularExpressions.RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(5)).Groups["token"].Value;
        using var body = new MultipartFormDataContent { { new StringContent(token), "__form" } };
        foreach (var (name, value) in fields)
            body.Add(new StringContent(value), name);
        body.Add(new ByteArrayContent(file) { Headers = { ContentType = new MediaTypeHeaderValue("application/pdf") } }, "file", fileName);
        using var answer = await http.PostAsync(new Uri(Path, UriKind.Relative), body);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }
}
