using System.Text.Json;
using Platform.Core.Money;

namespace Platform.Payments;

/// <summary>
/// A way to take money: knows one bank protocol and nothing of positions, pages or the database. A service brings its own by
/// <c>service.Provides&lt;IPaymentGateway, T&gt;()</c>.
/// </summary>
/// <remarks>
/// A service's is made once for the host's life and used for many payments at once: its constructor may ask for <see cref="HttpClient"/>, <see cref="TimeProvider"/> and loggers,
/// and for nothing that belongs to a call. What it throws, or does not end within 6 seconds (2 where it calls nobody), is taken as no answer.
/// </remarks>
public interface IPaymentGateway
{
    /// <summary>Name in agreements: <c>pagonline</c>. Of a service's gateway it is the service's id.</summary>
    string Id { get; }

    /// <summary>Where to send the payer's browser. Pure and local: the same order gives the same address. Of an <see cref="IOpeningGateway"/>, called for opened orders only.</summary>
    Uri Prepare(GatewayOrder order, AgreementTerms terms);

    /// <summary>The number of the order a message speaks of, before anything is verified; null when it cannot be read.</summary>
    string? OrderNumberIn(GatewayMessage message);

    /// <summary>Verifies a message and says what it means. Never throws for what a stranger may send.</summary>
    GatewayFact Read(GatewayMessage message, AgreementTerms terms);

    /// <summary>Asks the gateway what it knows of an order. Reads only: asking twice changes nothing. Any failure answers <see cref="GatewayOutcome.Undetermined"/>.</summary>
    Task<GatewayMessage> Ask(GatewayOrder order, AgreementTerms terms, CancellationToken stop);

    /// <summary>The origins to which the payer's form may lead, for the content-security policy. Called when an agreement is judged, too: says what it lacks.</summary>
    /// <exception cref="InvalidOperationException">A setting or secret is missing or wrong; the message names it and holds no secret.</exception>
    IEnumerable<string> Origins(AgreementTerms terms);
}

/// <summary>What a gateway needs to know of a payment.</summary>
/// <param name="ReturnTo">
/// Where the gateway sends the browser back. It is this order's own and cannot be guessed: given to the gateway whole, and to nobody else. A query may be added to it.
/// </param>
/// <param name="Language"><c>it</c> or <c>en</c>.</param>
/// <param name="Opened">What <see cref="IOpeningGateway.Opened"/> kept of the answer that opened it; null where no call opens orders.</param>
public sealed record GatewayOrder(string OrderNumber, Euro Amount, Uri ReturnTo, string Language, string? Opened = null);

/// <summary>The terms of one bank contract, with its secrets resolved. Never logged.</summary>
public sealed class AgreementTerms(Guid id, JsonElement settings, IReadOnlyDictionary<string, string> secrets)
{
    public Guid Id { get; } = id;

    /// <summary>A setting that is no secret.</summary>
    /// <exception cref="InvalidOperationException">It is missing; the message names it.</exception>
    public string Setting(string name) =>
        settings.TryGetProperty(name, out var value) && value.GetString() is { Length: > 0 } text
            ? text
            : throw new InvalidOperationException($"Agreement {Id} lacks the setting \"{name}\".");

    /// <inheritdoc cref="Setting"/>
    public string Secret(string name) =>
        secrets.TryGetValue(name, out var value) ? value : throw new InvalidOperationException($"Agreement {Id} lacks the secret \"{name}\".");

    public override string ToString() => $"agreement {Id}";
}

/// <summary>Bytes from a gateway, as they came.</summary>
/// <param name="Channel"><c>return</c>, <c>listener</c>, <c>query</c> or <c>open</c>.</param>
public sealed record GatewayMessage(string Channel, byte[] Raw);

/// <summary>What a message says once verified.</summary>
/// <param name="Genuine">
/// The signature, or the gateway's own answer to our question, vouches for it. A browser that brings a genuine message sees the payment with its receipt: never say so of what
/// anybody could write who knows the order's number.
/// </param>
/// <param name="Readable">It has the form of the protocol; of a query, that the gateway answered at all.</param>
/// <param name="Taken">What the gateway says it took, where the message tells.</param>
public sealed record GatewayFact(bool Genuine, bool Readable, GatewayOutcome Outcome, Euro? Taken)
{
    /// <summary>
    /// Of a message that is not <see cref="Genuine"/>: its protocol signs no such messages. It says nothing, is no forgery, and makes us ask. A browser that brings it sees
    /// the payment only when it comes to the order's own <see cref="GatewayOrder.ReturnTo"/>.
    /// </summary>
    public bool Unsigned { get; init; }
}

/// <summary>What a genuine word of a gateway means, whatever the protocol.</summary>
public enum GatewayOutcome
{
    /// <summary>The gateway knows the order; nothing decided.</summary>
    Registered,

    /// <summary>Authorised: paid, the amount still to be confirmed by asking.</summary>
    Approved,

    /// <summary>Accounted: paid, with the amount taken. A protocol that names no amount here takes exactly what it was asked.</summary>
    Completed,
    Refused,

    /// <summary>The payer gave up.</summary>
    Abandoned,
    Expired,

    /// <summary>Taken back after success.</summary>
    Reversed,

    /// <summary>The gateway does not know the order.</summary>
    NotFound,

    /// <summary>The gateway does not know the order, and it is too late for it to come.</summary>
    NeverArrived,

    /// <summary>The gateway cannot be reached, or says what we do not understand.</summary>
    Undetermined,
}
