using System.Globalization;
using System.Security.Cryptography;
using Platform.Core.Commands;
using Platform.Core.Documents;
using Platform.Core.Jobs;
using Platform.Core.Mail;
using Platform.Core.Money;
using Platform.Core.Plugins;
using Platform.Core.Settings;
using Platform.Core.Storage;
using Platform.Core.Time;
using Services.SchoolFees.Credits;
using Services.SchoolFees.Imports;
using Services.SchoolFees.Tariffs;

namespace Services.SchoolFees.Billing;

/// <summary>
/// Runs of bills, ordered by a file: a line prepares one or approves it. An approval names the total that was read in the preview, and is refused when it has become
/// another; then the bills are final, and their positions are opened.
/// </summary>
[RequiresPermission("schoolfees.bill")]
internal sealed class BillRun(ICommands commands) : IImport
{
    public async Task<ImportReport> Run(ImportFile file, CancellationToken stop)
    {
        var (read, added, unchanged) = (0, 0, 0);
        var errors = new List<ImportError>();
        await foreach (var row in RegisterFile.Read(file.Content, ["elaborazione", "servizio", "mese", "scadenza", "azione"], ["totale"], stop))
        {
            read++;
            if (row.Errors.Count == 0)
            {
                var (id, service, period, due) = (row.Code("elaborazione"), row.Code("servizio", 20), row.Month("mese"), row.Day("scadenza"));
                var (act, total) = (row.Choice("azione", "anteprima", "approva", "accredita"), row.OptionalAmount("totale"));
                if (row.Errors.Count == 0)
                {
                    var done = act == "accredita"
                        ? await commands.Send(new IssueCredits(id, service, period, total), stop)
                        : await commands.Send(new PrepareRun(id, service, period, due, act == "approva", total), stop);
                    if (done.Refusal is { } refusal)
                        row.Add(null, refusal.Detail ?? refusal.Code);
                    else if (done.Value > 0)
                        added++;
                    else
                        unchanged++;
                }
            }
            errors.AddRange(row.Errors);
        }
        while (await commands.Send(new OpenBills(), stop) > 0 || await commands.Send(new WriteCreditPapers(), stop) > 0)
        {
        }
        return new(read, added, 0, unchanged, errors);
    }
}

/// <summary>Works a run out: as a preview, which each further one replaces, or for good.</summary>
/// <param name="Total">What the officer saw in the preview; an approval by another is refused.</param>
/// <returns>How many bills it has; 0 when it was approved before, and then nothing changes. The refusal's detail is for the officer.</returns>
[RequiresPermission("schoolfees.bill")]
internal sealed record PrepareRun(string Id, string Service, DateOnly Period, DateOnly DueOn, bool Approve, Euro? Total) : ICommand<Outcome<int>>;

internal sealed class PrepareRunHandler(ISessions sessions, TimeProvider time) : ICommandHandler<PrepareRun, Outcome<int>>
{
    const int BatchSize = 500;

    public Task<Outcome<int>> Handle(PrepareRun command, CancellationToken stop) => sessions.Run<Outcome<int>>(
        async session =>
        {
            // One run of a service at a time: two that count the same month would bill it twice.
            if (await session.First<bool?>("select true from schoolfees.service where entity_id = @entity and service_id = @Service for update", new { entity = session.Entity, command.Service }) is null)
                return No("no_service", $"Il servizio {command.Service} non c'è.");
            if (await session.First<bool>("select prepaid_from <= @Period from schoolfees.service where entity_id = @entity and service_id = @Service and prepaid_from is not null", new { entity = session.Entity, command.Service, command.Period }))
                return No("prepaid", $"Da quel mese {command.Service} si paga con il borsellino: non si fanno bollette.");
            var known = await session.First<Known>(
                "select state, service_id as service, period from schoolfees.run where entity_id = @entity and run_id = @Id", new { entity = session.Entity, command.Id });
            if (known is not null && (known.Service != command.Service || known.Period != command.Period))
                return No("run_other", $"L'elaborazione {command.Id} è di un altro servizio o mese.");
            if (known?.State == "approved")
                return 0;
            if (await ReadUsage(session, command.Service, command.Period) is not { } usage)
                return No("no_year", $"Il mese {command.Period:MM/yyyy} non è in nessun anno scolastico.");
            if (usage.Tariffs.All(tariff => tariff.From > command.Period))
                return No("no_tariff", $"Nel mese {command.Period:MM/yyyy} non vale nessuna tariffa per {command.Service}.");

            var drafts = Charges.Of(usage);
            var total = new Euro(drafts.Sum(draft => draft.Total.Cents));
            if (command.Approve && (known is null || command.Total != total))
                return No("run_total", $"Per approvare serve l'anteprima, e il suo totale: adesso sono {drafts.Count} bollette per {total.In(Italian)}.");
            await Write(session, command, drafts, total);
            session.Record(command.Approve ? "schoolfees.run_approved" : "schoolfees.run_prepared", new { run = command.Id, bills = drafts.Count, cents = total.Cents });
            return drafts.Count;
        },
        stop);

