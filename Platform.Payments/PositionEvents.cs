using Platform.Core.Entities;
using Platform.Core.Events;
using Platform.Core.Money;

namespace Platform.Payments;

/// <summary>Something that happened to a position. Told to the service that owns it, in the order of <paramref name="Version"/>, with exactly one effect.</summary>
public abstract record PositionEvent(PositionKey Position, int Version) : IEvent
{
    public Guid Stream => Position.Id.Value;

    public string? Audience => Position.Service;
}

/// <summary>A verified gateway answer says that a due is paid. "Paid" and "the service knows" are two facts; this is what joins them.</summary>
/// <param name="Amount">What the due cost in this payment. Should the gateway say that it took less, <see cref="PositionAmount"/> follows.</param>
/// <param name="ShownBy">The municipality whose page was used.</param>
/// <param name="At">When we accepted the bank's word; the payment's day is this in Europe/Rome.</param>
[EventName("payments.position_paid.1")]
public sealed record PositionPaid(
    PositionKey Position, int Version, Guid Due, Guid Payment, string OrderNumber, Euro Amount, EntityId ShownBy, DateTimeOffset At) : PositionEvent(Position, Version)
{
    /// <summary>Which instalment it is; null where the whole was paid at once.</summary>
    public InstalmentStanding? Instalment { get; init; }
}

/// <summary>An instalment, and how its plan stands after what is told.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Count">How many the plan has.</param>
/// <param name="Left">What the plan's open instalments amount to, as they are priced now. Zero: nothing is left to pay.</param>
public sealed record InstalmentStanding(string Plan, int Number, int Count, Euro Left);

/// <summary>
/// The gateway confirmed another amount than was told until now for a due that a payment paid. The due stays paid; less than it cost is a payment on account
/// (<see cref="OpenPosition.OnAccount"/>).
/// </summary>
/// <param name="Amount">What the bank took for this due, never more than it cost; zero where the payment's money went to its other dues. A later word takes the place of an earlier one.</param>
[EventName("payments.position_amount.1")]
public sealed record PositionAmount(PositionKey Position, int Version, Guid Due, Guid Payment, string OrderNumber, Euro Amount, DateTimeOffset At) : PositionEvent(Position, Version)
{
    /// <inheritdoc cref="PositionPaid.Instalment"/>
    public InstalmentStanding? Instalment { get; init; }
}

/// <summary>
/// Money came in for the position that it does not owe: it was paid already, withdrawn or over, or the bank took too much; or such money was given or taken back. It is not part of what
/// <see cref="PositionPaid"/> tells.
/// </summary>
/// <param name="Amount">What stands of it now, of this payment: zero once all was given back.</param>
[EventName("payments.position_surplus.1")]
public sealed record PositionSurplus(PositionKey Position, int Version, Guid Due, Guid Payment, string OrderNumber, Euro Amount, DateTimeOffset At) : PositionEvent(Position, Version);

/// <summary>The bank took a payment back after it had succeeded; the due is open again.</summary>
[EventName("payments.position_reversed.1")]
public sealed record PositionReversed(PositionKey Position, int Version, Guid Due, Guid Payment, string OrderNumber, DateTimeOffset At) : PositionEvent(Position, Version)
{
    /// <inheritdoc cref="PositionPaid.Instalment"/>
    public InstalmentStanding? Instalment { get; init; }
}

/// <summary>Money that paid a due was given back, in part or whole. Told when the bank is bound to it, not when it was asked for.</summary>
/// <param name="Refund">The refund; a due may have several.</param>
/// <param name="Amount">
/// What of this due was given back by this refund. What had been taken beyond the due is not told. Zero where the bank had taken nothing for it although it counted as paid.
/// </param>
/// <param name="Then">Where the due stands now.</param>
[EventName("payments.position_refunded.1")]
public sealed record PositionRefunded(
    PositionKey Position, int Version, Guid Due, Guid Payment, string OrderNumber, Guid Refund, Euro Amount, RefundedDue Then, DateTimeOffset At) : PositionEvent(Position, Version)
{
    /// <inheritdoc cref="PositionPaid.Instalment"/>
    public InstalmentStanding? Instalment { get; init; }
}

/// <summary>Where a due stands after a refund.</summary>
public enum RefundedDue
{
    /// <summary>Part of it was given back; it stays paid.</summary>
    Paid,

    /// <summary>All of it was given back, and it is owed again.</summary>
    Open,

    /// <summary>All of it was given back, because it was not owed: nobody can pay it any more.</summary>
    Cancelled,
}

/// <summary>The service withdrew what was owed, by <see cref="CancelPosition"/>.</summary>
[EventName("payments.position_cancelled.1")]
public sealed record PositionCancelled(PositionKey Position, int Version, DateTimeOffset At) : PositionEvent(Position, Version);

/// <summary>The last legal day of <see cref="DuePlan.ExpiresOn"/> ended and something was unpaid. It comes back by <see cref="OpenPosition"/> with a later day.</summary>
[EventName("payments.position_expired.1")]
public sealed record PositionExpired(PositionKey Position, int Version, DateTimeOffset At) : PositionEvent(Position, Version)
{
    /// <summary>Something of it can still be paid: another instalment, or in another way.</summary>
    public bool StillPayable { get; init; }
}
