using Platform.Core.Commands;
using Platform.Core.Money;
using Platform.Core.Pages;
using Platform.Core.Plugins;
using Platform.Core.Storage;
using Platform.Payments;
using Services.SchoolFees.Arrears;

namespace Services.SchoolFees.Office;

/// <summary>Whether the registers of this service and the creditor's book say the same of the money.</summary>
/// <param name="Registers">Paid for bills by what payments told, less what was given back or taken back by the bank.</param>
/// <param name="Book">Income of the service in the book.</param>
/// <param name="Surplus">In the book, taken and not owed: it belongs to no bill.</param>
/// <param name="Causes">Where they differ; the first ones.</param>
public sealed record Agreement(Euro Registers, Euro Book, Euro Surplus, IReadOnlyList<AgreementCause> Causes)
{
    public Euro Difference => Book - Registers;
}

/// <summary>A bill of which registers and book say different things.</summary>
public sealed record AgreementCause(string Code, Euro Registers, Euro Book);

/// <summary>Compares this service's registers with the book of payments, all years together.</summary>
[RequiresPermission(DeskPermissions.Read)]
internal sealed record CompareWithBook : ICommand<Agreement>;

internal sealed class CompareWithBookHandler(ISessions sessions, ICommands commands) : ICommandHandler<CompareWithBook, Agreement>
{
    const int AtOnce = 1000;
    const int Shown = 20;

    public async Task<Agreement> Handle(CompareWithBook command, CancellationToken stop)
    {
        var book = await commands.Send(new AskIncome(), stop);
        var registers = await sessions.Run(session => session.First<Euro>(
            """
            select (coalesce(sum(p.cents), 0) - coalesce(sum((select sum(r.cents) from schoolfees.refund r where r.entity_id = p.entity_id and r.bill_id = p.bill_id and r.order_number = p.order_number and r.instalment = p.instalment)), 0))::bigint
              from schoolfees.payment p where p.entity_id = @entity and p.reversed_on is null
            """, new { entity = session.Entity }), stop)
            + await sessions.Run(session => session.First<Euro>("select coalesce(sum(cents), 0)::bigint from schoolfees.wallet_line where entity_id = @entity and topup_id is not null", new { entity = session.Entity }), stop);
        return new(registers, book.Income, book.Surplus, registers == book.Income ? [] : await Causes(stop));
    }

    async Task<IReadOnlyList<AgreementCause>> Causes(CancellationToken stop)
    {
        var causes = new List<AgreementCause>();
        for (var seen = ""; causes.Count < Shown;)
        {
            var known = await sessions.Run(session => session.List<Known>(
                """
                select b.code,
                       (coalesce((select sum(p.cents) from schoolfees.payment p where p.entity_id = b.entity_id and p.bill_id = b.bill_id and p.reversed_on is null), 0)
                        - coalesce((select sum(r.cents) from schoolfees.refund r join schoolfees.payment p on p.entity_id = r.entity_id and p.bill_id = r.bill_id and p.order_number = r.order_number and p.instalment = r.instalment
                                     where r.entity_id = b.entity_id and r.bill_id = b.bill_id and p.reversed_on is null), 0))::bigint as cents
                  from schoolfees.bill b where b.entity_id = @entity and b.state <> 'draft' and b.code > @seen
                union all
                select t.code, coalesce((select sum(l.cents) from schoolfees.wallet_line l where l.entity_id = t.entity_id and l.topup_id = t.topup_id), 0)::bigint
                  from schoolfees.topup t where t.entity_id = @entity and t.code > @seen
                 order by code limit @AtOnce
                """, new { entity = session.Entity, seen, AtOnce }), stop);
            if (known.Count == 0)
                break;
            seen = known[^1].Code;
            var booked = (await commands.Send(new AskIncomeOf([.. known.Select(bill => bill.Code)]), stop)).ToDictionary(position => position.Reference, position => position.Income, StringComparer.Ordinal);
            causes.AddRange(known.Select(bill => new AgreementCause(bill.Code, bill.Cents, booked.GetValueOrDefault(bill.Code))).Where(cause => cause.Registers != cause.Book));
        }
        return [.. causes.Take(Shown)];
    }

