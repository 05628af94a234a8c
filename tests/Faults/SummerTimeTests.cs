using Platform.Testing;

namespace Portico.Faults;

/// <summary>The two nights in which Rome's clock jumps: a payment begun before the jump and told after it.</summary>
public sealed class SummerTimeTests
{
    [TestCase("2026-03-29T00:59:50Z", "2026-03-29", TestName = "A payment across the hour that does not exist is paid once, on the right day")]
    [TestCase("2026-10-25T00:59:50Z", "2026-10-25", TestName = "A payment across the hour that comes twice is paid once, on the right day")]
    public async Task A_payment_across_the_jump(string before, string day)
    {
        await using var host = await PorticoTestHost.Start(now: DateTimeOffset.Parse(before, System.Globalization.CultureInfo.InvariantCulture));
        await host.Bank.Lie("*", new { listener = new { drop = true } });
        var fine = await host.LoadFine();
        using var citizen = host.NewCitizen();
        await citizen.FindFine("bentivoglio", fine);
        await citizen.GoToBank();
        await citizen.Press("azione", "paga");

        // Neither return nor listener: the question falls due on the other side of the jump.
        await host.After(TimeSpan.FromMinutes(3));
        await host.After(TimeSpan.FromHours(2));

        (await host.Database.Value<string>("select state || ' ' || paid_on::text from fines.fine")).Should().Be($"paid {day}");
        (await host.Database.Value<long>("select count(*) from payments.due_paid")).Should().Be(1);
        (await host.Database.Value<double>("select extract(epoch from paid_at - created_at)::float8 from payments.payment")).Should().BeInRange(120, 200, "instants know no summer time");
        (await Audit.Contradictions(host.Database.Rows<(int Entity, string What)>)).Should().BeEmpty();
    }
}
