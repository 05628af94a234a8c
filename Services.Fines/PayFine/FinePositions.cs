using Platform.Core.Settings;
using Platform.Core.Storage;
using Platform.Core.Time;
using Platform.Payments;
using Services.Fines.Amounts;
using Services.Fines.Register;

namespace Services.Fines;

/// <summary>Tells payments what a fine costs on a legal day.</summary>
/// <remarks>The price holds until half an hour after the day's end, so that who is at the bank's page at midnight does not pay too little.</remarks>
internal sealed class FinePositions(ISessions sessions, ISettings<FinesSettings> settings) : IPositionOwner
{
    internal static readonly TimeSpan AfterMidnight = TimeSpan.FromMinutes(30);

    public async ValueTask<Quote> Reprice(PositionKey position, DateOnly legalDay, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(position);
        if (!FineNumber.TryParseReference(position.Reference, out var name, out var part))
            return new Quote.Refused(FineRefusals.NotFound);
        return await sessions.Run<Quote>(
            async session => await Fine.Find(session, name) switch
            {
                null => new Quote.Refused(FineRefusals.NotFound),
                var fine when part > 0 => PriceRest(fine, part, legalDay),
                var fine => Price(fine, await settings.Read(session), legalDay),
            },
            stop);
    }

    public async ValueTask<OpenPosition?> Unopened(string reference, DateOnly legalDay, CancellationToken stop) =>
        FineNumber.TryParseReference(reference, out var name, out var part) && part == 0
            ? await sessions.Run(
                async session => await Fine.Find(session, name) is { } fine && await settings.Read(session) is var decided && fine.NotPayable(legalDay, decided) is null
                    ? PriceFinesHandler.Position(fine, decided, legalDay) : null,
                stop)
            : null;

    static Quote PriceRest(Fine fine, int part, DateOnly legalDay) =>
        Supplements.NotPayable(fine) is { } why ? new Quote.Refused(why)
        // Another part than is asked for now is one that was paid.
        : fine.SupplementPart != part ? new Quote.Refused(FineRefusals.AlreadyPaid)
        : new Quote.Priced(AmountLines.OfRest(fine.SupplementDue!.Value), LegalTime.EndOf(legalDay) + AfterMidnight);

    internal static Quote Price(Fine fine, FinesSettings settings, DateOnly legalDay) =>
        fine.NotPayable(legalDay, settings) is { } why
            ? new Quote.Refused(why)
            : new Quote.Priced(AmountLines.Of(fine.AmountsOn(legalDay, settings).Today), LegalTime.EndOf(legalDay) + AfterMidnight);
}
