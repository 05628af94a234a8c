using Npgsql;
using Platform.Core.Events;
using Platform.Core.Tests.Embedded;
using Platform.Testing;

namespace Platform.Core.Tests.Events;

/// <summary>How a dispatcher hears of work that another host committed.</summary>
public sealed class WakeUpTests
{
    static readonly TimeSpan Never = TimeSpan.FromDays(1);

    [Test]
    public async Task An_event_of_another_host_is_handled_by_notification_alone()
    {
        using var empty = new EmptyFolder();
        await using var host = await ProbeHost.Start(new() { Poll = Never });
        await using var other = await PorticoTestHost.Start(empty.Path, beside: host);
        await Listens(host);
        var position = Guid.NewGuid();

        await other.RaisePaid(position);

        await host.IsHandled("HearPaid", position);
    }

    [Test]
    public async Task Without_its_connection_for_notifications_a_host_finds_events_by_poll()
    {
        using var empty = new EmptyFolder();
        await using var host = await ProbeHost.Start(new() { Poll = TimeSpan.FromMilliseconds(100), Reconnect = Never });
        await using var other = await PorticoTestHost.Start(empty.Path, beside: host, container: container => Autofac.RegistrationExtensions.RegisterInstance(container, new DispatchTerms { Reconnect = Never }));
        await Listens(host, hosts: 2);
        await Cut(host);
        await Eventually.Holds(async () => (await Listeners(host)).Count == 0, "nobody listens");
        var position = Guid.NewGuid();

        await other.RaisePaid(position);

        await host.IsHandled("HearPaid", position);
        (await Listeners(host)).Should().BeEmpty("it was found without being told");
    }

    [Test]
    public async Task A_host_listens_again_and_looks_for_what_it_may_have_missed()
    {
        await using var host = await ProbeHost.Start(new() { Poll = Never, Reconnect = TimeSpan.FromMilliseconds(50) });
        await Listens(host);
        await host.Quiet();
        var (missed, heard) = (Guid.NewGuid(), Guid.NewGuid());
        var first = await Listeners(host);

        // Put in behind everybody's back, as by a transaction whose notification came while nobody listened.
        await host.Database.Execute(
            """
            insert into core.outbox (entity_id, stream, seq, event_id, type, payload, at)
            values (37036, @missed, 1, @missed, 'probe.happened.1', jsonb_build_object('stream', @missed, 'version', 1, 'audience', 'probe'), '2026-03-10 10:00+00');
            insert into core.delivery (entity_id, event_id, handler, stream, seq, state, due_at) values (37036, @missed, 'probe.WriteDown', @missed, 1, 'due', '2026-03-10 10:00+00')
            """,
            new { missed });
        await Cut(host);

        await host.IsHandled("WriteDown", missed);
        (await Listeners(host)).Should().ContainSingle().And.NotIntersectWith(first);
        await using var other = await PorticoTestHost.Start(ProbeHost.Plugins, beside: host);
        await other.Raise("MZB", (heard, 1));
        await host.IsHandled("WriteDown", heard);
    }

    [Test]
    public async Task A_notification_says_nothing_but_that_there_is_something_and_comes_only_with_the_commit_of_events()
    {
        await using var host = await ProbeHost.Start();
        await using var ear = new NpgsqlConnection(host.Database.Owner);
        var heard = new List<string>();
        ear.Notification += (_, notice) => heard.Add($"{notice.Channel}:{notice.Payload}");
        await ear.OpenAsync();
        await using (var listen = new NpgsqlCommand("listen portico_events", ear))
            await listen.ExecuteNonQueryAsync();
        var refused = async () => await host.Import("probe", "bad", "MZB", "");

        await refused.Should().ThrowAsync<Exception>();
        await host.Raise("MZB", (Guid.NewGuid(), 3));

        // Any answer brings what was notified before it.
        await using (var ask = new NpgsqlCommand("select 1", ear))
            await ask.ExecuteScalarAsync();
        heard.Should().Equal("portico_events:");
    }

    static Task<TimeSpan> Listens(PorticoTestHost host, int hosts = 1) => Eventually.Holds(async () => (await Listeners(host)).Count >= hosts, "the host listens");

    static Task<IReadOnlyList<int>> Listeners(PorticoTestHost host) =>
        host.Database.Rows<int>("select pid from pg_stat_activity where datname = current_database() and application_name = 'portico events' and query = 'listen portico_events' and state = 'idle'");

    static Task<int> Cut(PorticoTestHost host) =>
        host.Database.Execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'portico events'");

    sealed class EmptyFolder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("portico-noplugins-").FullName;

        public void Dispose() => Directory.Delete(Path);
    }
}
