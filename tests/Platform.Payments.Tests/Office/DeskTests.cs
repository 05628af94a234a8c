using AngleSharp.Dom;
using AngleSharp.Html.Dom;
using Platform.Testing;

namespace Platform.Payments.Tests.Office;

/// <summary>An officer's day over money, as a browser without script sees it.</summary>
internal sealed class DeskTests : OnOneHost
{
    string _desk = "";

    [OneTimeSetUp]
    public async Task FindTheDesk() => _desk = $"/console/{await Host.Database.Value<string>("select slug from core.entity where code = 'URG'")}/pagamenti";

    [Test]
    public async Task A_payment_is_looked_for_and_its_whole_story_is_told()
    {
        var payment = await Till.Paid();
        using var officer = await Host.SignIn("URG", "payments.see");
        await officer.Open(_desk);
        officer.Heading.Should().Be("Pagamenti");
        await officer.Send(("testo", payment.Reference));
        officer.Address.Query.Should().StartWith("?cerca=").And.NotContain(payment.Reference, "what is looked for may be personal, and addresses are logged");
        officer.Reads.Should().Contain(payment.Order).And.Contain("42,00").And.NotContain("Scarica CSV", "this officer may not");
        await officer.Follow(payment.Order);

        officer.Heading.Should().Be($"Pagamento {payment.Order}");
        officer.Reads.Should().Contain("La banca ha preso il denaro").And.Contain($"Verbale {payment.Reference}").And.Contain("ritorno del browser, autentico").And.Contain("Emessa la quietanza")
            .And.Contain("Saputo da fines.FollowPosition: pagato").And.Contain("Registro: pagamento riuscito").And.Contain("incassi presso il gestore").And.Contain("11:00")
            .And.NotContain("Chiedi un rimborso");
        (await Host.Database.Value<long>("select count(*) from core.journal where kind = 'payments.looked' and actor = @actor and body::text like '%' || @Order || '%'", new { actor = $"officer:{officer.OfficerId}", payment.Order }))
            .Should().Be(1, "the look at a payer is in the journal");
    }

    [Test]
    public async Task Who_paid_is_shown_to_who_may_see_payments_and_to_nobody_of_another_entity()
    {
        var payment = await Till.Paid();
        using var stranger = await Host.SignIn("MZB", "payments.see", "payments.tasks", "payments.refund", "payments.approve", "payments.export");
        using var clerk = await Host.SignIn("URG", "fines.load");
        foreach (var page in (string[])["", $"/pagamento/{payment.Order}", $"/pagamento/{payment.Order}/rimborso", "/attivita", "/attivita/chiudi?compito=x", "/rimborso/R-URG-0000000000000-0"])
        {
            await stranger.Open(_desk + page);
            stranger.Status.Should().Be(404, page);
            await clerk.Open(_desk + page);
            clerk.Status.Should().Be(403, page);
            clerk.Reads.Should().NotContain(payment.Order);
        }
        await stranger.Open($"/console/marzabotto/pagamenti/pagamento/{payment.Order}");
        stranger.Status.Should().Be(404, "it is no payment of this desk");
    }

