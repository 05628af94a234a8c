using Platform.Core.Money;

namespace Platform.Payments.Office.Received;

/// <summary>A recording as officers see it.</summary>
/// <param name="Asked">What the position cost on the day of receipt.</param>
/// <param name="Instalment"><c>tre 1/3</c>; null for the whole at once.</param>
/// <param name="FileName">Of the document that shows it, where there is one.</param>
public sealed record RecordedPayment(
    int Entity, string OrderNo, string Service, string Reference, string Title, string? Instalment, Euro Asked, Euro Amount, string How, DateOnly TakenOn, string Proof, string? FileName, string State,
    string AskedBy, DateTimeOffset AskedAt, string? DecidedBy, string? UndoReason, string? UndoAskedBy, string? UndoneBy);
