using System.Buffers.Binary;
using System.Text;
using Platform.Core.Commands;
using Platform.Core.Plugins;
using Platform.Core.Storage;

namespace Platform.Payments.Office.Story;

/// <summary>Everything that is known of one payment of the creditor of the call; null where it has none of this order number.</summary>
[RequiresPermission(OfficePermissions.See)]
internal sealed record TellPayment(string Order) : ICommand<PaymentStory?>;

/// <summary>A payment's whole story.</summary>
/// <param name="Events">What happened, the first thing first.</param>
/// <param name="Book">In the creditor's own book.</param>
/// <param name="CentreBook">In the book of the agreement's owner, where that is another.</param>
public sealed record PaymentStory(
    StoryHead Head, IReadOnlyList<StoryDue> Dues, IReadOnlyList<StoryPerson> Persons, IReadOnlyList<StoryEvent> Events, IReadOnlyList<StoryBooking> Book, IReadOnlyList<StoryBooking> CentreBook,
    IReadOnlyList<StoryFact> Facts, IReadOnlyList<StoryRefund> Refunds, IReadOnlyList<StorySurplus> Surplus, IReadOnlyList<StoryPaper> Papers);

public sealed class StoryHead
{
    public Guid PaymentId { get; init; }
    public string OrderNo { get; init; } = "";
    public string Service { get; init; } = "";
    public string State { get; init; } = "";
    public string Title { get; init; } = "";
    public long AskedCents { get; init; }
    public long? TakenCents { get; init; }
    public long RefundedCents { get; init; }
    public long CommissionCents { get; init; }
    public bool Confirmed { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? PaidAt { get; init; }
    public DateTimeOffset? NextQueryAt { get; init; }
    public int Queries { get; init; }

    /// <summary>Null where an officer received it.</summary>
    public string? Gateway { get; init; }

    /// <summary>How an officer received it: <c>cash</c>, <c>bank_transfer</c>, <c>post</c>; null where a gateway took it.</summary>
    public string? Received { get; init; }
    public DateTimeOffset? DecidedAt { get; init; }
    public DateTimeOffset? UndoAskedAt { get; init; }
    public DateTimeOffset? UndoneAt { get; init; }
    public Guid? PayerId { get; init; }
    public int? ReceiptYear { get; init; }
    public int? ReceiptNumber { get; init; }
    public string? ReceiptCode { get; init; }
    public DateTimeOffset? ReceiptAt { get; init; }
}

public sealed record StoryDue(Guid DueId, Guid PositionId, string Reference, string Title, string State, long Cents, bool PaidByThis);

/// <param name="Role"><c>payer</c> or <c>debtor</c>.</param>
public sealed record StoryPerson(string Role, string? Name, string? TaxCode, string? Email);

/// <summary>Something that happened.</summary>
/// <param name="Kind">A text of the catalogue below <c>story.</c> says it in words.</param>
public sealed record StoryEvent(DateTimeOffset At, string Kind, IReadOnlyList<string> Words);

public sealed record StoryBooking(DateTimeOffset BookedAt, string Cause, string Debit, string Credit, long Cents);

/// <param name="Text">What the gateway sent, as it came, cut after 2,000 characters.</param>
public sealed record StoryFact(string Channel, string Verdict, int Seen, DateTimeOffset FirstAt, DateTimeOffset? AppliedAt, string Text);

public sealed record StoryRefund(string Number, long Cents, string State, string Reason, string AskedBy, DateTimeOffset AskedAt, string? ApprovedBy, DateTimeOffset? ApprovedAt, string? EndedBy, DateTimeOffset? EndedAt, string? Proof);

public sealed record StorySurplus(string Kind, long Cents, string? ResolvedBy);

/// <summary>A paper of the settlement that names it.</summary>
/// <param name="Kind"><c>payment</c> or <c>reversal</c> of a batch, or <c>payout</c>.</param>
public sealed record StoryPaper(string Kind, string Name, DateOnly Day, long Cents);

internal sealed class TellPaymentHandler(ISessions sessions, CallContext call, Database database, TimeProvider clock) : ICommandHandler<TellPayment, PaymentStory?>
{
    const int MostLines = 200;
    const int MostText = 2000;

    // The clock is read again at the commit that writes the line.
    static readonly TimeSpan Before = TimeSpan.FromSeconds(1), After = TimeSpan.FromSeconds(15);

