using Autofac;
using Platform.Core.Entities;
using Platform.Core.Money;
using Platform.Core.Time;
using Platform.Payments.Ledger;

namespace Platform.Payments.Tests.Ledger;

/// <summary>What the bank holds for a creditor, and why.</summary>
internal sealed class BooksTests : OnOneHost
{
    [Test]
    public async Task A_payment_is_booked_as_income_by_the_accounting_entries_of_its_lines()
    {
        var payment = await Till.Paid();
        var booked = await BookingsOf(payment);
        booked.Should().OnlyContain(row => row.Cause == "payment.taken" && row.Debit == "collections" && row.Credit.StartsWith("income/"));
        booked.Sum(row => row.Cents).Should().Be(4200);
        booked.Select(row => row.Credit).Should().Contain("income/sanzioni-cds");
    }

    [Test]
    public async Task The_same_word_of_the_bank_many_times_is_booked_once()
    {
        var payment = await Till.Start();
        var body = (await Till.PayAtBank(payment)).Body;
        await Task.WhenAll(Enumerable.Range(0, 16).Select(async _ => (await Till.Post(Till.Return, body)).Dispose()));
        await Host.After(TimeSpan.FromSeconds(4));
        await Till.Tell(payment.Order, "CO", "OK");
        await Host.Quiet();
        (await BookingsOf(payment)).Sum(row => row.Cents).Should().Be(4200);
    }

    [Test]
    public async Task A_second_payment_of_a_due_is_owed_back()
    {
        var first = await Till.Start();
        var second = await Till.Again(first.Reference);
        foreach (var payment in new[] { first, second })
            (await Till.Post(Till.Return, (await Till.PayAtBank(payment)).Body)).Dispose();
        await Host.After(TimeSpan.FromSeconds(4));
        (await BookingsOf(second)).Should().OnlyContain(row => row.Debit == "collections" && row.Credit == "surplus").And.Subject.Sum(row => row.Cents).Should().Be(4200);
    }

    [TestCase(5000, "collections", "surplus", 800)]
    [TestCase(1000, "shortfall", "collections", 3200)]
    public async Task Another_amount_than_asked_is_booked_as_what_it_is(long taken, string debit, string credit, long cents)
    {
        var payment = await Till.Start(lies: new { listener = new { drop = true }, amountCents = taken });
        using var back = await Till.Post(Till.Return, (await Till.PayAtBank(payment)).Body);
        await Host.After(TimeSpan.FromSeconds(4));
        (await BookingsOf(payment)).Where(row => row.Cause == "payment.amount").Should().BeEquivalentTo([new { Debit = debit, Credit = credit, Cents = cents }]);
        (await Held(payment)).Should().Be(taken);
    }

    [Test]
    public async Task What_the_bank_takes_back_is_booked_the_other_way_round_and_nothing_is_deleted()
    {
        var payment = await Till.Start(lies: new { listener = new { drop = true }, amountCents = 5000 });
        using var back = await Till.Post(Till.Return, (await Till.PayAtBank(payment)).Body);
        await Host.After(TimeSpan.FromSeconds(4));
        var before = await BookingsOf(payment);

        await Host.Bank.SetState(payment.Order, "ST");
        await Till.Tell(payment.Order, "ST", "CO");
        await Host.Quiet();

        var after = await BookingsOf(payment);
        after.Where(row => row.Cause != "payment.reversed").Should().BeEquivalentTo(before);
        after.Where(row => row.Cause == "payment.reversed").Select(row => (row.Debit, row.Credit, row.Cents))
            .Should().BeEquivalentTo(before.Select(row => (Debit: row.Credit, Credit: row.Debit, row.Cents)));
        (await Held(payment)).Should().Be(0);
    }

    [Test]
    public async Task No_role_of_the_host_may_change_or_delete_a_booking()
    {
        await Till.Paid();
        foreach (var right in (string[])["update", "delete", "truncate"])
            (await Host.Database.Rows<string>(
                "select distinct grantee::text from information_schema.role_table_grants where table_schema = 'payments' and table_name = 'transfer' and privilege_type = upper(@right) and grantee <> 'portico_payments_owner'",
                new { right })).Should().BeEmpty();
    }

    [Test]
    public async Task A_price_that_changed_while_the_payer_was_at_the_bank_does_not_change_what_he_paid_for()
    {
        var payment = await Till.Start();
        await Host.As("fines", "URG", "BEN", scope => scope.Resolve<Platform.Core.Commands.ICommands>().Send(
            new OpenPosition(payment.Reference, $"Verbale {payment.Reference}", new(new(2026, 12, 31), [new("Altro", "9/0102100SA/", "altro", new Euro(9900))])), CancellationToken.None));
        using var back = await Till.Post(Till.Return, (await Till.PayAtBank(payment)).Body);
        await Host.After(TimeSpan.FromSeconds(4));
        (await BookingsOf(payment)).Select(row => row.Credit).Should().NotContain("income/altro");
        (await Held(payment)).Should().Be(4200);
    }

    [Test]
    public async Task The_report_of_a_creditor_balances_and_pages_through_every_booking()
    {
        await Till.Paid();
        var report = Host.Container.Resolve<LedgerReport>();
        var union = (await Host.Container.Resolve<EntityDirectory>().Current(CancellationToken.None)).ByCode("URG")!.Id;
        var accounts = await report.Balances(union, DateOnly.MinValue, DateOnly.MaxValue, CancellationToken.None);
        accounts.Sum(account => account.Debit.Cents).Should().Be(accounts.Sum(account => account.Credit.Cents)).And.BePositive();
        accounts.Where(account => account.Kind is "asset" or "expense").Sum(account => account.Balance.Cents)
            .Should().Be(accounts.Where(account => account.Kind is "liability" or "income").Sum(account => account.Balance.Cents));

        var bookings = new List<Booking>();
        await foreach (var booking in report.Bookings(union, DateOnly.MinValue, DateOnly.MaxValue, CancellationToken.None))
            bookings.Add(booking);
        bookings.Sum(booking => booking.Amount.Cents).Should().Be(accounts.Sum(account => account.Debit.Cents));
        bookings.Should().BeInAscendingOrder(booking => booking.BookedAt);

        var today = LegalTime.Day(Host.Clock.GetUtcNow());
        (await report.Balances(union, today.AddDays(1), DateOnly.MaxValue, CancellationToken.None)).Should().OnlyContain(account => account.Debit == Euro.Zero && account.Credit == Euro.Zero);
        (await report.Balances(union, DateOnly.MinValue, today.AddDays(-1), CancellationToken.None)).Should().OnlyContain(account => account.Balance == Euro.Zero);
    }

    Task<IReadOnlyList<Row>> BookingsOf(Started payment) => Host.Database.Rows<Row>("select cause, debit, credit, cents from payments.transfer where cause_id = @Attempt order by cause, n", payment);

    async Task<long> Held(Started payment) => (await BookingsOf(payment)).Sum(row => row.Debit == "collections" ? row.Cents : row.Credit == "collections" ? -row.Cents : 0);

    sealed record Row(string Cause, string Debit, string Credit, long Cents);
}
