using Autofac;
using Dapper;
using Npgsql;
using Platform.Core.Commands;
using Platform.Core.Money;
using Platform.Payments.Ledger;
using Platform.Payments.Refunds;
using Platform.Testing;

namespace Platform.Payments.Tests.Refunds;

/// <summary>Money goes back once, never more than was taken, and by two persons where the creditor wants two.</summary>
internal sealed class RefundTests
{
    PorticoTestHost Host = null!;
    Till Till = null!;
    RefundingBank Bank = null!;

    [SetUp]
    public async Task Open()
    {
        Bank = new();
        Host = await PorticoTestHost.Start(container: builder => builder.RegisterInstance(Bank).As<IPaymentGateway>());
        Till = new(Host);
        // Marzabotto has a contract of its own, with a bank that gives back by protocol; the union keeps PagOnLine, which does not.
        await Save(Guid.CreateVersion7());
    }

    async Task Save(Guid id)
    {
        var owner = await Host.Database.Value<int>("select entity_id from core.entity where code = 'MZB'", new { });
        await Host.Container.Resolve<Platform.Payments.Checkout.Agreements>().Save(
            id, new(owner), RefundingBank.Name, new(2020, 1, 1), "test", System.Text.Json.JsonSerializer.SerializeToElement(new { start = "https://banca.example/pay" }), CancellationToken.None);
    }

    [TearDown]
    public async Task Close()
    {
        Till.Dispose();
        await Host.DisposeAsync();
    }

    [Test]
    public async Task A_refund_is_ordered_once_booked_and_told_and_the_fine_is_owed_again()
    {
        var paid = await PaidAtTheBank();
        var number = await Asked(paid.Order, "marta");
        (await Words("refund", "list")).Should().Contain($"{number}\t{paid.Order}\t42,00").And.Contain("asked\tSbagliato verbale\tcli:marta");
        await Word("refund", "approve", number, "--by", "luca");
        await Host.Quiet();

        Bank.GivenBack.Should().ContainSingle().Which.Should().Match<GatewayRefund>(refund => refund.Number == number && refund.Amount == new Euro(4200) && refund.Order.OrderNumber == paid.Order);
        (await State(number)).Should().Be("done");
        (await Host.Database.Value<string>("select state from payments.due where due_id = @Due", paid)).Should().Be("open");
        (await Host.Database.Value<string>("select state from fines.fine where series || '/' || year || '/' || number = @Reference", paid)).Should().Be("open");
        (await Balance("collections")).Should().Be(0);
        (await Balance("income/1")).Should().Be(0);
        (await AddsUp()).Should().BeEmpty();

        var again = await PaidAtTheBank(paid.Reference);
        (await Host.Database.Value<string>("select state || ' ' || paid_order from fines.fine where series || '/' || year || '/' || number = @Reference", paid)).Should().Be($"paid {again.Order}");
        (await AddsUp()).Should().BeEmpty();
    }

    [Test]
    public async Task A_partial_refund_leaves_the_due_paid_and_the_receipt_s_check_says_how_much_is_left()
    {
        var paid = await PaidAtTheBank();
        await Word("refund", "approve", await Asked(paid.Order, "marta", "--amount", "12,50"), "--by", "luca");
        await Host.Quiet();
        (await Host.Database.Value<string>("select state from payments.due where due_id = @Due", paid)).Should().Be("paid");
        (await Host.Database.Value<string>("select state from fines.fine where series || '/' || year || '/' || number = @Reference", paid)).Should().Be("paid");
        (await Balance("collections")).Should().Be(2950);
        using var anybody = Host.NewCitizen();
        var code = await Host.Database.Value<string>("select code from payments.receipt where payment_id = @Attempt", paid);
        await anybody.Open($"/verifica/{code}");
        anybody.Reads.Should().Contain("Rimborsato in parte").And.Contain("12,50").And.Contain("29,50");

        await Word("refund", "approve", await Asked(paid.Order, "marta", "--not-owed"), "--by", "luca");
        await Host.Quiet();
        (await Host.Database.Value<string>("select state from payments.due where due_id = @Due", paid)).Should().Be("cancelled");
        await anybody.Open($"/verifica/{code}");
        anybody.Reads.Should().Contain("Pagamento rimborsato").And.NotContain("Quietanza autentica");
        (await AddsUp()).Should().BeEmpty();
        (await Host.Portico("refund", "ask", paid.Order, "--reason", "Ancora", "--by", "marta")).Errors.Should().Contain("more than is left");
    }

