using Autofac;
using MimeKit;
using Platform.Core.Storage;
using Platform.Testing;

namespace Services.SchoolFees.Tests.Flows;

/// <summary>From the school office's files to a paid bill, on a host with the service as it is installed. The clock stands in March 2026.</summary>
public sealed class BillingTests
{
    PorticoTestHost host = null!;

    [SetUp]
    public async Task Start()
    {
        host = await PorticoTestHost.Start();
        await host.Activate("schoolfees", "CTN");
        await host.Activate("schoolfees", "SLS");
        host.Quarantined.Should().BeEmpty();
        await SchoolOffice.Registers(host);
    }

    [TearDown]
    public async Task Stop()
    {
        await host.After(TimeSpan.FromSeconds(5));
        await host.MoneyAddsUp();
        await host.DisposeAsync();
    }

    [Test]
    public async Task The_same_file_again_changes_nothing_and_what_changed_is_changed()
    {
        (await SchoolOffice.Load(host, "pupils", SchoolOffice.Pupils)).Should().BeEquivalentTo(new { Read = 3, Added = 0, Changed = 0, Unchanged = 3 });
        (await SchoolOffice.Load(host, "pupils", SchoolOffice.Pupils.Replace("Anna", "Annalisa", StringComparison.Ordinal))).Should().BeEquivalentTo(new { Read = 3, Changed = 1, Unchanged = 2 });
        (await host.Database.Value<long>("select count(*) from schoolfees.enrolment")).Should().Be(4);
    }

    [Test]
    public async Task A_move_ends_one_enrolment_and_begins_the_next()
    {
        var report = await SchoolOffice.Load(host, "enrolments", "iscrizione;alunno;servizio;scuola;dal;al\nI1;A1;MENSA;MARCONI;15/09/2025;31/01/2026\nI1B;A1;MENSA;FRESU;01/02/2026;");
        report.Should().BeEquivalentTo(new { Added = 1, Changed = 1 });
        report.Errors.Should().BeEmpty();
    }

    [Test]
    public async Task A_month_is_previewed_approved_by_its_total_explained_and_paid()
    {
        await Ate("01/2026", 18, 10);
        (await SchoolOffice.Run(host, "GEN", "01/2026", "anteprima")).Errors.Should().BeEmpty();
        (await host.Database.Value<long>("select count(*) from payments.position")).Should().Be(0, "a preview asks nobody for money");
        (await SchoolOffice.Run(host, "GEN", "01/2026", "approva", "1,00")).Errors.Should().ContainSingle().Which.Message.Should().Contain("2 bollette per 91,30");
        (await SchoolOffice.Run(host, "GEN", "01/2026", "approva", "91,30")).Errors.Should().BeEmpty();
        (await SchoolOffice.TotalOf(host, "GEN", "A1")).Should().Be(65_70, "18 meals of 3.65");
        (await SchoolOffice.TotalOf(host, "GEN", "A2")).Should().Be(25_60, "10 meals of 3.65 less 30 %, which is 2.56");

        using var citizen = host.NewCitizen();
        await Find(citizen, await SchoolOffice.CodeOf(host, "GEN", "A2"));
        citizen.Reads.Should().Contain("10 pasti × 2,56").And.Contain("fascia con ISEE 15.000,00").And.Contain("fratelli −30 %").And.Contain("Bruno").And.NotContain("Rossi");
        var here = citizen.Address;
        await citizen.GoToBank();
        await citizen.PayAtBank();
        citizen.Heading.Should().Be("Pagamento riuscito");
        await host.Quiet();
        await citizen.Open(here.PathAndQuery);
        citizen.Reads.Should().Contain("Hai pagato").And.Contain("CTN-");
        using var officer = await host.SignIn("CTN", "payments.see");
        await officer.Open("/console/castenaso/pagamenti");
        foreach (var typed in new[] { SchoolOffice.Payer, "rossi mario" })
        {
            await officer.Send(("testo", typed));
            officer.Reads.Should().Contain("25,60", "an officer finds what a family paid by {0}", typed);
        }
        (await SchoolOffice.Run(host, "GEN", "01/2026", "approva", "91,30")).Should().BeEquivalentTo(new { Unchanged = 1 });
        (await SchoolOffice.Run(host, "GEN", "01/2026", "anteprima")).Should().BeEquivalentTo(new { Unchanged = 1 });
    }

