using System.Globalization;
using Platform.Testing;

namespace Services.Fines.Tests.Flows;

/// <summary>A fine through the register, the page, the bank and back, on a host with the service as it is installed.</summary>
public sealed class LifeOfAFineTests
{
    PorticoTestHost host = null!;
    int number = 7000;

    [OneTimeSetUp]
    public async Task Start() => host = await PorticoTestHost.Start();

    [OneTimeTearDown]
    public async Task Stop()
    {
        await host.After(TimeSpan.FromSeconds(5));
        await host.MoneyAddsUp();
        await host.DisposeAsync();
    }

    [Test]
    public async Task What_a_citizen_declares_sets_the_amount_until_the_register_knows_better()
    {
        var fine = await Load(notified: null);
        using var citizen = await Find(fine);
        citizen.Reads.Should().Contain("Paga 31,40 €").And.Contain("Quando hai ricevuto il verbale?");

        await citizen.Send(("ricevuto", Iso(-10)));
        citizen.Reads.Should().Contain("lo hai detto tu").And.Contain("Paga 44,00 €");

        await Load(notified: -2, number: fine);
        await citizen.LookAgain();
        citizen.Reads.Should().Contain("Verbale consegnato il").And.Contain("Paga 31,40 €").And.NotContain("Quando hai ricevuto");
        (await host.Database.Rows<string>("select kind from core.journal where kind like 'fines.declared%' and body ->> 'fine' = @fine", new { fine = $"V/2026/{fine}" })).Should().ContainSingle();
    }

    [TestCase("", "Scrivi il giorno in cui hai ricevuto il verbale")]
    [TestCase("31/02/2026", "non è giusto")]
    [TestCase("2027-01-01", "non può essere dopo oggi")]
    [TestCase("2020-01-01", "non può essere prima della violazione")]
    public async Task A_day_that_cannot_be_is_refused_in_words_and_changes_nothing(string day, string words)
    {
        var fine = await Load(notified: null);
        using var citizen = await Find(fine);
        await citizen.Send(("ricevuto", day));
        citizen.Status.Should().Be(422);
        citizen.Reads.Should().Contain(words).And.Contain("Paga 31,40 €");
        (await host.Database.Value<int>("select count(*) from fines.fine where number = @fine and declared_on is not null", new { fine })).Should().Be(0);
    }

    [Test]
    public async Task A_declaration_posted_after_the_register_knows_changes_nothing()
    {
        var fine = await Load(notified: null);
        using var citizen = await Find(fine);
        await Load(notified: -2, number: fine);
        await citizen.Send(("ricevuto", Iso(-20)));
        citizen.Status.Should().Be(422);
        citizen.Reads.Should().Contain("non si può più scrivere");
        (await host.Database.Value<int>("select count(*) from fines.fine where number = @fine and declared_on is not null", new { fine })).Should().Be(0);
    }

    [Test]
    public async Task A_payment_by_a_declared_day_that_proves_wrong_is_kept_and_the_rest_is_asked_for()
    {
        var fine = await Load(notified: null);
        using var citizen = await Pay(fine);
        (await StateOf(fine)).Should().Be("paid");
        (await Supplement(fine)).Should().BeNull("nobody knows of an earlier delivery");

        await Load(notified: -15, number: fine);
        (await Supplement(fine)).Should().Be(12_60);
        (await StateOf(fine)).Should().Be("paid", "money that was taken is never refused");
        using var again = await Find(fine);
        again.Reads.Should().Contain("Manca una parte dell’importo").And.Contain("12,60");

        await Load(notified: -3, number: fine);
        (await Supplement(fine)).Should().BeNull("by the corrected day the payment was enough");
    }

    [Test]
    public async Task At_another_municipality_s_page_a_fine_names_where_it_happened_and_once_paid_how_the_receipt_is_had_again()
    {
        var fine = await Load(notified: -3);
        using var citizen = await Find(fine);
        using var elsewhere = host.NewCitizen();
        await elsewhere.Open("/argelato/multe");
        await elsewhere.Send(("verbale", $"V/2026/{fine}"), ("data", Iso(-20)), ("targa", "AB123CD"));
        elsewhere.Reads.Should().Contain("Comune di Bentivoglio");
        using var payer = await Pay(fine);
        using var after = await Find(fine);
        after.Page.QuerySelector("a[href='/bentivoglio/pagamenti/ho-pagato']")!.TextContent.Should().StartWith("Riavere la quietanza");
    }

    [Test]
    public async Task The_same_file_again_leaves_a_supplement_as_an_officer_left_it()
    {
        var fine = await Load(notified: null);
        using var citizen = await Pay(fine);
        await Load(notified: -15, number: fine);
        await host.Database.Execute("update fines.supplement s set closed_at = now(), closed_by = 'officer' from fines.fine f where f.fine_id = s.fine_id and f.number = @fine", new { fine });
        await Load(notified: -15, number: fine);
        await Load(notified: -16, number: fine);
        (await Supplement(fine)).Should().BeNull();
    }

