using Platform.Core.Plugins;
using Platform.Testing;

namespace Services.Fines.Tests.Office;

/// <summary>How a file is loaded: whole or in part, twice, while somebody pays, and after.</summary>
public sealed class ImportModesTests
{
    PorticoTestHost host = null!;
    Desk desk = null!;

    [OneTimeSetUp]
    public async Task Start() => desk = new(host = await PorticoTestHost.Start());

    [OneTimeTearDown]
    public async Task Stop()
    {
        await host.After(TimeSpan.FromSeconds(5));
        await host.MoneyAddsUp();
        await host.DisposeAsync();
    }

    [Test]
    public async Task All_or_nothing_loads_nothing_for_one_bad_line_and_all_when_it_is_mended()
    {
        var (a, b) = (desk.NewNumber(), desk.NewNumber());
        var report = await desk.Load(true, desk.Line(a), desk.Line(b, minimum: "boh"));
        (report.Read, report.Added, report.Refused).Should().Be((2, 0, 1));
        report.Errors.Single().Field.Should().Be("minimo");
        (await Known(a, b)).Should().Be(0);

        (await desk.Load(false, desk.Line(a), desk.Line(b, minimum: "boh"))).Added.Should().Be(1, "without the option the good line is loaded");
        var mended = await desk.Load(true, desk.Line(a), desk.Line(b));
        (mended.Added, mended.Unchanged, mended.Errors.Count).Should().Be((1, 1, 0));
    }

    [Test]
    public async Task All_or_nothing_takes_back_what_was_written_when_the_register_refuses_a_line()
    {
        var paid = await desk.NewFine();
        await desk.Pay(paid);
        var fresh = Enumerable.Range(0, 600).Select(_ => desk.NewNumber()).ToArray();   // more than one batch
        var report = await desk.Load(true, [.. fresh.Select(number => desk.Line(number)), desk.Line(paid, minimum: "50,00")]);
        report.Errors.Should().ContainSingle().Which.Message.Should().Contain("già pagato");
        (report.Added, report.Refused).Should().Be((0, 1));
        (await Known(fresh)).Should().Be(0);
    }

