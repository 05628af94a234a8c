using System.Net;
using System.Text.RegularExpressions;
using Autofac;
using OtpNet;
using Platform.Core.Entities;
using Platform.Core.Identity;
using Platform.Testing;

namespace Platform.Core.Tests.Identity;

/// <summary>The way in, from the first code on, and how a sign-in ends.</summary>
public sealed partial class SignInTests
{
    const string Password = "quattro cavalli lenti";

    readonly Dictionary<string, string> _secrets = new(StringComparer.Ordinal);

    PorticoTestHost host = null!;

    [OneTimeSetUp]
    public async Task Start() => host = await PorticoTestHost.Start();

    [OneTimeTearDown]
    public ValueTask Stop() => host.DisposeAsync();

    [Test]
    public async Task A_printed_code_makes_the_first_administrator_once()
    {
        var printed = await host.Portico("console", "bootstrap");
        var code = printed.Output.Trim();
        code.Should().MatchRegex("^[2-9A-Z]{5}(-[2-9A-Z]{5}){3}$");
        (await host.Database.Value<string>("select coalesce(string_agg(encode(code_hash, 'escape'), ''), '') from core.sign_in_code")).Should().NotContain(code.Replace("-", "", StringComparison.Ordinal));

        using var first = host.NewCitizen();
        await Bootstrap(first, code.ToLowerInvariant(), "prima");
        await SecondFactor(first, "prima");
        first.Address.AbsolutePath.Should().Be("/console");
        first.Reads.Should().Contain("Comune di Marzabotto");

        using var second = host.NewCitizen();
        await Bootstrap(second, code, "seconda");
        second.Status.Should().Be(422);
        second.Reads.Should().Contain("Il codice non vale");
        (await host.Database.Value<long>("select count(*) from core.officer where login = 'seconda'")).Should().Be(0);
    }

    [Test]
    public async Task A_new_code_ends_the_one_before_it_and_an_old_one_ends_by_itself()
    {
        var before = (await host.Portico("console", "bootstrap")).Output.Trim();
        var after = await host.Container.Resolve<OfficerRegister>().NewBootstrapCode("test", CancellationToken.None);
        using var citizen = host.NewCitizen();

        await Bootstrap(citizen, before, "terza");
        citizen.Status.Should().Be(422);
        host.Clock.Advance(OfficerRegister.CodeLasts);
        await Bootstrap(citizen, after, "terza");
        citizen.Status.Should().Be(422);
    }

    [Test]
    public async Task A_code_for_an_officer_makes_no_administrator_and_the_first_code_gives_nobody_a_password()
    {
        await NewOfficer("cambiata");
        var register = host.Container.Resolve<OfficerRegister>();
        var officer = await host.Database.Value<Guid>("select officer_id from core.officer where login = 'cambiata'");
        var activation = (await register.NewActivationCode(officer, "test", CancellationToken.None)).Value;
        var first = await register.NewBootstrapCode("test", CancellationToken.None);
        using var citizen = host.NewCitizen();

        await Bootstrap(citizen, activation, "quarta");
        citizen.Status.Should().Be(422);
        await Activate(citizen, first, Password);
        citizen.Status.Should().Be(422);
    }

    [Test]
    public async Task Who_is_signed_in_on_one_host_acts_on_another_and_a_host_that_ends_signs_nobody_out()
    {
        using var officer = await host.SignIn("VRG", "fines.read");
        await using (var other = await host.Another())
        {
            await officer.Open(new Uri(other.Address, "/console/vergato").AbsoluteUri);
            officer.Status.Should().Be(200);
            officer.Address.Port.Should().Be(other.Address.Port);
        }
        await officer.Open("/console/vergato");
        officer.Address.AbsolutePath.Should().Be("/console/vergato");
    }

