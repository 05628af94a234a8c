using System.Net;

namespace Platform.Payments.Tests.Flows;

/// <summary>Return, listener and query come in any order, twice, late or never: the end is the same.</summary>
internal sealed class PayingInAnyOrderTests : OnOneHost
{
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    [TestCase("return", "listener", "query")]
    [TestCase("return", "query", "listener")]
    [TestCase("listener", "return", "query")]
    [TestCase("listener", "query", "return")]
    [TestCase("query", "return", "listener")]
    [TestCase("query", "listener", "return")]
    [TestCase("return", "return", "query")]
    [TestCase("return", "query", "")]
    [TestCase("listener", "query", "")]
    [TestCase("query", "", "")]
    public async Task Whatever_comes_first_a_success_is_one(string first, string second, string third)
    {
        var payment = await Till.Start();
        var back = await Till.PayAtBank(payment);
        foreach (var step in new[] { first, second, third })
        {
            await Come(step, payment, back.Body, "IC");
            if (step.Length > 0)
                (await Till.StateOf(payment)).Should().Be("paid");
        }
        await Host.Quiet();
        await Till.ShouldBePaidOnce(payment);
    }

    [TestCase("return", "listener", "query")]
    [TestCase("listener", "query", "return")]
    [TestCase("query", "return", "listener")]
    public async Task Whatever_comes_first_a_refusal_takes_nothing(string first, string second, string third)
    {
        var payment = await Till.Start(minimum: 98);
        var back = await Till.PayAtBank(payment);
        back.State.Should().Be("KO", "the test card fails from 100 €");
        foreach (var step in new[] { first, second, third })
        {
            await Come(step, payment, back.Body, "KO");
            (await Till.StateOf(payment)).Should().Be("failed");
        }
        (await Till.Count("payments.due_paid where due_id = @Due", payment)).Should().Be(0);
        (await Till.Of(payment)).NextQueryAt.Should().BeNull();
    }

    [Test]
    public async Task One_cent_below_a_hundred_euros_succeeds()
    {
        var payment = await Till.Start(minimum: 97, minimumCents: 99);
        (await Till.Of(payment)).AskedCents.Should().Be(9999);
        using var back = await Till.Post(Till.Return, (await Till.PayAtBank(payment)).Body);
        await Host.After(TimeSpan.FromSeconds(4));
        await Till.ShouldBePaidOnce(payment);
        (await Till.Of(payment)).TakenCents.Should().Be(9999);
    }

    [TestCase("at once")]
    [TestCase("after the host had asked the bank")]
    public async Task The_amount_is_confirmed_within_seconds_of_success(string when)
    {
        var payment = await Till.Start();
        await Host.Bank.Present(payment.GoTo);
        if (when != "at once")
            await Host.After(Patience);
        await Till.PayAtBank(payment);
        await Till.Tell(payment.Order, "IC");
        using var back = await Till.Post(Till.Return, BankPen.Return(payment.Order));
        (await Till.StateOf(payment)).Should().Be("paid");
        await Host.After(TimeSpan.FromSeconds(4));
        (await Till.Of(payment)).TakenConfirmedAt.Should().NotBeNull();
    }

    [Test]
    public async Task A_return_by_GET_counts_as_one_by_POST()
    {
        var payment = await Till.Start();
        var back = await Till.PayAtBank(payment);
        using var answer = await Till.Get($"{Till.Return}?{back.Body}");
        answer.StatusCode.Should().Be(HttpStatusCode.SeeOther);
        answer.Headers.Location!.OriginalString.Should().Be($"/bentivoglio/pagamenti/{(await Till.Of(payment)).StatusCode}");
        await Host.After(TimeSpan.FromSeconds(4));
        await Till.ShouldBePaidOnce(payment);
    }