    [Test]
    public async Task A_reversal_by_the_bank_after_a_partial_refund_leaves_nothing_in_the_book_and_ends_what_was_asked()
    {
        var paid = await PagOnLinePaid();
        var done = await Asked(paid.Order, "marta", "--amount", "10,00");
        await Word("refund", "approve", done, "--by", "luca");
        await Host.Quiet();
        // Not by the command line, whose clock is the machine's: the events that follow must not wait for it.
        (await Host.Container.Resolve<RefundDesk>().Confirm(await Creditor("URG"), done, "op. 1", "cli:luca", CancellationToken.None)).Refusal.Should().BeNull();
        var waits = await Asked(paid.Order, "marta", "--amount", "5,00");
        await Host.Bank.SetState(paid.Order, "ST");
        await Till.Tell(paid.Order, "ST", "CO");
        await Host.Quiet();
        (await Till.StateOf(paid)).Should().Be("reversed");
        (await State(waits)).Should().Be("refused");
        (await Balance("collections")).Should().Be(0);
        (await AddsUp()).Should().BeEmpty();
    }

    [Test]
    public async Task Who_asked_cannot_approve_however_the_name_is_written()
    {
        var paid = await PaidAtTheBank();
        var number = await Asked(paid.Order, "Marta");
        foreach (var same in new[] { "Marta", "marta", " MARTA " })
            (await Host.Portico("refund", "approve", number, "--by", same)).Errors.Should().Contain("cannot be the second person");
        await Host.Quiet();
        (await State(number)).Should().Be("asked");
        Bank.GivenBack.Should().BeEmpty();
    }

    [Test]
    public async Task Below_the_creditor_s_threshold_one_person_is_enough()
    {
        await Word("refund", "policy", "--entity", "MZB", "--four-eyes-from", "20,00", "--by", "dirigente");
        var paid = await PaidAtTheBank();
        var small = await Asked(paid.Order, "marta", "--amount", "19,99");
        var rest = await Asked(paid.Order, "marta");
        await Host.Quiet();
        (await State(small)).Should().Be("done");
        (await State(rest)).Should().Be("asked", "the rest is 22,01 €");
        (await AddsUp()).Should().BeEmpty();
    }

