using Npgsql;
using Platform.Testing;

namespace Platform.Payments.Tests.Flows;

/// <summary>Yesterday's backup is restored beside today's books of the bank.</summary>
public sealed class RestoredBackupTests
{
    [Test]
    public async Task What_was_started_before_the_backup_and_paid_after_it_is_found_again_by_asking_the_bank()
    {
        await using var database = await TestCluster.NewDatabase();
        var payments = new List<Started>();
        await using (var host = await PorticoTestHost.Start(database: database))
        {
            using var till = new Till(host);
            for (var n = 0; n < 6; n++)
                payments.Add(await till.Start());
            // One is paid and told before the backup is made.
            using var told = await till.Post(Till.Return, (await till.PayAtBank(payments[0])).Body);
            await host.After(TimeSpan.FromSeconds(4));
        }
        NpgsqlConnection.ClearAllPools();
        await using var backup = await database.Copy();

        await using (var host = await PorticoTestHost.Start(database: database, now: new DateTimeOffset(2026, 3, 10, 12, 0, 0, TimeSpan.Zero)))
        {
            using var till = new Till(host);
            foreach (var payment in payments.Skip(1).Take(3))
            {
                using var told = await till.Post(Till.Return, (await till.PayAtBank(payment)).Body);
            }
            await till.PayAtBank(payments[4], cancel: true);
            await host.After(TimeSpan.FromSeconds(4));
            (await till.StateOf(payments[3])).Should().Be("paid");
        }

        await using var restored = await PorticoTestHost.Start(database: backup, now: new DateTimeOffset(2026, 3, 11, 8, 0, 0, TimeSpan.Zero));
        using var counter = new Till(restored);
        (await restored.Database.Value<long>("select count(*) from payments.payment where state = 'paid'")).Should().Be(1, "the backup knows no more");
        await restored.Quiet();
        await restored.After(TimeSpan.FromMinutes(5));

        foreach (var payment in payments.Take(4))
            await counter.ShouldBePaidOnce(payment);
        (await counter.StateOf(payments[4])).Should().Be("failed");
        (await counter.StateOf(payments[5])).Should().Be("expired", "nobody ever went to the bank with it");
        (await restored.Portico("check", "money")).Code.Should().Be(0);
        // From outside: what the bank holds is what our books say.
        var held = (await restored.Bank.Orders()).Where(order => order.Holds && payments.Exists(payment => payment.Order == order.Order)).Sum(order => order.TakenCents);
        (await restored.Database.Value<long>("select sum(case when debit = 'collections' then cents else -cents end)::bigint from payments.transfer where 'collections' in (debit, credit)")).Should().Be(held);
    }
}