    static readonly CultureInfo Italian = CultureInfo.GetCultureInfo("it-IT");

    static Outcome<int> No(string why, string words) => new Refusal($"schoolfees.{why}", words);

    /// <summary>All that bills of a month follow from; null where the month is in no school year.</summary>
    internal static async Task<Usage?> ReadUsage(IEntitySession session, string service, DateOnly period)
    {
        var next = period.AddMonths(1);
        var year = await session.First<Year>(
            "select starts_on as \"from\", ends_on as \"to\" from schoolfees.school_year where entity_id = @entity and starts_on < @next and ends_on >= @period order by starts_on desc limit 1",
            new { entity = session.Entity, next, period });
        if (year is null)
            return null;
        var first = new DateOnly(year.From.Year, year.From.Month, 1);
        var months = new List<DateOnly>();
        for (var month = first; month <= period; month = month.AddMonths(1))
            months.Add(month);
        var args = new { entity = session.Entity, Service = service, first, next };
        var enrolments = await session.List<Enrolled>(
            """
            select e.pupil_id as pupil, p.payer_id as payer, e.starts_on as "from", e.ends_on as "to", e.exempt, p.resident, n.born_on as bornOn
            from schoolfees.enrolment e
            join schoolfees.pupil p on p.entity_id = e.entity_id and p.pupil_id = e.pupil_id
            join schoolfees.person n on n.entity_id = e.entity_id and n.person_id = e.pupil_id
            where e.entity_id = @entity and e.service_id = @Service and e.starts_on < @next and (e.ends_on is null or e.ends_on >= @first)
            order by e.pupil_id, e.starts_on
            """, args);
        var meals = await session.List<Eaten>(
            """
            select pupil_id as pupil, date_trunc('month', day)::date as month, count(*)::int as days
            from schoolfees.attendance
            where entity_id = @entity and service_id = @Service and day >= @first and day < @next
            group by 1, 2
            """, args);
        var isees = await session.List<Filed>("select payer_id as payer, filed_on as filedOn, amount_cents as amount, flawed from schoolfees.isee where entity_id = @entity", args);
        var billed = await session.List<Billed>(
            """
            select t.pupil, t.period, t.kind, sum(t.quantity)::int as quantity, sum(t.amount)::bigint as amount, max(t.tariff) as tariff, max(t.unit) as unit
            from (
                -- Several bills of one pupil tell the same days: the payer's own counts.
                select b.pupil_id as pupil, l.period, l.kind, case when l.share_percent is null or b.payer_id = p.payer_id then l.quantity else 0 end as quantity, l.amount_cents as amount, l.tariff_id as tariff, l.unit
                from schoolfees.bill b
                join schoolfees.bill_line l on l.entity_id = b.entity_id and l.bill_id = b.bill_id
                join schoolfees.pupil p on p.entity_id = b.entity_id and p.pupil_id = b.pupil_id
                where b.entity_id = @entity and b.service_id = @Service and b.state not in ('draft', 'cancelled') and l.period >= @first and l.period < @next
                union all
                select c.pupil_id, l.period, l.kind, l.quantity, l.amount_cents, l.tariff_id, l.unit
                from schoolfees.credit_note c
                join schoolfees.credit_note_line l on l.entity_id = c.entity_id and l.number = c.number
                where c.entity_id = @entity and c.service_id = @Service and l.period >= @first and l.period < @next
                  -- What was given back whole withdrew its bill: neither it nor the note was asked for then.
                  and not (c.choice is distinct from 'deduct' and exists (
                      select from schoolfees.bill g join schoolfees.bill_line o on o.entity_id = g.entity_id and o.bill_id = g.bill_id
                       where g.entity_id = c.entity_id and g.pupil_id = c.pupil_id and g.payer_id = c.payer_id and g.service_id = c.service_id and g.state = 'cancelled' and g.changed_at >= c.issued_at
                         and o.period = l.period and o.kind = l.kind and not o.correction))) t
            group by 1, 2, 3
            """, args);
        var shares = await session.List<Share>(
            """
            select s.pupil_id as pupil, s.payer_id as payer, s.percent
            from schoolfees.share s join schoolfees.pupil p on p.entity_id = s.entity_id and p.pupil_id = s.pupil_id
            where s.entity_id = @entity and s.payer_id <> p.payer_id
            """, new { entity = session.Entity });
        var credits = await session.List<OpenCredit>(
            """
            select number, pupil, payer, "left" from (
                select c.number, c.pupil_id as pupil, c.payer_id as payer,
                       (c.total_cents - coalesce((select sum(u.cents) from schoolfees.credit_use u join schoolfees.bill b on b.entity_id = u.entity_id and b.bill_id = u.bill_id
                                                   where u.entity_id = c.entity_id and u.number = c.number and b.state not in ('draft', 'cancelled')), 0))::bigint as "left"
                  from schoolfees.credit_note c where c.entity_id = @entity and c.service_id = @Service and c.choice = 'deduct') t
             where "left" > 0 order by number
            """, args);
        return new(
            months, await TariffRow.All(session, service), enrolments, meals.ToDictionary(eaten => (eaten.Pupil, eaten.Month), eaten => eaten.Days),
            isees.ToLookup(filed => filed.Payer, filed => new Isee(filed.FiledOn, filed.Amount, filed.Flawed), StringComparer.Ordinal),
            billed.ToLookup(sum => sum.Pupil, StringComparer.Ordinal)) 
        {
            Shares = shares.ToLookup(share => share.Pupil, StringComparer.Ordinal), Credits = credits.ToLookup(credit => (credit.Pupil, credit.Payer)),
        };
    }

