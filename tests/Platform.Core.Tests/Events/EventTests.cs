using Autofac;
using Platform.Core.Entities;
using Platform.Core.Money;
using Platform.Core.Storage;
using Platform.Payments;
using Platform.Testing;

namespace Platform.Core.Tests.Events;

/// <summary>From outbox to handler, with a real service that was asked to behave badly. See tests/Plugins/Probe.</summary>
public sealed class EventTests
{
    static readonly string Plugins = Path.Combine(TestCluster.Artifacts, "test-plugins");

    [Test]
    public async Task Each_event_has_one_effect_per_handler_in_the_order_of_its_stream()
    {
        await using var host = await PorticoTestHost.Start(Plugins);
        Guid[] streams = [Guid.NewGuid(), Guid.NewGuid(), Guid.NewGuid()];

        await Raise(host, [.. streams.Select(stream => (stream, 3)), .. streams.Select(stream => (stream, 4))]);
        await host.Quiet();

        (await Effects(host)).Should().BeEquivalentTo(
            from stream in streams from handler in (string[])["WriteDown", "WriteElsewhere"] from seq in Enumerable.Range(1, 7) select new Effect(handler, stream, seq, seq));
        (await host.Database.Rows<string>("select distinct state from core.delivery")).Should().Equal("done");
    }

