namespace Platform.Core.Tests.Events;

public sealed class ReplayTests
{
    // The command line goes by the machine's clock.
    static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    [Test]
    public async Task A_parked_delivery_is_listed_and_replayed_in_the_order_of_its_stream_and_the_journal_says_by_whom()
    {
        await using var host = await ProbeHost.Start(now: Now);
        var ill = Guid.NewGuid();
        await host.Trouble("WriteDown", ill, 2);
        await host.Raise("MZB", (ill, 4));
        await host.Raise("URG", (ill, 2));
        await host.UntilParked();
        var parked = await host.Database.Value<Guid>("select event_id from core.delivery where state = 'parked' and entity_id = 37036");

        var listed = await host.Portico("events", "parked", "--entity", "MZB");
        listed.Code.Should().Be(0, listed.Errors);
        listed.Output.Should().Contain($"MZB\t{parked}\tprobe.WriteDown\tprobe.happened.1\t10 tries\tIOException\t").And.Contain("1 parked").And.NotContain("URG");
        (await host.Portico("events", "parked")).Output.Should().Contain("URG\t").And.Contain("2 parked");

        await host.Database.Execute("delete from probe.trouble");
        (await host.Portico("events", "replay", "MZB", $"{parked}", "--by", "anna")).Output.Should().Contain("1 due again");
        await host.Quiet();

        (await host.Handled("WriteDown", ill)).Should().Equal([1, 1, 2, 3, 4], "the union's second event is still parked");
        (await host.Database.Rows<string>("select entity_id || ' ' || actor || ' ' || (body->>'event') || ' ' || (body->>'handler') || ' ' || (body->>'tries') || ' ' || (body->>'error') from core.journal where kind = 'core.event_replayed'"))
            .Should().Equal($"37036 cli:anna {parked} probe.WriteDown 10 IOException");
        var again = await host.Portico("events", "replay", "MZB", $"{parked}");
        again.Code.Should().Be(1);
        again.Errors.Should().Contain("Nothing of that is parked");
    }

    [Test]
    public async Task All_of_an_entity_or_one_handler_s_are_replayed_and_what_still_fails_is_tried_by_the_whole_schedule_and_parked_again()
    {
        await using var host = await ProbeHost.Start(now: Now);
        var (one, two) = (Guid.NewGuid(), Guid.NewGuid());
        foreach (var stream in (Guid[])[one, two])
            foreach (var handler in (string[])["WriteDown", "WriteElsewhere"])
                await host.Trouble(handler, stream, 1);
        await host.Raise("MZB", (one, 1), (two, 1));
        await host.UntilParked();
        await host.Database.Execute("delete from probe.trouble where handler = 'WriteElsewhere'");

        (await host.Portico("events", "replay", "MZB", "--all", "--handler", "probe.WriteElsewhere")).Output.Should().Contain("2 due again");
        // So many failures have paused the service's reactions, too.
        await host.After(TimeSpan.FromSeconds(31));
        (await host.Database.Rows<string>("select handler || ' ' || state from core.delivery order by 1")).Should().Equal("probe.WriteDown parked", "probe.WriteDown parked", "probe.WriteElsewhere done", "probe.WriteElsewhere done");

        (await host.Portico("events", "replay", "MZB", "--all")).Output.Should().Contain("2 due again");
        await host.UntilParked();
        (await host.Database.Rows<string>("select state || ' ' || tries from core.delivery where handler = 'probe.WriteDown'")).Should().Equal("parked 10", "parked 10");
    }

    [TestCase("MZB")]
    [TestCase("MZB", "0197a000-0000-7000-8000-000000000001", "--all")]
    public async Task Half_a_wish_is_refused(params string[] words)
    {
        await using var host = await ProbeHost.Start();
        var told = await host.Portico(["events", "replay", .. words]);
        told.Code.Should().Be(2);
        told.Errors.Should().Contain("Name an event, or say --all");
    }
}
