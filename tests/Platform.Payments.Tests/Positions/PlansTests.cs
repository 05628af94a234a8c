using Autofac;
using FluentValidation;
using Microsoft.AspNetCore.Http;
using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Money;
using Platform.Core.Pages;
using Platform.Payments.Office.Received;
using Platform.Payments.Recorded;
using Platform.Payments.Refunds;
using Platform.Payments.Tests.Checkout;
using Platform.Testing;
using UglyToad.PdfPig;

namespace Platform.Payments.Tests.Positions;

/// <summary>A position that may be paid at once (90,00) or in three instalments (31,00 each): whoever pays first of one way closes the other.</summary>
internal sealed class PlansTests : OnOneHost
{
    const string Service = "rate";

    readonly InstalmentOwner _owner = new();

    int _reference;

    protected override Task<PorticoTestHost> Start() => PorticoTestHost.Start(container: builder => builder.RegisterInstance(_owner).Keyed<IPositionOwner>(Service));

    [TearDown]
    public void Behave() => _owner.Cents = null;

    [Test]
    public async Task The_first_instalment_that_is_paid_closes_the_whole_and_its_owner_hears_what_is_left()
    {
        var (reference, opened) = await Open();
        opened.Instalments.Select(one => (one.Plan, one.Number, one.Payable)).Should().Equal(("tre", 1, true), ("tre", 2, true), ("tre", 3, true));
        var first = await Paid(opened.Instalments[0].Due);
        (await States(opened)).Should().Equal("replaced", "paid", "open", "open");
        (await PositionState(opened)).Should().Be("part_paid");
        (await Checkout(opened.Due)).Refusal!.Code.Should().Be(CheckoutRefusals.OtherPlan);
        (await Told(reference)).Should().Equal(("payments.position_paid.1", 1, 3, 6200));
        var pdf = await Host.Database.Value<byte[]>("select r.pdf from payments.receipt r join payments.payment p using (entity_id, payment_id) where p.order_no = @first", new { first });
        using (var receipt = PdfDocument.Open(pdf!))
            receipt.GetPage(1).Text.Should().Contain("rata 1 di 3").And.Contain("31,00").And.NotContain("90,00");

        await Paid(opened.Instalments[2].Due);
        await Paid(opened.Instalments[1].Due);
        (await PositionState(opened)).Should().Be("paid");
        (await Told(reference)).Should().Equal(("payments.position_paid.1", 1, 3, 6200), ("payments.position_paid.1", 3, 3, 3100), ("payments.position_paid.1", 2, 3, 0));
        using var officer = await Host.SignIn("MZB", "payments.see");
        await officer.Open($"/console/marzabotto/pagamenti/pagamento/{first}");
        officer.Reads.Should().Contain("tre 1/3");
    }

    [Test]
    public async Task The_whole_paid_at_once_closes_the_instalments_and_money_that_comes_for_one_later_is_kept_as_paid_twice()
    {
        var (_, opened) = await Open();
        var late = await Begun(opened.Instalments[0].Due);
        await Host.Bank.Pay(late.GoTo, cancel: true);
        await Host.After(TimeSpan.FromMinutes(3));
        await Paid(opened.Due);
        (await States(opened)).Should().Equal("paid", "replaced", "replaced", "replaced");
        (await PositionState(opened)).Should().Be("paid");
        (await Checkout(opened.Instalments[1].Due)).Refusal!.Code.Should().Be(CheckoutRefusals.OtherPlan);

        // What the bank had said to be given up was paid after all.
        await Host.Bank.SetState(late.OrderNumber, "IC");
        await Till.Tell(late.OrderNumber, "IC");
        await Host.After(TimeSpan.FromSeconds(4));
        (await Host.Database.Rows<(string, long)>("select s.kind, s.cents from payments.surplus s join payments.payment p using (entity_id, payment_id) where p.order_no = @OrderNumber", late)).Should().Equal(("twice", 3100));
        (await States(opened)).Should().Equal("paid", "replaced", "replaced", "replaced");
    }

    [Test]
    public async Task While_somebody_is_at_the_bank_with_one_way_the_other_waits_and_is_free_when_he_gave_up()
    {
        var (_, opened) = await Open();
        var whole = await Begun(opened.Due);
        (await Checkout(opened.Instalments[0].Due)).Refusal!.Code.Should().Be(CheckoutRefusals.OtherPlan);
        await Host.Bank.Pay(whole.GoTo, cancel: true);
        await Host.After(TimeSpan.FromMinutes(3));
        await Paid(opened.Instalments[0].Due);
        (await States(opened)).Should().Equal("replaced", "paid", "open", "open");
    }

