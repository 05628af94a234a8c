using Platform.Core.Entities;
using Platform.Core.Hosting;
using Platform.Core.Storage;
using Platform.Core.Time;
using Platform.Payments.Checkout;
using Microsoft.Extensions.Logging;

namespace Platform.Payments.Settlement;

/// <summary>
/// Books at the owner of the account what the evidence says today, as the difference to what is booked already: the same evidence gives the same book in
/// whatever order it came, and evidence that is taken back is booked back. Then carries each creditor's half into his own book, in a second transaction.
/// </summary>
/// <remarks>Runs after each import and by itself every some minutes, because a payment may be found after its line.</remarks>
internal sealed class Reconciliation(Database database, Agreements agreements, EntityDirectory entities, TimeProvider clock, ILogger<Reconciliation> log) : Sweeper(log)
{
    static readonly TimeSpan Between = TimeSpan.FromMinutes(5);

    long _lastRun = long.MinValue / 2;

    protected override string Name => "settlement";

    protected override async Task<int> SweepOnce(CancellationToken stop)
    {
        var now = clock.GetUtcNow();
        if (now.UtcTicks - Interlocked.Read(ref _lastRun) < Between.Ticks)
            return 0;
        Interlocked.Exchange(ref _lastRun, now.UtcTicks);
        var owners = await database.Run(
            ModuleRoles.Centre, null, "settlement", clock,
            session => session.List<int>("select entity_id from payments.settlement_batch union select entity_id from payments.bank_entry"), stop);
        var done = 0;
        foreach (var owner in owners)
            done += await Run(new(owner), stop);
        return done;
    }

    /// <summary>Answers how many bookings it made.</summary>
    public async Task<int> Run(EntityId owner, CancellationToken stop)
    {
        var args = await Arguments(owner, stop);
        var booked = await database.Run(ModuleRoles.Of("payments"), owner, "settlement", clock, session => Book(session, args), stop);
        var carried = owner == EntityId.Centre ? await CarryAll(stop) : 0;
        if (booked + carried > 0)
            log.LogInformation("Settlement of entity {Entity}: {Booked} bookings, {Carried} carried to creditors.", owner.Value, booked, carried);
        return booked + carried;
    }

    /// <summary>What <see cref="Evidence"/> wants to know.</summary>
    public async Task<EvidenceArguments> Arguments(EntityId owner, CancellationToken stop)
    {
        var known = (await entities.Current(stop)).All;
        var accounts = await agreements.Accounts(owner, stop);
        return new(owner, [.. accounts.Select(account => account.Agreement)], [.. accounts.Select(account => account.Iban)],
            [.. known.Select(entity => entity.Id.Value)], [.. known.Select(entity => entity.Code)]);
    }

    async Task<int> Book(EntitySession session, EvidenceArguments args)
    {
        var now = clock.GetUtcNow();
        // Held until the commit: two hosts that compare at once would both find the same missing.
        await session.Execute(
            """
            insert into payments.reconciliation as r (entity_id, runs, last_at) values (@entity, 1, @now)
            on conflict (entity_id) do update set runs = r.runs + 1, last_at = excluded.last_at
            """,
            new { entity = session.Entity, now });
        var moves = await session.Under(ModuleRoles.Centre, async centre =>
        {
            await centre.Execute("select set_config('statement_timeout', '0', true)");
            return await centre.List<Move>(Evidence.Sql + Missing,
                new { owner = args.Owner, agreements = args.Agreements, ibans = args.Ibans, creditors = args.Creditors, codes = args.Codes, orders = (string[]?)null });
        });
        if (moves.Count == 0)
            return 0;
        await session.Execute(
            """
            insert into payments.account (entity_id, account, kind)
            select distinct @entity, a.account, case when a.account in ('bank', 'collections') then 'asset' when a.account = 'fees' then 'expense' when a.account = 'commissions' then 'income' else 'liability' end
              from (select unnest(@debits || @credits) as account) a
            on conflict (entity_id, account) do nothing;

            insert into payments.transfer (entity_id, cause, cause_id, n, debit, credit, cents, booked_on, booked_at)
            select @entity, m.cause, m.cause_id,
                   (select count(*) from payments.transfer t where t.entity_id = @entity and t.cause = m.cause and t.cause_id = m.cause_id) + row_number() over (partition by m.cause, m.cause_id),
                   m.debit, m.credit, m.cents, @day, @now
              from unnest(@causes, @ids, @debits, @credits, @cents) as m (cause, cause_id, debit, credit, cents);
            """,
            new
            {
                entity = session.Entity,
                day = LegalTime.Day(now),
                now,
                causes = moves.Select(move => move.Cause).ToArray(),
                ids = moves.Select(move => move.CauseId).ToArray(),
                debits = moves.Select(move => move.Cents > 0 ? move.Debit : move.Credit).ToArray(),
                credits = moves.Select(move => move.Cents > 0 ? move.Credit : move.Debit).ToArray(),
                cents = moves.Select(move => Math.Abs(move.Cents)).ToArray(),
            });
        session.Record("settlement.booked", new { bookings = moves.Count });
        return moves.Count;
    }

