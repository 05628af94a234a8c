using Autofac;
using Platform.Core.Commands;
using Platform.Core.Money;
using Platform.Core.Time;

namespace Platform.Payments.Tests.Positions;

/// <summary>What is owed may be withdrawn, come back, or run out; what a bank takes meanwhile is kept.</summary>
internal sealed class PositionLifeTests : OnOneHost
{
    DateOnly Today => LegalTime.Day(Host.Clock.GetUtcNow());

    [Test]
    public async Task A_cancelled_position_cannot_be_paid_and_its_owner_is_told_once()
    {
        var payment = await Till.Start();
        var first = await Send(new CancelPosition(payment.Reference, "archived"));
        var second = await Send(new CancelPosition(payment.Reference, "archived"));
        second.Value.Should().Be(first.Value);
        (await Till.Checkout(Guid.CreateVersion7(), [new(payment.Due)])).Refusal!.Code.Should().Be(CheckoutRefusals.NotOpen);
        (await Events("payments.position_cancelled.1", first.Value)).Should().Be(1);
    }

    [Test]
    public async Task A_restored_position_can_be_paid_again()
    {
        var payment = await Till.Start();
        await Send(new CancelPosition(payment.Reference, "by mistake"));
        (await Send(new RestorePosition(payment.Reference, "by mistake"))).Refusal.Should().BeNull();
        (await Send(new RestorePosition(payment.Reference, "by mistake"))).Refusal.Should().BeNull();
        // What its owner heard of the cancelling, a file of the office takes back.
        await Host.Quiet();
        await Host.Database.Execute("update fines.fine set withdrawn = 'taken_back' where withdrawn is not null");
        (await Till.Checkout(Guid.CreateVersion7(), [new(payment.Due)])).Refusal.Should().BeNull();
        using var back = await Till.Post(Till.Return, (await Till.PayAtBank(payment)).Body);
        await Host.After(TimeSpan.FromSeconds(4));
        await Till.ShouldBePaidOnce(payment);
    }

    [Test]
    public async Task What_is_paid_cannot_be_cancelled()
    {
        var payment = await Till.Paid();
        (await Send(new CancelPosition(payment.Reference, "too late"))).Refusal!.Code.Should().Be(PositionRefusals.Paid);
        (await Till.StateOf(payment)).Should().Be("paid");
    }

    [Test]
    public async Task A_service_cannot_cancel_what_another_one_or_another_creditor_opened()
    {
        var payment = await Till.Start();
        (await Host.As("probe", "URG", "BEN", scope => scope.Resolve<ICommands>().Send(new CancelPosition(payment.Reference, "x"), CancellationToken.None)))
            .Refusal!.Code.Should().Be(PositionRefusals.Unknown);
        (await Host.As("fines", "MZB", "MZB", scope => scope.Resolve<ICommands>().Send(new CancelPosition(payment.Reference, "x"), CancellationToken.None)))
            .Refusal!.Code.Should().Be(PositionRefusals.Unknown);
    }

    [Test]
    public async Task Money_taken_for_a_position_cancelled_meanwhile_is_kept_and_the_payer_is_told()
    {
        var payment = await Till.Start();
        var paid = await Till.PayAtBank(payment);
        await Send(new CancelPosition(payment.Reference, "archived"));
        using var back = await Till.Post(Till.Return, paid.Body);
        await Host.After(TimeSpan.FromSeconds(4));
        (await Till.StateOf(payment)).Should().Be("paid");
        (await Surplus(payment)).Should().Equal("cancelled_due");
        using var citizen = Host.NewCitizen();
        await citizen.Open($"/bentivoglio/pagamenti/{(await Till.Of(payment)).StatusCode}");
        citizen.Heading.Should().Be("Pagato, ma non più da pagare");
    }

    [Test]
    public async Task A_due_expires_with_the_end_of_its_last_legal_day_and_its_owner_is_told_once()
    {
        var payment = await Till.Start();
        var opened = await Reopen(payment, Today.AddDays(1));
        await Host.After(TimeSpan.FromDays(1));
        (await StateOf(payment)).Should().Be("open", "the last day is not over");
        await Host.After(TimeSpan.FromDays(1));
        await Host.Quiet();
        (await StateOf(payment)).Should().Be("expired");
        (await Events("payments.position_expired.1", opened.Position)).Should().Be(1);
        (await Till.Checkout(Guid.CreateVersion7(), [new(payment.Due)])).Refusal!.Code.Should().Be(CheckoutRefusals.NotOpen);
    }

    [Test]
    public async Task What_has_expired_is_open_again_with_a_later_last_day_but_not_with_one_that_is_over()
    {
        var payment = await Till.Start();
        await Reopen(payment, Today);
        await Host.After(TimeSpan.FromDays(1));
        (await StateOf(payment)).Should().Be("expired");
        await Reopen(payment, Today.AddDays(-1));
        (await StateOf(payment)).Should().Be("expired");
        await Reopen(payment, Today.AddDays(5));
        (await StateOf(payment)).Should().Be("open");
        (await Till.Checkout(Guid.CreateVersion7(), [new(payment.Due)])).Refusal.Should().BeNull();
    }

    [Test]
    public async Task Money_taken_after_the_last_day_is_kept_as_too_late()
    {
        var payment = await Till.Start();
        await Reopen(payment, Today);
        var paid = await Till.PayAtBank(payment);
        await Host.Bank.BeDown(true);
        await Host.After(TimeSpan.FromDays(1));
        await Host.Bank.BeDown(false);
        using var back = await Till.Post(Till.Return, paid.Body);
        await Host.After(TimeSpan.FromSeconds(4));
        (await Till.StateOf(payment)).Should().Be("paid");
        (await Surplus(payment)).Should().Equal("too_late");
    }

    [Test]
    public async Task Sixty_four_that_open_the_same_position_at_once_open_one()
    {
        var opened = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => Till.Open("V/2026/64")));
        opened.Distinct().Should().ContainSingle();
        (await Till.Count("payments.position where reference = 'V/2026/64'", new { })).Should().Be(1);
    }

    [Test]
    public async Task Two_hosts_that_look_at_once_let_a_position_expire_once()
    {
        await using var other = await Host.Another();
        var payment = await Till.Start();
        var opened = await Reopen(payment, Today);
        Host.Clock.Advance(TimeSpan.FromDays(1));
        await Task.WhenAll(Host.Quiet(), other.Quiet());
        (await Events("payments.position_expired.1", opened.Position)).Should().Be(1);
    }

    Task<Outcome<PositionId>> Send(ICommand<Outcome<PositionId>> command) =>
        Host.As("fines", "URG", "BEN", scope => scope.Resolve<ICommands>().Send(command, CancellationToken.None));

    Task<OpenedPosition> Reopen(Started payment, DateOnly last) => Host.As("fines", "URG", "BEN", scope => scope.Resolve<ICommands>().Send(
        new OpenPosition(payment.Reference, $"Verbale {payment.Reference}", new(last, [new("Sanzione", "9/0102100SA/", "1", new Euro(4200))], last)), CancellationToken.None));

    async Task<string> StateOf(Started payment) => (await Host.Database.Value<string>("select state from payments.due where due_id = @Due", payment))!;

    Task<long> Events(string type, PositionId position) => Till.Count("core.outbox where type = @type and stream = @Value", new { type, position.Value });

    Task<IReadOnlyList<string>> Surplus(Started payment) => Host.Database.Rows<string>("select kind from payments.surplus where payment_id = @Attempt", payment);
}
