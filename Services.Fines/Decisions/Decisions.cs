using Platform.Core.Storage;
using Services.Fines.Amounts;
using Services.Fines.Register;

namespace Services.Fines;

/// <summary>Money that stands where a person has to say what becomes of it: given back, or kept for a reason.</summary>
internal static class Decisions
{
    /// <summary>Paid although the office does not ask for it here (any more): archived, appealed, with the collector or in instalments. What an officer has closed stays closed.</summary>
    public static async Task Judge(IEntitySession session, Fine fine, DateTimeOffset now)
    {
        if (fine is not { IsPaid: true, PaidOrder: { } order, PaidAmount: { Cents: > 0 } paid })
            return;
        if (fine.Phase is Phase.Report or Phase.Notice)
        {
            await session.Execute(
                """
                update fines.decision set closed_at = @now, closed_by = 'register'
                 where entity_id = @entity and fine_id = @Id and order_no = @order and kind = 'not_owed' and closed_at is null
                """,
                new { entity = session.Entity, fine.Id, order, now });
            return;
        }
        var opened = await session.Execute(
            """
            insert into fines.decision as d (entity_id, fine_id, order_no, kind, phase, cents, opened_at)
            values (@entity, @Id, @order, 'not_owed', @phase, @cents, @now)
            on conflict (entity_id, fine_id, order_no, kind) do update
               set phase = excluded.phase, cents = excluded.cents, closed_at = null, closed_by = null, opened_at = case when d.closed_at is null then d.opened_at else excluded.opened_at end
             where d.closed_by = 'register' or (d.closed_at is null and (d.phase, d.cents) <> (excluded.phase, excluded.cents))
            """,
            new { entity = session.Entity, fine.Id, order, phase = fine.Phase.ToText(), cents = paid.Cents, now });
        if (opened > 0)
            session.Record("fines.decision_opened", new { fine = fine.Name.ToString(), order, phase = fine.Phase.ToText() });
    }

    /// <summary>Rests that were paid of a payment which does not stand any more.</summary>
    public static Task RestAlone(IEntitySession session, Guid fine, string paidOrder, DateTimeOffset at) => session.Execute(
        """
        insert into fines.decision as d (entity_id, fine_id, order_no, kind, phase, cents, opened_at)
        select r.entity_id, r.fine_id, r.order_no, 'rest_alone', f.phase, r.cents, @at
          from fines.supplement_payment r join fines.fine f on f.entity_id = r.entity_id and f.fine_id = r.fine_id
         where r.entity_id = @entity and r.fine_id = @fine and r.paid_order = @paidOrder and r.undone_at is null and r.cents > 0 and f.paid_order is distinct from @paidOrder
        on conflict (entity_id, fine_id, order_no, kind) do nothing
        """,
        new { entity = session.Entity, fine, paidOrder, at });

    /// <summary>By what is known now the payment was enough, and its rest was paid for nothing.</summary>
    public static Task RestNotOwed(IEntitySession session, Guid fine, string paidOrder, DateTimeOffset at) => session.Execute(
        """
        insert into fines.decision as d (entity_id, fine_id, order_no, kind, phase, cents, opened_at)
        select r.entity_id, r.fine_id, r.order_no, 'not_owed', 'rest', r.cents, @at
          from fines.supplement_payment r
         where r.entity_id = @entity and r.fine_id = @fine and r.paid_order = @paidOrder and r.undone_at is null and r.cents > 0
        on conflict (entity_id, fine_id, order_no, kind) do update set closed_at = null, closed_by = null, opened_at = excluded.opened_at where d.closed_by = 'register'
        """,
        new { entity = session.Entity, fine, paidOrder, at });

    /// <summary>By what is known now it was owed after all.</summary>
    public static Task RestOwed(IEntitySession session, Guid fine, string paidOrder, DateTimeOffset at) => session.Execute(
        """
        update fines.decision d set closed_at = @at, closed_by = 'register'
          from fines.supplement_payment r
         where r.entity_id = @entity and r.fine_id = @fine and r.paid_order = @paidOrder
           and d.entity_id = @entity and d.fine_id = @fine and d.order_no = r.order_no and d.kind = 'not_owed' and d.closed_at is null
        """,
        new { entity = session.Entity, fine, paidOrder, at });

    /// <summary>The order's money was taken back or given back.</summary>
    public static Task Close(IEntitySession session, Guid fine, string order, string why, DateTimeOffset at) => session.Execute(
        "update fines.decision set closed_at = @at, closed_by = @why where entity_id = @entity and fine_id = @fine and order_no = @order and closed_at is null",
        new { entity = session.Entity, fine, order, why, at });
}