    [Test]
    public async Task The_same_return_sixty_four_times_at_once_pays_once()
    {
        var payment = await Till.Start();
        var back = await Till.PayAtBank(payment);
        var answers = await Task.WhenAll(Enumerable.Range(0, 64).Select(n => n % 2 == 0 ? Till.Post(Till.Return, back.Body) : Till.Get($"{Till.Return}?{back.Body}")));
        answers.Should().OnlyContain(answer => answer.StatusCode == HttpStatusCode.SeeOther);
        await Host.After(TimeSpan.FromSeconds(4));
        await Till.ShouldBePaidOnce(payment);
        (await Host.Database.Value<int>("select seen from payments.fact where order_no = @Order and channel = 'return'", payment)).Should().Be(64);
        (await Till.Count("payments.surplus where payment_id = @Attempt", payment)).Should().Be(0, "a payment is not one too many of itself");
    }

    [Test]
    public async Task The_bank_tells_its_listener_and_nobody_returns()
    {
        var payment = await Till.Start(lies: new { @return = new { drop = true } });
        await Host.Bank.ListenAt(new Uri(Host.Address, Till.Listener));
        await Host.Bank.Pay(payment.GoTo, deliver: true);
        await Host.Bank.HasTold(payment.Order);
        (await Till.StateOf(payment)).Should().Be("paid");
        await Host.After(TimeSpan.FromSeconds(4));
        await Till.ShouldBePaidOnce(payment);
        (await Till.Count("payments.fact where order_no = @Order and channel = 'listener' and applied_at is not null", payment)).Should().Be(2, "registered, then deposit asked");
    }

    [Test]
    public async Task The_bank_forges_repeats_and_delays_and_it_is_still_one_payment()
    {
        var payment = await Till.Start(lies: new { listener = new { repeat = 3, delayMs = 20 }, @return = new { repeat = 3, method = "GET" }, esito = "IC" });
        await Host.Bank.ListenAt(new Uri(Host.Address, Till.Listener));
        await Host.Bank.Pay(payment.GoTo, deliver: true);
        await Host.Bank.HasTold(payment.Order);
        await Host.After(TimeSpan.FromSeconds(4));
        await Till.ShouldBePaidOnce(payment);
    }

    [Test]
    public async Task Late_success_beats_an_earlier_failure()
    {
        var payment = await Till.Start(minimum: 98);
        using var back = await Till.Post(Till.Return, (await Till.PayAtBank(payment)).Body);
        (await Till.StateOf(payment)).Should().Be("failed");
        await Host.Bank.SetState(payment.Order, "IC");
        await Till.Tell(payment.Order, "IC", "KO");
        await Host.After(TimeSpan.FromSeconds(4));
        await Till.ShouldBePaidOnce(payment);
    }

    [Test]
    public async Task A_failure_told_after_success_changes_nothing()
    {
        var payment = await Till.Paid();
        await Till.Tell(payment.Order, "KO", "IC");
        await Till.Tell(payment.Order, "AB", "IC");
        await Till.Tell(payment.Order, "EX", "IC");
        await Host.After(Patience);
        await Host.After(TimeSpan.FromMinutes(10));
        await Till.ShouldBePaidOnce(payment);
    }

    [Test]
    public async Task An_order_that_never_reached_the_bank_expires_and_late_success_still_wins()
    {
        var payment = await Till.Start();
        await Host.After(Patience);
        (await Till.StateOf(payment)).Should().Be("prepared", "the payer may still be on the way");
        await Host.After(TimeSpan.FromHours(3));
        (await Till.StateOf(payment)).Should().Be("expired");
        (await Till.Of(payment)).NextQueryAt.Should().BeNull();
        await Till.PayAtBank(payment);
        await Till.Tell(payment.Order, "IC");
        await Host.After(TimeSpan.FromSeconds(4));
        await Till.ShouldBePaidOnce(payment);
    }

    [TestCase("down")]
    [TestCase("garbled")]
    [TestCase("undetermined")]
    public async Task A_bank_that_does_not_answer_clearly_is_asked_again_until_it_does(string lie)
    {
        var silent = new { listener = new { drop = true }, query = new { down = lie == "down", garbled = lie == "garbled", undetermined = lie == "undetermined" } };
        var payment = await Till.Start(lies: silent);
        await Till.PayAtBank(payment);
        await Host.After(Patience);
        (await Till.StateOf(payment)).Should().Be("unknown");
        (await Till.Of(payment)).NextQueryAt.Should().NotBeNull();
        await Host.Bank.Lie(payment.Order, new { listener = new { drop = true } });
        await Host.After(TimeSpan.FromMinutes(6));
        await Till.ShouldBePaidOnce(payment);
    }

