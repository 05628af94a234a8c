using Platform.Core.Commands;
using Platform.Core.Money;
using Platform.Core.Plugins;

namespace Platform.Payments;

/// <summary>
/// Asks for several refunds of positions of the calling service at once, in the name of the officer whose page sends it: what is left in a prepaid account, or of a credit. Each becomes a refund of its own,
/// in its own transaction, and is approved where all refunds are, by another person where the creditor's policy says so.
/// </summary>
/// <remarks>Needs <c>payments.refund</c>. Of a due in a payment of which a refund is under way no further one is asked for: pressed twice it asks once.</remarks>
/// <param name="Parts">1 to 50.</param>
/// <param name="Reason">1 to 200 characters, without personal data: it stands on the refund.</param>
/// <returns>One for each part, in their order; one that is refused keeps none of the others back.</returns>
[RequiresPermission("payments.refund")]
public sealed record AskRefunds(IReadOnlyList<RefundPart> Parts, string Reason) : ICommand<IReadOnlyList<AskedRefund>>;

/// <summary>What is to go back of one position in one payment.</summary>
/// <param name="OrderNumber">Of the payment, as <see cref="PositionPaid"/> told it.</param>
/// <param name="Reference">Of the position, as given to <see cref="OpenPosition"/>; of instalments the first of which so much is left.</param>
/// <param name="NotOwed">Given back whole it is withdrawn instead of owed again.</param>
public sealed record RefundPart(string OrderNumber, string Reference, Euro Amount, bool NotOwed);

/// <summary>What became of one part.</summary>
/// <param name="Number">The refund's number; null where it was refused.</param>
/// <param name="Refusal">Why not; for words of payments' own page, so its codes may grow.</param>
public sealed record AskedRefund(string OrderNumber, string? Number, Refusal? Refusal);
