using Platform.Core.Money;
using Platform.Core.Storage;
using Platform.Core.Time;
using Platform.Payments;
using Services.Fines.Amounts;
using Services.Fines.Register;

namespace Services.Fines;

/// <summary>
/// Payments that were less than what was due on their day, as far as is known: kept on account (art. 389 of the regulation of the Codice della Strada), and the rest is asked for,
/// by a position of its own each time.
/// </summary>
internal static class Supplements
{
    /// <summary>Why the rest cannot be paid here; null when it can.</summary>
    public static string? NotPayable(Fine fine) => fine switch
    {
        { SupplementDue: null } => FineRefusals.AlreadyPaid,
        { Phase: Phase.Appealed } => FineRefusals.Appealed,
        { Phase: Phase.Archived } => FineRefusals.Archived,
        { Phase: Phase.Collector } => FineRefusals.AtCollector,
        { Phase: Phase.Instalments } => FineRefusals.InInstalments,
        _ => null,
    };

    /// <summary>Opens, changes or closes the supplement of a paid fine, by what is known of it now. Nothing happens for one that is not paid.</summary>
    public static async Task Judge(IEntitySession session, Fine fine, FinesSettings settings, DateTimeOffset now)
    {
        if (fine is not { PaidOn: { } day, PaidAmount: { } paid, PaidOrder: { } order })
            return;
        var due = paid + fine.MissingFrom(paid, day, settings);
        // A price holds until half an hour after its day: who paid in that time paid what he had been shown the day before.
        if (due > paid && await session.First<DateTimeOffset?>(
            "select moved_at from fines.movement where entity_id = @entity and fine_id = @Id and part = 0 and version > 0 and kind = 'paid' and order_no = @order order by version desc limit 1",
            new { entity = session.Entity, fine.Id, order }) is { } at && LegalTime.Day(at) == day)
            due = paid + fine.MissingFrom(paid, LegalTime.Day(at - FinePositions.AfterMidnight), settings);
        if (due == paid)
        {
            var closed = await session.Execute(
                """
                update fines.supplement set closed_at = @now, closed_by = 'register'
                where entity_id = @entity and fine_id = @Id and paid_order = @order and closed_at is null
                """,
                new { entity = session.Entity, fine.Id, order, now });
            if (closed > 0)
                session.Record("fines.supplement_closed", new { fine = fine.Name.ToString(), order });
            if (fine.RestPaid is not null)
                await Decisions.RestNotOwed(session, fine.Id, order, now);
            return;
        }
        if (fine.RestPaid is not null)
            await Decisions.RestOwed(session, fine.Id, order, now);
        // What an officer has closed stays closed; what the rest that was paid has closed opens again when it is not enough any more.
        var opened = await session.First<int?>(
            """
            insert into fines.supplement as s (entity_id, fine_id, paid_order, due_cents, paid_cents, opened_at, municipality, n)
            values (@entity, @Id, @order, @due, @paid, @now, @Municipality,
                    (select coalesce(max(n), 0) + 1 from (select n from fines.supplement where entity_id = @entity and fine_id = @Id
                                                          union all select n from fines.supplement_payment where entity_id = @entity and fine_id = @Id) asked))
            on conflict (entity_id, fine_id, paid_order) do update
               set due_cents = excluded.due_cents, paid_cents = excluded.paid_cents,
                   closed_at = case when excluded.due_cents > excluded.paid_cents + s.rest_cents then null else @now end,
                   closed_by = case when excluded.due_cents > excluded.paid_cents + s.rest_cents then null when s.rest_cents > 0 then 'paid' else 'register' end
            where (s.due_cents, s.paid_cents) <> (excluded.due_cents, excluded.paid_cents) and (s.closed_by is null or s.closed_by in ('register', 'paid'))
            returning s.n::int
            """,
            new { entity = session.Entity, fine.Id, fine.Municipality, order, due, paid, now });
        if (opened is not { } part)
            return;
        await Movement.Asked(session, fine.Id, part, order, due - paid, now);
        session.Record("fines.supplement_opened", new { fine = fine.Name.ToString(), order, missing = (due - paid).Cents });
    }

    /// <summary>The bank took another amount for a rest than was told.</summary>
    public static async Task Corrected(IEntitySession session, FineNumber name, string order, Euro taken, DateTimeOffset at)
    {
        var corrected = await session.First<int>(
            """
            with known as (
                select r.fine_id, r.paid_order, r.cents
                  from fines.supplement_payment r join fines.fine f on f.entity_id = r.entity_id and f.fine_id = r.fine_id
                 where r.entity_id = @entity and f.series = @Series and f.year = @Year and f.number = @Number and r.order_no = @order and r.undone_at is null
                   for update of r
            ), changed as (
                update fines.supplement_payment r set cents = @taken from known k where r.entity_id = @entity and r.fine_id = k.fine_id and r.order_no = @order
            ), judged as (
                update fines.supplement s
                   set rest_cents = s.rest_cents - k.cents + @taken,
                       closed_at = case when s.closed_by = 'paid' and s.due_cents > s.paid_cents + s.rest_cents - k.cents + @taken then null
                                        when s.closed_by is null and s.due_cents <= s.paid_cents + s.rest_cents - k.cents + @taken then @at else s.closed_at end,
                       closed_by = case when s.closed_by = 'paid' and s.due_cents > s.paid_cents + s.rest_cents - k.cents + @taken then null
                                        when s.closed_by is null and s.due_cents <= s.paid_cents + s.rest_cents - k.cents + @taken then 'paid' else s.closed_by end
                  from known k
                 where s.entity_id = @entity and s.fine_id = k.fine_id and s.paid_order = k.paid_order
            )
            select count(*)::int from known
            """,
            new { entity = session.Entity, name.Series, name.Year, name.Number, order, taken = taken.Cents, at });
        if (corrected > 0)
            session.Record("fines.amount", new { fine = name.ToString(), order, cents = taken.Cents });
    }

