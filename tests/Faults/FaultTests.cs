namespace Portico.Faults;

/// <summary>The short part: fifty kills, faults of network and PostgreSQL between them. It has all the time it needs; the limits only end a run that hangs.</summary>
public sealed class FaultTests
{
    [Test]
    [CancelAfter(900_000)]
    public async Task Nothing_is_lost_doubled_or_invented_while_hosts_die()
    {
        var plan = new Plan(Kills: 50, Postmasters: 1, Seed: Environment.TickCount & 0xFFFF, Limit: TimeSpan.FromMinutes(10));
        await using var world = await World.Create(fines: 1450);
        await using var citizens = new Citizens(world, plan.Seed, TimeSpan.FromMilliseconds(150));
        var campaign = new Campaign(world, citizens, plan, TestContext.Progress.WriteLine);

        var found = await campaign.Run();

        var table = campaign.Table(found);
        TestContext.Out.WriteLine(table);
        found.Details.Should().BeEmpty(table);
        found.Taken.Should().BePositive(table);
    }
}
