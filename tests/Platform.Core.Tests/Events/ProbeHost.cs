using Autofac;
using Platform.Core.Events;
using Platform.Core.Storage;
using Platform.Core.Tests.Embedded;
using Platform.Payments;
using Platform.Testing;

namespace Platform.Core.Tests.Events;

/// <summary>What the tests of events do to a host that runs the probe, which see in tests/Plugins.</summary>
internal static class ProbeHost
{
    public static readonly string Plugins = Path.Combine(TestCluster.Artifacts, "test-plugins");

    public static Task<PorticoTestHost> Start(DispatchTerms? terms = null, DateTimeOffset? now = null) => PorticoTestHost.Start(Plugins, now, container: container =>
    {
        if (terms is not null)
            container.RegisterInstance(terms);
    });

    public static Task Raise(this PorticoTestHost host, string entity, params (Guid Stream, int Times)[] events) =>
        host.Import("probe", "raise", entity, string.Join('\n', events.Select(e => $"{e.Stream};{e.Times}")));

    /// <summary>Raises an event that <c>probe.HearPaid</c> hears, from a host that need not run the probe.</summary>
    public static Task RaisePaid(this PorticoTestHost host, Guid position) => host.As("payments", "MZB", "MZB", scope => scope.Resolve<ISessions>().Run(
        session =>
        {
            session.Raise(new PositionPaid(
                new(new(position), "probe", "x"), 1, Guid.NewGuid(), Guid.NewGuid(), "MZB-0000000000000-0", new(100), new(37036), host.Clock.GetUtcNow()));
            return Task.FromResult(0);
        },
        CancellationToken.None));

    public static Task<int> Trouble(this PorticoTestHost host, string handler, Guid stream, int seq) =>
        host.Database.Execute("insert into probe.trouble select entity_id, @handler, @stream, @seq from core.entity where code in ('MZB', 'URG')", new { handler, stream, seq });

    public static Task<IReadOnlyList<int>> Handled(this PorticoTestHost host, string handler, Guid stream) =>
        host.Database.Rows<int>("select seq from probe.effect where handler = @handler and stream = @stream order by place", new { handler, stream });

    public static Task<TimeSpan> IsHandled(this PorticoTestHost host, string handler, Guid stream) =>
        Eventually.Holds(async () => (await host.Handled(handler, stream)).Count > 0, $"{handler} handled the event");

    static readonly int[] Steps = [1, 5, 15, 60, 300, 900];

    const string Tryable =
        """
        select count(*) from core.delivery d
         where d.state = 'due'
           and not exists (select from core.delivery p where p.entity_id = d.entity_id and p.handler = d.handler and p.stream = d.stream and p.seq < d.seq and p.state <> 'done')
        """;

    /// <summary>Lets time pass until whatever fails has been tried ten times.</summary>
    public static async Task UntilParked(this PorticoTestHost host)
    {
        await host.Quiet();
        // Many failures at once also pause the handlers for a while, so that the schedule alone does not say how long it takes.
        for (var step = 0; await host.Database.Value<long>(Tryable) > 0; step++)
        {
            if (step == 40)
                throw new InvalidOperationException("What fails is not parked.");
            await host.After(TimeSpan.FromSeconds(step < Steps.Length ? Steps[step] : 3600));
        }
    }
}