    [Test]
    public async Task A_refund_needs_two_officers_and_is_asked_once_however_often_its_button_is_pressed()
    {
        var payment = await Till.Paid();
        using var asking = await Host.SignIn("URG", "payments.see", "payments.refund", "payments.approve");
        using var approving = await Host.SignIn("URG", "payments.see", "payments.approve");
        await asking.Open($"{_desk}/pagamento/{payment.Order}");
        await asking.Follow("Chiedi un rimborso");
        await asking.Send(("importo", "42,00"), ("motivo", ""));
        asking.Status.Should().Be(422);
        asking.Reads.Should().Contain("Scrivi il motivo");
        await asking.Send(("importo", "20,00"), ("motivo", "pagato per errore"));
        asking.Reads.Should().Contain("Controlla prima di chiedere").And.Contain("20,00").And.Contain("È di nuovo da pagare");
        (await Till.Count("payments.refund where payment_id = @Attempt", payment)).Should().Be(0, "nothing was done yet");
        var form = asking.Page.QuerySelector("main form input[name=modulo]")!.GetAttribute("value");
        await asking.Press("conferma", "si");
        asking.Reads.Should().Contain("Da approvare").And.Contain("da te").And.Contain("Deve farlo un’altra persona");
        asking.Page.QuerySelectorAll("button[value=approva]").Should().BeEmpty();
        var number = asking.Heading.Split(' ')[^1];

        // The same form again, by the browser's "back": the same refund.
        await asking.Open($"{_desk}/pagamento/{payment.Order}/rimborso");
        await asking.Send(("modulo", form!), ("importo", "20,00"), ("motivo", "pagato per errore"));
        await asking.Press("conferma", "si");
        asking.Heading.Should().EndWith(number);
        (await Till.Count("payments.refund where payment_id = @Attempt", payment)).Should().Be(1);

        // Who asked writes the button into the page.
        await approving.Open($"{_desk}/rimborso/{number}");
        await approving.Press("azione", "approva");
        approving.Reads.Should().Contain("Approvi il rimborso a tuo nome");
        (await State(number)).Should().Be("asked");
        approving.Become(asking);
        await approving.Open($"{_desk}/rimborso/{number}");
        await approving.Press("azione", "ritira");
        approving.Reads.Should().Contain("Scrivi il motivo");

        using var other = await Host.SignIn("URG", "payments.see", "payments.approve");
        await other.Open($"{_desk}/rimborso/{number}");
        await other.Press("azione", "approva");
        await other.Press("conferma", "si");
        other.Reads.Should().Contain("Approvato");
        await Host.Quiet();
        await other.LookAgain();
        other.Reads.Should().Contain("Da fare a mano");
        await other.Send(("motivo", "CRO 123"));
        (await State(number)).Should().Be("by_hand", "a form without a button's name does nothing");
        await other.Open($"{_desk}/rimborso/{number}");
        await other.Send(("motivo", "CRO 123"));
        (await Host.Database.Value<string>("select asked_by || '|' || approved_by from payments.refund where number = @number", new { number })).Should().Be($"officer:{asking.OfficerId}|officer:{other.OfficerId}");
    }

    [Test]
    public async Task Who_asked_for_a_refund_cannot_approve_it_by_any_form_and_may_take_it_back()
    {
        var payment = await Till.Paid();
        using var officer = await Host.SignIn("URG", "payments.see", "payments.refund", "payments.approve");
        await officer.Open($"{_desk}/pagamento/{payment.Order}/rimborso");
        await officer.Send(("motivo", "doppio"));
        await officer.Press("conferma", "si");
        var number = officer.Heading.Split(' ')[^1];
        var take = officer.Page.QuerySelector<IHtmlButtonElement>("button[value=ritira]")!;
        take.Value = "approva";
        await officer.Press("azione", "approva");
        await officer.Press("conferma", "si");
        officer.Status.Should().Be(422);
        officer.Reads.Should().Contain("Chi ha chiesto il rimborso non può approvarlo");
        (await State(number)).Should().Be("asked");

        using var other = await Host.SignIn("URG", "payments.see", "payments.refund", "payments.approve");
        await other.Open($"{_desk}/rimborso/{number}");
        other.Page.QuerySelector<IHtmlInputElement>("input[name=motivo]")!.Value = "non mio";
        other.Page.QuerySelector<IHtmlButtonElement>("button[value=respingi]")!.Value = "ritira";
        await other.Press("azione", "ritira");
        await other.Press("conferma", "si");
        other.Reads.Should().Contain("Può ritirarlo solo chi l’ha chiesto");

        officer.Page.QuerySelector<IHtmlInputElement>("input[name=motivo]")!.Value = "mi ero sbagliato";
        await officer.Press("azione", "ritira");
        await officer.Press("conferma", "si");
        officer.Reads.Should().Contain("Non fatto").And.Contain("mi ero sbagliato");
        (await Host.Database.Value<long>("select refunded_cents from payments.payment where order_no = @Order", payment)).Should().Be(0);
    }

