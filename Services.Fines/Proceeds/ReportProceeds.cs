using Platform.Core.Documents;
using Platform.Core.Money;
using Platform.Core.Plugins;
using Platform.Core.Storage;

namespace Services.Fines;

/// <summary>
/// What fines brought in a year, for the report that is due by 31 May of the next (Codice della Strada art. 142 c. 12-quater): what was found out by speed devices apart,
/// by kind of device and owner of the road, because half of it is the owner's (c. 12-bis); all else under art. 208.
/// </summary>
/// <remarks>
/// By the days of payment: what was paid in the year less what was taken back or refunded in it, whenever it had been paid. Notification costs are no proceeds and stand
/// apart; they count as paid first. It holds the figures and not how they were spent, and is not the ministry's form.
/// </remarks>
[AtCreditor]
[RequiresPermission("fines.read")]
internal sealed class ReportProceeds(ISessions sessions) : IOfficeCommand
{
    public async Task<string?> Run(OfficeCall call, TextWriter output, CancellationToken stop)
    {
        var year = call.Number("year")!.Value;
        if (year is < Register.FineNumber.FirstYear or > 9998)
            return FinesTexts.In(call.Culture)["office.proceeds.year.wrong", Register.FineNumber.FirstYear];
        var rows = await sessions.Run(session => session.List<Row>(Proceeds, new { entity = session.Entity, first = new DateOnly(year, 1, 1), after = new DateOnly(year + 1, 1, 1) }), stop);
        var sheet = new CsvSheet(output);
        await sheet.Row("anno", "norma", "dispositivo", "proprietario_strada", "pagamenti", "restituzioni", "incassato", "di_cui_spese", "proventi", "quota_proprietario", "quota_ente");
        foreach (var row in rows)
        {
            var costs = new Euro(row.Costs);
            var proceeds = new Euro(row.Total - row.Costs);
            // On the creditor's own roads all is his; elsewhere half each, and the odd cent stays with who found it out.
            var owners = row is { Speed: true, Owner.Length: > 0 } ? new Euro(proceeds.Cents / 2) : Euro.Zero;
            await sheet.Row(
                year, row.Speed ? "art. 142 c. 12-bis" : "art. 208", row.Kind switch { "fixed" => "fisso", "mobile" => "mobile", _ => "" }, row.Owner,
                row.Payments, row.Returns, new Euro(row.Total), costs, proceeds, owners, proceeds - owners);
        }
        if (rows.Any(row => row.Unknown > 0))
            call.Note(FinesTexts.In(call.Culture)["office.proceeds.unknown", rows.Sum(row => row.Unknown)]);
        return null;
    }

    const string Proceeds =
        """
        with moved as (
            select m.fine_id, count(*) filter (where m.kind = 'paid') as payments, count(*) filter (where m.kind in ('reversed', 'refunded')) as returns, count(*) filter (where m.cents is null) as unknown,
                   sum(case when m.kind in ('paid', 'made_good') then 1 else -1 end * coalesce(m.cents, 0)) as cents
              from fines.movement m
             where m.entity_id = @entity and m.moved_on >= @first and m.moved_on < @after and m.kind in ('paid', 'made_good', 'short', 'reversed', 'refunded')
             group by m.fine_id
        ), fined as (
            -- The costs once, however often it was paid and given back: what is left of a payment has them first.
            select f.device_kind <> '' and f.article ~ '(^|[^0-9])142([^0-9]|$)' as speed, f.device_kind, f.road_owner, m.*, sign(m.cents) * least(f.costs_cents, abs(m.cents)) as costs
              from moved m join fines.fine f on f.entity_id = @entity and f.fine_id = m.fine_id
        )
        select speed, case when speed then device_kind else '' end as kind, case when speed then road_owner else '' end as owner,
               sum(payments)::int as payments, sum(returns)::int as returns, sum(cents)::bigint as total, sum(costs)::bigint as costs, sum(unknown)::int as unknown
          from fined
         group by 1, 2, 3
         order by 1 desc, 2, 3
        """;

    sealed record Row(bool Speed, string Kind, string Owner, int Payments, int Returns, long Total, long Costs, int Unknown);
}
