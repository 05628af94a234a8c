using System.Text;
using Platform.Testing;

namespace Platform.Core.Tests.Office;

/// <summary>What the service centre's administrator does: entities, their services, their settings.</summary>
public sealed class EstateTests
{
    PorticoTestHost _host = null!;
    Citizen _admin = null!;

    [SetUp]
    public async Task Start()
    {
        _host = await PorticoTestHost.Start(secrets: [new("Secrets:vecchio:expires", "2026-04-15"), new("Secrets:nuovo:expires", "2027-04-15")]);
        _admin = await _host.SignInAs("000", ("administrator", ""));
    }

    [TearDown]
    public async Task Stop()
    {
        _admin.Dispose();
        await _host.DisposeAsync();
    }

    static (string, string)[] Monghidoro(string code = "MGD", string slug = "monghidoro", string id = "37040", string tax = "00000000000") =>
    [
        ("nome", "Comune di Monghidoro"), ("tipo", "municipality"), ("id", id), ("codice", code), ("slug", slug), ("istat", "037040"), ("codice_fiscale", tax), ("colore", "#0f6b3a"),
        ("telefono", "051 000000"), ("email", ""), ("pec", ""), ("sito", "https://www.comune.monghidoro.example"), ("indirizzo", "Via Matteotti 1"),
    ];

    [Test]
    public async Task A_municipality_is_brought_on_line_with_a_service_and_citizens_find_it_without_a_restart()
    {
        await _admin.Open("/console/centro/enti/nuovo");
        await _admin.Send(Monghidoro());
        await _admin.Open("/console/centro/enti/ente/MGD");
        _admin.Heading.Should().Be("Comune di Monghidoro");
        _admin.Reads.Should().Contain("Nessun servizio è attivo");
        using var citizen = _host.NewCitizen();
        await citizen.Open("/monghidoro/multe");
        citizen.Status.Should().Be(404);

        await _admin.Send(("servizio", "fines"), ("creditore", "MGD"));

        _admin.Reads.Should().Contain("C’è almeno un servizio attivo").And.Contain("I cittadini possono pagare con pagonline, con la convenzione del centro servizi").And.Contain("/monghidoro/multe\">Multe</a>");
        await citizen.Open("/monghidoro/multe");
        citizen.Status.Should().Be(200);

        await _admin.Press("azione", "sospendi");
        _admin.Heading.Should().Be("Sospendere Multe?");
        await citizen.Open("/monghidoro/multe");
        citizen.Status.Should().Be(200, "it only asked");
        await _admin.Press("Sospendi");
        await citizen.Open("/monghidoro/multe");
        citizen.Status.Should().Be(503);
        citizen.Reads.Should().Contain("Servizio sospeso").And.Contain("Monghidoro ha sospeso «Multe»");
        citizen.Page.QuerySelector("main address, main .portico-contacts, main a[href^=mailto]").Should().NotBeNull("the entity's contacts stand there");
        await citizen.Open("/monghidoro");
        citizen.Reads.Should().Contain("Multe Sospeso").And.NotContain("In arrivo");
        (await _host.Portico("entity", "show", "BOL")).Output.Should().Contain("suap!", "what is only announced");
        await citizen.Open("/bologna");
        citizen.Reads.Should().NotContain("Sospeso");
        await _admin.Press("azione", "attiva");
        await citizen.Open("/monghidoro/multe");
        citizen.Status.Should().Be(200);
        await _admin.Press("azione", "togli");
        _admin.Reads.Should().Contain("Il servizio scompare dalle pagine");
        await _admin.Press("Togli il servizio");
        _admin.Reads.Should().Contain("Non offre ancora servizi");
        (await _host.Database.Rows<string>("select kind from core.journal where actor = @who and kind like 'entit%' ", new { who = $"officer:{_admin.OfficerId}" })).Should().BeEquivalentTo([
            "entities.imported", "entity.service_offered", "entity.service_suspended", "entity.service_offered", "entity.service_withdrawn"]);
    }

