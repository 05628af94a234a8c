using System.Globalization;
using Platform.Core.Commands;
using Platform.Core.Money;
using Platform.Core.Pages;
using Platform.Core.Plugins;
using Platform.Core.Storage;
using Platform.Payments;
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
    public const string Reason = "motivo";

    public Task<PageAnswer> Get(PageRequest request, CancellationToken stop) => Show(request, new FormState(), stop);

    public async Task<PageAnswer> Post(PageRequest request, CancellationToken stop)
    {
        var form = FormState.From(request.Form);
        if (await Read(request, stop) is not { } found)
            return PageAnswer.NotFound;
        if (RefundsAsked.Wrong(form, request.Texts))
            return await Show(request, form, stop);
        return PageAnswer.Go(Here(request) + await RefundsAsked.Ask(commands, [.. found.Residue.Select(order => new RefundPart(order.OrderNumber, order.TopUp, order.Left, NotOwed: true))], form[Reason].Trim(), stop));
    }

    static string Here(PageRequest request) => $"{request.Path}/borsellini/{Guid.Parse(request.Route["wallet"])}";

    Task<ReadWalletStanding.Answer?> Read(PageRequest request, CancellationToken stop) =>
        commands.Send(new ReadWalletStanding(Guid.Parse(request.Route["wallet"]), rows => ListPage.Asked(request.Query, rows, Here(request))), stop);

    async Task<PageAnswer> Show(PageRequest request, FormState form, CancellationToken stop)
    {
        if (await Read(request, stop) is not { } found)
            return PageAnswer.NotFound;
        var desk = request.Path[..request.Path.LastIndexOf('/')];
        return PageAnswer.View<WalletDeskView>(
            new WalletDeskModel(
                found.Wallet, found.Lines, found.Page, found.Residue, request.Path, request.Officer!.May("payments.see") ? $"{desk}/pagamenti/pagamento/" : null, request.Officer.May("payments.refund"),
                form, RefundsAsked.From(request)),
            form.IsValid ? 200 : 422);
    }
}

/// <param name="PaymentPath">Before an order's number; null where this officer may not see payments.</param>
public sealed record WalletDeskModel(
    WalletStanding Wallet, IReadOnlyList<WalletLine> Lines, ListPage Page, IReadOnlyList<Residue> Residue, string Path, string? PaymentPath, bool MayRefund, FormState Form, RefundsAsked? Asked);

/// <summary>What became of refunds that an officer asked for with one press.</summary>
public sealed record RefundsAsked(int Asked, int Refused)
{
    internal const string Field = "motivo";

    /// <summary>Whether the reason is missing or too long; then the form says so.</summary>
    internal static bool Wrong(FormState form, Texts t)
    {
        if (form[Field].Trim().Length is < 1 or > 200)
            form.AddError(Field, t["desk.credit.reason.missing"]);
        return !form.IsValid;
    }

    /// <returns>What the page's address tells of it.</returns>
    internal static async Task<string> Ask(ICommands commands, IReadOnlyList<RefundPart> parts, string reason, CancellationToken stop)
    {
        if (parts.Count == 0)
            return "";
        var asked = await commands.Send(new AskRefunds([.. parts.Take(50)], reason), stop);
        return string.Create(CultureInfo.InvariantCulture, $"?chiesti={asked.Count(one => one.Number is not null)}&rifiutati={asked.Count(one => one.Number is null)}");
    }

    internal static RefundsAsked? From(PageRequest request) =>
        int.TryParse(request.Query["chiesti"], CultureInfo.InvariantCulture, out var asked) && int.TryParse(request.Query["rifiutati"], CultureInfo.InvariantCulture, out var refused) ? new(Math.Clamp(asked, 0, 50), Math.Clamp(refused, 0, 50)) : null;
}
