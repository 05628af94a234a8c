using AngleSharp.Dom;
using AngleSharp.Html.Dom;
using Autofac;
using Platform.Core.Entities;
using Platform.Core.Identity;
using Platform.Testing;

namespace Platform.Core.Tests.Identity;

/// <summary>The page for people and roles: what an administrator of one entity can do with it, and what he cannot.</summary>
public sealed class GrantsTests
{
    const string People = "/console/vergato/persone";

    PorticoTestHost host = null!;

    [OneTimeSetUp]
    public async Task Start() => host = await PorticoTestHost.Start();

    [OneTimeTearDown]
    public ValueTask Stop() => host.DisposeAsync();

    [Test]
    public async Task A_new_person_gets_a_role_and_a_code_that_is_shown_once()
    {
        using var administrator = await host.SignInAs("VRG", ("administrator", ""));
        await Give(administrator, "nuova.persona", "Prova Nuova", "officer fines");

        administrator.Status.Should().Be(200);
        var code = administrator.Page.QuerySelector(".portico-code")!.TextContent;
        code.Should().MatchRegex("^[2-9A-Z]{5}(-[2-9A-Z]{5}){3}$");
        await administrator.Open(People);
        administrator.Reads.Should().Contain("Prova Nuova").And.Contain("Operatore del servizio fines");
        (await host.Database.Rows<string>("select kind from core.journal where entity_id = 37059 and actor = @actor and kind in ('core.granted', 'core.looked')", new { actor = $"officer:{administrator.OfficerId}" }))
            .Should().Contain("core.granted").And.Contain("core.looked");
        (await host.Database.Value<long>("select count(*) from core.journal where body::text like '%Prova Nuova%' or body::text like '%nuova.persona%'")).Should().Be(0, "names are no business of the journal");

        using var person = host.NewCitizen();
        await person.Open("/console/accesso/attiva");
        await person.Send(("codice", code), ("password", "quattro cavalli lenti"));
        person.Heading.Should().Be("Collega un’app di verifica");
    }

    [Test]
    public async Task A_role_that_is_taken_back_ends_at_once()
    {
        using var administrator = await host.SignInAs("VRG", ("administrator", ""));
        using var officer = await host.SignIn("VRG", "core.officers");
        await officer.Open(People);
        officer.Status.Should().Be(200);

        await administrator.Open($"{People}/incarico/{await GrantOf(officer)}");
        await administrator.Press("Togli l’incarico");
        administrator.Address.AbsolutePath.Should().Be(People);

        await officer.Open(People);
        officer.Address.AbsolutePath.Should().Be("/console/accesso");
    }

    [Test]
    public async Task A_role_of_another_entity_is_not_there_to_be_seen_or_taken()
    {
        using var administrator = await host.SignInAs("VRG", ("administrator", ""));
        using var theirs = await host.SignIn("MZB", "fines.read");
        var grant = await GrantOf(theirs);

        await administrator.Open($"{People}/incarico/{grant}");
        administrator.Status.Should().Be(404);
        await administrator.Open($"{People}/incarico");
        (administrator.Page.QuerySelector<IHtmlFormElement>("main form")!).Action = $"{People}/incarico/{grant}";
        await administrator.SubmitMain();
        administrator.Status.Should().Be(404);
        (await host.Container.Resolve<OfficerRegister>().Revoke(grant, new EntityId(37059), "test", CancellationToken.None)).Refusal!.Code.Should().Be(OfficerRefusals.NoGrant);
        (await host.Database.Value<bool>("select revoked_at is null from core.officer_grant where grant_id = @grant", new { grant })).Should().BeTrue();
    }

    [Test]
    public async Task What_the_form_adds_of_its_own_does_not_count()
    {
        using var administrator = await host.SignInAs("VRG", ("administrator", ""));
        await administrator.Open($"{People}/incarico");
        var form = administrator.Page.QuerySelector<IHtmlFormElement>("main form")!;
        foreach (var (name, value) in new[] { ("entity_id", "0"), ("entity", "marzabotto"), ("officer_id", Guid.Empty.ToString()), ("granted_by", "portico") })
        {
            var more = (IHtmlInputElement)administrator.Page.CreateElement("input");
            (more.Name, more.Value) = (name, value);
            form.AppendChild(more);
        }
        Fill(administrator, "con.altro", "Prova Altro", "auditor");
        await administrator.SubmitMain();

        administrator.Status.Should().Be(200);
        (await host.Database.Rows<string>("select g.entity_id || ' ' || g.granted_by from core.officer_grant g join core.officer o using (officer_id) where o.login = 'con.altro'"))
            .Should().Equal($"37059 officer:{administrator.OfficerId}");
    }

    [Test]
    public async Task A_role_that_is_not_offered_is_not_given()
    {
        using var administrator = await host.SignInAs("VRG", ("administrator", ""));
        await Give(administrator, "con.trucco", "Prova Trucco", "officer core");
        administrator.Status.Should().Be(422);
        await Give(administrator, "con.trucco", "Prova Trucco", "superuser");
        administrator.Status.Should().Be(422);

        (await host.Database.Value<long>("select count(*) from core.officer where login = 'con.trucco'")).Should().Be(0);
    }

    [Test]
    public async Task The_administrator_of_one_entity_is_no_heir_of_who_works_elsewhere_too()
    {
        using var administrator = await host.SignInAs("VRG", ("administrator", ""));
        var register = host.Container.Resolve<OfficerRegister>();
        var shared = (await register.Create("Prova Comune", "comune", "quattro cavalli lenti", "test", CancellationToken.None)).Value;
        await register.Grant(shared, EntityId.Centre, "administrator", "", null, null, "test", CancellationToken.None);
        var here = (await register.Grant(shared, new EntityId(37059), "auditor", "", null, null, "test", CancellationToken.None)).Value;

        await administrator.Open($"{People}/incarico/{here}");
        await administrator.Press("Nuovo codice di accesso");

        administrator.Reads.Should().Contain("Questa persona lavora anche per altri enti");
        administrator.Page.QuerySelector(".portico-code").Should().BeNull();
        (await host.Database.Value<bool>("select password is not null from core.officer where login = 'comune'")).Should().BeTrue();
    }

    [Test]
    public async Task The_page_is_closed_to_who_may_not_give()
    {
        using var auditor = await host.SignInAs("VRG", ("auditor", ""));
        foreach (var path in new[] { People, People + "/incarico" })
        {
            await auditor.Open(path);
            auditor.Status.Should().Be(403);
        }
    }

    Task<Guid> GrantOf(Citizen officer) => host.Database.Value<Guid>("select grant_id from core.officer_grant where officer_id = @id", new { id = officer.OfficerId });

    static async Task Give(Citizen administrator, string login, string name, string role)
    {
        await administrator.Open($"{People}/incarico");
        Fill(administrator, login, name, role);
        await administrator.SubmitMain();
    }

    static void Fill(Citizen administrator, string login, string name, string role)
    {
        var form = administrator.Page.QuerySelector<IHtmlFormElement>("main form")!;
        ((IHtmlInputElement)form.Elements["utente"]!).Value = login;
        ((IHtmlInputElement)form.Elements["nome"]!).Value = name;
        var roles = (IHtmlSelectElement)form.Elements["incarico"]!;
        if (roles.Options.All(option => option.Value != role))
        {
            var option = (IHtmlOptionElement)administrator.Page.CreateElement("option");
            option.Value = role;
            roles.AppendChild(option);
        }
        roles.Value = role;
    }
}
