using Autofac;
using Platform.Payments.Ledger;

namespace Platform.Payments.Tests.Settlement;

/// <summary>The two books and what was written down of them, compared every night.</summary>
internal sealed class ParityTests : OnOneHost
{
    [OneTimeSetUp]
    public async Task TwoNights()
    {
        await Till.Paid();
        await Host.After(TimeSpan.FromHours(18));
        await using var other = await Host.Another();
        await other.Quiet();
    }

    [Test]
    public async Task Every_night_what_accounts_moved_on_days_that_are_over_is_written_down_once()
    {
        (await Host.Database.Rows<(DateTime, int, int)>("select day::timestamp, differences, rebuilt from payments.parity where day < '2026-04-01' order by day"))
            .Should().BeEquivalentTo([(new DateTime(2026, 3, 10), 0, 0), (new DateTime(2026, 3, 11), 0, 0)]);
        (await Host.Database.Value<long>("select sum(debit_cents)::bigint from payments.balance where account = 'collections'")).Should().Be(4200);
    }

    [Test]
    public async Task A_balance_that_is_wrong_is_named_and_rebuilt()
    {
        await Host.Database.Execute("update payments.balance set debit_cents = debit_cents + 1 where account = 'collections'");
        (await Contradictions()).Should().Contain("balances");
        (await Host.Portico("ledger", "parity")).Code.Should().Be(0);
        (await Contradictions()).Should().BeEmpty();
        (await Host.Database.Value<long>("select sum(debit_cents)::bigint from payments.balance where account = 'collections'")).Should().Be(4200);
    }

    [Test]
    public async Task Books_that_differ_are_counted_and_the_command_ends_with_1()
    {
        await Host.Database.Execute(
            """
            insert into payments.account (entity_id, account, kind) select entity_id, 'centre', 'asset' from core.entity where code = 'URG';
            insert into payments.transfer (entity_id, cause, cause_id, n, debit, credit, cents, booked_on, booked_at)
            select entity_id, 'settlement.payment', gen_random_uuid(), 1, 'centre', 'collections', 1, '2026-03-12', now() from core.entity where code = 'URG'
            """);
        (await Host.Portico("ledger", "parity")).Code.Should().Be(1);
        (await Contradictions()).Should().Contain("two books");
        await Host.Database.Execute("delete from payments.transfer where cause = 'settlement.payment'");
        (await Host.Portico("ledger", "parity")).Code.Should().Be(0);
    }

    async Task<List<string>> Contradictions()
    {
        var found = new List<string>();
        await foreach (var (invariant, contradictions) in Host.Container.Resolve<MoneyCheck>().Run(TimeSpan.Zero, CancellationToken.None))
            if (contradictions.Count > 0)
                found.Add(invariant.Name);
        return found;
    }
}
