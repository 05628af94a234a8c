using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.RegularExpressions;
using Autofac;
using Platform.Core.Entities;
using Platform.Core.Identity;
using Platform.Testing;

namespace Platform.Core.Tests.Identity;

/// <summary>Citizens come in by the same provider, to pages of a service: tests/Plugins/Probe has one that requires it, one that requires more, and one that offers it.</summary>
public sealed partial class OpenIdSignInTests
{
    const string Citizen1 = "VRDLGI82B02A944Y";
    const string Level3 = "https://www.spid.gov.it/SpidL3";
    const string With = "Entra con identità di prova";

    static readonly Person Luigi = new("cit-1", "csid-1", "TINIT-" + Citizen1, Level2, "Luigi Verdi");

    [Test]
    public async Task A_citizen_is_sent_to_sign_in_and_comes_back_to_where_he_was_going()
    {
        using var browser = await Citizen(Luigi, "/vergato/prova/mia?anno=2026");

        browser.Address.PathAndQuery.Should().Be("/vergato/prova/mia?anno=2026");
        browser.Reads.Should().Contain($"{Citizen1} Luigi Verdi 2 a citizen who is signed in");
        browser.Page.QuerySelector("header")!.TextContent.Should().Contain("Luigi Verdi").And.Contain("Esci");
        await browser.Open("/marzabotto/prova/forse");
        browser.Page.QuerySelector("header")!.TextContent.Should().Contain("Luigi Verdi", "who is signed in stands at the head of every page");
        browser.Page.QuerySelector("main a[href*=accesso]").Should().BeNull("there is nothing more to offer");
        await browser.Open("/console");
        browser.Address.AbsolutePath.Should().Be("/console/accesso", "a citizen is no officer");

        (await _host.Database.Value<long>(
            "select count(*) from core.citizen_session where position('VRDLGI' in encode(person, 'escape')) > 0 or position('VRDLGI' in provider || coalesce(provider_session, '') || host) > 0")).Should().Be(0);
        (await _host.Database.Rows<string>("select distinct actor || ' ' || (personal_digest is not null) from core.journal where kind = 'core.citizen_signed_in' and entity_id = 37059")).Should().Equal("core true");
        (await _host.Database.Value<long>("select count(*) from core.journal where body::text like '%VRDLGI%' or body::text like '%Verdi%'")).Should().Be(0);
    }

