using System.Reflection;
using Platform.Core.Commands;
using Platform.Core.Pages;
using Platform.Payments;
using Services.Fines.Register;
using Services.Fines.Tests.Register;

namespace Services.Fines.Tests.Pages;

public sealed class ShowFinePageTests
{
    static readonly DateTimeOffset Noon5March = new(2026, 3, 5, 11, 0, 0, TimeSpan.Zero);

    [Test]
    public async Task A_fine_tells_its_violation_what_it_costs_and_what_it_will_cost()
    {
        var words = await Words(Some.Fine, Noon5March);
        words.Should().ContainAll(
            "Verbale V/2026/1042", "Divieto di sosta (art. 158 c. 2)", "Via Guglielmo Marconi 12, Comune di Bentivoglio", "20 febbraio 2026", "AB123CD",
            "Con lo sconto del 30 %, fino a sabato 7 marzo 2026", "Sanzione 29,40 €", "Spese di accertamento e notifica 2,00 €", "Totale 31,40 €",
            "Da domenica 8 marzo 2026 a sabato 2 maggio 2026 44,00 €", "Da domenica 3 maggio 2026 a lunedì 2 novembre 2026 88,50 €", "non puoi più fare ricorso", "i dati di chi guidava", "Paga 31,40 €");
    }

    [Test]
    public async Task The_same_in_English() =>
        (await Words(Some.Fine, Noon5March, "en")).Should().ContainAll(
            "Fine V/2026/1042", "With the 30% discount, until Saturday 7 March 2026", "From Sunday 8 March 2026 to Saturday 2 May 2026 €44.00", "you can no longer appeal", "Pay €31.40");

    [Test]
    public async Task The_amount_is_that_of_the_legal_day_in_Rome()
    {
        (await Words(Some.Fine, new(2026, 3, 7, 22, 59, 0, TimeSpan.Zero))).Should().Contain("Paga 31,40 €");
        (await Words(Some.Fine, new(2026, 3, 7, 23, 0, 0, TimeSpan.Zero))).Should().Contain("Paga 44,00 €");
    }

    [Test]
    public async Task A_fine_not_known_to_be_delivered_warns_who_has_it_in_hand() =>
        (await Words(Some.Fine with { NotifiedOn = null }, Noon5March)).Should().Contain("Hai già ricevuto il verbale?").And.Contain("Paga 31,40 €")
            .And.Contain("Se paghi più tardi I giorni si contano da quando ricevi il verbale. Entro 5 giorni 31,40 € Entro 60 giorni 44,00 € Dopo 60 giorni 88,50 €");

    [Test]
    public async Task A_notice_on_the_windscreen_tells_what_the_report_will_cost() =>
        (await Words(Some.Fine with { PhaseText = "notice", NotifiedOn = null, Costs = Platform.Core.Money.Euro.Zero }, Noon5March)).Should().Contain("Paga 29,40 €")
            .And.Contain("il verbale ti arriva a casa. I giorni si contano da quando lo ricevi, e si aggiungono le spese di accertamento e notifica. Entro 5 giorni 29,40 € Entro 60 giorni 42,00 € Dopo 60 giorni 86,50 €");

    [TestCase("appealed", "C’è un ricorso")]
    [TestCase("archived", "Non devi pagare niente")]
    [TestCase("collector", "La multa è passata alla riscossione")]
    [TestCase("instalments", "La multa si paga a rate")]
    public async Task What_cannot_be_paid_here_says_why_and_offers_no_button(string phase, string title)
    {
        var html = await Draw(Some.Fine with { PhaseText = phase }, Noon5March, "it", null);
        Drawn.Words(html).Should().Contain(title).And.NotContain("Da pagare oggi").And.NotContain("Prima di pagare").And.Contain("Divieto di sosta");
        html.Should().NotContain("name=\"attempt\"");
    }

