using Autofac;
using FluentValidation;
using Platform.Core.Commands;
using Platform.Core.Money;
using Platform.Testing;

namespace Platform.Payments.Tests.Checkout;

internal sealed class StartCheckoutTests : OnOneHost
{
    static readonly MisbehavingOwner Owner = new();

    static int _reference = 500;

    protected override Task<PorticoTestHost> Start() => PorticoTestHost.Start(container: builder => builder.RegisterInstance(Owner).Keyed<IPositionOwner>("fines"));

    [TearDown]
    public void Behave() => Owner.Answer = (_, _) => new(MisbehavingOwner.FortyTwo);

    [Test]
    public async Task The_same_attempt_gets_the_same_answer_and_is_one_payment()
    {
        var due = await NewDue();
        var attempt = Guid.CreateVersion7();
        var first = (await Till.Checkout(attempt, [due])).Value;
        var again = (await Till.Checkout(attempt, [due])).Value;
        again.Should().Be(first);
        (await Till.Count("payments.payment where payment_id = @attempt", new { attempt })).Should().Be(1);
        (await Till.Count("core.journal where kind = 'payment.started' and body ->> 'orderNo' = @OrderNumber", first)).Should().Be(1);
        first.OrderNumber.Should().MatchRegex("^URG-[0-9A-HJKMNP-TV-Z]{13}-[0-9]$");
        first.GoTo.Query.Should().Contain($"numeroOrdine={first.OrderNumber}&totaleOrdine=4200&").And.Contain("password=Password");
    }

