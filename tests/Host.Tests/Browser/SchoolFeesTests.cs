using Autofac;
using Microsoft.Playwright;
using Platform.Core.Storage;
using Platform.Payments;
using Platform.Testing;

namespace Portico.Host.Tests.Browser;

/// <summary>A parent's way to two bills, on a phone and on a desk, in both languages, with and without script.</summary>
public sealed class SchoolFeesTests
{
    const string Payer = "RSSMRA80A01A944I";

    static readonly Lazy<Task<string>> Loaded = new(Load);

    [Test]
    public async Task Bills_are_found_explained_and_chosen_without_a_fault([Values(360, 1280)] int width, [Values] bool script)
    {
        var code = await Loaded.Value;
        await using var parent = await Visitor.Arrive(width, script);
        await parent.Open("/castenaso/rette");
        await Shot("school-find");
        await parent.Press("Cerca la bolletta");
        (await parent.Page.Locator(".portico-errors").First.InnerTextAsync()).Should().Contain("Scrivi il codice della bolletta");
        await Shot("school-find-error");
        await parent.Page.Locator("[name=codice]").FillAsync(code);
        await parent.Page.Locator("[name=codice_fiscale]").FillAsync(Payer);
        await parent.Press("Cerca la bolletta");
        (await parent.Heading).Should().Be($"Bolletta {code}");
        await Shot("school-bill");
        await parent.Follow("Qualcosa non torna? Scrivi all’ufficio");
        await parent.Press("Manda il messaggio");
        (await parent.Page.Locator(".portico-errors").First.InnerTextAsync()).Should().Contain("Scrivi che cosa non torna");
        await Shot("school-dispute-error");
        await parent.Follow("Torna alla bolletta");
        await parent.Follow("Attestazioni di spesa per il 730");
        (await parent.Heading).Should().Be("Attestazioni di spesa");
        await Shot("school-certificates");
        var saved = await parent.Page.RunAndWaitForDownloadAsync(() => parent.Page.GetByRole(AriaRole.Button, new() { Name = "Scarica il PDF" }).ClickAsync());
        saved.SuggestedFilename.Should().StartWith("attestazione-2025-");
        await parent.Follow("Le bollette della famiglia");
        (await parent.Heading).Should().Be("Le bollette della famiglia");
        await Shot("school-household");
        foreach (var box in await parent.Page.Locator("main input[type=checkbox]").AllAsync())
            await box.UncheckAsync();
        await parent.Press("Paga le bollette scelte");
        (await parent.Page.Locator(".portico-errors").First.InnerTextAsync()).Should().Contain("Scegli almeno una bolletta");
        await Shot("school-household-error");
        await parent.Page.Locator("main input[type=checkbox]").First.CheckAsync();
        await parent.Press("Paga le bollette scelte");
        (await parent.Heading).Should().Be("Paga con carta");
        // Given up, so that the next parent does not meet this one's payment.
        await parent.Page.Locator("[name=azione][value=annulla]").ClickAsync();
        if (!script)
            await parent.Page.Locator("form#return button").ClickAsync();
        await parent.Page.WaitForURLAsync("**/castenaso/pagamenti/**");
        (await parent.Heading).Should().Be("Pagamento non riuscito");
        parent.Complaints.Should().BeEmpty();

        async Task Shot(string name)
        {
            if (!script)
                return;
            await Pictures.Take(parent, name);
            (await parent.Faults()).Should().BeEmpty();
        }
    }

