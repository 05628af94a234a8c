using Platform.Core.Commands;
using Platform.Core.Settings;
using Platform.Core.Storage;
using Platform.Core.Time;
using Platform.Payments;
using Services.Fines.Amounts;
using Services.Fines.Register;

namespace Services.Fines;

/// <summary>What is to be opened in payments for fines that are to be paid together, each at today's amount; or why one of them cannot be.</summary>
/// <remarks>A refusal's detail is the number of the fine it is about.</remarks>
/// <param name="Ids">Out of a sealed link, the order in which the citizen put them.</param>
internal sealed record PriceFines(IReadOnlyList<Guid> Ids) : ICommand<Outcome<IReadOnlyList<OpenPosition>>>;

internal sealed class PriceFinesHandler(ISessions sessions, ISettings<FinesSettings> settings, ICommands commands, TimeProvider time)
    : ICommandHandler<PriceFines, Outcome<IReadOnlyList<OpenPosition>>>
{
    public async Task<Outcome<IReadOnlyList<OpenPosition>>> Handle(PriceFines command, CancellationToken stop)
    {
        var (fines, decided) = await sessions.Run(async session => (await Fine.List(session, command.Ids), await settings.Read(session)), stop);
        var today = LegalTime.Day(time.GetUtcNow());
        var positions = new List<OpenPosition>(command.Ids.Count);
        foreach (var id in command.Ids)
        {
            if (fines.FirstOrDefault(fine => fine.Id == id) is not { } fine)
                return new Refusal(FineRefusals.NotFound);
            if (fine.NotPayable(today, decided) is { } why)
                return new Refusal(why, fine.Name.ToString());
            positions.Add(Position(fine, decided, today));
        }
        foreach (var again in fines.Where(fine => fine.IsAskedAgain))
            await commands.Send(new RestorePosition(again.Name.ToString(), "a file asks for it again"), stop);
        return positions;
    }

    internal static OpenPosition Position(Fine fine, FinesSettings settings, DateOnly today)
    {
        var due = fine.AmountsOn(today, settings).Today;
        // An amount without a last day is certain for today only; opening again brings it up to date.
        return new(fine.Name.ToString(), $"{(fine.Phase == Phase.Notice ? "Avviso" : "Verbale")} {fine.Name}", new(due.Until ?? today, AmountLines.Of(due))) { OnAccount = true };
    }
}