    /// <summary>Money for the rest came in.</summary>
    /// <exception cref="InvalidOperationException">Nobody was asked for it: an officer must see it, for money was taken.</exception>
    public static async Task Paid(IEntitySession session, FineNumber name, int part, PositionPaid happened)
    {
        var asked = await session.First<Asked>(
            """
            select s.fine_id as id, s.paid_order as paidOrder
              from fines.supplement s join fines.fine f on f.entity_id = s.entity_id and f.fine_id = s.fine_id
             where s.entity_id = @entity and f.series = @Series and f.year = @Year and f.number = @Number
               and (s.n = @part or exists (select from fines.supplement_payment r where r.entity_id = s.entity_id and r.fine_id = s.fine_id and r.paid_order = s.paid_order and r.n = @part))
             order by s.n = @part desc limit 1
               for update of s
            """,
            new { entity = session.Entity, name.Series, name.Year, name.Number, part }) ?? throw new InvalidOperationException($"Order {happened.OrderNumber} paid {name.Supplement(part)}, which nobody was asked for.");
        var day = LegalTime.Day(happened.At);
        var kept = await session.Execute(
            """
            insert into fines.supplement_payment as r (entity_id, fine_id, order_no, paid_order, n, cents, paid_on)
            values (@entity, @Id, @order, @PaidOrder, @part, @cents, @day)
            on conflict (entity_id, fine_id, order_no) do update set undone_at = null, cents = excluded.cents, paid_on = excluded.paid_on where r.undone_at is not null
            """,
            new { entity = session.Entity, asked.Id, asked.PaidOrder, order = happened.OrderNumber, part, cents = happened.Amount.Cents, day });
        await Movement.Write(session, name, part, happened.Version, "paid", happened.OrderNumber, happened.At, happened.Amount);
        if (kept == 0)
            return;
        // Whatever is missing after it is asked for under another number: this one is paid.
        await session.Execute(
            """
            update fines.supplement s
               set rest_cents = s.rest_cents + @cents,
                   n = (select max(n) + 1 from (select n from fines.supplement where entity_id = @entity and fine_id = @Id
                                                union all select n from fines.supplement_payment where entity_id = @entity and fine_id = @Id) asked),
                   closed_at = case when s.closed_at is null and s.paid_cents + s.rest_cents + @cents >= s.due_cents then @at else s.closed_at end,
                   closed_by = case when s.closed_at is null and s.paid_cents + s.rest_cents + @cents >= s.due_cents then 'paid' else s.closed_by end
             where s.entity_id = @entity and s.fine_id = @Id and s.paid_order = @PaidOrder
            """,
            new { entity = session.Entity, asked.Id, asked.PaidOrder, cents = happened.Amount.Cents, at = happened.At });
        session.Record("fines.supplement_paid", new { fine = name.ToString(), order = happened.OrderNumber, cents = happened.Amount.Cents });
        // The payment that it completes may have been taken back while the rest was at the bank.
        await Decisions.RestAlone(session, asked.Id, asked.PaidOrder, happened.At);
    }

    /// <summary>The rest that was paid was taken back, or given back whole: it is missing again, unless it was given back as not owed.</summary>
    public static async Task TakenBack(IEntitySession session, FineNumber name, string order, DateTimeOffset at, string why, bool notOwed)
    {
        var undone = await session.First<Undone>(
            """
            update fines.supplement_payment r set undone_at = @at
              from fines.fine f
             where f.entity_id = @entity and f.series = @Series and f.year = @Year and f.number = @Number
               and r.entity_id = @entity and r.fine_id = f.fine_id and r.order_no = @order and r.undone_at is null
            returning r.fine_id as id, r.paid_order as paidOrder, r.cents
            """,
            new { entity = session.Entity, name.Series, name.Year, name.Number, order, at });
        if (undone is null)
            return;
        await session.Execute(
            """
            update fines.supplement
               set rest_cents = rest_cents - @Cents,
                   closed_at = case when closed_by = 'paid' and @notOwed then @at when closed_by = 'paid' then null else closed_at end,
                   closed_by = case when closed_by = 'paid' and @notOwed then @why when closed_by = 'paid' then null else closed_by end
             where entity_id = @entity and fine_id = @Id and paid_order = @PaidOrder
            """,
            new { entity = session.Entity, undone.Id, undone.PaidOrder, undone.Cents, notOwed, why, at });
        await Decisions.Close(session, undone.Id, order, why, at);
        session.Record("fines.supplement_taken_back", new { fine = name.ToString(), order, why });
    }

    sealed record Asked(Guid Id, string PaidOrder);

    sealed record Undone(Guid Id, string PaidOrder, long Cents);
}
