using Platform.Core.Money;
using Platform.Core.Storage;

namespace Platform.Payments.Refunds;

/// <summary>What a creditor decides about giving money back.</summary>
/// <param name="FourEyesFrom">From this amount on somebody else has to approve what one asks.</param>
/// <param name="Twice">What is done with a payment of a due that is paid already: <c>task</c> for an officer, or <c>refund</c> by itself.</param>
/// <param name="TooMuch">The same for what was taken beyond what was asked.</param>
/// <param name="SetBy">Who decided it, and so approves what is refunded by itself.</param>
internal sealed record RefundPolicy(Euro FourEyesFrom, string Twice, string TooMuch, string SetBy)
{
    public const string Task = "task";
    public const string Refund = "refund";

    static readonly RefundPolicy Default = new(Euro.Zero, Task, Task, "");

    public static async Task<RefundPolicy> Of(IEntitySession session) => await session.First<RefundPolicy>(
        "select four_eyes_from_cents as fourEyesFrom, twice, too_much as tooMuch, set_by as setBy from payments.refund_policy where entity_id = @entity",
        new { entity = session.Entity }) ?? Default;

    public async Task Save(IEntitySession session, DateTimeOffset now)
    {
        await session.Execute(
            """
            insert into payments.refund_policy (entity_id, four_eyes_from_cents, twice, too_much, set_by, set_at) values (@entity, @FourEyesFrom, @Twice, @TooMuch, @SetBy, @now)
            on conflict (entity_id) do update set four_eyes_from_cents = excluded.four_eyes_from_cents, twice = excluded.twice, too_much = excluded.too_much, set_by = excluded.set_by, set_at = excluded.set_at
            """,
            new { entity = session.Entity, FourEyesFrom, Twice, TooMuch, SetBy, now });
        session.Record("refund.policy", new { FourEyesFrom, Twice, TooMuch });
    }
}