    public async Task<PaymentStory?> Handle(TellPayment request, CancellationToken cancellationToken)
    {
        var own = await sessions.Run(session => Own(session, request.Order), cancellationToken);
        if (own is not { } story)
            return null;
        var (papers, centreBook) = await database.Run(
            ModuleRoles.Centre, null, "office", clock, session => Papers(session, story.Head), cancellationToken);
        var moments = Moments(story.Head, story.Facts, story.Refunds, story.Calls);
        var (journal, deliveries, letters) = await database.Run(
            ModuleRoles.Of("core"), call.Creditor, "office", clock, session => Told(session, story.Head, story.Dues, story.Refunds, moments), cancellationToken);
        var events = moments.Select(moment => new StoryEvent(moment.At, moment.Kind, moment.Words))
            .Concat(journal.Select(line => new StoryEvent(line.At, "journal", [line.Kind, line.Actor])))
            .Concat(deliveries.Select(one => new StoryEvent(one.At, "delivery." + one.State, [one.Type, one.Handler, one.Tries.ToString(System.Globalization.CultureInfo.InvariantCulture), one.Error ?? ""])))
            .Concat(letters.Select(letter => new StoryEvent(letter.EndedAt ?? letter.WrittenAt, "letter." + letter.State, [letter.Template])))
            .OrderBy(happened => happened.At).ToList();
        return new(story.Head, story.Dues, story.Persons, events, story.Book, centreBook, story.Facts, story.Refunds, story.Surplus, papers);
    }

    static async Task<(StoryHead Head, IReadOnlyList<StoryDue> Dues, IReadOnlyList<StoryPerson> Persons, IReadOnlyList<StoryFact> Facts, IReadOnlyList<StoryRefund> Refunds,
        IReadOnlyList<StorySurplus> Surplus, IReadOnlyList<CallRow> Calls, IReadOnlyList<StoryBooking> Book)?> Own(IEntitySession session, string order)
    {
        var head = await session.First<StoryHead>(
            """
            select p.payment_id, p.order_no, p.service, p.state, p.title, p.asked_cents, p.taken_cents, p.refunded_cents, p.commission_cents, p.taken_confirmed_at is not null as confirmed,
                   p.created_at, p.paid_at, p.next_query_at, p.queries, a.gateway, p.received, c.decided_at, c.undo_asked_at, c.undone_at, p.payer_id,
                   r.year::int as receipt_year, r.number as receipt_number, r.code as receipt_code, r.issued_at as receipt_at
              from payments.payment p
              left join payments.agreement a on a.agreement_id = p.agreement_id
              left join payments.recording c on c.entity_id = p.entity_id and c.payment_id = p.payment_id
              left join payments.receipt r on r.entity_id = p.entity_id and r.payment_id = p.payment_id
             where p.entity_id = @entity and p.order_no = @order
            """,
            new { entity = session.Entity, order });
        if (head is null)
            return null;
        var key = new { entity = session.Entity, payment = head.PaymentId, head.OrderNo, head.PayerId, MostLines };
        var dues = await session.List<StoryDue>(
            """
            select i.due_id as dueId, o.position_id as positionId, o.reference,
                   o.title || case when d.plan = 'single' then '' else ' — ' || d.plan || ' ' || d.n || '/' || (select count(*) from payments.due x where x.entity_id = d.entity_id and x.position_id = d.position_id and x.plan = d.plan) end as title,
                   d.state, i.cents,
                   exists (select from payments.due_paid x where x.entity_id = i.entity_id and x.due_id = i.due_id and x.payment_id = i.payment_id) as paidByThis
              from payments.payment_item i
              join payments.due d on d.entity_id = i.entity_id and d.due_id = i.due_id
              join payments.position o on o.entity_id = d.entity_id and o.position_id = d.position_id
             where i.entity_id = @entity and i.payment_id = @payment
             order by o.title, i.due_id
            """, key);
        var persons = await session.List<StoryPerson>(
            """
            select 'payer' as role, s.name, s.tax_code as taxCode, s.email from payments.subject s where s.entity_id = @entity and s.subject_id = @PayerId and s.redacted_at is null
            union
            select 'debtor', s.name, s.tax_code, s.email
              from payments.payment_item i
              join payments.due d on d.entity_id = i.entity_id and d.due_id = i.due_id
              join payments.position o on o.entity_id = d.entity_id and o.position_id = d.position_id
              join payments.subject s on s.entity_id = o.entity_id and s.subject_id = o.subject_id
             where i.entity_id = @entity and i.payment_id = @payment and s.redacted_at is null
             order by 1, 2
            """, key);
        var facts = await session.List<FactRow>(
            "select channel, verdict, seen, first_at, applied_at, raw from payments.fact where entity_id = @entity and order_no = @OrderNo order by first_at, channel limit @MostLines", key);
        var refunds = await session.List<StoryRefund>(
            """
            select number, cents, state, reason, asked_by as askedBy, asked_at as askedAt, approved_by as approvedBy, approved_at as approvedAt, ended_by as endedBy, ended_at as endedAt, proof
              from payments.refund where entity_id = @entity and payment_id = @payment order by asked_at, number limit @MostLines
            """, key);
        var surplus = await session.List<StorySurplus>(
            "select kind, cents, resolved_by as resolvedBy from payments.surplus where entity_id = @entity and payment_id = @payment order by kind", key);
        var calls = await session.List<CallRow>(
            "select kind, started_at, ended_at, outcome from payments.external_call where entity_id = @entity and payment_id = @payment order by started_at limit @MostLines", key);
        var book = await session.List<StoryBooking>(
            """
            select t.booked_at as bookedAt, t.cause, t.debit, t.credit, t.cents
              from payments.transfer t
             where t.entity_id = @entity and t.cause_id = any(array(select @payment union all select r.refund_id from payments.refund r where r.entity_id = @entity and r.payment_id = @payment))
             order by t.booked_at, t.cause, t.n limit @MostLines
            """, key);
        return (head, dues, persons, [.. facts.Select(Readable)], refunds, surplus, calls, book);
    }

