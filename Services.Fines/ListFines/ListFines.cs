using Platform.Core.Documents;
using Platform.Core.Money;
using Platform.Core.Plugins;
using Platform.Core.Storage;
using Services.Fines.Amounts;
using Services.Fines.Register;

namespace Services.Fines;

/// <summary>
/// The fines of an office, in the order of their numbers: all of a creditor's; for a municipality whose union is the creditor, those that happened in its territory. It
/// changes nothing, and what the municipality may see the database decides by a policy of its own, whatever this statement asks for.
/// </summary>
[RequiresPermission("fines.read")]
internal sealed class ListFines(ISessions sessions) : IOfficeCommand
{
    const int Page = 1000;

    public async Task<string?> Run(OfficeCall call, TextWriter output, CancellationToken stop)
    {
        var texts = FinesTexts.In(call.Culture);
        if (call.Creditor is not { } creditor)
            return texts["office.list.none", call.Entity.Name];
        Phase? phase = call.Text("phase") is { } text ? Phases.Italian[text] : null;
        Plate? plate = null;
        if (call.Text("plate") is { } written && !Plate.TryParse(written, out plate))
            return texts["office.list.plate.wrong"];
        FineNumber? after = null;
        if (call.Text("after") is { } number && !FineNumber.TryParse(number, out after))
            return texts["office.list.after.wrong"];
        if (call.Text("municipality") is { } istat && (creditor != call.Entity.Id ? istat != call.Entity.IstatCode : istat.Length != 6 || !istat.All(char.IsAsciiDigit)))
            return texts[creditor != call.Entity.Id ? "office.list.municipality.own" : "office.list.municipality.wrong", call.Entity.Name, call.Entity.IstatCode];
        var left = call.Number("limit") ?? int.MaxValue;

        var foreign = creditor != call.Entity.Id;
        var sheet = new CsvSheet(output);
        await sheet.Row("verbale", "data_violazione", "comune", "luogo", "articolo", "targa", "fase", "stato", "data_notifica", "minimo", "massimo", "spese", "pagato_il", "pagato", "ordine", "manca");
        var last = after ?? new FineNumber("", 0, 0);
        while (left > 0)
        {
            var page = Math.Min(Page, left);
            var rows = await sessions.Run(
                async session =>
                {
                    if (foreign)
                        await session.Execute("select set_config('portico.territory', 'on', true)");
                    return await session.List<Row>(Fines, new
                    {
                        creditor, last.Series, last.Year, last.Number, page, state = call.Text("state"), phase = phase?.ToText(), plate = plate?.Value,
                        municipality = foreign ? call.Entity.IstatCode : call.Text("municipality"), from = call.Day("from"), to = call.Day("to"),
                    });
                },
                stop);
            foreach (var row in rows)
                await sheet.Row(
                    row.Name.ToString(), row.ViolatedOn, row.Municipality, row.Place, row.Article, row.Plate, Phases.Italian.First(known => known.Value.ToText() == row.Phase).Key,
                    row.State != "paid" ? "aperto" : row.Missing is null ? "pagato" : "pagato in parte", row.ToldOn, row.Minimum, row.Maximum, row.Costs, row.PaidOn, row.Paid, row.PaidOrder, row.Missing);
            if (rows.Count < page)
                return null;
            left -= page;
            last = rows[^1].Name;
        }
        call.Note(texts["office.list.more", last]);
        return null;
    }

    // By the key of the register, so that a page costs the same wherever it begins.
    const string Fines =
        """
        select series, year, number, violated_on as violatedOn, municipality::text, place, article || case comma when '' then '' else ' c. ' || comma end as article, plate, case when withdrawn = 'withdrawn' then 'archived' else phase end as phase, state,
               coalesce(notified_on, case when contested_at_once then violated_on end, declared_on) as toldOn, min_cents as minimum, max_cents as maximum, costs_cents as costs,
               paid_on as paidOn, paid_cents + coalesce(s.rest_cents, 0) as paid, paid_order as paidOrder, case when s.closed_at is null then s.due_cents - s.supplement_paid - s.rest_cents end as missing
          from fines.fine
          left join lateral (select rest_cents, closed_at, due_cents, paid_cents from fines.supplement x where x.entity_id = fine.entity_id and x.fine_id = fine.fine_id and x.paid_order = fine.paid_order) s (rest_cents, closed_at, due_cents, supplement_paid) on state = 'paid'
         where entity_id = @creditor and (series, year, number) > (@Series, @Year, @Number)
           and (@municipality::text is null or municipality = @municipality::bpchar) and (@state::text is null or (@state = 'part' and state = 'paid' and s.due_cents is not null and s.closed_at is null) or state = @state) and (@phase::text is null or case when withdrawn = 'withdrawn' then 'archived' else phase end = @phase)
           and (@plate::text is null or plate = @plate) and (@from::date is null or violated_on >= @from) and (@to::date is null or violated_on <= @to)
         order by series, year, number
         limit @page
        """;

    sealed record Row(
        string Series, int Year, int Number, DateOnly ViolatedOn, string Municipality, string Place, string Article, string Plate, string Phase, string State, DateOnly? ToldOn,
        Euro Minimum, Euro Maximum, Euro Costs, DateOnly? PaidOn, Euro? Paid, string? PaidOrder, Euro? Missing)
    {
        public FineNumber Name => new(Series, Year, Number);
    }
}
