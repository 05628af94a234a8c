using System.Globalization;
using Platform.Core.Commands;
using Platform.Core.Jobs;
using Platform.Core.Mail;
using Platform.Core.Money;
using Platform.Core.Settings;
using Platform.Core.Storage;
using Platform.Core.Time;
using Services.SchoolFees.Billing;
using Services.SchoolFees.Tariffs;

namespace Services.SchoolFees.Wallets;

/// <summary>
/// Takes meals off the wallets of a prepaid service: for every day of the school years that are not closed, what the day costs by what is known now, less what was taken off for it. So it may
/// be sent as often as one likes, after any load of registers, and a correction is a line that takes the earlier one back and perhaps another one; no line is ever changed.
/// </summary>
/// <returns>How many days were written or corrected.</returns>
internal sealed record DebitMeals(string Service) : ICommand<int>;

internal sealed class DebitMealsHandler(ISessions sessions, ISettings<SchoolFeesSettings> settings, IMail mail, TimeProvider time) : ICommandHandler<DebitMeals, int>
{
    // The year that runs and the one before it, in which something may still prove wrong.
    const int Years = 2;

    public Task<int> Handle(DebitMeals command, CancellationToken stop) => sessions.Run(
        async session =>
        {
            // The lock that runs take too: two loads at once do not take the same meal off twice.
            var from = await session.First<DateOnly?>("select prepaid_from from schoolfees.service where entity_id = @entity and service_id = @Service and prepaid_from is not null for update", new { entity = session.Entity, command.Service });
            if (from is not { } since)
                return 0;
            var policy = await settings.Read(session);
            await OpenWallets(session, command.Service, policy);
            var last = await session.List<DateOnly>(
                """
                select max(date_trunc('month', a.day)::date)
                  from schoolfees.school_year y
                  join schoolfees.attendance a on a.entity_id = y.entity_id and a.service_id = @Service and a.day between y.starts_on and y.ends_on and a.day >= @since
                 where y.entity_id = @entity group by y.school_year order by 1 desc limit @Years
                """, new { entity = session.Entity, command.Service, since, Years });
            var written = 0;
            foreach (var month in last)
                if (await PrepareRunHandler.ReadUsage(session, command.Service, month) is { } usage)
                    written += await Debit(session, command.Service, since, usage);
            if (written > 0)
                session.Record("schoolfees.meals_debited", new { service = command.Service, lines = written });
            await Crossings.Tell(session, command.Service, null, policy, mail);
            return written;
        },
        stop);

    /// <summary>One for each pupil who is or was enrolled. Who pays is told its code; that it is empty he reads there, and not in a second letter.</summary>
    async Task OpenWallets(IEntitySession session, string service, SchoolFeesSettings policy)
    {
        var pupils = await session.List<string>(
            """
            select distinct e.pupil_id from schoolfees.enrolment e
             where e.entity_id = @entity and e.service_id = @service
               and not exists (select from schoolfees.wallet w where w.entity_id = e.entity_id and w.pupil_id = e.pupil_id and w.service_id = e.service_id)
            """, new { entity = session.Entity, service });
        if (pupils.Count == 0)
            return;
        var opened = await session.List<Opened>(
            """
            with opened as (
                insert into schoolfees.wallet (entity_id, wallet_id, pupil_id, service_id, code, low)
                select @entity, n.id, n.pupil, @service, n.code, @low from unnest(@ids::uuid[], @pupils::text[], @codes::text[]) as n (id, pupil, code)
                returning pupil_id, code)
            select o.code, n.given_name as pupil, s.name as service, p.email
              from opened o
              join schoolfees.pupil u on u.entity_id = @entity and u.pupil_id = o.pupil_id
              join schoolfees.person n on n.entity_id = @entity and n.person_id = o.pupil_id
              join schoolfees.person p on p.entity_id = @entity and p.person_id = u.payer_id
              join schoolfees.service s on s.entity_id = @entity and s.service_id = @service
             where p.email is not null
            """,
            new
            {
                entity = session.Entity, service, low = policy.WalletLow > Euro.Zero, ids = pupils.Select(_ => Guid.NewGuid()).ToArray(), pupils = pupils.ToArray(), codes = pupils.Select(_ => BillCode.New()).ToArray(),
            });
        foreach (var one in opened)
            await mail.Send(session, new(
                $"wallet/{one.Code}/0", one.Email, "walletopened", CultureInfo.GetCultureInfo("it-IT"),
                new Dictionary<string, string>(StringComparer.Ordinal) { ["code"] = one.Code, ["pupil"] = one.Pupil, ["service"] = one.Service }));
        session.Record("schoolfees.wallets_opened", new { service, wallets = pupils.Count });
    }

    sealed record Opened(string Code, string Pupil, string Service, string Email);