    [Test]
    public async Task A_parent_of_two_pays_two_months_in_one_go()
    {
        await Ate("01/2026", 8, 5);
        await SchoolOffice.Bill(host, "GEN", "01/2026");
        await Ate("02/2026", 5, 6);
        await SchoolOffice.Bill(host, "FEB", "02/2026");

        using var citizen = host.NewCitizen();
        await Find(citizen, await SchoolOffice.CodeOf(host, "GEN", "A1"));
        await citizen.Follow("Tutte le bollette della famiglia (4 da pagare)");
        citizen.Reads.Should().Contain("Anna, Mensa scolastica, gennaio 2026: 29,20").And.Contain("Bruno, Mensa scolastica, febbraio 2026: 15,36");
        await citizen.GoToBank();
        citizen.Heading.Should().Be("Paga con carta", "{0}", citizen.Reads);
        await citizen.PayAtBank();
        await host.Quiet();
        (await host.Database.Rows<string>("select distinct paid_order from schoolfees.bill where state = 'paid'")).Should().ContainSingle("one payment");
        (await host.Database.Value<long>("select sum(paid_cents)::bigint from schoolfees.bill")).Should().Be(29_20 + 12_80 + 18_25 + 15_36);
    }

    [Test]
    public async Task What_proves_wrong_comes_as_lines_of_the_next_bill_and_the_old_one_stays()
    {
        await Ate("01/2026", 18, 10);
        await SchoolOffice.Bill(host, "GEN", "01/2026");
        await Ate("01/2026", 17, 10);   // one day was a mistake
        await Ate("02/2026", 5, 0);
        await SchoolOffice.Bill(host, "FEB", "02/2026");

        (await SchoolOffice.TotalOf(host, "GEN", "A1")).Should().Be(65_70);
        (await SchoolOffice.TotalOf(host, "FEB", "A1")).Should().Be(18_25 - 3_65);
        using var citizen = host.NewCitizen();
        await Find(citizen, await SchoolOffice.CodeOf(host, "FEB", "A1"));
        citizen.Reads.Should().Contain("Conguaglio, pasti di gennaio 2026: -1").And.Contain("Paga 14,60");
    }

    [Test]
    public async Task A_credit_greater_than_the_month_is_kept_for_the_next_bill()
    {
        await Ate("01/2026", 18, 0);
        await SchoolOffice.Bill(host, "GEN", "01/2026");
        await Ate("01/2026", 8, 0);     // 36.50 too much
        await Ate("02/2026", 5, 0);     // 18.25
        await SchoolOffice.Run(host, "FEB", "02/2026", "anteprima");
        (await SchoolOffice.TotalOf(host, "FEB", "A1")).Should().Be(0);
        await Ate("03/2026", 7, 0);     // 25.55
        await SchoolOffice.Bill(host, "MAR", "03/2026");
        (await SchoolOffice.TotalOf(host, "MAR", "A1")).Should().Be(18_25 + 25_55 - 36_50);
    }

