using System.Diagnostics;
using System.Net.Http.Json;
using Autofac;
using Platform.Core.Identity;
using Platform.Testing;

namespace Platform.Core.Tests.Identity;

/// <summary>Officers come in by a provider of identities that is a program of its own, over real HTTP: code flow with PKCE.</summary>
public sealed partial class OpenIdSignInTests
{
    const string TaxCode = "RSSMRA80A01A944I";
    const string Level2 = "https://www.spid.gov.it/SpidL2";

    Process _provider = null!;
    HttpClient _stage = null!;
    PorticoTestHost _host = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _provider = Process.Start(new ProcessStartInfo(Whereabouts.DotNet)
        {
            ArgumentList = { Path.Combine(TestCluster.Artifacts, "bin", "Oidc.Provider", "release", "oidc-provider.dll") }, RedirectStandardOutput = true, RedirectStandardInput = true, UseShellExecute = false,
        })!;
        var line = await _provider.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("The provider did not start.");
        _stage = new HttpClient { BaseAddress = new Uri(line.Split(": ")[1]) };
        _host = await PorticoTestHost.Start(Path.Combine(TestCluster.Artifacts, "test-plugins"), secrets: Settings(_stage.BaseAddress.AbsoluteUri));
        foreach (var municipality in new[] { "VRG", "MZB" })
            await _host.Activate("probe", municipality);
    }

    static Dictionary<string, string?> Settings(string authority) => new(StringComparer.Ordinal)
    {
        ["SignIn:prova:Authority"] = authority, ["SignIn:prova:ClientId"] = "portico", ["SignIn:prova:ClientSecret"] = "segreto-di-prova-del-client", ["SignIn:prova:Title"] = "identità di prova",
        ["SignIn:prova:For"] = "both",
    };

    [OneTimeTearDown]
    public async Task Stop()
    {
        await _host.DisposeAsync();
        _stage.Dispose();
        _provider.Kill();
        await _provider.WaitForExitAsync();
        _provider.Dispose();
    }

    [Test]
    public async Task Whom_somebody_wrote_down_by_his_tax_code_comes_in_and_back_to_where_he_was_going()
    {
        var officer = await NewOfficer("uno");
        (await _host.Portico("console", "identity", $"{officer}", "prova", "--tax-code", TaxCode)).Should().Match<Told>(told => told.Code == 0);
        using var browser = await SignIn(new("sub-1", "sid-1", "TINIT-" + TaxCode, Level2), "/console/vergato");

        browser.Address.AbsolutePath.Should().Be("/console/vergato");
        browser.Status.Should().Be(200);
        (await _host.Database.Value<long>("select count(*) from core.officer_session where provider = 'prova' and officer_id = @officer", new { officer })).Should().Be(1);
        (await _host.Database.Value<long>("select count(*) from core.journal where body::text like '%RSSMRA%'")).Should().Be(0);

        // From now on the provider's own name for him is enough.
        using var again = await SignIn(new("sub-1", "sid-2", null, Level2), "/console/vergato");
        again.Status.Should().Be(200);
    }

    [TestCase("nobody", "TINIT-VRDLGI82B02A944Y", Level2, "nessuno ti ha dato un incarico", TestName = "an identity that nobody wrote down")]
    [TestCase("sub-low", "TINIT-" + "RSSNNA16B41A944L", "https://www.spid.gov.it/SpidL1", "livello 2", TestName = "a level too low")]
    [TestCase("sub-low", "TINIT-" + "RSSNNA16B41A944L", "something else", "livello 2", TestName = "a level of another name")]
    [TestCase("sub-none", "TINIT-" + "RSSNNA16B41A944L", null, "livello 2", TestName = "no level at all")]
    [TestCase("sub-fr", "TINFR-" + "RSSNNA16B41A944L", Level2, "nessuno ti ha dato un incarico", TestName = "the tax number of another country")]
    public async Task Nobody_else_comes_in(string subject, string fiscal, string? level, string words)
    {
        if (!await _host.Database.Value<bool>("select exists (select from core.officer_identity where subject = 'tax:RSSNNA16B41A944L')"))
            await _host.Portico("console", "identity", $"{await NewOfficer("due")}", "prova", "--tax-code", "RSSNNA16B41A944L");

        using var browser = await SignIn(new(subject, "sid-x", fiscal, level), "/console");

        browser.Status.Should().Be(403);
        browser.Reads.Should().Contain(words);
        await browser.Open("/console");
        browser.Address.AbsolutePath.Should().Be("/console/accesso");
    }

    [Test]
    public async Task Who_does_not_consent_and_whose_answer_is_made_up_are_told_in_words()
    {
        await _stage.DeleteAsync(new Uri("person", UriKind.Relative));
        using var browser = _host.NewCitizen();
        await browser.Open("/console/accesso");
        await browser.Follow("Entra con identità di prova");
        browser.Status.Should().Be(403);
        browser.Reads.Should().Contain("non ha confermato");

        foreach (var answer in new[] { "", "?code=x&state=y", "?error=access_denied", "?code=x" })
        {
            await browser.Open("/console/accesso/oidc/prova" + answer);
            browser.Status.Should().BeOneOf(403, 404);
        }
        (await _host.Database.Value<long>("select count(*) from core.officer_session where provider = 'prova' and officer_id not in (select officer_id from core.officer_identity)")).Should().Be(0);
    }

    [Test]
    public async Task An_answer_that_was_used_opens_no_second_sign_in_in_another_browser()
    {
        var officer = await NewOfficer("tre");
        await _host.Portico("console", "identity", $"{officer}", "prova", "--subject", "sub-3");
        await _stage.PutAsJsonAsync("person", new { subject = "sub-3", session = "sid-3", fiscalNumber = (string?)null, level = Level2 });
        using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = true });
        var away = (await client.GetAsync(new Uri(_host.Address, "/console/accesso/con/prova"))).Headers.Location!;
        away.Query.Should().Contain("code_challenge_method=S256").And.Contain("response_type=code").And.Contain("nonce=");
        var answer = (await client.GetAsync(away)).Headers.Location!;

        using var thief = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });
        ((int)(await thief.GetAsync(answer)).StatusCode).Should().Be(403, "it was begun in another browser");
        ((int)(await client.GetAsync(answer)).StatusCode).Should().Be(303);
        ((int)(await client.GetAsync(answer)).StatusCode).Should().Be(403, "a code is good once");
        (await _host.Database.Value<long>("select count(*) from core.officer_session where officer_id = @officer", new { officer })).Should().Be(1);
    }

    [Test]
    public async Task The_provider_ends_sign_ins_by_session_and_by_person_and_nobody_else_does()
    {
        var officer = await NewOfficer("quattro");
        await _host.Portico("console", "identity", $"{officer}", "prova", "--subject", "sub-4");
        using var one = await SignIn(new("sub-4", "sid-4a", null, Level2), "/console/vergato");
        using var two = await SignIn(new("sub-4", "sid-4b", null, Level2), "/console/vergato");
        var to = new Uri(_host.Address, "/console/accesso/oidc/prova/uscita").AbsoluteUri;

        foreach (var lie in new object[]
                 {
                     new { to, session = "sid-4a", forged = true }, new { to, session = "sid-4a", audience = "another" }, new { to, session = "sid-4a", noEvent = true }, new { to, session = "sid-4a", nonce = true },
                     new { to, session = "sid-4a", expired = true }, new { to },
                 })
            (await Logout(lie)).Should().Be(400);
        (await Sessions(officer)).Should().Be(2);

        (await Logout(new { to, session = "sid-4a" })).Should().Be(200);
        await one.Open("/console/vergato");
        one.Address.AbsolutePath.Should().Be("/console/accesso");
        await two.Open("/console/vergato");
        two.Status.Should().Be(200);
        two.Address.AbsolutePath.Should().Be("/console/vergato");

        (await Logout(new { to, subject = "sub-4" })).Should().Be(200);
        (await Sessions(officer)).Should().Be(0);
    }

    [TestCase("Authority", "http://provider.example", "with https://")]
    [TestCase("ClientId", "", "has no ClientId")]
    [TestCase("For", "everybody", "write officers, citizens or both")]
    [TestCase("Levels:9", "x", "is no level")]
    public async Task A_provider_that_cannot_be_used_stops_the_start_in_words(string name, string value, string words)
    {
        var settings = Settings("https://provider.example");
        settings[$"SignIn:prova:{name}"] = value;
        var start = () => PorticoTestHost.Start(secrets: settings);
        await start.Should().ThrowAsync<Exception>().WithMessage($"*{words}*");
    }

    sealed record Person(string Subject, string? Session, string? FiscalNumber, string? Level, string? Name = null);

    async Task<Citizen> SignIn(Person person, string back)
    {
        await _stage.PutAsJsonAsync("person", person);
        var browser = _host.NewCitizen();
        await browser.Open("/console/accesso?back=" + Uri.EscapeDataString(back));
        await browser.Follow("Entra con identità di prova");
        return browser;
    }

    async Task<Guid> NewOfficer(string name)
    {
        var register = _host.Container.Resolve<OfficerRegister>();
        var officer = (await register.Create($"Prova {name}", null, null, "test", CancellationToken.None)).Value;
        (await register.Grant(officer, new(37059), "auditor", "", null, null, "test", CancellationToken.None)).Refusal.Should().BeNull();
        return officer;
    }

    async Task<int> Logout(object lie) => await (await _stage.PutAsJsonAsync("logout", lie)).Content.ReadFromJsonAsync<int>();

    Task<long> Sessions(Guid officer) => _host.Database.Value<long>("select count(*) from core.officer_session where officer_id = @officer", new { officer });
}
