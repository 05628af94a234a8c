using System.Net;
using System.Text.RegularExpressions;
using Platform.Core.Pages;

namespace Platform.Core.Tests.Pages;

public sealed class PageTests
{
    SamplePages site = null!;
    HttpClient browser = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        site = await SamplePages.Start();
        browser = new() { BaseAddress = site.Address };
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        browser.Dispose();
        await site.DisposeAsync();
    }

    [Test]
    public async Task Every_page_is_one_whole_document([ValueSource(typeof(SamplePages), nameof(SamplePages.Paths))] string path, [Values("it", "en")] string language)
    {
        var html = await Get(path + "?lang=" + language);

        html.Should().StartWith("<!DOCTYPE html>").And.Contain($"<html lang=\"{language}\">");
        Find(html, "<(h1)[ >]").Should().ContainSingle();
        Find(html, "<(main)[ >]").Should().ContainSingle();
        WebUtility.HtmlDecode(Find(html, "<title>(.*?)</title>").Single()).Should().EndWith("Comune di Marzabotto");
        html.Should().Contain(language == "it" ? "Ambiente dimostrativo: nessun pagamento reale" : "Demonstration only: no real payments");
        var ids = Find(html, " id=\"([^\"]+)\"");
        ids.Should().OnlyHaveUniqueItems();
        Find(html, "href=\"#([^\"]+)\"").Should().BeSubsetOf(ids, "a link into the page leads somewhere");
        Find(html, "aria-(?:describedby|labelledby)=\"([^\"]+)\"").SelectMany(own => own.Split(' ')).Should().BeSubsetOf(ids);
    }

    [TestCaseSource(typeof(SamplePages), nameof(SamplePages.Paths))]
    public async Task No_page_needs_more_than_the_strict_policy_allows(string path)
    {
        var html = await Get(path);

        html.Should().NotMatchRegex("<[^>]+ style=").And.NotMatchRegex("<[^>]+ on[a-z]+=").And.NotContain("<style").And.NotContain("javascript:");
        Find(html, "<script[^>]*>([^<]*)</script>").Should().OnlyContain(script => script.Length == 0);
        Find(html, "<(?:link|script|img|use)[^>]+(?:href|src)=\"([^\"]+)\"").Should().OnlyContain(address => address.StartsWith('/'));
    }

    [TestCaseSource(typeof(SamplePages), nameof(SamplePages.Paths))]
    public async Task What_a_page_refers_to_is_served_by_us(string path)
    {
        var addresses = Find(await Get(path), "<(?:link|script)[^>]+(?:href|src)=\"([^\"]+)\"");

        addresses.Should().HaveCountGreaterThan(4);
        foreach (var address in addresses)
            (await browser.GetAsync(WebUtility.HtmlDecode(address))).StatusCode.Should().Be(HttpStatusCode.OK, address);
    }

    [Test]
    public async Task Each_input_has_its_label_and_each_error_leads_to_its_field()
    {
        var html = WebUtility.HtmlDecode(await Get("/marzabotto/errori"));

        foreach (var name in (string[])["number", "date", "plate", "email"])
        {
            html.Should().Contain($"<label for=\"campo-{name}\"").And.MatchRegex($"<input[^>]+id=\"campo-{name}\"");
            if (name == "email")
                continue;
            html.Should().Contain($"href=\"#campo-{name}\"");
            html.Should().MatchRegex($"<input[^>]+id=\"campo-{name}\"[^>]+aria-required=\"true\"[^>]+aria-invalid=\"true\"[^>]+aria-describedby=\"campo-{name}-aiuto campo-{name}-errore\"");
        }
        html.Should().Contain("Ci sono 3 dati da correggere").And.Contain("<title>Errore: ");
        html.Should().MatchRegex("id=\"errori\"[^>]+tabindex=\"-1\" autofocus");
        html.IndexOf("id=\"errori\"", StringComparison.Ordinal).Should().BeLessThan(html.IndexOf("<h1", StringComparison.Ordinal));
    }

    [Test]
    public async Task What_was_typed_comes_back_even_when_it_is_no_date()
    {
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>(StringComparer.Ordinal) { ["number"] = " V/9 ", ["date"] = "31/02/2026", ["plate"] = "ab 123" });
        var html = WebUtility.HtmlDecode(await (await browser.PostAsync("/marzabotto/multe", form)).Content.ReadAsStringAsync());

        html.Should().Contain("value=\"V/9\"").And.Contain("value=\"ab 123\"");
        html.Should().MatchRegex("<input[^>]+type=\"text\" value=\"31/02/2026\"");
    }

    [Test]
    public async Task A_typed_date_comes_back_as_the_browsers_calendar_wants_it()
    {
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>(StringComparer.Ordinal) { ["date"] = "1/2/2026" });
        var html = await (await browser.PostAsync("/marzabotto/multe", form)).Content.ReadAsStringAsync();

        html.Should().MatchRegex("<input[^>]+type=\"date\" value=\"2026-02-01\"");
    }

    [Test]
    public async Task Hostile_values_stay_text()
    {
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["number"] = SamplePages.Hostile, ["date"] = SamplePages.Hostile, ["plate"] = SamplePages.Hostile, ["email"] = SamplePages.Hostile,
        });
        var pages = new[]
        {
            await (await browser.PostAsync("/marzabotto/multe?a=" + Uri.EscapeDataString(SamplePages.Hostile), form)).Content.ReadAsStringAsync(),
            await Get("/marzabotto/riepilogo?number=" + Uri.EscapeDataString(SamplePages.Hostile)),
        };

        foreach (var html in pages)
        {
            html.Should().Contain("&lt;script&gt;").And.NotContain("<script>").And.NotMatchRegex("<[^>\"]*(\"[^\"]*\"[^>\"]*)*\\sonfocus=");
            WebUtility.HtmlDecode(html).Should().Contain(SamplePages.Hostile, "it is shown as it was typed");
        }
    }

    [Test]
    public async Task An_unknown_address_answers_404_in_the_citizens_language()
    {
        var answer = await browser.GetAsync("/marzabotto/non-trovata?lang=en");

        answer.StatusCode.Should().Be(HttpStatusCode.NotFound);
        (await answer.Content.ReadAsStringAsync()).Should().Contain("<h1>Page not found</h1>");
    }

    [Test]
    public async Task Our_forms_carry_the_token() =>
        (await Get("/marzabotto/multe")).Should().Contain("<input type=\"hidden\" name=\"__token\" value=\"a token\" />");

    [TestCase("/marzabotto/multe?numero=V%2F1&lang=it", "/marzabotto/multe?numero=V%2F1&lang=en")]
    [TestCase("/marzabotto/multe", "/marzabotto/multe?lang=en")]
    [TestCase("//evil.example/x", "/marzabotto?lang=en")]
    [TestCase("/\\evil.example", "/marzabotto?lang=en")]
    [TestCase("https://evil.example", "/marzabotto?lang=en")]
    public void The_language_link_is_this_page_and_never_another_site(string path, string expected) =>
        new PageFrame(SamplePages.Marzabotto, null, null, PageCultures.Italian, false, path, []).PathIn(PageCultures.English).Should().Be(expected);

    [TestCase("Comune di Marzabotto", "M")]
    [TestCase("San Pietro in Casale", "SP")]
    [TestCase("Unione Reno Galliera", "RG")]
    [TestCase("Comune di Castello d'Argile", "CA")]
    [TestCase("", "")]
    public void The_emblem_shows_the_telling_initials(string name, string initials) => Emblem.InitialsOf(name).Should().Be(initials);

    async Task<string> Get(string path) => await (await browser.GetAsync(path)).Content.ReadAsStringAsync();

    static string[] Find(string html, string pattern) =>
        Regex.Matches(html, pattern, RegexOptions.NonBacktracking).Select(match => match.Groups[1].Value).ToArray();
}
