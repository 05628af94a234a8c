namespace Platform.Payments;

/// <summary>A gateway at which a call of our server opens the order before the payer is sent there.</summary>
/// <remarks>
/// The call is written down with the payment before it is made, its answer after. It is made once for each order: when the answer is lost nobody has the address of the
/// gateway's page, so nothing can be paid there, and the payer begins another order.
/// </remarks>
public interface IOpeningGateway : IPaymentGateway
{
    /// <summary>Opens the order. Called once for each order number; no answer is a message that <see cref="IPaymentGateway.Read"/> calls undetermined, never an exception.</summary>
    /// <returns>The answer as it came, on the channel <c>open</c>. Read as <see cref="GatewayOutcome.Registered"/> it is open; as refused, it is not and never will be.</returns>
    Task<GatewayMessage> Open(GatewayOrder order, AgreementTerms terms, CancellationToken stop);

    /// <summary>What is to be kept of a genuine answer, at most 2,000 characters without personal data: comes back as <see cref="GatewayOrder.Opened"/>. Null: not open.</summary>
    string? Opened(GatewayMessage answer);
}