    [Test]
    public async Task Who_need_not_sign_in_may_and_a_form_of_before_does_not_act_after_nor_the_other_way_round()
    {
        using var browser = _host.NewCitizen();
        await browser.Open("/vergato/prova/forse");
        browser.Reads.Should().Contain("nobody");
        var before = Token(browser);

        await _stage.PutAsJsonAsync("person", Luigi);
        await browser.Follow("Accedi con la tua identità digitale");
        await browser.Follow(With);
        browser.Address.AbsolutePath.Should().Be("/vergato/prova/forse");
        browser.Reads.Should().Contain(Citizen1);
        var after = Token(browser);

        (await Post(browser.Cookies, before)).Should().Be(400, "it was drawn for nobody");
        (await Post(browser.Cookies, after)).Should().Be(200);
        var cookies = browser.Cookies;
        await browser.Press("Esci");
        browser.Address.AbsolutePath.Should().Be("/vergato/accesso");
        browser.Reads.Should().Contain("Sei uscito");
        (await Post(browser.Cookies, after)).Should().Be(400, "it was drawn for who has gone");
        (await Post(cookies, after)).Should().Be(400, "his cookie is nobody's any more");

        string Token(Citizen at) => at.Page.QuerySelector("main input[name=__form]")!.GetAttribute("value")!;

        async Task<int> Post(string with, string token)
        {
            using var client = new HttpClient(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false });
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_host.Address, "/vergato/prova/forse")) { Content = new FormUrlEncodedContent([KeyValuePair.Create("__form", token)]) };
            request.Headers.Add("Cookie", with);
            using var answer = await client.SendAsync(request);
            return (int)answer.StatusCode;
        }
    }

    [TestCase("TINIT-" + Citizen1, "https://www.spid.gov.it/SpidL1", "livello più basso", TestName = "a citizen whose level is too low")]
    [TestCase("TINIT-" + Citizen1, null, "livello più basso", TestName = "a citizen without a level")]
    [TestCase("TINIT-VRDLGI82B02A944X", Level2, "codice fiscale di una persona", TestName = "a citizen whose tax code is wrong")]
    [TestCase("TINFR-" + Citizen1, Level2, "codice fiscale di una persona", TestName = "a citizen of another country's number")]
    [TestCase("TINIT-99900000011", Level2, "codice fiscale di una persona", TestName = "a body")]
    [TestCase(null, Level2, "codice fiscale di una persona", TestName = "nobody's tax code")]
    public async Task Nobody_else_is_a_citizen(string? fiscal, string? level, string words)
    {
        using var browser = await Citizen(new("cit-wrong", "csid-wrong", fiscal, level), "/vergato/prova/mia");

        browser.Status.Should().Be(403);
        browser.Reads.Should().Contain(words);
        browser.Page.QuerySelector("footer")!.TextContent.Should().Contain("Vergato", "it is told in the entity's own frame");
        await browser.Open("/vergato/prova/mia");
        browser.Address.AbsolutePath.Should().Be("/vergato/accesso");
    }

    [Test]
    public async Task A_page_that_needs_more_asks_for_more_and_the_stronger_sign_in_takes_the_place_of_the_weaker()
    {
        using var browser = await Citizen(Luigi with { Subject = "cit-up", Session = "csid-up" }, "/vergato/prova/mia");
        var weak = Cookie(browser);

        await browser.Open("/vergato/prova/forte");
        browser.Status.Should().Be(403);
        browser.Reads.Should().Contain("livello più basso").And.Contain("livello 3");
        await browser.Follow("Accedi con il livello richiesto");
        await browser.Follow(With);
        browser.Status.Should().Be(403, "the provider confirmed the same level again");
        (await Step($"/vergato/accesso/con/prova?livello=3&back=/vergato", null)).Location.Should().Contain("/accesso/con/prova?via=");

        await _stage.PutAsJsonAsync("person", Luigi with { Subject = "cit-up", Session = "csid-up", Level = Level3 });
        await browser.Open("/vergato/accesso?livello=3&back=%2Fvergato%2Fprova%2Fforte");
        await browser.Follow(With);
        browser.Reads.Should().Contain($"{Citizen1} Luigi Verdi 3");
        Cookie(browser).Should().NotBe(weak);
        using var old = _host.NewCitizen();
        old.Bring(weak);
        await old.Open("/vergato/prova/mia");
        old.Address.AbsolutePath.Should().Be("/vergato/accesso", "the weaker one has ended");
    }

    [Test]
    public async Task What_is_asked_of_the_provider_is_the_level_that_the_page_needs()
    {
        foreach (var (level, asked) in ((string, string)[])[("2", "https://www.spid.gov.it/SpidL2 https://www.spid.gov.it/SpidL3"), ("3", Level3)])
        {
            var away = await Step($"/vergato/accesso/con/prova?livello={level}&back=/vergato", null);
            var provider = await Step(away.Location!, null);
            provider.Location.Should().Contain("acr_values=" + Uri.EscapeDataString(asked) + "&").And.Contain("code_challenge_method=S256")
                .And.Contain("redirect_uri=" + Uri.EscapeDataString(new Uri(_host.Address, "/accesso/oidc/prova").AbsoluteUri));
        }
    }

    [TestCase("https://altrove.example/")]
    [TestCase("//altrove.example/")]
    [TestCase("/\\altrove.example/")]
    [TestCase("/vergato//altrove.example")]
    [TestCase("/vergato/../marzabotto/prova/mia")]
    [TestCase("/marzabotto/prova/mia")]
    [TestCase("/vergatoaltro/prova")]
    [TestCase("/vergato/accesso/uscita")]
    [TestCase("/vergato/pro\nva")]
    [TestCase("javascript:alert(1)")]
    public async Task The_way_back_leads_to_pages_of_the_same_entity_only(string back)
    {
        using var browser = await Citizen(Luigi with { Subject = "cit-back" }, "/vergato/accesso?back=" + Uri.EscapeDataString(back));

        browser.Address.Should().Be(new Uri(_host.Address, "/vergato"));
        browser.Page.QuerySelector("header")!.TextContent.Should().Contain("Luigi Verdi");
    }

    [Test]
    public async Task A_sign_in_is_taken_once_by_the_browser_that_asked_for_it_within_two_minutes_and_under_its_name()
    {
        await _stage.PutAsJsonAsync("person", Luigi with { Subject = "cit-take", Session = "csid-take" });
        var (arrival, cookies) = await Arrival();

        (await Step(arrival, null)).Status.Should().Be(403, "another browser, to which somebody sent the address");
        (await Step(arrival, "portico-way=" + new string('A', 43))).Status.Should().Be(403, "a browser with a mark of its own");
        (await Step(arrival.Replace("codice=", "codice=x", StringComparison.Ordinal), cookies)).Status.Should().Be(403);
        await Named("altri.vergato.example");
        (await Step(arrival, cookies, "altri.vergato.example")).Status.Should().Be(403, "under another name");
        // A value that somebody planted beforehand is not the sign-in's.
        var planted = new string('P', 43);
        var taken = await Step(arrival, $"{cookies}; portico-citizen={planted}");
        taken.Status.Should().Be(303);
        taken.Location.Should().Be("/vergato");
        var value = taken.Cookies.Should().ContainSingle(cookie => cookie.StartsWith("portico-citizen=", StringComparison.Ordinal)).Subject;
        value.Should().NotContain(planted).And.Contain("httponly").And.Contain("samesite=lax").And.Contain("path=/").And.NotContain("domain");
        (await Step("/vergato/prova/mia", "portico-citizen=" + planted)).Status.Should().Be(303);
        (await Step("/vergato/prova/mia", value.Split(';')[0])).Status.Should().Be(200);
        (await Step("/vergato/prova/mia", value.Split(';')[0], "altri.vergato.example")).Status.Should().Be(303, "a value of one name is none under another");
        (await Step(arrival, cookies)).Status.Should().Be(403, "it was taken");

        var (late, marked) = await Arrival();
        _host.Clock.Advance(TimeSpan.FromMinutes(2));
        (await Step(late, marked)).Status.Should().Be(403, "too late");
        (await Step("/accesso/con/prova?via=abc", null)).Status.Should().Be(403);
        (await Step("/accesso/con/nessuno?via=abc", null)).Status.Should().Be(403);
        (await Step("/vergato/accesso/con/nessuno", null)).Status.Should().Be(404);
    }

    [Test]
    public async Task Under_an_entitys_own_name_one_signs_in_and_the_provider_knows_one_address()
    {
        const string own = "servizi.vergato.example";
        await Named(own);
        await _stage.PutAsJsonAsync("person", Luigi with { Subject = "cit-own", Session = "csid-own" });

        var asked = await Step("/vergato/prova/mia", null, own);
        asked.Location.Should().StartWith("/vergato/accesso?back=");
        var started = await Step("/vergato/accesso/con/prova?back=%2Fvergato%2Fprova%2Fmia&livello=2", null, own);
        var away = await Step(started.Location!, null);
        started.Location.Should().StartWith(_host.Address.AbsoluteUri, "the provider's answer comes to the host's own name");
        var answer = await Step((await Step(away.Location!, null)).Location!, string.Join("; ", away.Cookies.Select(cookie => cookie.Split(';')[0])));
        answer.Location.Should().StartWith($"http://{own}:{_host.Address.Port}/vergato/accesso/arrivo?codice=");
        answer.Cookies.Should().NotContain(cookie => cookie.StartsWith("portico-citizen=", StringComparison.Ordinal), "nobody is signed in under the host's own name");
        var arrived = await Step(new Uri(answer.Location!).PathAndQuery, started.Cookies.Single().Split(';')[0], own);
        arrived.Location.Should().Be("/vergato/prova/mia");
        var value = arrived.Cookies.Single(cookie => cookie.StartsWith("portico-citizen=", StringComparison.Ordinal)).Split(';')[0];
        (await Step("/vergato/prova/mia", value, own)).Status.Should().Be(200);
        (await Step("/vergato/prova/mia", value)).Status.Should().Be(303);
    }

    [Test]
    public async Task A_citizens_sign_in_ends_by_idleness_by_its_length_by_the_provider_and_for_every_host()
    {
        using var idle = await Citizen(Luigi with { Subject = "cit-end", Session = "csid-idle" }, "/vergato/prova/mia");
        for (var i = 0; i < 3; i++)
        {
            _host.Clock.Advance(TimeSpan.FromMinutes(29));
            await idle.LookAgain();
            idle.Status.Should().Be(200);
            idle.Address.AbsolutePath.Should().Be("/vergato/prova/mia");
        }
        _host.Clock.Advance(TimeSpan.FromMinutes(30));
        await IsOut(idle);

        using var used = await Citizen(Luigi with { Subject = "cit-end", Session = "csid-long" }, "/vergato/prova/mia");
        for (var minutes = 0; minutes < 230; minutes += 23)
        {
            _host.Clock.Advance(TimeSpan.FromMinutes(23));
            await used.LookAgain();
        }
        used.Address.AbsolutePath.Should().Be("/vergato/prova/mia");
        _host.Clock.Advance(TimeSpan.FromMinutes(10));
        await IsOut(used);

        using var one = await Citizen(Luigi with { Subject = "cit-end", Session = "csid-a" }, "/vergato/prova/mia");
        using var two = await Citizen(Luigi with { Subject = "cit-end", Session = "csid-b" }, "/vergato/prova/mia");
        var to = new Uri(_host.Address, "/accesso/oidc/prova/uscita").AbsoluteUri;
        foreach (var lie in new object[] { new { to, session = "csid-a", forged = true }, new { to, session = "csid-a", audience = "another" }, new { to, session = "csid-a", nonce = true }, new { to } })
            (await Logout(lie)).Should().Be(400);
        await two.LookAgain();
        two.Address.AbsolutePath.Should().Be("/vergato/prova/mia");
        (await Logout(new { to, session = "csid-a" })).Should().Be(200);
        await IsOut(one);
        await two.LookAgain();
        two.Address.AbsolutePath.Should().Be("/vergato/prova/mia");
        // A provider that has one address for its client tells it there.
        (await Logout(new { to = new Uri(_host.Address, "/console/accesso/oidc/prova/uscita").AbsoluteUri, subject = "cit-end" })).Should().Be(200);
        await IsOut(two);

        _host.Clock.Advance(TimeSpan.FromHours(1));
        await _host.Quiet();
        (await _host.Database.Value<long>("select count(*) from core.citizen_session")).Should().Be(0, "what has ended leaves no row of a person");

        async Task IsOut(Citizen browser)
        {
            await browser.Open("/vergato/prova/mia");
            browser.Address.AbsolutePath.Should().Be("/vergato/accesso");
        }
    }

    [Test]
    public async Task What_a_kit_signs_in_is_a_citizen_as_any_other()
    {
        using var browser = await _host.SignInCitizen(Citizen1, level: 3, name: "Anna Bianchi");

        await browser.Open("/vergato/prova/forte");

        browser.Reads.Should().Contain($"{Citizen1} Anna Bianchi 3");
        await FluentActions.Invoking(() => _host.SignInCitizen("VRDLGI82B02A944X")).Should().ThrowAsync<ArgumentException>();
    }

    async Task<Citizen> Citizen(Person person, string page)
    {
        await _stage.PutAsJsonAsync("person", person);
        var browser = _host.NewCitizen();
        await browser.Open(page);
        browser.Address.AbsolutePath.Should().Be("/vergato/accesso");
        await browser.Follow(With);
        return browser;
    }

    static string Cookie(Citizen browser) => browser.Cookies.Split("; ").Single(cookie => cookie.StartsWith("portico-citizen=", StringComparison.Ordinal));

    /// <summary>From the page's sign-in to the provider and back: the address at which the browser would arrive, and its mark.</summary>
    async Task<(string Address, string Mark)> Arrival()
    {
        var started = await Step("/vergato/accesso/con/prova?back=/vergato&livello=2", null);
        var away = await Step(started.Location!, null);
        var answer = await Step((await Step(away.Location!, null)).Location!, string.Join("; ", away.Cookies.Select(cookie => cookie.Split(';')[0])));
        answer.Status.Should().Be(303);
        return (new Uri(answer.Location!).PathAndQuery, started.Cookies.Single().Split(';')[0]);
    }

    sealed record Answer(int Status, string? Location, IReadOnlyList<string> Cookies);

    /// <summary>One request and no further, as a browser that has these cookies and asks under this name.</summary>
    async Task<Answer> Step(string address, string? cookies, string? host = null)
    {
        using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_host.Address, address));
        if (cookies is not null)
            request.Headers.Add("Cookie", cookies);
        if (host is not null)
            request.Headers.Host = string.Create(CultureInfo.InvariantCulture, $"{host}:{_host.Address.Port}");
        using var answer = await client.SendAsync(request);
        return new((int)answer.StatusCode, answer.Headers.Location?.OriginalString, answer.Headers.TryGetValues("Set-Cookie", out var set) ? [.. set.Where(cookie => !Deleted().IsMatch(cookie))] : []);
    }

    async Task Named(string host)
    {
        await _host.Portico("entity", "host", "VRG", host);
        _host.Container.Resolve<EntityDirectory>().Forget();
    }

    [GeneratedRegex("^[^=]+=;", RegexOptions.None, 1000)]
    private static partial Regex Deleted();
}