    [Test]
    public async Task Officers_pages_show_no_fault([Values(360, 1280)] int width, [Values("it", "en")] string language)
    {
        var code = await Loaded.Value;
        var host = TheSite.Host;
        using var signed = await host.SignIn("CTN", "schoolfees.read", "schoolfees.bill", "schoolfees.answer", "schoolfees.certify", "schoolfees.families");
        await using var officer = await Visitor.Arrive(width, locale: language == "it" ? "it-IT" : "en-GB");
        await officer.Page.Context.AddCookiesAsync(signed.Cookies.Split("; ").Select(pair => pair.Split('=', 2)).Select(pair => new Cookie { Name = pair[0], Value = pair[1], Url = host.Address.AbsoluteUri }));
        const string desk = "/console/castenaso/rette";
        var household = await host.Database.Value<Guid>("select key from schoolfees.person where person_id = 'P1'");
        var wallet = await host.Database.Value<Guid>("select wallet_id from schoolfees.wallet where pupil_id = 'A1'");
        await host.Database.Execute(
            "insert into schoolfees.dispute (entity_id, number, bill_id, message, written_at) select entity_id, 1, bill_id, 'Bruno il 4 febbraio non c''era.', now() from schoolfees.bill where code = @code on conflict do nothing", new { code });
        foreach (var (page, picture) in new[]
                 {
                     ("", "school-office"), ("/elaborazioni", "school-office-runs"), ("/elaborazioni/FEB", "school-office-run"), ("/elaborazioni/FEB/apertura", "school-office-opening"), ("/bollette", "school-office-bills"),
                     ($"/bollette/{code}", "school-office-bill"), ("/famiglie", "school-office-families"), ($"/famiglie/{household}", "school-office-family"), ("/contestazioni", "school-office-disputes"), ("/borsellini", "school-office-wallets"), ($"/borsellini/{wallet}", "school-office-wallet"),
                     ("/avvisi", "school-office-notices"), ("/note-di-credito", "school-office-credits"), ("/note-di-credito/1", "school-office-credit"), ("/simulazione?tariffa=M25&anno=2025/2026", "school-office-simulation"),
                     ("/contestazioni/1", "school-office-answer"), ("/arretrati", "school-office-arrears"), ("/attestazioni?anno=2025", "school-office-certificates"),
                 })
        {
            await officer.Open(desk + page);
            (await officer.Page.Locator("nav#menu a[href$='/contestazioni']").CountAsync()).Should().Be(1, "{0} is a page of the desk and no apology", page);
            (await officer.Page.Locator("main").InnerTextAsync()).Should().NotContain("desk.", "{0} has all its words", page);
            if (language == "it")
                await Pictures.Take(officer, picture);
            (await officer.Faults()).Should().BeEmpty("{0} at {1}", page, width);
        }
        await officer.Open(desk + "/famiglie");
        await officer.Page.Locator("[name=testo]").FillAsync("rossi");
        await officer.Page.Locator("main form button").First.ClickAsync();
        (await officer.Page.Locator("main tbody tr").CountAsync()).Should().Be(3);
        (await officer.Faults()).Should().BeEmpty();
        officer.Complaints.Should().BeEmpty();
    }

    [Test]
    public async Task A_prepaid_wallet_is_found_and_filled_up_without_a_fault([Values(360, 1280)] int width)
    {
        await Loaded.Value;
        await using var parent = await Visitor.Arrive(width);
        await parent.Open("/castenaso/rette");
        await parent.Page.Locator("[name=codice]").FillAsync((await TheSite.Host.Database.Value<string>("select code from schoolfees.wallet where pupil_id = 'A1'"))!);
        await parent.Page.Locator("[name=codice_fiscale]").FillAsync(Payer);
        await parent.Press("Cerca la bolletta");
        (await parent.Heading).Should().Be("Borsellino di Anna, Doposcuola");
        await Pictures.Take(parent, "school-wallet");
        (await parent.Faults()).Should().BeEmpty();
        await parent.Press("Ricarica con carta");
        (await parent.Page.Locator(".portico-errors").First.InnerTextAsync()).Should().Contain("Scrivi un importo da");
        (await parent.Faults()).Should().BeEmpty();
        parent.Complaints.Should().BeEmpty();
    }

