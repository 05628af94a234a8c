namespace Platform.Payments.Tests.Flows;

/// <summary>Money that the bank took is never refused, and what it takes back is owed again.</summary>
internal sealed class SurplusAndReversalTests : OnOneHost
{
    [TestCase(5000, "too_much", 800)]
    [TestCase(1000, "too_little", 3200)]
    public async Task Another_amount_than_asked_is_kept_and_flagged(long taken, string kind, long difference)
    {
        var payment = await Till.Start(lies: new { listener = new { drop = true }, amountCents = taken });
        using var back = await Till.Post(Till.Return, (await Till.PayAtBank(payment)).Body);
        await Host.After(TimeSpan.FromSeconds(4));
        await Till.ShouldBePaidOnce(payment);
        (await Till.Of(payment)).Should().Match<PaymentRow>(row => row.TakenCents == taken && row.AskedCents == 4200);
        (await Surplus(payment)).Should().Equal((kind, difference, null));
    }

    [Test]
    public async Task A_second_success_of_a_due_is_kept_as_paid_twice_and_its_page_says_so()
    {
        var first = await Till.Start();
        var second = await Till.Again(first.Reference);
        foreach (var payment in new[] { first, second })
        {
            using var back = await Till.Post(Till.Return, (await Till.PayAtBank(payment)).Body);
        }
        await Host.After(TimeSpan.FromSeconds(4));
        await Till.ShouldBePaidOnce(first);
        (await Till.StateOf(second)).Should().Be("paid");
        (await Surplus(second)).Should().Equal(("twice", 4200L, null));
        (await Till.Count("payments.receipt where payment_id = @Attempt", second)).Should().Be(0);
        using var citizen = Host.NewCitizen();
        await citizen.Open($"/bentivoglio/pagamenti/{(await Till.Of(second)).StatusCode}");
        citizen.Heading.Should().Be("Pagato due volte");
    }

    [Test]
    public async Task Paid_twice_and_by_another_amount_are_both_flagged()
    {
        var first = await Till.Start();
        var second = await Till.Again(first.Reference, lies: new { listener = new { drop = true }, amountCents = 5000 });
        foreach (var payment in new[] { first, second })
        {
            using var back = await Till.Post(Till.Return, (await Till.PayAtBank(payment)).Body);
        }
        await Host.After(TimeSpan.FromSeconds(4));
        (await Surplus(second)).Should().BeEquivalentTo([("too_much", 800L, (string?)null), ("twice", 4200L, null)]);
        using var citizen = Host.NewCitizen();
        await citizen.Open($"/bentivoglio/pagamenti/{(await Till.Of(second)).StatusCode}");
        citizen.Heading.Should().Be("Pagato due volte");
    }

    [Test]
    public async Task A_reversal_opens_the_due_again_and_the_fine_can_be_paid_again()
    {
        var first = await Till.Paid();
        var check = await Host.Database.Value<string>("select code from payments.receipt where payment_id = @Attempt", first);
        await Host.Bank.SetState(first.Order, "ST");
        await Till.Tell(first.Order, "ST", "CO");
        await Host.Quiet();

        (await Till.StateOf(first)).Should().Be("reversed");
        (await Host.Database.Value<string>("select state from payments.due where due_id = @Due", first)).Should().Be("open");
        (await Host.Database.Value<string>("select state from fines.fine where series || '/' || year || '/' || number = @Reference", first)).Should().Be("open");
        (await Till.Count("core.outbox where type = 'payments.position_reversed.1' and payload ->> 'orderNumber' = @Order", first)).Should().Be(1);
        using var citizen = Host.NewCitizen();
        await citizen.Open($"/verifica/{check}");
        citizen.Reads.Should().Contain("Pagamento annullato").And.NotContain("Quietanza autentica");
        await citizen.Open($"/bentivoglio/pagamenti/{(await Till.Of(first)).StatusCode}");
        citizen.Heading.Should().Be("Pagamento annullato dalla banca");

        var second = await Till.Again(first.Reference);
        using var back = await Till.Post(Till.Return, (await Till.PayAtBank(second)).Body);
        await Host.After(TimeSpan.FromSeconds(4));
        (await Till.StateOf(second)).Should().Be("paid");
        (await Till.Count("payments.due_paid where due_id = @Due and payment_id = @Attempt", second)).Should().Be(1);
        (await Till.StateOf(first)).Should().Be("reversed");
    }

    [Test]
    public async Task A_reversal_stays_whatever_comes_after_it()
    {
        var payment = await Till.Paid();
        await Host.Bank.SetState(payment.Order, "ST");
        await Till.Tell(payment.Order, "ST", "CO");
        await Till.Tell(payment.Order, "IC");
        using var back = await Till.Post(Till.Return, BankPen.Return(payment.Order, "IC"));
        await Host.After(TimeSpan.FromMinutes(3));
        (await Till.StateOf(payment)).Should().Be("reversed");
        (await Till.Count("payments.due_paid where due_id = @Due", payment)).Should().Be(0);
        (await Till.Count("core.outbox where type = 'payments.position_paid.1' and payload ->> 'orderNumber' = @Order", payment)).Should().Be(1);
    }

    [Test]
    public async Task A_reversal_that_comes_before_its_success_ends_reversed()
    {
        var payment = await Till.Start();
        await Till.PayAtBank(payment);
        await Host.Bank.SetState(payment.Order, "ST");
        await Till.Tell(payment.Order, "ST", "IC");
        await Till.Tell(payment.Order, "IC");
        await Host.After(TimeSpan.FromSeconds(4));
        (await Till.StateOf(payment)).Should().Be("reversed");
        (await Till.Count("payments.due_paid where due_id = @Due", payment)).Should().Be(0);
    }

    [Test]
    public async Task A_reversal_of_what_was_paid_twice_settles_the_surplus_and_leaves_the_due_paid()
    {
        var first = await Till.Start();
        var second = await Till.Again(first.Reference);
        foreach (var payment in new[] { first, second })
        {
            using var back = await Till.Post(Till.Return, (await Till.PayAtBank(payment)).Body);
        }
        await Host.After(TimeSpan.FromSeconds(4));
        await Host.Bank.SetState(second.Order, "ST");
        await Till.Tell(second.Order, "ST", "CO");
        await Host.Quiet();
        await Till.ShouldBePaidOnce(first);
        (await Till.StateOf(second)).Should().Be("reversed");
        (await Surplus(second)).Should().Equal(("twice", 4200L, "reversal"));
    }

    async Task<IReadOnlyList<(string Kind, long Cents, string? ResolvedBy)>> Surplus(Started payment) =>
        await Host.Database.Rows<(string, long, string?)>("select kind, cents, resolved_by from payments.surplus where payment_id = @Attempt", payment);
}
