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

/// <summary>
/// Withdraws one unpaid instalment of a plan, chosen or not: the plan goes on without it, and what is left of it is less. What a payer at the bank pays in this moment is kept and flagged.
/// </summary>
/// <remarks>
/// Idempotent. Raises nothing: who withdraws it knows. <see cref="OpenPosition"/> that names it brings it back, <see cref="RestorePosition"/> does not. The last open instalment of a
/// chosen plan may be withdrawn: the position is paid then.
/// </remarks>
/// <param name="Plan">As given to <see cref="OpenPosition"/>.</param>
/// <param name="Number">From 1.</param>
/// <inheritdoc cref="CancelPosition"/>
public sealed record CancelInstalment(string Reference, string Plan, int Number, string Reason) : ICommand<Outcome<PositionId>>;

/// <summary>Refusal codes of <see cref="CancelPosition"/>, <see cref="CancelInstalment"/> and <see cref="RestorePosition"/>.</summary>
public static class PositionRefusals
{
    /// <summary>The calling service has opened no such position for this creditor.</summary>
    public const string Unknown = "payments.unknown_position";

    /// <summary>Something of it is paid: what was taken must be given back first.</summary>
    public const string Paid = "payments.position_paid";
}