    [Test]
    public async Task What_is_missing_of_a_payment_is_a_task_until_the_citizen_pays_it_and_again_when_that_is_taken_back()
    {
        var fine = await Load(notified: null);
        using (await Pay(fine))
        {
        }
        await Load(notified: -15, number: fine);
        (await Declared(fine)).Should().BeNull();
        var task = (await Decisions(fine)).Single();
        (task[1], task[3], task[4], task[5]).Should().Be(("supplement", "12,60", "pagato dopo il termine dell’importo", Iso(45)), "the rest is due with the minimum, sixty days after the delivery");

        using var citizen = await Find(fine);
        citizen.Reads.Should().Contain("mancano 12,60").And.Contain("entro il").And.Contain("Paga 12,60");
        await citizen.GoToBank();
        await citizen.PayAtBank();
        citizen.Heading.Should().Be("Pagamento riuscito");
        await host.After(TimeSpan.FromSeconds(5));
        await citizen.LookAgain();
        citizen.Reads.Should().Contain($"Differenza del verbale V/2026/{fine}").And.Contain("12,60").And.Contain("Scarica la quietanza");
        (await Decisions(fine)).Should().BeEmpty("it is paid");
        using (var after = await Find(fine))
            after.Reads.Should().Contain("Differenza pagata").And.NotContain("mancano");
        (await host.Office("fines", "outcome", "URG")).Split('\n').Count(line => line.Contains($"V/2026/{fine};", StringComparison.Ordinal)).Should().Be(2, "the payment and its rest, once each");

        var order = await host.Database.Value<string>("select order_no from fines.supplement_payment r join fines.fine f using (entity_id, fine_id) where f.number = @fine", new { fine });
        await host.Bank.SetState(order!, "ST");
        await host.Bank.HasTold(order!);
        await host.After(TimeSpan.FromMinutes(1));
        (await Decisions(fine)).Single()[3].Should().Be("12,60", "the bank took the rest back");

        using var again = await Find(fine);
        await again.GoToBank();
        await again.PayAtBank();
        await host.After(TimeSpan.FromSeconds(5));
        (await Decisions(fine)).Should().BeEmpty();
        (await StateOf(fine)).Should().Be("paid");

        await Load(notified: -3, number: fine);
        (await Decisions(fine)).Select(row => (row[1], row[3], row[4])).Should().Equal(("not_owed", "12,60", "dalle date che risultano ora la differenza non era dovuta"));
        await Load(notified: -15, number: fine);
        (await Decisions(fine)).Should().BeEmpty("and by these it was");
    }

    [Test]
    public async Task Where_the_creditor_says_so_the_lower_amount_is_offered_in_the_two_days_for_crediting_and_is_enough()
    {
        var fine = await Load(notified: -7);
        using (var strict = await Find(fine))
            strict.Reads.Should().Contain("Paga 44,00 €", "the term of the reduced amount is over");
        (await host.Portico("settings", "set", "fines", "--entity", "URG", "offerWhileCrediting=true")).Code.Should().Be(0);
        try
        {
            using var citizen = await Find(fine);
            citizen.Reads.Should().Contain("Paga 31,40 €").And.Contain("Il termine di legge finisce il 9 marzo 2026").And.Contain("fino al 11 marzo 2026").And.Contain("art. 17-quinquies DL 18/2016");
            await citizen.GoToBank();
            await citizen.PayAtBank();
            await host.After(TimeSpan.FromSeconds(5));
        }
        finally
        {
            (await host.Portico("settings", "undo", "fines", "--entity", "URG")).Code.Should().Be(0);
        }
        (await host.Database.Value<int>("select paid_cents::int from fines.fine where number = @fine", new { fine })).Should().Be(31_40);
        (await Decisions(fine)).Should().BeEmpty();
    }

    [Test]
    public async Task An_officer_waives_the_rest_with_a_reason_and_nobody_is_asked_for_it_any_more()
    {
        var fine = await Load(notified: null);
        using (var citizen = await Find(fine))
        {
            await citizen.Send(("ricevuto", Iso(-3)));
            await citizen.GoToBank();
            await citizen.PayAtBank();
            await host.After(TimeSpan.FromSeconds(5));
        }
        await Load(notified: -15, number: fine);
        using var reader = await host.SignIn("URG", "fines.read");
        await reader.Open("/console/reno-galliera/multe/da-decidere");
        reader.Reads.Should().Contain($"V/2026/{fine}").And.Contain("la notifica risulta prima del giorno dichiarato").And.Contain("12,60");
        reader.Page.QuerySelector("main a[href*=chiudi]").Should().BeNull("who only reads closes nothing");

        using var officer = await host.SignIn("URG", "fines.read", "fines.decide");
        await officer.Open("/console/reno-galliera/multe/da-decidere");
        await officer.Open(officer.Page.QuerySelector($"main a[href*='{(await Decisions(fine)).Single()[2]}']")!.GetAttribute("href")!);
        await officer.Send(("motivo", ""));
        (officer.Status, officer.Reads).Should().Match<(int Status, string Reads)>(answer => answer.Status == 422 && answer.Reads.Contains("Scrivi il motivo", StringComparison.Ordinal));
        await officer.Send(("motivo", "differenza non richiesta"));
        officer.Reads.Should().Contain("Chiuso").And.NotContain($"V/2026/{fine}");
        (await Supplement(fine)).Should().BeNull();
        (await host.Database.Value<string>("select body ->> 'reason' from core.journal where kind = 'fines.decided' and body ->> 'fine' = @name", new { name = $"V/2026/{fine}" })).Should().Be("differenza non richiesta");
        using var payer = await Find(fine);
        payer.Reads.Should().NotContain("mancano");
        (await host.Portico("fines", "settle", "--entity", "URG", "--fine", $"V/2026/{fine}", "--order", "URG-0123456789ABC-7", "--reason", "x")).Code.Should().NotBe(0, "nothing waits any more");
    }

