using Platform.Core.Documents;
using Platform.Core.Plugins;
using Platform.Core.Storage;
using Platform.Core.Time;

namespace Services.Fines;

/// <summary>The outcome files made until now, the last first.</summary>
[AtCreditor]
[RequiresPermission("fines.read")]
internal sealed class ListOutcomes(ISessions sessions) : IOfficeCommand
{
    public async Task<string?> Run(OfficeCall call, TextWriter output, CancellationToken stop)
    {
        var sheet = new CsvSheet(output);
        await sheet.Row("lotto", "giorno", "ora", "righe");
        foreach (var run in await sessions.Run(session => session.List<Made>(
            "select run, made_at as madeAt, lines from fines.outcome_run where entity_id = @entity order by run desc limit 10000", new { entity = session.Entity }), stop))
            await sheet.Row(run.Run, LegalTime.Day(run.MadeAt), LegalTime.Local(run.MadeAt).ToString("HH:mm", System.Globalization.CultureInfo.InvariantCulture), run.Lines);
        return null;
    }

    sealed record Made(int Run, DateTimeOffset MadeAt, int Lines);
}
