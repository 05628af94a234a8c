using Platform.Core.Commands;

namespace Platform.Payments;

/// <summary>
/// Withdraws what the calling service once opened: nobody can start to pay it any more. What a payer at the bank pays in this moment is kept and flagged.
/// </summary>
/// <remarks>Idempotent. Raises <see cref="PositionCancelled"/> the first time. <see cref="RestorePosition"/> takes it back.</remarks>
/// <param name="Reference">As given to <see cref="OpenPosition"/>.</param>
/// <param name="Reason">Why, for the journal, without personal data; 1 to 200 characters.</param>
/// <returns>The position's number; or a refusal of <see cref="PositionRefusals"/>.</returns>
public sealed record CancelPosition(string Reference, string Reason) : ICommand<Outcome<PositionId>>;

/// <summary>Makes a cancelled position payable again, as it was. Idempotent.</summary>
/// <remarks>A due whose last day has passed meanwhile expires at the next look, as any other.</remarks>
/// <inheritdoc cref="CancelPosition"/>
public sealed record RestorePosition(string Reference, string Reason) : ICommand<Outcome<PositionId>>;

/// <summary>Refusal codes of <see cref="CancelPosition"/> and <see cref="RestorePosition"/>.</summary>
public static class PositionRefusals
{
    /// <summary>The calling service has opened no such position for this creditor.</summary>
    public const string Unknown = "payments.unknown_position";

    /// <summary>Something of it is paid: what was taken must be given back first.</summary>
    public const string Paid = "payments.position_paid";
}
