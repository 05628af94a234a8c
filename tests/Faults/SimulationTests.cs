namespace Portico.Faults;

public sealed class SimulationTests
{
    const int Steps = 30_000;

    [Test]
    public void Whatever_the_order_of_crashes_messages_and_questions_the_books_are_the_banks()
    {
        var seed = Environment.TickCount & 0xFFFF;

        var found = new Simulation(seed).Run(Steps);

        TestContext.Out.WriteLine(found);
        found.Clean.Should().BeTrue("seed {0} tells it again: {1}", seed, found.First);
        found.Should().Match<SimulationFound>(run => run.Payments > 500 && run.Held > 100 && run.Crashes > 100 && run.Messages > 1000, "a world in which nothing happens proves nothing");
    }

    [Test]
    public void The_same_seed_is_the_same_run() => new Simulation(7).Run(5_000).Should().Be(new Simulation(7).Run(5_000));

    [TestCase(Guard.PaidOnce)]
    [TestCase(Guard.EffectWithMark)]
    [TestCase(Guard.Order)]
    [TestCase(Guard.Forgotten)]
    [TestCase(Guard.Asking)]
    [TestCase(Guard.OneWay)]
    [TestCase(Guard.OpenOnly)]
    public void Each_guard_taken_out_is_missed(Guard guard) =>
        Enumerable.Range(1, 5).Select(seed => new Simulation(seed, guard).Run(Steps)).Should().Contain(found => !found.Clean);
}
