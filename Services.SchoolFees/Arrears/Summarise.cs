using Platform.Core.Commands;
using Platform.Core.Documents;
using Platform.Core.Money;
using Platform.Core.Plugins;
using Platform.Core.Storage;
using Platform.Core.Time;

namespace Services.SchoolFees.Arrears;

/// <summary>A school year, by school and service; null where there is no such year.</summary>
[RequiresPermission("schoolfees.read")]
internal sealed record ReadSummary(string Year) : ICommand<IReadOnlyList<SummaryLine>?>;

/// <summary>Where the bills of a school and a service stand.</summary>
public sealed record SummaryLine(string School, string Service, int Bills, Euro Billed, Euro Paid, Euro Unpaid, Euro Overdue, Euro Refunded)
{
    internal static SummaryLine Sum(string title, IReadOnlyList<SummaryLine> lines)
    {
        return new(title, "", lines.Sum(line => line.Bills), Of(line => line.Billed), Of(line => line.Paid), Of(line => line.Unpaid), Of(line => line.Overdue), Of(line => line.Refunded));

        Euro Of(Func<SummaryLine, Euro> part) => new(lines.Sum(line => part(line).Cents));
    }
}

internal sealed class ReadSummaryHandler(ISessions sessions, TimeProvider time) : ICommandHandler<ReadSummary, IReadOnlyList<SummaryLine>?>
{
    public Task<IReadOnlyList<SummaryLine>?> Handle(ReadSummary command, CancellationToken stop) => sessions.Run<IReadOnlyList<SummaryLine>?>(
        async session => await session.First<bool>("select exists (select from schoolfees.school_year where entity_id = @entity and school_year = @Year)", new { entity = session.Entity, command.Year })
                ? await session.List<SummaryLine>(
                    """
                    with bills as (
                        select b.bill_id, b.service_id, b.state, b.total_cents,
                               case when b.state = 'paid' then 0 else coalesce(i.cents, b.total_cents) end as left_cents,
                               case when b.state = 'paid' then 0 when i.cents is not null then i.overdue when b.due_on < @today then b.total_cents else 0 end as overdue_cents,
                               (select e.school_id from schoolfees.enrolment e
                                 where e.entity_id = b.entity_id and e.pupil_id = b.pupil_id and e.service_id = b.service_id and e.starts_on < b.period + interval '1 month'
                                   and coalesce(e.ends_on, b.period) >= b.period
                                 order by e.starts_on desc limit 1) as school_id
                          from schoolfees.bill b
                          join schoolfees.school_year y on y.entity_id = b.entity_id and y.school_year = @Year
                          left join lateral (
                              select sum(t.cents) as cents, coalesce(sum(t.cents) filter (where t.due_on < @today), 0) as overdue from schoolfees.instalment t
                               where t.entity_id = b.entity_id and t.bill_id = b.bill_id and t.plan = b.plan and t.state = 'open') i on true
                         where b.entity_id = @entity and b.period between date_trunc('month', y.starts_on)::date and y.ends_on and b.state not in ('draft', 'cancelled')),
                    sums as (
                        select school_id, service_id, count(*)::int as bills, sum(total_cents)::bigint as billed,
                               sum(total_cents - left_cents)::bigint as paid,
                               sum(left_cents)::bigint as unpaid,
                               sum(overdue_cents)::bigint as overdue,
                               coalesce(sum((select sum(r.cents) from schoolfees.refund r where r.entity_id = @entity and r.bill_id = bills.bill_id)), 0)::bigint as refunded
                          from bills group by 1, 2)
                    select coalesce(c.name, '') as school, s.name as service, t.bills, t.billed, t.paid, t.unpaid, t.overdue, t.refunded
                      from sums t
                      join schoolfees.service s on s.entity_id = @entity and s.service_id = t.service_id
                      left join schoolfees.school c on c.entity_id = @entity and c.school_id = t.school_id
                     order by 1, 2
                    """, new { entity = session.Entity, command.Year, today = LegalTime.Day(time.GetUtcNow()) })
                : null,
        stop);
}

/// <summary>Where a school year stands: billed, paid, to be paid, overdue, given back and credited, by school and service.</summary>
/// <remarks>A bill counts for the school in which the pupil used the service in the bill's month; one without any, which a move may leave, stands in a row without a school.</remarks>
[RequiresPermission("schoolfees.read")]
internal sealed class Summarise(ICommands commands) : IOfficeCommand
{
    public async Task<string?> Run(OfficeCall call, TextWriter output, CancellationToken stop)
    {
        var year = call.Text("year")!;
        if (await commands.Send(new ReadSummary(year), stop) is not { } lines)
            return $"Non c'è l'anno scolastico {year}.";
        var sheet = new CsvSheet(output);
        await sheet.Row("scuola", "servizio", "bollette", "fatturato", "pagato", "da_pagare", "scaduto", "restituito");
        foreach (var line in lines.Append(SummaryLine.Sum("totale", lines)))
            await sheet.Row(line.School, line.Service, line.Bills, line.Billed, line.Paid, line.Unpaid, line.Overdue, line.Refunded);
        return null;
    }
}
