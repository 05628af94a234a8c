using System.Globalization;
using Platform.Core.Commands;
using Platform.Core.Documents;
using Platform.Core.Jobs;
using Platform.Core.Mail;
using Platform.Core.Money;
using Platform.Core.Plugins;
using Platform.Core.Settings;
using Platform.Core.Storage;
using Platform.Payments;
using Services.SchoolFees.Billing;
using Services.SchoolFees.Instalments;

namespace Services.SchoolFees.Arrears;

/// <summary>
/// Reminds each morning by what the creditor decided: before a bill is due, and after. Once per bill and step, of a bill that is paid bit by bit once per instalment, by letter where the payer left an address; who did not is on the office's
/// list. Not of a bill that somebody is paying, and not of one whose dispute waits for an answer.
/// </summary>
internal sealed class RemindFamilies(ISessions sessions, ISettings<SchoolFeesSettings> settings, ICommands commands, IMail mail) : IJob
{
    const int AtOnce = 200;

    // Who begins to remind does not remind of all the years before; a job that stood still for a month makes up for it.
    const int Late = 30;

    public async Task Run(JobRun run, CancellationToken stop)
    {
        var policy = await settings.Read(stop);
        if (policy.RemindBefore is { } before)
            await Step("before", run.LegalDay, run.LegalDay, run.LegalDay.AddDays(before), policy, stop);
        if (policy.RemindAfter is { } after)
            await Step("after", run.LegalDay, run.LegalDay.AddDays(-after - Late), run.LegalDay.AddDays(-after), policy, stop);
    }

    async Task Step(string step, DateOnly today, DateOnly first, DateOnly last, SchoolFeesSettings policy, CancellationToken stop)
    {
        for (var (seen, n) = ("", 0); ;)
        {
            var due = await sessions.Run(
                session => session.List<Due>(
                    """
                    select o.bill_id as bill, b.code, o.n, o."of", o.due_on as dueOn, o.cents as amount, o.surcharge_cents as fixed, o.bill_due_on as billDueOn
                      from
                    """ + Owed.Rows +
                    """
                     o
                      join schoolfees.bill b on b.entity_id = @entity and b.bill_id = o.bill_id
                     where o.due_on between @first and @last and (b.code, o.n) > (@seen, @n)
                       and not exists (select from schoolfees.reminder r where r.entity_id = @entity and r.bill_id = o.bill_id and r.instalment = o.n and r.step = @step)
                       and not exists (select from schoolfees.dispute d where d.entity_id = @entity and d.bill_id = o.bill_id and d.answer is null)
                     order by b.code, o.n limit @AtOnce
                    """, new { entity = session.Entity, first, last, seen, n, step, AtOnce }), stop);
            if (due.Count == 0)
                return;
            (seen, n) = (due[^1].Code, due[^1].N);
            var standings = (await commands.Send(new AskPositions([.. due.Select(one => one.Code).Distinct(StringComparer.Ordinal)]), stop)).ToDictionary(standing => standing.Reference, StringComparer.Ordinal);
            await sessions.Run(
                async session =>
                {
                    var written = 0;
                    var bills = (await session.List<Bill>(
                        Bill.Columns + "where b.entity_id = @entity and b.bill_id = any(@ids)", new { entity = session.Entity, ids = due.Select(one => one.Bill).Distinct().ToArray() })).ToDictionary(bill => bill.Id);
                    foreach (var one in due.Where(one => !Lateness.InHand(standings.GetValueOrDefault(one.Code), one.N)))
                    {
                        var bill = bills[one.Bill];
                        var owed = one.N == 0 ? bill.Owed(policy, today)
                            : one.Amount + (one.Fixed > Euro.Zero ? one.Fixed : Lateness.OfInstalment(policy, one.Amount, one.DueOn, one.BillDueOn, today));
                        // Asked once more under this transaction: what was paid meanwhile is not reminded of.
                        if (await session.Execute(
                                """
                                insert into schoolfees.reminder (entity_id, bill_id, instalment, step, decided_on, cents, by_letter)
                                select @entity, o.bill_id, @N, @step, @today, @owed, @letter from
                                """ + Owed.Rows +
                                """
                                 o where o.bill_id = @Bill and o.n = @N
                                on conflict do nothing
                                """, new { entity = session.Entity, one.Bill, one.N, step, today, owed, letter = bill.Email is not null }) == 0)
                            continue;
                        written++;
                        if (bill.Email is { } email)
                            await mail.Send(session, new(
                                one.N == 0 ? $"reminder/{bill.Code}/{step}" : $"reminder/{bill.Code}/{bill.Plan}/{one.N}/{step}", email, step == "before" ? "reminder" : "overdue", Italian,
                                new Dictionary<string, string>(StringComparer.Ordinal)
                                {
                                    ["code"] = bill.Code, ["service"] = bill.Service, ["amount"] = owed.In(Italian), ["due"] = one.DueOn.ToString("d MMMM yyyy", Italian),
                                    ["period"] = bill.Period.ToString("MMMM yyyy", Italian) + (one.N == 0 ? "" : ", " + SchoolFeesTexts.In(Italian)["instalment.of", one.N, one.Of]),
                                }));
                    }
                    if (written > 0)
                        session.Record("schoolfees.reminded", new { step, bills = written });
                    return written;
                },
                stop);
        }
    }

