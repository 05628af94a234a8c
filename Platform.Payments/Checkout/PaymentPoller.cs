using Autofac;
using Microsoft.Extensions.Logging;
using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Hosting;
using Platform.Core.Storage;

namespace Platform.Payments.Checkout;

/// <summary>Asks gateways about payments nobody came back from, about successes whose amount is to be confirmed, and about what a forged message made doubtful.</summary>
internal sealed class PaymentPoller(Database database, Lazy<CallScopes> scopes, Agreements agreements, Lazy<GatewayFacts> facts, PublicAddress address, TimeProvider clock, ILogger<PaymentPoller> log)
    : Sweeper(log)
{
    // An order the bank does not know this long after it was prepared never reached it. Should it come all the same, late success wins.
    static readonly TimeSpan NeverArrivedAfter = TimeSpan.FromHours(2);

    // After a start, what is due soon is asked at once: the notification may have come while nobody listened.
    static readonly TimeSpan HeadStart = TimeSpan.FromMinutes(5);

    // Five with what is ours around the question.
    static readonly TimeSpan SomebodyWaits = TimeSpan.FromSeconds(4.5);

    static readonly TimeSpan BetweenWaiters = TimeSpan.FromSeconds(5);

    bool _started;

    protected override string Name => "payments";

    protected override async Task<int> SweepOnce(CancellationToken stop)
    {
        var now = clock.GetUtcNow();
        var horizon = _started ? now : now + HeadStart;
        var entities = await database.Run(
            ModuleRoles.Centre, null, "payments", clock,
            session => session.List<int>(
                """
                select entity_id from payments.payment where next_query_at <= @horizon
                union
                select entity_id from payments.fact where verdict = 'genuine' and applied_at is null and first_at < @before
                """,
                new { horizon, before = now - GatewayFacts.ForgottenAfter }),
            stop);
        var done = 0;
        foreach (var entity in entities)
        {
            // What one creditor's payment or agreement breaks must not keep the others from being asked about.
            try
            {
                done += await facts.Value.ApplyForgotten(new(entity), stop);
                while (await AskOne(new(entity), now, horizon, stop))
                    done++;
            }
            catch (Exception wrong) when (!stop.IsCancellationRequested)
            {
                log.LogError(wrong, "Payments of entity {Entity} could not be asked about; the next sweep tries again.", entity);
            }
        }
        _started = true;
        return done;
    }

    /// <summary>Asks about one payment. False when none is due, or when the gateway does not answer: then the others wait for the next sweep.</summary>
    async Task<bool> AskOne(EntityId entity, DateTimeOffset sweep, DateTimeOffset horizon, CancellationToken stop) => await scopes.Value.In(entity, entity, "payments", async scope =>
    {
        var sessions = scope.Resolve<ISessions>();
        var call = Guid.CreateVersion7();
        return await Claim(sessions, call, sweep, horizon, stop) is { } payment && await Ask(sessions, payment, call, stop);
    });

    /// <summary>
    /// Asks about one payment at once, because somebody waits for it: at most <see cref="SomebodyWaits"/>. An answer that takes longer is used when it comes. Not asked is
    /// what was asked seconds ago, and what is settled.
    /// </summary>
    /// <returns>False when the gateway gave no answer in that time.</returns>
    public async Task<bool> AskNow(EntityId entity, Guid payment, CancellationToken stop)
    {
        var asking = Task.Run(() => AskThis(entity, payment), CancellationToken.None);
        try
        {
            return await asking.WaitAsync(SomebodyWaits, stop);
        }
        catch (TimeoutException)
        {
            log.LogInformation("The answer about payment {Payment} takes longer than its payer waits.", payment);
            return false;
        }
    }

    async Task<bool> AskThis(EntityId entity, Guid payment)
    {
        try
        {
            return await scopes.Value.In(entity, entity, "payments", async scope =>
            {
                var sessions = scope.Resolve<ISessions>();
                var call = Guid.CreateVersion7();
                return await Claim(sessions, call, payment) is not { } claimed || await Ask(sessions, claimed, call, CancellationToken.None);
            });
        }
        catch (Exception wrong)
        {
            log.LogError(wrong, "Payment {Payment} could not be asked about; it is in its turn.", payment);
            return false;
        }
    }

    /// <summary>False when the gateway does not answer, or cannot be asked.</summary>
    async Task<bool> Ask(ISessions sessions, ClaimedRow payment, Guid call, CancellationToken stop)
    {
        if (await agreements.Find(payment.AgreementId, stop) is not { } bank)
        {
            await sessions.Run(
                session => session.Execute(
                    "update payments.external_call set ended_at = @now, outcome = 'not asked' where entity_id = @entity and call_id = @call",
                    new { entity = session.Entity, call, now = clock.GetUtcNow() }),
                stop);
            return false;
        }
        if (bank.Gateway is IOpeningGateway && payment.Opened is null)
            return await NotOpened(sessions, payment, call, stop);
        var order = new GatewayOrder(payment.OrderNo, new(payment.AskedCents), address.ReturnFrom(bank.Gateway.Id, payment.StatusCode), payment.Language, payment.Opened);
        var message = await bank.Gateway.Ask(order, bank.Terms, stop);
        var fact = facts.Value.Understand(bank, message, payment.OrderNo);
        if (fact.Outcome == GatewayOutcome.NotFound && clock.GetUtcNow() - payment.CreatedAt > NeverArrivedAfter)
            fact = fact with { Outcome = GatewayOutcome.NeverArrived };
        await facts.Value.Answered(sessions, payment.AgreementId, payment.PaymentId, call, message, fact, payment.OrderNo, stop);
        return fact.Outcome != GatewayOutcome.Undetermined;
    }

    /// <summary>The call that opens it is still under way, or was lost: then nobody has an address to pay at, and nobody needs to be asked.</summary>
    async Task<bool> NotOpened(ISessions sessions, ClaimedRow payment, Guid call, CancellationToken stop)
    {
        var lost = clock.GetUtcNow() - payment.CreatedAt > Opening.MayTake;
        var fact = new GatewayFact(true, true, lost ? GatewayOutcome.NeverArrived : GatewayOutcome.NotFound, null);
        await facts.Value.Answered(sessions, payment.AgreementId, payment.PaymentId, call, GatewayFacts.NotOpened, fact, payment.OrderNo, stop);
        if (lost)
            await sessions.Run(
                session => session.Execute(
                    "update payments.external_call set ended_at = @now, outcome = 'never heard' where entity_id = @entity and call_id = @PaymentId and kind = 'open' and ended_at is null",
                    new { entity = session.Entity, payment.PaymentId, now = clock.GetUtcNow() }),
                stop);
        return true;
    }

    /// <summary>Takes the payment somebody waits for, unless it was asked about a moment ago.</summary>
    async Task<ClaimedRow?> Claim(ISessions sessions, Guid call, Guid payment)
    {
        var now = clock.GetUtcNow();
        return await sessions.Run(
            session => session.First<ClaimedRow>(
                """
                with claimed as (
                update payments.payment p
                   set last_query_at = @now, queries = queries + 1, next_query_at = @now + interval '2 minutes'
                 where p.entity_id = @entity and p.payment_id = @payment and p.state in ('prepared', 'at_bank', 'unknown') and p.received is null
                   and (p.last_query_at is null or p.last_query_at < @before)
                returning p.payment_id, p.agreement_id, p.order_no, p.status_code, p.asked_cents, p.language, p.created_at, p.opened),
                noted as (
                insert into payments.external_call (entity_id, call_id, payment_id, kind, started_at)
                select @entity, @call, payment_id, 'query', @now from claimed)
                select payment_id, agreement_id, order_no, status_code, asked_cents, language, created_at, opened from claimed
                """,
                new { entity = session.Entity, call, payment, now, before = now - BetweenWaiters }),
            CancellationToken.None);
    }

    /// <summary>Takes one due payment and writes down that the gateway is about to be asked, before it is.</summary>
    async Task<ClaimedRow?> Claim(ISessions sessions, Guid call, DateTimeOffset sweep, DateTimeOffset horizon, CancellationToken stop)
    {
        var now = clock.GetUtcNow();
        return await sessions.Run(
            async session =>
            {
                var claimed = await session.First<ClaimedRow>(
                    """
                    update payments.payment p
                       set last_query_at = @now, queries = queries + 1, next_query_at = @now + interval '2 minutes'
                     where p.entity_id = @entity and p.payment_id = (
                           select q.payment_id from payments.payment q
                            where q.entity_id = @entity and q.next_query_at <= @horizon and (q.last_query_at is null or q.last_query_at < @sweep)
                            order by q.next_query_at limit 1 for update skip locked)
                    returning p.payment_id, p.agreement_id, p.order_no, p.status_code, p.asked_cents, p.language, p.created_at, p.opened
                    """,
                    new { entity = session.Entity, now, sweep, horizon });
                if (claimed is not null)
                    await session.Execute(
                        "insert into payments.external_call (entity_id, call_id, payment_id, kind, started_at) values (@entity, @call, @PaymentId, 'query', @now)",
                        new { entity = session.Entity, call, claimed.PaymentId, now });
                return claimed;
            },
            stop);
    }

    sealed class ClaimedRow
    {
        public Guid PaymentId { get; init; }
        public Guid AgreementId { get; init; }
        public string OrderNo { get; init; } = "";
        public string StatusCode { get; init; } = "";
        public long AskedCents { get; init; }
        public string Language { get; init; } = "it";
        public DateTimeOffset CreatedAt { get; init; }
        public string? Opened { get; init; }
    }
}
