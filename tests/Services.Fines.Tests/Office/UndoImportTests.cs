using System.Text;
using Platform.Testing;

namespace Services.Fines.Tests.Office;

/// <summary>A load of fines taken back whole, at the console and by command line; or not at all.</summary>
public sealed class UndoImportTests
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
    public async Task What_was_added_goes_what_was_changed_is_as_before_and_the_same_file_loads_again()
    {
        var (added, changed, untouched) = (_desk.NewNumber(), await _desk.NewFine(), await _desk.NewFine());
        using var officer = await _host.SignIn("URG", "fines.load");
        string[] lines = [_desk.Line(added), _desk.Line(changed, minimum: "50,00"), _desk.Line(untouched)];
        await Upload(officer, "sbagliato.csv", lines);
        var before = await State(changed);

        await officer.Follow("Annulla questo caricamento");
        officer.Reads.Should().Contain("Annullare il caricamento di sbagliato.csv?").And.Contain("Tutto o niente".ToLowerInvariant());
        (await _desk.Minimum(added)).Should().Be(42_00, "the question alone changes nothing");
        await officer.Press("Sì, annulla il caricamento");
        await Ended(officer);

        officer.Reads.Should().Contain("Annullato").And.Contain("Tolte: 1. Riportate a prima: 1.").And.Contain("Chiesto da Prova");
        officer.Page.QuerySelectorAll("a").Should().NotContain(link => link.TextContent.Contains("Annulla questo"));
        (await Count(added)).Should().Be(0);
        (await _desk.Minimum(changed)).Should().Be(42_00);
        before.Should().NotBe(await State(changed));
        (await _host.Database.Value<long>("select count(*) from core.journal where actor = @who and kind = 'import.undone'", new { who = $"officer:{officer.OfficerId}" })).Should().Be(1);
        await officer.Open("/console/reno-galliera/multe/file");
        officer.Reads.Should().Contain("Annullato");

        await Upload(officer, "giusto.csv", lines);
        officer.Reads.Should().Contain("Nuove 1").And.Contain("Cambiate 1");
    }

    [Test]
    public async Task What_somebody_began_to_pay_and_left_is_withdrawn_and_payable_again_when_a_file_brings_it_again()
    {
        var number = _desk.NewNumber();
        using var officer = await _host.SignIn("URG", "fines.load");
        await Upload(officer, "aperto.csv", [_desk.Line(number)]);
        using (var citizen = await _desk.GoToBank(number))
            await citizen.CancelAtBank();
        await _host.After(TimeSpan.FromMinutes(20));

        await Undo(officer);
        officer.Reads.Should().Contain("Tolte: 1.");
        await _host.Quiet();
        (await _host.Database.Value<string>("select d.state from payments.due d join payments.position p using (entity_id, position_id) where p.reference = @name", new { name = $"V/2026/{number}" })).Should().Be("cancelled");
        using var late = _host.NewCitizen();
        await late.Open("/bentivoglio/multe");
        await late.Send(("verbale", $"V/2026/{number}"), ("data", _desk.Iso(-20)), ("targa", "AB123CD"));
        late.Reads.Should().Contain("Non troviamo un verbale");

        (await _desk.Load(false, _desk.Line(number))).Added.Should().Be(1);
        await _desk.Pay(number);

        (await _host.Database.Value<string>("select state from fines.fine where number = @number", new { number })).Should().Be("paid");
    }

    [Test]
    public async Task Of_what_is_paid_being_paid_or_changed_since_nothing_is_taken_back()
    {
        var (paid, other) = (_desk.NewNumber(), _desk.NewNumber());
        using var officer = await _host.SignIn("URG", "fines.load");
        await Upload(officer, "pagato.csv", [_desk.Line(paid), _desk.Line(other)]);
        using (var citizen = await _desk.GoToBank(paid))
        {
            await Undo(officer);
            officer.Reads.Should().Contain("Non è stato annullato niente").And.Contain($"V/2026/{paid} si sta pagando");
            await citizen.PayAtBank();
        }
        await _host.After(TimeSpan.FromSeconds(5));
        await Undo(officer);
        officer.Reads.Should().Contain($"V/2026/{paid} è già pagato");
        (await Count(other)).Should().Be(1);

        var twice = _desk.NewNumber();
        await Upload(officer, "primo.csv", [_desk.Line(twice)]);
        var first = officer.Address.AbsolutePath;
        _host.Clock.Advance(TimeSpan.FromSeconds(1));
        await Upload(officer, "secondo.csv", [_desk.Line(twice, minimum: "60,00")]);
        var second = officer.Address.AbsolutePath;
        await officer.Open(first);
        await Undo(officer);
        officer.Reads.Should().Contain($"V/2026/{twice} è cambiato dopo");

        await officer.Open(second);
        await Undo(officer);
        (await _desk.Minimum(twice)).Should().Be(42_00);
        await officer.Open(first);
        await Undo(officer);
        (await Count(twice)).Should().Be(0, "the newer one first, then the older one");
    }

    [Test]
    public async Task An_address_that_a_file_replaced_is_as_before()
    {
        var number = _desk.NewNumber();
        string Line(string email) => $"{Desk.Heading};email\n{_desk.Line(number)};{email}\n";
        using var officer = await _host.SignIn("URG", "fines.load");
        await _host.Import("fines", "import", "URG", Line("prima@esempio.it"));
        await officer.Open(Load);
        await officer.Upload("file", "indirizzi.csv", Encoding.UTF8.GetBytes(Line("dopo@esempio.it")));
        await Ended(officer);
        (await Email(number)).Should().Be("dopo@esempio.it");

        await Undo(officer);

        (await Email(number)).Should().Be("prima@esempio.it");
    }

    [Test]
    public async Task By_command_line_a_load_is_in_the_consoles_list_and_is_taken_back_once()
    {
        var number = _desk.NewNumber();
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, $"{Desk.Heading}\n{_desk.Line(number)}\n");
        (await _host.Portico("fines", "import", "--entity", "URG", file)).Code.Should().Be(0);
        using var officer = await _host.SignIn("URG", "fines.load");
        await officer.Open("/console/reno-galliera/multe/file");
        officer.Reads.Should().Contain(Path.GetFileName(file)).And.Contain("da riga di comando");
        File.Delete(file);
        var listed = (await _host.Portico("imports", "list", "--entity", "URG")).Output.Split('\n').Single(line => line.Contains(Path.GetFileName(file), StringComparison.Ordinal)).Split(';');

        (await _host.Portico("imports", "undo", listed[0], "--entity", "VRG")).Errors.Should().Contain("no load of this number");
        (await _host.Portico("imports", "undo", listed[0], "--entity", "URG")).Output.Should().Contain("1 removed, 0 as before");
        (await Count(number)).Should().Be(0);
        (await _host.Portico("imports", "undo", listed[0], "--entity", "URG")).Should().Match<Told>(told => told.Code == 1 && told.Errors.Contains("taken back already"));
    }

    [Test]
    public async Task After_ninety_days_there_is_nothing_left_to_take_it_back_by()
    {
        await using var host = await PorticoTestHost.Start();
        var desk = new Desk(host);
        var number = desk.NewNumber();
        using var officer = await host.SignIn("URG", "fines.load");
        await officer.Open(Load);
        await officer.Upload("file", "vecchio.csv", Encoding.UTF8.GetBytes($"{Desk.Heading}\n{desk.Line(number)}\n"));
        await Ended(officer);
        var run = officer.Address.AbsolutePath.Split('/')[^1];

        await host.After(TimeSpan.FromDays(91));

        (await host.Portico("imports", "undo", run, "--entity", "URG")).Errors.Should().Contain("kept for 90 days");
        (await host.Database.Value<long>("select count(*) from fines.fine where number = @number", new { number })).Should().Be(1);
    }

    [Test]
    public async Task Nobody_takes_back_anothers_load_or_without_the_permission()
    {
        var number = _desk.NewNumber();
        using var officer = await _host.SignIn("URG", "fines.load");
        await Upload(officer, "nostro.csv", [_desk.Line(number)]);
        var path = officer.Address.AbsolutePath;
        using var reader = await _host.SignIn("URG", "fines.read");
        using var other = await _host.SignIn("VRG", "fines.load");
        await reader.Open("/console/reno-galliera/multe/dati/list");
        await other.Open("/console/vergato/multe/file/import");

        (await reader.Fetch(path, ("azione", "annulla"))).Status.Should().Be(403);
        (await other.Fetch(path, ("azione", "annulla"))).Status.Should().Be(404);
        (await other.Fetch(path.Replace("reno-galliera", "vergato"), ("azione", "annulla"))).Status.Should().Be(404);
        (await Count(number)).Should().Be(1);
    }

    static async Task Upload(Citizen officer, string name, string[] lines)
    {
        await officer.Open(Load);
        await officer.Upload("file", name, Encoding.UTF8.GetBytes(string.Join('\n', [Desk.Heading, .. lines])));
        await Ended(officer);
    }

    static async Task Undo(Citizen officer)
    {
        await officer.Follow("Annulla questo caricamento");
        await officer.Press("Sì, annulla il caricamento");
        await Ended(officer);
    }

    static async Task Ended(Citizen officer)
    {
        while (officer.Reads.Contains("In corso") || officer.Reads.Contains("Annullamento in corso"))
            await officer.LookAgain();
    }

    Task<long> Count(int number) => _host.Database.Value<long>("select count(*) from fines.fine where number = @number", new { number });

    Task<string?> State(int number) => _host.Database.Value<string>("select f::text from fines.fine f where number = @number", new { number });

    Task<string?> Email(int number) => _host.Database.Value<string>("select email from fines.subject join fines.fine using (entity_id, fine_id) where number = @number", new { number });
}
