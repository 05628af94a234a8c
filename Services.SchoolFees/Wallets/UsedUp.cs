using Platform.Core.Money;
using Platform.Core.Storage;

namespace Services.SchoolFees.Wallets;

/// <summary>Money that came into a wallet and stayed.</summary>
internal sealed record MoneyIn(DateOnly Day, string TopUp, string Order, string Payer, Euro Cents);

/// <summary>A meal that was taken off.</summary>
internal sealed record Meal(DateOnly Day, Euro Cents);

/// <summary>A part of an order that meals used up in a calendar year.</summary>
/// <param name="Period">The month of the first of them.</param>
internal sealed record Used(MoneyIn Money, int Year, DateOnly Period, Euro Cents);

/// <summary>
/// What of prepaid money became an expense of school, and when: on the day on which it was both paid and used up. The first money pays the first meal. What lies in a wallet is the family's own,
/// can be had back, and is no expense yet; a meal that was eaten on credit is none until it was paid. No cent counts in two years, and a year that is over does not change by what comes later.
/// </summary>
internal static class UsedUp
{
    public static IReadOnlyList<Used> Of(IEnumerable<MoneyIn> money, IEnumerable<Meal> meals)
    {
        var used = new List<Used>();
        using var eaten = meals.Where(meal => meal.Cents > Euro.Zero).OrderBy(meal => meal.Day).GetEnumerator();
        var (open, day) = (Euro.Zero, DateOnly.MinValue);
        foreach (var coin in money.Where(coin => coin.Cents > Euro.Zero).OrderBy(coin => coin.Day).ThenBy(coin => coin.Order, StringComparer.Ordinal))
        {
            var left = coin.Cents;
            while (left > Euro.Zero)
            {
                if (open == Euro.Zero)
                {
                    if (!eaten.MoveNext())
                        break;
                    (open, day) = (eaten.Current.Cents, eaten.Current.Day);
                }
                var part = left < open ? left : open;
                (left, open) = (left - part, open - part);
                var when = day > coin.Day ? day : coin.Day;
                if (used.Count > 0 && used[^1] is var last && last.Money == coin && last.Year == when.Year)
                    used[^1] = last with { Cents = last.Cents + part };
                else
                    used.Add(new(coin, when.Year, new(day.Year, day.Month, 1), part));
            }
            if (left > Euro.Zero)
                break;
        }
        return used;
    }

    /// <summary>Of the wallets into which some payers put money: by whom, for whom, and for which service.</summary>
    public static async Task<IReadOnlyList<(string Pupil, string Service, string Kind, string? School, Used Used)>> Of(IEntitySession session, int year, IReadOnlyList<string> payers)
    {
        var wallets = await session.List<WalletRow>(
            """
            select w.wallet_id as id, w.pupil_id as pupil, s.name as service, s.kind,
                   (select c.name from schoolfees.enrolment e join schoolfees.school c on c.entity_id = e.entity_id and c.school_id = e.school_id
                     where e.entity_id = w.entity_id and e.pupil_id = w.pupil_id and e.service_id = w.service_id and e.starts_on <= @last order by e.starts_on desc limit 1) as school
              from schoolfees.wallet w join schoolfees.service s on s.entity_id = w.entity_id and s.service_id = w.service_id
             where w.entity_id = @entity and exists (select from schoolfees.topup t where t.entity_id = w.entity_id and t.wallet_id = w.wallet_id and t.payer_id = any(@payers))
             order by w.pupil_id, w.service_id
            """, new { entity = session.Entity, payers = payers.ToArray(), last = new DateOnly(year, 12, 31) });
        if (wallets.Count == 0)
            return [];
        var args = new { entity = session.Entity, ids = wallets.Select(wallet => wallet.Id).ToArray() };
        var money = (await session.List<MoneyRow>(
            """
            select l.wallet_id as wallet, min(l.day) as day, t.code as topUp, l.order_number as "order", t.payer_id as payer, sum(l.cents)::bigint as cents
              from schoolfees.wallet_line l join schoolfees.topup t on t.entity_id = l.entity_id and t.topup_id = l.topup_id
             where l.entity_id = @entity and l.wallet_id = any(@ids) group by 1, 3, 4, 5
            """, args)).ToLookup(row => row.Wallet);
        var meals = (await session.List<MealRow>(
            """
            select wallet_id as wallet, day, -sum(cents)::bigint as cents from schoolfees.wallet_line
             where entity_id = @entity and wallet_id = any(@ids) and topup_id is null group by 1, 2
            """, args)).ToLookup(row => row.Wallet);
        return
        [
            .. wallets.SelectMany(wallet => Of(money[wallet.Id].Select(row => new MoneyIn(row.Day, row.TopUp, row.Order, row.Payer, row.Cents)), meals[wallet.Id].Select(row => new Meal(row.Day, row.Cents)))
                .Where(used => used.Year == year && payers.Contains(used.Money.Payer, StringComparer.Ordinal)).Select(used => (wallet.Pupil, wallet.Service, wallet.Kind, wallet.School, used))),
        ];
    }

    sealed record WalletRow(Guid Id, string Pupil, string Service, string Kind, string? School);

    sealed record MoneyRow(Guid Wallet, DateOnly Day, string TopUp, string Order, string Payer, Euro Cents);

    sealed record MealRow(Guid Wallet, DateOnly Day, Euro Cents);
}