    async Task Write(IEntitySession session, PrepareRun command, IReadOnlyList<Draft> drafts, Euro total)
    {
        var now = time.GetUtcNow();
        await session.Execute("delete from schoolfees.bill where entity_id = @entity and run_id = @Id and state = 'draft'", new { entity = session.Entity, command.Id });
        await session.Execute(
            """
            insert into schoolfees.run (entity_id, run_id, service_id, period, due_on, state, bills, total_cents, prepared_at, approved_at)
            values (@entity, @Id, @Service, @Period, @DueOn, @state, @bills, @total, @now, case when @Approve then @now end)
            on conflict (entity_id, run_id) do update set
                due_on = excluded.due_on, state = excluded.state, bills = excluded.bills, total_cents = excluded.total_cents, prepared_at = excluded.prepared_at, approved_at = excluded.approved_at
            """,
            new { entity = session.Entity, command.Id, command.Service, command.Period, command.DueOn, state = command.Approve ? "approved" : "preview", bills = drafts.Count, total, now, command.Approve });
        foreach (var batch in drafts.Chunk(BatchSize))
        {
            var bills = batch.Select(draft => (Id: Guid.CreateVersion7(now), Draft: draft)).ToList();
            await session.Execute(
                """
                insert into schoolfees.bill (entity_id, bill_id, run_id, pupil_id, payer_id, service_id, period, code, total_cents, due_on, state, changed_at)
                select @entity, b.id, @Id, b.pupil, b.payer, @Service, @Period, b.code, b.total, @DueOn, @state, @now
                from unnest(@ids::uuid[], @pupils::text[], @payers::text[], @codes::text[], @totals::bigint[]) as b (id, pupil, payer, code, total)
                """,
                new
                {
                    entity = session.Entity, command.Id, command.Service, command.Period, command.DueOn, now, state = command.Approve ? "approved" : "draft",
                    ids = bills.Select(bill => bill.Id).ToArray(), pupils = bills.Select(bill => bill.Draft.Pupil).ToArray(), payers = bills.Select(bill => bill.Draft.Payer).ToArray(),
                    codes = bills.Select(_ => BillCode.New()).ToArray(), totals = bills.Select(bill => bill.Draft.Total.Cents).ToArray(),
                });
            var deductions = bills.SelectMany(bill => bill.Draft.Deductions.Select(part => (bill.Id, Part: part))).ToList();
            if (deductions.Count > 0)
                await session.Execute(
                    "insert into schoolfees.credit_use (entity_id, bill_id, number, cents) select @entity, u.* from unnest(@ids::uuid[], @numbers::int[], @amounts::bigint[]) as u",
                    new
                    {
                        entity = session.Entity, ids = deductions.ConvertAll(one => one.Id).ToArray(), numbers = deductions.ConvertAll(one => one.Part.Number).ToArray(),
                        amounts = deductions.ConvertAll(one => one.Part.Cents.Cents).ToArray(),
                    });
            var lines = bills.SelectMany(bill => bill.Draft.Charges.Select((charge, place) => (bill.Id, Line: place + 1, Charge: charge))).ToList();
            await session.Execute(
                """
                insert into schoolfees.bill_line (
                    entity_id, bill_id, line, period, kind, correction, tariff_id, unit, quantity, reason, isee_cents, base_cents, discount_percent, unit_cents, amount_cents, share_percent)
                select @entity, l.*
                from unnest(@ids::uuid[], @lines::int[], @periods::date[], @kinds::text[], @corrections::boolean[], @tariffs::text[], @units::text[], @quantities::int[], @reasons::text[],
                            @isees::bigint[], @bases::bigint[], @discounts::int[], @prices::bigint[], @amounts::bigint[], @shares::int[]) as l
                """,
                new
                {
                    entity = session.Entity, ids = lines.ConvertAll(l => l.Id).ToArray(), lines = lines.ConvertAll(l => l.Line).ToArray(), periods = lines.ConvertAll(l => l.Charge.Period).ToArray(),
                    kinds = lines.ConvertAll(l => l.Charge.Kind).ToArray(), corrections = lines.ConvertAll(l => l.Charge.Correction).ToArray(), tariffs = lines.ConvertAll(l => l.Charge.Tariff).ToArray(),
                    units = lines.ConvertAll(l => l.Charge.Unit).ToArray(), quantities = lines.ConvertAll(l => l.Charge.Quantity).ToArray(),
                    reasons = lines.ConvertAll(l => TariffRow.Name(l.Charge.Price.Reason)).ToArray(), isees = lines.ConvertAll(l => l.Charge.Price.Isee?.Cents).ToArray(),
                    bases = lines.ConvertAll(l => l.Charge.Price.Base.Cents).ToArray(), discounts = lines.ConvertAll(l => l.Charge.Price.Discount).ToArray(),
                    prices = lines.ConvertAll(l => l.Charge.Price.Unit.Cents).ToArray(), amounts = lines.ConvertAll(l => l.Charge.Amount.Cents).ToArray(),
                    shares = lines.ConvertAll(l => l.Charge.Share).ToArray(),
                });
        }
    }

