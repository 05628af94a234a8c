using Autofac;
using Dapper;
using Npgsql;
using Platform.Core.Money;
using Platform.Payments.Ledger;
using Platform.Testing;

namespace Platform.Payments.Tests.Ledger;

/// <summary>Whatever is done to the rows behind our back, the check names it.</summary>
internal sealed class MoneyCheckTests : OnOneHost
{
    Started paid = null!;

    [OneTimeSetUp]
    public async Task Pay() => paid = await Till.Paid();

    [Test]
    public async Task Says_nothing_when_all_is_well()
    {
        await using var connection = await Superuser();
        (await Found(connection)).Should().BeEmpty();
    }

    [TestCase("asked", "update payments.payment_line set cents = cents + 1 where payment_id = @Attempt")]
    [TestCase("asked", "update payments.payment set asked_cents = asked_cents + 1 where payment_id = @Attempt")]
    [TestCase("due", "update payments.due set state = 'open' where due_id = @Due")]
    [TestCase("due", "delete from payments.due_paid where due_id = @Due")]
    [TestCase("position", "update payments.position p set state = 'open' from payments.due d where d.position_id = p.position_id and d.due_id = @Due")]
    [TestCase("paid by", "update payments.payment set state = 'failed' where payment_id = @Attempt")]
    [TestCase("shares", "update payments.payment set taken_cents = taken_cents + 1 where payment_id = @Attempt")]
    [TestCase("missing", "insert into payments.surplus (entity_id, payment_id, due_id, kind, cents) select entity_id, payment_id, due_id, 'too_little', cents + 1 from payments.payment_item where payment_id = @Attempt")]
    [TestCase("missing", "insert into payments.surplus (entity_id, payment_id, due_id, kind, cents) select entity_id, payment_id, payment_id, 'too_little', 1 from payments.payment_item where payment_id = @Attempt")]
    [TestCase("cart", "update payments.payment set service = 'schoolfees' where payment_id = @Attempt")]
    [TestCase("plans", "insert into payments.due (entity_id, due_id, position_id, plan, n, due_on, state) select entity_id, gen_random_uuid(), position_id, 'rate', 1, due_on, 'open' from payments.due where due_id = @Due")]
    [TestCase("plans", "update payments.due set state = 'replaced' where due_id = @Due")]
    [TestCase("told", "update core.outbox set type = 'payments.position_reversed.1' where payload ->> 'due' = @Due::text")]
    [TestCase("told once", "update core.outbox set payload = jsonb_set(payload, '{payment}', to_jsonb(gen_random_uuid())) where payload ->> 'due' = @Due::text")]
    [TestCase("told once", "insert into core.outbox select entity_id, gen_random_uuid(), seq, gen_random_uuid(), type, payload, at from core.outbox where payload ->> 'due' = @Due::text")]
    [TestCase("receipt", "delete from payments.receipt where payment_id = @Attempt")]
    [TestCase("numbers", "update payments.receipt set number = number + 1 where payment_id = @Attempt")]
    [TestCase("numbers", "update payments.receipt_counter set last = last + 1")]
    [TestCase("collections", "delete from payments.transfer where cause_id = @Attempt")]
    [TestCase("collections", "update payments.transfer set cents = cents - 1 where cause_id = @Attempt")]
    [TestCase("collections", "insert into payments.transfer select entity_id, cause, gen_random_uuid(), n, debit, credit, cents, booked_on, booked_at from payments.transfer where cause_id = @Attempt")]
    [TestCase("income", "update payments.transfer set credit = 'surplus' where cause_id = @Attempt")]
    [TestCase("journal", "delete from core.journal where kind = 'payment.paid' and body ->> 'orderNo' = @Order")]
    [TestCase("journal", "update core.journal set kind = 'payment.reversed' where kind = 'payment.paid' and body ->> 'orderNo' = @Order")]
    [TestCase("journal", "update core.journal set body = jsonb_set(body, '{orderNo}', '\"none\"') where kind = 'payment.paid' and body ->> 'orderNo' = @Order")]
    [TestCase("confirmed", "update payments.payment set taken_confirmed_at = null where payment_id = @Attempt")]
    [TestCase("wanted", "delete from core.delivery d using core.outbox o where o.event_id = d.event_id and o.payload ->> 'due' = @Due::text")]
    [TestCase("applied", "update payments.fact set applied_at = null where order_no = @Order")]
    [TestCase("delivered", "update core.delivery d set state = 'parked' from core.outbox o where o.event_id = d.event_id and o.payload ->> 'due' = @Due::text")]
    public async Task Names_what_was_done_to_the_rows(string invariant, string deed)
    {
        await using var connection = await Superuser();
        await using var never = await connection.BeginTransactionAsync();
        (await connection.ExecuteAsync(deed, paid, never)).Should().BePositive("else nothing was done");
        (await Found(connection)).Should().Contain(line => line.StartsWith(invariant + ":", StringComparison.Ordinal));
        await never.RollbackAsync();
    }

    [Test]
    public async Task Is_asked_under_the_role_that_sees_all_creditors_and_writes_nothing()
    {
        var asked = new List<string>();
        await foreach (var (invariant, contradictions) in Host.Container.Resolve<MoneyCheck>().Run(TimeSpan.Zero, CancellationToken.None))
        {
            contradictions.Should().BeEmpty();
            asked.Add(invariant.Name);
        }
        asked.Should().OnlyHaveUniqueItems().And.HaveCount(MoneyInvariants.All.Count);
    }

    [Test]
    public async Task Sees_the_rows_of_every_creditor_through_row_level_security()
    {
        await Host.Database.Execute("update payments.receipt set number = number + 100 where payment_id = @Attempt", paid);
        try
        {
            var found = new List<MoneyContradiction>();
            await foreach (var (_, contradictions) in Host.Container.Resolve<MoneyCheck>().Run(TimeSpan.Zero, CancellationToken.None))
                found.AddRange(contradictions);
            found.Should().Contain(contradiction => contradiction.What.Contains("101"));
        }
        finally
        {
            await Host.Database.Execute("update payments.receipt set number = number - 100 where payment_id = @Attempt", paid);
        }
    }

    async Task<NpgsqlConnection> Superuser()
    {
        await Host.Quiet();
        var connection = new NpgsqlConnection(Host.Database.Owner);
        await connection.OpenAsync();
        // The keys that would keep most of this from happening are not what is tested here.
        await connection.ExecuteAsync("set session_replication_role = replica");
        return connection;
    }

    static async Task<List<string>> Found(NpgsqlConnection connection)
    {
        var found = new List<string>();
        foreach (var invariant in MoneyInvariants.All)
            found.AddRange((await connection.QueryAsync<MoneyContradiction>(invariant.Sql, new { before = DateTimeOffset.MaxValue })).Select(row => $"{invariant.Name}: {row.What}"));
        return found;
    }
}
