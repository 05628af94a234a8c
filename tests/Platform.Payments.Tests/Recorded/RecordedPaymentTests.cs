using AngleSharp.Dom;
using AngleSharp.Html.Dom;
using Autofac;
using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Money;
using Platform.Payments.Office.Received;
using Platform.Payments.Recorded;
using Platform.Testing;

namespace Platform.Payments.Tests.Recorded;

/// <summary>Money that an officer received past every gateway: two persons, booked where it stands, told and receipted like any other.</summary>
internal sealed class RecordedPaymentTests : OnOneHost
{
    static readonly DateOnly Today = new(2026, 3, 10);

    static int _number = 9000;

    [Test]
    public async Task A_recorded_payment_pays_its_due_once_a_second_person_agrees_and_stands_on_its_own_account()
    {
        var reference = await Fine();
        var order = await Recorded(reference);
        (await State(order)).Should().Be("prepared", "one person pays nothing");
        await Approve(order);
        await Host.Quiet();

        (await State(order)).Should().Be("paid");
        (await FineOf(reference)).Should().Be($"paid {order}");
        (await Booked(order)).Should().Equal("received/cash to income/sanzioni-cds 4000", "received/cash to income/spese-notifica 200");
        (await Decide(order, "luca")).Value.State.Should().Be("approved", "said again it changes nothing");
        (await Host.Database.Value<long>("select count(*) from core.outbox where type = 'payments.position_paid.1' and payload ->> 'orderNumber' = @order", new { order })).Should().Be(1);
        using var anybody = Host.NewCitizen();
        await anybody.Open($"/verifica/{await Host.Database.Value<string>("select r.code from payments.receipt r join payments.payment p using (entity_id, payment_id) where p.order_no = @order", new { order })}");
        anybody.Reads.Should().Contain("42,00");
        (await ReceiptOf(order)).Should().Contain("in contanti, allo sportello").And.Contain("Cassa 12/2026").And.Contain("10 marzo 2026").And.NotContain("PagOnLine");
    }

    [TestCase("marta")]
    [TestCase("MARTA")]
    public async Task Who_recorded_it_cannot_be_the_second_person(string by)
    {
        var order = await Recorded(await Fine());
        (await Decide(order, by)).Refusal!.Code.Should().Be(RecordingRefusals.SamePerson);
        (await State(order)).Should().Be("prepared");
        (await Decide(order, by, agree: false)).Refusal.Should().BeNull();
        (await State(order)).Should().Be("failed");
    }

    [Test]
    public async Task A_refused_recording_leaves_the_due_open_and_another_may_be_recorded()
    {
        var reference = await Fine();
        var order = await Recorded(reference);
        (await Record(reference)).Refusal!.Code.Should().Be(RecordingRefusals.Waits);
        await Decide(order, "luca", agree: false);
        (await Decide(order, "luca")).Refusal.Should().Be(new Refusal(RecordingRefusals.NotPossibleNow, "refused"));
        await Recorded(reference);
        (await FineOf(reference)).Should().StartWith("open");
    }

