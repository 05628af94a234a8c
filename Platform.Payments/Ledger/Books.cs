using Platform.Core.Money;
using Platform.Core.Storage;
using Platform.Core.Time;

namespace Platform.Payments.Ledger;

/// <summary>
/// The creditor's book: what the bank holds for him and why. A row moves cents from a debit to a credit account, so the book balances by construction;
/// it is booked in the transaction that changes the payment, once by (cause, number), and never changed: what was wrong is booked the other way round.
/// </summary>
internal static class Books
{
    /// <summary>Asset: the gateway took it for this creditor and has not credited it yet.</summary>
    public const string Collections = "collections";

    /// <summary>Asset: an officer received it, by how: <c>received/cash</c>. It is with the entity, and no gateway has to credit it.</summary>
    public const string Received = "received/";

    /// <summary>Liability: taken and not owed. It goes back to who paid, or an officer finds what it is for.</summary>
    public const string Surplus = "surplus";

    /// <summary>Asset: a due was closed, and the bank took less for it.</summary>
    public const string Shortfall = "shortfall";

    /// <summary>Income, by the accounting entry of the line: <c>income/sanzioni-cds</c>.</summary>
    public const string Income = "income/";

    public const string PaymentTaken = "payment.taken";
    public const string PaymentAmount = "payment.amount";
    public const string PaymentOnAccount = "payment.on_account";
    public const string PaymentReversed = "payment.reversed";

    /// <summary>What paid a due becomes income, line by line; what found its due paid or withdrawn is owed back.</summary>
    /// <remarks>After the dues were taken, in the same transaction.</remarks>
    public static Task Taken(IEntitySession session, Guid payment, DateTimeOffset now) => session.Execute(
        """
        insert into payments.account (entity_id, account, kind)
        select @entity, coalesce(@Received || p.received, @Collections), 'asset' from payments.payment p where p.entity_id = @entity and p.payment_id = @payment
        union all select @entity, @Surplus, 'liability'
        on conflict (entity_id, account) do nothing;

        insert into payments.account (entity_id, account, kind)
        select distinct @entity, @Income || account, 'income' from payments.payment_line where entity_id = @entity and payment_id = @payment
        on conflict (entity_id, account) do nothing;

        insert into payments.transfer (entity_id, cause, cause_id, n, debit, credit, cents, booked_on, booked_at)
        select @entity, @cause, @payment, row_number() over (order by l.due_id, l.n), coalesce(@Received || p.received, @Collections),
               case when x.due_id is null then @Surplus else @Income || l.account end, l.cents, @day, @now
          from payments.payment_line l
          join payments.payment p on p.entity_id = l.entity_id and p.payment_id = l.payment_id
          left join payments.due_paid x on x.entity_id = l.entity_id and x.due_id = l.due_id and x.payment_id = l.payment_id
         where l.entity_id = @entity and l.payment_id = @payment;
        """,
        new { entity = session.Entity, payment, cause = PaymentTaken, Collections, Received, Surplus, Income, day = LegalTime.Day(now), now });

