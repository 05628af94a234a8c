using System.Globalization;
using Platform.Core.Commands;
using Platform.Core.Documents;
using Platform.Core.Money;
using Platform.Core.Plugins;
using Platform.Core.Storage;
using Platform.Core.Time;

namespace Services.SchoolFees.Billing;

/// <summary>
/// Turns what an approved run's families were asked too much for into credit notes. No bill is touched: a note's lines count as billed from then on, so the credit is neither taken off a later
/// bill nor noted twice.
/// </summary>
/// <param name="Total">What the officer read in the refusal without it; another one is refused.</param>
/// <returns>How many notes; 0 when there is nothing to credit.</returns>
[RequiresPermission("schoolfees.bill")]
internal sealed record IssueCredits(string Run, string Service, DateOnly Period, Euro? Total) : ICommand<Outcome<int>>;

internal sealed class IssueCreditsHandler(ISessions sessions, TimeProvider time) : ICommandHandler<IssueCredits, Outcome<int>>
{
    static readonly CultureInfo Italian = CultureInfo.GetCultureInfo("it-IT");

    public Task<Outcome<int>> Handle(IssueCredits command, CancellationToken stop) => sessions.Run<Outcome<int>>(
        async session =>
        {
            // The lock that an approval takes too: a credit is not counted while a bill takes it off.
            await session.Execute("select from schoolfees.service where entity_id = @entity and service_id = @Service for update", new { entity = session.Entity, command.Service });
            if (await FindCreditsHandler.Of(session, command.Run, command.Service, command.Period) is not { } found)
                return new Refusal("schoolfees.credit_refused", $"L'elaborazione {command.Run} non è approvata, o è di un altro servizio o mese.");
            var (usage, credits) = found;
            var total = new Euro(-credits.Sum(draft => draft.Total.Cents));
            if (credits.Count == 0)
                return 0;
            if (command.Total != total)
                return new Refusal("schoolfees.credit_refused", $"Per accreditare serve il totale: adesso sono {credits.Count} note di credito per {total.In(Italian)}.");
            // Several notes of one pupil tell the same days: the payer's own counts.
            var own = usage.Enrolments.Select(enrolment => (enrolment.Pupil, enrolment.Payer)).ToHashSet();
            await session.Execute("select pg_advisory_xact_lock(hashtext('schoolfees.credit_note'), @entity)", new { entity = session.Entity });
            var first = await session.First<int>("select coalesce(max(number), 0) + 1 from schoolfees.credit_note where entity_id = @entity", new { entity = session.Entity });
            await session.Execute(
                """
                insert into schoolfees.credit_note (entity_id, number, run_id, pupil_id, payer_id, service_id, period, total_cents, issued_at)
                select @entity, c.number, @Run, c.pupil, c.payer, @Service, @Period, c.total, @now
                from unnest(@numbers::int[], @pupils::text[], @payers::text[], @totals::bigint[]) as c (number, pupil, payer, total)
                """,
                new
                {
                    entity = session.Entity, command.Run, command.Service, command.Period, now = time.GetUtcNow(), numbers = credits.Select((_, place) => first + place).ToArray(),
                    pupils = credits.Select(draft => draft.Pupil).ToArray(), payers = credits.Select(draft => draft.Payer).ToArray(), totals = credits.Select(draft => -draft.Total.Cents).ToArray(),
                });
            var lines = credits.SelectMany((draft, place) => draft.Charges.Select((charge, line) => (Number: first + place, Line: line + 1, Charge: own.Contains((draft.Pupil, draft.Payer)) ? charge : charge with { Quantity = 0 }))).ToList();
            await session.Execute(
                """
                insert into schoolfees.credit_note_line (entity_id, number, line, period, kind, tariff_id, unit, quantity, amount_cents)
                select @entity, l.* from unnest(@numbers::int[], @lines::int[], @periods::date[], @kinds::text[], @tariffs::text[], @units::text[], @quantities::int[], @amounts::bigint[]) as l
                """,
                new
                {
                    entity = session.Entity, numbers = lines.ConvertAll(l => l.Number).ToArray(), lines = lines.ConvertAll(l => l.Line).ToArray(), periods = lines.ConvertAll(l => l.Charge.Period).ToArray(),
                    kinds = lines.ConvertAll(l => l.Charge.Kind).ToArray(), tariffs = lines.ConvertAll(l => l.Charge.Tariff).ToArray(), units = lines.ConvertAll(l => l.Charge.Unit).ToArray(),
                    quantities = lines.ConvertAll(l => l.Charge.Quantity).ToArray(), amounts = lines.ConvertAll(l => l.Charge.Amount.Cents).ToArray(),
                });
            session.Record("schoolfees.credited", new { run = command.Run, notes = credits.Count, cents = total.Cents });
            return credits.Count;
        },
        stop);
}