    sealed record Known(string State, string Service, DateOnly Period);

    sealed record Year(DateOnly From, DateOnly To);

    sealed record Eaten(string Pupil, DateOnly Month, int Days);

    sealed record Filed(string Payer, DateOnly FiledOn, Euro Amount, bool Flawed);
}

/// <summary>Opens the positions of approved bills, up to a hundred. Killed at any point and sent again it goes on: a bill is known to payments by its code.</summary>
/// <returns>How many it opened.</returns>
internal sealed record OpenBills : ICommand<int>;

internal sealed class OpenBillsHandler(ISessions sessions, ICommands commands, IMail mail, IDocuments documents, ISettings<SchoolFeesSettings> settings, TimeProvider time) : ICommandHandler<OpenBills, int>
{
    const int BatchSize = 100;

    public async Task<int> Handle(OpenBills command, CancellationToken stop)
    {
        var bills = await sessions.Run(
            session => session.List<Bill>(
                Bill.Columns + "where b.entity_id = @entity and b.state = 'approved' order by b.bill_id limit @BatchSize", new { entity = session.Entity, BatchSize }),
            stop);
        if (bills.Count == 0)
            return 0;
        var (policy, today) = (await settings.Read(stop), LegalTime.Day(time.GetUtcNow()));
        foreach (var bill in bills)
            await commands.Send(bill.Position(policy, today), stop);
        var papers = policy.PdfNotices ? await Papers([.. bills.Where(bill => bill.Email is not null)], stop) : [];
        await sessions.Run(
            async session =>
            {
                session.Record("schoolfees.opened", new { bills = bills.Count });
                foreach (var letter in bills.Select(bill => bill.Notice(papers.GetValueOrDefault(bill.Id))).OfType<Letter>())
                    await mail.Send(session, letter);
                await session.Execute(
                    "insert into schoolfees.notice (entity_id, bill_id, told_at, told_by) select @entity, t.id, @now, 'schoolfees' from unnest(@ids::uuid[]) as t (id) on conflict do nothing",
                    new { entity = session.Entity, now = time.GetUtcNow(), ids = bills.Where(bill => bill.Email is not null).Select(bill => bill.Id).ToArray() });
                return await session.Execute(
                    "update schoolfees.bill set state = 'open', changed_at = @now where entity_id = @entity and bill_id = any(@ids) and state = 'approved'",
                    new { entity = session.Entity, now = time.GetUtcNow(), ids = bills.Select(bill => bill.Id).ToArray() });
            },
            stop);
        return bills.Count;
    }

