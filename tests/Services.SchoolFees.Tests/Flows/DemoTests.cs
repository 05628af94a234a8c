using Platform.Testing;

namespace Services.SchoolFees.Tests.Flows;

/// <summary>What the demonstration loads: generated pupils, two months billed.</summary>
public sealed class DemoTests
{
    [Test]
    public async Task Six_hundred_pupils_of_three_schools_are_billed_for_september_and_october_to_the_cent()
    {
        await using var host = await PorticoTestHost.Start(now: new DateTimeOffset(2026, 11, 2, 9, 0, 0, TimeSpan.Zero));
        foreach (var creditor in (string[])["CTN", "SLS"])
            foreach (var verb in (string[])["years", "schools", "calendar", "services", "pupils", "enrolments", "isee", "tariffs", "attendance", "bill"])
            {
                var report = await host.Import("schoolfees", verb, creditor, await File.ReadAllTextAsync(Path.Combine(TestCluster.Plugins, "schoolfees", "demo", $"{creditor}.{verb}.csv")));
                report.Errors.Should().BeEmpty("{0} {1}", creditor, verb);
            }
        await host.Quiet();
        (await host.Database.Value<long>("select count(*) from schoolfees.pupil")).Should().Be(600);
        (await host.Database.Value<long>("select count(*) from schoolfees.bill where state <> 'open'")).Should().Be(0);
        (await host.Database.Value<long>("select count(*) from schoolfees.run where state = 'approved'")).Should().Be(6);
        (await host.Database.Value<long>("select count(*) from (select 1 from schoolfees.bill group by entity_id, service_id, pupil_id, period having count(*) > 1) twice")).Should().Be(0);
        (await host.Database.Value<long>(
            "select count(*) from schoolfees.bill b where total_cents <> (select sum(amount_cents) from schoolfees.bill_line l where l.entity_id = b.entity_id and l.bill_id = b.bill_id)")).Should().Be(0);
        (await host.Database.Value<bool>("select (select sum(total_cents) from schoolfees.bill) = (select sum(total_cents) from schoolfees.run)")).Should().BeTrue();
        (await host.Database.Value<bool>("select (select count(*) from schoolfees.bill) = (select count(*) from payments.position)")).Should().BeTrue();
        await host.MoneyAddsUp();
    }
}
