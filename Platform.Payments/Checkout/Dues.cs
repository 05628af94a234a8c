using Platform.Core.Entities;
using Platform.Core.Money;
using Platform.Core.Storage;
using Platform.Payments.Ledger;
using Platform.Payments.Positions;
using Platform.Payments.Refunds;

namespace Platform.Payments.Checkout;

/// <summary>What a payment's success or reversal does to the dues it pays. Runs in the transaction that changes the payment.</summary>
internal static class Dues
{
    /// <summary>What was too little, where the owner of the position asks for the rest: no officer has to.</summary>
    public const string Owner = "owner";

    /// <summary>Each due becomes paid, once by primary key; what finds its due paid or withdrawn already is kept as a surplus.</summary>
    /// <param name="at">When it was paid, as the services are told.</param>
    public static async Task Take(IEntitySession session, Guid payment, string order, EntityId shownBy, DateTimeOffset now, DateTimeOffset at)
    {
        foreach (var item in await Items(session, payment))
        {
            // The version is taken under the position's row lock: events of one position have one order.
            var version = await session.First<int>(
                "update payments.position set version = version + 1 where entity_id = @entity and position_id = @PositionId returning version",
                new { entity = session.Entity, item.PositionId });
            var paid = await session.First<string>(
                """
                with taken as (
                    insert into payments.due_paid (entity_id, due_id, payment_id, at)
                    select @entity, d.due_id, @payment, @now from payments.due d
                     where d.entity_id = @entity and d.due_id = @DueId and d.state in ('open', 'paid')
                    on conflict (entity_id, due_id) do nothing
                    returning due_id)
                select case when exists (select from taken) then 'now'
                            when exists (select from payments.due_paid p where p.entity_id = @entity and p.due_id = @DueId) then 'twice'
                            -- It was paid in another way meanwhile.
                            when exists (select from payments.due d where d.entity_id = @entity and d.due_id = @DueId and d.state = 'replaced') then 'twice'
                            when exists (select from payments.due d where d.entity_id = @entity and d.due_id = @DueId and d.state = 'expired') then 'too_late'
                            else 'cancelled_due' end
                """,
                new { entity = session.Entity, payment, item.DueId, now });
            if (paid != "now")
            {
                await KeepSurplus(session, payment, item.DueId, paid!, item.Cents);
                await TellSurplus(session, payment, item.DueId, order, now, version);
                continue;
            }
            await session.Execute(
                """
                update payments.due set state = 'paid' where entity_id = @entity and due_id = @DueId;
                update payments.position p
                   set state = case when exists (select from payments.due d where d.entity_id = @entity and d.position_id = p.position_id and d.state = 'open') then 'part_paid' else 'paid' end
                 where p.entity_id = @entity and p.position_id = @PositionId;
                """,
                new { entity = session.Entity, item.DueId, item.PositionId });
            if (item.Planned)
                await DueRows.Settle(session, item.PositionId);
            session.Raise(new PositionPaid(
                new(new(item.PositionId), item.Service, item.Reference), version, item.DueId, payment, order, new Euro(item.Cents), shownBy, at)
            {
                Instalment = await DueRows.StandingOf(session, item.DueId, item.Plan),
            });
        }
        await Books.Taken(session, payment, now);
    }