    [Test]
    public async Task A_credit_that_no_bill_takes_off_becomes_a_note_once_and_counts_as_billed()
    {
        await Ate("01/2026", 18, 10);
        await SchoolOffice.Bill(host, "GEN", "01/2026");
        await Ate("01/2026", 8, 10);    // 36.50 too much
        (await SchoolOffice.Run(host, "GEN", "01/2026", "accredita")).Errors.Should().ContainSingle().Which.Message.Should().Contain("1 note di credito per 36,50");
        (await SchoolOffice.Run(host, "FEB", "02/2026", "accredita", "36,50")).Errors.Should().ContainSingle().Which.Message.Should().Contain("non è approvata");
        (await SchoolOffice.Run(host, "GEN", "01/2026", "accredita", "36,50")).Should().BeEquivalentTo(new { Added = 1 }, options => options.ExcludingMissingMembers());
        (await SchoolOffice.Run(host, "GEN", "01/2026", "accredita", "36,50")).Should().BeEquivalentTo(new { Unchanged = 1 }, options => options.ExcludingMissingMembers());
        (await host.Office("schoolfees", "credits", "CTN")).Trim().Split('\n')[^1].Should().StartWith("1;2026-03-10;GEN;MENSA;A1;P1;Rossi;Mario;").And.Contain(";36,50;");
        (await SchoolOffice.TotalOf(host, "GEN", "A1")).Should().Be(65_70, "the bill stays as it was");

        await Ate("02/2026", 5, 0);
        await SchoolOffice.Bill(host, "FEB", "02/2026");
        (await SchoolOffice.TotalOf(host, "FEB", "A1")).Should().Be(18_25, "the note was given already");
        await Ate("01/2026", 9, 10);    // one day was there after all
        await Ate("03/2026", 1, 0);
        await SchoolOffice.Bill(host, "MAR", "03/2026");
        (await SchoolOffice.TotalOf(host, "MAR", "A1")).Should().Be(2 * 3_65);
    }

    [Test]
    public async Task Two_payers_split_every_line_to_the_cent_and_each_finds_his_own_bill()
    {
        const string head = "alunno;pagante;cognome_pagante;nome_pagante;cf_pagante;quota\n";
        var shares = head + $"A1;P9;Bianchi;Elena;{Other};33\nA1;P8;Neri;Ugo;{Third};33";
        (await SchoolOffice.Load(host, "shares", shares)).Errors.Should().BeEmpty();
        (await SchoolOffice.Load(host, "shares", shares)).Should().BeEquivalentTo(new { Unchanged = 2 }, options => options.ExcludingMissingMembers());
        foreach (var (line, why) in new[] { ($"A1;P7;Gialli;Ida;{Third};34", "66 %"), ($"A1;P1;Rossi;Mario;{SchoolOffice.Payer};10", "resta ciò che"), ($"A9;P7;Gialli;Ida;{Third};10", "Non c'è l'alunno") })
            (await SchoolOffice.Load(host, "shares", head + line)).Errors.Should().ContainSingle().Which.Message.Should().Contain(why);
        await Ate("01/2026", 1, 0);     // 3.65: 1.24, 1.21 and 1.20, or so; never 3.64
        await SchoolOffice.Bill(host, "GEN", "01/2026");
        var parts = (await host.Database.Rows<string>("select payer_id || ' ' || total_cents from schoolfees.bill where run_id = 'GEN' order by payer_id")).Select(row => row.Split(' ')).ToDictionary(row => row[0], row => int.Parse(row[1], System.Globalization.CultureInfo.InvariantCulture), StringComparer.Ordinal);
        parts.Keys.Should().Equal("P1", "P8", "P9");
        parts.Values.Sum().Should().Be(3_65);
        parts.Values.Should().OnlyContain(cents => cents >= 1_20 && cents <= 1_25);
        (await SchoolOffice.Run(host, "GEN2", "01/2026", "anteprima")).Errors.Should().BeEmpty();
        (await host.Database.Value<long>("select bills from schoolfees.run where run_id = 'GEN2'")).Should().Be(0, "what three were asked for is asked for");

        var code = (await host.Database.Value<string>("select code from schoolfees.bill where payer_id = 'P9'"))!;
        using var mother = host.NewCitizen();
        await Find(mother, code);
        mother.Status.Should().Be(422, "the bill is another's");
        await Find(mother, code, Other);
        mother.Reads.Should().Contain("la tua quota, 33 %");
        await mother.GoToBank();
        await mother.PayAtBank();
        await host.Quiet();
        (await host.Database.Rows<string>("select payer_id from schoolfees.bill where state = 'paid'")).Should().Equal("P9");

        await Ate("01/2026", 3, 0);     // two more
        await SchoolOffice.Bill(host, "GEN3", "01/2026");
        (await host.Database.Value<long>("select sum(total_cents)::bigint from schoolfees.bill")).Should().Be(3 * 3_65);
        await Find(mother, (await host.Database.Value<string>("select code from schoolfees.bill where payer_id = 'P9' and run_id = 'GEN3'"))!, Other);
        mother.Reads.Should().Contain("pasti di gennaio 2026: +2");
    }

