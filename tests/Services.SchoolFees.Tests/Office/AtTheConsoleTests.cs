using System.Text;
using Platform.Core.Plugins;
using Platform.Testing;
using Services.SchoolFees.Tests.Flows;

namespace Services.SchoolFees.Tests.Office;

/// <summary>A school office's day at the console, on one host: January is billed and in part paid, February is to be billed.</summary>
public sealed class AtTheConsoleTests
{
    const string Desk = "/console/castenaso/rette";

    PorticoTestHost host = null!;
    Citizen office = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        host = await PorticoTestHost.Start();
        await host.Activate("schoolfees", "CTN");
        await host.Activate("schoolfees", "SLS");
        await SchoolOffice.Registers(host);
        await Ate(1, 18, 10, 4);
        await SchoolOffice.Bill(host, "GEN", "01/2026");
        using (var parent = host.NewCitizen())
        {
            await Find(parent, "GEN", "A1");
            await parent.GoToBank();
            await parent.PayAtBank();
        }
        await host.Quiet();
        office = await host.SignIn("CTN", "schoolfees.read", "schoolfees.bill", "schoolfees.answer", "schoolfees.certify", "schoolfees.families", "payments.see");
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        office?.Dispose();
        await host.After(TimeSpan.FromSeconds(5));
        await host.MoneyAddsUp();
        await host.DisposeAsync();
    }

    [Test]
    public async Task A_school_office_does_its_year_at_the_console()
    {
        await The_overview_tells_what_was_billed_paid_and_overdue_and_agrees_with_the_book_to_the_cent();
        await A_month_is_previewed_compared_with_the_one_before_approved_by_its_total_and_opened();
        await A_bills_story_has_its_lines_its_payment_and_what_corrected_it();
        await Families_are_found_by_any_of_them_and_shown_with_their_means_and_enrolments();
        await A_family_is_answered_by_who_is_signed_in_once();
        await What_is_overdue_is_listed_and_given_to_the_collector_and_a_years_certificates_and_file_are_made();
    }

    async Task The_overview_tells_what_was_billed_paid_and_overdue_and_agrees_with_the_book_to_the_cent()
    {
        // A register is loaded at the desk as by the command line, and what is wrong comes back as a file.
        using (var loader = await host.SignIn("CTN", "schoolfees.load"))
        {
            await loader.Open(Desk + "/file/schools");
            await loader.Upload("file", "scuole.csv", Encoding.UTF8.GetBytes("scuola;nome\nPASCOLI;Primaria Pascoli\nx y;Primaria\n"));
            while (loader.Reads.Contains("In corso", StringComparison.Ordinal))
                await loader.LookAgain();
            loader.Reads.Should().Contain("Scrivi un codice di lettere senza accenti");
            Encoding.UTF8.GetString((await loader.Fetch(loader.Address.AbsolutePath + "?scarti=1")).Content).Should().Contain("scuola;nome;motivo").And.Contain("x y;Primaria;");
            (await host.Database.Value<long>("select count(*) from schoolfees.school where school_id = 'PASCOLI'")).Should().Be(1);
            // As a program of the school's writes it, in Windows-1252.
            await loader.Open(Desk + "/file/schools");
            await loader.Upload("file", "scuole.csv", Encoding.Latin1.GetBytes("scuola;nome\nPASCOLI;Primaria Pascoli, località Fiesso\n"));
            while (loader.Reads.Contains("In corso", StringComparison.Ordinal))
                await loader.LookAgain();
            (await host.Database.Value<string>("select name from schoolfees.school where school_id = 'PASCOLI'")).Should().Be("Primaria Pascoli, località Fiesso");
        }
        await office.Open(Desk);
        office.Heading.Should().Be("Andamento");
        Cells("Totale").Should().Equal("Totale", "", "3", "109,30 €", "65,70 €", "43,60 €", "0,00 €", "0,00 €");
        office.Reads.Should().Contain("I conti tornano al centesimo").And.Contain("libri dei pagamenti 65,70 €");

        // What payments have booked and the service was not told yet is a difference with its cause.
        var code = await SchoolOffice.CodeOf(host, "GEN", "A1");
        await host.Database.Execute("update schoolfees.payment set cents = cents - 1, fee_cents = fee_cents - 1 where bill_id = (select bill_id from schoolfees.bill where code = @code)", new { code });
        await office.LookAgain();
        office.Reads.Should().Contain("I conti non tornano").And.Contain("Differenza 0,01 €");
        Cells(code)[..3].Should().Equal(code, "65,69 €", "65,70 €");
        Cells(code)[3].Should().StartWith("I pagamenti l’hanno già scritto");
        await host.Database.Execute("update schoolfees.payment set cents = cents + 1, fee_cents = fee_cents + 1 where bill_id = (select bill_id from schoolfees.bill where code = @code)", new { code });
        await office.LookAgain();
        office.Reads.Should().Contain("I conti tornano al centesimo");
    }

    async Task A_month_is_previewed_compared_with_the_one_before_approved_by_its_total_and_opened()
    {
        await Ate(2, 18, 12, 0);
        await office.Open(Desk + "/elaborazioni");
        await office.Send(("servizio", "MENSA"), ("mese", "13/2026"), ("scadenza", "2026-03-31"));
        office.Status.Should().Be(422);
        office.Reads.Should().Contain("Scrivi il mese come 02/2026");
        await office.Send(("servizio", "MENSA"), ("mese", "02/2031"), ("scadenza", "2031-03-31"));
        office.Reads.Should().Contain("Il mese non è in nessun anno scolastico");
        await office.Send(("servizio", "MENSA"), ("mese", "02/2026"), ("scadenza", "2026-03-31"));

        office.Heading.Should().Be("Mensa scolastica, febbraio 2026");
        office.Reads.Should().Contain("allora 3 bollette per 109,30 €, differenza -12,88 €").And.Contain("Alunni che non ce l’hanno più 1");
        Cells("Bruno Rossi A2")[..4].Should().Equal("Bruno Rossi A2", "25,60 €", "30,72 €", "+5,12 €");
        Cells("Anna Rossi A1").Should().BeEmpty("what did not change is no difference");
        await office.Press("azione", "approva");
        office.Reads.Should().Contain("2 bollette per 96,42 €, da pagare entro il 31 marzo 2026");

        // Meanwhile a colleague loads one meal more: the total that was read is not the one that would be asked for.

        await Ate(2, 18, 11, 0);
        await office.Press("azione", "approva");
        office.Reads.Should().Contain("il totale è un altro");
        (await host.Database.Value<long>("select count(*) from schoolfees.run where state = 'approved' and period = '2026-02-01'")).Should().Be(0);
        await office.Press("azione", "ricalcola");
        await office.Press("azione", "approva");
        office.Reads.Should().Contain("2 bollette per 93,86 €");
        await office.Press("azione", "approva");
        office.Heading.Should().Be("Apertura al pagamento: Mensa scolastica, febbraio 2026");
        office.Reads.Should().Contain("Tutte le bollette sono aperte").And.Contain("2 di 2");
        (await host.Database.Value<long>("select count(*) from payments.position where state = 'open'")).Should().Be(4);
        (await host.Database.Rows<string>("select actor from core.journal where kind = 'schoolfees.run_approved' order by 1 limit 1")).Should().Equal($"officer:{office.OfficerId}");


        // What a stop left is told, and goes on by a press.
        await host.Database.Execute("update schoolfees.bill set state = 'approved' where run_id = 'MENSA-2026-02'");
        await office.LookAgain();
        office.Reads.Should().Contain("0 di 2 bollette sono aperte");
        await office.Press("Continua adesso");
        office.Reads.Should().Contain("2 di 2");
        (await host.Database.Value<long>("select count(*) from payments.position")).Should().Be(5, "a bill is known to payments by its code");
    }

    async Task A_bills_story_has_its_lines_its_payment_and_what_corrected_it()
    {
        await office.Open(Desk + "/bollette");
        office.Reads.Should().Contain("Bollette trovate: 5").And.NotContain("Rossi", "a list of codes shows nobody");
        await office.Open($"{Desk}/bollette?codice={await SchoolOffice.CodeOf(host, "GEN", "A1")}");
        office.Reads.Should().Contain("Bollette trovate: 1");
        await office.Follow(await SchoolOffice.CodeOf(host, "GEN", "A1"));
        office.Reads.Should().Contain("pagata").And.Contain("18 pasti × 3,65").And.Contain("Anna Rossi").And.Contain("Mario Rossi");
        var order = await host.Database.Value<string>("select order_no from payments.payment");
        await office.Follow(order!);
        office.Address.AbsolutePath.Should().Be($"/console/castenaso/pagamenti/pagamento/{order}");
        (await office.Fetch($"{Desk}/bollette/ZZZZZ-ZZZZZ")).Status.Should().Be(404);
        (await host.Database.Value<long>("select count(*) from core.journal where kind = 'schoolfees.looked' and actor = @who", new { who = $"officer:{office.OfficerId}" })).Should().BePositive("each look is in the journal");
    }

    async Task Families_are_found_by_any_of_them_and_shown_with_their_means_and_enrolments()
    {
        await office.Open(Desk + "/famiglie");
        await office.Send(("testo", " "));
        office.Status.Should().Be(422);
        foreach (var typed in new[] { "rossi ánna", "RSSNNA16B41A944L", "a1" })
        {
            await office.Send(("testo", typed));
            Cells("Anna Rossi").Should().Equal(["Anna Rossi", "alunno", "A1", "Mario Rossi"], "{0}", typed);
            office.Address.Query.Should().NotContainAny("rossi", "RSSNNA", "a1 ");
        }
        await office.Send(("testo", "%_';--"));
        office.Status.Should().Be(422);
        await office.Send(("testo", "%%a_';--"));
        await office.Send(("testo", "mario"));
        await office.Follow("Mario Rossi");
        office.Heading.Should().Be("Mario Rossi");
        office.Reads.Should().Contain("Bruno Rossi A2").And.Contain("15.000,00 €").And.Contain("dal 1 gen 2026 al 31 dic 2026").And.Contain("Primaria Marconi").And.Contain(await SchoolOffice.CodeOf(host, "GEN", "A2"));
        (await host.Database.Value<long>("select count(*) from core.journal where kind = 'schoolfees.looked' and body::text like '%RSS%'")).Should().Be(0);

        using var neighbour = await host.SignIn("SLS", "schoolfees.families");
        (await neighbour.Fetch(office.Address.AbsolutePath.Replace("castenaso", await Slug("SLS"), StringComparison.Ordinal))).Status.Should().Be(404);
        using var auditor = await host.SignInAs("CTN", ("auditor", ""));
        (await auditor.Fetch(Desk)).Status.Should().Be(200);
        (await auditor.Fetch(Desk + "/famiglie")).Status.Should().Be(403, "declarations of means are not for who only audits");
        (await auditor.Fetch(Desk + "/elaborazioni")).Status.Should().Be(403);
    }

    async Task A_family_is_answered_by_who_is_signed_in_once()
    {
        using var parent = host.NewCitizen();
        await Find(parent, "GEN", "A2");
        await parent.Follow("Qualcosa non torna? Scrivi all’ufficio");
        await parent.Send(("messaggio", "<b>Bruno</b> il 4 non c'era."));
        await office.Open(Desk + "/contestazioni");
        await office.Follow("Messaggio 1");
        office.Reads.Should().Contain("<b>Bruno</b> il 4 non c'era.");
        await office.Send(("risposta", "  "));
        office.Reads.Should().Contain("Scrivi la risposta");
        await office.Send(("risposta", "Hai ragione: arriva un conguaglio."));
        office.Reads.Should().Contain("La risposta è mandata").And.Contain("Nessun messaggio");
        (await host.Database.Value<string>("select answered_by from schoolfees.dispute")).Should().Be($"officer:{office.OfficerId}");
        await parent.LookAgain();
        parent.Reads.Should().Contain("Hai ragione");
        await office.Open(Desk + "/contestazioni/1");
        office.Page.QuerySelector("textarea").Should().BeNull();
        (await office.Fetch(Desk + "/contestazioni/99")).Status.Should().Be(404);
    }

    async Task What_is_overdue_is_listed_and_given_to_the_collector_and_a_years_certificates_and_file_are_made()
    {
        await host.After(TimeSpan.FromDays(40));
        office.Dispose();
        office = await host.SignIn("CTN", "schoolfees.read", "schoolfees.certify");
        await office.Open(Desk + "/arretrati?giorni=10");
        office.Reads.Should().Contain("4 bollette scadute, 137,46 € in tutto").And.Contain("Luigi Verdi");
        await office.Open(Desk + "/arretrati?giorni=99999");
        office.Status.Should().Be(200, "what is too long is not taken");

        await office.Open(Desk + "/attestazioni?anno=2026");
        office.Reads.Should().Contain("L’attestazione del 2026");
        await host.After(new DateTimeOffset(2027, 1, 8, 9, 0, 0, TimeSpan.Zero) - host.Clock.GetUtcNow());
        office.Dispose();
        office = await host.SignIn("CTN", "schoolfees.certify");
        await office.Open(Desk + "/attestazioni");
        office.Heading.Should().Be("Attestazioni di spesa 2026");
        await office.Press("Fai le attestazioni");
        office.Reads.Should().Contain("1 attestazioni guardate, 1 nuove");
        await office.Press("Fai le attestazioni");
        office.Reads.Should().Contain("1 attestazioni guardate, 0 nuove");
        // An order whose press died goes on by itself.
        await host.Database.Execute("update schoolfees.certificate_batch set done_at = null, last = '', payers = 0, issued = 0, fresh = 0 where number = 2");
        await office.LookAgain();
        office.Reads.Should().Contain("In corso: 0 di 1 che hanno pagato");
        await host.After(TimeSpan.FromMinutes(2));
        await office.LookAgain();
        office.Reads.Should().Contain("1 attestazioni guardate, 0 nuove");
        (await host.Database.Value<long>("select count(*) from schoolfees.certificate_batch")).Should().Be(2);
        await office.Send(("tipo", "ordinaria"));
        office.Reads.Should().Contain("Scarica il file 1").And.Contain("65,70 €");
        Encoding.UTF8.GetString((await office.Fetch(Desk + "/attestazioni/comunicazione/2026/1")).Content).Should().StartWith("A;1;").And.Contain("6570");
        await office.Send(("tipo", "ordinaria"));
        office.Status.Should().Be(422);
        office.Reads.Should().Contain("fanne una sostitutiva");
        (await office.Fetch(Desk)).Status.Should().Be(403);
    }

    async Task<string> Slug(string code) => (await host.Database.Value<string>("select slug from core.entity where code = @code", new { code }))!;

    string[] Cells(string first) => office.Page.QuerySelectorAll("tr").Select(row => row.Children.Select(cell => string.Join(' ', cell.TextContent.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))).ToArray())
        .FirstOrDefault(cells => cells.Length > 0 && cells[0] == first) ?? [];

    /// <summary>Meals of Anna, Bruno and Carla on the first school days of a month.</summary>
    Task<ImportReport> Ate(int month, int anna, int bruno, int carla)
    {
        var days = Enumerable.Range(month == 1 ? 7 : 2, month == 1 ? 25 : 26).Where(day => new DateOnly(2026, month, day).DayOfWeek is not (DayOfWeek.Saturday or DayOfWeek.Sunday)).ToArray();
        return SchoolOffice.Good(host, "CTN", "attendance",
            $"alunno;servizio;mese;giorni\nA1;MENSA;{month:00}/2026;{SchoolOffice.Days(days[..anna])}\nA2;MENSA;{month:00}/2026;{SchoolOffice.Days(days[..bruno])}\nA3;MENSA;{month:00}/2026;{SchoolOffice.Days(days[..carla])}");
    }

    async Task Find(Citizen parent, string run, string pupil)
    {
        await parent.Open("/castenaso/rette");
        await parent.Send(("codice", await SchoolOffice.CodeOf(host, run, pupil)), ("codice_fiscale", pupil == "A3" ? SchoolOffice.OtherPayer : SchoolOffice.Payer));
    }
}
