using Platform.Testing;

namespace Platform.Payments.Tests.Checkout;

/// <summary>What a citizen's two commands do when PostgreSQL rolls their transactions back for the sake of others.</summary>
public sealed class ConflictTests
{
    [TestCase("payments.position", 0)]
    [TestCase("payments.due_line", 0)]
    [TestCase("payments.payment", 1)]
    [TestCase("payments.payment_item", 1)]
    public async Task A_citizen_does_not_notice_that_a_transaction_lost_against_another(string table, int payments)
    {
        await using var host = await PorticoTestHost.Start();
        using var till = new Till(host);
        var before = await till.Open((await host.LoadFine()).Number);
        // A sequence goes on counting whatever is rolled back.
        await host.Database.Execute(
            $$"""
            create sequence public.conflict;
            grant usage on sequence public.conflict to public;
            create function public.lose() returns trigger language plpgsql as $f$
            begin
                if nextval('public.conflict') <= 4 then raise exception 'could not serialize access' using errcode = '40001'; end if;
                return new;
            end $f$;
            create trigger lose before insert on {{table}} for each row execute function public.lose();
            """);

        if (payments == 0)
            (await till.Open("V/2026/2")).Should().NotBe(before);
        else
            (await till.Checkout(Guid.CreateVersion7(), [before])).Refusal.Should().BeNull();

        (await host.Database.Value<long>("select last_value from public.conflict")).Should().Be(5, "four tries were lost and the fifth was not");
        (await till.Count("payments.position", new { })).Should().Be(payments == 0 ? 2 : 1);
        (await till.Count("payments.payment", new { })).Should().Be(payments);
        (await till.Count("core.journal where kind = 'payment.started'", new { })).Should().Be(payments);
    }
}