    /// <summary>The dues this payment had paid are open again; a surplus of it is settled by the reversal itself.</summary>
    public static async Task TakeBack(IEntitySession session, Guid payment, string order, DateTimeOffset now)
    {
        foreach (var item in await Items(session, payment))
        {
            var version = await session.First<int>(
                "update payments.position set version = version + 1 where entity_id = @entity and position_id = @PositionId returning version",
                new { entity = session.Entity, item.PositionId });
            var reopened = await session.Execute(
                "delete from payments.due_paid where entity_id = @entity and due_id = @DueId and payment_id = @payment",
                new { entity = session.Entity, item.DueId, payment });
            var surplus = await SurplusOf(session, payment, item.DueId);
            await session.Execute(
                "update payments.surplus set resolved_by = 'reversal' where entity_id = @entity and payment_id = @payment and due_id = @DueId and resolved_by is null",
                new { entity = session.Entity, payment, item.DueId });
            if (surplus > 0)
                session.Raise(new PositionSurplus(new(new(item.PositionId), item.Service, item.Reference), version, item.DueId, payment, order, Euro.Zero, now));
            if (reopened == 0)
                continue;
            if (surplus > 0)
                version = await NextVersion(session, item.PositionId);
            await session.Execute(
                """
                update payments.due set state = 'open' where entity_id = @entity and due_id = @DueId;
                update payments.position set state = 'open' where entity_id = @entity and position_id = @PositionId;
                """,
                new { entity = session.Entity, item.DueId, item.PositionId });
            if (item.Planned)
                await DueRows.Settle(session, item.PositionId);
            session.Raise(new PositionReversed(new(new(item.PositionId), item.Service, item.Reference), version, item.DueId, payment, order, now)
            {
                Instalment = await DueRows.StandingOf(session, item.DueId, item.Plan),
            });
        }
        await RefundEnd.Absorb(session, payment, now);
        await Books.Reversed(session, payment, now);
    }

    /// <summary>
    /// The gateway has named the amount it took. Another one than asked is kept, and flagged for an officer or told to the owner who asks for the rest himself; a later word takes the place
    /// of an earlier one.
    /// </summary>
    /// <param name="version">The payment's, which this change makes.</param>
    /// <param name="before">What was taken beyond what was asked, as far as known until now.</param>
    public static async Task Confirm(IEntitySession session, Guid payment, string order, int version, Euro before, Euro after, DateTimeOffset now)
    {
        if (before == after)
            return;
        var items = await Items(session, payment);
        var known = await MissingOf(session, payment);
        var surplus = await SurplusOf(session, payment, items[0].DueId);
        await session.Execute(
            "delete from payments.surplus where entity_id = @entity and payment_id = @payment and kind in ('too_much', 'too_little') and (resolved_by is null or resolved_by = @Owner)",
            new { entity = session.Entity, payment, Owner });
        if (after > Euro.Zero)
            await KeepSurplus(session, payment, items[0].DueId, "too_much", after.Cents);
        // What is missing is missing from what was opened last, and of nothing more than it costs: docs/accounts.md.
        var missing = Math.Max(-after.Cents, 0);
        for (var n = items.Count - 1; missing > 0 && n >= 0; n--)
        {
            var part = Math.Min(missing, items[n].Cents);
            await KeepSurplus(session, payment, items[n].DueId, "too_little", part, items[n] is { OnAccount: true, Held: true } ? Owner : null);
            missing -= part;
        }
        await Books.AmountChanged(session, payment, version, before, after, now);
        if (items.Any(item => item is { OnAccount: true, Held: true }))
            await Books.OnAccount(session, payment, now);
        var missed = await MissingOf(session, payment);
        foreach (var item in items.Where(item => item.Held && known.GetValueOrDefault(item.DueId) != missed.GetValueOrDefault(item.DueId)))
            session.Raise(new PositionAmount(
                new(new(item.PositionId), item.Service, item.Reference), await NextVersion(session, item.PositionId), item.DueId, payment, order,
                new Euro(item.Cents - missed.GetValueOrDefault(item.DueId)), now)
            {
                Instalment = await DueRows.StandingOf(session, item.DueId, item.Plan),
            });
        if (surplus != await SurplusOf(session, payment, items[0].DueId))
            await TellSurplus(session, payment, items[0].DueId, order, now);
    }

    /// <summary>The owner hears what stands now of a payment's money for a due that did not owe it.</summary>
    /// <param name="version">The position's, where this change has taken one already.</param>
    public static async Task TellSurplus(IEntitySession session, Guid payment, Guid due, string order, DateTimeOffset now, int? version = null)
    {
        var item = (await Items(session, payment)).Single(item => item.DueId == due);
        session.Raise(new PositionSurplus(
            new(new(item.PositionId), item.Service, item.Reference), version ?? await NextVersion(session, item.PositionId), due, payment, order,
            new Euro(await SurplusOf(session, payment, due)), now));
    }