    [Test]
    public async Task A_rest_whose_payment_is_taken_back_is_put_to_an_officer()
    {
        var fine = await Load(notified: null);
        using (await Pay(fine))
        {
        }
        var order = await host.Database.Value<string>("select paid_order from fines.fine where number = @fine", new { fine });
        await Load(notified: -15, number: fine);
        using (var citizen = await Find(fine))
        {
            await citizen.GoToBank();
            await citizen.PayAtBank();
        }
        await host.After(TimeSpan.FromSeconds(5));
        await host.Bank.SetState(order!, "ST");
        await host.Bank.HasTold(order!);
        await host.After(TimeSpan.FromMinutes(1));
        (await StateOf(fine)).Should().Be("open");
        (await Decisions(fine)).Select(row => (row[1], row[3])).Should().Equal(("rest_alone", "12,60"));
    }

    [TestCase("ricorso", "C’è un ricorso")]
    [TestCase("riscossione", "La multa è passata alla riscossione")]
    public async Task A_fine_that_moves_on_while_its_page_is_open_is_not_charged(string phase, string title)
    {
        var fine = await Load(notified: -2);
        using var citizen = await Find(fine);
        await Load(notified: -2, number: fine, phase: phase);
        await citizen.GoToBank();
        citizen.Status.Should().Be(422);
        citizen.Reads.Should().Contain(title).And.Contain("Non ti abbiamo chiesto soldi");
    }

    [Test]
    public async Task A_notice_on_the_windscreen_is_paid_under_its_own_code_of_the_taxonomy()
    {
        var fine = await Load(notified: null, phase: "preavviso", costs: "", seen: -5);
        using var citizen = await Find(fine, seen: -5);
        citizen.Heading.Should().Be($"Avviso V/2026/{fine}");
        await citizen.GoToBank();
        (await host.Database.Rows<string>(
            "select distinct l.tax_code from payments.payment_line l join payments.due d using (entity_id, due_id) join payments.position p using (entity_id, position_id) where p.reference = @name",
            new { name = $"V/2026/{fine}" })).Should().Equal("9/0102106SA/");
    }

    async Task<Citizen> Pay(int fine)
    {
        var citizen = await Find(fine);
        await citizen.GoToBank();
        await citizen.PayAtBank();
        await host.After(TimeSpan.FromSeconds(5));
        return citizen;
    }

    async Task<Citizen> Find(int fine, int seen = -20)
    {
        var citizen = host.NewCitizen();
        await citizen.Open("/bentivoglio/multe");
        await citizen.Send(("verbale", $"V/2026/{fine}"), ("data", Iso(seen)), ("targa", "AB123CD"));
        citizen.Heading.Should().EndWith($"V/2026/{fine}");
        return citizen;
    }

    /// <summary>Loads a fine by the file that an office would send, or changes it.</summary>
    async Task<int> Load(int? notified, int? number = null, string phase = "", string costs = "2,00", int seen = -20)
    {
        var fine = number ?? Interlocked.Increment(ref this.number);
        var report = await host.Import("fines", "import", "URG",
            $"""
            serie;anno;numero;data_violazione;targa;comune;luogo;articolo;descrizione;minimo;massimo;spese;data_notifica;contestazione_immediata;sconto_escluso;fase
            V;2026;{fine};{Iso(seen)};AB123CD;037005;Via Demo 1;art. 158 c. 2;Sosta vietata;42,00;173,00;{costs};{(notified is { } days ? Iso(days) : "")};no;no;{phase}
            """);
        report.Errors.Should().BeEmpty();
        return fine;
    }

    string Iso(int days) => Platform.Core.Time.LegalTime.Day(host.Clock.GetUtcNow()).AddDays(days).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    Task<string?> StateOf(int fine) => host.Database.Value<string>("select state from fines.fine where number = @fine", new { fine });

    Task<string?> Declared(int fine) => host.Database.Value<string>("select declared_on::text from fines.fine where number = @fine", new { fine });

    async Task<string[][]> Decisions(int fine) => [.. Office.Desk.Rows(await host.Office("fines", "decisions", "URG")).Where(row => row[0] == $"V/2026/{fine}")];

    Task<int?> Supplement(int fine) => host.Database.Value<int?>(
        "select (s.due_cents - s.paid_cents)::int from fines.supplement s join fines.fine f using (entity_id, fine_id) where f.number = @fine and s.closed_at is null", new { fine });
}