    /// <summary>Drawn before the transaction that sends them: drawing takes longer than writing.</summary>
    async Task<Dictionary<Guid, byte[]>> Papers(IReadOnlyList<Bill> bills, CancellationToken stop)
    {
        var issuer = await documents.Issuer(stop);
        return (await BillPapers.Of(sessions, issuer, bills, time.GetUtcNow(), stop)).ToDictionary(paper => paper.Bill, paper => documents.Write(paper.Document));
    }
}

/// <summary>Opens what a run that died left, and draws the credit notes that have no paper yet.</summary>
internal sealed class OpenWhatIsLeft(ICommands commands) : IJob
{
    public async Task Run(JobRun run, CancellationToken stop)
    {
        while (await commands.Send(new OpenBills(), stop) > 0 || await commands.Send(new WriteCreditPapers(), stop) > 0)
        {
        }
    }
}

/// <summary>A bill's code: what a family types. 50 random bits, so that nobody finds another's by counting.</summary>
internal static class BillCode
{
    const string Letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";   // Crockford: no I, L, O, U

    public static string New()
    {
        var text = RandomNumberGenerator.GetString(Letters, 10);
        return $"{text[..5]}-{text[5..]}";
    }

    /// <summary>As typed: any case, with or without the line, O for 0, I and L for 1.</summary>
    public static string? Read(string? typed)
    {
        var text = string.Concat((typed ?? "").ToUpperInvariant().Where(char.IsAsciiLetterOrDigit)).Replace('O', '0').Replace('I', '1').Replace('L', '1');
        return text.Length == 10 && text.All(c => Letters.Contains(c, StringComparison.Ordinal)) ? $"{text[..5]}-{text[5..]}" : null;
    }
}
