using Microsoft.Extensions.Logging;
using Platform.Core.Entities;
using Platform.Core.Hosting;
using Platform.Core.Storage;
using Platform.Core.Time;

namespace Platform.Payments.Ledger;

/// <summary>
/// Every night from three o'clock in Rome, once whatever the number of hosts: compares the centre's book with the creditors', and what each account moved on
/// the days that are over with what was written down before; writes that anew where it differs, and says so.
/// </summary>
internal sealed class BookParity(Database database, TimeProvider clock, ILogger<BookParity> log) : Sweeper(log)
{
    const int FirstHour = 3;

    DateOnly _done;

    protected override string Name => "parity";

    protected override TimeSpan Poll => TimeSpan.FromSeconds(30);

    protected override async Task<int> SweepOnce(CancellationToken stop)
    {
        var local = LegalTime.Local(clock.GetUtcNow());
        var day = LegalTime.Day(clock.GetUtcNow());
        if (day <= _done || local.Hour < FirstHour)
            return 0;
        var known = await database.Run(ModuleRoles.Of("payments"), EntityId.Centre, "parity", clock, session => session.First<bool>(
            "select exists (select from payments.parity where entity_id = @entity and day = @day)", new { entity = session.Entity, day }), stop);
        if (!known)
            await Compare(day, stop);
        _done = day;
        return 0;
    }

    /// <summary>Compares and mends now. Answers how many bookings of the two books contradict each other, and how many days of accounts were written anew.</summary>
    public async Task<(int Differences, int Rebuilt)> Compare(DateOnly day, CancellationToken stop)
    {
        var args = new { day, before = clock.GetUtcNow() - MoneyCheck.Grace };
        var (differences, stale) = await database.Run(ModuleRoles.Centre, null, "parity", clock, async session =>
        {
            await session.Execute("select set_config('statement_timeout', '0', true)");
            return (await session.List<MoneyContradiction>(MoneyInvariants.TwoBooks.Sql, args), await session.List<Stale>(Wrong, args));
        }, stop);
        foreach (var difference in differences)
            log.LogError("The two books differ for entity {Entity}: {What}.", difference.Entity.Value, difference.What);
        var rebuilt = 0;
        foreach (var entity in stale.GroupBy(row => row.EntityId))
        {
            var known = entity.Count(row => row.Known);
            if (known > 0)
                log.LogError("{Count} balances of entity {Entity} were not what its book says, and are written anew.", known, entity.Key);
            rebuilt += known;
            await database.Run(ModuleRoles.Of("payments"), new EntityId(entity.Key), "parity", clock, session => session.Execute(
                """
                delete from payments.balance b using unnest(@accounts, @days) as w (account, booked_on) where b.entity_id = @entity and b.account = w.account and b.booked_on = w.booked_on;

                insert into payments.balance (entity_id, account, booked_on, debit_cents, credit_cents)
                select @entity, w.account, w.booked_on, sum(case when t.debit = w.account then t.cents else 0 end), sum(case when t.credit = w.account then t.cents else 0 end)
                  from unnest(@accounts, @days) as w (account, booked_on)
                  join payments.transfer t on t.entity_id = @entity and t.booked_on = w.booked_on and (t.debit = w.account or t.credit = w.account)
                 group by w.account, w.booked_on
                on conflict (entity_id, account, booked_on) do update set debit_cents = excluded.debit_cents, credit_cents = excluded.credit_cents;
                """,
                new { entity = session.Entity, accounts = entity.Select(row => row.Account).ToArray(), days = entity.Select(row => row.BookedOn).ToArray() }), stop);
        }
        await database.Run(ModuleRoles.Of("payments"), EntityId.Centre, "parity", clock, session => session.Execute(
            """
            insert into payments.parity (entity_id, day, checked_at, differences, rebuilt) values (@entity, @day, @now, @differences, @rebuilt)
            on conflict (entity_id, day) do update set checked_at = excluded.checked_at, differences = excluded.differences, rebuilt = excluded.rebuilt
            """,
            new { entity = session.Entity, day, now = clock.GetUtcNow(), differences = differences.Count, rebuilt }), stop);
        return (differences.Count, rebuilt);
    }

    const string Wrong =
        """
        select coalesce(m.entity_id, b.entity_id) as entity_id, coalesce(m.account, b.account) as account, coalesce(m.booked_on, b.booked_on) as booked_on, b.account is not null as known
          from (select entity_id, account, booked_on, sum(debit) as debit, sum(credit) as credit
                  from (select entity_id, debit as account, booked_on, cents as debit, 0 as credit from payments.transfer where booked_on < @day
                        union all
                        select entity_id, credit, booked_on, 0, cents from payments.transfer where booked_on < @day) s
                 group by 1, 2, 3) m
          full join (select * from payments.balance where booked_on < @day) b on b.entity_id = m.entity_id and b.account = m.account and b.booked_on = m.booked_on
         where m.debit is distinct from b.debit_cents or m.credit is distinct from b.credit_cents
        """;

    sealed class Stale
    {
        public int EntityId { get; init; }
        public string Account { get; init; } = "";
        public DateOnly BookedOn { get; init; }
        public bool Known { get; init; }
    }
}