    [Test]
    public async Task A_bank_that_is_down_altogether_is_found_again()
    {
        var payment = await Till.Start();
        await Till.PayAtBank(payment);
        await Host.Bank.BeDown(true);
        await Host.After(Patience);
        (await Till.StateOf(payment)).Should().Be("unknown");
        await Host.Bank.BeDown(false);
        await Host.After(TimeSpan.FromMinutes(6));
        await Till.ShouldBePaidOnce(payment);
    }

    [TestCase("return")]
    [TestCase("listener")]
    public async Task A_fact_stored_by_a_host_that_died_before_applying_it_is_applied_by_the_next(string channel)
    {
        var payment = await Till.Start(lies: new { listener = new { drop = true }, query = new { down = true } });
        var body = (await Till.PayAtBank(payment)).Body;
        var raw = System.Text.Encoding.Latin1.GetBytes(channel == "return" ? body : BankPen.Listener(payment.Order, "IC"));
        await Host.Database.Execute(
            """
            insert into payments.fact (entity_id, channel, digest, order_no, verdict, raw, first_at)
            values (137001, @channel, sha256(convert_to(@Order || E'\n', 'LATIN1') || @raw), @Order, 'genuine', @raw, @at)
            """,
            new { channel, payment.Order, raw, at = Host.Clock.GetUtcNow().UtcDateTime.AddMinutes(-1) });
        await Host.Quiet();
        (await Till.StateOf(payment)).Should().Be("paid");
        (await Till.Count("payments.fact where order_no = @Order and channel = @channel and applied_at is null", new { payment.Order, channel })).Should().Be(0);
        await Host.Bank.Lie(payment.Order, new { listener = new { drop = true } });
        await Host.After(TimeSpan.FromMinutes(12));
        await Till.ShouldBePaidOnce(payment);
    }

    [TestCase("insert", "payments.fact")]
    [TestCase("update", "payments.fact")]
    [TestCase("update", "payments.payment")]
    [TestCase("update", "payments.position")]
    [TestCase("insert", "payments.due_paid")]
    [TestCase("update", "payments.due")]
    [TestCase("insert", "payments.account")]
    [TestCase("insert", "payments.transfer")]
    [TestCase("insert", "core.outbox")]
    [TestCase("insert", "core.delivery")]
    [TestCase("insert", "core.journal")]
    public async Task A_success_whose_transaction_breaks_at_any_of_its_writes_is_none_and_heals_by_itself(string write, string table)
    {
        var payment = await Till.Start();
        var body = (await Till.PayAtBank(payment)).Body;
        await Host.Database.Execute(
            $$"""
            create or replace function public.break() returns trigger language plpgsql as $f$ begin raise exception 'broken'; end $f$;
            create trigger break before {{write}} on {{table}} for each row execute function public.break();
            """);
        try
        {
            using var answer = await Till.Post(Till.Return, body);
            answer.StatusCode.Should().Be(HttpStatusCode.InternalServerError, "what is answered well is kept");
        }
        finally
        {
            await Host.Database.Execute($"drop trigger break on {table}");
        }
        (await Till.StateOf(payment)).Should().Be("prepared");
        (await Till.Count("payments.due_paid where due_id = @Due", payment)).Should().Be(0);
        (await Till.Count("payments.transfer where cause_id = @Attempt", payment)).Should().Be(0);
        (await Till.Count("core.outbox where payload ->> 'orderNumber' = @Order", payment)).Should().Be(0);
        await Host.After(Patience);
        await Host.After(TimeSpan.FromSeconds(5));
        await Till.ShouldBePaidOnce(payment);
    }

    async Task Come(string step, Started payment, string body, string state)
    {
        switch (step)
        {
            case "return":
                using (var answer = await Till.Post(Till.Return, body))
                    answer.StatusCode.Should().Be(HttpStatusCode.SeeOther);
                break;
            case "listener":
                (await Till.Tell(payment.Order, state)).Should().Be(HttpStatusCode.OK);
                break;
            case "query":
                await Host.After(Patience);
                break;
        }
    }
}