    [Test]
    public async Task A_delegate_sees_and_pays_the_bills_until_he_is_revoked_and_has_no_certificates()
    {
        await Ate("01/2026", 8, 5);
        await SchoolOffice.Bill(host, "GEN", "01/2026");
        var code = await SchoolOffice.CodeOf(host, "GEN", "A1");
        using var grandmother = host.NewCitizen();
        await Find(grandmother, code, Other);
        grandmother.Status.Should().Be(422);
        const string head = "pagante;delegato;cognome_delegato;nome_delegato;cf_delegato;revocata\n";
        (await SchoolOffice.Load(host, "delegates", head + $"P1;D1;Bianchi;Elena;{Other};")).Added.Should().Be(1);
        (await SchoolOffice.Load(host, "delegates", head + $"P1;D1;Bianchi;Elena;{Other};\nP1;P1;Rossi;Mario;{SchoolOffice.Payer};\nP77;D1;Bianchi;Elena;{Other};")).Should().BeEquivalentTo(
            new { Unchanged = 1, Refused = 2 }, options => options.ExcludingMissingMembers());

        await Find(grandmother, code, Other);
        grandmother.Reads.Should().Contain("8 pasti").And.NotContain("730");
        var bill = grandmother.Address.PathAndQuery;
        await grandmother.Follow("Tutte le bollette della famiglia (2 da pagare)");
        grandmother.Reads.Should().NotContain("730");
        foreach (var page in (string[])["bolletta", "famiglia"])
        {
            await grandmother.Open((page == "bolletta" ? bill : grandmother.Address.PathAndQuery).Replace(page, "attestazioni", StringComparison.Ordinal));
            grandmother.Heading.Should().Be("Paga le rette scolastiche", "a delegate's link does not open certificates");
            await grandmother.Open(bill);
            await grandmother.Follow("Tutte le bollette della famiglia (2 da pagare)");
        }
        await grandmother.GoToBank();
        await grandmother.PayAtBank();
        await host.Quiet();
        (await host.Database.Value<long>("select count(*) from schoolfees.bill where state = 'paid'")).Should().Be(2);

        (await SchoolOffice.Load(host, "delegates", head + $"P1;D1;Bianchi;Elena;{Other};sì")).Changed.Should().Be(1);
        await Find(grandmother, code, Other);
        grandmother.Status.Should().Be(422);
        await Find(grandmother, code, SchoolOffice.OtherPayer);
        grandmother.Status.Should().Be(422);
    }

    [Test]
    public async Task Who_signs_in_sees_the_familys_bills_without_a_code_and_nobody_elses()
    {
        await Ate("01/2026", 8, 5);
        await SchoolOffice.Bill(host, "GEN", "01/2026");
        using var stranger = host.NewCitizen();
        await stranger.Open("/castenaso/rette/famiglia");
        stranger.Reads.Should().NotContain("Anna", "nobody is signed in");

        using var father = await host.SignInCitizen(SchoolOffice.Payer);
        await father.Open("/castenaso/rette");
        await father.Follow("Tutte le bollette della mia famiglia");
        father.Reads.Should().Contain("Anna").And.Contain("Bruno").And.NotContain("Carla");
        using var weak = await host.SignInCitizen(SchoolOffice.Payer, level: 1);
        await weak.Open("/castenaso/rette/famiglia");
        weak.Reads.Should().NotContain("Anna", "a password alone does not show who he is");

        // Somebody without children, then a delegate of one family, then of two.
        using var aunt = await host.SignInCitizen(Other);
        await aunt.Open("/castenaso/rette/famiglia");
        aunt.Reads.Should().Contain("Non ci sono bollette a tuo nome");
        const string head = "pagante;delegato;cognome_delegato;nome_delegato;cf_delegato;revocata\n";
        await SchoolOffice.Load(host, "delegates", head + $"P1;D1;Bianchi;Elena;{Other};");
        await aunt.Open("/castenaso/rette/famiglia");
        aunt.Reads.Should().Contain("Anna").And.NotContain("730");
        await SchoolOffice.Load(host, "delegates", head + $"P2;D1;Bianchi;Elena;{Other};");
        await aunt.Open("/castenaso/rette/famiglia");
        aunt.Reads.Should().Contain("Mario Rossi").And.Contain("Luigi Verdi");
        await aunt.Follow("Luigi Verdi");
        aunt.Reads.Should().Contain("Niente da pagare").And.NotContain("Anna");
        await father.Open("/castenaso/rette/famiglia");
        father.Reads.Should().Contain("Anna");
    }

