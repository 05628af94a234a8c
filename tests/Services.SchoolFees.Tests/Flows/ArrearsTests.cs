using Platform.Testing;

namespace Services.SchoolFees.Tests.Flows;

/// <summary>Bills that are not paid in time. They are due on 31 March 2026; the clock starts on the 10th.</summary>
public sealed class ArrearsTests
{
    PorticoTestHost host = null!;

    [SetUp]
    public async Task Start()
    {
        host = await PorticoTestHost.Start();
        await host.Activate("schoolfees", "CTN");
        await SchoolOffice.Registers(host);
        await SchoolOffice.Good(host, "CTN", "attendance", "alunno;servizio;mese;giorni\nA1;MENSA;02/2026;2 3 4 5\nA2;MENSA;02/2026;2 3\nA3;MENSA;02/2026;2 3 4 5");
        await SchoolOffice.Bill(host, "FEB", "02/2026");
    }

    [TearDown]
    public async Task Stop()
    {
        await host.After(TimeSpan.FromSeconds(5));
        await host.MoneyAddsUp();
        await host.DisposeAsync();
    }

    [Test]
    public async Task Families_are_reminded_by_policy_once_per_step_and_not_of_what_is_paid_or_disputed()
    {
        await On(2026, 3, 28);
        (await Sheet("reminders")).Should().BeEmpty("without a policy nobody is reminded");
        await Decide("remindBefore=5", "remindAfter=10");
        await Pay("A2");
        await On(2026, 3, 29);
        (await Sheet("reminders")).Select(row => (row[0], row[2], row[3], row[5], row[6])).Should().BeEquivalentTo(
            [("2026-03-29", "P1", "prima della scadenza", "14,60", "sì"), ("2026-03-29", "P2", "prima della scadenza", "18,00", "no")]);
        await On(2026, 3, 31);
        (await Sheet("reminders")).Should().HaveCount(2, "a step reminds once");

        using var parent = host.NewCitizen();
        await Dispute(parent, "A3", SchoolOffice.OtherPayer, "Carla il 4 febbraio non c'era.");
        await On(2026, 4, 11);
        (await Sheet("reminders", ("from", "2026-04-01"))).Select(row => (row[0], row[2], row[3], row[6])).Should().Equal([("2026-04-10", "P1", "scaduta", "sì")], "a dispute waits for its answer");
        await host.Office("schoolfees", "answer", "CTN", ("dispute", "1"), ("text", "Risulta presente."), ("by", "Ufficio scuola"));
        await On(2026, 4, 12);
        (await Sheet("reminders", ("from", "2026-04-12"))).Select(row => row[2]).Should().Equal("P2");
        (await host.Database.Rows<string>("select template from core.mail where template in ('reminder', 'overdue') order by 1")).Should().Equal("overdue", "reminder");
    }

    [Test]
    public async Task A_surcharge_begins_after_its_days_for_bills_under_the_rule_and_is_paid_and_no_expense_of_school()
    {
        await Decide("surcharge=20", "surchargeAfter=60", "surchargeSince=2026-01-01");
        using var parent = host.NewCitizen();
        await On(2026, 5, 30);
        await Find(parent, "A1", SchoolOffice.Payer);
        parent.Reads.Should().Contain("fino al 30 maggio 2026; poi si aggiungono 2,92").And.Contain("Paga 14,60");
        await On(2026, 5, 31);
        await Find(parent, "A1", SchoolOffice.Payer);
        parent.Reads.Should().Contain("Per il ritardo si aggiungono 2,92").And.Contain("Maggiorazione per ritardo").And.Contain("Paga 17,52");
        (await Sheet("arrears", ("days", "60"))).Select(row => (row[1], row[4], row[9], row[10], row[11], row[12], row[13])).Should().BeEquivalentTo(
        [
            ("P1", SchoolOffice.Payer, "2026-03-31", "61", "14,60", "2,92", "17,52"), ("P1", SchoolOffice.Payer, "2026-03-31", "61", "5,12", "1,02", "6,14"),
            ("P2", SchoolOffice.OtherPayer, "2026-03-31", "61", "18,00", "3,60", "21,60"),
        ]);
        await parent.GoToBank();
        parent.Reads.Should().Contain("17,52");
        await parent.PayAtBank();
        await host.Quiet();
        (await host.Database.Value<long>("select paid_cents from schoolfees.bill where state = 'paid'")).Should().Be(17_52);
        (await Sheet("arrears")).Should().HaveCount(2);
        (await Sheet("summary", ("year", "2025/2026"))).Select(row => string.Join(';', row)).Should().Equal(
            "Primaria Fresu;Mensa scolastica;1;18,00;0,00;18,00;18,00;0,00", "Primaria Marconi;Mensa scolastica;2;19,72;14,60;5,12;5,12;0,00", "totale;;3;37,72;14,60;23,12;23,12;0,00");

        await Decide("surchargeAfter=0", "surchargeSince=2026-04-01");
        (await Sheet("arrears")).Select(row => row[12]).Should().Equal(["0,00", "0,00"], "they were due before the rule began");
        (await host.Portico("settings", "set", "schoolfees", "--entity", "CTN", "surchargeSince=")).Code.Should().NotBe(0, "a surcharge without a beginning is refused");
        await On(2027, 1, 4);
        (await Sheet("certificates", ("year", "2026"))).Single()[5].Should().Be("14,60");
    }

