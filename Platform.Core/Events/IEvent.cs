using Platform.Core.Storage;

namespace Platform.Core.Events;

/// <summary>Something that happened, told to other modules. Leaves only by <see cref="IEntitySession.Raise"/>; it is not a notification to publish.</summary>
/// <remarks>Implement as a record of plain data without personal data; it is stored as JSON under its <see cref="EventNameAttribute"/>.</remarks>
public interface IEvent
{
    /// <summary>What it happened to: events of one stream reach a handler in the order of <see cref="Version"/>.</summary>
    Guid Stream { get; }

    /// <summary>The stream's version after this event, taken under the row lock of what changed. Unique per stream.</summary>
    int Version { get; }

    /// <summary>The one service it is meant for, or null for every handler. Platform modules hear every event.</summary>
    string? Audience { get; }
}

/// <summary>The stable name under which an event is stored: <c>payments.position_paid.1</c>. Change the number when the shape breaks.</summary>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class EventNameAttribute(string name) : Attribute
{
    public string Name { get; } = name;
}

/// <summary>Reacts to an event in a transaction of its own, under the role of the handler's module and the creditor of the event.</summary>
/// <remarks>
/// The effect and the mark "done" commit together. An exception rolls both back and the delivery is tried again later, up to ten times;
/// then it is parked for an officer. Do no external call here: write down what is to be done.
/// A class that reacts to several events gets those of one stream in order; two classes do not wait for each other.
/// </remarks>
public interface IReact<in TEvent>
    where TEvent : IEvent
{
    /// <param name="happened">May come more than once as a call, never as an effect; the state it speaks of may have moved on since.</param>
    /// <param name="session">The transaction that also marks the delivery as done. Do not send commands from here: one is open.</param>
    /// <param name="stop">The host is about to end; what is not committed is delivered again.</param>
    Task On(TEvent happened, IEntitySession session, CancellationToken stop);
}