    // What should stand between two accounts by its cause, less what stands there.
    const string Missing =
        """
        , held as (
            select l.kind, l.payment_id, case l.kind when 'refund' then l.refund_id else l.payment_id end as cause_id, l.gross_cents, l.commission_cents, case when l.creditor_id = @owner then 'collections' else 'owed/' || l.code end as account,
                   l.creditor_id = @owner as own
              from labelled l where l.label = 'right' and l.credited),
        wanted as (
            select 'bank.entry' as cause, entry_id as cause_id, 'bank' as debit, 'suspense' as credit, cents from credit
            union all
            select 'settlement.fee', batch_id, 'fees', 'suspense', fee_cents from batch where credited and fee_cents > 0
            union all
            select 'settlement.' || kind, cause_id, 'suspense', account, case kind when 'payment' then gross_cents else -gross_cents end from held
            union all
            -- What is agreed for taking the money stays here, unless the money goes back.
            select 'settlement.commission', h.payment_id, h.account, 'commissions', h.commission_cents from held h
             where h.kind = 'payment' and h.commission_cents > 0 and not h.own and not exists (select from held r where r.kind = 'reversal' and r.payment_id = h.payment_id)
            union all
            select 'payout.paid', p.payout_id, 'payouts/' || substr(p.payout, 5, 3), 'suspense', p.cents from payments.payout p
             where p.entity_id = @owner and p.cents = -(select sum(c.cents) from credit c where c.payout = p.payout)),
        booked as (
            -- A row says in which direction it counts: nothing that is wanted goes from "suspense" to the bank, or from the commissions back.
            select cause, cause_id, least(debit, credit) as one, greatest(debit, credit) as other, sum(case when debit < credit then cents else -cents end) as cents
              from payments.transfer
             where entity_id = @owner and cause in ('bank.entry', 'settlement.fee', 'settlement.payment', 'settlement.reversal', 'settlement.refund', 'settlement.commission', 'payout.paid')
             group by 1, 2, 3, 4)
        select coalesce(w.cause, b.cause) as cause, coalesce(w.cause_id, b.cause_id) as causeId, coalesce(w.one, b.one) as debit, coalesce(w.other, b.other) as credit,
               (coalesce(w.cents, 0) - coalesce(b.cents, 0))::bigint as cents
          from (select cause, cause_id, least(debit, credit) as one, greatest(debit, credit) as other, sum(case when debit < credit then cents else -cents end) as cents from wanted group by 1, 2, 3, 4) w
          full join booked b on b.cause = w.cause and b.cause_id = w.cause_id and b.one = w.one and b.other = w.other
         where coalesce(w.cents, 0) <> coalesce(b.cents, 0)
         order by 1, 2, 3
        """;

    /// <summary>
    /// The creditor's half of what the centre has booked for him: the centre's row is what is to be delivered, the creditor's row under the same key is the
    /// mark that it was. Whoever dies in between leaves the mark out, and the next run sets it.
    /// </summary>
    async Task<int> CarryAll(CancellationToken stop)
    {
        var missing = await database.Run(
            ModuleRoles.Centre, null, "settlement", clock,
            async session =>
            {
                await session.Execute("select set_config('statement_timeout', '0', true)");
                return await session.List<Half>(CreditorsHalf.Missing);
            },
            stop);
        var carried = 0;
        foreach (var creditor in missing.GroupBy(half => half.Creditor))
            carried += await database.Run(ModuleRoles.Of("payments"), new EntityId(creditor.Key), "settlement", clock, session => Carry(session, [.. creditor]), stop);
        return carried;
    }

