using Npgsql;
using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Money;
using Platform.Core.Storage;
using Platform.Payments.Checkout;

namespace Platform.Payments.Refunds;

/// <summary>What is to be given back.</summary>
/// <param name="Order">The payment's order number.</param>
/// <param name="Due">One of its dues; needed when it paid several and an amount is named.</param>
/// <param name="Amount">All that is left when null.</param>
/// <param name="Cancel">A due that is given back whole was not owed; otherwise it is owed again.</param>
/// <param name="Reason">Without personal data.</param>
internal sealed record RefundWish(string Order, Guid? Due, Euro? Amount, bool Cancel, string Reason);

/// <summary>A refund as officers see it.</summary>
internal sealed record RefundEntry(
    int Entity, string Number, string OrderNo, Euro Amount, string State, string Reason, string AskedBy, string? ApprovedBy, string? EndedBy, string? Proof, DateTimeOffset AskedAt);

/// <summary>Refusal codes of <see cref="RefundDesk"/>.</summary>
internal static class RefundRefusals
{
    public const string UnknownPayment = "refunds.unknown_payment";
    public const string NotPaid = "refunds.not_paid";
    public const string NotConfirmed = "refunds.amount_not_confirmed";
    public const string TooMuch = "refunds.too_much";
    public const string NameTheDue = "refunds.name_the_due";
    public const string NotPossibleNow = "refunds.not_possible_now";
    public const string SamePerson = "refunds.same_person";
    public const string NotYours = "refunds.not_yours";
}

/// <summary>Where refunds are asked for, approved, refused and, where the bank has no protocol for it, confirmed. Each step names who takes it.</summary>
internal sealed class RefundDesk(Database database, EntityDirectory entities, RefundRunner runner, TimeProvider clock)
{
    const int Most = 1000;

    /// <summary>Asks for a refund and sets its amount aside, so that nobody else can ask for the same cents.</summary>
    /// <returns>Its number.</returns>
    public async Task<Outcome<string>> Ask(EntityId creditor, RefundWish wish, string by, CancellationToken stop)
    {
        var code = (await entities.Current(stop)).ById(creditor)!.Code;
        var outcome = await Refuses(() => database.Run<Outcome<string>>(
            ModuleRoles.Of("payments"), creditor, by, clock,
            async session =>
            {
                var policy = await RefundPolicy.Of(session);
                return await Write(session, wish, code, by, wish.Amount is { } amount ? amount >= policy.FourEyesFrom : null, policy, approvedBy: null);
            },
            stop));
        runner.Wake();
        return outcome;
    }

    /// <summary>What the creditor's policy gives back by itself: asked for by the host, approved by who decided the policy.</summary>
    public async Task<Outcome<string>> GiveBackSurplus(EntityId creditor, string order, Guid due, Euro surplus, string why, CancellationToken stop)
    {
        var code = (await entities.Current(stop)).ById(creditor)!.Code;
        return await Refuses(() => database.Run<Outcome<string>>(
            ModuleRoles.Of("payments"), creditor, "portico", clock,
            async session =>
            {
                var policy = await RefundPolicy.Of(session);
                return await Write(session, new(order, due, surplus, false, why), code, "portico", true, policy, approvedBy: policy.SetBy);
            },
            stop));
    }

