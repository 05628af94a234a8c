using Platform.Core.Documents;
using Platform.Core.Plugins;
using Platform.Core.Storage;
using Platform.Core.Time;
using Services.Fines.Register;

namespace Services.Fines;

/// <summary>The lines that wait for a payment to end, and those refused because it succeeded.</summary>
[AtCreditor]
[RequiresPermission("fines.read")]
internal sealed class ListPending(ISessions sessions) : IOfficeCommand
{
    public async Task<string?> Run(OfficeCall call, TextWriter output, CancellationToken stop)
    {
        var sheet = new CsvSheet(output);
        await sheet.Row("verbale", "stato", "caricato_il", "deciso_il", FineColumns.Minimum, FineColumns.Maximum, FineColumns.Costs, "motivo");
        // What is under way now is little; a refused line stays until the fine comes in a file again.
        var rows = await sessions.Run(session => session.List<Row>(
            """
            select f.series, f.year, f.number, p.state, p.asked_at as askedAt, p.decided_at as decidedAt, p.fields
              from fines.pending_change p join fines.fine f on f.entity_id = p.entity_id and f.fine_id = p.fine_id
             where p.entity_id = @entity
             order by p.state desc, p.asked_at, f.series, f.year, f.number
             limit 10000
            """,
            new { entity = session.Entity }), stop);
        foreach (var row in rows)
        {
            Func<string, string> field = SourceLine.FromJson(row.Fields).Field;
            await sheet.Row(
                new FineNumber(row.Series, row.Year, row.Number).ToString(), row.State == "waiting" ? "in attesa" : "respinto", LegalTime.Day(row.AskedAt),
                row.DecidedAt is { } decided ? LegalTime.Day(decided) : null, field(FineColumns.Minimum), field(FineColumns.Maximum), field(FineColumns.Costs),
                row.State == "waiting" ? "C'è un pagamento in corso." : FinesTexts.In(Platform.Core.Pages.PageCultures.Italian)["line.paid"]);
        }
        return null;
    }

    sealed record Row(string Series, int Year, int Number, string State, DateTimeOffset AskedAt, DateTimeOffset? DecidedAt, string Fields);
}
