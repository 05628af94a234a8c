using Autofac;
using Microsoft.Extensions.Logging;
using Platform.Core.Entities;
using Platform.Core.Hosting;
using Platform.Core.Money;
using Platform.Core.Storage;
using Platform.Payments.Checkout;

namespace Platform.Payments.Refunds;

/// <summary>
/// Orders approved refunds at gateways that can, each once by key: the call is written down before it is made, and the database takes its number only once.
/// What was ordered and not heard of is asked about, never ordered again; what stays unclear waits for an officer.
/// </summary>
internal sealed class RefundRunner(
    Database database, Agreements agreements, PublicAddress address, Lazy<RefundDesk> desk, TimeProvider clock, ILogger<RefundRunner> log) : Sweeper(log)
{
    /// <summary>A call older than this was left by a host that died: the gateway's client gives up long before.</summary>
    public static readonly TimeSpan LeftAfter = TimeSpan.FromSeconds(30);

    protected override string Name => "refunds";

    protected override async Task<int> SweepOnce(CancellationToken stop)
    {
        var now = clock.GetUtcNow();
        var due = await database.Run(
            ModuleRoles.Centre, null, "refunds", clock,
            session => session.List<DueRow>(
                """
                select r.entity_id, r.refund_id, r.state, p.agreement_id, p.received is not null as by_officer
                  from payments.refund r join payments.payment p on p.entity_id = r.entity_id and p.payment_id = r.payment_id
                 where r.state = 'approved' or (r.state in ('at_bank', 'unknown') and r.next_query_at <= @now)
                 order by r.asked_at limit 100
                """,
                new { now }),
            stop);
        var done = 0;
        foreach (var row in due)
        {
            try
            {
                if (row.ByOfficer)
                {
                    // No gateway has it: who received it gives it back.
                    done += row.State == "approved" ? await ByHand(new(row.EntityId), row.RefundId, stop) : 0;
                    continue;
                }
                // An agreement that cannot be used here says so in the log; what hangs on it waits until it can.
                if (await agreements.Find(row.AgreementId, stop) is not { } bank)
                    continue;
                done += await ((row.State, bank.Gateway) switch
                {
                    ("approved", IRefundingGateway gateway) => Order(gateway, bank.Terms, new(row.EntityId), row.RefundId, stop),
                    ("approved", _) => ByHand(new(row.EntityId), row.RefundId, stop),
                    (_, IRefundingGateway gateway) => AskAbout(gateway, bank.Terms, new(row.EntityId), row.RefundId, stop),
                    _ => Task.FromResult(0),
                });
            }
            catch (Exception wrong) when (!stop.IsCancellationRequested)
            {
                log.LogError(wrong, "A refund of entity {Entity} could not be carried out; the next sweep goes on from where it stands.", row.EntityId);
            }
        }
        return done + await GiveBackSurplus(stop);
    }

    async Task<int> Order(IRefundingGateway gateway, AgreementTerms terms, EntityId entity, Guid id, CancellationToken stop)
    {
        var claimed = await Run(entity, async session =>
        {
            var row = await session.First<ClaimedRow>(
                """
                with claimed as (
                    update payments.refund set state = 'at_bank', next_query_at = @later where entity_id = @entity and refund_id = @id and state = 'approved'
                    returning payment_id, number, cents)
                select c.payment_id, c.number, c.cents, p.order_no, p.status_code, p.asked_cents, p.language, p.opened
                  from claimed c join payments.payment p on p.entity_id = @entity and p.payment_id = c.payment_id
                """,
                new { entity = session.Entity, id, later = clock.GetUtcNow() + LeftAfter });
            // Its number is the call's: a second order of the same refund is refused by the primary key.
            if (row is not null)
                await session.Execute(
                    "insert into payments.external_call (entity_id, call_id, payment_id, kind, started_at) values (@entity, @id, @PaymentId, 'refund', @now)",
                    new { entity = session.Entity, id, row.PaymentId, now = clock.GetUtcNow() });
            return row;
        }, stop);
        if (claimed is null)
            return 0;
        // Once ordered it is heard to the end, also when this host is asked to stop.
        await Heard(entity, id, id, claimed.Number, await gateway.Refund(Of(claimed, gateway), terms, CancellationToken.None));
        return 1;
    }

    /// <summary>The protocol has no refund: it waits for an officer, who does it in the bank's back office and confirms it.</summary>
    Task<int> ByHand(EntityId entity, Guid id, CancellationToken stop) => Run(entity, async session =>
    {
        var moved = await session.Execute(
            "update payments.refund set state = 'by_hand' where entity_id = @entity and refund_id = @id and state = 'approved'", new { entity = session.Entity, id });
        if (moved > 0)
            session.Record("refund.by_hand", new { refund = id });
        return moved;
    }, stop);

    async Task<int> AskAbout(IRefundingGateway gateway, AgreementTerms terms, EntityId entity, Guid id, CancellationToken stop)
    {
        var call = Guid.CreateVersion7();
        var claimed = await Run(entity, async session =>
        {
            var row = await session.First<ClaimedRow>(
                """
                with claimed as (
                    update payments.refund set queries = queries + 1, next_query_at = @later
                     where entity_id = @entity and refund_id = @id and state in ('at_bank', 'unknown') and next_query_at <= @now
                    returning payment_id, number, cents)
                select c.payment_id, c.number, c.cents, p.order_no, p.status_code, p.asked_cents, p.language, p.opened
                  from claimed c join payments.payment p on p.entity_id = @entity and p.payment_id = c.payment_id
                """,
                new { entity = session.Entity, id, now = clock.GetUtcNow(), later = clock.GetUtcNow() + LeftAfter });
            if (row is not null)
                await session.Execute(
                    "insert into payments.external_call (entity_id, call_id, payment_id, kind, started_at) values (@entity, @call, @PaymentId, 'refund-query', @now)",
                    new { entity = session.Entity, call, row.PaymentId, now = clock.GetUtcNow() });
            return row;
        }, stop);
        if (claimed is null)
            return 0;
        await Heard(entity, id, call, claimed.Number, await gateway.AskRefund(Of(claimed, gateway), terms, stop));
        return 1;
    }

    async Task Heard(EntityId entity, Guid id, Guid call, string number, RefundAnswer answer) => await Run(entity, async session =>
    {
        var now = clock.GetUtcNow();
        if (await RefundRow.Locked(session, number) is not { } refund)
            throw new InvalidOperationException($"Refund {number} has vanished.");
        await session.Execute(
            """
            update payments.external_call set ended_at = @now, outcome = @outcome where entity_id = @entity and call_id = @call and ended_at is null;
            -- What the host that died had begun is answered by this too.
            update payments.external_call set ended_at = @now, outcome = 'never heard' where entity_id = @entity and call_id = @id and ended_at is null;
            """,
            new { entity = session.Entity, id, call, now, outcome = answer.Outcome.ToString() });
        if (refund.State is not ("at_bank" or "unknown"))
        {
            session.Record("refund.heard_late", new { number, refund.State, answer.Outcome, answer.Reference });
            return true;
        }
        switch (answer.Outcome)
        {
            case RefundOutcome.Done:
                await RefundEnd.Done(session, refund, "gateway", answer.Reference, now);
                break;
            case RefundOutcome.Refused:
                await RefundEnd.Refused(session, refund, "gateway", answer.Reference ?? "the gateway refused it", now);
                break;
            default:
                await session.Execute(
                    """
                    update payments.refund set state = 'unknown', next_query_at = @now + least(interval '6 hours', interval '1 minute' * power(2, least(queries, 10)))
                     where entity_id = @entity and refund_id = @id
                    """,
                    new { entity = session.Entity, id, now });
                if (refund.State != "unknown")
                    session.Record("refund.unknown", new { number, answer.Outcome });
                break;
        }
        return true;
    }, CancellationToken.None);

    /// <summary>Surplus that a creditor's policy gives back by itself, once its amount is certain and as long as nobody asked for it.</summary>
    async Task<int> GiveBackSurplus(CancellationToken stop)
    {
        var wanted = await database.Run(
            ModuleRoles.Centre, null, "refunds", clock,
            session => session.List<SurplusRow>(
                """
                select s.entity_id, s.due_id, s.kind, s.cents, p.order_no
                  from payments.refund_policy y
                  join payments.surplus s on s.entity_id = y.entity_id and s.resolved_by is null
                       and ((s.kind = 'twice' and y.twice = 'refund') or (s.kind = 'too_much' and y.too_much = 'refund'))
                  join payments.payment p on p.entity_id = s.entity_id and p.payment_id = s.payment_id and p.state = 'paid' and p.taken_confirmed_at is not null
                 where not exists (select from payments.refund r join payments.refund_line l on l.entity_id = r.entity_id and l.refund_id = r.refund_id
                                    where r.entity_id = s.entity_id and r.payment_id = s.payment_id and l.due_id = s.due_id and l.n = 0 and r.reason = 'policy: ' || s.kind)
                 order by p.paid_at limit 100
                """),
            stop);
        var done = 0;
        foreach (var row in wanted)
        {
            var outcome = await desk.Value.GiveBackSurplus(new(row.EntityId), row.OrderNo, row.DueId, new(row.Cents), $"policy: {row.Kind}", stop);
            done += outcome.Refusal is null ? 1 : 0;
        }
        return done;
    }

    GatewayRefund Of(ClaimedRow row, IRefundingGateway gateway) =>
        new(new(row.OrderNo, new(row.AskedCents), address.ReturnFrom(gateway.Id, row.StatusCode), row.Language, row.Opened), row.Number, new(row.Cents));

    Task<T> Run<T>(EntityId entity, Func<IEntitySession, Task<T>> work, CancellationToken stop) =>
        database.Run<T>(ModuleRoles.Of("payments"), entity, "refunds", clock, session => work(session), stop);

    sealed class DueRow
    {
        public int EntityId { get; init; }
        public Guid RefundId { get; init; }
        public string State { get; init; } = "";
        public Guid AgreementId { get; init; }
        public bool ByOfficer { get; init; }
    }

    sealed class SurplusRow
    {
        public int EntityId { get; init; }
        public Guid DueId { get; init; }
        public string Kind { get; init; } = "";
        public long Cents { get; init; }
        public string OrderNo { get; init; } = "";
    }

    sealed class ClaimedRow
    {
        public Guid PaymentId { get; init; }
        public string Number { get; init; } = "";
        public long Cents { get; init; }
        public string OrderNo { get; init; } = "";
        public string StatusCode { get; init; } = "";
        public long AskedCents { get; init; }
        public string Language { get; init; } = "it";
        public string? Opened { get; init; }
    }
}
