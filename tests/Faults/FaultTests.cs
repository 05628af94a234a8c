namespace Portico.Faults;

/// <summary>The short part: every named point once, faults of network and PostgreSQL between them.</summary>
public sealed class FaultTests
{
    [Test]
    [CancelAfter(300_000)]
    public async Task Nothing_is_lost_doubled_or_invented_while_hosts_die()
    {
        var plan = new Plan(Kills: CrashPoint.All.Count + 4, Postmasters: 1, Seed: Environment.TickCount & 0xFFFF, Limit: TimeSpan.FromSeconds(30));
        await using var world = await World.Create(fines: 900);
        await using var citizens = new Citizens(world, plan.Seed, TimeSpan.FromMilliseconds(150));
        var campaign = new Campaign(world, citizens, plan, TestContext.Progress.WriteLine);

        var found = await campaign.Run();

        var table = campaign.Table(found);
        TestContext.Out.WriteLine(table);
        found.Details.Should().BeEmpty(table);
        found.Taken.Should().BePositive(table);
    }
}
