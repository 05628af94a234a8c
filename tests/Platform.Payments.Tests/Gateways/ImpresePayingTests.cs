using Platform.Core.Commands;
using Platform.Core.Money;
using Platform.Testing;

namespace Platform.Payments.Tests.Gateways;

/// <summary>Paying and giving back at PagOnline Imprese: every order is opened by one call, decided by Verify, given back by one Credit.</summary>
internal sealed class ImpresePayingTests
{
    const string Return = "/pagamenti/pagonline-imprese/ritorno";

    static int _number = 7000;

    EmulatedBank _bank = null!;
    PorticoTestHost _host = null!;
    Till _till = null!;

    [OneTimeSetUp]
    public async Task Open()
    {
        _bank = await EmulatedBank.Start("imprese");
        _host = await PorticoTestHost.Start(bank: _bank);
        _till = new(_host);
        await _host.SaveAgreementWith("pagonline-imprese", new("0197a000-0000-7000-8000-0000000000cc"), "MZB", Settings(_bank), "imprese");
    }

    [OneTimeTearDown]
    public async Task Close()
    {
        try
        {
            await Calm();
            await _host.After(TimeSpan.FromMinutes(3));
            await _host.MoneyAddsUp();
        }
        finally
        {
            _till.Dispose();
            await _host.DisposeAsync();
            await _bank.DisposeAsync();
        }
    }

    [TearDown]
    public async Task Calm()
    {
        await _bank.TellTruth();
        await _bank.BeDown(false);
    }

    internal static object Settings(EmulatedBank bank) => new { terminal = "UNI_MYBK", service = new Uri(bank.Address, "/UNI_CG_SERVICES/services/").AbsoluteUri, pages = bank.Address.GetLeftPart(UriPartial.Authority) };

    [Test]
    public async Task A_citizen_pays_a_fine_at_the_second_bank_and_gets_a_receipt()
    {
        var fine = await Fine();
        using var citizen = _host.NewCitizen();
        await citizen.FindFine("marzabotto", fine);
        await citizen.GoToBank();
        citizen.Heading.Should().Be("Paga con carta");
        await citizen.Press("azione", "paga");
        await _host.Quiet();
        await citizen.LookAgain();
        citizen.Heading.Should().Be("Pagamento riuscito");
        citizen.Reads.Should().Contain("Scarica la quietanza");
    }

    [Test]
    public async Task The_browser_s_return_decides_nothing_and_what_Verify_says_is_taken_once()
    {
        var payment = await Start();
        using (var early = await _till.Get($"{Return}?ordine={payment.Order}&rc=IGFS_000"))
            early.StatusCode.Should().Be(System.Net.HttpStatusCode.NotFound, "who knows the number alone is not the payer");
        await _host.Quiet();
        (await _till.StateOf(payment)).Should().Be("at_bank", "the bank says that nobody has paid yet");
        (await _host.Database.Value<string>("select verdict from payments.fact where order_no = @Order and channel = 'return'", payment)).Should().Be("unsigned");

        var back = await _bank.Pay(payment.GoTo);
        await _host.After(TimeSpan.FromSeconds(11));
        for (var n = 0; n < 3; n++)
        {
            using var again = await _till.Post(Return, back.Body);
        }
        await _host.After(TimeSpan.FromSeconds(11));
        await _till.ShouldBePaidOnce(payment);
        (await _host.Database.Value<string>("select outcome from payments.external_call where payment_id = @Attempt and kind = 'open'", payment)).Should().Be("Registered");
    }

    [Test]
    public async Task A_payer_who_never_comes_back_is_found_by_asking_and_one_who_cancels_fails()
    {
        var (paid, cancelled) = (await Start(), await Start());
        await _bank.Pay(paid.GoTo);
        await _bank.Pay(cancelled.GoTo, cancel: true);
        await _host.After(TimeSpan.FromMinutes(3));
        await _till.ShouldBePaidOnce(paid);
        (await _till.StateOf(cancelled)).Should().Be("failed");
    }