    [Test]
    public async Task Money_paid_twice_is_a_task_that_an_officer_settles_in_his_name()
    {
        var first = await Till.Start();
        var second = await Till.Again(first.Reference);
        foreach (var payment in new[] { first, second })
            using (await Till.Post(Till.Return, (await Till.PayAtBank(payment)).Body))
                await Host.After(TimeSpan.FromSeconds(4));
        using var reader = await Host.SignIn("URG", "payments.see");
        await reader.Open($"{_desk}/attivita");
        reader.Reads.Should().Contain("Pagato due volte").And.Contain(second.Order).And.NotContain("Chiudi");
        using var officer = await Host.SignIn("URG", "payments.see", "payments.tasks");
        await officer.Open($"{_desk}/attivita");
        await officer.Open($"{_desk}/attivita/chiudi?compito={Uri.EscapeDataString(second.Order + "/twice")}");
        await officer.Send(("motivo", "imputato ad altro verbale"));
        officer.Reads.Should().Contain("una attività chiusa non si riapre").And.Contain("imputato ad altro verbale");
        await officer.Press("conferma", "si");
        officer.Reads.Should().Contain("L’attività è chiusa").And.NotContain(second.Order);
        (await Host.Database.Value<string>("select resolved_by from payments.task_resolution where task = @task", new { task = second.Order + "/twice" })).Should().Be($"officer:{officer.OfficerId}");
        await officer.Open($"{_desk}/attivita/chiudi?compito={Uri.EscapeDataString(second.Order + "/twice")}");
        await officer.Send(("motivo", "ancora"));
        await officer.Press("conferma", "si");
        officer.Reads.Should().Contain("non c’è più");
    }

    [Test]
    public async Task Messages_that_are_nobody_s_wait_at_the_centre_s_desk_and_nowhere_else()
    {
        using (await Till.Post(Till.Return, BankPen.Return("ZZZ-0000000000000-0")))
        using (await Till.Get($"{Till.Listener}?{BankPen.Listener("ZZZ-0000000000000-0", "IC", key: "x")}"))
        {
        }
        const string Centre = "/console/centro/pagamenti-degli-enti";
        using var officer = await Host.SignIn("000", "payments.see", "payments.tasks");
        await officer.Open(Centre + "/attivita");
        officer.Reads.Should().Contain("Messaggi senza firma valida").And.NotContain("Rimborsi in corso", "the centre gives nothing back by itself");
        officer.Page.QuerySelectorAll("nav a[href$='/pagamenti-degli-enti/attivita']").Should().ContainSingle();
        var task = (await Host.Database.Value<string>("select 'strays/' || gateway || '/' || day from payments.stray_message where entity_id = 0 order by day desc limit 1", new { }))!;
        await officer.Open($"{Centre}/attivita/chiudi?compito={Uri.EscapeDataString(task)}");
        await officer.Send(("motivo", "prova della banca"));
        await officer.Press("conferma", "si");
        officer.Reads.Should().Contain("L’attività è chiusa").And.NotContain("Messaggi senza firma valida");
        (await Host.Database.Value<string>("select resolved_by from payments.task_resolution where entity_id = 0 and task = @task", new { task })).Should().Be($"officer:{officer.OfficerId}");
        using var accountant = await Host.SignIn("URG", "payments.see", "payments.tasks");
        foreach (var page in (string[])["/attivita", "/attivita/chiudi?compito=x"])
        {
            await accountant.Open(Centre + page);
            accountant.Status.Should().Be(404, page);
        }
    }

    Task<string?> State(string number) => Host.Database.Value<string>("select state from payments.refund where number = @number", new { number });
}
