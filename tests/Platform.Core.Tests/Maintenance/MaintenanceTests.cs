using System.Net;
using Platform.Testing;

namespace Platform.Core.Tests.Maintenance;

/// <summary>A service that an officer lets rest: what citizens are told before and meanwhile, and that payments go on.</summary>
public sealed class MaintenanceTests
{
    PorticoTestHost _host = null!;

    [OneTimeSetUp]
    public async Task Start() => _host = await PorticoTestHost.Start();

    [OneTimeTearDown]
    public ValueTask Stop() => _host.DisposeAsync();

    [Test]
    public async Task A_service_in_maintenance_says_until_when_and_a_payment_that_began_arrives_all_the_same()
    {
        var fine = await _host.LoadFine();
        using var citizen = _host.NewCitizen();
        await citizen.FindFine("bentivoglio", fine);
        await citizen.GoToBank();
        using var officer = await _host.SignIn("URG", "core.maintenance");
        await officer.Open("/console/reno-galliera/manutenzione/fines");
        var today = DateOnly.FromDateTime(Core.Time.LegalTime.Local(_host.Clock.GetUtcNow()).DateTime);
        await officer.Send(
            ("dal", $"{today:yyyy-MM-dd}"), ("ora_dal", Hour(0)), ("al", $"{today:yyyy-MM-dd}"), ("ora_al", Hour(90)), ("testo", "Aggiorniamo l’archivio <b>delle</b> multe."), ("testo_en", "We mend the register."));
        officer.Reads.Should().Contain("In manutenzione dal");

        await citizen.PayAtBank();
        citizen.Heading.Should().Be("Pagamento riuscito", "what the bank says is taken, and its page served");
        await citizen.Open("/bentivoglio/multe");
        citizen.Status.Should().Be(503);
        citizen.Heading.Should().Be("Servizio in manutenzione");
        citizen.Reads.Should().Contain($"{Hour(90)}").And.Contain("Aggiorniamo l’archivio <b>delle</b> multe.").And.Contain("Comune di Bentivoglio");
        await citizen.Open("/bentivoglio/multe?lang=en");
        citizen.Reads.Should().Contain("We mend the register.");
        using var client = new HttpClient { BaseAddress = _host.Address };
        (await client.GetAsync(new Uri("/bentivoglio/multe", UriKind.Relative))).Headers.RetryAfter!.Delta.Should().BeCloseTo(TimeSpan.FromMinutes(90), TimeSpan.FromMinutes(1));
        (await client.PostAsync(new Uri("/castel-maggiore/multe", UriKind.Relative), null)).StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable, "the union is creditor there too");
        (await client.GetAsync(new Uri("/marzabotto/multe", UriKind.Relative))).StatusCode.Should().Be(HttpStatusCode.OK, "another creditor's");
        (await _host.Database.Rows<string>("select actor from core.journal where kind = 'core.maintenance_set' and entity_id = 137001")).Should().Equal($"officer:{officer.OfficerId}");

        _host.Clock.Advance(TimeSpan.FromMinutes(90));
        await citizen.Open("/bentivoglio/multe?lang=it");
        citizen.Status.Should().Be(200, "it ends by itself");
        citizen.Reads.Should().NotContain("anutenzione");

        string Hour(int minutes) => Core.Time.LegalTime.Local(_host.Clock.GetUtcNow().AddMinutes(minutes)).ToString("HH:mm", System.Globalization.CultureInfo.InvariantCulture);
    }

    [Test]
    public async Task One_that_will_come_is_announced_on_the_services_pages_and_can_be_taken_back()
    {
        using var officer = await _host.SignIn("VRG", "core.maintenance");
        using var citizen = _host.NewCitizen();
        await officer.Open("/console/vergato/manutenzione");
        await officer.Follow("Multe");
        foreach (var (fields, words) in new[]
        {
            (("12/03/2026", "10:00", "12/03/2026", "09:00"), "La fine deve venire dopo l’inizio"), (("09/03/2026", "10:00", "09/03/2026", "11:00"), "al massimo fra 60 giorni"),
            (("12/03/2026", "10:00", "12/06/2026", "09:00"), "al massimo fra 60 giorni"), (("12/03/2026", "25:00", "12/03/2026", "26:00"), "Scrivi ore e minuti così"),
            (("29/03/2026", "02:30", "29/03/2026", "04:00"), "Quest’ora non esiste"), (("31/02/2026", "10:00", "12/03/2026", "11:00"), "Scrivi giorno, mese e anno"),
        })
        {
            await officer.Send(("dal", fields.Item1), ("ora_dal", fields.Item2), ("al", fields.Item3), ("ora_al", fields.Item4));
            officer.Status.Should().Be(422);
            officer.Reads.Should().Contain(words);
        }
        await officer.Send(("dal", "12/03/2026"), ("ora_dal", "10:00"), ("al", "12/03/2026"), ("ora_al", "12.30"), ("testo", new string('x', 501)));
        officer.Reads.Should().Contain("Al massimo 500 caratteri");
        await officer.Send(("dal", "12/03/2026"), ("ora_dal", "10:00"), ("al", "12/03/2026"), ("ora_al", "12.30"), ("testo", "Chiama lo 051."));
        officer.Reads.Should().Contain("Annunciata dal 12 marzo 2026, 10:00 al 12 marzo 2026, 12:30");

        await citizen.Open("/vergato/multe");
        citizen.Status.Should().Be(200);
        citizen.Reads.Should().Contain("Manutenzione in programma").And.Contain("Dal 12 marzo 2026, 10:00 al 12 marzo 2026, 12:30").And.Contain("Chiama lo 051.");
        await citizen.Open("/marzabotto/multe");
        citizen.Reads.Should().NotContain("Manutenzione");

        await officer.Follow("Multe");
        await officer.Press("azione", "togli");
        await citizen.Open("/vergato/multe");
        citizen.Reads.Should().NotContain("Manutenzione");
        await officer.Open("/console/vergato/manutenzione/schoolfees");
        officer.Status.Should().Be(404, "Vergato does not offer it");
    }

    [Test]
    public async Task The_centre_sets_it_for_all()
    {
        using var admin = await _host.SignIn("000", "core.maintenance");
        await admin.Open("/console/centro/manutenzione/schoolfees");
        admin.Reads.Should().Contain("Vale per le pagine di tutti gli enti");
        await admin.SubmitMain();
        using var citizen = _host.NewCitizen();
        foreach (var municipality in new[] { "castenaso", "san-lazzaro-di-savena" })
        {
            await citizen.Open($"/{municipality}/rette");
            citizen.Status.Should().Be(503);
        }
        await admin.Follow("Rette scolastiche");
        await admin.Press("azione", "togli");
        await citizen.LookAgain();
        citizen.Status.Should().Be(200);
    }
}
