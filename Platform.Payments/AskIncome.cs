using Platform.Core.Commands;
using Platform.Core.Money;

namespace Platform.Payments;

/// <summary>What the creditor's book holds as income from positions of the calling service, over all days. Reads only; a service compares it with its own register.</summary>
/// <remarks><see cref="PositionPaid"/> and its like may still be on their way: then the book is ahead of the service.</remarks>
public sealed record AskIncome : ICommand<ServiceIncome>;

/// <summary>Income of a service in the creditor's book.</summary>
/// <param name="Income">Booked for dues, less what was given back or taken back by the bank.</param>
/// <param name="Surplus">Taken and not owed, and not given back yet: no due was paid by it, and no service is told of it.</param>
public sealed record ServiceIncome(Euro Income, Euro Surplus);

/// <summary>As <see cref="AskIncome"/>, for each of some positions: to find which one makes a difference.</summary>
/// <param name="References">As given to <see cref="OpenPosition"/>; at most 1,000.</param>
public sealed record AskIncomeOf(IReadOnlyList<string> References) : ICommand<IReadOnlyList<PositionIncome>>;

/// <summary>Income from one position. One that nobody paid is left out.</summary>
public sealed record PositionIncome(string Reference, Euro Income);
