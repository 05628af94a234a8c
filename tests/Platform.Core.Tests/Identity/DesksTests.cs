using System.Net;
using Autofac;
using Platform.Core.Identity;
using Platform.Testing;

namespace Platform.Core.Tests.Identity;

/// <summary>What an officer finds at his desk, and that nothing else is there: pages, commands, imports, rows.</summary>
public sealed class DesksTests
{
    const string Rows = "/console/vergato/prova";

    static readonly Guid Ours = new("0197a000-0000-7000-8000-00000000b001");
    static readonly Guid Theirs = new("0197a000-0000-7000-8000-00000000b002");

    PorticoTestHost host = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        host = await PorticoTestHost.Start(Path.Combine(TestCluster.Artifacts, "test-plugins"));
        foreach (var municipality in new[] { "VRG", "MZB" })
            await host.Activate("probe", municipality);
        await host.Import("probe", "raise", "VRG", $"{Ours};1");
        await host.Import("probe", "raise", "MZB", $"{Theirs};1");
        await host.Quiet();
    }

    [OneTimeTearDown]
    public ValueTask Stop() => host.DisposeAsync();

    [Test]
    public async Task A_page_works_at_the_desk_of_its_entity_in_the_officers_name()
    {
        using var officer = await host.SignIn("VRG", "probe.see");

        await officer.Open(Rows);

        officer.Status.Should().Be(200);
        officer.Reads.Should().Contain($"{officer.OfficerId} VRG VRG /console/vergato/prova looks only").And.Contain(Ours.ToString()).And.NotContain(Theirs.ToString());
        officer.Page.QuerySelectorAll("#menu a").Select(link => link.GetAttribute("href")).Should().StartWith([Rows, Rows + "/carica"]);
    }

    [TestCase("/console/marzabotto/prova", 404, TestName = "another entity's desk")]
    [TestCase("/console/marzabotto", 404, TestName = "another entity's overview")]
    [TestCase("/console/nessuno/prova", 404, TestName = "an entity that is not there")]
    [TestCase("/console/centro", 404, TestName = "the centre's desk")]
    [TestCase("/console/VERGATO/prova", 200, TestName = "his own in capitals")]
    [TestCase("/console/vergato/prova/riga/0197a000-0000-7000-8000-00000000b002", 404, TestName = "another entity's row")]
    [TestCase("/console/vergato/prova/riga/0197a000-0000-7000-8000-00000000b001", 200, TestName = "his own row")]
    [TestCase("/console/vergato/prova?entity=marzabotto&creditor=37036", 200, TestName = "another entity by parameter")]
    [TestCase("/console/vergato/multe", 404, TestName = "a service without pages for officers")]
    public async Task Of_another_entity_there_is_nothing_by_any_address(string path, int status)
    {
        using var officer = await host.SignIn("VRG", "probe.see");

        await officer.Open(path);

        officer.Status.Should().Be(status);
        officer.Page.Source.Text.Should().NotContain("Marzabotto").And.NotContain(path.Contains("riga") ? "no row at all" : Theirs.ToString());
    }

    [TestCase("X-Forwarded-Host", "marzabotto.example")]
    [TestCase("X-Original-URL", "/console/marzabotto/prova")]
    [TestCase("X-Rewrite-URL", "/console/marzabotto/prova")]
    [TestCase("X-Http-Method-Override", "POST")]
    public async Task No_header_leads_to_another_desk(string header, string value)
    {
        using var officer = await host.SignIn("VRG", "probe.see");
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(host.Address, Rows));
        request.Headers.Add("Cookie", officer.Cookies);
        request.Headers.Add(header, value);
        using var client = new HttpClient();

        using var answer = await client.SendAsync(request);

        answer.StatusCode.Should().Be(HttpStatusCode.OK);
        (await answer.Content.ReadAsStringAsync()).Should().Contain(Ours.ToString()).And.NotContain(Theirs.ToString());
    }

    [Test]
    public async Task Every_answer_of_the_console_keeps_browsers_and_caches_in_bounds()
    {
        using var officer = await host.SignIn("VRG", "probe.see");
        using var client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false, UseCookies = false });
        foreach (var (path, cookies) in new[] { (Rows, officer.Cookies), (Rows, "lang=it"), ("/console", officer.Cookies), ("/console/accesso", "lang=it"), ("/console/marzabotto", officer.Cookies), ("/console/vergato/persone", officer.Cookies) })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(host.Address, path));
            request.Headers.Add("Cookie", cookies);
            using var answer = await client.SendAsync(request);

            answer.Headers.GetValues("Content-Security-Policy").Single().Should().Contain("default-src 'none'").And.Contain("frame-ancestors 'none'").And.Contain("base-uri 'none'").And.NotContain("unsafe", path);
            answer.Headers.GetValues("X-Content-Type-Options").Should().Equal("nosniff");
            answer.Headers.GetValues("Referrer-Policy").Should().Equal("same-origin");
            answer.Headers.CacheControl!.NoStore.Should().BeTrue($"{path} {answer.StatusCode}");
            answer.Headers.Contains("Access-Control-Allow-Origin").Should().BeFalse();
        }
    }

    [Test]
    public async Task Who_is_not_signed_in_is_sent_to_sign_in_and_sees_nothing()
    {
        using var client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false, UseCookies = false });

        using var answer = await client.GetAsync(new Uri(host.Address, Rows));

        answer.StatusCode.Should().Be(HttpStatusCode.SeeOther);
        answer.Headers.Location!.ToString().Should().Be("/console/accesso?back=%2Fconsole%2Fvergato%2Fprova");
        (await answer.Content.ReadAsByteArrayAsync()).Should().BeEmpty();
    }

    [Test]
    public async Task A_permission_that_was_not_given_closes_the_page_in_plain_words()
    {
        using var officer = await host.SignIn("VRG", "probe.change");

        await officer.Open(Rows);

        officer.Status.Should().Be(403);
        officer.Heading.Should().Be("Non ti è permesso");
        officer.Reads.Should().NotContain(Ours.ToString());
    }

    [Test]
    public async Task A_command_that_needs_more_than_its_page_is_refused_and_changes_nothing()
    {
        using var looks = await host.SignIn("VRG", "probe.see");
        using var changes = await host.SignIn("VRG", "probe.see", "probe.change");
        var before = await host.Database.Value<int>("select version from probe.stream where stream = @Ours", new { Ours });

        await looks.Open($"{Rows}/riga/{Ours}");
        await looks.SubmitMain();
        looks.Status.Should().Be(403);
        (await host.Database.Value<int>("select version from probe.stream where stream = @Ours", new { Ours })).Should().Be(before);

        await changes.Open($"{Rows}/riga/{Ours}");
        await changes.SubmitMain();
        changes.Status.Should().Be(200);
        (await host.Database.Value<int>("select version from probe.stream where stream = @Ours", new { Ours })).Should().Be(before + 1);
        (await host.Database.Rows<string>("select actor from core.journal where kind = 'probe.ChangeRow' and entity_id = 37059")).Should().Contain($"officer:{changes.OfficerId}")
            .And.NotContain($"officer:{looks.OfficerId}");
    }

    [Test]
    public async Task What_needs_a_permission_is_refused_to_a_citizens_page()
    {
        using var citizen = host.NewCitizen();

        await citizen.Open("/vergato/prova/distratta");

        citizen.Status.Should().Be(403);
        citizen.Reads.Should().NotContain("it went through");
    }

    [Test]
    public async Task An_import_is_made_for_who_may_load_and_for_nobody_else()
    {
        using var looks = await host.SignIn("VRG", "probe.see");
        using var changes = await host.SignIn("VRG", "probe.see", "probe.change");

        await looks.Open(Rows + "/carica");
        looks.Status.Should().Be(403);
        await changes.Open(Rows + "/carica");
        changes.Reads.Should().Contain("ready to load");
    }

    [Test]
    public async Task A_look_at_personal_data_is_in_the_journal_before_it_is_shown()
    {
        using var officer = await host.SignIn("VRG", "probe.see");

        await officer.Open(Rows);

        (await host.Database.Rows<string>("select body::text from core.journal where kind = 'probe.looked' and entity_id = 37059 and actor = @actor", new { actor = $"officer:{officer.OfficerId}" }))
            .Should().ContainSingle().Which.Should().Contain("probe /console");
    }

    [Test]
    public async Task Roles_allow_what_they_say()
    {
        foreach (var (role, scope, see, change) in new[] { ("administrator", "", 200, true), ("officer", "probe", 200, true), ("auditor", "", 200, false), ("accountant", "", 403, false) })
        {
            using var officer = await host.SignInAs("VRG", (role, scope));
            await officer.Open(Rows);
            officer.Status.Should().Be(see, role);
            if (see == 200)
                officer.Reads.Should().Contain(change ? "may change" : "looks only", role);
        }
    }

    [Test]
    public async Task What_is_given_at_the_centre_holds_at_every_desk()
    {
        using var officer = await host.SignInAs("000", ("auditor", ""));

        await officer.Open(Rows);
        officer.Reads.Should().Contain("VRG VRG");
        await officer.Open("/console/marzabotto/prova");
        officer.Reads.Should().Contain("MZB MZB");
        await officer.Open("/console");
        officer.Reads.Should().Contain("Unione Reno Galliera").And.Contain("Centro servizi della Provincia");
    }

    [Test]
    public async Task A_grant_counts_from_its_first_day_until_its_last()
    {
        using var officer = await host.SignIn("VRG");
        var register = host.Container.Resolve<OfficerRegister>();
        var today = Time.LegalTime.Day(host.Clock.GetUtcNow());

        await register.Grant(officer.OfficerId!.Value, new(37059), "permission", "probe.see", today.AddDays(1), today.AddDays(2), "test", CancellationToken.None);
        await officer.Open(Rows);

        officer.Status.Should().Be(404);
    }

    [Test]
    public async Task A_form_that_was_drawn_for_another_sign_in_is_refused()
    {
        using var first = await host.SignIn("VRG", "probe.see", "probe.change");
        using var second = await host.SignIn("VRG", "probe.see", "probe.change");
        await first.Open($"{Rows}/riga/{Ours}");

        first.Become(second);
        await first.SubmitMain();

        first.Status.Should().Be(400);
    }
}
