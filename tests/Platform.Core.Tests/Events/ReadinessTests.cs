using System.Net;
using Platform.Core.Tests.Embedded;
using Platform.Testing;

namespace Platform.Core.Tests.Events;

public sealed class ReadinessTests
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(61);

    [TestCase("revoke select on core.delivery from portico_centre", "grant select on core.delivery to portico_centre", TestName = "A_host_whose_dispatcher_fails_is_not_ready_while_work_waits")]
    [TestCase("drop policy centre on core.delivery", "create policy centre on core.delivery for select to portico_centre using (true)", TestName = "A_host_whose_dispatcher_sees_no_work_is_not_ready_while_work_waits")]
    public async Task A_host_that_delivers_nothing_is_not_ready(string breaking, string mending)
    {
        await using var host = await ProbeHost.Start();
        await host.Database.Execute(breaking);
        host.Clock.Advance(Patience);
        (await Ready(host)).Should().Be((HttpStatusCode.OK, true), "there is nothing to do");

        await host.Raise("MZB", (Guid.NewGuid(), 1));
        host.Clock.Advance(TimeSpan.FromSeconds(59));
        (await Ready(host)).Status.Should().Be(HttpStatusCode.OK, "that may happen under load");
        host.Clock.Advance(TimeSpan.FromSeconds(2));
        (await Ready(host)).Should().Be((HttpStatusCode.ServiceUnavailable, false));

        await host.Database.Execute(mending);
        await Eventually.Holds(async () => (await Ready(host)).Status == HttpStatusCode.OK, "it delivers again by itself");
    }

    [Test]
    public async Task What_waits_for_its_next_try_or_behind_a_parked_delivery_makes_no_host_unready()
    {
        await using var host = await ProbeHost.Start();
        var ill = Guid.NewGuid();
        await host.Trouble("WriteDown", ill, 1);
        await host.Raise("MZB", (ill, 2));
        await host.UntilParked();

        host.Clock.Advance(TimeSpan.FromDays(2));

        (await Ready(host)).Status.Should().Be(HttpStatusCode.OK);
    }

    static async Task<(HttpStatusCode Status, bool Quiet)> Ready(PorticoTestHost host)
    {
        using var browser = new HttpClient { BaseAddress = host.Address };
        using var answer = await browser.GetAsync(new Uri("/health/ready", UriKind.Relative));
        return (answer.StatusCode, !(await answer.Content.ReadAsStringAsync()).Contains("events: one waits since", StringComparison.Ordinal));
    }
}