    [Test]
    public async Task The_way_back_leads_to_pages_of_the_console_only()
    {
        await NewOfficer("ritorno");
        foreach (var (back, place) in new[]
        {
            ("/console/vergato", "/console/vergato"), ("https://altrove.example/", "/console/vergato"), ("//altrove.example", "/console/vergato"), ("/console//altrove.example", "/console/vergato"),
            ("/marzabotto/multe", "/console/vergato"), ("/console/../marzabotto", "/console/vergato"), ("/console/\\altrove.example", "/console/vergato"),
        })
        {
            using var citizen = host.NewCitizen();
            await citizen.Open("/console/accesso?back=" + Uri.EscapeDataString(back));
            await SignIn(citizen, "ritorno");
            citizen.Address.GetLeftPart(UriPartial.Path).Should().Be(new Uri(host.Address, place).AbsoluteUri, back);
        }
    }

    [Test]
    public async Task A_wrong_password_and_an_unknown_name_look_the_same_and_are_locked_alike()
    {
        await NewOfficer("chiusa");
        var answers = new List<string>();
        foreach (var login in new[] { "chiusa", "nessuno" })
        {
            using var citizen = host.NewCitizen();
            await citizen.Open("/console/accesso");
            for (var i = 0; i < 11; i++)
            {
                await SignIn(citizen, login, "sbagliata sbagliata");
                if (i < 10)
                    citizen.Status.Should().Be(422);
                if (i == 0)
                    answers.Add(Form().Replace(citizen.Page.Source.Text.Replace(login, "", StringComparison.Ordinal), ""));
                if (i < 10)
                    await citizen.Open("/console/accesso");
            }
            citizen.Status.Should().Be(429);

            // The right one is not taken either, until the time has passed.
            await citizen.Open("/console/accesso");
            await SignIn(citizen, login);
            citizen.Status.Should().Be(429);
        }
        answers.Distinct(StringComparer.Ordinal).Should().ContainSingle();

        host.Clock.Advance(TimeSpan.FromMinutes(16));
        using var patient = host.NewCitizen();
        await patient.Open("/console/accesso");
        await SignIn(patient, "chiusa");
        patient.Address.AbsolutePath.Should().Be("/console/vergato");
    }

    [Test]
    public async Task A_sign_in_ends_by_idleness_by_its_length_and_by_signing_out()
    {
        using var idle = await host.SignIn("VRG", "fines.read");
        for (var minute = 0; minute < 60; minute += 29)
        {
            host.Clock.Advance(TimeSpan.FromMinutes(29));
            await idle.Open("/console/vergato");
            idle.Status.Should().Be(200);
        }
        host.Clock.Advance(OfficerSessions.Idle);
        await idle.Open("/console/vergato");
        idle.Address.AbsolutePath.Should().Be("/console/accesso");

        using var busy = await host.SignIn("VRG", "fines.read");
        for (var hour = 0.0; hour < 10; hour += 0.4)
        {
            await busy.Open("/console/vergato");
            busy.Status.Should().Be(200);
            host.Clock.Advance(TimeSpan.FromHours(0.4));
        }
        await busy.Open("/console/vergato");
        busy.Address.AbsolutePath.Should().Be("/console/accesso");

        using var leaving = await host.SignIn("VRG", "fines.read");
        await leaving.Open("/console/vergato");
        var cookie = leaving.Cookies;
        await leaving.Press("Esci");
        leaving.Address.AbsolutePath.Should().Be("/console/accesso");
        (await Get("/console/vergato", cookie)).StatusCode.Should().Be(HttpStatusCode.SeeOther, "the value of the cookie is worth nothing any more");
    }

    [Test]
    public async Task What_is_taken_back_ends_every_sign_in()
    {
        using var officer = await host.SignIn("VRG", "fines.read");
        var listed = (await host.Portico("console", "list", "--entity", "VRG")).Output.Split('\n').Single(line => line.StartsWith(officer.OfficerId.ToString()!, StringComparison.Ordinal)).Split('\t');
        await officer.Open("/console/vergato");
        officer.Status.Should().Be(200);

        (await host.Portico("console", "revoke", listed[3], "--entity", "VRG")).Code.Should().Be(0);

        await officer.Open("/console/vergato");
        officer.Address.AbsolutePath.Should().Be("/console/accesso");
        (await host.Database.Rows<string>("select kind from core.journal where entity_id = 37059 and body->>'officer' = @id order by at, entry_id", new { id = officer.OfficerId.ToString() })).Should().Equal("core.granted", "core.revoked");
    }