    [Test]
    public async Task A_guided_page_tells_the_steps_shows_a_preview_and_publishes_when_all_is_ready()
    {
        await _admin.Open("/console/centro/enti/nuovo");
        await _admin.Send([.. Monghidoro().Select(known => known.Item1 == "telefono" ? ("telefono", "") : known)]);
        _admin.Address.AbsolutePath.Should().Be("/console/centro/enti/ente/MGD/guida");
        _admin.Heading.Should().Be("Mettere in linea Comune di Monghidoro");
        _admin.Reads.Should().Contain("Passi fatti: 1 di 5").And.Contain("2. Contatti e colore — da fare");
        await _admin.Press("Pubblica");
        _admin.Reads.Should().Contain("Non c’è niente da pubblicare");

        await _admin.Open("/console/centro/enti/ente/MGD/guida");
        await _admin.Send(("nome", "Comune di Monghidoro"), ("colore", "#0f6b3a"), ("telefono", "051 000000"));
        _admin.Address.AbsolutePath.Should().EndWith("/guida");
        _admin.Reads.Should().Contain("Passi fatti: 2 di 5");
        await _admin.Send(("servizio", "fines"), ("creditore", "MGD"));
        _admin.Reads.Should().Contain("Passi fatti: 4 di 5").And.Contain("annunciato, non ancora attivo").And.Contain("convenzione del centro servizi");
        using var citizen = _host.NewCitizen();
        await citizen.Open("/monghidoro/multe");
        citizen.Status.Should().Be(404);

        await _admin.Follow("Guarda l’anteprima");
        _admin.Page.QuerySelector("link[href*='/monghidoro/tema.css']").Should().NotBeNull();
        _admin.Page.QuerySelectorAll(".portico-services a").Select(link => link.GetAttribute("href")).Should().Equal("/monghidoro/multe");
        _admin.Page.Body!.TextContent.Should().Contain("Anteprima");

        await _host.AgreeOn(PorticoTestHost.AgreementId, "000", until: new DateOnly(2020, 1, 2));
        await _admin.Open("/console/centro/enti/ente/MGD/guida");
        await _admin.Press("Pubblica");
        _admin.Reads.Should().Contain("«Multe» non è ancora pronto");
        await citizen.Open("/monghidoro/multe");
        citizen.Status.Should().Be(404);
        await _host.AgreeOn(PorticoTestHost.AgreementId, "000");
        await _admin.Open("/console/centro/enti/ente/MGD/guida");
        await _admin.Press("Pubblica");

        _admin.Reads.Should().Contain("Passi fatti: 5 di 5").And.Contain("È in linea");
        await citizen.Open("/monghidoro/multe");
        citizen.Status.Should().Be(200);
    }

    [Test]
    public async Task What_expires_is_told_before_it_does()
    {
        await _host.Database.Execute("update payments.agreement set valid = daterange(lower(valid), '2026-04-01')");
        await _host.After(TimeSpan.FromMinutes(1));
        await _admin.Open("/console/centro/stato/scadenze");

        _admin.Reads.Should().Contain("31 marzo 2026").And.Contain("Convenzione con la banca").And.Contain("Segreto: vecchio").And.NotContain("test");
    }

    [Test]
    public async Task By_command_line_a_service_rests_and_wakes()
    {
        (await _host.Portico("maintenance", "set", "fines", "--entity", "VRG", "--until", "2026-03-10")).Errors.Should().Contain("Write moments as");
        var told = await _host.Portico("maintenance", "set", "fines", "--entity", "VRG", "--until", DateTime.Now.AddDays(2).ToString("yyyy-MM-dd HH:mm", System.Globalization.CultureInfo.InvariantCulture), "--words", "Cambio del server");
        told.Output.Should().Contain("fines of VRG rests from");
        (await _host.Portico("maintenance", "list")).Output.Should().Contain("VRG;fines;").And.Contain("Cambio del server");
        (await _host.Portico("maintenance", "end", "fines", "--entity", "VRG")).Code.Should().Be(0);
        (await _host.Portico("maintenance", "end", "fines", "--entity", "VRG")).Code.Should().Be(1);
    }

    [Test]
    public async Task A_service_that_is_only_announced_is_prepared_at_the_desk_before_citizens_find_it()
    {
        await _admin.Open("/console/centro/enti/nuovo");
        await _admin.Send(Monghidoro());
        await _admin.Open("/console/centro/enti/ente/MGD");
        await _admin.Send(("servizio", "fines"), ("creditore", "MGD"), ("annuncia", "si"));
        _admin.Reads.Should().Contain("annunciato, non ancora attivo");
        using var citizen = _host.NewCitizen();
        await citizen.Open("/monghidoro/multe");
        citizen.Status.Should().Be(404);

        using var officer = await _host.SignIn("MGD", "fines.load");
        (await officer.Fetch("/console/monghidoro/multe/file/import")).Status.Should().Be(200);
        (await _admin.Fetch("/console/monghidoro/impostazioni/fines")).Status.Should().Be(200);
        await _admin.Press("azione", "attiva");
        await citizen.Open("/monghidoro/multe");
        citizen.Status.Should().Be(200);
    }