    [Test]
    public async Task The_same_recording_sent_again_and_at_once_is_one()
    {
        var reference = await Fine();
        var id = Guid.CreateVersion7();
        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Send(new RecordPayment(id, "fines", reference, new Euro(4200), "post", "CCP 1", new(2026, 3, 10), "cli:marta"))));
        answers.Should().OnlyContain(answer => answer.Refusal == null && answer.Value.OrderNo == answers[0].Value.OrderNo);
        var order = answers[0].Value.OrderNo;
        var decided = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Send(new DecideRecording(order, true, "cli:luca"))));
        decided.Should().OnlyContain(answer => answer.Refusal == null && answer.Value.State == "approved");
        await Host.Quiet();
        (await Booked(order)).Should().HaveCount(2);
    }

    [Test]
    public async Task Two_officers_who_record_the_same_due_at_once_are_one_and_the_other_is_told()
    {
        var reference = await Fine();
        var answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(n => Send(new RecordPayment(Guid.CreateVersion7(), "fines", reference, new Euro(4200), "cash", $"Cassa {n}", new(2026, 3, 10), "cli:marta"))));
        answers.Count(answer => answer.Refusal is null).Should().Be(1);
        answers.Where(answer => answer.Refusal is not null).Should().OnlyContain(answer => answer.Refusal!.Code == RecordingRefusals.Waits);
    }

    [Test]
    public async Task A_due_that_somebody_is_paying_at_the_bank_is_refused_in_plain_words()
    {
        var payment = await Till.Start();
        (await Record(payment.Reference)).Refusal.Should().Be(new Refusal(RecordingRefusals.AtBank, payment.Order));
        await Till.PayAtBank(payment, cancel: true);
        await Host.After(TimeSpan.FromMinutes(3));
        await Recorded(payment.Reference);
    }

    [Test]
    public async Task A_due_that_is_paid_is_not_paid_again()
    {
        var paid = await Till.Paid();
        (await Record(paid.Reference)).Refusal.Should().Be(new Refusal(RecordingRefusals.AlreadyPaid, paid.Order));
    }

    [Test]
    public async Task Paid_at_the_bank_before_the_second_person_agrees_what_was_received_is_kept_and_given_back_by_hand()
    {
        var reference = await Fine();
        var order = await Recorded(reference);
        var bank = await Till.Again(reference);
        using (var back = await Till.Post(Till.Return, (await Till.PayAtBank(bank)).Body))
            await Host.After(TimeSpan.FromSeconds(4));
        await Approve(order);
        await Host.Quiet();
        await Till.ShouldBePaidOnce(bank);
        (await Word("tasks", "list")).Should().Contain($"twice\t{order}/twice\t42,00");
        (await Booked(order)).Should().Equal("received/cash to surplus 4000", "received/cash to surplus 200");

        await Word("refund", "ask", order, "--reason", "Pagato due volte", "--by", "marta");
        var number = (await Host.Database.Value<string>("select r.number from payments.refund r join payments.payment p using (entity_id, payment_id) where p.order_no = @order", new { order }))!;
        await Word("refund", "approve", number, "--by", "luca");
        await Host.Quiet();
        await Word("refund", "confirm", number, "--proof", "Mandato 7", "--by", "luca");
        (await Host.Database.Value<string>("select t.debit || ' to ' || t.credit || ' ' || t.cents from payments.transfer t join payments.refund r on r.refund_id = t.cause_id where r.number = @number", new { number }))
            .Should().Be("surplus to received/cash 4200");
        (await Send(new UndoRecording(order, "Sbagliato", "cli:marta"))).Refusal!.Code.Should().Be(RecordingRefusals.GivenBack);
    }

    [Test]
    public async Task Paid_at_the_bank_after_it_was_recorded_the_bank_s_money_is_the_surplus()
    {
        var reference = await Fine();
        var bank = await Till.Again(reference);
        Host.Clock.Advance(TimeSpan.FromMinutes(16));
        var order = await Recorded(reference);
        await Approve(order);
        using (var back = await Till.Post(Till.Return, (await Till.PayAtBank(bank)).Body))
            await Host.After(TimeSpan.FromSeconds(4));
        (await FineOf(reference)).Should().Be($"paid {order}");
        (await Word("tasks", "list")).Should().Contain($"twice\t{bank.Order}/twice\t42,00");
    }

    [TestCase(4000, "too_little", "shortfall to received/bank_transfer 200")]
    [TestCase(5000, "too_much", "received/bank_transfer to surplus 800")]
    public async Task Another_amount_than_was_owed_is_kept_and_flagged(long cents, string kind, string booked)
    {
        var order = await Recorded(await Fine(), cents, how: "bank_transfer");
        await Approve(order);
        (await Host.Database.Value<string>("select u.kind from payments.surplus u join payments.payment p using (entity_id, payment_id) where p.order_no = @order", new { order })).Should().Be(kind);
        (await Booked(order)).Should().Contain(booked);
    }

    [Test]
    public async Task An_undone_recording_is_booked_back_and_the_due_is_owed_again()
    {
        var reference = await Fine();
        var order = await Recorded(reference);
        await Approve(order);
        await Host.Quiet();
        (await Send(new UndoRecording(order, "Verbale sbagliato", "cli:anna"))).Refusal.Should().BeNull();
        (await Decide(order, "anna")).Refusal!.Code.Should().Be(RecordingRefusals.SamePerson);
        await Decide(order, "luca", agree: false);
        (await State(order)).Should().Be("paid", "nobody agreed");
        (await Send(new UndoRecording(order, "Verbale sbagliato", "cli:anna"))).Refusal.Should().BeNull();
        await Approve(order);
        await Host.Quiet();
        (await State(order)).Should().Be("reversed");
        (await FineOf(reference)).Should().StartWith("open");
        (await Host.Database.Value<long>("select coalesce(sum(case when debit = 'received/cash' then cents else -cents end), 0)::bigint from payments.transfer t join payments.payment p on p.payment_id = t.cause_id where p.order_no = @order and 'received/cash' in (debit, credit)", new { order })).Should().Be(0);
        await Recorded(reference);
    }

    [Test]
    public async Task It_is_priced_and_told_for_the_day_on_which_it_was_received()
    {
        // Notified ten days ago: on the second day it still cost less.
        var reference = await Fine();
        var order = await Recorded(reference, cents: 3000, on: new(2026, 3, 2));
        (await Host.Database.Value<long>("select asked_cents from payments.payment where order_no = @order", new { order })).Should().Be(3000);
        await Approve(order);
        await Host.Quiet();
        (await Host.Database.Value<bool>("select (paid_at at time zone 'Europe/Rome')::date = '2026-03-02' from payments.payment where order_no = @order", new { order })).Should().BeTrue();
        (await Host.Database.Value<bool>("select bool_and(booked_on = '2026-03-10') from payments.transfer t join payments.payment p on p.payment_id = t.cause_id where p.order_no = @order", new { order })).Should().BeTrue("days that are over are not booked into");
        (await FineOf(reference)).Should().Be($"paid {order}");
    }

    [TestCase(1)]
    [TestCase(-370)]
    public async Task A_day_to_come_or_long_ago_is_refused(int days) => (await Record(await Fine(), on: Today.AddDays(days))).Refusal!.Code.Should().Be(RecordingRefusals.WrongDay);

    [Test]
    public async Task The_command_line_records_lists_and_decides_and_refuses_in_plain_words()
    {
        var reference = await Fine();
        // The command line lives today.
        var today = $"{Core.Time.LegalTime.Day(TimeProvider.System.GetUtcNow()):yyyy-MM-dd}";
        string[] record = ["payments", "record", "fines", reference, "--entity", "URG", "--amount", "42,00", "--how", "cash", "--on", today, "--proof", "Cassa 13/2026", "--by", "marta"];
        var order = (await Word(record)).Split(':')[0];
        (await Host.Portico(record)).Errors.Should().Contain("Another payment of it is recorded and waits for approval");
        (await Word("payments", "recorded", "--entity", "URG")).Should().MatchRegex($"URG\t{order}\tfines\t{reference}\t42,00.*\tcash\t{today}\tasked\tcli:marta\tCassa 13/2026");
        (await Host.Portico("payments", "approve", order, "--by", "marta")).Errors.Should().Contain("Who asked for it cannot be the second person");
        (await Word("payments", "refuse", order, "--by", "luca")).Should().Contain("is refused");
        (await Host.Portico("payments", "approve", order, "--by", "luca")).Errors.Should().Contain("The recording is refused: that cannot be done with it");
        (await Host.Portico("payments", "undo", order, "--reason", "x", "--by", "luca")).Errors.Should().Contain("The recording is refused");
        (await Host.Portico("payments", "approve", "URG-0123456789ABC-0", "--by", "luca")).Code.Should().Be(1);
        (await Host.Portico(["payments", "record", "fines", "V/2026/0", .. record[4..]])).Errors.Should().Contain("There is no such position");
    }

    [Test]
    public async Task The_day_page_of_the_settlement_knows_nothing_of_it()
    {
        var order = await Recorded(await Fine());
        await Approve(order);
        foreach (var owner in new[] { "URG", "000" })
            (await Word("settlement", "causes", "--owner", owner, "--from", "2026-03-01", "--to", "2026-03-31")).Should().NotContain(order);
    }

    [Test]
    public async Task At_the_console_one_officer_records_with_a_document_another_approves_and_the_story_tells_it()
    {
        var reference = await Fine();
        var desk = await Desk();
        using var clerk = await Host.SignIn("URG", "payments.see", "payments.record");
        using var second = await Host.SignIn("URG", "payments.see", "payments.record", "payments.approve");
        await clerk.Open($"{desk}/ricevuti");
        await clerk.Follow("Registra un pagamento");
        await clerk.Send(("servizio", "fines"), ("riferimento", "V/2026/0"));
        clerk.Status.Should().Be(422);
        clerk.Reads.Should().Contain("nessuna voce da pagare con questo riferimento");
        await clerk.Send(("servizio", "fines"), ("riferimento", reference));
        clerk.Address.AbsolutePath.Should().NotContain(reference, "addresses are logged");
        clerk.Reads.Should().Contain($"Verbale {reference}").And.Contain("Tutto in una volta — 42,00");
        var address = clerk.Address.AbsolutePath;

        (await clerk.Upload("documento", "x.pdf", [], ("importo", ""), ("come", ""), ("giorno", "domani"), ("prova", ""))).Should().Be(422);
        clerk.Reads.Should().Contain("Scegli come è stato ricevuto").And.Contain("La data non è giusta");
        (await clerk.Upload("documento", "virus.pdf", "<script>alert(1)</script>"u8.ToArray(), ("importo", "42,00"), ("come", "cash"), ("giorno", "2026-03-10"), ("prova", ""))).Should().Be(422, "it is no PDF whatever its name says");
        (await Host.Database.Value<long>("select count(*) from payments.recording r join payments.due d using (entity_id, due_id) join payments.position o using (entity_id, position_id) where o.reference = @reference", new { reference })).Should().Be(0);

        byte[] slip = [.. "%PDF-1.4 Cassa di Mario Rossi"u8];
        (string, string)[] filled = [("importo", "42,00"), ("come", "cash"), ("giorno", "2026-03-10"), ("prova", "")];
        await clerk.Open(address);
        var drawn = clerk.Page.QuerySelector("main form input[name=modulo]")!.GetAttribute("value")!;
        (await clerk.Upload("documento", "Rossi Mario.pdf", slip, filled)).Should().Be(303);
        var order = clerk.Heading.Split(' ')[^1];
        clerk.Reads.Should().Contain("Da approvare").And.Contain("deve approvarlo un’altra persona").And.Contain("Rossi Mario.pdf");
        clerk.Page.QuerySelectorAll("main form button").Should().BeEmpty("this officer approves nothing");
        // The same form once more, by the browser's "back".
        await clerk.Open(address);
        clerk.Page.QuerySelector("main form input[name=modulo]")!.SetAttribute("value", drawn);
        (await clerk.Upload("documento", "Rossi Mario.pdf", slip, filled)).Should().Be(303);
        clerk.Heading.Should().EndWith(order);

        var (status, name, content) = await second.Fetch($"{desk}/ricevuti/{order}/prova");
        (status, name).Should().Be((200, $"prova-{order}.pdf"));
        content.Should().Equal(slip);
        (await Host.Database.Value<long>("select count(*) from core.journal where kind = 'recording.proof_seen' and actor = @actor and body ->> 'order' = @order", new { actor = $"officer:{second.OfficerId}", order })).Should().Be(1);
        await second.Open($"{desk}/attivita");
        second.Reads.Should().Contain("Pagamenti ricevuti da approvare").And.Contain(order);
        await second.Open($"{desk}/ricevuti/{order}");
        await second.Press("azione", "approva");
        second.Reads.Should().Contain("Approvi a tuo nome");
        (await State(order)).Should().Be("prepared", "it is asked once more");
        await second.Press("conferma", "si");
        await Host.Quiet();
        (await FineOf(reference)).Should().Be($"paid {order}");
        (await Host.Database.Value<string>("select r.asked_by || '|' || r.decided_by from payments.recording r join payments.payment p using (entity_id, payment_id) where p.order_no = @order", new { order }))
            .Should().Be($"officer:{clerk.OfficerId}|officer:{second.OfficerId}");
        (await ReceiptOf(order)).Should().Contain("SHA-256").And.NotContain("Rossi", "the receipt is checked by anybody");

        await second.Open($"{desk}/pagamento/{order}");
        second.Reads.Should().Contain("Ricevuto da un addetto").And.Contain("Registrato da un addetto").And.Contain("Deciso da una seconda persona").And.Contain("Registro: pagamento ricevuto, approvato")
            .And.Contain("ricevuto da un addetto (cash)").And.NotContain("La banca ha preso");
        await second.Follow("In contanti, allo sportello");
        await second.Press("azione", "annulla");
        second.Reads.Should().Contain("Scrivi il motivo");
        await second.Send(("motivo", "altro verbale"));
        (await State(order)).Should().Be("paid", "a form without a button's name does nothing");
        await second.Open($"{desk}/ricevuti/{order}");
        second.Page.QuerySelector<IHtmlInputElement>("input[name=motivo]")!.Value = "altro verbale";
        await second.Press("azione", "annulla");
        await second.Press("conferma", "si");
        second.Reads.Should().Contain("Annullamento da approvare").And.Contain("altro verbale");
        second.Page.QuerySelectorAll("button[value=approva]").Should().BeEmpty("who asked for it does not approve it");
        using var third = await Host.SignIn("URG", "payments.see", "payments.approve");
        await third.Open($"{desk}/ricevuti/{order}");
        await third.Press("azione", "approva");
        await third.Press("conferma", "si");
        await Host.Quiet();
        (await FineOf(reference)).Should().StartWith("open");
    }

    [Test]
    public async Task At_the_console_a_fine_that_nobody_has_looked_at_is_opened_when_it_is_paid_at_the_counter()
    {
        var fine = (await Host.LoadFine(number: $"{Interlocked.Increment(ref _number)}", minimum: 40, notifiedDaysAgo: 10)).Number;
        using var clerk = await Host.SignIn("URG", "payments.see", "payments.record");
        using var second = await Host.SignIn("URG", "payments.see", "payments.approve");
        await clerk.Open($"{await Desk()}/ricevuti/nuovo");
        await clerk.Send(("servizio", "fines"), ("riferimento", fine));
        clerk.Reads.Should().Contain($"Verbale {fine}").And.Contain("42,00");
        await clerk.Upload("documento", "foto.png", [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0d, 0x0a, 0x1a, 0x0a], ("importo", "42,00"), ("come", "post"), ("giorno", "2026-03-10"), ("prova", "CCP 12"));
        var order = clerk.Heading.Split(' ')[^1];
        await second.Open($"{await Desk()}/ricevuti/{order}");
        await second.Press("azione", "approva");
        await second.Press("conferma", "si");
        await Host.Quiet();
        (await FineOf(fine)).Should().Be($"paid {order}");
        foreach (var none in new[] { "V/2026/999999", "V/2026/9'or 1=1", fine.ToLowerInvariant() + "/S0" })
        {
            await clerk.Open($"{await Desk()}/ricevuti/nuovo");
            await clerk.Send(("servizio", "schoolfees"), ("riferimento", fine));
            clerk.Status.Should().Be(422, "it is no bill");
            await clerk.Send(("servizio", "fines"), ("riferimento", none));
            clerk.Status.Should().Be(422, none);
        }
    }

    [Test]
    public async Task At_the_console_nobody_approves_his_own_by_any_form_and_no_other_desk_sees_it()
    {
        var reference = await Fine();
        var desk = await Desk();
        using var clerk = await Host.SignIn("URG", "payments.see", "payments.record", "payments.approve");
        var order = (await Host.As("payments", "URG", "URG", scope => scope.Resolve<ICommands>().Send(
            new RecordPayment(Guid.CreateVersion7(), "fines", reference, new Euro(4000), "post", "CCP 7", Today, $"officer:{clerk.OfficerId}"), CancellationToken.None))).Value.OrderNo;
        await clerk.Open($"{desk}/ricevuti/{order}");
        clerk.Reads.Should().Contain("Dovuto quel giorno").And.Contain("la differenza resta segnata");
        clerk.Page.QuerySelector<IHtmlButtonElement>("button[value=respingi]")!.Value = "approva";
        await clerk.Press("azione", "approva");
        await clerk.Press("conferma", "si");
        clerk.Status.Should().Be(422);
        clerk.Reads.Should().Contain("non può essere la seconda persona");
        (await State(order)).Should().Be("prepared");

        using var stranger = await Host.SignIn("MZB", "payments.see", "payments.record", "payments.approve");
        using var reader = await Host.SignIn("URG", "payments.see");
        foreach (var page in (string[])["", $"/{order}", $"/{order}/prova", "/nuovo"])
        {
            await stranger.Open($"{desk}/ricevuti{page}");
            stranger.Status.Should().Be(404, page);
            await stranger.Open($"/console/marzabotto/pagamenti/ricevuti{page}");
            stranger.Reads.Should().NotContain(order);
        }
        await reader.Open($"{desk}/ricevuti/nuovo");
        reader.Status.Should().Be(403);
        await reader.Open($"{desk}/ricevuti/{order}");
        reader.Page.QuerySelectorAll("main form button").Should().BeEmpty();
        await clerk.Open($"{desk}/ricevuti/{order}");
        await clerk.Press("azione", "respingi");
        await clerk.Press("conferma", "si");
        clerk.Reads.Should().Contain("Non approvato");
        await clerk.Open($"{desk}/pagamento/{order}");
        clerk.Reads.Should().Contain("La seconda persona non l’ha approvato");
    }

    [Test]
    public async Task From_a_page_it_is_who_signed_in_whatever_the_command_says()
    {
        var reference = await Fine();
        var creditor = (await Host.Container.Resolve<EntityDirectory>().Current(CancellationToken.None)).ByCode("URG")!.Id;
        var signedIn = new CallContext(creditor, creditor, "payments", "payments") { Officer = new(Guid.CreateVersion7(), "Prova", _ => true) };
        Task<Outcome<RecordedPayment>> Sent(ICommand<Outcome<RecordedPayment>> command) => Host.Container.Resolve<CallScopes>().In(signedIn, scope => scope.Resolve<ICommands>().Send(command, CancellationToken.None));
        var recorded = (await Sent(new RecordPayment(Guid.CreateVersion7(), "fines", reference, new Euro(4200), "post", "CCP 8", Today, "cli:marta"))).Value;
        recorded.AskedBy.Should().Be(signedIn.Officer.Actor);
        (await Sent(new DecideRecording(recorded.OrderNo, true, "cli:luca"))).Refusal!.Code.Should().Be(RecordingRefusals.SamePerson);
        await Approve(recorded.OrderNo);
        (await Sent(new UndoRecording(recorded.OrderNo, "prova", "cli:anna"))).Value.UndoAskedBy.Should().Be(signedIn.Officer.Actor);
    }

    async Task<string> Desk() => $"/console/{await Host.Database.Value<string>("select slug from core.entity where code = 'URG'")}/pagamenti";

    async Task<string> Fine() => (await Host.LoadFine(number: $"{Interlocked.Increment(ref _number)}", minimum: 40, notifiedDaysAgo: 10)).Number is var number && await Till.Open(number) is { } ? number : "";

    Task<Outcome<RecordedPayment>> Record(string reference, long cents = 4200, string how = "cash", DateOnly? on = null) =>
        Send(new RecordPayment(Guid.CreateVersion7(), "fines", reference, new Euro(cents), how, "Cassa 12/2026", on ?? Core.Time.LegalTime.Day(Host.Clock.GetUtcNow()), "cli:marta"));

    async Task<string> Recorded(string reference, long cents = 4200, string how = "cash", DateOnly? on = null) => (await Record(reference, cents, how, on)).Value.OrderNo;

    Task<Outcome<RecordedPayment>> Decide(string order, string by, bool agree = true) => Send(new DecideRecording(order, agree, $"cli:{by}"));

    async Task Approve(string order) => (await Decide(order, "luca")).Refusal.Should().BeNull();

    Task<Outcome<RecordedPayment>> Send(ICommand<Outcome<RecordedPayment>> command) => Host.As("payments", "URG", "URG", scope => scope.Resolve<ICommands>().Send(command, CancellationToken.None));

    async Task<string> Word(params string[] words)
    {
        var told = await Host.Portico(words);
        told.Code.Should().Be(0, told.Errors);
        return told.Output;
    }

    Task<string?> State(string order) => Host.Database.Value<string>("select state from payments.payment where order_no = @order", new { order });

    Task<string?> FineOf(string reference) => Host.Database.Value<string>("select state || ' ' || coalesce(paid_order, '') from fines.fine where series || '/' || year || '/' || number = @reference", new { reference });

    async Task<IEnumerable<string>> Booked(string order) => (await Host.Database.Rows<BookingRow>(
        "select t.debit || ' to ' || t.credit || ' ' || t.cents as text from payments.transfer t join payments.payment p on p.payment_id = t.cause_id where p.order_no = @order order by t.cause desc, t.n", new { order }))
        .Select(row => row.Text);

    async Task<string> ReceiptOf(string order)
    {
        var pdf = (await Host.Database.Value<byte[]>("select r.pdf from payments.receipt r join payments.payment p using (entity_id, payment_id) where p.order_no = @order", new { order }))!;
        using var document = UglyToad.PdfPig.PdfDocument.Open(pdf);
        return string.Join(' ', document.GetPages().SelectMany(page => page.GetWords()).Select(word => word.Text));
    }

    sealed class BookingRow
    {
        public string Text { get; init; } = "";
    }
}