    [Test]
    public async Task Debts_keep_a_pupil_from_new_enrolments_only_where_it_was_switched_on_and_the_social_services_do_not_object()
    {
        await On(2026, 5, 2);
        const string head = "iscrizione;alunno;servizio;scuola;dal;al;deroga\n";
        (await SchoolOffice.Load(host, "enrolments", head + "N1;A1;BUS;MARCONI;01/05/2026;;")).Added.Should().Be(1, "it is not switched on");
        await Decide("blockAfter=30");
        (await SchoolOffice.Load(host, "enrolments", head + "N2;A2;BUS;MARCONI;01/05/2026;;")).Errors.Should().ContainSingle().Which.Message.Should().Contain("scaduta da più di 30 giorni");
        (await SchoolOffice.Load(host, "enrolments", head + "N2;A2;BUS;MARCONI;01/05/2026;;sì")).Added.Should().Be(1);
        (await SchoolOffice.Load(host, "enrolments", head + "N1;A1;BUS;MARCONI;01/05/2026;31/05/2026;")).Changed.Should().Be(1, "what is known may be ended");
        await Pay("A1");
        await Pay("A2");
        (await SchoolOffice.Load(host, "enrolments", head + "N1B;A1;BUS;MARCONI;01/06/2026;;")).Added.Should().Be(1);
    }

    [Test]
    public async Task A_family_writes_to_the_office_and_reads_the_answer_on_the_bill()
    {
        using var parent = host.NewCitizen();
        await Dispute(parent, "A1", SchoolOffice.Payer, "");
        parent.Status.Should().Be(422);
        parent.Reads.Should().Contain("Scrivi che cosa non torna");
        await Dispute(parent, "A1", SchoolOffice.Payer, "=cmd <script>alert(1)</script>\nAnna il 4 non c'era.");
        parent.Heading.Should().StartWith("Bolletta");
        parent.Reads.Should().Contain("<script>alert(1)</script> Anna il 4 non c'era.").And.Contain("Non ha ancora risposto");
        await Dispute(parent, "A1", SchoolOffice.Payer, "E poi?");
        parent.Reads.Should().Contain("aspetta già una risposta");

        var sheet = await host.Office("schoolfees", "disputes", "CTN");
        sheet.Should().Contain("'=cmd", "no spreadsheet runs what a family wrote");
        (await FluentActions.Awaiting(() => host.Office("schoolfees", "answer", "SLS", ("dispute", "1"), ("text", "Sì"), ("by", "X"))).Should().ThrowAsync<InvalidOperationException>())
            .WithMessage("*Nessun messaggio 1*", "another entity's office does not see it");
        await host.Office("schoolfees", "answer", "CTN", ("dispute", "1"), ("text", "Hai ragione: arriva un conguaglio."), ("by", "Ufficio scuola"));
        await Find(parent, "A1", SchoolOffice.Payer);
        parent.Reads.Should().Contain("L’ufficio ha risposto il 10 marzo 2026").And.Contain("Hai ragione");
        (await host.Office("schoolfees", "disputes", "CTN")).Trim().Split('\n').Should().HaveCount(1, "none waits");
        (await host.Database.Value<long>("select count(*) from core.mail where template = 'answer'")).Should().Be(1);
    }

    Task Decide(params string[] settings) => Told(["settings", "set", "schoolfees", "--entity", "CTN", .. settings]);

    async Task Told(string[] words)
    {
        var told = await host.Portico(words);
        told.Code.Should().Be(0, told.Errors);
    }

    /// <summary>Eleven o'clock of that day in Rome, with the night's jobs of that day done.</summary>
    async Task On(int year, int month, int day)
    {
        var then = new DateTimeOffset(year, month, day, 9, 0, 0, TimeSpan.Zero);
        if (then - host.Clock.GetUtcNow() > TimeSpan.FromDays(1))
            await host.After(then.AddDays(-1) - host.Clock.GetUtcNow());
        await host.After(then - host.Clock.GetUtcNow());
    }

    async Task<string[][]> Sheet(string verb, params (string, string)[] options) =>
        [.. (await host.Office("schoolfees", verb, "CTN", options)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(line => line.Split(';'))];

    async Task Find(Citizen parent, string pupil, string payer)
    {
        await parent.Open("/castenaso/rette");
        await parent.Send(("codice", await SchoolOffice.CodeOf(host, "FEB", pupil)), ("codice_fiscale", payer));
    }

    async Task Dispute(Citizen parent, string pupil, string payer, string message)
    {
        await Find(parent, pupil, payer);
        await parent.Follow("Qualcosa non torna? Scrivi all’ufficio");
        await parent.Send(("messaggio", message));
    }

    async Task Pay(string pupil)
    {
        using var parent = host.NewCitizen();
        await Find(parent, pupil, SchoolOffice.Payer);
        await parent.GoToBank();
        await parent.PayAtBank();
        await host.Quiet();
    }
}