    [Test]
    public async Task What_a_file_has_no_column_for_stays_as_it_is()
    {
        var (appealed, sent, notice) = (desk.NewNumber(), desk.NewNumber(), desk.NewNumber());
        var year = host.Clock.GetUtcNow().Year;
        string Short(int number, string told = "") => $"V;{year};{number};20/02/{year};AB123CD;037005;Via Demo 1;art. 158;Sosta vietata;42,00;173,00;2,00;{told};no;no";
        const string heading = "serie;anno;numero;data_violazione;targa;comune;luogo;articolo;descrizione;minimo;massimo;spese;data_notifica;contestazione_immediata;sconto_escluso";
        const string more = ";fase;comma;punti;sanzioni_accessorie;dispositivo;tipo_dispositivo;proprietario_strada;spese_send;data_perfezionamento_send";
        Task<ImportReport> Load(string columns, params string[] lines) => host.Import("fines", "import", "URG", string.Join('\n', [columns, .. lines]));
        (await Load(heading + more,
            Short(appealed, $"01/03/{year}") + ";ricorso;2;5;sospensione della patente;Prova 105;fisso;Provincia;;",
            Short(sent) + $";verbale;2;0;;;;;7,30;05/03/{year}",
            Short(notice) + ";preavviso;2;0;;;;;;")).Added.Should().Be(3);
        var before = await Register();

        var again = await Load(heading, Short(appealed, $"01/03/{year}"), Short(sent), Short(notice));

        (again.Added, again.Changed, again.Unchanged).Should().Be((0, 0, 3));
        (await Register()).Should().Equal(before);
        (await Load(heading, Short(notice, $"06/03/{year}"))).Changed.Should().Be(1);
        (await host.Database.Value<string>("select phase from fines.fine where number = @notice", new { notice })).Should().Be("report", "a notice that was notified is one no more");
        // A column that is there and empty is a word: nothing is known, or no more.
        (await Load(heading + ";fase", Short(appealed, $"01/03/{year}") + ";")).Changed.Should().Be(1);
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task The_same_file_again_changes_nothing(bool whole)
    {
        string[] lines = [desk.Line(desk.NewNumber()), desk.Line(desk.NewNumber(), device: "Prova 105;fisso;Provincia")];
        (await desk.Load(whole, lines)).Added.Should().Be(2);
        var before = await Register();
        var again = await desk.Load(whole, lines);
        (again.Added, again.Changed, again.Unchanged).Should().Be((0, 0, 2));
        (await Register()).Should().Equal(before);
    }

    [Test]
    public async Task A_changed_amount_waits_while_somebody_pays_and_is_loaded_when_he_gives_up()
    {
        var fine = await desk.NewFine();
        using var citizen = await desk.GoToBank(fine);
        var report = await desk.Load(false, desk.Line(fine, minimum: "50,00"));
        (report.Waiting, report.Changed, report.Errors.Count).Should().Be((1, 0, 0));
        (await desk.Load(true, desk.Line(fine, minimum: "50,00"))).Waiting.Should().Be(1, "a second load finds it waiting still");
        (await desk.Minimum(fine)).Should().Be(42_00);
        (await Pending(fine)).Should().Be("in attesa");

        await host.After(TimeSpan.FromMinutes(1));
        (await desk.Minimum(fine)).Should().Be(42_00, "he is still at the bank");

        await citizen.CancelAtBank();
        await host.After(TimeSpan.FromMinutes(16));
        (await desk.Minimum(fine)).Should().Be(50_00);
        (await Pending(fine)).Should().BeNull();
    }

    [Test]
    public async Task A_change_that_waited_is_refused_when_the_fine_gets_paid()
    {
        var fine = await desk.NewFine();
        using var citizen = await desk.GoToBank(fine);
        await desk.Load(false, desk.Line(fine, minimum: "50,00"));
        await citizen.PayAtBank();
        await host.After(TimeSpan.FromMinutes(16));
        (await desk.Minimum(fine)).Should().Be(42_00);
        (await Pending(fine)).Should().Be("respinto");
    }

    [TestCase("archiviato", -1)]
    [TestCase("ricorso", -1)]
    [TestCase("riscossione", -1)]
    [TestCase("rate", -1)]
    [TestCase("", -12)]
    public async Task Whatever_touches_what_is_due_or_whether_it_may_be_paid_waits_for_the_payment(string phase, int notified)
    {
        var (given, taken) = (await desk.NewFine(), await desk.NewFine());
        using (var gives = await desk.GoToBank(given))
        using (var pays = await desk.GoToBank(taken))
        {
            (await desk.Load(false, desk.Line(given, notified: notified, phase: phase), desk.Line(taken, notified: notified, phase: phase))).Waiting.Should().Be(2);
            await host.After(TimeSpan.FromMinutes(1));
            (await Phase(taken)).Should().Be($"report {desk.Iso(-1)}", "he is still at the bank");
            await gives.CancelAtBank();
            await pays.PayAtBank();
        }
        await host.After(TimeSpan.FromMinutes(16));

        (await Pending(given)).Should().BeNull();
        (await Pending(taken)).Should().BeNull("it says nothing of the amount, so it is loaded");
        (await Phase(given)).Should().Be(await Phase(taken)).And.NotBe($"report {desk.Iso(-1)}");
        var decisions = await desk.Sheet("decisions");
        decisions.Should().NotContain(row => row[0] == $"V/2026/{given}");
        var task = decisions.Single(row => row[0] == $"V/2026/{taken}");
        (task[1], task[3]).Should().Be(phase.Length > 0 ? ("not_owed", "31,40") : ("supplement", "12,60"), "a person decides about the money");
    }

    [Test]
    public async Task A_line_that_archives_and_changes_the_amount_of_what_was_paid_meanwhile_is_refused_and_told()
    {
        var fine = await desk.NewFine();
        using var citizen = await desk.GoToBank(fine);
        await desk.Load(false, desk.Line(fine, minimum: "50,00", phase: "archiviato"));
        await citizen.PayAtBank();
        await host.After(TimeSpan.FromMinutes(16));
        (await Pending(fine)).Should().Be("respinto");
        (await desk.Sheet("decisions")).Single(row => row[0] == $"V/2026/{fine}")[4].Should().Contain("archiviato");
    }

    [Test]
    public async Task A_fine_that_a_file_archives_after_it_was_paid_is_put_to_an_officer_until_it_is_asked_for_again()
    {
        var fine = await desk.NewFine();
        await desk.Pay(fine);
        for (var n = 0; n < 2; n++)
            await desk.Load(false, desk.Line(fine, phase: "archiviato"));
        (await desk.Sheet("decisions")).Where(row => row[0] == $"V/2026/{fine}").Select(row => (row[1], row[3])).Should().Equal(("not_owed", "31,40"));
        await desk.Load(false, desk.Line(fine));
        (await desk.Sheet("decisions")).Should().NotContain(row => row[0] == $"V/2026/{fine}");
    }

    [Test]
    public async Task What_does_not_change_the_amount_is_loaded_while_somebody_pays()
    {
        var fine = await desk.NewFine();
        using var citizen = await desk.GoToBank(fine);
        (await desk.Load(false, desk.Line(fine, plate: "ZZ999ZZ"))).Changed.Should().Be(1);
        await citizen.CancelAtBank();
    }

    [Test]
    public async Task A_later_line_goes_before_one_that_waited()
    {
        var fine = await desk.NewFine();
        using var citizen = await desk.GoToBank(fine);
        await desk.Load(false, desk.Line(fine, minimum: "50,00"));
        await desk.Load(false, desk.Line(fine));
        (await Pending(fine)).Should().BeNull();
        await citizen.CancelAtBank();
        await host.After(TimeSpan.FromMinutes(16));
        (await desk.Minimum(fine)).Should().Be(42_00);
    }

    [Test]
    public async Task Refused_lines_come_back_as_a_file_that_is_mended_and_loaded()
    {
        var (good, bad) = (desk.NewNumber(), desk.NewNumber());
        await using var refused = new StringWriter();
        await host.Import("fines", "import", "URG", string.Join('\n', Desk.Heading, desk.Line(good), desk.Line(bad, minimum: "=1+1", article: "@SUM(1)")), refused: refused);
        var lines = refused.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        lines.Should().HaveCount(2);
        lines[0].Should().Be(Desk.Heading + ";riga_respinta;motivo");
        lines[1].Should().Contain($";{bad};").And.Contain("'=1+1").And.Contain("'@SUM(1)").And.EndWith("Scrivilo come 1.085,00 oppure 1085.00, senza segno.\"");

        var mended = await host.Import("fines", "import", "URG", refused.ToString().Replace("'=1+1", "43,00", StringComparison.Ordinal));
        (mended.Added, mended.Errors.Count).Should().Be((1, 0));
        (await host.Database.Value<string>("select article from fines.fine where number = @bad", new { bad })).Should().Be("@SUM(1)", "the apostrophe was the sheet's");
    }

    [Test]
    public async Task What_the_report_says_beyond_the_amount_is_kept()
    {
        var number = desk.NewNumber();
        var report = await host.Import("fines", "import", "URG",
            $"{Desk.Heading};comma;punti;sanzioni_accessorie;spese_send;data_perfezionamento_send\n"
            + desk.Line(number, article: "art. 142", device: "Prova 105;Mobile;Provincia di Bologna").Replace($";{desk.Iso(-1)};", ";;", StringComparison.Ordinal) + $";8;3;Sospensione;1,20;{desk.Iso(-3)}\n");
        report.Errors.Should().BeEmpty();
        (await host.Database.Value<string>(
            """
            select concat_ws('|', article, comma, points, accessory, device, device_kind, road_owner, costs_cents, send_cents, send_perfected_on, notified_on) from fines.fine where number = @number
            """, new { number })).Should().Be($"art. 142|8|3|Sospensione|Prova 105|mobile|Provincia di Bologna|320|120|{desk.Iso(-3)}|{desk.Iso(-3)}".Replace("mobile", "mobile", StringComparison.Ordinal));
        using var citizen = host.NewCitizen();
        await citizen.Open("/bentivoglio/multe");
        await citizen.Send(("verbale", $"V/2026/{number}"), ("data", desk.Iso(-20)), ("targa", "AB123CD"));
        citizen.Reads.Should().Contain("art. 142 c. 8").And.Contain("32,60");
    }

    Task<string?> Phase(int fine) => host.Database.Value<string>("select phase || ' ' || notified_on from fines.fine where number = @fine", new { fine });

    Task<int> Known(params int[] numbers) => host.Database.Value<int>("select count(*)::int from fines.fine where number = any(@numbers)", new { numbers });

    async Task<string[]> Register() => [.. await host.Database.Rows<string>("select f::text from fines.fine f order by 1")];

    async Task<string?> Pending(int fine) => (await desk.Sheet("pending")).SingleOrDefault(row => row[0] == $"V/2026/{fine}")?[1];
}