    static readonly CultureInfo Italian = CultureInfo.GetCultureInfo("it-IT");

    /// <param name="N">Of an instalment; 0: the whole bill.</param>
    sealed record Due(Guid Bill, string Code, int N, int Of, DateOnly DueOn, Euro Amount, Euro Fixed, DateOnly BillDueOn);
}

/// <summary>Who was reminded on some days, and who has to be told by other means; who has paid since is left out.</summary>
[RequiresPermission("schoolfees.read")]
internal sealed class ListReminders(ISessions sessions) : IOfficeCommand
{
    const int Page = 1000;

    public async Task<string?> Run(OfficeCall call, TextWriter output, CancellationToken stop)
    {
        var sheet = new CsvSheet(output);
        await sheet.Row("deciso_il", "bolletta", "pagante", "promemoria", "scadenza", "importo", "lettera", "rata");
        for (var (day, code, n, step) = (DateOnly.MinValue, "", 0, ""); ;)
        {
            var rows = await sessions.Run(session => session.List<Row>(
                """
                select r.decided_on as decidedOn, b.code, b.payer_id as payer, r.step, coalesce(i.due_on, b.due_on) as dueOn, r.cents, r.by_letter as byLetter, r.instalment as n
                  from schoolfees.reminder r join schoolfees.bill b on b.entity_id = r.entity_id and b.bill_id = r.bill_id
                  left join schoolfees.instalment i on i.entity_id = r.entity_id and i.bill_id = r.bill_id and i.plan = b.plan and i.n = r.instalment
                 where r.entity_id = @entity and b.state = 'open' and coalesce(i.state, 'open') = 'open' and r.decided_on between @from and @to
                   and (r.decided_on, b.code, r.instalment, r.step) > (@day, @code, @n, @step)
                 order by r.decided_on, b.code, r.instalment, r.step limit @Page
                """, new { entity = session.Entity, from = call.Day("from") ?? DateOnly.MinValue, to = call.Day("to") ?? DateOnly.MaxValue, day, code, n, step, Page }), stop);
            foreach (var row in rows)
                await sheet.Row(row.DecidedOn, row.Code, row.Payer, row.Step == "before" ? "prima della scadenza" : "scaduta", row.DueOn, row.Cents, row.ByLetter ? "sì" : "no", row.N == 0 ? "" : row.N);
            if (rows.Count < Page)
                return null;
            (day, code, n, step) = (rows[^1].DecidedOn, rows[^1].Code, rows[^1].N, rows[^1].Step);
        }
    }

    sealed record Row(DateOnly DecidedOn, string Code, string Payer, string Step, DateOnly DueOn, Euro Cents, bool ByLetter, int N);
}
