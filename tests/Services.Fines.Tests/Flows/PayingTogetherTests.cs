using System.Globalization;
using Platform.Testing;

namespace Services.Fines.Tests.Flows;

/// <summary>Several fines of one plate in one payment, by the public door.</summary>
public sealed class PayingTogetherTests
{
    PorticoTestHost host = null!;
    int number = 3000;

    [OneTimeSetUp]
    public async Task Start() => host = await PorticoTestHost.Start();

    [OneTimeTearDown]
    public async Task Stop()
    {
        await host.After(TimeSpan.FromMinutes(3));
        await host.MoneyAddsUp();
        await host.DisposeAsync();
    }

    [Test]
    public async Task Three_fines_of_a_plate_are_one_payment_with_one_receipt_that_lists_them()
    {
        var (one, two, three) = (await Load(42), await Load(60), await Load(80, cents: 1));
        using var citizen = await Together(one);
        await Add(citizen, two);
        await Add(citizen, three);
        citizen.Reads.Should().ContainAll($"Verbale V/2026/{one}", $"Verbale V/2026/{two}", $"Verbale V/2026/{three}", "31,40 €", "44,00 €", "58,01 €", "Totale 133,41 €", "Paga 133,41 €");
        await Lies("OK");
        await citizen.GoToBank();
        await citizen.PayAtBank();
        citizen.Heading.Should().Be("Pagamento riuscito");
        await host.After(TimeSpan.FromSeconds(4));
        await host.Bank.TellTruth();
        await citizen.LookAgain();
        citizen.Reads.Should().ContainAll("133,41 €", $"V/2026/{one}", $"V/2026/{two}", $"V/2026/{three}", "Scarica la quietanza");

        (await host.Database.Rows<string>("select distinct paid_order from fines.fine where number = any(@all) and state = 'paid'", new { all = new[] { one, two, three } })).Should().ContainSingle();
        var order = await host.Database.Value<string>("select paid_order from fines.fine where number = @one", new { one });
        (await host.Database.Rows<long>(
            "select i.cents from payments.payment_item i join payments.payment p using (entity_id, payment_id) where p.order_no = @order order by 1", new { order })).Should().Equal(3140, 4400, 5801);
        (await host.Database.Value<long>("select count(*) from payments.receipt r join payments.payment p using (entity_id, payment_id) where p.order_no = @order", new { order })).Should().Be(1);
    }

    [Test]
    public async Task A_fine_is_taken_out_again_and_the_last_one_leads_back_to_the_search()
    {
        var (one, two) = (await Load(42), await Load(60));
        using var citizen = await Together(one);
        await Add(citizen, two);
        await citizen.Press("togli", $"V/2026/{one}");
        citizen.Reads.Should().Contain("Totale 44,00 €").And.NotContain($"V/2026/{one}");
        await citizen.Press("togli", $"V/2026/{two}");
        citizen.Heading.Should().Be("Paga una multa");
    }

    [Test]
    public async Task Of_each_fine_whose_delivery_nobody_knows_the_day_is_asked_and_sets_its_amount()
    {
        var (known, late, unknown) = (await Load(42), await Load(60, told: false), await Load(80, told: false));
        using var citizen = await Together(known);
        citizen.Reads.Should().NotContain("Hai già ricevuto");
        await Add(citizen, late);
        await Add(citizen, unknown);
        citizen.Reads.Should().Contain("Hai già ricevuto questi verbali?").And.Contain($"Giorno in cui hai ricevuto V/2026/{unknown}").And.NotContain($"Giorno in cui hai ricevuto V/2026/{known}").And.Contain("44,00 €");
        foreach (var (wrong, words) in new[] { (Iso(1), "dopo oggi"), (Iso(-21), "non può essere prima"), ("31/02/2026", "non è giusto") })
        {
            await citizen.Press("dichiara", "1", ($"ricevuto-V-2026-{late}", wrong), ($"ricevuto-V-2026-{unknown}", ""));
            citizen.Status.Should().Be(422);
            citizen.Reads.Should().Contain(words);
        }
        (await host.Database.Value<long>("select count(*) from fines.fine where number = any(@both) and declared_on is not null", new { both = new[] { late, unknown } })).Should().Be(0);

        await citizen.Press("dichiara", "1", ($"ricevuto-V-2026-{late}", Iso(-10)), ($"ricevuto-V-2026-{unknown}", ""));
        citizen.Reads.Should().Contain("62,00 €", "ten days after the delivery the reduction is over").And.Contain($"Giorno in cui hai ricevuto V/2026/{unknown}").And.NotContain($"Giorno in cui hai ricevuto V/2026/{late}");
    }

    [Test]
    public async Task Put_in_twice_it_is_there_once()
    {
        var one = await Load(42);
        using var citizen = await Together(one);
        await Add(citizen, one);
        citizen.Status.Should().Be(200);
        citizen.Reads.Should().Contain("Totale 31,40 €");
    }

    [Test]
    public async Task Unknown_of_another_plate_paid_appealed_or_of_another_creditor_read_the_same()
    {
        var one = await Load(42);
        var paid = await Load(42);
        using (var payer = await Together(paid))
        {
            await payer.GoToBank();
            await payer.PayAtBank();
            await host.After(TimeSpan.FromSeconds(4));
        }
        var answers = new List<string>();
        foreach (var other in new[] { 999_999, await Load(42, plate: "ZZ999ZZ"), paid, await Load(42, phase: "ricorso"), await Load(42, creditor: "MZB", municipality: "037036") })
        {
            using var citizen = await Together(one);
            await citizen.Send(("verbale", $"V/2026/{other}"));
            citizen.Status.Should().Be(422);
            citizen.Reads.Should().Contain("non c’è una multa della stessa targa").And.Contain("Totale 31,40 €");
            answers.Add(Plain(citizen.Page.DocumentElement.OuterHtml.Replace($"V/2026/{other}", "N", StringComparison.Ordinal)));
        }
        answers.Distinct(StringComparer.Ordinal).Should().ContainSingle("nobody learns which numbers exist, byte for byte");
    }

