using Platform.Core.Money;
using Platform.Core.Storage;
using Services.Fines.Register;

namespace Services.Fines;

/// <summary>Payments that were less than what was due on their day, as far as is known: kept on account, and the rest is asked for by an officer.</summary>
internal static class Supplements
{
    /// <summary>Opens, changes or closes the supplement of a paid fine, by what is known of it now. Nothing happens for one that is not paid.</summary>
    public static async Task Judge(IEntitySession session, Fine fine, FinesSettings settings, DateTimeOffset now)
    {
        if (fine is not { PaidOn: { } day, PaidAmount: { } paid, PaidOrder: { } order })
            return;
        var missing = fine.MissingFrom(paid, day, settings);
        if (missing == Euro.Zero)
        {
            var closed = await session.Execute(
                """
                update fines.supplement set closed_at = @now, closed_by = 'register'
                where entity_id = @entity and fine_id = @Id and paid_order = @order and closed_at is null
                """,
                new { entity = session.Entity, fine.Id, order, now });
            if (closed > 0)
                session.Record("fines.supplement_closed", new { fine = fine.Name.ToString(), order });
            return;
        }
        // What an officer has closed stays closed.
        var opened = await session.Execute(
            """
            insert into fines.supplement as s (entity_id, fine_id, paid_order, due_cents, paid_cents, opened_at)
            values (@entity, @Id, @order, @due, @paid, @now)
            on conflict (entity_id, fine_id, paid_order) do update set due_cents = excluded.due_cents, closed_at = null, closed_by = null
            where s.due_cents <> excluded.due_cents and (s.closed_by is null or s.closed_by = 'register')
            """,
            new { entity = session.Entity, fine.Id, order, due = paid + missing, paid, now });
        if (opened > 0)
            session.Record("fines.supplement_opened", new { fine = fine.Name.ToString(), order, missing = missing.Cents });
    }
}