    /// <summary>The bank named another amount than was thought: the difference to what was booked until now.</summary>
    public static async Task AmountChanged(IEntitySession session, Guid payment, int version, Euro before, Euro after, DateTimeOffset now)
    {
        var at = (await session.First<string>(
            "select coalesce(@Received || received, @Collections) from payments.payment where entity_id = @entity and payment_id = @payment", new { entity = session.Entity, payment, Received, Collections }))!;
        List<(string Debit, string Credit, long Cents)> moves =
        [
            Move(at, Surplus, Math.Max(after.Cents, 0) - Math.Max(before.Cents, 0)),
            Move(Shortfall, at, Math.Max(-after.Cents, 0) - Math.Max(-before.Cents, 0)),
        ];
        moves.RemoveAll(move => move.Cents == 0);
        await session.Execute(
            """
            insert into payments.account (entity_id, account, kind) values (@entity, @at, 'asset'), (@entity, @Surplus, 'liability'), (@entity, @Shortfall, 'asset')
            on conflict (entity_id, account) do nothing;

            insert into payments.transfer (entity_id, cause, cause_id, n, debit, credit, cents, booked_on, booked_at)
            select @entity, @cause, @payment, @version * 2 + m.n, m.debit, m.credit, m.cents, @day, @now from unnest(@numbers, @debits, @credits, @cents) as m (n, debit, credit, cents);
            """,
            new
            {
                entity = session.Entity,
                payment,
                version,
                cause = PaymentAmount,
                at,
                Surplus,
                Shortfall,
                day = LegalTime.Day(now),
                now,
                numbers = Enumerable.Range(0, moves.Count).ToArray(),
                debits = moves.ConvertAll(move => move.Debit).ToArray(),
                credits = moves.ConvertAll(move => move.Credit).ToArray(),
                cents = moves.ConvertAll(move => move.Cents).ToArray(),
            });

        static (string, string, long) Move(string debit, string credit, long cents) => cents < 0 ? (credit, debit, -cents) : (debit, credit, cents);
    }

    /// <summary>
    /// What is missing of dues whose owner asks for the rest by another position is no income of this one, and no claim: the last lines are short of it. The difference to what was booked
    /// until now, by account.
    /// </summary>
    /// <remarks>After <see cref="AmountChanged"/>, in the same transaction.</remarks>
    public static Task OnAccount(IEntitySession session, Guid payment, DateTimeOffset now) => session.Execute(
        """
        with wanted as (
            select @Income || l.account as account,
                   greatest(0, least(l.cents, s.cents - coalesce(sum(l.cents) over (partition by l.due_id order by l.n desc rows between unbounded preceding and 1 preceding), 0))) as cents
              from payments.payment_line l
              join payments.surplus s on s.entity_id = l.entity_id and s.payment_id = l.payment_id and s.due_id = l.due_id and s.kind = 'too_little' and s.resolved_by = @Owner
             where l.entity_id = @entity and l.payment_id = @payment),
        booked as (
            select case when credit = @Shortfall then debit else credit end as account, sum(case when credit = @Shortfall then cents else -cents end) as cents
              from payments.transfer where entity_id = @entity and cause = @cause and cause_id = @payment group by 1),
        moves as (
            select account, coalesce(w.cents, 0) - coalesce(b.cents, 0) as cents
              from (select account, sum(cents) as cents from wanted group by 1) w full join booked b using (account))
        insert into payments.transfer (entity_id, cause, cause_id, n, debit, credit, cents, booked_on, booked_at)
        select @entity, @cause, @payment,
               coalesce((select max(n) from payments.transfer where entity_id = @entity and cause = @cause and cause_id = @payment), 0) + row_number() over (order by account),
               case when cents > 0 then account else @Shortfall end, case when cents > 0 then @Shortfall else account end, abs(cents), @day, @now
          from moves where cents <> 0
        """,
        new { entity = session.Entity, payment, cause = PaymentOnAccount, Income, Shortfall, Checkout.Dues.Owner, day = LegalTime.Day(now), now });

    /// <summary>The bank took the payment back: every row of it, the other way round.</summary>
    public static Task Reversed(IEntitySession session, Guid payment, DateTimeOffset now) => session.Execute(
        """
        insert into payments.transfer (entity_id, cause, cause_id, n, debit, credit, cents, booked_on, booked_at)
        select @entity, @cause, @payment, row_number() over (order by cause, n), credit, debit, cents, @day, @now
          from payments.transfer where entity_id = @entity and cause_id = @payment and cause in (@PaymentTaken, @PaymentAmount, @PaymentOnAccount)
        """,
        new { entity = session.Entity, payment, cause = PaymentReversed, PaymentTaken, PaymentAmount, PaymentOnAccount, day = LegalTime.Day(now), now });
}
