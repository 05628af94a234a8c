namespace Portico.Faults;

public sealed class EventStormTests
{
    [Test]
    [CancelAfter(180_000)]
    public async Task Two_hosts_that_are_killed_deliver_each_event_once_and_in_the_order_of_its_stream()
    {
        var plan = new StormPlan(Events: 1000, Streams: 50, Kills: 3, Seed: Environment.TickCount & 0xFFFF);
        TestContext.Out.WriteLine($"seed {plan.Seed}");
        await using var storm = await EventStorm.Create(plan);

        var found = await storm.Run();

        var table = found.ToString();
        TestContext.Out.WriteLine(table);
        found.Clean.Should().BeTrue("seed {0}\n{1}", plan.Seed, table);
        found.Should().Match<StormFound>(all => all.Events == 1000 && all.Deliveries == 2000 && all.Kills == 3 && all.Failures > 0, table);
    }
}
