using System.Security.Cryptography;
using Autofac;
using Microsoft.Extensions.Logging;
using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Hosting;
using Platform.Core.Money;
using Platform.Core.Storage;
using Platform.Payments.Gateways;

namespace Platform.Payments.Checkout;

/// <summary>What became of a message.</summary>
/// <param name="Order">The order's number as the message has it, whether there is such an order or not.</param>
/// <param name="StatusCode">The payment's unguessable page, for who proved to be its payer; otherwise null.</param>
internal sealed record ReceivedFact(string Verdict, string? Order, string? StatusCode, EntityId ShownBy);

/// <summary>Where a fact led a payment, and when the gateway is to be asked next.</summary>
internal readonly record struct PaymentChange(PaymentState Before, PaymentState After, DateTimeOffset? AskAt);

/// <summary>
/// Takes in whatever gateways say: finds the creditor in the order number's text, verifies, stores the raw bytes, and only then applies what is genuine.
/// Repeated, late and reordered messages are welcome; a forged one changes nothing but makes us ask.
/// </summary>
internal sealed class GatewayFacts(
    CallScopes scopes, EntityDirectory entities, Agreements agreements, GatewayDirectory gateways, Lazy<PaymentPoller> poller, GatewayStates states, StrayMessages strays, TimeProvider clock,
    ILogger<GatewayFacts> log)
{
    /// <summary>A message longer than this is cut, kept and not believed.</summary>
    public const int MostBytes = 65536;

    static readonly TimeSpan BetweenNudges = TimeSpan.FromSeconds(10);

    // More than any bank and any payer who presses twice; what a stranger adds to it is only counted.
    const int MostOfOneOrder = 50;

    /// <param name="returnKey">What the address of a return ended in.</param>
    public async Task<ReceivedFact> Receive(string gatewayId, GatewayMessage message, CancellationToken stop, string? returnKey = null)
    {
        var gateway = gateways.Find(gatewayId)!;
        var order = message.Raw.Length < MostBytes ? gateway.OrderNumberIn(message) : null;
        var creditor = OrderNumber.EntityOf(order) is { } code ? (await entities.Current(stop)).ByCode(code) : null;
        return (creditor is null ? null : await scopes.In(creditor.Id, creditor.Id, "payments", scope => OfPayment(scope.Resolve<ISessions>(), gatewayId, message, order!, returnKey, stop)))
            ?? await OfNobody(gatewayId, message, order, creditor?.Id, stop);
    }

    /// <summary>Null when nobody started this order here.</summary>
    async Task<ReceivedFact?> OfPayment(ISessions sessions, string gatewayId, GatewayMessage message, string order, string? returnKey, CancellationToken stop)
    {
        if (await Find(sessions, order, stop) is not { } payment)
            return null;
        var terms = await agreements.Find(payment.AgreementId, stop);
        var verdict = Judge(terms?.Gateway.Id == gatewayId ? terms.Read(message) : null, out var fact);
        var stored = await Store(sessions, message, order, verdict, stop);
        if (stored is null)
            await strays.Count(gatewayId, message, verdict, keep: false, stop);
        strays.Tell(gatewayId, message.Channel, order, verdict);
        if (verdict == "genuine" && stored is false)
            await Apply(sessions, payment.PaymentId, message, fact!, stop);
        else if (verdict != "genuine")
            await Nudge(sessions, payment.PaymentId, stop);
        // An order's number is known to many; its page is for who was sent to pay it.
        var payers = verdict == "genuine" || (verdict == "unsigned" && PublicAddress.IsReturnKey(returnKey, payment.StatusCode));
        return new(verdict, order, payers ? payment.StatusCode : null, payment.ShownBy);
    }

    /// <summary>About no order of ours: kept for its creditor, who has to look, if it verifies; otherwise anybody may have sent it.</summary>
    async Task<ReceivedFact> OfNobody(string gatewayId, GatewayMessage message, string? order, EntityId? creditor, CancellationToken stop)
    {
        var candidates = order is null ? [] : await agreements.Of(gatewayId, creditor, stop);
        var voucher = candidates.FirstOrDefault(bank => bank.Read(message).Genuine);
        var verdict = voucher is not null ? "unknown_order" : Judge(candidates.Count > 0 ? candidates[0].Read(message) : null, out _);
        if (voucher is null)
            await strays.Count(gatewayId, message, verdict = order is null ? "unreadable" : verdict, keep: true, stop);
        else
        {
            var entity = creditor ?? voucher.Owner;
            await scopes.In(entity, entity, "payments", scope => Store(scope.Resolve<ISessions>(), message, order!.Length <= 64 ? order : order[..64], verdict, stop));
        }
        strays.Tell(gatewayId, message.Channel, creditor is null || voucher is null ? "?" : order!, verdict);
        return new(verdict, order, null, EntityId.Centre);
    }

    static string Judge(GatewayFact? read, out GatewayFact? fact) => (fact = read) switch
    {
        { Genuine: true } => "genuine",
        { Readable: false } => "unreadable",
        { Unsigned: true } => "unsigned",
        _ => "forged",
    };

    /// <summary>What a message says of one order. An answer to a call of ours is used only when it verifies and names the order that the call was about.</summary>
    public GatewayFact Understand(BankTerms bank, GatewayMessage message, string order)
    {
        var fact = bank.Read(message);
        if (!fact.Genuine)
            return fact with { Outcome = GatewayOutcome.Undetermined, Taken = null };
        if (message.Channel is not ("query" or "open") || fact.Outcome is GatewayOutcome.NotFound or GatewayOutcome.Undetermined || bank.Gateway.OrderNumberIn(message) == order)
            return fact;
        log.LogError("Asked about order {Order}, the gateway answered about another one; the answer is not used.", order);
        return fact with { Outcome = GatewayOutcome.Undetermined, Taken = null };
    }

    /// <summary>Stores and applies the gateway's answer to a question of ours.</summary>
    public async Task Answered(ISessions sessions, Guid agreement, Guid paymentId, Guid callId, GatewayMessage message, GatewayFact fact, string order, CancellationToken stop)
    {
        await sessions.Run(
            async session =>
            {
                // Of an order that was never opened nobody was asked.
                if (message.Channel != NotOpened.Channel)
                    await states.Heard(session, agreement, answered: fact.Readable);
                return await session.Execute(
                    "update payments.external_call set ended_at = @now, outcome = @outcome where entity_id = @entity and call_id = @call",
                    new { entity = session.Entity, call = callId, now = clock.GetUtcNow(), outcome = fact.Outcome.ToString() });
            },
            stop);
        await Store(sessions, message, order, fact.Genuine ? "genuine" : "forged", stop);
        await Apply(sessions, paymentId, message, fact, stop);
    }

    /// <summary>What stands for an answer when a payment's order was never opened at its gateway: nobody was given an address to pay at.</summary>
    public static readonly GatewayMessage NotOpened = new("unopened", "not opened"u8.ToArray());

    /// <summary>Applies genuine facts that a host stored and did not live to apply. Answers how many.</summary>
    public async Task<int> ApplyForgotten(EntityId entity, CancellationToken stop) => await scopes.In(entity, entity, "payments", async scope =>
    {
        var sessions = scope.Resolve<ISessions>();
        var forgotten = await sessions.Run(
            session => session.List<ForgottenRow>(
                """
                select f.channel, f.raw, f.order_no, p.payment_id, p.agreement_id
                  from payments.fact f join payments.payment p on p.entity_id = f.entity_id and p.order_no = f.order_no
                 where f.entity_id = @entity and f.verdict = 'genuine' and f.applied_at is null and f.first_at < @before
                 order by f.first_at limit 100
                """,
                new { entity = session.Entity, before = clock.GetUtcNow() - ForgottenAfter }),
            stop);
        var applied = 0;
        foreach (var row in forgotten)
        {
            if (await agreements.Find(row.AgreementId, stop) is not { } bank)
                continue;
            var message = new GatewayMessage(row.Channel, row.Raw);
            await Apply(sessions, row.PaymentId, message, Understand(bank, message, row.OrderNo), stop);
            applied++;
        }
        return applied;
    });

    /// <summary>A fact stored so long ago and not applied was left by a host that died in between.</summary>
    public static readonly TimeSpan ForgottenAfter = TimeSpan.FromSeconds(10);

    /// <summary>Asks the gateway about a payment at the next sweep; when that was done a moment ago, as soon as the moment has passed.</summary>
    public async Task Nudge(ISessions sessions, Guid payment, CancellationToken stop)
    {
        var now = clock.GetUtcNow();
        await sessions.Run(
            session => session.Execute(
                """
                update payments.payment p set next_query_at = n.at
                  from (select payment_id, greatest(@now, last_query_at + @between) as at from payments.payment where entity_id = @entity and payment_id = @payment) n
                 where p.entity_id = @entity and p.payment_id = n.payment_id and p.received is null and (p.next_query_at is null or p.next_query_at > n.at)
                """,
                new { entity = session.Entity, payment, now, between = BetweenNudges }),
            stop);
        poller.Value.Wake();
    }

    static Task<FoundRow?> Find(ISessions sessions, string order, CancellationToken stop) => sessions.Run(
        session => session.First<FoundRow>(
            "select payment_id, agreement_id, status_code, shown_by from payments.payment where entity_id = @entity and order_no = @order",
            new { entity = session.Entity, order }),
        stop);

    /// <summary>Keeps the message, once however often it comes. Answers whether it has been applied already; null when it was not kept, because its order has too many that do not verify.</summary>
    async Task<bool?> Store(ISessions sessions, GatewayMessage message, string order, string verdict, CancellationToken stop) => await sessions.Run(
        session => session.First<bool?>(
            """
            insert into payments.fact as f (entity_id, channel, digest, order_no, verdict, raw, first_at)
            select @entity, @Channel, @digest, @order, @verdict, @raw, @now
             where @verdict in ('genuine', 'unknown_order')
                or (select count(*) from payments.fact o where o.entity_id = @entity and o.order_no = @order and o.verdict not in ('genuine', 'unknown_order')) < @MostOfOneOrder
            on conflict (entity_id, channel, digest) do update set seen = f.seen + 1, verdict = case when f.applied_at is null then excluded.verdict else f.verdict end
            returning applied_at is not null
            """,
            new
            {
                entity = session.Entity,
                message.Channel,
                digest = DigestOf(message, order),
                order,
                verdict,
                MostOfOneOrder,
                raw = message.Raw.Length > MostBytes ? message.Raw[..MostBytes] : message.Raw,
                now = clock.GetUtcNow(),
            }),
        stop);

    async Task Apply(ISessions sessions, Guid paymentId, GatewayMessage message, GatewayFact fact, CancellationToken stop)
    {
        var next = await sessions.Run(session => Change(session, paymentId, message, fact, clock.GetUtcNow()), stop);
        Report(paymentId, message, next);
        if (next.AskAt is not null)
            poller.Value.Wake();
    }

    /// <summary>Once what <see cref="Change"/> did is committed.</summary>
    public void Report(Guid paymentId, GatewayMessage message, PaymentChange change)
    {
        if (change.Before == change.After)
            return;
        PorticoMeters.Payments.Add(1, new KeyValuePair<string, object?>("state", change.After.ToText()));
        log.LogInformation("Payment {Payment} went from {Before} to {After} by {Channel}.", paymentId, change.Before, change.After, message.Channel);
    }

    /// <summary>What a fact does to a payment, in the session's transaction.</summary>
    /// <param name="received">When the money was received, where that is not when we heard of it.</param>
    public static async Task<PaymentChange> Change(IEntitySession session, Guid paymentId, GatewayMessage message, GatewayFact fact, DateTimeOffset now, DateTimeOffset? received = null)
    {
        var payment = await session.First<PaymentRow>(
            """
            select order_no, state, asked_cents, taken_cents, refunded_cents, version, taken_confirmed_at, paid_at, next_query_at, last_query_at, shown_by, queries, opened
              from payments.payment where entity_id = @entity and payment_id = @payment for update
            """,
            new { entity = session.Entity, payment = paymentId }) ?? throw new InvalidOperationException($"Payment {paymentId} has vanished.");
        var before = PaymentStates.Parse(payment.State);
        // A gateway that names no amount with its success took what it was asked.
        var taken = fact.Taken ?? (fact.Outcome == GatewayOutcome.Completed ? new Euro(payment.AskedCents) : null);
        // Meanwhile it was opened after all.
        var heard = message.Channel == NotOpened.Channel && payment.Opened is not null ? GatewayOutcome.NotFound : fact.Outcome;
        var (state, effects) = PaymentStates.Next(before, heard);
        // Refunds stand on the amount that was confirmed: a gateway that counts them off tells nothing new.
        var confirmed = effects.HasFlag(PaymentEffects.ConfirmAmount) && taken is not null && payment.RefundedCents == 0;
        if (payment.RefundedCents > 0 && taken is { } named && named.Cents != payment.TakenCents)
            session.Record("payment.amount_differs", new { payment.OrderNo, payment.TakenCents, payment.RefundedCents, named, message.Channel });
        var askAt = NextQuestion(payment, state, effects, message.Channel, heard, now);
        await session.Execute(
            """
            update payments.payment
               set state = @state, version = version + 1, next_query_at = @askAt,
                   taken_cents = case when @took then coalesce(@taken, asked_cents) when @confirmed then @taken else taken_cents end,
                   taken_confirmed_at = case when @confirmed then @now else taken_confirmed_at end,
                   paid_at = case when @took then @paidAt else paid_at end
             where entity_id = @entity and payment_id = @payment;

            update payments.fact set applied_at = coalesce(applied_at, @now) where entity_id = @entity and channel = @Channel and digest = @digest;
            """,
            new
            {
                entity = session.Entity,
                payment = paymentId,
                state = state.ToText(),
                askAt,
                took = effects.HasFlag(PaymentEffects.Take),
                confirmed,
                taken = taken?.Cents,
                now,
                paidAt = received ?? now,
                message.Channel,
                digest = DigestOf(message, payment.OrderNo),
            });
        if (effects.HasFlag(PaymentEffects.Take))
            await Dues.Take(session, paymentId, payment.OrderNo, payment.ShownBy, now, received ?? now);
        if (effects.HasFlag(PaymentEffects.TakeBack))
            await Dues.TakeBack(session, paymentId, payment.OrderNo, now);
        if (confirmed)
        {
            var asked = new Euro(payment.AskedCents);
            await Dues.Confirm(session, paymentId, payment.OrderNo, payment.Version + 1, before: new Euro(payment.TakenCents ?? payment.AskedCents) - asked, after: taken!.Value - asked, now);
        }
        if (before != state)
            session.Record("payment." + state.ToText(), new { payment.OrderNo, from = before.ToText(), message.Channel, heard });
        return new(before, state, askAt);
    }

    static DateTimeOffset? NextQuestion(PaymentRow payment, PaymentState state, PaymentEffects effects, string channel, GatewayOutcome heard, DateTimeOffset now)
    {
        if (effects.HasFlag(PaymentEffects.StopAsking))
            return null;
        if (effects.HasFlag(PaymentEffects.AskSoon))
            return now + PaymentStates.Soon;
        // Said again after the amount is known: no news.
        if (state == PaymentState.Paid && payment.TakenConfirmedAt is not null && heard is GatewayOutcome.Approved or GatewayOutcome.Registered)
            return payment.NextQueryAt;
        // An answer to a question put before the success cannot have confirmed its amount.
        var unasked = state == PaymentState.Paid && payment.TakenConfirmedAt is null && (payment.LastQueryAt is not { } last || last < payment.PaidAt);
        var later = now + (unasked ? PaymentStates.Soon : PaymentStates.Later(payment.Queries));
        // A message that comes by itself never puts off a question that is to be asked sooner.
        return channel != "query" && payment.NextQueryAt is { } planned && planned < later ? planned : later;
    }

    // The order is part of it: the bank's answer "unknown order" reads the same for every order.
    public static byte[] DigestOf(GatewayMessage message, string? order)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(System.Text.Encoding.ASCII.GetBytes($"{order}\n"));
        hash.AppendData(message.Raw);
        return hash.GetHashAndReset();
    }

    sealed class FoundRow
    {
        public Guid PaymentId { get; init; }
        public Guid AgreementId { get; init; }
        public string StatusCode { get; init; } = "";
        public EntityId ShownBy { get; init; }
    }

    sealed class ForgottenRow
    {
        public string Channel { get; init; } = "";
        public byte[] Raw { get; init; } = [];
        public string OrderNo { get; init; } = "";
        public Guid PaymentId { get; init; }
        public Guid AgreementId { get; init; }
    }

    sealed class PaymentRow
    {
        public string OrderNo { get; init; } = "";
        public string? Opened { get; init; }
        public string State { get; init; } = "";
        public long AskedCents { get; init; }
        public long? TakenCents { get; init; }
        public long RefundedCents { get; init; }
        public int Version { get; init; }
        public DateTimeOffset? TakenConfirmedAt { get; init; }
        public DateTimeOffset? PaidAt { get; init; }
        public DateTimeOffset? NextQueryAt { get; init; }
        public DateTimeOffset? LastQueryAt { get; init; }
        public EntityId ShownBy { get; init; }
        public int Queries { get; init; }
    }
}
