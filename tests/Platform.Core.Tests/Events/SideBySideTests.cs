using Npgsql;
using Platform.Core.Tests.Embedded;

namespace Platform.Core.Tests.Events;

public sealed class SideBySideTests
{
    [Test]
    public async Task A_handler_that_waits_for_a_lock_holds_back_only_its_own_stream()
    {
        await using var host = await ProbeHost.Start();
        var (stuck, other, third) = (Guid.NewGuid(), Guid.NewGuid(), Guid.NewGuid());
        await host.Trouble("WriteDown", stuck, 1);
        await using var holder = new NpgsqlConnection(host.Database.Owner);
        await holder.OpenAsync();
        await using (var hold = await holder.BeginTransactionAsync())
        {
            await using var row = new NpgsqlCommand("delete from probe.trouble", holder, hold);
            await row.ExecuteNonQueryAsync();
            await host.Raise("MZB", (stuck, 2));
            await Eventually.Holds(
                async () => await host.Database.Value<int?>("select pid from pg_stat_activity where datname = current_database() and query like '%probe.trouble%for share%' and wait_event_type = 'Lock'") is not null,
                "the handler waits");

            await host.Raise("MZB", (other, 2));
            await host.Raise("URG", (third, 2));

            foreach (var (handler, stream) in ((string, Guid)[])[("WriteElsewhere", stuck), ("WriteDown", other), ("WriteElsewhere", other), ("WriteDown", third), ("WriteElsewhere", third)])
                await Eventually.Holds(async () => (await host.Handled(handler, stream)).Count == 2, $"{handler} is through");
            (await host.Handled("WriteDown", stuck)).Should().BeEmpty("it still waits");
            await hold.CommitAsync();
        }
        await host.Quiet();

        (await host.Handled("WriteDown", stuck)).Should().Equal(1, 2);
        (await host.Database.Value<int>("select max(tries)::int from core.delivery")).Should().Be(1, "to wait is no failure");
    }

    [Test]
    public async Task Two_handlers_that_deadlock_are_both_through_at_once_and_it_counts_as_no_try()
    {
        await using var host = await ProbeHost.Start();
        var (first, second) = (Guid.NewGuid(), Guid.NewGuid());
        await using var holder = new NpgsqlConnection(host.Database.Owner + ";Options=-c deadlock_timeout=10s");
        await holder.OpenAsync();
        foreach (var stream in (Guid[])[first, second])
            await host.Trouble("WriteDown", stream, 1);
        await using (var hold = await holder.BeginTransactionAsync())
        {
            await using (var row = new NpgsqlCommand("delete from probe.trouble", holder, hold))
                await row.ExecuteNonQueryAsync();
            await host.Raise("MZB", (first, 1));
            const string Waiting = "select d.event_id from core.delivery d where handler = 'probe.WriteDown' and stream = @first";
            await Eventually.Holds(
                async () => await host.Database.Value<int?>("select pid from pg_stat_activity where datname = current_database() and query like '%probe.trouble%for share%' and wait_event_type = 'Lock'") is not null,
                "the handler waits for the row");
            // It holds the delivery and waits for us; now we wait for the delivery. PostgreSQL ends the one whose patience is shorter, the handler.
            await using var delivery = new NpgsqlCommand("select 1 from core.delivery where event_id = (" + Waiting + ") and handler = 'probe.WriteDown' for update", holder, hold);
            delivery.Parameters.AddWithValue("first", first);
            await delivery.ExecuteNonQueryAsync();
            await hold.CommitAsync();
        }
        await host.Raise("MZB", (second, 1));
        await host.Quiet();

        (await host.Handled("WriteDown", first)).Should().Equal(1);
        (await host.Handled("WriteDown", second)).Should().Equal(1);
        (await host.Database.Value<int>("select max(tries)::int from core.delivery where state = 'done'")).Should().Be(1);
    }
}
