using Platform.Core.Commands;
using Platform.Core.Settings;
using Platform.Core.Storage;
using Platform.Core.Time;
using Platform.Payments;
using Services.Fines.Amounts;
using Services.Fines.Register;

namespace Services.Fines;

/// <summary>Takes a fine to the checkout at today's amount. The same attempt gets the same answer, however often the button is pressed.</summary>
/// <param name="Attempt">Made by the page when it drew the form.</param>
/// <param name="ReturnPage">Path under this service's prefix where the citizen may try again.</param>
/// <param name="Language"><c>it</c> or <c>en</c>.</param>
internal sealed record PayFine(Guid Id, Guid Attempt, string ReturnPage, string Language) : ICommand<Outcome<StartedCheckout>>;

/// <remarks>Three transactions, each of its own command: read the fine, open its position, start the checkout. All may be repeated; the last two are, each by itself, so that this command need not be.</remarks>
internal sealed class PayFineHandler(ISessions sessions, ISettings<FinesSettings> settings, ICommands commands, TimeProvider time) : ICommandHandler<PayFine, Outcome<StartedCheckout>>
{
    public async Task<Outcome<StartedCheckout>> Handle(PayFine command, CancellationToken stop)
    {
        var (fine, decided) = await sessions.Run(async session => (await Fine.Find(session, command.Id), await settings.Read(session)), stop);
        if (fine is null)
            return new Refusal(FineRefusals.NotFound);
        if (fine.NotPayable(LegalTime.Day(time.GetUtcNow()), decided) is { } why)
            return new Refusal(why);

        var opened = await commands.Send(Position(fine, decided, LegalTime.Day(time.GetUtcNow())), stop);
        return opened.Paid
            ? new Refusal(FineRefusals.AlreadyPaid)
            : await commands.Send(new StartCheckout(command.Attempt, [opened.Due], command.ReturnPage, command.Language), stop);
    }

    internal static OpenPosition Position(Fine fine, FinesSettings settings, DateOnly today)
    {
        var due = fine.AmountsOn(today, settings).Today;
        // An amount without a last day is certain for today only; opening again brings it up to date.
        return new(fine.Name.ToString(), $"{(fine.Phase == Phase.Notice ? "Avviso" : "Verbale")} {fine.Name}", new(due.Until ?? today, AmountLines.Of(due)));
    }
}