    async Task<int> Debit(IEntitySession session, string service, DateOnly since, Usage usage)
    {
        // A price belongs to a pupil's month. Where nobody ate there is none to be found, and what was taken off comes back.
        var prices = Charges.Due(usage).Where(due => due.Month >= since)
            .SelectMany(due => due.Charges.Where(charge => charge is { Kind: "unit" } && charge.Unit == TariffRow.Name(TariffUnit.Meal)).Select(charge => (due.Pupil, due.Month, charge.Price.Unit, charge.Tariff))).ToList();
        return await session.Execute(
            """
            with price as (select * from unnest(@pupils::text[], @months::date[], @cents::bigint[], @tariffs::text[]) as p (pupil_id, month, cents, tariff_id)),
            own as (select wallet_id, pupil_id from schoolfees.wallet where entity_id = @entity and service_id = @service),
            eaten as (
                select o.wallet_id, a.day, p.cents, p.tariff_id
                  from schoolfees.attendance a
                  join own o on o.pupil_id = a.pupil_id
                  join price p on p.pupil_id = a.pupil_id and p.month = date_trunc('month', a.day)::date
                 where a.entity_id = @entity and a.service_id = @service and a.day >= @since and a.day >= @first and a.day < @next),
            taken as (
                select l.wallet_id, l.day, -sum(l.cents)::bigint as cents, max(l.n) as n, (array_agg(l.tariff_id order by l.n desc))[1] as tariff_id
                  from schoolfees.wallet_line l join own o on o.wallet_id = l.wallet_id
                 where l.entity_id = @entity and l.cause like 'day/%' and l.day >= @first and l.day < @next
                 group by l.wallet_id, l.day),
            wrong as (
                select coalesce(e.wallet_id, t.wallet_id) as wallet_id, coalesce(e.day, t.day) as day, coalesce(e.cents, 0) as due, coalesce(t.cents, 0) as was, coalesce(t.n, 0) as n, e.tariff_id, t.tariff_id as before
                  from eaten e full join taken t on t.wallet_id = e.wallet_id and t.day = e.day
                 where coalesce(e.cents, 0) <> coalesce(t.cents, 0))
            insert into schoolfees.wallet_line (entity_id, wallet_id, cause, n, kind, day, cents, tariff_id, written_at)
            select @entity, wallet_id, 'day/' || day, n + 1, 'debit_reversed', day, was, before, @now from wrong where was <> 0
            union all
            select @entity, wallet_id, 'day/' || day, n + case when was <> 0 then 2 else 1 end, 'debit', day, -due, tariff_id, @now from wrong where due <> 0
            """,
            new
            {
                entity = session.Entity, service, since, now = time.GetUtcNow(), first = usage.Months[0], next = usage.Months[^1].AddMonths(1), pupils = prices.ConvertAll(price => price.Pupil).ToArray(),
                months = prices.ConvertAll(price => price.Month).ToArray(), cents = prices.ConvertAll(price => price.Item3.Cents).ToArray(), tariffs = prices.ConvertAll(price => price.Tariff).ToArray(),
            });
    }
}

/// <summary>Tells families that a wallet is low: once each time that it falls below what the entity decided, and again only after it was filled up.</summary>
internal static class Crossings
{
    static readonly CultureInfo Italian = CultureInfo.GetCultureInfo("it-IT");

    /// <param name="only">This wallet; null: all of the service.</param>
    public static async Task Tell(IEntitySession session, string service, Guid? only, SchoolFeesSettings policy, IMail mail)
    {
        if (policy.WalletLow is not { } floor)
            return;
        var crossed = await session.List<Crossed>(
            """
            with stands as (
                select w.wallet_id, coalesce(sum(l.cents), 0)::bigint as cents
                  from schoolfees.wallet w left join schoolfees.wallet_line l on l.entity_id = w.entity_id and l.wallet_id = w.wallet_id
                 where w.entity_id = @entity and w.service_id = @service and (@only::uuid is null or w.wallet_id = @only)
                 group by w.wallet_id),
            crossed as (
                update schoolfees.wallet w set low = s.cents < @floor, crossings = w.crossings + case when s.cents < @floor then 1 else 0 end
                  from stands s
                 where w.entity_id = @entity and w.wallet_id = s.wallet_id and w.low <> (s.cents < @floor)
                returning w.code, w.crossings, w.low, s.cents, w.pupil_id, w.service_id)
            select c.code, c.crossings, c.cents as balance, n.given_name as pupil, s.name as service, p.email
              from crossed c
              join schoolfees.pupil u on u.entity_id = @entity and u.pupil_id = c.pupil_id
              join schoolfees.person n on n.entity_id = @entity and n.person_id = c.pupil_id
              join schoolfees.person p on p.entity_id = @entity and p.person_id = u.payer_id
              join schoolfees.service s on s.entity_id = @entity and s.service_id = c.service_id
             where c.low and p.email is not null
            """, new { entity = session.Entity, service, only, floor });
        foreach (var one in crossed)
            await mail.Send(session, new(
                $"wallet/{one.Code}/{one.Crossings}", one.Email, one.Balance < Euro.Zero ? "walletdebt" : "walletlow", Italian,
                new Dictionary<string, string>(StringComparer.Ordinal)
                {
                    ["code"] = one.Code, ["pupil"] = one.Pupil, ["service"] = one.Service, ["amount"] = (one.Balance < Euro.Zero ? Euro.Zero - one.Balance : one.Balance).In(Italian),
                }));
    }

    sealed record Crossed(string Code, int Crossings, Euro Balance, string Pupil, string Service, string Email);
}

/// <summary>Prepaid services of the creditor.</summary>
internal sealed record ListPrepaid : ICommand<IReadOnlyList<string>>;

internal sealed class ListPrepaidHandler(ISessions sessions) : ICommandHandler<ListPrepaid, IReadOnlyList<string>>
{
    public Task<IReadOnlyList<string>> Handle(ListPrepaid command, CancellationToken stop) =>
        sessions.Run(session => session.List<string>("select service_id from schoolfees.service where entity_id = @entity and prepaid_from is not null order by 1", new { entity = session.Entity }), stop);
}

/// <summary>Keeps wallets as the registers stand: after each load, and each night for what changed otherwise.</summary>
internal sealed class KeepWallets(ICommands commands) : IJob
{
    public Task Run(JobRun run, CancellationToken stop) => All(commands, stop);

    public static async Task All(ICommands commands, CancellationToken stop)
    {
        foreach (var service in await commands.Send(new ListPrepaid(), stop))
            await commands.Send(new DebitMeals(service), stop);
    }
}