    [Test]
    public async Task Of_many_who_choose_differently_at_once_one_way_wins()
    {
        for (var round = 0; round < 3; round++)
        {
            var (_, opened) = await Open();
            var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(n => Checkout(n % 2 == 0 ? opened.Due : opened.Instalments[n % 3].Due)));
            answers.Where(answer => answer.Refusal is not null).Should().OnlyContain(answer => answer.Refusal!.Code == CheckoutRefusals.OtherPlan);
            (await Host.Database.Rows<bool>(
                """
                select distinct d.plan = 'single' from payments.payment_item i join payments.due d using (entity_id, due_id)
                 where d.position_id = @Value
                """, opened.Position)).Should().ContainSingle("nobody is at the bank with the whole while another is there with a part");
        }
    }

    [Test]
    public async Task Two_ways_of_one_position_are_never_in_one_payment()
    {
        var (_, opened) = await Open();
        (await Host.As(Service, "MZB", "MZB", scope => scope.Resolve<ICommands>().Send(
            new StartCheckout(Guid.CreateVersion7(), [opened.Due, opened.Instalments[0].Due], "x", "it"), CancellationToken.None))).Refusal!.Code.Should().Be(CheckoutRefusals.OtherPlan);
        var both = (await Host.As(Service, "MZB", "MZB", scope => scope.Resolve<ICommands>().Send(
            new StartCheckout(Guid.CreateVersion7(), [opened.Instalments[0].Due, opened.Instalments[1].Due], "x", "it"), CancellationToken.None))).Value;
        both.Amount.Should().Be(new Euro(6200), "several instalments may be");
    }

    [Test]
    public async Task The_reversal_of_the_only_instalment_paid_frees_the_choice_again()
    {
        var (reference, opened) = await Open();
        var order = await Paid(opened.Instalments[0].Due);
        await Reverse(order);
        (await States(opened)).Should().Equal("open", "open", "open", "open");
        (await PositionState(opened)).Should().Be("open");
        (await Told(reference))[^1].Should().Be(("payments.position_reversed.1", 1, 3, 9300));
        await Paid(opened.Due);
        (await States(opened)).Should().Equal("paid", "replaced", "replaced", "replaced");
    }

    [Test]
    public async Task The_reversal_of_one_of_two_leaves_the_choice()
    {
        var (_, opened) = await Open();
        var first = await Paid(opened.Instalments[0].Due);
        await Paid(opened.Instalments[1].Due);
        await Reverse(first);
        (await States(opened)).Should().Equal("replaced", "open", "paid", "open");
        (await PositionState(opened)).Should().Be("part_paid");
    }

    [TestCase(false, "open")]
    [TestCase(true, "cancelled")]
    public async Task What_is_given_back_whole_frees_the_choice_unless_it_was_not_owed(bool notOwed, string whole)
    {
        var (_, opened) = await Open();
        var order = await Paid(opened.Instalments[0].Due);
        var desk = Host.Container.Resolve<RefundDesk>();
        var creditor = new EntityId(await Host.Database.Value<int>("select entity_id from core.entity where code = 'MZB'", new { }));
        var number = (await desk.Ask(creditor, new RefundWish(order, null, null, notOwed, "prova"), "cli:marta", CancellationToken.None)).Value;
        (await desk.Approve(creditor, number, "cli:luca", CancellationToken.None)).Refusal.Should().BeNull();
        await Host.Quiet();
        (await desk.Confirm(creditor, number, "op. 1", "cli:luca", CancellationToken.None)).Refusal.Should().BeNull();
        await Host.Quiet();
        (await States(opened)).Should().Equal(whole, whole, "open", "open");
    }

    [Test]
    public async Task A_plan_that_nobody_began_ends_with_its_first_day_and_a_chosen_one_instalment_by_instalment()
    {
        var today = Core.Time.LegalTime.Day(Host.Clock.GetUtcNow());
        var (reference, idle) = await Open(expires: today.AddDays(1));
        var (_, chosen) = await Open(expires: today.AddDays(1));
        await Paid(chosen.Instalments[1].Due);
        await Host.After(TimeSpan.FromDays(2));
        (await States(idle)).Should().Equal("open", "expired", "expired", "expired");
        (await PositionState(idle)).Should().Be("open");
        (await Host.Database.Value<string>("select payload ->> 'stillPayable' from core.outbox where type = 'payments.position_expired.1' and payload -> 'position' ->> 'reference' = @reference", new { reference })).Should().Be("true");
        (await States(chosen)).Should().Equal("replaced", "expired", "paid", "open");
        (await PositionState(chosen)).Should().Be("part_paid");
    }

    [Test]
    public async Task What_is_opened_again_without_its_plan_has_none_unless_somebody_chose_it()
    {
        var (reference, left) = await Open();
        (await Send(new OpenPosition(reference, "Retta", Whole))).Instalments.Should().OnlyContain(one => !one.Payable && !one.Paid);
        (await States(left)).Should().Equal("open", "cancelled", "cancelled", "cancelled");
        (await Send(new OpenPosition(reference, "Retta", Whole) { Plans = [Three()] })).Instalments.Should().OnlyContain(one => one.Payable, "it is offered again");

        (reference, var chosen) = await Open();
        await Paid(chosen.Instalments[0].Due);
        await Send(new OpenPosition(reference, "Retta", Whole));
        (await States(chosen)).Should().Equal("replaced", "paid", "open", "open");
    }

    [Test]
    public async Task Its_owner_may_price_an_instalment_anew_and_a_whole_position_may_be_withdrawn()
    {
        var (reference, opened) = await Open();
        _owner.Cents = 3333;
        (await Begun(opened.Instalments[0].Due)).Amount.Should().Be(new Euro(3333));
        (reference, opened) = await Open();
        (await Host.As(Service, "MZB", "MZB", scope => scope.Resolve<ICommands>().Send(new CancelPosition(reference, "prova"), CancellationToken.None))).Refusal.Should().BeNull();
        (await States(opened)).Should().OnlyContain(state => state == "cancelled");
        (await Checkout(opened.Instalments[0].Due)).Refusal!.Code.Should().Be(CheckoutRefusals.NotOpen);
    }

    [Test]
    public async Task A_page_offers_the_ways_that_are_left_and_pays_what_was_chosen()
    {
        var position = new OpenPosition($"R{++_reference}", "Retta", Whole) { Plans = [Three()] };
        (await Ways(position)).Should().Equal(new WayToPay(null, 1, 1, new(9000), new(9000), new(2026, 12, 31)), new WayToPay("tre", 1, 3, new(3100), new(9300), new(2026, 4, 30)));
        (await PayOnPage(position, "tre/9")).Refusal!.Code.Should().Be(CheckoutRefusals.NotOpen);
        (await PayOnPage(position, "' or 1=1")).Refusal!.Code.Should().Be(CheckoutRefusals.NotOpen);
        var checkout = (await PayOnPage(position, "tre/1")).Value;
        checkout.Amount.Should().Be(new Euro(3100));
        using (var back = await Till.Post(Till.Return, (await Host.Bank.Pay(checkout.GoTo)).Body))
            await Host.After(TimeSpan.FromSeconds(4));
        (await Ways(position)).Should().Equal(new WayToPay("tre", 2, 3, new(3100), new(9300), new(2026, 5, 30)));
        (await PayOnPage(position, "tre/1")).Refusal!.Code.Should().Be(CheckoutRefusals.AlreadyPaid);
        (await PayOnPage(position, "unica")).Refusal!.Code.Should().Be(CheckoutRefusals.OtherPlan);
        (await PayOnPage(position, "tre/2")).Value.Amount.Should().Be(new Euro(3100));
    }

    Task<IReadOnlyList<WayToPay>> Ways(OpenPosition position) => Host.As(Service, "MZB", "MZB", scope => scope.Resolve<ICommands>().Send(new AskWays(position), CancellationToken.None));

    /// <summary>As a service's page does with what its form was sent with.</summary>
    async Task<Outcome<StartedCheckout>> PayOnPage(OpenPosition position, string way)
    {
        var entity = (await Host.Container.Resolve<EntityDirectory>().Current(CancellationToken.None)).ByCode("MZB")!;
        var request = new PageRequest(
            entity, entity, PageCultures.Italian, "/marzabotto/rate", new Dictionary<string, string>(StringComparer.Ordinal), QueryCollection.Empty,
            new FormCollection(new(StringComparer.Ordinal) { [PayFromPage.WayField] = way }), Host.Clock.GetUtcNow());
        return await Host.As(Service, "MZB", "MZB", scope => scope.Resolve<ICommands>().Pay(request, position, "x", CancellationToken.None));
    }

    [TestCase("single", 3)]
    [TestCase("Tre rate", 3)]
    [TestCase("tre", 1)]
    public async Task A_plan_that_is_none_is_refused(string name, int count)
    {
        var open = () => Send(new OpenPosition("X", "Retta", Whole) { Plans = [new(name, [.. Enumerable.Repeat(Whole, count)])] });
        await open.Should().ThrowAsync<ValidationException>();
    }

    [Test]
    public async Task An_instalment_that_an_officer_received_closes_the_whole_and_waits_for_no_other_instalment()
    {
        var (reference, opened) = await Open();
        var whole = (await Record(reference, null, 9000)).Value.OrderNo;
        (await Record(reference, new("tre", 1), 3100)).Refusal!.Code.Should().Be(RecordingRefusals.Waits, "another way of the same position is recorded and waits");
        (await Checkout(opened.Instalments[0].Due)).Refusal!.Code.Should().Be(CheckoutRefusals.OtherPlan);
        await Decide(whole, agree: false);
        var atBank = await Begun(opened.Instalments[1].Due);
        (await Record(reference, null, 9000)).Refusal!.Code.Should().Be(RecordingRefusals.AtBank);
        (await Record(reference, new("tre", 2), 3100)).Refusal!.Code.Should().Be(RecordingRefusals.AtBank);
        foreach (var unknown in new InstalmentNumber[] { new("tre", 4), new("tre", 0), new("due", 1) })
            (await Record(reference, unknown, 3100)).Refusal!.Code.Should().Be(RecordingRefusals.Unknown);

        var recorded = (await Record(reference, new("tre", 1), 3100)).Value;
        recorded.Should().Match<RecordedPayment>(one => one.Instalment == "tre 1/3" && one.Asked == new Euro(3100), "nobody is at the bank with this one");
        await Decide(recorded.OrderNo, agree: true);
        await Host.Quiet();
        (await States(opened)).Should().Equal("replaced", "paid", "open", "open");
        (await Told(reference)).Should().Equal(("payments.position_paid.1", 1, 3, 6200));
        using (await Till.Post(Till.Return, (await Host.Bank.Pay(atBank.GoTo)).Body))
            await Host.After(TimeSpan.FromSeconds(4));
        (await States(opened)).Should().Equal("replaced", "paid", "paid", "open");
    }

    [Test]
    public async Task One_instalment_may_be_withdrawn_and_comes_back_only_when_its_service_names_it_again()
    {
        var (reference, opened) = await Open();
        await Paid(opened.Instalments[0].Due);
        (await Withdraw(reference, 1)).Refusal!.Code.Should().Be(PositionRefusals.Paid);
        foreach (var number in new[] { 0, 4 })
            (await Withdraw(reference, number)).Refusal!.Code.Should().Be(PositionRefusals.Unknown);
        (await Withdraw(reference, 3)).Refusal.Should().BeNull();
        (await Withdraw(reference, 3)).Refusal.Should().BeNull("said again it changes nothing");
        (await States(opened)).Should().Equal("replaced", "paid", "open", "cancelled");
        (await Checkout(opened.Instalments[2].Due)).Refusal!.Code.Should().Be(CheckoutRefusals.NotOpen);
        (await Paid(opened.Instalments[1].Due)).Should().NotBeEmpty();
        (await PositionState(opened)).Should().Be("paid", "nothing else is left of the plan");
        (await Told(reference))[^1].Should().Be(("payments.position_paid.1", 2, 3, 0));
        (await Host.Database.Value<long>("select count(*) from core.journal where kind = 'position.instalment_cancelled' and body ->> 'reference' = @reference", new { reference })).Should().Be(1);
    }

    [Test]
    public async Task A_withdrawn_instalment_does_not_come_back_with_a_position_that_is_restored()
    {
        var (reference, opened) = await Open();
        await Withdraw(reference, 2);
        await Host.As(Service, "MZB", "MZB", scope => scope.Resolve<ICommands>().Send(new CancelPosition(reference, "sospesa"), CancellationToken.None));
        (await States(opened)).Should().OnlyContain(state => state == "cancelled");
        await Host.As(Service, "MZB", "MZB", scope => scope.Resolve<ICommands>().Send(new RestorePosition(reference, "di nuovo"), CancellationToken.None));
        (await States(opened)).Should().Equal("open", "open", "cancelled", "open");
        await Send(new OpenPosition(reference, $"Retta {reference}", Whole) { Plans = [Three()] });
        (await States(opened)).Should().Equal("open", "open", "open", "open");
    }

    Task<Outcome<PositionId>> Withdraw(string reference, int number) => Host.As(
        Service, "MZB", "MZB", scope => scope.Resolve<ICommands>().Send(new CancelInstalment(reference, "tre", number, "ridotta"), CancellationToken.None));

    Task<Outcome<RecordedPayment>> Record(string reference, InstalmentNumber? instalment, long cents) => Host.As("payments", "MZB", "MZB", scope => scope.Resolve<ICommands>().Send(
        new RecordPayment(Guid.CreateVersion7(), Service, reference, new Euro(cents), "cash", "Cassa 1", Core.Time.LegalTime.Day(Host.Clock.GetUtcNow()), "cli:marta") { Instalment = instalment }, CancellationToken.None));

    async Task Decide(string order, bool agree) =>
        (await Host.As("payments", "MZB", "MZB", scope => scope.Resolve<ICommands>().Send(new DecideRecording(order, agree, "cli:luca"), CancellationToken.None))).Refusal.Should().BeNull();

    static DuePlan Whole => new(new(2026, 12, 31), [new("Retta", "9/0107101TS/", "1", new Euro(9000))]);

    static InstalmentPlan Three(DateOnly? expires = null) =>
        new("tre", [.. Enumerable.Range(1, 3).Select(n => new DuePlan(new(2026, 3 + n, 30), [new($"Retta, parte {n}", "9/0107101TS/", "1", new Euro(3100))], n == 1 ? expires : null))]);

    async Task<(string Reference, OpenedPosition Opened)> Open(DateOnly? expires = null)
    {
        var reference = $"R{++_reference}";
        return (reference, await Send(new OpenPosition(reference, $"Retta {reference}", Whole) { Plans = [Three(expires)] }));
    }

    Task<OpenedPosition> Send(OpenPosition position) => Host.As(Service, "MZB", "MZB", scope => scope.Resolve<ICommands>().Send(position, CancellationToken.None));

    Task<Outcome<StartedCheckout>> Checkout(DueId due) => Host.As(
        Service, "MZB", "MZB", scope => scope.Resolve<ICommands>().Send(new StartCheckout(Guid.CreateVersion7(), [due], "x", "it"), CancellationToken.None));

    async Task<StartedCheckout> Begun(DueId due)
    {
        var checkout = (await Checkout(due)).Value;
        await Host.Bank.Lie(checkout.OrderNumber, new { listener = new { drop = true } });
        return checkout;
    }

    async Task<string> Paid(DueId due)
    {
        var checkout = await Begun(due);
        using var back = await Till.Post(Till.Return, (await Host.Bank.Pay(checkout.GoTo)).Body);
        await Host.After(TimeSpan.FromSeconds(4));
        return checkout.OrderNumber;
    }

    async Task Reverse(string order)
    {
        await Host.Bank.SetState(order, "ST");
        await Till.Tell(order, "ST", "CO");
        await Host.Quiet();
    }

    Task<IReadOnlyList<string>> States(OpenedPosition opened) => Host.Database.Rows<string>("select state from payments.due where position_id = @Value order by plan, n", opened.Position);

    Task<string?> PositionState(OpenedPosition opened) => Host.Database.Value<string>("select state from payments.position where position_id = @Value", opened.Position);

    Task<IReadOnlyList<(string Type, int Number, int Count, long Left)>> Told(string reference) => Host.Database.Rows<(string, int, int, long)>(
        """
        select type, (payload -> 'instalment' ->> 'number')::int, (payload -> 'instalment' ->> 'count')::int, (payload -> 'instalment' ->> 'left')::bigint
          from core.outbox where payload -> 'position' ->> 'reference' = @reference and payload -> 'position' ->> 'service' = 'rate' order by seq
        """, new { reference });

    /// <summary>Tells of an instalment what the test says, or leaves it as it was opened.</summary>
    sealed class InstalmentOwner : IPositionOwner
    {
        public long? Cents { get; set; }

        public ValueTask<Quote> Reprice(PositionKey position, DateOnly legalDay, CancellationToken stop) => new(MisbehavingOwner.Priced(9000));

        public ValueTask<Quote?> RepriceInstalment(PositionKey position, string plan, int number, DateOnly legalDay, CancellationToken stop) =>
            new(Cents is { } cents ? MisbehavingOwner.Priced(cents) : null);
    }
}
