using Platform.Core.Documents;
using Platform.Core.Money;
using Platform.Core.Plugins;
using Platform.Core.Storage;
using Services.Fines.Register;

namespace Services.Fines;

/// <summary>Who is to be reminded, as decided on some days; who has paid since is left out.</summary>
[AtCreditor]
[RequiresPermission("fines.read")]
internal sealed class ListReminders(ISessions sessions) : IOfficeCommand
{
    const int Page = 1000;

    public async Task<string?> Run(OfficeCall call, TextWriter output, CancellationToken stop)
    {
        var sheet = new CsvSheet(output);
        await sheet.Row("deciso_il", "verbale", "targa", "promemoria", "ultimo_giorno", "importo", "email");
        var (day, id, step) = (DateOnly.MinValue, Guid.Empty, "");
        while (true)
        {
            var rows = await sessions.Run(session => session.List<Row>(
                """
                select r.decided_on as decidedOn, r.fine_id as id, r.step, r.last_day as lastDay, r.cents, r.mailed, f.series, f.year, f.number, f.plate
                  from fines.reminder r join fines.fine f on f.entity_id = r.entity_id and f.fine_id = r.fine_id
                 where r.entity_id = @entity and f.state = 'open' and f.phase = 'report' and f.withdrawn is distinct from 'withdrawn' and r.decided_on between @from and @to and (r.decided_on, r.fine_id, r.step) > (@day, @id, @step)
                 order by r.decided_on, r.fine_id, r.step
                 limit @Page
                """,
                new { entity = session.Entity, from = call.Day("from") ?? DateOnly.MinValue, to = call.Day("to") ?? DateOnly.MaxValue, day, id, step, Page }), stop);
            foreach (var row in rows)
                await sheet.Row(row.DecidedOn, new FineNumber(row.Series, row.Year, row.Number).ToString(), row.Plate, Italian(row.Step), row.LastDay, row.Cents, row.Mailed ? "inviata" : "");
            if (rows.Count < Page)
                return null;
            (day, id, step) = (rows[^1].DecidedOn, rows[^1].Id, rows[^1].Step);
        }
    }

    static string Italian(string step) => step switch { "reduced_ends" => "finisce l'importo ridotto", "minimum_ends" => "finisce il minimo", _ => "il minimo è finito" };

    sealed record Row(DateOnly DecidedOn, Guid Id, string Step, DateOnly LastDay, Euro Cents, bool Mailed, string Series, int Year, int Number, string Plate);
}