    [Test]
    public async Task A_handler_that_fails_is_tried_again_by_the_back_off_then_parked_and_holds_back_only_its_own_stream()
    {
        await using var host = await PorticoTestHost.Start(Plugins);
        var (ill, well) = (Guid.NewGuid(), Guid.NewGuid());
        await Trouble(host, "WriteDown", ill, 1);

        await Raise(host, (ill, 2), (well, 2));
        await host.Quiet();
        var tried = new List<int> { await Tries(host, ill) };
        foreach (var seconds in (int[])[1, 5, 15, 60, 300, 900, 3600, 3600, 3600])
        {
            await host.After(TimeSpan.FromSeconds(seconds) - TimeSpan.FromMilliseconds(1));
            (await Tries(host, ill)).Should().Be(tried[^1], "its time has not come, {0} s after the last try", seconds);
            await host.After(TimeSpan.FromMilliseconds(1));
            tried.Add(await Tries(host, ill));
        }
        await host.After(TimeSpan.FromDays(30));

        tried.Should().Equal(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
        (await host.Database.Rows<string>("select state || ' ' || coalesce(error, '') from core.delivery where stream = @ill and handler = 'probe.WriteDown' order by seq", new { ill }))
            .Should().Equal("parked IOException", "due ");
        (await Effects(host)).Should().BeEquivalentTo(
            [new Effect("WriteElsewhere", ill, 1, 1), new("WriteElsewhere", ill, 2, 2), new("WriteDown", well, 1, 1), new("WriteDown", well, 2, 2), new("WriteElsewhere", well, 1, 1), new("WriteElsewhere", well, 2, 2)],
            "what the failing handler had written went with its failure");
    }

    [Test]
    public async Task A_handler_that_recovers_gets_its_events_in_order()
    {
        await using var host = await PorticoTestHost.Start(Plugins);
        var stream = Guid.NewGuid();
        await Trouble(host, "WriteDown", stream, 2);
        await Raise(host, (stream, 4));
        await host.Quiet();
        (await Effects(host, "WriteDown")).Should().Equal(new Effect("WriteDown", stream, 1, 1));

        await host.Database.Execute("delete from probe.trouble");
        await host.After(TimeSpan.FromSeconds(1));

        (await Effects(host, "WriteDown")).Should().Equal(Enumerable.Range(1, 4).Select(seq => new Effect("WriteDown", stream, seq, seq)));
    }

    [Test]
    public async Task Two_hosts_on_one_database_handle_each_event_once_and_in_order()
    {
        await using var database = await TestCluster.NewDatabase();
        await using var one = await PorticoTestHost.Start(Plugins, database: database);
        await using var two = await PorticoTestHost.Start(Plugins, database: database);
        var streams = Enumerable.Range(0, 30).Select(_ => Guid.NewGuid()).ToArray();
        // Fewer failures than pause a service's reactions.
        foreach (var stream in streams.Take(4))
            await Trouble(one, "WriteDown", stream, 2);

        // Both raise on the same streams while both deliver.
        await Task.WhenAll(
            Raise(one, [.. streams.Select(stream => (stream, 3))]), Raise(two, [.. streams.Select(stream => (stream, 3))], "URG"), Raise(two, [.. streams.Select(stream => (stream, 2))]), one.Quiet(), two.Quiet());
        await Task.WhenAll(one.Quiet(), two.Quiet());
        (await database.Value<int>("select count(*)::int from core.delivery where tries = 1 and state = 'due'")).Should().Be(8, "four streams of two creditors wait behind a failure");
        await database.Execute("delete from probe.trouble");
        await Task.WhenAll(one.After(TimeSpan.FromHours(1)), two.After(TimeSpan.FromHours(1)));
        await one.Quiet();

        (await database.Rows<string>("select handler from core.delivery where state <> 'done'")).Should().BeEmpty();
        (await database.Rows<(int Entity, string Handler, Guid Stream, string Seqs)>(
            "select entity_id, handler, stream, string_agg(seq::text, ',' order by place) from probe.effect group by 1, 2, 3"))
            .Should().HaveCount(30 * 2 * 2).And.OnlyContain(done => done.Seqs == (done.Entity == 137001 ? "1,2,3" : "1,2,3,4,5"));
        (await database.Value<int>("select count(*)::int from (select 1 from probe.effect group by entity_id, handler, stream, place having count(*) > 1) as twice")).Should().Be(0);
    }

    [Test]
    public async Task An_event_waits_for_a_service_that_is_away()
    {
        await using var database = await TestCluster.NewDatabase();
        var nothing = Directory.CreateTempSubdirectory("portico-noplugins-").FullName;
        await using (await PorticoTestHost.Start(Plugins, database: database))
        {
            // It was here once, and said what it wants to hear of.
        }
        var position = Guid.NewGuid();
        await using (var without = await PorticoTestHost.Start(nothing, database: database))
        {
            await without.As("payments", "MZB", "MZB", scope => scope.Resolve<ISessions>().Run(
                session =>
                {
                    session.Raise(new PositionPaid(
                        new PositionKey(new PositionId(position), "probe", "x"), 1, Guid.NewGuid(), Guid.NewGuid(), "MZB-0000000000000-0", new Euro(100), new EntityId(37036), without.Clock.GetUtcNow()));
                    return Task.FromResult(0);
                },
                CancellationToken.None));
            await without.Quiet();
            (await database.Rows<string>("select state from core.delivery where handler = 'probe.HearPaid'")).Should().Equal("due");
        }

        await using var back = await PorticoTestHost.Start(Plugins, database: database);
        await back.Quiet();

        (await Effects(back)).Should().Equal(new Effect("HearPaid", position, 1, 1));
        Directory.Delete(nothing);
    }

    static async Task Raise(PorticoTestHost host, (Guid Stream, int Times)[] events, string entity = "MZB") =>
        await host.Import("probe", "raise", entity, string.Join('\n', events.Select(e => $"{e.Stream};{e.Times}")));

    static Task Raise(PorticoTestHost host, params (Guid Stream, int Times)[] events) => Raise(host, events, "MZB");

    static Task<int> Trouble(PorticoTestHost host, string handler, Guid stream, int seq) =>
        host.Database.Execute("insert into probe.trouble select entity_id, @handler, @stream, @seq from core.entity where code in ('MZB', 'URG')", new { handler, stream, seq });

    static Task<int> Tries(PorticoTestHost host, Guid stream) =>
        host.Database.Value<int>("select max(tries)::int from core.delivery where stream = @stream and handler = 'probe.WriteDown'", new { stream });

    static Task<IReadOnlyList<Effect>> Effects(PorticoTestHost host, string? handler = null) => host.Database.Rows<Effect>(
        "select handler, stream, seq, place from probe.effect where @handler::text is null or handler = @handler order by handler, stream, seq", new { handler });

    sealed record Effect(string Handler, Guid Stream, int Seq, int Place);
}
