using System.Globalization;
using System.Net;
using Autofac;
using Platform.Payments.Checkout;
using Platform.Payments.Tasks;
using Platform.Testing;

namespace Platform.Payments.Tests.Flows;

/// <summary>What a stranger comes to who knows an order's number and the two addresses at which banks are heard, and holds no secret.</summary>
internal sealed class StrangersTests : OnOneHost
{
    readonly HeardLog _log = new();

    protected override Task<PorticoTestHost> Start() => PorticoTestHost.Start(log: _log);

    [Test]
    public async Task No_return_with_a_byte_changed_dropped_or_doubled_leads_to_the_payment()
    {
        var payment = await Till.Start();
        var genuine = (await Till.PayAtBank(payment)).Body;
        var (code, reached) = ((await Till.Of(payment)).StatusCode, 0);
        for (var at = 0; at < genuine.Length; at++)
            foreach (var tampered in new[]
            {
                $"{genuine[..at]}{(char)(genuine[at] ^ 1)}{genuine[(at + 1)..]}", genuine.Remove(at, 1), genuine.Insert(at, genuine[at].ToString()),
            })
            {
                using var answer = await Till.Post(Till.Return, tampered);
                if (answer.StatusCode != HttpStatusCode.SeeOther)
                    answer.StatusCode.Should().Be(HttpStatusCode.NotFound);
                else if (Uri.UnescapeDataString(tampered) != Uri.UnescapeDataString(genuine))
                    reached++;
            }
        reached.Should().Be(0);
        (await Till.Count("payments.fact where order_no = @Order and verdict <> 'genuine'", payment)).Should().BeInRange(1, 50, "what anybody may write is kept as long as it is little");

        for (var n = 0; n < 2; n++)
        {
            using var answer = await Till.Post(Till.Return, genuine);
            answer.StatusCode.Should().Be(HttpStatusCode.SeeOther, "who really comes back sees his payment, the second time too");
            answer.Headers.Location!.OriginalString.Should().EndWith(code);
        }
        await Host.After(TimeSpan.FromSeconds(11));
        await Till.ShouldBePaidOnce(payment);
    }

    [Test]
    public async Task A_return_that_does_not_verify_reads_the_same_for_an_order_and_for_none_and_helps_its_payer_on()
    {
        var payment = await Till.Start();
        await Till.PayAtBank(payment);
        var pages = new List<string>();
        foreach (var order in new[] { payment.Order, OrderNumber.New("URG") })
        {
            using var answer = await Till.Post(Till.Return, BankPen.Return(order, key: "a stranger's"));
            answer.StatusCode.Should().Be(HttpStatusCode.NotFound);
            pages.Add((await answer.Content.ReadAsStringAsync()).Replace(order, "", StringComparison.Ordinal));
        }
        pages[0].Should().Be(pages[1]);

        using var citizen = Host.NewCitizen();
        await citizen.Open($"{Till.Return}?{BankPen.Return(payment.Order, key: "damaged on the way")}");
        citizen.Reads.Should().Contain("Non riconosciamo questo pagamento").And.Contain(payment.Order).And.Contain("e-mail");
        await Host.Quiet();
        await citizen.Follow("Ho pagato e non è successo niente");
        await citizen.Send(("ordine", payment.Order), ("importo", "42,00"));
        citizen.Heading.Should().Be("Pagamento riuscito");
    }

    [Test]
    public async Task Hundreds_of_messages_about_orders_that_nobody_has_are_one_task_few_rows_and_few_lines_of_the_log()
    {
        var before = await Host.Database.Value<long>("select count(*) from payments.fact");
        var lines = Told();
        for (var n = 0; n < 240; n++)
        {
            var order = (n % 3) switch { 0 => OrderNumber.New("URG"), 1 => OrderNumber.New("MZB"), _ => n.ToString(CultureInfo.InvariantCulture) };
            using var answer = await Till.Post(n % 2 == 0 ? Till.Return : Till.Listener, n % 2 == 0 ? BankPen.Return(order, key: $"stranger {n}") : BankPen.Listener(order, "IC", key: $"stranger {n}"));
        }
        var tasks = await Tasks();
        tasks.Should().NotContain("\tunmatched\t");
        var task = tasks.Split('\n').Single(line => line.Contains("\tstrays\t", StringComparison.Ordinal));
        task.Should().StartWith("000\tstrays\tstrays/pagonline/2026-03-10");
        (await Host.Database.Value<long>("select count(*) from payments.fact") - before).Should().BeLessThanOrEqualTo(64);
        (Told() - lines).Should().BeLessThanOrEqualTo(1, "the clock stands still");

        (await Host.Portico("tasks", "resolve", "strays/pagonline/2026-03-10", "--entity", "000", "--reason", "qualcuno prova", "--by", "marta")).Code.Should().Be(0);
        (await Tasks()).Should().NotContain("\tstrays\t");
    }

    [Test]
    public async Task Verified_messages_about_one_order_that_nobody_has_are_one_task_and_after_it_was_settled_news_is_another()
    {
        var order = OrderNumber.New("URG");
        using (await Till.Post(Till.Return, BankPen.Return(order)))
        using (await Till.Post(Till.Return, BankPen.Return(order)))
        {
            await Till.Tell(order, "IC");
        }
        var task = (await Tasks()).Split('\n').Single(line => line.Contains(order, StringComparison.Ordinal));
        task.Should().StartWith("URG\tunmatched").And.Contain("seen 3 times");
        (await Host.Container.Resolve<OfficerTasks>().Resolve((await Host.Container.Resolve<Platform.Core.Entities.EntityDirectory>().Current(CancellationToken.None)).ByCode("URG")!.Id, task.Split('\t')[2], "di un altro portale", "marta", CancellationToken.None)).Refusal.Should().BeNull();
        (await Tasks()).Should().NotContain(order);

        await Till.Tell(order, "IC");
        (await Tasks()).Should().NotContain(order, "it was settled");
        Host.Clock.Advance(TimeSpan.FromMinutes(1));
        await Till.Tell(order, "ST", "CO");
        (await Tasks()).Should().Contain(order, "the bank took it back since");
    }

    int Told() => _log.Lines.Count(line => line.Contains("do not verify since", StringComparison.Ordinal));

    async Task<string> Tasks() => (await Host.Portico("tasks", "list")).Output;
}