    [Test]
    public async Task The_same_attempt_opens_one_order_however_often_and_how_fast_it_is_sent()
    {
        var reference = (await Fine()).Number;
        var due = await _till.Open(reference, "MZB", "MZB");
        var attempt = Guid.CreateVersion7();
        await _bank.Lie("*", new { init = new { delayMs = 300 } });
        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => _till.Checkout(attempt, [due], "MZB", "MZB")));
        var first = answers[0].Value;
        answers.Should().OnlyContain(answer => answer.Refusal == null && answer.Value.GoTo == first.GoTo && answer.Value.OrderNumber == first.OrderNumber);
        (await Called(first.OrderNumber, "Init")).Should().Be(1);
        (await _till.Checkout(attempt, [due], "MZB", "MZB")).Value.GoTo.Should().Be(first.GoTo, "later too");
        (await Called(first.OrderNumber, "Init")).Should().Be(1);
    }

    [Test]
    public async Task When_the_answer_to_Init_is_lost_nobody_can_pay_the_order_it_is_not_opened_again_and_another_attempt_pays()
    {
        var reference = (await Fine()).Number;
        var due = await _till.Open(reference, "MZB", "MZB");
        var attempt = Guid.CreateVersion7();
        await _bank.Lie("*", new { init = new { lost = true } });
        (await _till.Checkout(attempt, [due], "MZB", "MZB")).Refusal!.Code.Should().Be(CheckoutRefusals.GatewaySilent);
        var order = (await _host.Database.Value<string>("select order_no from payments.payment where payment_id = @attempt", new { attempt }))!;
        (await _bank.Orders()).Should().ContainSingle(known => known.Order == order, "the bank did open it");
        await _bank.TellTruth();

        var again = await Start(reference);
        await _host.After(TimeSpan.FromMinutes(3));
        (await _host.Database.Value<string>("select state from payments.payment where payment_id = @attempt", new { attempt })).Should().Be("expired", "nobody was given its address");
        (await _till.Checkout(attempt, [due], "MZB", "MZB")).Refusal!.Code.Should().Be(CheckoutRefusals.GatewaySilent);
        (await Called(order, "Init")).Should().Be(1);
        await _bank.Pay(again.GoTo);
        await _host.After(TimeSpan.FromMinutes(6));
        await _till.ShouldBePaidOnce(again);
        (await _till.Count("payments.external_call where payment_id = @attempt and ended_at is null", new { attempt })).Should().Be(0);
    }

    [TestCase("IGFS_800", "failed", Description = "the bank says no")]
    [TestCase("IGFS_20026", "failed")]
    public async Task An_order_that_the_bank_refuses_to_open_fails_in_plain_words(string rc, string state)
    {
        await _bank.Lie("*", new { init = new { rc } });
        var fine = await Fine();
        using var citizen = _host.NewCitizen();
        await citizen.FindFine("marzabotto", fine);
        await citizen.GoToBank();
        citizen.Reads.Should().Contain("La banca non ha aperto il pagamento. Non ti è stato addebitato nulla.");
        (await _host.Database.Value<string>("select p.state from payments.payment p order by created_at desc, payment_id desc limit 1")).Should().Be(state);
        await _bank.TellTruth();
        await citizen.GoToBank();
        citizen.Heading.Should().Be("Paga con carta", "the form drawn anew is another attempt, and the failed one is not in its way");
    }

    static IEnumerable<TestCaseData> LiesOfInit() =>
    [
        new TestCaseData(new { init = new { otherSecret = true } }).SetArgDisplayNames("another key"),
        new TestCaseData(new { init = new { otherOrder = "MZB-0123456789ABC-7" } }).SetArgDisplayNames("another order"),
        new TestCaseData(new { init = new { redirect = "https://evil.example/pay" } }).SetArgDisplayNames("another host's page"),
        new TestCaseData(new { init = new { redirect = "javascript:alert(1)" } }).SetArgDisplayNames("no address"),
        new TestCaseData(new { init = new { garbled = true } }).SetArgDisplayNames("a proxy's page"),
        new TestCaseData(new { init = new { down = true } }).SetArgDisplayNames("down"),
    ];

    [TestCaseSource(nameof(LiesOfInit))]
    public async Task Nobody_is_sent_where_a_lie_leads(object lie)
    {
        await _bank.Lie("*", lie);
        var due = await _till.Open((await Fine()).Number, "MZB", "MZB");
        var attempt = Guid.CreateVersion7();
        (await _till.Checkout(attempt, [due], "MZB", "MZB")).Refusal!.Code.Should().Be(CheckoutRefusals.GatewaySilent);
        (await _till.Count("payments.payment where payment_id = @attempt and opened is null and state = 'unknown'", new { attempt })).Should().Be(1);
    }

    static IEnumerable<TestCaseData> LiesOfVerify() =>
    [
        new TestCaseData(new { verify = new { otherSecret = true } }).SetArgDisplayNames("another key"),
        new TestCaseData(new { verify = new { otherOrder = "MZB-0123456789ABC-7" } }).SetArgDisplayNames("another order"),
        new TestCaseData(new { verify = new { garbled = true } }).SetArgDisplayNames("a proxy's page"),
        new TestCaseData(new { verify = new { down = true } }).SetArgDisplayNames("down"),
        new TestCaseData(new { verify = new { lost = true } }).SetArgDisplayNames("lost"),
        new TestCaseData(new { verify = new { rc = "IGFS_909" } }).SetArgDisplayNames("system error"),
    ];

    [TestCaseSource(nameof(LiesOfVerify))]
    public async Task A_lie_of_Verify_pays_nothing_and_fails_nothing(object lie)
    {
        var payment = await Start();
        await _bank.Pay(payment.GoTo);
        await _bank.Lie(payment.Order, lie);
        await _host.After(TimeSpan.FromMinutes(3));
        (await _till.StateOf(payment)).Should().Be("unknown");
        await _bank.TellTruth(payment.Order);
        await _host.After(TimeSpan.FromMinutes(10));
        await _till.ShouldBePaidOnce(payment);
    }

    [Test]
    public async Task A_return_without_a_signature_leads_to_the_payment_only_from_the_address_that_its_payer_was_sent_back_to()
    {
        var (payment, other) = (await Paid(), await Start());
        var back = new Uri((await AtBank(payment)).UrlOk);
        var code = (await _till.Of(payment)).StatusCode;
        for (var n = 0; n < 2; n++)
        {
            using var own = await _till.Get(back.PathAndQuery);
            own.StatusCode.Should().Be(System.Net.HttpStatusCode.SeeOther, "also who comes back twice");
            own.Headers.Location!.OriginalString.Should().EndWith(code);
        }
        var key = back.Segments[^1];
        foreach (var path in new[] { Return, $"{Return}/", $"{Return}/{key[..^1]}", $"{Return}/{key.ToUpperInvariant()}", $"{Return}/{code}", new Uri((await AtBank(other)).UrlOk).AbsolutePath, back.AbsolutePath.Replace("-imprese", "", StringComparison.Ordinal) })
        {
            using var stranger = await _till.Get($"{path}?ordine={payment.Order}");
            stranger.StatusCode.Should().Be(System.Net.HttpStatusCode.NotFound, $"{path} is not this payment's");
            stranger.Headers.Location.Should().BeNull();
        }
        key.Should().MatchRegex("^[0-9a-f]{32}$").And.NotContain(code[4..].ToLowerInvariant(), "the bank learns nothing of the payment's page");
    }

    [Test]
    public async Task A_payment_that_the_bank_takes_back_is_reversed_and_owed_again()
    {
        var payment = await Paid();
        await _bank.SetState(payment.Order, "ST");
        using var hint = await _till.Get($"{Return}?ordine={payment.Order}");
        await _host.After(TimeSpan.FromSeconds(11));
        (await _till.StateOf(payment)).Should().Be("reversed");
        (await _host.Database.Value<string>("select state from payments.due where due_id = @Due", payment)).Should().Be("open");
    }

    [Test]
    public async Task A_refund_is_one_Credit_at_the_bank_in_part_and_then_the_rest()
    {
        var payment = await Paid();
        var part = await Refund(payment, "--amount", "12,50");
        (await StateOfRefund(part)).Should().Be("done");
        (await AtBank(payment)).CreditedCents.Should().Be(1250);
        (await _host.Database.Value<string>("select proof from payments.refund where number = @part", new { part })).Should().HaveLength(20, "the bank's own number is its proof");
        var rest = await Refund(payment);
        (await StateOfRefund(rest)).Should().Be("done");
        var order = await AtBank(payment);
        order.CreditedCents.Should().Be(order.TakenCents);
        (await Called(part, "Credit")).Should().Be(1);
        (await Called(rest, "Credit")).Should().Be(1);
        (await _host.Database.Value<string>("select state from payments.due where due_id = @Due", payment)).Should().Be("open");
    }

    [Test]
    public async Task A_Credit_whose_answer_is_lost_is_asked_about_and_never_ordered_again()
    {
        var payment = await Paid();
        await _bank.Lie("*", new { credit = new { lost = true } });
        var number = await Refund(payment);
        (await StateOfRefund(number)).Should().Be("unknown");
        (await AtBank(payment)).CreditedCents.Should().Be(4200, "the bank did give it back");
        await _bank.TellTruth();
        await _host.After(TimeSpan.FromMinutes(3));
        (await StateOfRefund(number)).Should().Be("done");
        (await AtBank(payment)).CreditedCents.Should().Be(4200);
        (await Called(number, "Credit")).Should().Be(1);
    }

    [Test]
    public async Task A_Credit_that_never_arrived_stays_unclear_for_an_officer_and_is_not_ordered_again()
    {
        var payment = await Paid();
        await _bank.Lie("*", new { credit = new { down = true } });
        var number = await Refund(payment);
        await _bank.TellTruth();
        await _host.After(TimeSpan.FromMinutes(30));
        (await StateOfRefund(number)).Should().Be("unknown");
        (await AtBank(payment)).CreditedCents.Should().Be(0);
        (await Called(number, "Credit")).Should().Be(1);
        await NotDone(number);
    }

    [Test]
    public async Task An_answer_about_the_payment_is_no_answer_about_its_refund()
    {
        var payment = await Paid();
        await _bank.Lie("*", new { credit = new { down = true } });
        var number = await Refund(payment);
        await _bank.TellTruth();
        // A bank that ignores the refund's number says that the payment went well.
        await _bank.Lie(number, new { verify = new { ofPayment = true } });
        await _host.After(TimeSpan.FromMinutes(30));
        (await StateOfRefund(number)).Should().Be("unknown");
        await NotDone(number);
    }

    [TestCase("credit", "IGFS_098")]
    [TestCase("verify", "IGFS_909")]
    public async Task What_the_bank_refuses_or_was_never_asked_ends_as_refused_and_sets_the_money_free(string call, string rc)
    {
        var payment = await Paid();
        await _bank.Lie("*", new Dictionary<string, object>(StringComparer.Ordinal) { [call] = new { rc } });
        var number = await Refund(payment);
        (await StateOfRefund(number)).Should().Be("refused");
        (await _host.Database.Value<long>("select refunded_cents from payments.payment where payment_id = @Attempt", payment)).Should().Be(0);
        (await AtBank(payment)).CreditedCents.Should().Be(0);
    }

    [TestCase("terminal")]
    [TestCase("service")]
    [TestCase("pages")]
    public async Task An_agreement_that_lacks_a_setting_starts_nothing(string missing)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["terminal"] = "T", ["service"] = "https://bank.example/services/", ["pages"] = "https://bank.example" };
        settings.Remove(missing);
        var id = new Guid("0197a000-0000-7000-8000-0000000000cd");
        var due = await _till.Open((await Fine()).Number, "MZB", "MZB");
        await _host.SaveAgreementWith("pagonline-imprese", id, "MZB", settings, "imprese", from: new(2025, 1, 1));
        (await _till.Checkout(Guid.CreateVersion7(), [due], "MZB", "MZB")).Refusal!.Code.Should().Be(CheckoutRefusals.NoAgreement);
        await _host.SaveAgreementWith("pagonline-imprese", id, "MZB", settings, "imprese", from: new(2099, 1, 1));
    }

    async Task<Fine> Fine() => await _host.LoadFine("MZB", "037036", Interlocked.Increment(ref _number).ToString(System.Globalization.CultureInfo.InvariantCulture), minimum: 40, notifiedDaysAgo: 10);

    async Task<Started> Start(string? reference = null)
    {
        reference ??= (await Fine()).Number;
        var due = await _till.Open(reference, "MZB", "MZB");
        var attempt = Guid.CreateVersion7();
        var checkout = (await _till.Checkout(attempt, [due], "MZB", "MZB")).Value;
        return new(attempt, checkout.OrderNumber, checkout.GoTo, due.Value, reference);
    }

    async Task<Started> Paid()
    {
        var payment = await Start();
        await _bank.Pay(payment.GoTo);
        await _host.After(TimeSpan.FromMinutes(3));
        (await _till.StateOf(payment)).Should().Be("paid");
        return payment;
    }

    async Task<string> Refund(Started payment, params string[] more)
    {
        (await _host.Portico(["refund", "ask", payment.Order, "--reason", "Sbagliato verbale", "--by", "marta", .. more])).Code.Should().Be(0);
        var number = (await _host.Database.Value<string>("select number from payments.refund where payment_id = @Attempt and state = 'asked'", payment))!;
        (await _host.Portico("refund", "approve", number, "--by", "luca")).Code.Should().Be(0);
        await _host.Quiet();
        return number;
    }

    /// <summary>As an officer does who has looked into the bank's back office.</summary>
    async Task NotDone(string number)
    {
        (await _host.Portico("refund", "refuse", number, "--reason", "Visto in banca: non eseguito", "--by", "luca")).Code.Should().Be(0);
        (await StateOfRefund(number)).Should().Be("refused");
    }

    Task<string?> StateOfRefund(string number) => _host.Database.Value<string>("select state from payments.refund where number = @number", new { number });

    async Task<BankOrder> AtBank(Started payment) => (await _bank.Orders()).Single(order => order.Order == payment.Order);

    async Task<int> Called(string number, string operation) =>
        (await _bank.Journal()).Count(entry => (string?)entry["kind"] == "called" && (string?)entry["order"] == number && (string?)entry["detail"]!["operation"] == operation);
}
