namespace Platform.Payments;

/// <summary>What a position is, in the words of the service that owns it.</summary>
/// <param name="Reference">The service's own reference, as given to <see cref="OpenPosition"/>.</param>
public sealed record PositionKey(PositionId Id, string Service, string Reference);

/// <summary>
/// Implemented by a service that opens positions: tells what one costs today. Registered with
/// <c>service.Provides&lt;IPositionOwner, T&gt;()</c>; payments asks the one of the position's service.
/// </summary>
/// <remarks>Called outside any transaction, in the creditor's scope, and cut off after 2 seconds. It may be down: then nothing is charged.</remarks>
public interface IPositionOwner
{
    /// <summary>The amount due on <paramref name="legalDay"/> (Europe/Rome), or why it cannot be paid here.</summary>
    /// <remarks>Asked at every checkout, also for a position opened long ago. Reads only. It may use sessions and send commands of its own service.</remarks>
    /// <returns>No lines, a line without amount, an exception or silence: the payer reads that the price is not known now, and may try again.</returns>
    ValueTask<Quote> Reprice(PositionKey position, DateOnly legalDay, CancellationToken stop);

    /// <summary>As <see cref="Reprice"/>, of one instalment of a plan that <see cref="OpenPosition.Plans"/> named. Unless overridden it costs what it was opened with.</summary>
    /// <param name="number">From 1.</param>
    /// <returns>Null: what it was opened with.</returns>
    ValueTask<Quote?> RepriceInstalment(PositionKey position, string plan, int number, DateOnly legalDay, CancellationToken stop) => new((Quote?)null);

    /// <summary>
    /// What the service would open for a reference that nobody has opened yet: an officer received money for it, and no payer ever came to its page. Unless overridden it knows none.
    /// </summary>
    /// <param name="reference">As an officer typed it; check it as what a citizen types.</param>
    /// <returns>The position to open, under its own spelling of the reference; null where the creditor is owed nothing by it, or where it may not be paid.</returns>
    ValueTask<OpenPosition?> Unopened(string reference, DateOnly legalDay, CancellationToken stop) => new((OpenPosition?)null);
}

/// <summary>An owner's answer.</summary>
public abstract record Quote
{
    Quote()
    {
    }

    /// <summary>It costs the sum of <paramref name="Lines"/>, and stays so for who starts to pay before <paramref name="ValidUntil"/>.</summary>
    public sealed record Priced(IReadOnlyList<AmountLine> Lines, DateTimeOffset ValidUntil) : Quote;

    /// <summary>It cannot be paid here; <paramref name="Code"/> is the service's own stable reason.</summary>
    public sealed record Refused(string Code) : Quote;
}