    [Test]
    public async Task To_whom_money_is_owed_changes_on_purpose_or_not_at_all()
    {
        const string page = "/console/centro/enti/ente/BEN";
        string? Creditor() => _host.Database.Value<string>("select c.code from core.activation a join core.entity e on e.entity_id = a.entity_id join core.entity c on c.entity_id = a.creditor_id where e.code = 'BEN' and a.service = 'fines'").Result;
        await _admin.Open(page);
        await _admin.Press("azione", "sospendi");
        await _admin.Press("Sospendi");
        // A field that the form does not have.
        (await _admin.Fetch(page, ("azione", "attiva"), ("servizio", "fines"), ("creditore", "BEN"))).Status.Should().Be(303);
        Creditor().Should().Be("URG");
        (await _admin.Fetch(page, ("azione", "creditore"), ("servizio", "fines"), ("creditore", "MZB"))).Status.Should().Be(422);
        Creditor().Should().Be("URG", "another municipality is nobody's creditor");

        await _admin.Open(page);
        await _admin.Follow("Cambia a chi si paga: Multe");
        _admin.Reads.Should().Contain("Unione Reno Galliera").And.Contain("Quello che è già stato pagato resta");
        await _admin.Send(("creditore", "BEN"), ("sicuro", "si"));
        Creditor().Should().Be("BEN");
    }

    [Test]
    public async Task What_a_setting_may_not_be_is_said_at_its_field_in_the_readers_language()
    {
        await _admin.Open("/console/reno-galliera/impostazioni/fines");
        await _admin.Send(("patron", "domenica"));

        _admin.Status.Should().Be(422);
        _admin.Page.QuerySelector("[name=patron][aria-invalid=true]").Should().NotBeNull();
        _admin.Reads.Should().Contain("Scrivi giorno e mese, per esempio 29/06").And.NotContain("no day of the year");
        await _admin.Send(("office", new string('x', 301)));
        _admin.Reads.Should().Contain("Al massimo 300 caratteri");
        await _admin.Open("/console/reno-galliera/impostazioni/fines");
        _admin.Reads.Should().Contain("L’unione non ha un patrono suo");
    }

    [TestCase("codice", "Mg")]
    [TestCase("codice", "MZB")]
    [TestCase("slug", "console")]
    [TestCase("slug", "marzabotto")]
    [TestCase("slug", "../x")]
    [TestCase("id", "37036")]
    [TestCase("id", "-1")]
    [TestCase("istat", "37")]
    [TestCase("codice_fiscale", "12345678901")]
    [TestCase("colore", "rosso")]
    [TestCase("sito", "javascript:alert(1)")]
    [TestCase("nome", "")]
    [TestCase("telefono", "051\t1")]
    public async Task What_cannot_be_an_entity_is_refused_at_its_field_and_nothing_is_lost(string field, string value)
    {
        var before = await _host.Database.Value<string>("select md5(string_agg(e::text, '|' order by entity_id)) from core.entity e");
        await _admin.Open("/console/centro/enti/nuovo");
        await _admin.Send([.. Monghidoro().Select(known => known.Item1 == field ? (field, value) : known)]);

        _admin.Status.Should().Be(422);
        _admin.Page.QuerySelector($"[name={field}][aria-invalid=true]").Should().NotBeNull();
        _admin.Page.QuerySelector("[name=indirizzo]")!.GetAttribute("value").Should().Be("Via Matteotti 1");
        (await _host.Database.Value<string>("select md5(string_agg(e::text, '|' order by entity_id)) from core.entity e")).Should().Be(before);
    }

    [Test]
    public async Task What_means_something_in_a_file_is_just_text_in_a_form()
    {
        await _admin.Open("/console/centro/enti/nuovo");
        await _admin.Send([.. Monghidoro().Select(known => known.Item1 == "indirizzo" ? ("indirizzo", "Via \"Roma\"; 1, piano\\2") : known)]);

        (await _host.Database.Value<string>("select address from core.entity where code = 'MGD'")).Should().Be("Via \"Roma\"; 1, piano\\2");
    }

