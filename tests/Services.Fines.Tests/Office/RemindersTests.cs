using Platform.Testing;

namespace Services.Fines.Tests.Office;

/// <summary>Who is to be reminded: once per step of the creditor's policy, and nobody without one.</summary>
public sealed class RemindersTests
{
    [Test]
    public async Task Each_step_of_the_policy_reminds_once()
    {
        await using var host = await PorticoTestHost.Start();
        var desk = new Desk(host);
        var fine = await desk.NewFine(notified: -1);   // 9 March 2026: reduced until Saturday 14 March, minimum until Friday 8 May
        var paid = await desk.NewFine(notified: -1);
        await desk.Pay(paid);
        await Days(host, 1);
        (await desk.Sheet("reminders")).Should().BeEmpty("without a policy nobody is reminded");

        (await host.Portico("settings", "set", "fines", "--entity", "URG", "remindBefore=2", "remindAfter=10")).Code.Should().Be(0);
        await Days(host, 1);
        (await desk.Sheet("reminders")).Select(row => (row[0], row[1], row[3], row[4], row[5])).Should().Equal(
            ("2026-03-12", $"V/2026/{fine}", "finisce l'importo ridotto", "2026-03-14", "31,40"));

        await Days(host, 2);
        (await desk.Sheet("reminders")).Should().HaveCount(1, "a step reminds once");
        await Days(host, 53);
        (await desk.Sheet("reminders", ("from", "2026-03-13"))).Select(row => (row[0], row[3], row[4], row[5])).Should().Equal(("2026-05-06", "finisce il minimo", "2026-05-08", "44,00"));
        await Days(host, 12);
        (await desk.Sheet("reminders", ("from", "2026-05-07"))).Select(row => (row[0], row[3], row[4])).Should().Equal(("2026-05-18", "il minimo è finito", "2026-05-08"));
    }

    /// <summary>The night before the last of these days runs the job; the nights before it are made up for by one run.</summary>
    static async Task Days(PorticoTestHost host, int days)
    {
        if (days > 1)
            await host.After(TimeSpan.FromDays(days - 1));
        await host.After(TimeSpan.FromDays(1));
    }
}
