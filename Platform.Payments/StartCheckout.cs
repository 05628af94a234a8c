using Platform.Core.Commands;
using Platform.Core.Money;

namespace Platform.Payments;

/// <summary>
/// Starts one attempt to pay dues of the creditor of the call. Re-prices them with their owner first, outside any transaction.
/// </summary>
/// <remarks>
/// Idempotent by <see cref="Attempt"/>: the same attempt gets the same answer, however often it is sent. Most banks are not called: that is the browser's way, so the
/// answer takes the owner's time (at most 2 seconds a due) and our own. An <see cref="IOpeningGateway"/> is, once, for 5 seconds at most. A due may have several attempts under way; the first that the bank confirms
/// pays it, a second one is kept and flagged. Repeated by itself when its transaction stood in another's way: before the one that writes it only reads, and
/// asks the owner for a price, which changes nothing. The attempt is the payment's primary key: that keeps two answers apart from one another for longer
/// than any kept answer of an <see cref="IIdempotentCommand{TResult}"/>, which would besides hold the bank's signed address.
/// </remarks>
/// <param name="Attempt">Made by the page when it draws the form; becomes the payment's number.</param>
/// <param name="Dues">Open dues of one creditor and of the calling service, 1 to 50. A cart's are of several services: that is started by payments itself.</param>
/// <param name="ReturnPage">A path under the calling service's own prefix to come back to for another try: <c>verbale/…</c>. A page, not an address.</param>
/// <param name="Language"><c>it</c> or <c>en</c>, for the gateway's pages.</param>
/// <param name="Payer">Who pays, as far as he said; null when he said nothing. Kept in one table meant for it; the journal has a digest.</param>
public sealed record StartCheckout(Guid Attempt, IReadOnlyList<DueId> Dues, string ReturnPage, string Language, Payer? Payer = null)
    : ICommand<Outcome<StartedCheckout>>, IRetryable;

/// <summary>Who pays. Never logged: its text has no personal data.</summary>
/// <param name="Email">Where the receipt goes, and what proves later that the payment is his; at most 254 characters.</param>
public sealed record Payer(string Email)
{
    public override string ToString() => "a payer";
}

/// <summary>An attempt on its way to the gateway.</summary>
/// <param name="OrderNumber">As the citizen, the bank and the officer know it: <c>URG-0123456789ABC-7</c>.</param>
/// <param name="Amount">What the gateway is asked to take.</param>
/// <param name="GoTo">Where to send the browser (303).</param>
public sealed record StartedCheckout(Guid Payment, string OrderNumber, Euro Amount, Uri GoTo);

/// <summary>Refusal codes of <see cref="StartCheckout"/>.</summary>
public static class CheckoutRefusals
{
    /// <summary>At least one due is paid already.</summary>
    public const string AlreadyPaid = "payments.already_paid";

    /// <summary>A due is not known here, or no longer open.</summary>
    public const string NotOpen = "payments.not_open";

    /// <summary>Another way of paying the same position is chosen, or a payer is at the bank with it.</summary>
    public const string OtherPlan = "payments.other_plan";

    /// <summary>The service that owns the position cannot price it now, or refuses to; the detail is its own code.</summary>
    public const string NotPriced = "payments.not_priced";

    /// <summary>What was typed as the payer's e-mail cannot be one.</summary>
    public const string WrongEmail = "payments.wrong_email";

    /// <summary>No bank agreement is valid today for this creditor.</summary>
    public const string NoAgreement = "payments.no_agreement";

    /// <summary>The gateway did not open the order, or did not answer. Nothing was taken under it and nothing will be; the form drawn anew begins another attempt.</summary>
    public const string GatewaySilent = "payments.gateway_silent";
}
