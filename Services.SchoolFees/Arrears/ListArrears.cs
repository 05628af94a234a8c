using Platform.Core.Commands;
using Platform.Core.Documents;
using Platform.Core.Money;
using Platform.Core.Plugins;
using Platform.Core.Settings;
using Platform.Core.Storage;
using Platform.Core.Time;
using Platform.Payments;
using Services.SchoolFees.Instalments;

namespace Services.SchoolFees.Arrears;

/// <summary>Bills that are overdue, with all that who collects them needs. Those that somebody is paying now are left out.</summary>
/// <remarks>Nothing changes by it: a bill on the list can be paid as before, so what was handed to a collector has to be compared with a later list.</remarks>
[RequiresPermission("schoolfees.read")]
internal sealed class ListArrears(ISessions sessions, ICommands commands, ISettings<SchoolFeesSettings> settings, TimeProvider time) : IOfficeCommand
{
    const int Page = 500;

    public async Task<string?> Run(OfficeCall call, TextWriter output, CancellationToken stop)
    {
        var sheet = new CsvSheet(output);
        await sheet.Row(
            "bolletta", "pagante", "cognome", "nome", "codice_fiscale", "alunno", "servizio", "codice_tassonomia", "mese", "scadenza", "giorni", "importo", "maggiorazione", "dovuto", "solleciti", "ultimo_sollecito",
            "contestata", "rata");
        var (policy, today) = (await settings.Read(stop), LegalTime.Day(time.GetUtcNow()));
        var (count, sum) = (0, Euro.Zero);
        for (var (seen, n) = ("", 0); ;)
        {
            var rows = await sessions.Run(session => session.List<Row>(
                """
                select b.code, b.payer_id as payer, n.family_name as familyName, n.given_name as givenName, n.tax_code as payerTaxCode, b.pupil_id as pupil, s.name as service, s.tax_code as taxCode, b.period,
                       o.due_on as dueOn, o.cents as total, o.n, o."of", o.surcharge_cents as fixed, o.bill_due_on as billDueOn,
                       (select count(*) from schoolfees.reminder r where r.entity_id = b.entity_id and r.bill_id = b.bill_id and r.instalment = o.n and r.step = 'after')::int as reminders,
                       (select max(r.decided_on) from schoolfees.reminder r where r.entity_id = b.entity_id and r.bill_id = b.bill_id and r.instalment = o.n and r.step = 'after') as remindedOn,
                       exists (select from schoolfees.dispute d where d.entity_id = b.entity_id and d.bill_id = b.bill_id and d.answer is null) as disputed
                  from
                """ + Owed.Rows +
                """
                 o
                  join schoolfees.bill b on b.entity_id = @entity and b.bill_id = o.bill_id
                  join schoolfees.person n on n.entity_id = b.entity_id and n.person_id = b.payer_id
                  join schoolfees.service s on s.entity_id = b.entity_id and s.service_id = b.service_id
                 where o.due_on < @last and (b.code, o.n) > (@seen, @n)
                 order by b.code, o.n limit @Page
                """, new { entity = session.Entity, last = today.AddDays(-(call.Number("days") ?? 0)), seen, n, Page }), stop);
            if (rows.Count == 0)
                break;
            (seen, n) = (rows[^1].Code, rows[^1].N);
            var standings = (await commands.Send(new AskPositions([.. rows.Select(row => row.Code).Distinct(StringComparer.Ordinal)]), stop)).ToDictionary(standing => standing.Reference, StringComparer.Ordinal);
            foreach (var row in rows.Where(row => !Lateness.InHand(standings.GetValueOrDefault(row.Code), row.N)))
            {
                var surcharge = row.N == 0 ? Lateness.Surcharge(policy, row.Total, row.DueOn, today)
                    : row.Fixed > Euro.Zero ? row.Fixed : Lateness.OfInstalment(policy, row.Total, row.DueOn, row.BillDueOn, today);
                await sheet.Row(
                    row.Code, row.Payer, row.FamilyName, row.GivenName, row.PayerTaxCode, row.Pupil, row.Service, row.TaxCode, row.Period, row.DueOn, today.DayNumber - row.DueOn.DayNumber, row.Total, surcharge,
                    row.Total + surcharge, row.Reminders, row.RemindedOn, row.Disputed ? "sì" : "no", row.N == 0 ? "" : $"{row.N} di {row.Of}");
                (count, sum) = (count + 1, sum + row.Total + surcharge);
            }
        }
        await sessions.Run(
            session =>
            {
                session.Record("schoolfees.arrears_listed", new { bills = count, cents = sum.Cents });
                return Task.FromResult(0);
            },
            stop);
        call.Note($"{count} bollette scadute, {sum} in tutto.");
        return null;
    }

    sealed record Row(
        string Code, string Payer, string FamilyName, string GivenName, string PayerTaxCode, string Pupil, string Service, string TaxCode, DateOnly Period, DateOnly DueOn, Euro Total, int N, int Of, Euro Fixed, DateOnly BillDueOn, int Reminders,
        DateOnly? RemindedOn, bool Disputed);
}

/// <summary>What is added to a bill that is paid late.</summary>
internal static class Lateness
{
    /// <summary>Nothing up to and including the last day without one, and nothing for bills that were due before the rule began.</summary>
    public static Euro Surcharge(SchoolFeesSettings policy, Euro total, DateOnly dueOn, DateOnly today) =>
        policy is { Surcharge: { } percent, SurchargeSince: { } since } && dueOn >= since && today > LastDayWithout(policy, dueOn) ? total.Percent(percent) : Euro.Zero;

    /// <summary>Somebody is paying it now, or has paid and the word is on its way. Of a bill that is paid bit by bit something always is paid.</summary>
    public static bool InHand(PositionStanding? standing, int instalment) => standing is { UnderWay: true } || (instalment == 0 && standing is { Paid: true });

    /// <summary>Of an instalment that was missed, counted from its own day; the rule must have been there when the bill was due.</summary>
    public static Euro OfInstalment(SchoolFeesSettings policy, Euro amount, DateOnly dueOn, DateOnly billDueOn, DateOnly today) =>
        policy.SurchargeSince is { } since && billDueOn >= since ? Surcharge(policy, amount, dueOn, today) : Euro.Zero;

    public static DateOnly LastDayWithout(SchoolFeesSettings policy, DateOnly dueOn) => dueOn.AddDays(policy.SurchargeAfter);
}
