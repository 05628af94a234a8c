using System.Text;
using Platform.Testing;

namespace Services.Fines.Tests.Office;

/// <summary>Files in and out at the console, which every service has without asking.</summary>
public sealed class AtTheConsoleTests
{
    const string Load = "/console/reno-galliera/multe/file/import";

    PorticoTestHost _host = null!;
    Desk _desk = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _host = await PorticoTestHost.Start();
        _desk = new Desk(_host);
    }

    [OneTimeTearDown]
    public ValueTask Stop() => _host.DisposeAsync();

    [Test]
    public async Task A_file_is_loaded_its_wrong_lines_are_listed_and_come_back_to_be_mended()
    {
        using var officer = await _host.SignIn("URG", "fines.load");
        var (good, bad) = (_desk.NewNumber(), _desk.NewNumber());
        await officer.Open(Load);

        (await Upload(officer, "verbali marzo.csv", $"{Desk.Heading}\n{_desk.Line(good)}\n{_desk.Line(bad, minimum: "quaranta")}\n")).Should().Be(303);
        await Ended(officer);

        officer.Reads.Should().Contain("Righe lette 2").And.Contain("Nuove 1").And.Contain("Errori 1").And.Contain("quaranta").And.Contain("L'importo non si legge");
        (await _desk.Minimum(good)).Should().Be(42_00);
        var (status, name, content) = await officer.Fetch(officer.Address.AbsolutePath + "?scarti=1");
        (status, name).Should().Be((200, "scarti-verbali-marzo.csv"));
        Encoding.UTF8.GetString(content).Should().Contain($";{bad};").And.NotContain($";{good};");
        await officer.Open("/console/reno-galliera/multe/file");
        officer.Reads.Should().Contain("verbali marzo.csv").And.Contain("Finito");
        (await _host.Database.Value<long>("select count(*) from core.journal where actor = @who and kind in ('import.begun', 'import.ended')", new { who = $"officer:{officer.OfficerId}" })).Should().Be(2);
    }

    [Test]
    public async Task All_or_nothing_loads_nothing_when_a_line_is_wrong()
    {
        using var officer = await _host.SignIn("URG", "fines.load");
        var good = _desk.NewNumber();
        await officer.Open(Load);

        await Upload(officer, "tutto.csv", $"{Desk.Heading}\n{_desk.Line(good)}\n{_desk.Line(_desk.NewNumber(), minimum: "x")}\n", ("tutto_o_niente", "si"));
        await Ended(officer);

        officer.Reads.Should().Contain("non è stato caricato niente").And.Contain("Nuove 0");
        (await _host.Database.Value<long>("select count(*) from fines.fine where number = @good", new { good })).Should().Be(0);
    }

    [TestCase("foglio.xlsx", "PK\u0003\u0004xxxx", "del tipo giusto")]
    [TestCase("vuoto.csv", "", "vuoto")]
    [TestCase("immagine.csv", "\u0000\u0001\u0002\u0003", "del tipo giusto")]
    public async Task What_is_no_csv_is_refused_at_once_in_words(string name, string content, string words)
    {
        using var officer = await _host.SignIn("URG", "fines.load");
        await officer.Open(Load);

        (await Upload(officer, name, content)).Should().Be(422);

        officer.Reads.Should().Contain(words);
        (await _host.Database.Value<long>("select count(*) from core.import_run where file_name = @name", new { name })).Should().Be(0);
    }

    [Test]
    public async Task A_file_without_its_columns_offers_no_file_of_wrong_lines()
    {
        using var officer = await _host.SignIn("URG", "fines.load");
        await officer.Open(Load);
        await Upload(officer, "senza.csv", "targa;comune\nAB123CD;037005\n");
        await Ended(officer);

        officer.Reads.Should().Contain("Mancano le colonne").And.Contain("Non è stato caricato niente").And.NotContain("scarica le righe sbagliate").And.NotContain("buone sono caricate");
    }

    [Test]
    public async Task A_file_without_a_line_is_not_told_as_loaded()
    {
        using var officer = await _host.SignIn("URG", "fines.load");
        await officer.Open(Load);
        await Upload(officer, "titoli.csv", Desk.Heading + "\n");
        await Ended(officer);

        officer.Reads.Should().Contain("Non è stato caricato niente").And.Contain("non ha righe").And.NotContain("a posto");
    }

    [Test]
    public async Task A_municipality_of_a_union_is_sent_to_the_unions_desk_and_loads_nothing_in_its_own_name()
    {
        using var officer = await _host.SignIn("BEN", "fines.load", "fines.read");
        var number = _desk.NewNumber();
        await officer.Open("/console/bentivoglio/multe/file/import");
        officer.Reads.Should().Contain("si paga a Unione Reno Galliera");
        officer.Page.QuerySelector("input[type=file]").Should().BeNull();

        await officer.Open("/console/bentivoglio/multe/file");
        officer.Reads.Should().Contain("Vai alla scrivania di Unione Reno Galliera");
        await officer.Open("/console/bentivoglio/multe/dati/list");
        officer.Reads.Should().Contain("si paga a Unione Reno Galliera");

        var (status, _, answer) = await officer.Fetch("/console/bentivoglio/multe/file/import", ("file", $"{Desk.Heading}\n{_desk.Line(number)}\n"));

        status.Should().Be(422);
        Encoding.UTF8.GetString(answer).Should().Contain("si paga a Unione Reno Galliera");
        (await _host.Database.Value<long>("select count(*) from core.import_run r join core.entity e on e.entity_id = r.entity_id where e.code = 'BEN'")).Should().Be(0);
    }

    [Test]
    public async Task A_municipality_of_a_union_has_at_its_desk_only_what_has_something_to_show_there()
    {
        using var officer = await _host.SignIn("BEN", "fines.load", "fines.read", "fines.decide");
        await officer.Open("/console/bentivoglio/multe/dati");
        officer.Reads.Should().Contain("Elenco dei verbali").And.Contain("Vai alla scrivania di Unione Reno Galliera");
        officer.Page.QuerySelectorAll("a").Select(link => link.GetAttribute("href")).Should().Contain("/console/bentivoglio/multe/dati/list")
            .And.NotContain(["/console/bentivoglio/multe/dati/outcome", "/console/bentivoglio/multe/dati/proceeds", "/console/bentivoglio/multe/da-decidere"]);
        foreach (var page in new[] { "dati/outcome", "dati/reminders", "dati/settle", "da-decidere", "da-decidere/chiudi" })
        {
            await officer.Open($"/console/bentivoglio/multe/{page}");
            officer.Heading.Should().Be("Si vede a un’altra scrivania", page);
            officer.Page.QuerySelector("a[href='/console/reno-galliera']").Should().NotBeNull(page);
            officer.Page.QuerySelectorAll("main form").Should().BeEmpty(page);
        }
        await _desk.NewFine();
        await officer.Open("/console/bentivoglio/multe/dati/list");
        Encoding.UTF8.GetString((await officer.Fetch("/console/bentivoglio/multe/dati/outcome")).Content).Should().NotContain("lotto;riga");
        (await _host.Database.Value<long>("select count(*) from fines.outcome_run r join core.entity e on e.entity_id = r.entity_id where e.code = 'BEN'")).Should().Be(0);

        await officer.Open("/console/bentivoglio/multe/dati/list");
        await officer.Send(("municipality", "037002"));
        officer.Status.Should().Be(422);
        officer.Reads.Should().Contain("si leggono soltanto i verbali di Comune di Bentivoglio");

        using var union = await _host.SignIn("URG", "fines.read", "fines.decide");
        await union.Open("/console/reno-galliera/multe/da-decidere");
        union.Heading.Should().Be("Pagamenti su cui decidere");
    }

    [Test]
    public async Task Another_entitys_file_and_its_errors_are_not_there()
    {
        using var officer = await _host.SignIn("URG", "fines.load");
        await officer.Open(Load);
        await Upload(officer, "nostro.csv", $"{Desk.Heading}\n{_desk.Line(_desk.NewNumber(), minimum: "x")}\n");
        await Ended(officer);
        var run = officer.Address.AbsolutePath.Split('/')[^1];
        using var other = await _host.SignIn("VRG", "fines.load");

        (await other.Fetch($"/console/vergato/multe/file/import/{run}")).Status.Should().Be(404);
        (await other.Fetch($"/console/vergato/multe/file/import/{run}?scarti=1")).Status.Should().Be(404);
        (await other.Fetch($"/console/reno-galliera/multe/file/import/{run}")).Status.Should().Be(404);
    }

    [Test]
    public async Task A_run_whose_host_is_gone_is_told_as_broken_off_and_not_as_under_way()
    {
        using var officer = await _host.SignIn("URG", "fines.load");
        await officer.Open(Load);
        await Upload(officer, "interrotto.csv", $"{Desk.Heading}\n{_desk.Line(_desk.NewNumber())}\n");
        await Ended(officer);
        await _host.Database.Execute("update core.import_run set ended_at = null, seen_at = seen_at - interval '2 minutes' where file_name = 'interrotto.csv'");

        await officer.LookAgain();

        officer.Reads.Should().Contain("Interrotto").And.Contain("carica di nuovo lo stesso file");
    }

    [Test]
    public async Task Errors_of_a_file_are_forgotten_after_thirty_days()
    {
        await using var host = await PorticoTestHost.Start();
        var desk = new Desk(host);
        using var officer = await host.SignIn("URG", "fines.load");
        await officer.Open(Load);
        await Upload(officer, "vecchio.csv", $"{Desk.Heading}\n{desk.Line(desk.NewNumber(), minimum: "x")}\n");
        await Ended(officer);
        (await host.Database.Value<long>("select count(*) from core.import_run where errors is not null and refused_lines is not null")).Should().Be(1);

        await host.After(TimeSpan.FromDays(31));

        (await host.Database.Value<long>("select count(*) from core.import_run where errors is not null or refused_lines is not null")).Should().Be(0);
    }

    [Test]
    public async Task What_the_command_line_gives_the_console_gives_as_a_file()
    {
        using var officer = await _host.SignIn("URG", "fines.read");
        var fine = await _desk.NewFine();
        await officer.Open("/console/reno-galliera/multe/dati");
        await officer.Follow("Elenco dei verbali");

        var (status, name, content) = await officer.Fetch("/console/reno-galliera/multe/dati/list", ("state", "open"));

        (status, name).Should().Be((200, $"fines-list-URG-{Platform.Core.Time.LegalTime.Local(_host.Clock.GetUtcNow()):yyyy-MM-dd-HHmmss}.csv"));
        var told = Encoding.UTF8.GetString(content);
        told.Should().StartWith("\ufeff").And.Contain($"V/2026/{fine}");
        told[1..].Should().Be(await _desk.Ask("list", ("state", "open")));
    }

    [Test]
    public async Task Options_are_judged_before_anything_runs()
    {
        using var officer = await _host.SignIn("URG", "fines.read");
        await officer.Open("/console/reno-galliera/multe/dati/proceeds");
        await officer.Send(("year", ""));
        officer.Status.Should().Be(422);
        officer.Reads.Should().Contain("Questo dato serve");
        await officer.Send(("year", "duemila"));
        officer.Reads.Should().Contain("Scrivi un numero intero");
        await officer.Send(("year", "1900"));
        officer.Reads.Should().Contain("L’anno va dal");
        await officer.Open("/console/reno-galliera/multe/dati/list");
        await officer.Send(("state", "open"), ("plate", "?"));
        officer.Reads.Should().Contain("La targa ha lettere e cifre");
        Encoding.UTF8.GetString((await officer.Fetch("/console/reno-galliera/multe/dati/list", ("state", "aperto"))).Content).Should().Contain("Scegli una delle voci");
    }

    [Test]
    public async Task Who_may_only_look_loads_nothing_and_who_may_only_load_reads_nothing()
    {
        using var reader = await _host.SignIn("URG", "fines.read");
        using var loader = await _host.SignIn("URG", "fines.load");

        (await reader.Fetch(Load)).Status.Should().Be(403);
        (await loader.Fetch("/console/reno-galliera/multe/dati/list")).Status.Should().Be(403);
        (await reader.Fetch("/console/reno-galliera/multe/file/import/0197a000-0000-7000-8000-000000000001")).Status.Should().Be(403);
    }

    [Test]
    public async Task Line_errors_are_in_the_officers_language()
    {
        using var officer = await _host.SignIn("URG", "fines.load");
        await officer.Open(Load + "?lang=en");
        await Upload(officer, "english.csv", $"{Desk.Heading}\n{_desk.Line(_desk.NewNumber(), minimum: "forty", phase: "x")}\n");
        while (officer.Reads.Contains("Under way"))
            await officer.LookAgain();

        officer.Reads.Should().Contain("The amount cannot be read").And.Contain("Write one of these").And.NotContain("Scrivi");
        officer.Page.QuerySelectorAll("td[lang=en]").Should().HaveCount(2);
    }

    [Test]
    public async Task Each_of_two_files_of_a_day_has_a_name_of_its_own()
    {
        using var officer = await _host.SignIn("URG", "fines.read");
        await _desk.NewFine();
        await officer.Open("/console/reno-galliera/multe/dati/list");
        var first = (await officer.Fetch("/console/reno-galliera/multe/dati/list", ("state", "open"))).Name;
        await _host.After(TimeSpan.FromSeconds(1));

        (await officer.Fetch("/console/reno-galliera/multe/dati/list", ("state", "open"))).Name.Should().NotBe(first).And.StartWith("fines-list-URG-");
    }

    static Task<int> Upload(Citizen officer, string name, string content, params (string, string)[] fields) => officer.Upload("file", name, Encoding.Latin1.GetBytes(content), fields);

    /// <summary>The page looks again by itself; so does the test, as often as it must.</summary>
    static async Task Ended(Citizen officer)
    {
        while (officer.Reads.Contains("In corso"))
            await officer.LookAgain();
    }
}
