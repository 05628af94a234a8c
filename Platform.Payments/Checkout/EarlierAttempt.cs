using System.Text.Json;
using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Pages;
using Platform.Core.Storage;

namespace Platform.Payments.Checkout;

/// <summary>
/// Before a checkout begins: is another attempt on one of its dues under way, in another tab or given up at the bank? Then the bank is asked first. Null when
/// nothing is in the way; otherwise where the payer reads what became of it, or chooses.
/// </summary>
internal sealed record MeetEarlierAttempt(StartCheckout Start) : ICommand<StartedCheckout?>;

internal sealed class MeetEarlierAttemptHandler(ISessions sessions, CallContext call, EntityDirectory entities, PaymentPoller poller, ILinks links, TimeProvider clock)
    : ICommandHandler<MeetEarlierAttempt, StartedCheckout?>
{
    // Who comes back later has closed the bank's page, and its session is over.
    static readonly TimeSpan MayStillBeOpen = TimeSpan.FromMinutes(15);

    public async Task<StartedCheckout?> Handle(MeetEarlierAttempt request, CancellationToken cancellationToken)
    {
        if (await Find(request.Start, cancellationToken) is not { } found)
            return null;
        var answered = await poller.AskNow(call.Creditor, found.PaymentId, cancellationToken);
        var state = PaymentStates.Parse((await sessions.Run(
            session => session.First<string>("select state from payments.payment where entity_id = @entity and payment_id = @PaymentId", new { entity = session.Entity, found.PaymentId }),
            cancellationToken))!);
        var page = $"/{(await entities.Current(cancellationToken)).ById(found.ShownBy)?.Slug}/pagamenti/{found.StatusCode}";
        return state switch
        {
            PaymentState.Paid => new(found.PaymentId, found.OrderNo, new(found.AskedCents), new(page, UriKind.Relative)),
            PaymentState.Prepared or PaymentState.AtBank or PaymentState.Unknown =>
                new(found.PaymentId, found.OrderNo, new(found.AskedCents), new($"{page}/ripresa?{StartAgain.Field}={StartAgain.Seal(links, call, request.Start, silent: !answered)}", UriKind.Relative)),
            _ => null,
        };
    }

    Task<EarlierRow?> Find(StartCheckout start, CancellationToken stop)
    {
        var now = clock.GetUtcNow();
        return sessions.Run(
            session => session.First<EarlierRow>(
                """
                select p.payment_id, p.order_no, p.status_code, p.asked_cents, p.shown_by
                  from payments.due m
                  -- Of another way of paying the same position too.
                  join payments.due d on d.entity_id = m.entity_id and d.position_id = m.position_id and (d.due_id = m.due_id or d.plan <> m.plan)
                  join payments.payment_item i on i.entity_id = d.entity_id and i.due_id = d.due_id
                  join payments.payment p on p.entity_id = i.entity_id and p.payment_id = i.payment_id
                 where m.entity_id = @entity and m.due_id = any(@dues) and p.created_at > @since and p.state in ('prepared', 'at_bank', 'unknown') and p.received is null
                   -- The same attempt gets the same answer, whatever else is under way.
                   and not exists (select from payments.payment o where o.entity_id = @entity and o.payment_id = @Attempt)
                 order by p.created_at desc, p.payment_id desc
                 limit 1
                """,
                new { entity = session.Entity, dues = start.Dues.Select(due => due.Value).ToArray(), since = now - MayStillBeOpen, start.Attempt }),
            stop);
    }

    sealed class EarlierRow
    {
        public Guid PaymentId { get; init; }
        public string OrderNo { get; init; } = "";
        public string StatusCode { get; init; } = "";
        public long AskedCents { get; init; }
        public EntityId ShownBy { get; init; }
    }
}

/// <summary>The checkout that a payer wanted, kept in the page that asks whether he means it: sealed, for it names dues and perhaps his e-mail.</summary>
/// <param name="Silent">The bank gave no answer about the earlier attempt.</param>
internal sealed record StartAgain(string Service, int ShownBy, Guid Attempt, Guid[] Dues, string ReturnPage, string Language, string? Email, bool Silent)
{
    public const string Field = "scelta";

    static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(30);

    public StartCheckout Start => new(Attempt, [.. Dues.Select(due => new DueId(due))], ReturnPage, Language, Email is null ? null : new(Email));

    public static string Seal(ILinks links, CallContext call, StartCheckout start, bool silent) => links.Seal(
        JsonSerializer.Serialize(new StartAgain(
            call.Caller, call.ShownBy.Value, start.Attempt, [.. start.Dues.Select(due => due.Value)], start.ReturnPage, start.Language, start.Payer?.Email, silent)), Lifetime);

    /// <summary>Null when it was altered, is another creditor's or too old.</summary>
    public static StartAgain? Open(ILinks links, string? token) =>
        token is { Length: > 0 } && links.Open(token) is { } text ? JsonSerializer.Deserialize<StartAgain>(text) : null;
}
