using Platform.Core.Money;

namespace Platform.Payments;

/// <summary>A gateway that gives money back by its protocol. Where it is not implemented, an officer does it in the bank's back office and confirms it with a proof.</summary>
public interface IRefundingGateway : IPaymentGateway
{
    /// <summary>Orders a refund. Called once for each <see cref="GatewayRefund.Number"/>, whatever happens: no answer is <see cref="RefundOutcome.Undetermined"/>, never an exception.</summary>
    Task<RefundAnswer> Refund(GatewayRefund refund, AgreementTerms terms, CancellationToken stop);

    /// <summary>Asks what became of a refund that was ordered or may have been. Reads only.</summary>
    Task<RefundAnswer> AskRefund(GatewayRefund refund, AgreementTerms terms, CancellationToken stop);
}

/// <summary>What a gateway needs to know of a refund.</summary>
/// <param name="Order">The payment it is of.</param>
/// <param name="Number">Ours, never used for another one: <c>R-</c> and an order number, 21 characters of <c>[0-9A-Z-]</c>.</param>
/// <param name="Amount">All of what was taken, or part of it.</param>
public sealed record GatewayRefund(GatewayOrder Order, string Number, Euro Amount);

/// <param name="Reference">The gateway's own number for it, where it names one; no personal data.</param>
public sealed record RefundAnswer(RefundOutcome Outcome, string? Reference);

/// <summary>What a gateway says of a refund.</summary>
public enum RefundOutcome
{
    /// <summary>It is being given back; the gateway is bound to it.</summary>
    Done,

    /// <summary>The gateway will not do it, and has not.</summary>
    Refused,

    /// <summary>The gateway knows of no such refund. It may still be on its way: nothing follows from it.</summary>
    NotFound,

    /// <summary>No answer, or one that we do not understand.</summary>
    Undetermined,
}
