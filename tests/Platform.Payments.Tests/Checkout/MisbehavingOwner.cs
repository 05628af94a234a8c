using Platform.Core.Money;

namespace Platform.Payments.Tests.Checkout;

/// <summary>Stands in for the fines' own owner of positions, and answers as a test says.</summary>
internal sealed class MisbehavingOwner : IPositionOwner
{
    public static readonly Quote FortyTwo = Priced(4200);

    public Func<PositionKey, CancellationToken, ValueTask<Quote>> Answer { get; set; } = (_, _) => new(FortyTwo);

    public ValueTask<Quote> Reprice(PositionKey position, DateOnly legalDay, CancellationToken stop) => Answer(position, stop);

    public static Quote Priced(params long[] cents) =>
        new Quote.Priced([.. cents.Select(c => new AmountLine("Voce", "9/0102100SA/", "1", new Euro(c)))], DateTimeOffset.MaxValue);
}