    [TestCase("it")]
    [TestCase("en")]
    public void Whatever_cannot_be_paid_has_words_on_every_page(string language)
    {
        var codes = typeof(FineRefusals).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (string)field.GetRawConstantValue()!).ToList();
        codes.Should().HaveCountGreaterThan(8);
        var texts = FinesTexts.In(PageCultures.Of(language));
        foreach (var key in codes.Select(code => $"refusal.{code}").Concat(codes.Where(code => code is not (FineRefusals.NotFound or FineRefusals.NotAddable or FineRefusals.NotDeclarable)).Select(code => $"together.row.{code}")))
            texts[key].Should().NotBe(key);
    }

    [TestCase("art. 116 c. 13", false)]
    [TestCase("Art.176, comma 19", false)]
    [TestCase("97 c. 9", false)]
    [TestCase("art. 116 c. 1", true)]
    [TestCase("art. 116 c. 13-bis", true)]
    [TestCase("art. 97-bis c. 9", true)]
    [TestCase("art. 142 c. 8", true)]
    [TestCase("art. 158", true)]
    [TestCase("Regolamento di polizia urbana", true)]
    public async Task What_the_law_does_not_let_anybody_pay_in_reduced_measure_is_not_offered(string article, bool payable)
    {
        var fine = Some.Fine with { Article = article };
        var html = await Draw(fine, Noon5March, "it", null);
        html.Contains("name=\"attempt\"", StringComparison.Ordinal).Should().Be(payable);
        Drawn.Words(html).Contains("decide la somma con un’ordinanza", StringComparison.Ordinal).Should().Be(!payable);
        (FinePositions.Price(fine, new FinesSettings(), new(2026, 3, 5)) is Platform.Payments.Quote.Priced).Should().Be(payable, "payments is told the same");
    }

    [Test]
    public async Task A_notice_on_the_windscreen_says_what_it_is_and_until_when()
    {
        var notice = Some.Fine with { PhaseText = "notice", NotifiedOn = null, Costs = Platform.Core.Money.Euro.Zero };
        (await Words(notice, Noon5March)).Should().ContainAll("Avviso V/2026/1042", "È un avviso lasciato sul veicolo", "fino a sabato 7 marzo 2026", "Paga 29,40 €").And.NotContain("Quando hai ricevuto");
        (await Words(notice, Noon5March.AddDays(3))).Should().Contain("L’avviso non si paga più qui").And.NotContain("Paga 29,40").And.NotContain("Da pagare oggi");
    }

    [Test]
    public async Task Who_has_received_a_fine_that_the_register_thinks_is_not_delivered_can_say_when()
    {
        var fine = Some.Fine with { NotifiedOn = null };
        (await Draw(fine, Noon5March, "it", null)).Should().Contain("name=\"ricevuto\"").And.Contain("min=\"2026-02-20\"").And.Contain("max=\"2026-03-05\"");
        (await Words(fine with { DeclaredOn = new(2026, 2, 23) }, Noon5March)).Should().ContainAll("Verbale ricevuto il (lo hai detto tu)", "23 febbraio 2026", "Paga 44,00 €", "correggilo");
        (await Draw(Some.Fine, Noon5March, "it", null)).Should().NotContain("name=\"ricevuto\"");
    }

    [Test]
    public async Task Points_accessory_sanctions_and_device_are_told_and_points_ask_for_the_driver() =>
        (await Words(Some.Fine with { Points = 3, Accessory = "Sospensione della patente", Device = "Prova 105" }, Noon5March))
            .Should().ContainAll("Punti della patente 3", "Altre sanzioni Sospensione della patente", "Strumento Prova 105", "entro 60 giorni, anche se paghi");

    [Test]
    public async Task A_delay_of_semesters_is_a_line_of_the_amount() =>
        (await Words(Some.Fine, new(2026, 11, 10, 11, 0, 0, TimeSpan.Zero))).Should().ContainAll("Maggiorazione per ritardo 8,65 €", "Totale 97,15 €", "10 % per ogni semestre");

    [Test]
    public async Task A_payment_that_was_too_little_says_what_is_missing() =>
        (await Words(Some.PaidFine with { SupplementDue = new(12_60) }, Noon5March)).Should().ContainAll("Questa multa è pagata", "Manca una parte dell’importo", "12,60 €");

    [Test]
    public async Task Without_discount_the_page_says_so() =>
        (await Words(Some.Fine with { DiscountExcluded = true }, Noon5March)).Should().Contain("non dà lo sconto").And.Contain("Paga 44,00 €");

    [Test]
    public async Task A_paid_fine_says_when_and_by_which_order_and_cannot_be_paid_again()
    {
        var html = await Draw(Some.PaidFine, Noon5March, "it", null);
        Drawn.Words(html).Should().ContainAll("Questa multa è pagata", "5 marzo 2026", "31,40 €", "URG-0123456789ABC-7");
        html.Should().NotContain("<form").And.NotContain("name=\"attempt\"");
    }

    [Test]
    public async Task Another_municipalitys_place_is_shown_without_claiming_it_for_this_one() =>
        (await Words(Some.Fine with { Municipality = "037002" }, Noon5March)).Should().Contain("Via Guglielmo Marconi 12 Giorno");

    [Test]
    public async Task Each_drawing_offers_an_attempt_of_its_own()
    {
        static string Attempt(string html) => html.Split("name=\"attempt\" value=\"")[1].Split('"')[0];
        Attempt(await Draw(Some.Fine, Noon5March, "it", null)).Should().NotBe(Attempt(await Draw(Some.Fine, Noon5March, "it", null)));
    }

    static IEnumerable<string> RefusalCodes() =>
        new[] { typeof(CheckoutRefusals), typeof(FineRefusals) }
            .SelectMany(type => type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic))
            .Select(field => (string)field.GetRawConstantValue()!);

    [TestCaseSource(nameof(RefusalCodes))]
    public async Task Every_refusal_has_words_of_its_own_in_both_languages(string code)
    {
        foreach (var language in new[] { "it", "en" })
        {
            var words = Drawn.Words(await Draw(Some.Fine, Noon5March, language, new Refusal(code)));
            words.Should().Contain(FinesTexts.In(PageCultures.Of(language))[$"refusal.{code}"]).And.NotContain(code);
        }
    }

    [Test]
    public async Task A_refusal_of_another_day_is_told_with_its_code() =>
        Drawn.Words(await Draw(Some.Fine, Noon5March, "it", new Refusal("payments.something_new"))).Should().Contain("payments.something_new");

    [TestCase(CheckoutRefusals.AlreadyPaid, false)]
    [TestCase(CheckoutRefusals.NotOpen, false)]
    [TestCase(CheckoutRefusals.NotPriced, true)]
    [TestCase(CheckoutRefusals.NoAgreement, true)]
    public async Task The_button_stays_only_where_trying_again_makes_sense(string code, bool stays) =>
        (await Draw(Some.Fine, Noon5March, "it", new Refusal(code))).Contains("name=\"attempt\"", StringComparison.Ordinal).Should().Be(stays);

    [Test]
    public async Task There_is_one_heading_of_the_first_level() =>
        Drawn.Count(await Draw(Some.Fine, Noon5March, "it", null), "<h1").Should().Be(1);

    [Test]
    public void Both_languages_have_every_text() => FinesTexts.Catalog.MissingKeys().Should().BeEmpty();

    static async Task<string> Words(Fine fine, DateTimeOffset now, string language = "it") => Drawn.Words(await Draw(fine, now, language, null));

    static Task<string> Draw(Fine fine, DateTimeOffset now, string language, Refusal? refusal) =>
        Drawn.Page<ShowFineView>(ShowFineModel.Of(fine, new FinesSettings(), Drawn.Request(language, now), refusal), PageCultures.Of(language));
}