    /// <summary>The position's row is locked by it: events of one position have one order.</summary>
    static Task<int> NextVersion(IEntitySession session, Guid position) => session.First<int>(
        "update payments.position set version = version + 1 where entity_id = @entity and position_id = @position returning version", new { entity = session.Entity, position });

    /// <summary>What of a payment's money stands for a due without being owed for it.</summary>
    static Task<long> SurplusOf(IEntitySession session, Guid payment, Guid due) => session.First<long>(
        """
        select greatest(0,
               coalesce((select sum(case s.kind when 'too_little' then -s.cents else s.cents end) from payments.surplus s
                          where s.entity_id = @entity and s.payment_id = @payment and s.due_id = @due
                            and (s.kind <> 'too_little' or not exists (select from payments.due_paid x where x.entity_id = @entity and x.due_id = @due and x.payment_id = @payment))), 0)
             - coalesce((select sum(l.cents) from payments.refund_line l join payments.refund r on r.entity_id = l.entity_id and r.refund_id = l.refund_id
                          where r.entity_id = @entity and r.payment_id = @payment and r.state = 'done' and l.due_id = @due and l.n = 0), 0))::bigint
        """,
        new { entity = session.Entity, payment, due });

    static async Task<Dictionary<Guid, long>> MissingOf(IEntitySession session, Guid payment) => (await session.List<Missed>(
        "select due_id, cents from payments.surplus where entity_id = @entity and payment_id = @payment and kind = 'too_little'", new { entity = session.Entity, payment })).ToDictionary(row => row.DueId, row => row.Cents);

    static async Task KeepSurplus(IEntitySession session, Guid payment, Guid due, string kind, long cents, string? resolved = null)
    {
        await session.Execute(
            """
            insert into payments.surplus (entity_id, payment_id, due_id, kind, cents, resolved_by) values (@entity, @payment, @due, @kind, @cents, @resolved)
            on conflict (entity_id, payment_id, due_id, kind) do update set cents = excluded.cents where surplus.resolved_by is null
            """,
            new { entity = session.Entity, payment, due, kind, cents, resolved });
        session.Record("payment.surplus", new { payment, due, kind, cents });
    }

    static Task<IReadOnlyList<ItemRow>> Items(IEntitySession session, Guid payment) => session.List<ItemRow>(
        """
        select i.due_id, i.cents, d.position_id, d.plan, p.service, p.reference, p.on_account,
               exists (select from payments.due_paid x where x.entity_id = i.entity_id and x.due_id = i.due_id and x.payment_id = i.payment_id) as held,
               exists (select from payments.due o where o.entity_id = d.entity_id and o.position_id = d.position_id and o.due_id <> d.due_id) as planned
          from payments.payment_item i
          join payments.due d on d.entity_id = i.entity_id and d.due_id = i.due_id
          join payments.position p on p.entity_id = d.entity_id and p.position_id = d.position_id
         where i.entity_id = @entity and i.payment_id = @payment
         order by d.position_id, i.due_id
        """,
        new { entity = session.Entity, payment });

    sealed class ItemRow
    {
        public Guid DueId { get; init; }
        public long Cents { get; init; }
        public Guid PositionId { get; init; }
        public string Plan { get; init; } = "";

        /// <summary>The position has other dues besides.</summary>
        public bool Planned { get; init; }
        public string Service { get; init; } = "";
        public string Reference { get; init; } = "";

        /// <inheritdoc cref="OpenPosition.OnAccount"/>
        public bool OnAccount { get; init; }

        /// <summary>This payment is what paid it.</summary>
        public bool Held { get; init; }
    }

    sealed class Missed
    {
        public Guid DueId { get; init; }
        public long Cents { get; init; }
    }
}