    static StoryFact Readable(FactRow fact)
    {
        var text = string.Concat(Encoding.Latin1.GetString(fact.Raw.AsSpan(0, Math.Min(fact.Raw.Length, MostText))).Select(letter => char.IsControl(letter) && letter != '\n' ? '·' : letter));
        return new(fact.Channel, fact.Verdict, fact.Seen, fact.FirstAt, fact.AppliedAt, text);
    }

    /// <summary>What the settlement's papers say of this one order. They belong to who owns the agreement.</summary>
    async Task<(IReadOnlyList<StoryPaper> Papers, IReadOnlyList<StoryBooking> Book)> Papers(EntitySession session, StoryHead head)
    {
        var key = new { entity = call.Creditor, payment = head.PaymentId, head.OrderNo, MostLines };
        var papers = await session.List<StoryPaper>(
            """
            select l.kind, l.batch as name, l.taken_on as day, l.gross_cents as cents
              from payments.settlement_line l where l.entity_id in (0, @entity) and l.order_no = any(array(select @OrderNo::text union all select r.number from payments.refund r where r.entity_id = @entity and r.payment_id = @payment))
            union all
            select 'payout', i.payout, o.ordered_on, sum(case when t.credit like 'owed/%' then t.cents else -t.cents end)::bigint
              from payments.payout_item i
              join payments.payout o on o.entity_id = i.entity_id and o.payout = i.payout and o.creditor_id = @entity
              join payments.transfer t on t.entity_id = i.entity_id and t.cause = i.cause and t.cause_id = i.cause_id and t.n = i.n
             where i.entity_id = 0 and i.cause = any(array(select distinct x.cause from payments.transfer x where x.entity_id = 0 and x.cause_id = @payment)) and i.cause_id = @payment
             group by i.payout, o.ordered_on
             order by 3, 1 limit @MostLines
            """, key);
        var book = await session.List<StoryBooking>(
            """
            select t.booked_at as bookedAt, t.cause, t.debit, t.credit, t.cents
              from payments.transfer t where t.entity_id = 0 and @entity <> 0 and t.cause_id = @payment order by t.booked_at, t.cause, t.n limit @MostLines
            """, key);
        return (papers, book);
    }

    async Task<(IReadOnlyList<JournalRow> Journal, IReadOnlyList<DeliveryRow> Deliveries, IReadOnlyList<LetterRow> Letters)> Told(
        EntitySession session, StoryHead head, IReadOnlyList<StoryDue> dues, IReadOnlyList<StoryRefund> refunds, IReadOnlyList<Moment> moments)
    {
        // The journal has no index by order, and needs none: its numbers begin with the time, and the times are known.
        var windows = Joined(moments.Select(moment => moment.At));
        string[] names = [head.OrderNo, .. refunds.Select(refund => refund.Number)];
        var journal = await session.List<JournalRow>(
            """
            select j.at, j.kind, j.actor
              from unnest(@from, @to) as w (first, last)
              join core.journal j on j.entity_id = @entity and j.entry_id >= w.first and j.entry_id < w.last
             where j.body ->> 'orderNo' = @order or j.body ->> 'orderNumber' = @order or j.body ->> 'order' = @order or j.body ->> 'number' = any(@names) or j.body ->> 'payment' = @payment
                   or split_part(j.body ->> 'task', '/', 1) = @order
             order by j.entry_id limit @MostLines
            """,
            new
            {
                entity = call.Creditor, from = windows.ConvertAll(window => Bound(window.From)).ToArray(), to = windows.ConvertAll(window => Bound(window.To)).ToArray(), order = head.OrderNo, names,
                payment = head.PaymentId.ToString(), MostLines,
            });
        var deliveries = await session.List<DeliveryRow>(
            """
            select o.at, o.type, d.handler, d.state, d.tries::int as tries, d.error
              from core.outbox o
              join core.delivery d on d.entity_id = o.entity_id and d.event_id = o.event_id
             where o.entity_id = @entity and o.stream = any(@streams) and o.payload ->> 'payment' = @payment
             order by o.at, o.seq, d.handler limit @MostLines
            """,
            new { entity = call.Creditor, streams = dues.Select(due => due.PositionId).ToArray(), payment = head.PaymentId.ToString(), MostLines });
        var letters = await session.List<LetterRow>(
            "select template, state, written_at as writtenAt, ended_at as endedAt from core.mail where entity_id = @entity and module = 'payments' and letter_key = @key",
            new { entity = call.Creditor, key = $"receipt/{head.PaymentId}" });
        return (journal, deliveries, letters);
    }

