using Microsoft.AspNetCore.Http;
using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Money;
using Platform.Core.Pages;
using Platform.Core.Storage;
using Platform.Payments;
using Services.SchoolFees.Wallets;

namespace Services.SchoolFees;

/// <summary>A wallet with a page of its lines.</summary>
internal sealed record ReadWallet(Guid Id, int Most, int Skip) : ICommand<ReadWallet.Answer?>
{
    internal sealed record Answer(Wallet Wallet, IReadOnlyList<WalletLine> Lines, int Count);
}

internal sealed class ReadWalletHandler(ISessions sessions) : ICommandHandler<ReadWallet, ReadWallet.Answer?>
{
    public Task<ReadWallet.Answer?> Handle(ReadWallet command, CancellationToken stop) => sessions.Run(
        async session => await Wallet.Find(session, command.Id) is not { } wallet ? null : (ReadWallet.Answer?)new ReadWallet.Answer(
            wallet, await WalletLine.Of(session, wallet.Id, command.Most, command.Skip),
            await session.First<int>("select count(*)::int from schoolfees.wallet_line where entity_id = @entity and wallet_id = @Id", new { entity = session.Entity, command.Id })),
        stop);
}

/// <summary>A family's prepaid wallet: what is in it, what went in and out, and the way to fill it up.</summary>
internal sealed class WalletPage(ICommands commands, ILinks links) : IPage
{
    public const string Amount = "importo";
    const int Rows = 25;

    public Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(request);
        return Draw(request, new FormState(), null, stop);
    }

    public async Task<PageAnswer> Post(PageRequest request, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (BillLinks.Wallet(links, request.Route.GetValueOrDefault("token")) is not { } wallet)
            return FindBillPage.Back(request);
        var form = FormState.From(request.Form);
        if (form.Amount(Amount) is not { Cents: >= BeginTopUpHandler.Least and <= BeginTopUpHandler.Most } amount)
            return await Draw(request, form.AddError(Amount, request.Texts["wallet.amount.wrong", new Euro(BeginTopUpHandler.Least).In(request.Culture), new Euro(BeginTopUpHandler.Most).In(request.Culture)]), null, stop);
        // One drawn form is one attempt: pressing twice tops up once.
        var position = await commands.Send(new BeginTopUp(wallet, amount, Guid.TryParse(request.Form["attempt"], out var attempt) ? attempt : Guid.NewGuid()), stop);
        if (position.Refusal is not null)
            return FindBillPage.Back(request);
        var checkout = await commands.Pay(request, position.Value, $"borsellino/{request.Route["token"]}", stop);
        return checkout.Refusal is null ? PageAnswer.GoTo(checkout.Value.GoTo) : await Draw(request, form, checkout.Refusal, stop);
    }

    async Task<PageAnswer> Draw(PageRequest request, FormState form, Refusal? refusal, CancellationToken stop)
    {
        var page = int.TryParse(request.Query["pagina"], System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var asked) ? Math.Clamp(asked, 1, 1000) : 1;
        if (BillLinks.Wallet(links, request.Route.GetValueOrDefault("token")) is not { } id || await commands.Send(new ReadWallet(id, Rows, (page - 1) * Rows), stop) is not { } found)
            return FindBillPage.Back(request);
        var (wallet, ofDelegate, t) = (found.Wallet, BillLinks.IsOfDelegate(links, request.Route["token"]), request.Texts);
        var here = $"{request.Path}/borsellino/{request.Route["token"]}?pagina=";
        return PageAnswer.View<WalletView>(
            new WalletModel(
                t, form, wallet.Code, wallet.PupilName, wallet.Service, wallet.Balance, found.Lines, page > 1 ? here + (page - 1) : null, page * Rows < found.Count ? here + (page + 1) : null,
                BillWords.Of(refusal, t), await commands.Send(new CheckGateway(), stop), request.Path, $"{request.Path}/{BillLinks.ToHousehold(links, wallet.Payer, ofDelegate)}", request.Creditor),
            refusal is null && form.IsValid ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity);
    }
}

/// <summary>A wallet as its page shows it.</summary>
public sealed record WalletModel(
    Texts Texts, FormState Form, string Code, string Pupil, string Service, Euro Balance, IReadOnlyList<WalletLine> Lines, string? NewerPath, string? OlderPath, string? Refusal, GatewayReport Gateway, string SearchPath,
    string HouseholdPath, Entity Creditor);
