namespace Portico.Faults;

public sealed class BillRunsTests
{
    [Test]
    [CancelAfter(180_000)]
    public async Task A_run_of_bills_that_is_killed_three_times_bills_each_pupil_once_and_its_sums_agree()
    {
        var plan = new BillPlan(Bills: 600, Kills: 3, Seed: Environment.TickCount & 0xFFFF);
        TestContext.Out.WriteLine($"seed {plan.Seed}");
        await using var world = await World.Create(fines: 1);
        await using var bills = new BillRuns(world, plan, TestContext.Out.WriteLine);

        var found = await bills.Run();

        var table = found.ToString();
        TestContext.Out.WriteLine(table);
        found.Clean.Should().BeTrue("seed {0}\n{1}", plan.Seed, table);
        found.Should().Match<BillsFound>(all => all.Bills == 600 && all.KilledAt.Count == 3 && all.KilledAt[0] < all.KilledAt[2] && all.KilledAt[2] < 600, table);
    }
}