    const string Other = "BNCLNE85M41A944D";
    const string Third = "NREGUO80A01A944G";

    [Test]
    public async Task Two_runs_of_one_month_bill_it_once()
    {
        await Ate("01/2026", 18, 10);
        await SchoolOffice.Run(host, "GEN", "01/2026", "anteprima");
        await SchoolOffice.Run(host, "GEN2", "01/2026", "anteprima");
        await SchoolOffice.Bill(host, "GEN", "01/2026");
        (await SchoolOffice.Run(host, "GEN2", "01/2026", "approva", "91,30")).Errors.Should().ContainSingle().Which.Message.Should().Contain("0 bollette");
        (await host.Database.Value<long>("select count(*) from payments.position")).Should().Be(2);
    }

    [Test]
    public async Task What_a_dead_run_left_is_opened_by_the_next_look_once_each()
    {
        await Ate("01/2026", 18, 10);
        await SchoolOffice.Bill(host, "GEN", "01/2026");
        // As killed after the positions were opened and before that was written, and before the second was opened.
        await host.Database.Execute("update schoolfees.bill set state = 'approved'");
        await host.After(TimeSpan.FromMinutes(10));
        (await host.Database.Value<long>("select count(*) from schoolfees.bill where state = 'open'")).Should().Be(2);
        (await host.Database.Value<long>("select count(*) from payments.position")).Should().Be(2);
        (await host.Database.Value<long>("select count(*) from core.mail where module = 'schoolfees'")).Should().Be(2, "and told once each");
        var code = await SchoolOffice.CodeOf(host, "GEN", "A2");
        var letters = Directory.GetFiles(Path.Combine(host.DataFolder, "mail")).Select(file => MimeMessage.Load(file)).ToList();
        var notice = letters.SelectMany(letter => letter.Attachments).OfType<MimePart>().Single(file => file.FileName == $"bolletta-{code}.pdf");
        using var read = new MemoryStream();
        await notice.Content!.DecodeToAsync(read);
        using var paper = UglyToad.PdfPig.PdfDocument.Open(read.ToArray());
        string.Join(' ', paper.GetPages().SelectMany(page => page.GetWords()).Select(word => word.Text)).Should()
            .Contain("25,60").And.Contain("10 pasti × 2,56").And.Contain(code).And.NotContain("Rossi");
    }

    [Test]
    public async Task What_the_bank_takes_back_is_owed_again_and_counts_as_not_paid()
    {
        await Ate("01/2026", 8, 5);
        await SchoolOffice.Bill(host, "GEN", "01/2026");
        var code = await SchoolOffice.CodeOf(host, "GEN", "A1");
        using var citizen = host.NewCitizen();
        await Find(citizen, code);
        await citizen.GoToBank();
        await citizen.PayAtBank();
        await host.Quiet();
        var order = (await host.Database.Value<string>("select paid_order from schoolfees.bill where code = @code", new { code }))!;
        (await host.Database.Value<long>("select count(*) from schoolfees.payment where reversed_on is null")).Should().Be(1);

        await SchoolOffice.Reversed(host, code, "CTN-ANOTHER");
        (await host.Database.Value<string>("select state from schoolfees.bill where code = @code", new { code })).Should().Be("paid", "another order was taken back");
        await SchoolOffice.Reversed(host, code, order);
        (await host.Database.Value<string>("select state from schoolfees.bill where code = @code", new { code })).Should().Be("open");
        (await host.Database.Value<long>("select count(*) from schoolfees.payment where reversed_on is null")).Should().Be(0);
    }

