using Platform.Core.Entities;
using Platform.Core.Storage;
using Platform.Payments.Office.Received;

namespace Platform.Payments.Recorded;

/// <summary>A recording whose payment's row, and its own, this transaction holds.</summary>
internal sealed class RecordingRow
{
    public Guid PaymentId { get; init; }
    public string State { get; init; } = "";
    public long Cents { get; init; }
    public DateOnly TakenOn { get; init; }
    public long RefundedCents { get; init; }
    public string? LastBy { get; init; }
}

/// <summary>Recordings as they stand.</summary>
internal sealed class Recordings(Database database, TimeProvider clock)
{
    const int Most = 1000;

    const string Select =
        """
        select r.entity_id as entity, p.order_no as orderNo, o.service, o.reference, o.title,
               case when d.plan <> 'single' then d.plan || ' ' || d.n || '/' || (select count(*) from payments.due x where x.entity_id = d.entity_id and x.position_id = d.position_id and x.plan = d.plan) end as instalment,
               p.asked_cents as asked, r.cents as amount, p.received as how, r.taken_on as takenOn, r.proof, f.name as fileName, r.state, r.asked_by as askedBy, r.asked_at as askedAt,
               r.decided_by as decidedBy, r.undo_reason as undoReason, r.undo_asked_by as undoAskedBy, r.undone_by as undoneBy
          from payments.recording r
          join payments.payment p on p.entity_id = r.entity_id and p.payment_id = r.payment_id
          join payments.due d on d.entity_id = r.entity_id and d.due_id = r.due_id
          join payments.position o on o.entity_id = d.entity_id and o.position_id = d.position_id
          left join payments.recording_proof f on f.entity_id = r.entity_id and f.payment_id = r.payment_id
        """;

    public static Task<RecordedPayment?> ById(IEntitySession session, Guid payment) =>
        session.First<RecordedPayment>($"{Select} where r.entity_id = @entity and r.payment_id = @payment", new { entity = session.Entity, payment });

    public static Task<RecordedPayment?> ByOrder(IEntitySession session, string order) =>
        session.First<RecordedPayment>($"{Select} where r.entity_id = @entity and p.order_no = @order", new { entity = session.Entity, order });

    /// <summary>Those that wait, the oldest first; or those that were decided, the newest first.</summary>
    public static Task<IReadOnlyList<RecordedPayment>> Of(IEntitySession session, bool waiting, int most) => session.List<RecordedPayment>(
        waiting
            ? $"{Select} where r.entity_id = @entity and r.state in ('asked', 'undo_asked') order by r.asked_at, p.order_no limit @most"
            : $"{Select} where r.entity_id = @entity and r.state not in ('asked', 'undo_asked') order by r.asked_at desc, p.order_no limit @most",
        new { entity = session.Entity, most });

    /// <remarks>The payment first, as everybody does who changes one; a statement of its own, so that what the lock waited for is seen.</remarks>
    public static async Task<RecordingRow?> Locked(IEntitySession session, string order)
    {
        await session.Execute("select from payments.payment where entity_id = @entity and order_no = @order for update", new { entity = session.Entity, order });
        return await session.First<RecordingRow>(
            """
            select r.payment_id, r.state, r.cents, r.taken_on, p.refunded_cents, coalesce(r.undone_by, r.decided_by) as last_by
              from payments.recording r join payments.payment p on p.entity_id = r.entity_id and p.payment_id = r.payment_id
             where r.entity_id = @entity and p.order_no = @order for update of r
            """,
            new { entity = session.Entity, order });
    }

    public Task<IReadOnlyList<RecordedPayment>> List(EntityId? creditor, bool all, CancellationToken stop) => database.Run(
        ModuleRoles.Centre, null, "recordings", clock,
        session => session.List<RecordedPayment>(
            $"{Select} where (@creditor::int is null or r.entity_id = @creditor) and (@all or r.state in ('asked', 'undo_asked')) order by r.asked_at, p.order_no limit @Most",
            new { creditor = creditor?.Value, all, Most }),
        stop);
}
