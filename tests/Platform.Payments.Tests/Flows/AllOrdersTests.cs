using System.Globalization;
using Autofac;
using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Money;
using Platform.Core.Time;
using Platform.Payments.Checkout;
using Platform.Payments.Refunds;
using Platform.Payments.Tests.Checkout;
using Platform.Testing;

namespace Platform.Payments.Tests.Flows;

/// <summary>
/// Return, listener and query of a payment, the end of its position's last day, its withdrawal by the service, a refund, and a second payment: whatever their order, no money is lost,
/// doubled or invented, and the end is the one that the order itself tells. All 5,040 with PORTICO_ORDERS=5040, some by chance otherwise.
/// </summary>
internal sealed class AllOrdersTests : OnOneHost
{
    const int ByChance = 8;
    const string Service = "ordini";
    const string Deeds = "RLQECFS";

    static int Wanted => int.TryParse(Environment.GetEnvironmentVariable("PORTICO_ORDERS"), NumberStyles.None, CultureInfo.InvariantCulture, out var wanted) ? wanted : ByChance;

    int _number;

    protected override Task<PorticoTestHost> Start() => PorticoTestHost.Start(container: builder => builder.RegisterInstance(new MisbehavingOwner()).Keyed<IPositionOwner>(Service));

    [Test]
    public async Task Whatever_the_order_of_what_happens_to_a_payment_its_money_is_found_once()
    {
        var seed = Environment.TickCount & 0xFFFF;
        var dice = new Random(seed);
        var orders = Permutations(Deeds).OrderBy(_ => dice.Next()).Take(Wanted).ToList();
        TestContext.Out.WriteLine($"{orders.Count} orders, seed {seed}");
        var ends = new Dictionary<string, int>(StringComparer.Ordinal);
        var refused = new List<string>();
        foreach (var order in orders)
        {
            var end = await Run(order);
            ends[end] = ends.GetValueOrDefault(end) + 1;
            if (end != Expected(order))
                refused.Add($"{order}: {end}, not {Expected(order)}");
            if (_number % 200 == 0)
                await Host.MoneyAddsUp();
        }
        foreach (var (end, count) in ends.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            TestContext.Out.WriteLine($"{count} {end}");
        refused.Should().BeEmpty("seed {0}", seed);
        await Host.Quiet();
        await Host.MoneyAddsUp();
    }

    /// <summary>What must stand in the end, told from the order alone.</summary>
    static string Expected(string order)
    {
        var (first, second, refund) = (order.IndexOfAny(['R', 'L', 'Q']), order.IndexOf('S'), order.IndexOf('F'));
        var over = order.IndexOfAny(['E', 'C']);
        var due = Math.Min(first, second) > over ? "withdrawn" : first < second ? "paid by 1" : "paid by 2";
        // Only what was taken can be given back. What had paid the due is owed again until the next thing that happens to it, or not at all when its day is over.
        var given = refund > first;
        if (given && due == "paid by 1")
            due = order.IndexOf('E') < refund ? "withdrawn" : order.AsSpan(refund + 1).IndexOfAny("SCE") is >= 0 and var next ? order[refund + 1 + next] == 'S' ? "paid by 2" : "withdrawn" : "owed";
        return $"{due}; 1 paid{(given ? ", given back" : "")}; 2 paid";
    }

    async Task<string> Run(string order)
    {
        var reference = $"O{++_number}";
        // A minute before the end of its last day: so that nothing else than what is tried here becomes due meanwhile.
        var day = LegalTime.Day(Host.Clock.GetUtcNow());
        Host.Clock.Advance(LegalTime.EndOf(day) - Host.Clock.GetUtcNow() - TimeSpan.FromMinutes(1));
        var opened = await Send(new OpenPosition(reference, $"Ordine {reference}", new(day, [new("Voce", "9/0102100SA/", "1", new Euro(4200))], day)));
        var (one, two) = (await Begun(opened.Due), await Begun(opened.Due));
        var (back, again) = (await Host.Bank.Pay(one.GoTo), await Host.Bank.Pay(two.GoTo));
        foreach (var deed in order)
            switch (deed)
            {
                case 'R':
                    (await Till.Post(Till.Return, back.Body)).Dispose();
                    break;
                case 'L':
                    await Till.Tell(one.OrderNumber, "IC", "RO");
                    break;
                case 'Q':
                    await Host.Container.Resolve<PaymentPoller>().AskNow(await Creditor(), one.Payment, CancellationToken.None);
                    break;
                case 'E':
                    Host.Clock.Advance(LegalTime.EndOf(day) - Host.Clock.GetUtcNow() + TimeSpan.FromSeconds(1));
                    await Host.Quiet();
                    break;
                case 'C':
                    await Host.As(Service, "MZB", "MZB", scope => scope.Resolve<ICommands>().Send(new CancelPosition(reference, "prova"), CancellationToken.None));
                    break;
                case 'F':
                    await GiveBack(one.OrderNumber);
                    break;
                default:
                    (await Till.Post(Till.Return, again.Body)).Dispose();
                    await Host.After(TimeSpan.FromSeconds(4));
                    break;
            }
        await Host.After(TimeSpan.FromMinutes(3));
        var row = (await Host.Database.Rows<(string Due, string? PaidBy, string One, string Two, long Given)>(
            """
            select d.state, (select y.order_no from payments.due_paid x join payments.payment y using (entity_id, payment_id) where x.due_id = d.due_id),
                   (select state from payments.payment where order_no = @one), (select state from payments.payment where order_no = @two),
                   (select refunded_cents from payments.payment where order_no = @one)
              from payments.due d where d.due_id = @due
            """,
            new { one = one.OrderNumber, two = two.OrderNumber, due = opened.Due.Value })).Single();
        var due = row.Due == "paid" ? row.PaidBy == one.OrderNumber ? "paid by 1" : "paid by 2" : row.Due == "open" ? "owed" : "withdrawn";
        return $"{due}; 1 {row.One}{(row.Given == 4200 ? ", given back" : row.Given == 0 ? "" : ", in part")}; 2 {row.Two}";
    }

    /// <summary>Asked for, agreed to and done; refused where nothing was taken yet.</summary>
    async Task GiveBack(string order)
    {
        var desk = Host.Container.Resolve<RefundDesk>();
        var creditor = await Creditor();
        var asked = await desk.Ask(creditor, new(order, null, null, false, "prova"), "cli:marta", CancellationToken.None);
        if (asked.Refusal?.Code == RefundRefusals.NotConfirmed)
        {
            await Host.After(TimeSpan.FromSeconds(4));
            asked = await desk.Ask(creditor, new(order, null, null, false, "prova"), "cli:marta", CancellationToken.None);
        }
        if (asked.Refusal is not null)
            return;
        (await desk.Approve(creditor, asked.Value, "cli:luca", CancellationToken.None)).Refusal.Should().BeNull();
        await Host.Quiet();
        (await desk.Confirm(creditor, asked.Value, "op. 1", "cli:luca", CancellationToken.None)).Refusal.Should().BeNull();
        await Host.Quiet();
    }

    async Task<EntityId> Creditor() => (await Host.Container.Resolve<EntityDirectory>().Current(CancellationToken.None)).ByCode("MZB")!.Id;

    async Task<StartedCheckout> Begun(DueId due)
    {
        var checkout = (await Host.As(Service, "MZB", "MZB", scope => scope.Resolve<ICommands>().Send(new StartCheckout(Guid.CreateVersion7(), [due], "x", "it"), CancellationToken.None))).Value;
        await Host.Bank.Lie(checkout.OrderNumber, new { listener = new { drop = true } });
        return checkout;
    }

    Task<OpenedPosition> Send(OpenPosition position) => Host.As(Service, "MZB", "MZB", scope => scope.Resolve<ICommands>().Send(position, CancellationToken.None));

    static IEnumerable<string> Permutations(string letters) =>
        letters.Length <= 1 ? [letters] : letters.SelectMany((letter, at) => Permutations(letters.Remove(at, 1)).Select(rest => letter + rest));
}
