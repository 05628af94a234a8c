using Platform.Payments;

namespace Services.Fines.Register;

/// <summary>A position's reference is its fine's number as written.</summary>
internal static class FineReference
{
    /// <exception cref="InvalidOperationException">The reference is no fine's number: this service never opened such a position.</exception>
    public static FineNumber Read(PositionKey position) =>
        FineNumber.TryParse(position.Reference, out var name) ? name.Value : throw new InvalidOperationException($"'{position.Reference}' is no fine's number.");
}