    [Test]
    public async Task A_value_that_the_browser_brought_is_never_signed_in()
    {
        await NewOfficer("fissa");
        const string brought = "portico-console=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        using var citizen = host.NewCitizen();
        citizen.Bring(brought);
        await citizen.Open("/console/accesso");
        await SignIn(citizen, "fissa");

        citizen.Address.AbsolutePath.Should().Be("/console/vergato");
        (await Get("/console/vergato", brought)).StatusCode.Should().Be(HttpStatusCode.SeeOther);
        citizen.Cookies.Should().NotContain("AAAAAAAA");
    }

    [Test]
    public async Task The_cookie_is_kept_from_scripts_and_other_sites_and_the_database_has_only_its_digest()
    {
        await NewOfficer("biscotto");
        using var client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false, UseCookies = true });
        using var asked = await client.GetAsync(new Uri(host.Address, "/console/accesso"));
        using var second = await Post("/console/accesso", await asked.Content.ReadAsStringAsync(), ("utente", "biscotto"), ("password", Password));
        var page = await second.Content.ReadAsStringAsync();
        second.Headers.TryGetValues("Set-Cookie", out var early).Should().Be(early is not null);
        (early ?? []).Should().NotContain(header => header.StartsWith("portico-console", StringComparison.Ordinal), "a password alone signs nobody in");
        var secret = Regex.Match(page, "portico-code\">(?<secret>[A-Z2-7 ]+)<", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1)).Groups["secret"].Value.Replace(" ", "", StringComparison.Ordinal);
        var step = Regex.Match(page, "name=\"passo\" value=\"(?<step>[^\"]+)\"", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1)).Groups["step"].Value;
        using var posted = await Post("/console/accesso/codice", page, ("passo", step), ("codice", new Totp(Base32Encoding.ToBytes(secret)).ComputeTotp(host.Clock.GetUtcNow().UtcDateTime)));

        Task<HttpResponseMessage> Post(string path, string form, params (string Name, string Value)[] fields) => client.PostAsync(
            new Uri(host.Address, path),
            new FormUrlEncodedContent(fields.Append(("__form", Token().Match(form).Groups["token"].Value)).ToDictionary(field => field.Item1, field => field.Item2, StringComparer.Ordinal)));

        var cookie = posted.Headers.GetValues("Set-Cookie").Single(value => value.StartsWith("portico-console=", StringComparison.Ordinal));
        cookie.Should().Contain("httponly").And.Contain("samesite=lax").And.Contain("path=/").And.NotContain("domain").And.NotContain("expires");
        var value = cookie.Split('=', ';')[1];
        value.Should().HaveLength(43);
        (await host.Database.Value<long>("select count(*) from core.officer_session where session_hash = sha256(convert_to(@value, 'UTF8'))", new { value })).Should().Be(1);
        posted.Headers.CacheControl!.NoStore.Should().BeTrue();
    }

    [Test]
    public async Task A_password_is_kept_as_argon2id_with_its_parameters()
    {
        await NewOfficer("segreta");

        var kept = await host.Database.Value<string>("select password from core.officer where login = 'segreta'");

        kept.Should().MatchRegex(@"^argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/=]{24}\$[A-Za-z0-9+/=]{44}$");
        (await Passwords.Matches(Password, kept)).Should().BeTrue();
        (await Passwords.Matches(Password + " ", kept)).Should().BeFalse();
        (await Passwords.Matches(Password, null)).Should().BeFalse();
    }

    [Test]
    public async Task A_code_of_the_second_factor_is_taken_once_and_in_its_time()
    {
        await NewOfficer("doppia");
        using var first = host.NewCitizen();
        await first.Open("/console/accesso");
        await SignIn(first, "doppia");
        first.Address.AbsolutePath.Should().Be("/console/vergato");

        using var again = host.NewCitizen();
        await again.Open("/console/accesso");
        await again.Send(("utente", "doppia"), ("password", Password));
        again.Page.QuerySelector(".portico-code").Should().BeNull("the secret is shown once");
        await again.Send(("codice", Code(again, "doppia")));
        again.Status.Should().Be(422, "this code was used already");
        var old = Code(again, "doppia");
        host.Clock.Advance(TimeSpan.FromSeconds(90));
        await again.Send(("codice", old));
        again.Status.Should().Be(422, "it is over");
        await again.Send(("codice", Code(again, "doppia")));
        again.Address.AbsolutePath.Should().Be("/console/vergato");
    }

    [Test]
    public async Task The_second_step_cannot_be_begun_without_the_first_nor_for_somebody_else_nor_later()
    {
        await NewOfficer("tarda");
        using var citizen = host.NewCitizen();
        await citizen.Open("/console/accesso");
        await citizen.Send(("utente", "tarda"), ("password", Password));
        var sealedStep = citizen.Page.QuerySelector("input[name=passo]")!.GetAttribute("value")!;
        foreach (var forged in new[] { "", "second 1 2", sealedStep[..^2] + (sealedStep[^2] == 'A' ? "BA" : "AA") })
        {
            await citizen.Send(("passo", forged), ("codice", "123456"));
            citizen.Address.AbsolutePath.Should().Be("/console/accesso");
            await citizen.Send(("utente", "tarda"), ("password", Password));
        }

        host.Clock.Advance(TimeSpan.FromMinutes(6));
        await citizen.Send(("codice", Code(citizen, "tarda")));
        citizen.Address.AbsolutePath.Should().Be("/console/accesso");
        (await host.Database.Value<long>("select count(*) from core.officer where login = 'tarda' and totp is not null")).Should().Be(0);
    }

    [Test]
    public async Task The_second_factor_is_locked_after_ten_wrong_codes_and_kept_sealed()
    {
        await NewOfficer("provata");
        using var citizen = host.NewCitizen();
        await citizen.Open("/console/accesso");
        await SignIn(citizen, "provata");
        (await host.Database.Value<bool>("select position(@secret in totp) = 0 from core.officer where login = 'provata'", new { secret = Base32Encoding.ToBytes(_secrets["provata"]) })).Should().BeTrue();

        using var guessing = host.NewCitizen();
        await guessing.Open("/console/accesso");
        await guessing.Send(("utente", "provata"), ("password", Password));
        for (var i = 0; i < 9; i++)
        {
            await guessing.Send(("codice", "000000"));
            guessing.Status.Should().Be(422);
        }
        await guessing.Send(("codice", "000000"));
        guessing.Status.Should().Be(429);
    }

    [Test]
    public async Task An_officer_chooses_a_password_by_a_code_and_loses_the_old_ways_in()
    {
        var made = await host.Portico("console", "officer", "Prova Attiva", "--login", "attiva");
        var officer = made.Output.Trim();
        (await host.Portico("console", "grant", officer, "auditor", "--entity", "VRG", "--from", "2026-01-01")).Code.Should().Be(0);
        (await host.Portico("console", "grant", officer, "auditor", "--entity", "VRG")).Errors.Should().Contain("He has that already");
        (await host.Portico("console", "grant", officer, "officer", "pizza", "--entity", "VRG")).Errors.Should().Contain("There are: core, ").And.Contain("fines");
        using var citizen = host.NewCitizen();
        await Activate(citizen, (await host.Portico("console", "activate", officer)).Output.Trim(), Password);
        await SecondFactor(citizen, "attiva");
        citizen.Address.AbsolutePath.Should().Be("/console/vergato");

        var code = (await host.Portico("console", "activate", officer)).Output.Trim();
        await citizen.Open("/console/vergato");
        citizen.Address.AbsolutePath.Should().Be("/console/accesso", "the sign-in ended");
        await citizen.Send(("utente", "attiva"), ("password", Password));
        citizen.Status.Should().Be(422, "the old password is gone");
        foreach (var weak in new[] { "breve", "aaaaaaaaaaaaaaaa", "0123012301230123", "P@ssw0rd2026!!", "1q2w3e4r5t6y7u", "AttivaPortico2026" })
        {
            await Activate(citizen, code, weak);
            citizen.Status.Should().Be(422, weak);
        }
        await Activate(citizen, code, "cinque gatti svegli");
        await SecondFactor(citizen, "attiva");
        citizen.Address.AbsolutePath.Should().Be("/console/vergato");
        await Activate(citizen, code, Password);
        citizen.Reads.Should().Contain("Il codice non vale");
    }

    [Test]
    public async Task Changing_the_password_wants_the_old_one_and_ends_the_other_sign_ins()
    {
        await NewOfficer("cambia");
        using var here = host.NewCitizen();
        using var there = host.NewCitizen();
        foreach (var browser in new[] { here, there })
        {
            await browser.Open("/console/accesso");
            await SignIn(browser, "cambia");
        }

        await here.Open("/console/accesso/profilo");
        await here.Send(("attuale", "sbagliata sbagliata"), ("nuova", "cinque gatti svegli"));
        here.Status.Should().Be(422);
        await here.Send(("attuale", Password), ("nuova", "cinque gatti svegli"));
        here.Reads.Should().Contain("Fatto");

        await here.Open("/console/vergato");
        here.Status.Should().Be(200);
        here.Address.AbsolutePath.Should().Be("/console/vergato");
        await there.Open("/console/vergato");
        there.Address.AbsolutePath.Should().Be("/console/accesso");
    }

    static async Task Activate(Citizen citizen, string code, string password)
    {
        await citizen.Open("/console/accesso/attiva");
        await citizen.Send(("codice", code), ("password", password));
    }

    async Task NewOfficer(string login)
    {
        var register = host.Container.Resolve<OfficerRegister>();
        var officer = (await register.Create("Prova", login, Password, "test", CancellationToken.None)).Value;
        (await register.Grant(officer, new EntityId(37059), "auditor", "", null, null, "test", CancellationToken.None)).Refusal.Should().BeNull();
    }

    static async Task Bootstrap(Citizen citizen, string code, string login)
    {
        await citizen.Open("/console/accesso/avvio");
        await citizen.Send(("codice", code), ("nome", "Prova Prima"), ("utente", login), ("password", Password));
    }

    /// <summary>With the password, and with the second factor where that is asked for then.</summary>
    async Task SignIn(Citizen citizen, string login, string password = Password)
    {
        await citizen.Send(("utente", login), ("password", password));
        if (citizen.Page.QuerySelector("input[name=passo]") is not null)
            await SecondFactor(citizen, login);
    }

    async Task SecondFactor(Citizen citizen, string login)
    {
        // No code is taken twice: the next one comes half a minute later.
        host.Clock.Advance(TimeSpan.FromSeconds(30));
        await citizen.Send(("codice", Code(citizen, login)));
    }

    string Code(Citizen citizen, string login)
    {
        if (citizen.Page.QuerySelector(".portico-code") is { } shown)
            _secrets[login] = shown.TextContent.Replace(" ", "", StringComparison.Ordinal);
        return new Totp(Base32Encoding.ToBytes(_secrets[login])).ComputeTotp(host.Clock.GetUtcNow().UtcDateTime);
    }

    async Task<HttpResponseMessage> Get(string path, string cookie)
    {
        using var client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false, UseCookies = false });
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(host.Address, path));
        request.Headers.Add("Cookie", cookie);
        return await client.SendAsync(request);
    }

    [GeneratedRegex("name=\"__form\" value=\"(?<token>[^\"]+)\"", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Token();

    [GeneratedRegex("name=\"__form\" value=\"[^\"]+\"", RegexOptions.None, 1000)]
    private static partial Regex Form();
}