    [Test]
    public async Task When_one_is_paid_meanwhile_nothing_is_charged_and_it_says_which()
    {
        var (one, two) = (await Load(42), await Load(60));
        using var citizen = await Together(one);
        await Add(citizen, two);
        using (var other = await Together(two))
        {
            await other.GoToBank();
            await other.PayAtBank();
        }
        var before = await host.Database.Value<long>("select count(*) from payments.payment");
        await citizen.GoToBank();
        citizen.Status.Should().Be(422);
        citizen.Reads.Should().Contain($"Verbale V/2026/{two} ora non si può pagare qui").And.Contain("Non ti abbiamo chiesto soldi, nemmeno per le altre").And.Contain("È già pagata").And.NotContain("Paga 75,40");
        (await host.Database.Value<long>("select count(*) from payments.payment")).Should().Be(before);

        await citizen.Press("togli", $"V/2026/{two}");
        await citizen.GoToBank();
        await citizen.PayAtBank();
        citizen.Heading.Should().Be("Pagamento riuscito");
    }

    [Test]
    public async Task A_list_that_was_altered_or_is_a_single_fine_s_link_does_not_open()
    {
        var one = await Load(42);
        using var citizen = await Together(one);
        var address = citizen.Address.AbsolutePath;
        await citizen.Open(address[..^3] + "AAA");
        citizen.Reads.Should().Contain("Il collegamento non vale più");
        using var other = await Find(one);
        await citizen.Open(other.Address.AbsolutePath.Replace("/verbale/", "/insieme/", StringComparison.Ordinal));
        citizen.Reads.Should().Contain("Il collegamento non vale più");
        await citizen.Open(address.Replace("/insieme/", "/verbale/", StringComparison.Ordinal));
        citizen.Reads.Should().Contain("Il collegamento non vale più");
        await citizen.Open(address.Replace("/bentivoglio/", "/marzabotto/", StringComparison.Ordinal));
        citizen.Reads.Should().Contain("Il collegamento non vale più");
    }

    [Test]
    public async Task A_wrong_e_mail_is_told_at_its_field_and_charges_nothing()
    {
        var one = await Load(42);
        using var citizen = await Find(one);
        await citizen.Send(("payer_email", "nome@esempio"));
        citizen.Status.Should().Be(422);
        citizen.Reads.Should().Contain("L’indirizzo e-mail non è giusto. Per esempio");
        citizen.Page.QuerySelector("[name=payer_email]")!.GetAttribute("value").Should().Be("nome@esempio");
        citizen.Page.QuerySelector("[name=payer_email]")!.GetAttribute("aria-invalid").Should().Be("true");
        (await host.Database.Value<long>("select count(*) from payments.position where reference = @name", new { name = $"V/2026/{one}" })).Should().Be(0);
    }

    /// <summary>What differs from one drawing to the next and tells nothing: seals, tokens, numbers of attempts.</summary>
    static string Plain(string html) => System.Text.RegularExpressions.Regex.Replace(
        html, "(?<before>value=\"|/insieme/)(?:[A-Za-z0-9_-]{60,}|[0-9a-f]{8}-[0-9a-f-]{27})", "${before}*", System.Text.RegularExpressions.RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(5));

    Task Lies(string outcome) => host.Bank.Lie("*", new { outcome });

    static Task Add(Citizen citizen, int fine) => citizen.Send(("verbale", $"V/2026/{fine}"));

    async Task<Citizen> Together(int fine)
    {
        var citizen = await Find(fine);
        await citizen.Follow("Hai altre multe di questa targa? Pagale insieme");
        citizen.Heading.Should().Be("Paga più multe insieme");
        return citizen;
    }

    async Task<Citizen> Find(int fine)
    {
        var citizen = host.NewCitizen();
        await citizen.Open("/bentivoglio/multe");
        await citizen.Send(("verbale", $"V/2026/{fine}"), ("data", Iso(-20)), ("targa", "AB123CD"));
        citizen.Heading.Should().EndWith($"V/2026/{fine}");
        return citizen;
    }

    async Task<int> Load(int minimum, string plate = "AB123CD", string phase = "", string creditor = "URG", string municipality = "037005", int cents = 0, bool told = true)
    {
        var fine = Interlocked.Increment(ref number);
        var report = await host.Import("fines", "import", creditor,
            $"""
            serie;anno;numero;data_violazione;targa;comune;luogo;articolo;descrizione;minimo;massimo;spese;data_notifica;contestazione_immediata;sconto_escluso;fase
            V;2026;{fine};{Iso(-20)};{plate};{municipality};Via Demo 1;art. 158 c. 2;Sosta vietata;{minimum},00;{minimum * 4},00;2,{cents:00};{(told ? Iso(-2) : "")};no;no;{phase}
            """);
        report.Errors.Should().BeEmpty();
        return fine;
    }

    string Iso(int days) => Platform.Core.Time.LegalTime.Day(host.Clock.GetUtcNow()).AddDays(days).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