    [Test]
    public async Task Sixteen_times_the_same_attempt_at_once_is_one_payment()
    {
        var due = await NewDue();
        var attempt = Guid.CreateVersion7();
        var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Till.Checkout(attempt, [due])));
        answers.Select(answer => answer.Value).Distinct().Should().ContainSingle();
        (await Till.Count("payments.payment where payment_id = @attempt", new { attempt })).Should().Be(1);
        (await Till.Count("core.journal where kind = 'payment.started' and body ->> 'orderNo' = @OrderNumber", answers[0].Value)).Should().Be(1);
    }

    [Test]
    public async Task One_attempt_for_two_dues_at_once_cannot_pay_both_for_the_price_of_one()
    {
        var (cheap, dear) = (await NewDue(), await NewDue());
        var attempt = Guid.CreateVersion7();
        // Both have found no payment of this attempt when they come here.
        var both = new TaskCompletionSource();
        var waiting = 0;
        Owner.Answer = async (position, _) =>
        {
            if (Interlocked.Increment(ref waiting) == 2)
                both.SetResult();
            await both.Task;
            return MisbehavingOwner.Priced(100);
        };
        var answers = await Task.WhenAll(Till.Checkout(attempt, [cheap]), Till.Checkout(attempt, [dear]));
        answers.Select(answer => answer.Value).Distinct().Should().ContainSingle();
        (await Host.Database.Rows<(long Asked, long Items)>(
            "select p.asked_cents, sum(i.cents)::bigint from payments.payment p join payments.payment_item i using (entity_id, payment_id) where payment_id = @attempt group by 1", new { attempt }))
            .Should().Equal((100, 100));
    }

    [Test]
    public async Task A_due_that_is_paid_is_refused()
    {
        var payment = await Till.Paid();
        (await Till.Checkout(Guid.CreateVersion7(), [new(payment.Due)])).Refusal!.Code.Should().Be(CheckoutRefusals.AlreadyPaid);
        (await Till.Checkout(payment.Attempt, [new(payment.Due)])).Value.OrderNumber.Should().Be(payment.Order, "the attempt that paid it keeps its answer");
    }

    [Test]
    public async Task A_due_of_another_service_creditor_or_nobody_is_not_open_here()
    {
        var due = await NewDue();
        (await Host.As("probe", "URG", "BEN", scope => scope.Resolve<ICommands>().Send(new StartCheckout(Guid.CreateVersion7(), [due], "x", "it"), CancellationToken.None)))
            .Refusal!.Code.Should().Be(CheckoutRefusals.NotOpen);
        (await Till.Checkout(Guid.CreateVersion7(), [due], "MZB", "MZB")).Refusal!.Code.Should().Be(CheckoutRefusals.NotOpen);
        (await Till.Checkout(Guid.CreateVersion7(), [new(Guid.CreateVersion7())])).Refusal!.Code.Should().Be(CheckoutRefusals.NotOpen);
    }

    static IEnumerable<TestCaseData> Misbehaviours()
    {
        (string Name, Func<PositionKey, CancellationToken, ValueTask<Quote>> Answer)[] all =
        [
            ("throws", (_, _) => throw new InvalidOperationException("the register burns")),
            ("throws later", async (_, _) => { await Task.Yield(); throw new InvalidOperationException("the register burns"); }),
            ("waits for ever", async (_, stop) => { await Task.Delay(Timeout.InfiniteTimeSpan, stop); return MisbehavingOwner.FortyTwo; }),
            ("waits for ever and does not listen", async (_, _) => { await new TaskCompletionSource().Task; return MisbehavingOwner.FortyTwo; }),
            ("blocks its thread", (_, _) => { Thread.Sleep(TimeSpan.FromSeconds(8)); return new(MisbehavingOwner.FortyTwo); }),
            ("refuses", (_, _) => new(new Quote.Refused("fines.sold"))),
            ("answers nothing", (_, _) => new((Quote)null!)),
            ("prices without lines", (_, _) => new(MisbehavingOwner.Priced())),
            ("prices at nothing", (_, _) => new(MisbehavingOwner.Priced(0))),
            ("prices below nothing", (_, _) => new(MisbehavingOwner.Priced(4200, -100))),
        ];
        return all.Select(one => new TestCaseData(one.Name, one.Answer).SetArgDisplayNames(one.Name));
    }

    [TestCaseSource(nameof(Misbehaviours))]
    public async Task When_the_owner_gives_no_price_nothing_is_charged(string how, Func<PositionKey, CancellationToken, ValueTask<Quote>> answer)
    {
        var due = await NewDue();
        Owner.Answer = answer;
        var attempt = Guid.CreateVersion7();
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var outcome = await Till.Checkout(attempt, [due]);
        outcome.Refusal.Should().Be(new Refusal(CheckoutRefusals.NotPriced, how == "refuses" ? "fines.sold" : null));
        clock.Elapsed.Should().BeLessThan(TimeSpan.FromSeconds(7), "an owner is cut off after two seconds");
        (await Till.Count("payments.payment where payment_id = @attempt", new { attempt })).Should().Be(0);
    }

    [TestCase("/verbale")]
    [TestCase("//evil.example")]
    [TestCase("https://evil.example")]
    [TestCase("javascript:alert(1)")]
    [TestCase("..")]
    [TestCase("verbale/../../altro")]
    [TestCase("verbale/%2e%2E/altro")]
    [TestCase("\\\\evil.example")]
    [TestCase("verbale\r\nX: y")]
    [TestCase("verbale\t")]
    [TestCase("verb à")]
    public async Task A_return_page_is_a_page_and_no_address(string page)
    {
        var due = await NewDue();
        await FluentActions.Awaiting(() => Till.Checkout(Guid.CreateVersion7(), [due], returnPage: page)).Should().ThrowAsync<ValidationException>();
    }

    [TestCase("")]
    [TestCase("verbale/CfDJ8_-x")]
    [TestCase("verbale/a%20b?x=1")]
    public async Task A_page_below_the_services_own_is_taken(string page) => (await Till.Checkout(Guid.CreateVersion7(), [await NewDue()], returnPage: page)).Refusal.Should().BeNull();

    [Test]
    public async Task Nothing_is_started_without_an_attempt_or_dues_or_with_one_twice()
    {
        var due = await NewDue();
        await FluentActions.Awaiting(() => Till.Checkout(Guid.Empty, [due])).Should().ThrowAsync<ValidationException>();
        await FluentActions.Awaiting(() => Till.Checkout(Guid.CreateVersion7(), [])).Should().ThrowAsync<ValidationException>();
        await FluentActions.Awaiting(() => Till.Checkout(Guid.CreateVersion7(), [due, due])).Should().ThrowAsync<ValidationException>();
        await FluentActions.Awaiting(() => Till.Checkout(Guid.CreateVersion7(), [due], language: "it'")).Should().ThrowAsync<ValidationException>();
    }

    Task<DueId> NewDue() => Till.Open($"X/{Interlocked.Increment(ref _reference)}");
}