    /// <summary>In the order in which they follow from each other: of one instant the earlier cause stands first.</summary>
    static List<Moment> Moments(StoryHead head, IEnumerable<StoryFact> facts, IEnumerable<StoryRefund> refunds, IEnumerable<CallRow> calls)
    {
        var moments = new List<Moment> { new(head.CreatedAt, head.Received is null ? "started" : "recorded", []) };
        foreach (var (at, kind) in new[] { (head.DecidedAt, "recorded.decided"), (head.UndoAskedAt, "recorded.undo_asked"), (head.UndoneAt, "recorded.undone") })
            if (at is { } happened)
                moments.Add(new(happened, kind, []));
        foreach (var fact in facts)
        {
            moments.Add(new(fact.FirstAt, "fact." + fact.Verdict, [fact.Channel]));
            if (fact.AppliedAt is { } applied && applied != fact.FirstAt)
                moments.Add(new(applied, "applied", [fact.Channel]));
        }
        foreach (var asked in calls)
            moments.Add(new(asked.StartedAt, asked.EndedAt is null ? "asked.open" : "asked", [asked.Kind, asked.Outcome ?? ""]));
        if (head.PaidAt is { } paid)
            moments.Add(new(paid, "paid", []));
        if (head.ReceiptAt is { } issued)
            moments.Add(new(issued, "receipt", [$"{head.ReceiptNumber}/{head.ReceiptYear}"]));
        foreach (var refund in refunds)
        {
            moments.Add(new(refund.AskedAt, "refund.asked", [refund.Number, refund.AskedBy]));
            if (refund.ApprovedAt is { } approved)
                moments.Add(new(approved, "refund.approved", [refund.Number, refund.ApprovedBy ?? ""]));
            if (refund.EndedAt is { } ended)
                moments.Add(new(ended, "refund." + refund.State, [refund.Number, refund.EndedBy ?? ""]));
        }
        return moments;
    }

    /// <summary>Windows around moments, none of which overlaps another.</summary>
    static List<(DateTimeOffset From, DateTimeOffset To)> Joined(IEnumerable<DateTimeOffset> moments)
    {
        var windows = new List<(DateTimeOffset From, DateTimeOffset To)>();
        foreach (var at in moments.Order())
            if (windows.Count > 0 && at - Before <= windows[^1].To)
                windows[^1] = (windows[^1].From, at + After);
            else
                windows.Add((at - Before, at + After));
        return windows;
    }

    /// <summary>The least number of version 7 of an instant.</summary>
    static Guid Bound(DateTimeOffset at)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteInt64BigEndian(bytes, at.ToUnixTimeMilliseconds() << 16);
        return new(bytes, bigEndian: true);
    }

    sealed record Moment(DateTimeOffset At, string Kind, IReadOnlyList<string> Words);

    sealed class FactRow
    {
        public string Channel { get; init; } = "";
        public string Verdict { get; init; } = "";
        public int Seen { get; init; }
        public DateTimeOffset FirstAt { get; init; }
        public DateTimeOffset? AppliedAt { get; init; }
        public byte[] Raw { get; init; } = [];
    }

    sealed class CallRow
    {
        public string Kind { get; init; } = "";
        public DateTimeOffset StartedAt { get; init; }
        public DateTimeOffset? EndedAt { get; init; }
        public string? Outcome { get; init; }
    }

    sealed record JournalRow(DateTimeOffset At, string Kind, string Actor);

    sealed record DeliveryRow(DateTimeOffset At, string Type, string Handler, string State, int Tries, string? Error);

    sealed record LetterRow(string Template, string State, DateTimeOffset WrittenAt, DateTimeOffset? EndedAt);
}
