using Platform.Core.Commands;
using Platform.Core.Money;

namespace Platform.Payments;

/// <summary>In which ways a position of the calling service can be paid now. Reads only; it need not have been opened yet.</summary>
/// <remarks>It is out of date as soon as it is answered: give it to <see cref="PayForm.Ways"/>, and let the button decide.</remarks>
/// <param name="Position">As it would be opened now.</param>
/// <returns>Before anything is paid the whole, then of each plan the first instalment; once a plan is chosen its next one. None when nothing is left to pay.</returns>
public sealed record AskWays(OpenPosition Position) : ICommand<IReadOnlyList<WayToPay>>;

/// <summary>A way to pay now.</summary>
/// <param name="Plan">The plan; null for the whole at once.</param>
/// <param name="Number">Of the instalment, from 1.</param>
/// <param name="Count">How many instalments the plan has.</param>
/// <param name="Amount">What is paid now.</param>
/// <param name="Whole">What all of the plan adds up to.</param>
/// <param name="DueOn">Last legal day on which this amount is right.</param>
public sealed record WayToPay(string? Plan, int Number, int Count, Euro Amount, Euro Whole, DateOnly DueOn)
{
    internal string Value => Plan is null ? PayFromPage.WholeWay : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Plan}/{Number}");
}
