using Platform.Core.Documents;
using Platform.Core.Money;
using Platform.Core.Plugins;
using Platform.Core.Storage;
using Platform.Core.Time;

namespace Services.SchoolFees.Arrears;

/// <summary>Where a school year stands: billed, paid, to be paid, overdue, given back and credited, by school and service.</summary>
/// <remarks>A bill counts for the school in which the pupil used the service in the bill's month; one without any, which a move may leave, stands in a row without a school.</remarks>
[RequiresPermission("schoolfees.read")]
internal sealed class Summarise(ISessions sessions, TimeProvider time) : IOfficeCommand
{
    public async Task<string?> Run(OfficeCall call, TextWriter output, CancellationToken stop)
    {
        var year = call.Text("year")!;
        var rows = await sessions.Run(
            async session => await session.First<bool>("select exists (select from schoolfees.school_year where entity_id = @entity and school_year = @year)", new { entity = session.Entity, year })
                ? await session.List<Row>(
                    """
                    with bills as (
                        select b.bill_id, b.service_id, b.state, b.total_cents, b.due_on,
                               (select e.school_id from schoolfees.enrolment e
                                 where e.entity_id = b.entity_id and e.pupil_id = b.pupil_id and e.service_id = b.service_id and e.starts_on < b.period + interval '1 month'
                                   and coalesce(e.ends_on, b.period) >= b.period
                                 order by e.starts_on desc limit 1) as school_id
                          from schoolfees.bill b
                          join schoolfees.school_year y on y.entity_id = b.entity_id and y.school_year = @year
                         where b.entity_id = @entity and b.period between date_trunc('month', y.starts_on)::date and y.ends_on and b.state not in ('draft', 'cancelled')),
                    sums as (
                        select school_id, service_id, count(*)::int as bills, sum(total_cents)::bigint as billed,
                               coalesce(sum(total_cents) filter (where state = 'paid'), 0)::bigint as paid,
                               coalesce(sum(total_cents) filter (where state <> 'paid'), 0)::bigint as unpaid,
                               coalesce(sum(total_cents) filter (where state <> 'paid' and due_on < @today), 0)::bigint as overdue,
                               coalesce(sum((select sum(r.cents) from schoolfees.refund r where r.entity_id = @entity and r.bill_id = bills.bill_id)), 0)::bigint as refunded
                          from bills group by 1, 2)
                    select coalesce(c.name, '') as school, s.name as service, t.bills, t.billed, t.paid, t.unpaid, t.overdue, t.refunded
                      from sums t
                      join schoolfees.service s on s.entity_id = @entity and s.service_id = t.service_id
                      left join schoolfees.school c on c.entity_id = @entity and c.school_id = t.school_id
                     order by 1, 2
                    """, new { entity = session.Entity, year, today = LegalTime.Day(time.GetUtcNow()) })
                : null,
            stop);
        if (rows is null)
            return $"Non c'è l'anno scolastico {year}.";
        var sheet = new CsvSheet(output);
        await sheet.Row("scuola", "servizio", "bollette", "fatturato", "pagato", "da_pagare", "scaduto", "restituito");
        foreach (var row in rows.Append(Sum(rows)))
            await sheet.Row(row.School, row.Service, row.Bills, row.Billed, row.Paid, row.Unpaid, row.Overdue, row.Refunded);
        return null;
    }

    static Row Sum(IReadOnlyList<Row> rows)
    {
        return new("totale", "", rows.Sum(row => row.Bills), Of(row => row.Billed), Of(row => row.Paid), Of(row => row.Unpaid), Of(row => row.Overdue), Of(row => row.Refunded));

        Euro Of(Func<Row, Euro> part) => new(rows.Sum(row => part(row).Cents));
    }

    sealed record Row(string School, string Service, int Bills, Euro Billed, Euro Paid, Euro Unpaid, Euro Overdue, Euro Refunded);
}