/// <summary>What <see cref="IssueCredits"/> would make now. Writes nothing.</summary>
[RequiresPermission("schoolfees.bill")]
internal sealed record FindCredits(string Run, string Service, DateOnly Period) : ICommand<Outcome<CreditsToConfirm>>;

/// <param name="Notes">How many credit notes.</param>
internal sealed record CreditsToConfirm(int Notes, Euro Total);

internal sealed class FindCreditsHandler(ISessions sessions) : ICommandHandler<FindCredits, Outcome<CreditsToConfirm>>
{
    public Task<Outcome<CreditsToConfirm>> Handle(FindCredits command, CancellationToken stop) => sessions.Run<Outcome<CreditsToConfirm>>(
        async session => await Of(session, command.Run, command.Service, command.Period) is { } found
            ? new CreditsToConfirm(found.Credits.Count, new(-found.Credits.Sum(draft => draft.Total.Cents)))
            : new Refusal("schoolfees.credit_refused"),
        stop);

    /// <summary>Null where the run is not approved, or another.</summary>
    public static async Task<(Usage Usage, List<Draft> Credits)?> Of(IEntitySession session, string run, string service, DateOnly period) =>
        await session.First<bool>(
            "select exists (select from schoolfees.run where entity_id = @entity and run_id = @run and service_id = @service and period = @period and state = 'approved')",
            new { entity = session.Entity, run, service, period })
        && await PrepareRunHandler.ReadUsage(session, service, period) is { } usage
            ? (usage, [.. Charges.Differences(usage).Where(draft => draft.Total < Euro.Zero).SelectMany(draft => Charges.Split(usage, draft)).Where(draft => draft.Total < Euro.Zero)])
            : null;
}

/// <summary>Credit notes, with the payments from which the money could go back.</summary>
[RequiresPermission("schoolfees.read")]
internal sealed class ListCredits(ISessions sessions) : IOfficeCommand
{
    const int Page = 500;

    public async Task<string?> Run(OfficeCall call, TextWriter output, CancellationToken stop)
    {
        var sheet = new CsvSheet(output);
        await sheet.Row("numero", "emessa_il", "elaborazione", "servizio", "alunno", "pagante", "cognome", "nome", "codice_fiscale", "importo", "ordini_pagati");
        for (var last = 0; ;)
        {
            var rows = await sessions.Run(session => session.List<Row>(
                """
                select c.number, c.issued_at as issuedAt, c.run_id as run, c.service_id as service, c.pupil_id as pupil, c.payer_id as payer, n.family_name as familyName, n.given_name as givenName,
                       n.tax_code as taxCode, c.total_cents as total,
                       (select string_agg(p.order_number, ' ' order by p.paid_on desc)
                          from schoolfees.bill b join schoolfees.payment p on p.entity_id = b.entity_id and p.bill_id = b.bill_id and p.reversed_on is null
                         where b.entity_id = c.entity_id and b.pupil_id = c.pupil_id and b.service_id = c.service_id and b.payer_id = c.payer_id) as orders
                  from schoolfees.credit_note c join schoolfees.person n on n.entity_id = c.entity_id and n.person_id = c.payer_id
                 where c.entity_id = @entity and c.number > @last
                 order by c.number limit @Page
                """, new { entity = session.Entity, last, Page }), stop);
            foreach (var row in rows)
                await sheet.Row(row.Number, LegalTime.Day(row.IssuedAt), row.Run, row.Service, row.Pupil, row.Payer, row.FamilyName, row.GivenName, row.TaxCode, row.Total, row.Orders);
            if (rows.Count < Page)
                return null;
            last = rows[^1].Number;
        }
    }

    sealed record Row(
        int Number, DateTimeOffset IssuedAt, string Run, string Service, string Pupil, string Payer, string FamilyName, string GivenName, string TaxCode, Euro Total, string? Orders);
}