    async Task<Outcome<string>> Write(EntitySession session, RefundWish wish, string code, string by, bool? fourEyes, RefundPolicy policy, string? approvedBy)
    {
        var now = clock.GetUtcNow();
        var payment = await session.First<PaymentRow>(
            """
            select payment_id, state, taken_cents, refunded_cents, taken_confirmed_at is not null as confirmed
              from payments.payment where entity_id = @entity and order_no = @Order for update
            """,
            new { entity = session.Entity, wish.Order });
        if (payment is null)
            return new Refusal(RefundRefusals.UnknownPayment);
        if (payment.State != "paid")
            return new Refusal(RefundRefusals.NotPaid, payment.State);
        if (!payment.Confirmed)
            return new Refusal(RefundRefusals.NotConfirmed);

        var left = await RefundParts.Left(session, payment.PaymentId);
        if (wish.Due is { } one)
            left = [.. left.Where(part => part.DueId == one)];
        if (wish.Amount is not null && left.Select(part => part.DueId).Distinct().Count() > 1)
            return new Refusal(RefundRefusals.NameTheDue, string.Join(", ", left.Select(part => part.DueId).Distinct()));
        var available = new Euro(left.Sum(part => part.Cents));
        var amount = wish.Amount ?? available;
        if (amount <= Euro.Zero || amount > available)
            return new Refusal(RefundRefusals.TooMuch, available.ToString());

        var lines = RefundParts.Of(left, amount);
        var two = fourEyes ?? amount >= policy.FourEyesFrom;
        var state = two && approvedBy is null ? "asked" : "approved";
        var id = Guid.CreateVersion7(now);
        var number = "R-" + OrderNumber.New(code);
        await session.Execute(
            """
            update payments.payment set refunded_cents = refunded_cents + @amount where entity_id = @entity and payment_id = @PaymentId;

            insert into payments.refund (entity_id, refund_id, payment_id, number, cents, state, due_after, reason, four_eyes, asked_by, asked_at, approved_by, approved_at)
            values (@entity, @id, @PaymentId, @number, @amount, @state, @after, @Reason, @two, @by, @now, @approvedBy, case when @approvedBy::text is not null then @now end);

            insert into payments.refund_line (entity_id, refund_id, due_id, n, account, cents)
            select @entity, @id, l.due_id, l.n, l.account, l.cents from unnest(@dues, @numbers, @accounts, @cents) as l (due_id, n, account, cents);
            """,
            new
            {
                entity = session.Entity, id, payment.PaymentId, number, amount, state, after = wish.Cancel ? "cancelled" : "open", wish.Reason, two, by, now, approvedBy,
                dues = lines.ConvertAll(line => line.DueId).ToArray(), numbers = lines.ConvertAll(line => line.N).ToArray(),
                accounts = lines.ConvertAll(line => line.Account).ToArray(), cents = lines.ConvertAll(line => line.Cents).ToArray(),
            });
        session.Record("refund.asked", new { number, wish.Order, amount, wish.Reason, by, state });
        return number;
    }

    /// <summary>A second person agrees; from now on it is carried out.</summary>
    public async Task<Outcome<string>> Approve(EntityId creditor, string number, string by, CancellationToken stop)
    {
        var outcome = await Refuses(() => database.Run<Outcome<string>>(
            ModuleRoles.Of("payments"), creditor, by, clock,
            async session =>
            {
                var approved = await session.Execute(
                    "update payments.refund set state = 'approved', approved_by = @by, approved_at = @now where entity_id = @entity and number = @number and state = 'asked'",
                    new { entity = session.Entity, number, by, now = clock.GetUtcNow() });
                if (approved == 0)
                    return new Refusal(RefundRefusals.NotPossibleNow, await StateOf(session, number));
                session.Record("refund.approved", new { number, by });
                return number;
            },
            stop));
        runner.Wake();
        return outcome;
    }

    /// <summary>It is not given back: as long as nobody ordered it at the bank, or, where that is not known, with a proof that the bank has not done it.</summary>
    public Task<Outcome<string>> Refuse(EntityId creditor, string number, string reason, string by, CancellationToken stop) => database.Run<Outcome<string>>(
        ModuleRoles.Of("payments"), creditor, by, clock,
        async session =>
        {
            if (await RefundRow.Locked(session, number) is not { State: "asked" or "approved" or "by_hand" or "unknown" } refund)
                return new Refusal(RefundRefusals.NotPossibleNow, await StateOf(session, number));
            if (refund.State == "unknown" && SamePerson(refund, by))
                return new Refusal(RefundRefusals.SamePerson);
            await RefundEnd.Refused(session, refund, by, reason, clock.GetUtcNow());
            return number;
        },
        stop);

    /// <summary>Who asked takes it back, as long as nobody has approved it.</summary>
    public Task<Outcome<string>> Withdraw(EntityId creditor, string number, string reason, string by, CancellationToken stop) => database.Run<Outcome<string>>(
        ModuleRoles.Of("payments"), creditor, by, clock,
        async session =>
        {
            if (await RefundRow.Locked(session, number) is not { State: "asked" } refund)
                return new Refusal(RefundRefusals.NotPossibleNow, await StateOf(session, number));
            if (!string.Equals(refund.AskedBy, by, StringComparison.OrdinalIgnoreCase))
                return new Refusal(RefundRefusals.NotYours);
            await RefundEnd.Refused(session, refund, by, reason, clock.GetUtcNow());
            return number;
        },
        stop);