    [Test]
    public async Task However_many_ask_at_once_no_cent_is_given_back_twice()
    {
        await Word("refund", "policy", "--entity", "MZB", "--four-eyes-from", "1000,00", "--by", "dirigente");
        var paid = await PaidAtTheBank();
        var creditor = await Creditor("MZB");
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 16).Select(n => Host.Container.Resolve<RefundDesk>().Ask(
            creditor, new(paid.Order, null, new Euro(1000), false, "gara"), $"cli:{n}", CancellationToken.None)));
        await Host.Quiet();
        outcomes.Count(outcome => outcome.Refusal is null).Should().Be(4, "four times 10,00 € are in 42,00 €");
        Bank.GivenBack.Sum(refund => refund.Amount.Cents).Should().Be(4000);
        (await AddsUp()).Should().BeEmpty();
    }

    [Test]
    public async Task The_database_itself_refuses_more_than_was_taken_a_second_order_and_one_person_for_two()
    {
        var paid = await PaidAtTheBank();
        var number = await Asked(paid.Order, "marta");
        await Word("refund", "approve", number, "--by", "luca");
        await Host.Quiet();
        await Refused("update payments.payment set refunded_cents = taken_cents + 1 where order_no = @Order", paid);
        await Refused("insert into payments.external_call select entity_id, refund_id, payment_id, 'refund', asked_at from payments.refund where number = @number", new { number });
        await Refused("update payments.refund set approved_by = 'CLI:Marta' where number = @number", new { number });
        await Refused("update payments.refund set approved_by = null where number = @number", new { number });
        await Refused("insert into payments.due_released select * from payments.due_released", new { });
    }

    [Test]
    public async Task A_host_that_dies_between_asking_the_bank_and_hearing_it_never_asks_twice()
    {
        var paid = await PaidAtTheBank();
        var number = await Asked(paid.Order, "marta");
        // The bank does it, and the answer never comes: what is written is what a host that was killed leaves behind.
        Bank.Fate = _ => throw new OperationCanceledException("the host is gone");
        await Word("refund", "approve", number, "--by", "luca");
        await Host.Quiet();
        (await State(number)).Should().Be("at_bank");
        (await Host.Database.Value<long>("select count(*) from payments.external_call where kind = 'refund' and ended_at is null", new { })).Should().Be(1);
        Bank.GivenBack.Enqueue(new(new(paid.Order, new Euro(4200), new("https://x/"), "it"), number, new Euro(4200)));
        Bank.Fate = _ => throw new AssertionException("The refund was ordered a second time.");

        await Host.After(RefundRunner.LeftAfter + TimeSpan.FromSeconds(1));
        (await State(number)).Should().Be("done");
        Bank.GivenBack.Should().ContainSingle();
        (await Host.Database.Value<long>("select count(*) from payments.external_call where ended_at is null", new { })).Should().Be(0);
        (await AddsUp()).Should().BeEmpty();
    }

    [TestCase(RefundOutcome.NotFound)]
    [TestCase(RefundOutcome.Undetermined)]
    public async Task What_the_bank_leaves_unclear_is_asked_about_and_never_ordered_again_until_an_officer_has_proof(RefundOutcome says)
    {
        var paid = await PaidAtTheBank();
        var number = await Asked(paid.Order, "marta");
        Bank.Fate = _ => Task.FromResult(RefundOutcome.Undetermined);
        Bank.Says = says;
        await Word("refund", "approve", number, "--by", "luca");
        await Host.Quiet();
        for (var hour = 0; hour < 48; hour++)
            await Host.After(TimeSpan.FromHours(1));
        (await State(number)).Should().Be("unknown");
        Bank.GivenBack.Should().ContainSingle();
        (await AddsUp()).Should().ContainSingle(line => line.StartsWith("refund heard", StringComparison.Ordinal));
        (await Host.Portico("refund", "confirm", number, "--proof", "estratto", "--by", "marta")).Errors.Should().Contain("cannot be the second person");
        await Word("refund", "confirm", number, "--proof", "estratto conto n. 4", "--by", "luca");
        (await AddsUp()).Should().BeEmpty();
    }

    [Test]
    public async Task What_the_bank_refuses_is_free_again()
    {
        var paid = await PaidAtTheBank();
        var number = await Asked(paid.Order, "marta");
        Bank.Fate = _ => Task.FromResult(RefundOutcome.Refused);
        await Word("refund", "approve", number, "--by", "luca");
        await Host.Quiet();
        (await State(number)).Should().Be("refused");
        (await Host.Database.Value<string>("select state from payments.due where due_id = @Due", paid)).Should().Be("paid");
        await Asked(paid.Order, "marta");
        (await AddsUp()).Should().BeEmpty();
    }

    [Test]
    public async Task Where_the_bank_has_no_protocol_for_it_an_officer_does_it_by_hand_and_another_confirms_it_with_a_proof()
    {
        var paid = await PagOnLinePaid();
        var number = await Asked(paid.Order, "marta");
        await Word("refund", "approve", number, "--by", "luca");
        await Host.Quiet();
        (await Balance("collections")).Should().Be(4200);
        (await Words("refund", "list", "--entity", "URG")).Should().Contain("by_hand");
        (await Host.Portico("refund", "confirm", number, "--proof", " ", "--by", "luca")).Code.Should().Be(2);
        (await Host.Portico("refund", "confirm", number, "--proof", "op. 77", "--by", "MARTA")).Errors.Should().Contain("cannot be the second person");
        await Word("refund", "confirm", number, "--proof", "op. 77", "--by", "luca");
        await Host.Quiet();
        (await Balance("collections")).Should().Be(0);
        (await Words("refund", "list", "--all")).Should().Contain("cli:luca: op. 77");
        (await Host.Portico("refund", "confirm", number, "--proof", "op. 78", "--by", "luca")).Errors.Should().Contain("is done");
        (await AddsUp()).Should().BeEmpty();
    }

    [Test]
    public async Task Of_a_payment_of_several_dues_a_part_says_which_and_only_that_one_is_owed_again()
    {
        var dues = new List<DueId>();
        foreach (var number in new[] { "8801", "8802" })
        {
            var fine = await Host.LoadFine("MZB", "037036", number, minimum: 40, notifiedDaysAgo: 10);
            dues.Add(await Till.Open(fine.Number, "MZB", "MZB"));
        }
        var checkout = (await Till.Checkout(Guid.CreateVersion7(), [.. dues], "MZB", "MZB")).Value;
        Bank.Take(checkout.OrderNumber, checkout.Amount);
        await Host.After(TimeSpan.FromMinutes(3));
        (await Host.Portico("refund", "ask", checkout.OrderNumber, "--amount", "1,00", "--reason", "Sbagliato", "--by", "marta")).Errors.Should().Contain("--due").And.Contain(dues[0].Value.ToString());
        await Word("refund", "approve", await Asked(checkout.OrderNumber, "marta", "--due", dues[1].Value.ToString()), "--by", "luca");
        await Host.Quiet();
        // Two events want the one receipt at once: the one that came second tries again.
        await Host.After(TimeSpan.FromMinutes(1));
        (await Host.Database.Rows<string>("select state from payments.due where due_id = any(@ids) order by due_id = @second", new { ids = dues.Select(due => due.Value).ToArray(), second = dues[1].Value }))
            .Should().Equal("paid", "open");
        (await AddsUp()).Should().BeEmpty();
    }

    [TestCase(5000, 5000)]
    [TestCase(1001, 1001)]
    [TestCase(1001, 1001, true)]
    [TestCase(5000, 5000, true)]
    public async Task Another_amount_than_asked_is_given_back_as_it_was_taken(long taken, long back, bool onAccount = false)
    {
        Till.OnAccount = onAccount;
        var paid = await PaidAtTheBank(taken: taken);
        await Word("refund", "approve", await Asked(paid.Order, "marta"), "--by", "luca");
        await Host.Quiet();
        Bank.GivenBack.Single().Amount.Should().Be(new Euro(back));
        foreach (var account in new[] { "collections", "income/sanzioni-cds", "income/spese-notifica", "surplus", "shortfall" })
            (await Balance(account)).Should().Be(0, account);
        (await AddsUp()).Should().BeEmpty();
    }

    [Test]
    public async Task What_is_too_little_on_account_is_no_claim_and_no_income_and_no_task_and_its_owner_is_told()
    {
        Till.OnAccount = true;
        var paid = await PaidAtTheBank(taken: 1001);
        (await Income()).Should().Be(1001);
        (await Balance("shortfall")).Should().Be(0);
        (await Words("tasks", "list")).Should().NotContain("too_little");
        (await Host.Database.Rows<string>("select payload ->> 'orderNumber' || ' ' || (payload ->> 'amount') from core.outbox where type = 'payments.position_amount.1'")).Should().Equal($"{paid.Order} 1001");
        (await AddsUp()).Should().BeEmpty();

        await Word("refund", "approve", await Asked(paid.Order, "marta", "--amount", "5,00"), "--by", "luca");
        await Host.Quiet();
        (await Income()).Should().Be(501);
        (await Host.Portico("refund", "ask", paid.Order, "--amount", "5,02", "--reason", "Troppo", "--by", "marta")).Errors.Should().Contain("more than is left");
        await Word("refund", "approve", await Asked(paid.Order, "marta"), "--by", "luca");
        await Host.Quiet();
        (await Income()).Should().Be(0);
        (await Host.Database.Value<string>("select state from payments.due where due_id = @Due", paid)).Should().Be("open", "all that was taken is given back");
        (await Balance("collections")).Should().Be(0);
        (await Balance("shortfall")).Should().Be(0);
        (await AddsUp()).Should().BeEmpty();
    }

    [Test]
    public async Task Money_that_was_not_owed_is_told_to_its_owner_and_so_is_that_it_went_back()
    {
        var first = await Start();
        var second = await Start(first.Reference);
        Bank.Take(first.Order, new Euro(4200));
        Bank.Take(second.Order, new Euro(5000));
        await Host.After(TimeSpan.FromMinutes(3));
        await Word("refund", "approve", await Asked(second.Order, "marta", "--amount", "20,00"), "--by", "luca");
        await Word("refund", "approve", await Asked(second.Order, "marta"), "--by", "luca");
        await Host.Quiet();
        (await Host.Database.Rows<string>("select payload ->> 'orderNumber' || ' ' || (payload ->> 'amount') from core.outbox where type = 'payments.position_surplus.1' order by seq")).Should().Equal(
            $"{second.Order} 4200", $"{second.Order} 5000", $"{second.Order} 3000", $"{second.Order} 0");
        (await AddsUp()).Should().BeEmpty();
    }

    Task<long> Income() => Host.Database.Value<long>(
        "select coalesce(sum(case when credit like 'income/%' then cents else 0 end - case when debit like 'income/%' then cents else 0 end), 0)::bigint from payments.transfer");

    [Test]
    public async Task A_creditor_s_policy_gives_back_by_itself_what_was_paid_twice_or_beyond_what_was_asked()
    {
        await Word("refund", "policy", "--entity", "MZB", "--twice", "refund", "--too-much", "refund", "--by", "dirigente");
        var (first, second) = (await Start(), default(Started));
        second = await Start(first.Reference);
        Bank.Take(first.Order, new Euro(5000));
        Bank.Take(second.Order, new Euro(4200));
        await Host.After(TimeSpan.FromMinutes(3));
        Bank.GivenBack.Select(refund => refund.Amount.Cents).Should().BeEquivalentTo([800L, 4200L]);
        (await Host.Database.Rows<string>("select asked_by || ' ' || approved_by from payments.refund")).Should().OnlyContain(who => who == "portico cli:dirigente");
        (await Host.Database.Value<string>("select state from payments.due where due_id = @Due", first)).Should().Be("paid");
        (await Balance("surplus")).Should().Be(0);
        (await AddsUp()).Should().BeEmpty();
        await Host.After(TimeSpan.FromHours(1));
        Bank.GivenBack.Should().HaveCount(2);
    }

    [TestCase("set aside", "update payments.payment set refunded_cents = refunded_cents - 1 where refunded_cents > 0")]
    [TestCase("set aside", "update payments.refund_line set cents = cents + 1")]
    [TestCase("set aside", "update payments.payment_line set cents = cents - 1")]
    [TestCase("refunded", "delete from payments.transfer where cause = 'refund.done'")]
    [TestCase("refunded", "insert into payments.transfer select entity_id, 'refund.done', gen_random_uuid(), n, debit, credit, cents, booked_on, booked_at from payments.transfer where cause = 'refund.done'")]
    [TestCase("income", "update payments.transfer set debit = 'surplus' where cause = 'refund.done'")]
    [TestCase("released", "update payments.refund set state = 'at_bank', ended_at = null, ended_by = null")]
    [TestCase("released", "insert into payments.due_paid select entity_id, due_id, payment_id, at from payments.due_released")]
    [TestCase("refund told", "delete from core.outbox where type = 'payments.position_refunded.1'")]
    [TestCase("refund told", "insert into core.outbox select entity_id, gen_random_uuid(), seq, gen_random_uuid(), type, payload, at from core.outbox where type = 'payments.position_refunded.1'")]
    [TestCase("refund told", "update core.outbox set payload = jsonb_set(payload, '{amount}', '1') where type = 'payments.position_refunded.1'")]
    [TestCase("told", "update core.outbox set payload = jsonb_set(payload, '{then}', '\"Paid\"') where type = 'payments.position_refunded.1'")]
    [TestCase("refund heard", "update payments.refund set state = 'unknown', ended_at = null, ended_by = null")]
    [TestCase("refund heard", "update payments.refund set approved_by = asked_by")]
    [TestCase("shares", "delete from payments.due_released")]
    public async Task The_check_of_money_names_what_was_done_to_a_refund_s_rows(string invariant, string deed)
    {
        var paid = await PaidAtTheBank();
        await Word("refund", "approve", await Asked(paid.Order, "marta"), "--by", "luca");
        await Host.Quiet();
        await using var connection = new NpgsqlConnection(Host.Database.Owner);
        await connection.OpenAsync();
        await connection.ExecuteAsync("set session_replication_role = replica; alter table payments.refund drop constraint refund_check, drop constraint refund_check1");
        (await connection.ExecuteAsync(deed)).Should().BePositive("else nothing was done");
        var found = new List<string>();
        foreach (var one in MoneyInvariants.All)
            found.AddRange((await connection.QueryAsync<MoneyContradiction>(one.Sql, new { before = DateTimeOffset.MaxValue })).Select(row => one.Name));
        found.Should().Contain(invariant);
    }

    async Task<Started> Start(string? reference = null)
    {
        if (reference is null)
            return await Till.Start("MZB", "MZB");
        var due = await Till.Open(reference, "MZB", "MZB");
        var attempt = Guid.CreateVersion7();
        var checkout = (await Till.Checkout(attempt, [due], "MZB", "MZB")).Value;
        return new(attempt, checkout.OrderNumber, checkout.GoTo, due.Value, reference);
    }

    async Task<Started> PaidAtTheBank(string? reference = null, long taken = 4200)
    {
        var payment = await Start(reference);
        Bank.Take(payment.Order, new Euro(taken));
        await Host.After(TimeSpan.FromMinutes(3));
        (await Till.StateOf(payment)).Should().Be("paid");
        return payment;
    }

    async Task<Core.Entities.EntityId> Creditor(string code) => new(await Host.Database.Value<int>("select entity_id from core.entity where code = @code", new { code }));

    Task<Started> PagOnLinePaid() => Till.Paid();

    async Task<string> Asked(string order, string by, params string[] more) =>
        (await Word(["refund", "ask", order, "--reason", "Sbagliato verbale", "--by", by, .. more])).Split(':')[0];

    async Task<string> Word(params string[] words)
    {
        var told = await Host.Portico(words);
        told.Code.Should().Be(0, told.Errors);
        return told.Output;
    }

    Task<string> Words(params string[] words) => Word(words);

    Task<string?> State(string number) => Host.Database.Value<string?>("select state from payments.refund where number = @number", new { number });

    Task<long> Balance(string account) => Host.Database.Value<long>(
        "select coalesce(sum(case when debit = @account then cents else 0 end - case when credit = @account then cents else 0 end), 0)::bigint from payments.transfer", new { account });

    async Task<List<string>> AddsUp()
    {
        var wrong = new List<string>();
        await foreach (var (invariant, contradictions) in Host.Container.Resolve<MoneyCheck>().Run(TimeSpan.Zero, CancellationToken.None))
            wrong.AddRange(contradictions.Select(contradiction => $"{invariant.Name}: {contradiction.What}"));
        return wrong;
    }

    async Task Refused(string sql, object args) => await FluentActions.Awaiting(() => Host.Database.Execute(sql, args)).Should().ThrowAsync<PostgresException>();
}