    static async Task<int> Carry(EntitySession session, IReadOnlyList<Half> halves)
    {
        var carried = await session.Execute(
            """
            insert into payments.account (entity_id, account, kind)
            select distinct @entity, a.account, case a.account when 'commissions' then 'expense' else 'asset' end from (select unnest(@debits || @credits) as account) a
            on conflict (entity_id, account) do nothing;
            """,
            Columns());
        carried = await session.Execute(
            """
            insert into payments.transfer (entity_id, cause, cause_id, n, debit, credit, cents, booked_on, booked_at)
            select @entity, h.cause, h.cause_id, h.n, h.debit, h.credit, h.cents, h.booked_on, h.booked_at
              from unnest(@causes, @ids, @numbers, @debits, @credits, @cents, @days, @times) as h (cause, cause_id, n, debit, credit, cents, booked_on, booked_at)
            on conflict (entity_id, cause, cause_id, n) do nothing
            """,
            Columns());
        if (carried > 0)
            session.Record("settlement.carried", new { bookings = carried });
        return carried;

        object Columns() => new
        {
            entity = session.Entity,
            causes = halves.Select(half => half.Cause).ToArray(),
            ids = halves.Select(half => half.CauseId).ToArray(),
            numbers = halves.Select(half => half.N).ToArray(),
            debits = halves.Select(half => half.Debit).ToArray(),
            credits = halves.Select(half => half.Credit).ToArray(),
            cents = halves.Select(half => half.Cents).ToArray(),
            days = halves.Select(half => half.BookedOn).ToArray(),
            times = halves.Select(half => half.BookedAt).ToArray(),
        };
    }

    sealed class Move
    {
        public string Cause { get; init; } = "";
        public Guid CauseId { get; init; }
        public string Debit { get; init; } = "";
        public string Credit { get; init; } = "";
        public long Cents { get; init; }
    }

    sealed class Half
    {
        public int Creditor { get; init; }
        public string Cause { get; init; } = "";
        public Guid CauseId { get; init; }
        public short N { get; init; }
        public string Debit { get; init; } = "";
        public string Credit { get; init; } = "";
        public long Cents { get; init; }
        public DateOnly BookedOn { get; init; }
        public DateTimeOffset BookedAt { get; init; }
    }
}

/// <summary>The parameters of <see cref="Evidence"/>.</summary>
internal sealed record EvidenceArguments(EntityId Owner, Guid[] Agreements, string[] Ibans, int[] Creditors, string[] Codes);

/// <summary>How a booking of the centre reads in the book of the creditor whom it concerns.</summary>
internal static class CreditorsHalf
{
    /// <summary>For each booking of the centre on an account of a creditor: the creditor, and the booking that his book must have under the same key.</summary>
    public const string Wanted =
        """
        half as (
            select c.creditor, t.cause, t.cause_id, t.n, m.debit, m.credit, t.cents, t.booked_on, t.booked_at
              from payments.transfer t
              join (select payment_id as cause_id, entity_id as creditor from payments.payment union all select refund_id, entity_id from payments.refund union all select payout_id, creditor_id from payments.payout) c on c.cause_id = t.cause_id
              cross join lateral (select case when t.credit like 'owed/%' then 'centre' when t.credit like 'payouts/%' then 'payout' when t.credit = 'commissions' then 'commissions'
                                              when t.cause = 'payout.paid' then 'bank' else 'collections' end as debit,
                                         case when t.debit like 'owed/%' then 'centre' when t.debit like 'payouts/%' then 'payout' when t.debit = 'commissions' then 'commissions'
                                              when t.cause = 'payout.paid' then 'bank' else 'collections' end as credit) m
             where t.entity_id = 0 and c.creditor <> 0 and (t.debit like 'owed/%' or t.debit like 'payouts/%' or t.credit like 'owed/%' or t.credit like 'payouts/%'))
        """;

    public const string Missing =
        $"""
        with {Wanted}
        select h.creditor, h.cause, h.cause_id, h.n, h.debit, h.credit, h.cents, h.booked_on, h.booked_at
          from half h
         where not exists (select from payments.transfer o where o.entity_id = h.creditor and o.cause = h.cause and o.cause_id = h.cause_id and o.n = h.n)
         order by h.creditor, h.booked_at, h.cause, h.cause_id, h.n
        """;
}
