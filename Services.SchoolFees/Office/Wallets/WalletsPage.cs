using Platform.Core.Commands;
using Platform.Core.Money;
using Platform.Core.Pages;
using Platform.Core.Plugins;
using Platform.Core.Storage;
using Services.SchoolFees.Wallets;

namespace Services.SchoolFees.Office;

/// <summary>Wallets: all, those in debt, those that are low, or those from which something could go back.</summary>
[RequiresPermission(DeskPermissions.Families)]
internal sealed record ReadWallets(string Which, Func<long, ListPage> Page) : ICommand<ReadWallets.Answer>
{
    public const string Debt = "debito", Low = "bassi", Credit = "credito", All = "tutti";

    internal sealed record Answer(IReadOnlyList<WalletStanding> Wallets, ListPage Page, long Count);
}

internal sealed class ReadWalletsHandler(ISessions sessions) : ICommandHandler<ReadWallets, ReadWallets.Answer>
{
    const string Where =
        """
        where w.entity_id = @entity and case @Which when 'debito' then coalesce(l.money + l.meals, 0) < 0 when 'bassi' then w.low when 'credito' then coalesce(l.money + l.meals, 0) > 0 else true end

        """;

    public Task<ReadWallets.Answer> Handle(ReadWallets command, CancellationToken stop) => sessions.Run(
        async session =>
        {
            var count = await session.First<long>("select count(*) from (" + WalletStanding.Columns + Where + ") c", new { entity = session.Entity, command.Which });
            var page = command.Page(count);
            return new ReadWallets.Answer(
                await session.List<WalletStanding>(
                    WalletStanding.Columns + Where + "order by coalesce(l.money + l.meals, 0), w.code limit @Rows offset @Skip", new { entity = session.Entity, command.Which, ListPage.Rows, page.Skip }),
                page, count);
        },
        stop);
}

/// <summary>Prepaid wallets, those that owe most first.</summary>
[RequiresPermission(DeskPermissions.Families), ShowsPersonalData]
internal sealed class WalletsPage(ICommands commands) : IPage
{
    static readonly string[] Kinds = [ReadWallets.All, ReadWallets.Debt, ReadWallets.Low, ReadWallets.Credit];

    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        var which = Kinds.FirstOrDefault(kind => kind == request.Query["quali"].ToString()) ?? ReadWallets.All;
        var (wallets, page, count) = await commands.Send(new ReadWallets(which, rows => ListPage.Asked(request.Query, rows, $"{request.Path}/borsellini?quali={which}")), stop);
        return PageAnswer.View<WalletsView>(new WalletsModel(wallets, page, count, which, Kinds, request.Path));
    }
}

public sealed record WalletsModel(IReadOnlyList<WalletStanding> Wallets, ListPage Page, long Count, string Which, IReadOnlyList<string> Kinds, string Path);

/// <summary>A wallet with its lines, and from which orders what is left could go back.</summary>
[RequiresPermission(DeskPermissions.Families)]
internal sealed record ReadWalletStanding(Guid Wallet, Func<long, ListPage> Page) : ICommand<ReadWalletStanding.Answer?>
{
    internal sealed record Answer(WalletStanding Wallet, IReadOnlyList<WalletLine> Lines, ListPage Page, IReadOnlyList<Residue> Residue);
}

internal sealed class ReadWalletStandingHandler(ISessions sessions) : ICommandHandler<ReadWalletStanding, ReadWalletStanding.Answer?>
{
    public Task<ReadWalletStanding.Answer?> Handle(ReadWalletStanding command, CancellationToken stop) => sessions.Run(
        async session =>
        {
            var key = new { entity = session.Entity, command.Wallet };
            if (await session.First<WalletStanding>(WalletStanding.Columns + "where w.entity_id = @entity and w.wallet_id = @Wallet", key) is not { } wallet)
                return null;
            var page = command.Page(await session.First<long>("select count(*) from schoolfees.wallet_line where entity_id = @entity and wallet_id = @Wallet", key));
            return (ReadWalletStanding.Answer?)new ReadWalletStanding.Answer(
                wallet, await WalletLine.Of(session, wallet.Id, ListPage.Rows, page.Skip), page, Residue.Of(await Residue.Orders(session, wallet.Id), wallet.Balance));
        },
        stop);
}

/// <summary>A wallet. What is left goes back by refunds of the orders that brought it, which payments carry out with four eyes.</summary>
[RequiresPermission(DeskPermissions.Families), ShowsPersonalData]
internal sealed class WalletDeskPage(ICommands commands) : IPage
{
    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        var id = Guid.Parse(request.Route["wallet"]);
        if (await commands.Send(new ReadWalletStanding(id, rows => ListPage.Asked(request.Query, rows, $"{request.Path}/borsellini/{id}")), stop) is not { } found)
            return PageAnswer.NotFound;
        var desk = request.Path[..request.Path.LastIndexOf('/')];
        return PageAnswer.View<WalletDeskView>(new WalletDeskModel(
            found.Wallet, found.Lines, found.Page, found.Residue, request.Path, request.Officer!.May("payments.see") ? $"{desk}/pagamenti/pagamento/" : null, request.Officer.May("payments.refund")));
    }
}

/// <param name="PaymentPath">Before an order's number; null where this officer may not see payments.</param>
public sealed record WalletDeskModel(WalletStanding Wallet, IReadOnlyList<WalletLine> Lines, ListPage Page, IReadOnlyList<Residue> Residue, string Path, string? PaymentPath, bool MayRefund);