    sealed record Known(string Code, Euro Cents);
}

/// <summary>What a prepaid service's wallets stand at.</summary>
/// <param name="Credit">Families' money that is not used yet.</param>
/// <param name="Debt">Meals that nobody paid yet.</param>
public sealed record WalletSum(string Service, int Wallets, Euro ToppedUp, Euro Used, Euro Credit, Euro Debt);

/// <summary>What waits for the office.</summary>
public sealed record Waiting(int Disputes, int Previews, int Unopened);

/// <summary>School years, the running one first, and what waits.</summary>
[RequiresPermission(DeskPermissions.Read)]
internal sealed record ReadDesk : ICommand<ReadDesk.Answer>
{
    internal sealed record Answer(IReadOnlyList<string> Years, Waiting Waiting, IReadOnlyList<WalletSum> Wallets);
}

internal sealed class ReadDeskHandler(ISessions sessions) : ICommandHandler<ReadDesk, ReadDesk.Answer>
{
    public Task<ReadDesk.Answer> Handle(ReadDesk command, CancellationToken stop) => sessions.Run(
        async session => new ReadDesk.Answer(
            await session.List<string>("select school_year from schoolfees.school_year where entity_id = @entity order by starts_on desc", new { entity = session.Entity }),
            (await session.First<Waiting>(
                """
                select (select count(*) from schoolfees.dispute where entity_id = @entity and answer is null)::int as disputes,
                       (select count(*) from schoolfees.run where entity_id = @entity and state = 'preview')::int as previews,
                       (select count(*) from schoolfees.bill where entity_id = @entity and state = 'approved')::int as unopened
                """, new { entity = session.Entity }))!,
            await session.List<WalletSum>(
                """
                with stands as (
                    select w.service_id, coalesce(sum(l.cents) filter (where l.topup_id is not null), 0) as money, coalesce(sum(l.cents) filter (where l.topup_id is null), 0) as meals
                      from schoolfees.wallet w left join schoolfees.wallet_line l on l.entity_id = w.entity_id and l.wallet_id = w.wallet_id
                     where w.entity_id = @entity group by w.wallet_id, w.service_id)
                select s.name as service, count(*)::int as wallets, sum(t.money)::bigint as toppedUp, -sum(t.meals)::bigint as used,
                       sum(greatest(t.money + t.meals, 0))::bigint as credit, sum(greatest(-t.money - t.meals, 0))::bigint as debt
                  from stands t join schoolfees.service s on s.entity_id = @entity and s.service_id = t.service_id group by s.name order by 1
                """, new { entity = session.Entity })),
        stop);
}

/// <summary>Billed, paid and overdue of a school year, agreement with the book, and what waits.</summary>
[RequiresPermission(DeskPermissions.Read)]
internal sealed class DashboardPage(ICommands commands) : IPage
{
    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        var (years, waiting, wallets) = await commands.Send(new ReadDesk(), stop);
        var year = years.FirstOrDefault(known => known == request.Query["anno"].ToString()) ?? (years.Count > 0 ? years[0] : null);
        var lines = year is null ? [] : await commands.Send(new ReadSummary(year), stop) ?? [];
        return PageAnswer.View<DashboardView>(new DashboardModel(years, year, lines, await commands.Send(new CompareWithBook(), stop), waiting, wallets, request.Path, request.Officer!.May));
    }
}

/// <param name="Year">Null where no school year is loaded yet.</param>
public sealed record DashboardModel(IReadOnlyList<string> Years, string? Year, IReadOnlyList<SummaryLine> Lines, Agreement Agreement, Waiting Waiting, IReadOnlyList<WalletSum> Wallets, string Path, Func<string, bool> May);