    static async Task<string> Load()
    {
        var host = TheSite.Host;
        await host.Activate("schoolfees", "CTN");
        foreach (var (verb, csv) in new[]
                 {
                     ("years", "anno;dal;al\n2025/2026;15/09/2025;06/06/2026"),
                     ("schools", "scuola;nome\nMARCONI;Primaria Marconi"),
                     ("calendar", "scuola;tipo;dal;al\nMARCONI;lezioni;15/09/2025;06/06/2026"),
                     ("services", "servizio;tipo;nome;codice_tassonomia;capitolo\nMENSA;mensa;Mensa scolastica;9/0107101TS/;3010201"),
                     ("tariffs", "tariffa;servizio;dal;unita;metodo;massimo;fasce;sconto_fratelli\nM25;MENSA;01/09/2025;pasto;fasce;4,50;15000,00=3,65 25000,00=4,10;30"),
                     ("pupils",
                         "alunno;cognome_alunno;nome_alunno;nato_il;cf_alunno;residente;pagante;cognome_pagante;nome_pagante;cf_pagante\n"
                         + $"A1;Rossi;Anna;01/02/2016;RSSNNA16B41A944L;sì;P1;Rossi;Mario;{Payer}\nA2;Rossi;Bruno;01/03/2018;RSSBRN18C01A944D;sì;P1;Rossi;Mario;{Payer}"),
                     ("enrolments", "iscrizione;alunno;servizio;scuola;dal;al\nI1;A1;MENSA;MARCONI;15/09/2025;\nI2;A2;MENSA;MARCONI;15/09/2025;"),
                     ("isee", "protocollo;pagante;tipo;presentata_il;isee\nX1;P1;minorenni;10/01/2026;15.000,00"),
                     ("attendance", "alunno;servizio;mese;giorni\nA1;MENSA;10/2025;1 2 3"),
                     ("bill", "elaborazione;servizio;mese;scadenza;azione;totale\nOTT;MENSA;10/2025;30/11/2025;anteprima;\nOTT;MENSA;10/2025;30/11/2025;approva;13,50"),
                     ("attendance", "alunno;servizio;mese;giorni\nA1;MENSA;02/2026;2 3 4 5 6 9 10 11 12\nA2;MENSA;02/2026;2 3 4 5 6"),
                     ("bill", "elaborazione;servizio;mese;scadenza;azione;totale\nFEB;MENSA;02/2026;31/03/2026;anteprima;\nFEB;MENSA;02/2026;31/03/2026;approva;45,65"),
                     ("attendance", "alunno;servizio;mese;giorni\nA1;MENSA;02/2026;2 3 4 5 6 9 10 11"),
                     ("bill", "elaborazione;servizio;mese;scadenza;azione;totale\nFEB;MENSA;02/2026;31/03/2026;accredita;3,65"),
                     ("services", "servizio;tipo;nome;codice_tassonomia;capitolo;borsellino_dal\nDOPO;post;Doposcuola;9/0107102SP/;3010203;01/2026"),
                     ("tariffs", "tariffa;servizio;dal;unita;metodo;massimo\nDOPO25;DOPO;01/09/2025;pasto;unica;4,00"),
                     ("enrolments", "iscrizione;alunno;servizio;scuola;dal;al\nI9;A1;DOPO;MARCONI;07/01/2026;"),
                     ("attendance", "alunno;servizio;mese;giorni\nA1;DOPO;02/2026;2 3 4"),
                 })
            (await host.Import("schoolfees", verb, "CTN", csv)).Errors.Should().BeEmpty("{0}", verb);
        (await host.Portico("settings", "set", "schoolfees", "--entity", "CTN", "instalmentsFrom=10,00")).Code.Should().Be(0);
        // One of the year before was paid in it.
        var october = (await host.Database.Value<string>("select code from schoolfees.bill where run_id = 'OTT' and pupil_id = 'A1'"))!;
        await host.As("payments", "CTN", "CTN", scope => scope.Resolve<ISessions>().Run(
            session =>
            {
                session.Raise(new PositionPaid(
                    new(new(Guid.NewGuid()), "schoolfees", october), 1, Guid.NewGuid(), Guid.NewGuid(), "CTN-0000000000001-1", new(13_50), session.Entity, new DateTimeOffset(2025, 12, 5, 9, 0, 0, TimeSpan.Zero)));
                return Task.FromResult(0);
            },
            CancellationToken.None));
        await host.Quiet();
        return (await host.Database.Value<string>("select code from schoolfees.bill where run_id = 'FEB' and pupil_id = 'A2'"))!;
    }
}
