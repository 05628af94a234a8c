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

namespace Services.SchoolFees.Arrears;

/// <summary>
/// Reminds each morning by what the creditor decided: before a bill is due, and after. Once per bill and step, by letter where the payer left an address; who did not is on the office's
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
        for (var seen = ""; ;)
        {
            var bills = await sessions.Run(
                session => session.List<Bill>(
                    Bill.Columns +
                    """
                    where b.entity_id = @entity and b.state = 'open' and b.due_on between @first and @last and b.code > @seen
                      and not exists (select from schoolfees.reminder r where r.entity_id = b.entity_id and r.bill_id = b.bill_id and r.step = @step)
                      and not exists (select from schoolfees.dispute d where d.entity_id = b.entity_id and d.bill_id = b.bill_id and d.answer is null)
                    order by b.code limit @AtOnce
                    """, new { entity = session.Entity, first, last, seen, step, AtOnce }), stop);
            if (bills.Count == 0)
                return;
            seen = bills[^1].Code;
            var busy = (await commands.Send(new AskPositions([.. bills.Select(bill => bill.Code)]), stop)).Where(standing => standing.Paid || standing.UnderWay)
                .Select(standing => standing.Reference).ToHashSet(StringComparer.Ordinal);
            await sessions.Run(
                async session =>
                {
                    var written = 0;
                    foreach (var bill in bills.Where(bill => !busy.Contains(bill.Code)))
                    {
                        var owed = bill.Owed(policy, today);
                        if (await session.Execute(
                                """
                                insert into schoolfees.reminder (entity_id, bill_id, step, decided_on, cents, by_letter)
                                select @entity, bill_id, @step, @today, @owed, @letter from schoolfees.bill where entity_id = @entity and bill_id = @Id and state = 'open'
                                on conflict do nothing
                                """, new { entity = session.Entity, bill.Id, step, today, owed, letter = bill.Email is not null }) == 0)
                            continue;
                        written++;
                        if (bill.Email is { } email)
                            await mail.Send(session, new(
                                $"reminder/{bill.Code}/{step}", email, step == "before" ? "reminder" : "overdue", Italian,
                                new Dictionary<string, string>(StringComparer.Ordinal)
                                {
                                    ["code"] = bill.Code, ["service"] = bill.Service, ["period"] = bill.Period.ToString("MMMM yyyy", Italian), ["amount"] = owed.In(Italian),
                                    ["due"] = bill.DueOn.ToString("d MMMM yyyy", Italian),
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
}

/// <summary>Who was reminded on some days, and who has to be told by other means; who has paid since is left out.</summary>
[RequiresPermission("schoolfees.read")]
internal sealed class ListReminders(ISessions sessions) : IOfficeCommand
{
    const int Page = 1000;

    public async Task<string?> Run(OfficeCall call, TextWriter output, CancellationToken stop)
    {
        var sheet = new CsvSheet(output);
        await sheet.Row("deciso_il", "bolletta", "pagante", "promemoria", "scadenza", "importo", "lettera");
        for (var (day, code, step) = (DateOnly.MinValue, "", ""); ;)
        {
            var rows = await sessions.Run(session => session.List<Row>(
                """
                select r.decided_on as decidedOn, b.code, b.payer_id as payer, r.step, b.due_on as dueOn, r.cents, r.by_letter as byLetter
                  from schoolfees.reminder r join schoolfees.bill b on b.entity_id = r.entity_id and b.bill_id = r.bill_id
                 where r.entity_id = @entity and b.state = 'open' and r.decided_on between @from and @to and (r.decided_on, b.code, r.step) > (@day, @code, @step)
                 order by r.decided_on, b.code, r.step limit @Page
                """, new { entity = session.Entity, from = call.Day("from") ?? DateOnly.MinValue, to = call.Day("to") ?? DateOnly.MaxValue, day, code, step, Page }), stop);
            foreach (var row in rows)
                await sheet.Row(row.DecidedOn, row.Code, row.Payer, row.Step == "before" ? "prima della scadenza" : "scaduta", row.DueOn, row.Cents, row.ByLetter ? "sì" : "no");
            if (rows.Count < Page)
                return null;
            (day, code, step) = (rows[^1].DecidedOn, rows[^1].Code, rows[^1].Step);
        }
    }

    sealed record Row(DateOnly DecidedOn, string Code, string Payer, string Step, DateOnly DueOn, Euro Cents, bool ByLetter);
}