    [Test]
    public async Task Contacts_host_names_and_logo_are_changed_and_judged()
    {
        await _admin.Open("/console/centro/enti/ente/MZB");
        await _admin.Send(("nome", "Comune di Marzabotto"), ("telefono", "051 123456"), ("sito", "ftp://x"));
        _admin.Status.Should().Be(422);
        await _admin.Send(("nome", "Comune di Marzabotto"), ("telefono", "051 123456"), ("sito", "https://www.comune.marzabotto.example"));
        (await _host.Database.Value<string>("select phone from core.entity where code = 'MZB'")).Should().Be("051 123456");

        await _admin.Send(("host", "https://servizi.example"));
        _admin.Status.Should().Be(422);
        await _admin.Send(("host", "servizi.marzabotto.example"));
        _admin.Reads.Should().Contain("servizi.marzabotto.example");
        await _admin.Open("/console/centro/enti/ente/VRG");
        await _admin.Send(("host", "servizi.marzabotto.example"));
        _admin.Reads.Should().Contain("porta già a un altro ente");

        (await _admin.Upload("stemma", "x.png", Encoding.UTF8.GetBytes("<svg onload=alert(1)>"), [])).Should().Be(422);
        (await _host.Database.Value<long>("select count(*) from core.logo")).Should().Be(0);
    }

    [Test]
    public async Task Entities_come_from_a_csv_all_or_nothing()
    {
        const string heading = "id;codice;slug;nome;tipo;istat;codice_fiscale;servizi";
        await _admin.Open("/console/centro/enti/carica");
        (await _admin.Upload("file", "enti.csv", Encoding.UTF8.GetBytes($"{heading}\n37040;MGD;monghidoro;Comune di Monghidoro;municipality;037040;00000000000;fines\n37041;mor;Monzuno;x;y;z;1;\n"))).Should().Be(422);
        _admin.Reads.Should().Contain("tre lettere maiuscole");
        (await _host.Database.Value<long>("select count(*) from core.entity where code = 'MGD'")).Should().Be(0);

        (await _admin.Upload("file", "enti.csv", Encoding.UTF8.GetBytes($"{heading}\n37040;MGD;monghidoro;Comune di Monghidoro;municipality;037040;00000000000;fines\n"))).Should().Be(200);
        _admin.Reads.Should().Contain("Nuovi: 1");
        await _admin.Open("/console/centro/enti?cerca=monghi");
        _admin.Reads.Should().Contain("Enti trovati: 1").And.Contain("Comune di Monghidoro");
    }

    [Test]
    public async Task Settings_have_a_form_a_history_with_names_and_an_undo()
    {
        const string page = "/console/reno-galliera/impostazioni/fines";
        await _admin.Open("/console/reno-galliera/impostazioni");
        await _admin.Follow("Multe");
        await _admin.Send(("remindBefore", "99"));
        _admin.Status.Should().Be(422);
        _admin.Reads.Should().Contain("Da 0 a 30");
        await _admin.Send(("remindBefore", "tre"));
        _admin.Reads.Should().Contain("Scrivi un numero intero");
        await _admin.Send(("remindBefore", "3"), ("office", "Polizia locale, ore 9-12"));
        _admin.Reads.Should().Contain("Salvato").And.Contain("Promemoria prima della scadenza: 3").And.Contain("Prova 1");
        (await _host.Portico("settings", "show", "fines", "--entity", "URG")).Output.Should().Contain("remindBefore=3");

        await _admin.Press("Annulla l’ultima modifica");
        (await _host.Portico("settings", "show", "fines", "--entity", "URG")).Output.Should().NotContain("remindBefore=3\n");
        (await _admin.Fetch("/console/bentivoglio/impostazioni/fines")).Status.Should().Be(404, "the union decides");
        (await _admin.Fetch("/console/reno-galliera/impostazioni/nessuno")).Status.Should().Be(404);
        _admin.Address.AbsolutePath.Should().Be(page);
    }

    [Test]
    public async Task The_list_of_services_says_who_wrote_them_and_who_uses_them()
    {
        await _admin.Open("/console/centro/servizi");

        _admin.Reads.Should().Contain("Multefines").And.Contain("Unione Reno Galliera").And.Contain("attivo in");
    }

    [Test]
    public async Task Nobody_but_the_centre_has_the_pages_of_entities()
    {
        using var administrator = await _host.SignInAs("URG", ("administrator", ""));
        foreach (var path in new[] { "enti", "enti/nuovo", "enti/carica", "enti/ente/MZB", "servizi" })
        {
            (await administrator.Fetch($"/console/reno-galliera/{path}")).Status.Should().Be(404);
            (await administrator.Fetch($"/console/centro/{path}")).Status.Should().Be(404);
        }
        using var auditor = await _host.SignInAs("000", ("auditor", ""));
        (await auditor.Fetch("/console/centro/servizi")).Status.Should().Be(200);
        (await auditor.Fetch("/console/centro/enti/ente/MZB")).Status.Should().Be(403);
        (await auditor.Fetch("/console/reno-galliera/impostazioni/fines")).Status.Should().Be(403);
    }
}
