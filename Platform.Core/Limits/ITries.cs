namespace Platform.Core.Limits;

/// <summary>
/// Counts how often one thing is tried — a notice's number, an order, a code — wherever the tries come from and on whichever host, so that nobody guesses what goes with it.
/// </summary>
/// <remarks>
/// Count before you look it up, and by what was typed: what exists and what does not are then counted alike. The thing is kept as a digest, for the calling service and
/// creditor. Who tries is limited apart, by <see cref="Pages.LimitTriesAttribute"/>.
/// </remarks>
public interface ITries
{
    /// <summary>Counts one more try, in a transaction of its own.</summary>
    /// <param name="thing">What is tried, in one spelling.</param>
    /// <param name="most">So many tries are let through…</param>
    /// <param name="within">…in so much time, which begins with the first.</param>
    /// <returns>Null when it may go on; otherwise how long to wait: answer <see cref="Pages.PageAnswer.TooMany"/>.</returns>
    /// <exception cref="InvalidOperationException">A transaction is open.</exception>
    Task<TimeSpan?> Count(string thing, int most, TimeSpan within, CancellationToken stop);
}
