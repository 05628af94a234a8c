using Platform.Core.Commands;

namespace Platform.Payments;

/// <summary>Where positions of the calling service stand with payments now. Reads only.</summary>
/// <remarks>It is out of date as soon as it is answered: a payer may start to pay in the next moment. <see cref="PositionPaid"/> may still be on its way for one that is paid.</remarks>
/// <param name="References">As given to <see cref="OpenPosition"/>; at most 1,000.</param>
public sealed record AskPositions(IReadOnlyList<string> References) : ICommand<IReadOnlyList<PositionStanding>>;

/// <summary>One of the positions asked for. Who was never opened is left out.</summary>
/// <param name="Paid">Something of it is paid.</param>
/// <param name="UnderWay">A payer is at the bank with it, or was and the bank has not said yet how it ended.</param>
public sealed record PositionStanding(string Reference, bool Paid, bool UnderWay);
