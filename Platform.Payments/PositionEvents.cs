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
/// <param name="Amount">What the due cost in this payment. What the bank really took may still be confirmed by the gateway later.</param>
/// <param name="ShownBy">The municipality whose page was used.</param>
/// <param name="At">When we accepted the bank's word; the payment's day is this in Europe/Rome.</param>
[EventName("payments.position_paid.1")]
public sealed record PositionPaid(
    PositionKey Position, int Version, Guid Due, Guid Payment, string OrderNumber, Euro Amount, EntityId ShownBy, DateTimeOffset At) : PositionEvent(Position, Version);

/// <summary>The bank took a payment back after it had succeeded; the due is open again.</summary>
[EventName("payments.position_reversed.1")]
public sealed record PositionReversed(PositionKey Position, int Version, Guid Due, Guid Payment, string OrderNumber, DateTimeOffset At) : PositionEvent(Position, Version);

/// <summary>The service withdrew what was owed, by <see cref="CancelPosition"/>.</summary>
[EventName("payments.position_cancelled.1")]
public sealed record PositionCancelled(PositionKey Position, int Version, DateTimeOffset At) : PositionEvent(Position, Version);

/// <summary>The last legal day of <see cref="DuePlan.ExpiresOn"/> ended and something was unpaid. It comes back by <see cref="OpenPosition"/> with a later day.</summary>
[EventName("payments.position_expired.1")]
public sealed record PositionExpired(PositionKey Position, int Version, DateTimeOffset At) : PositionEvent(Position, Version);