    /// <summary>A refund of this creditor, in whatever state.</summary>
    public Task<RefundEntry?> Find(EntityId creditor, string number, CancellationToken stop) => database.Run(
        ModuleRoles.Of("payments"), creditor, "refunds", clock,
        session => session.First<RefundEntry>(
            """
            select r.entity_id as entity, r.number, p.order_no as orderNo, r.cents as amount, r.state, r.reason, r.asked_by as askedBy, r.approved_by as approvedBy,
                   r.ended_by as endedBy, r.proof, r.asked_at as askedAt
              from payments.refund r join payments.payment p on p.entity_id = r.entity_id and p.payment_id = r.payment_id
             where r.entity_id = @entity and r.number = @number
            """,
            new { entity = session.Entity, number }),
        stop);

    /// <summary>An officer saw at the bank that it was done, and says by what. Who asked for it cannot be the one who confirms it.</summary>
    public Task<Outcome<string>> Confirm(EntityId creditor, string number, string proof, string by, CancellationToken stop) => database.Run<Outcome<string>>(
        ModuleRoles.Of("payments"), creditor, by, clock,
        async session =>
        {
            if (await RefundRow.Locked(session, number) is not { State: "by_hand" or "unknown" } refund)
                return new Refusal(RefundRefusals.NotPossibleNow, await StateOf(session, number));
            if (SamePerson(refund, by))
                return new Refusal(RefundRefusals.SamePerson);
            await RefundEnd.Done(session, refund, by, proof, clock.GetUtcNow());
            return number;
        },
        stop);

    public Task<IReadOnlyList<RefundEntry>> List(EntityId? creditor, bool all, CancellationToken stop) => database.Run(
        ModuleRoles.Centre, null, "refunds", clock,
        session => session.List<RefundEntry>(
            """
            select r.entity_id as entity, r.number, p.order_no as orderNo, r.cents as amount, r.state, r.reason, r.asked_by as askedBy, r.approved_by as approvedBy,
                   r.ended_by as endedBy, r.proof, r.asked_at as askedAt
              from payments.refund r join payments.payment p on p.entity_id = r.entity_id and p.payment_id = r.payment_id
             where (@creditor::int is null or r.entity_id = @creditor) and (@all or r.state not in ('done', 'refused'))
             order by r.asked_at, r.number limit @Most
            """,
            new { creditor = creditor?.Value, all, Most }),
        stop);

    public Task<RefundPolicy> Policy(EntityId creditor, CancellationToken stop) =>
        database.Run(ModuleRoles.Of("payments"), creditor, "refunds", clock, session => RefundPolicy.Of(session), stop);

    public async Task SetPolicy(EntityId creditor, RefundPolicy policy, CancellationToken stop) => await database.Run(
        ModuleRoles.Of("payments"), creditor, policy.SetBy, clock,
        async session =>
        {
            await policy.Save(session, clock.GetUtcNow());
            return true;
        },
        stop);

    static bool SamePerson(RefundRow refund, string by) => refund.FourEyes && string.Equals(refund.AskedBy, by, StringComparison.OrdinalIgnoreCase);

    static async Task<string> StateOf(EntitySession session, string number) =>
        await session.First<string>("select state from payments.refund where entity_id = @entity and number = @number", new { entity = session.Entity, number }) ?? "unknown";

    /// <summary>What the database's own checks forbid is refused in the desk's words.</summary>
    static async Task<Outcome<string>> Refuses(Func<Task<Outcome<string>>> work)
    {
        try
        {
            return await work();
        }
        catch (PostgresException wrong) when (wrong.SqlState == PostgresErrorCodes.CheckViolation && wrong.TableName == "payment")
        {
            return new Refusal(RefundRefusals.TooMuch);
        }
        catch (PostgresException wrong) when (wrong.SqlState == PostgresErrorCodes.CheckViolation && wrong.TableName == "refund")
        {
            return new Refusal(RefundRefusals.SamePerson);
        }
    }

    sealed class PaymentRow
    {
        public Guid PaymentId { get; init; }
        public string State { get; init; } = "";
        public long? TakenCents { get; init; }
        public long RefundedCents { get; init; }
        public bool Confirmed { get; init; }
    }
}
