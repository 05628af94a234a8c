using Platform.Core.Commands;
using Platform.Core.Settings;
using Platform.Core.Storage;
using Platform.Core.Time;
using Platform.Payments;
using Services.Fines.Amounts;
using Services.Fines.Register;

namespace Services.Fines;

/// <summary>What is to be opened in payments for the rest of a payment that was too little; or why it cannot be paid.</summary>
/// <param name="Id">Out of a sealed link.</param>
internal sealed record PriceRest(Guid Id) : ICommand<Outcome<OpenPosition>>;

internal sealed class PriceRestHandler(ISessions sessions, ISettings<FinesSettings> settings, TimeProvider time) : ICommandHandler<PriceRest, Outcome<OpenPosition>>
{
    public Task<Outcome<OpenPosition>> Handle(PriceRest command, CancellationToken stop) => sessions.Run<Outcome<OpenPosition>>(
        async session =>
        {
            if (await Fine.Find(session, command.Id) is not { } fine)
                return new Refusal(FineRefusals.NotFound);
            if (Supplements.NotPayable(fine) is { } why)
                return new Refusal(why, fine.Name.ToString());
            var today = LegalTime.Day(time.GetUtcNow());
            var until = fine.TermOfMinimum(await settings.Read(session)) is { } term && term >= today ? term : today;
            return new OpenPosition(fine.Name.Supplement(fine.SupplementPart!.Value), $"Differenza del verbale {fine.Name}", new(until, AmountLines.OfRest(fine.SupplementDue!.Value))) { OnAccount = true };
        },
        stop);
}