    [Test]
    public async Task A_tariff_that_bills_were_made_by_does_not_change()
    {
        await Ate("01/2026", 18, 10);
        await SchoolOffice.Bill(host, "GEN", "01/2026");
        const string csv = "tariffa;servizio;dal;unita;metodo;massimo\nMENSA25;MENSA;01/09/2025;pasto;unica;1,00";
        (await SchoolOffice.Load(host, "tariffs", csv)).Errors.Should().ContainSingle().Which.Message.Should().Contain("non cambia più");
        (await SchoolOffice.Load(host, "tariffs", "tariffa;servizio;dal;unita;metodo;massimo\nMENSA26;MENSA;01/02/2026;pasto;unica;1,00")).Added.Should().Be(1);
    }

    [Test]
    public async Task A_bill_needs_its_code_and_its_payer_and_no_other_answer_is_told_apart()
    {
        await Ate("01/2026", 18, 10);
        await SchoolOffice.Run(host, "GEN", "01/2026", "anteprima");
        var draft = await SchoolOffice.CodeOf(host, "GEN", "A1");
        using var citizen = host.NewCitizen();
        await Find(citizen, draft);
        var nothing = citizen.Reads;
        citizen.Status.Should().Be(422);
        nothing.Should().Contain("Non c’è una bolletta con questo codice");

        await SchoolOffice.Bill(host, "GEN", "01/2026");
        foreach (var (code, payer, place) in new[]
                 {
                     (await SchoolOffice.CodeOf(host, "GEN", "A1"), SchoolOffice.OtherPayer, "castenaso"), ("00000-00000", SchoolOffice.Payer, "castenaso"),
                     (await SchoolOffice.CodeOf(host, "GEN", "A1"), SchoolOffice.Payer, "san-lazzaro-di-savena"),
                 })
        {
            await Find(citizen, code, payer, place);
            citizen.Status.Should().Be(422);
            citizen.Reads.Should().Contain("Non c’è una bolletta con questo codice");
        }
        await Find(citizen, (await SchoolOffice.CodeOf(host, "GEN", "A1")).ToLowerInvariant().Replace("-", " ", StringComparison.Ordinal));
        citizen.Status.Should().Be(200);
        await citizen.Open(citizen.Address.PathAndQuery.Replace("bolletta", "famiglia", StringComparison.Ordinal));
        citizen.Heading.Should().Be("Paga le rette scolastiche", "a bill's link does not open a household");
    }

    [Test]
    public async Task Rows_of_another_creditor_do_not_exist_even_without_a_condition()
    {
        Task<long> Rows(string creditor) => host.As("schoolfees", creditor, creditor, scope =>
            scope.Resolve<ISessions>().Run(session => session.First<long>("select count(*) from schoolfees.person"), CancellationToken.None));
        (await Rows("CTN")).Should().Be(5);
        (await Rows("SLS")).Should().Be(0);
    }

    [Test]
    public void Every_text_is_there_in_both_languages() => SchoolFeesTexts.Catalog.MissingKeys().Should().BeEmpty();

    static async Task Find(Citizen citizen, string code, string payer = SchoolOffice.Payer, string place = "castenaso")
    {
        await citizen.Open($"/{place}/rette");
        await citizen.Send(("codice", code), ("codice_fiscale", payer));
    }

    /// <summary>The first so many school days of a month at the Marconi school.</summary>
    async Task Ate(string month, int anna, int bruno)
    {
        var first = DateOnly.ParseExact("1/" + month, "d/MM/yyyy", System.Globalization.CultureInfo.InvariantCulture);
        var days = Enumerable.Range(0, DateTime.DaysInMonth(first.Year, first.Month)).Select(first.AddDays)
            .Where(day => day.DayOfWeek is not (DayOfWeek.Saturday or DayOfWeek.Sunday) && day > new DateOnly(2026, 1, 6)).Select(day => day.Day).ToArray();
        var report = await SchoolOffice.Load(host, "attendance",
            $"alunno;servizio;mese;giorni\nA1;MENSA;{month};{SchoolOffice.Days(days[..anna])}\nA2;MENSA;{month};{SchoolOffice.Days(days[..bruno])}");
        report.Errors.Should().BeEmpty();
    }
}
