using Platform.Core.Commands;
using Platform.Core.Documents;
using Platform.Core.Money;
using Platform.Core.Plugins;
using Platform.Core.Storage;

namespace Services.SchoolFees.Wallets;

/// <summary>A wallet as the office sees it.</summary>
/// <param name="Household">Who pays for the pupil.</param>
/// <param name="Spent">What meals took off.</param>
public sealed record WalletStanding(Guid Id, string Code, string Pupil, string PupilName, Guid Household, string Payer, string Service, Euro ToppedUp, Euro Spent, Euro Balance, bool Low)
{
    internal const string Columns =
        """
        select w.wallet_id as id, w.code, w.pupil_id as pupil, n.given_name || ' ' || n.family_name as pupilName, p.key as household, p.given_name || ' ' || p.family_name as payer, s.name as service,
               coalesce(l.money, 0)::bigint as toppedUp, coalesce(-l.meals, 0)::bigint as spent, coalesce(l.money + l.meals, 0)::bigint as balance, w.low
          from schoolfees.wallet w
          join schoolfees.pupil u on u.entity_id = w.entity_id and u.pupil_id = w.pupil_id
          join schoolfees.person n on n.entity_id = w.entity_id and n.person_id = w.pupil_id
          join schoolfees.person p on p.entity_id = w.entity_id and p.person_id = u.payer_id
          join schoolfees.service s on s.entity_id = w.entity_id and s.service_id = w.service_id
          left join lateral (
               select coalesce(sum(k.cents) filter (where k.topup_id is not null), 0) as money, coalesce(sum(k.cents) filter (where k.topup_id is null), 0) as meals
                 from schoolfees.wallet_line k where k.entity_id = w.entity_id and k.wallet_id = w.wallet_id) l on true

        """;
}

/// <summary>Money of an order that is still in a wallet: from there it goes back.</summary>
public sealed record Residue(string OrderNumber, string TopUp, DateOnly PaidOn, Euro Left)
{
    /// <summary>What is in a wallet came with the last orders: meals were paid by the first.</summary>
    internal static IReadOnlyList<Residue> Of(IEnumerable<Residue> orders, Euro balance)
    {
        var (left, parts) = (balance, new List<Residue>());
        foreach (var order in orders.OrderByDescending(order => order.PaidOn).ThenByDescending(order => order.OrderNumber, StringComparer.Ordinal))
        {
            if (left <= Euro.Zero)
                break;
            var part = order.Left < left ? order.Left : left;
            if (part <= Euro.Zero)
                continue;
            parts.Add(order with { Left = part });
            left -= part;
        }
        return parts;
    }

    internal static Task<IReadOnlyList<Residue>> Orders(IEntitySession session, Guid wallet) => session.List<Residue>(
        """
        select l.order_number as orderNumber, t.code as topUp, min(l.day) as paidOn, sum(l.cents)::bigint as "left"
          from schoolfees.wallet_line l join schoolfees.topup t on t.entity_id = l.entity_id and t.topup_id = l.topup_id
         where l.entity_id = @entity and l.wallet_id = @wallet group by l.order_number, t.code
        """, new { entity = session.Entity, wallet });
}

/// <summary>All wallets with what is in them, and the orders from which it could go back.</summary>
[RequiresPermission("schoolfees.families")]
internal sealed class ListWallets(ISessions sessions) : IOfficeCommand
{
    const int Page = 200;

    public async Task<string?> Run(OfficeCall call, TextWriter output, CancellationToken stop)
    {
        var sheet = new CsvSheet(output);
        await sheet.Row("borsellino", "alunno", "pagante", "servizio", "ricaricato", "usato", "saldo", "da_restituire_su");
        for (var seen = ""; ;)
        {
            var rows = await sessions.Run(
                async session =>
                {
                    var wallets = await session.List<WalletStanding>(WalletStanding.Columns + "where w.entity_id = @entity and w.code > @seen order by w.code limit @Page", new { entity = session.Entity, seen, Page });
                    var all = new List<(WalletStanding Wallet, string Orders)>();
                    foreach (var wallet in wallets)
                        all.Add((wallet, wallet.Balance > Euro.Zero && call.Has("orders") ? string.Join(' ', Residue.Of(await Residue.Orders(session, wallet.Id), wallet.Balance).Select(part => $"{part.OrderNumber}={part.Left}")) : ""));
                    return all;
                },
                stop);
            foreach (var (wallet, orders) in rows)
                await sheet.Row(wallet.Code, wallet.Pupil, wallet.Payer, wallet.Service, wallet.ToppedUp, wallet.Spent, wallet.Balance, orders);
            if (rows.Count < Page)
                return null;
            seen = rows[^1].Wallet.Code;
        }
    }
}
