using Platform.Core.Documents;
using Platform.Core.Money;
using Platform.Core.Plugins;
using Platform.Core.Storage;
using Services.SchoolFees.Billing;
using Services.SchoolFees.Tariffs;

namespace Services.SchoolFees.Simulation;

/// <summary>What a tariff would have asked of a school year's families, beside what the tariffs of that year asked. Nothing is written.</summary>
[RequiresPermission("schoolfees.read")]
internal sealed class SimulateTariff(ISessions sessions) : IOfficeCommand
{
    public async Task<string?> Run(OfficeCall call, TextWriter output, CancellationToken stop)
    {
        var (id, name) = (call.Text("tariff")!.ToUpperInvariant(), call.Text("year")!);
        var (refusal, tariff, usage) = await sessions.Run(session => Read(session, id, name), stop);
        if (refusal is not null)
            return refusal;
        // Its own first day is to come: it is tried as if it had always been there, and the year as if it were not.
        var before = Charges.Due(usage! with { Tariffs = [.. usage.Tariffs.Where(other => other.Id != id)] }).ToDictionary(due => (due.Pupil, due.Month), due => due.Total);
        var groups = Charges.Due(usage with { Tariffs = [tariff! with { From = DateOnly.MinValue }] })
            .GroupBy(due => TariffBand.Of(tariff, due.Household))
            .OrderBy(group => (group.Key.Rank, group.Key.Limit))
            .Select(group => (Band: group.Key, Months: group.ToList()));
        var sheet = new CsvSheet(output);
        await sheet.Row("fascia", "alunni", "mesi", "prima", "dopo", "differenza");
        var (then, now, months, pupils) = (Euro.Zero, Euro.Zero, 0, new HashSet<string>(StringComparer.Ordinal));
        foreach (var (band, due) in groups)
        {
            var was = new Euro(due.Sum(month => before.GetValueOrDefault((month.Pupil, month.Month)).Cents));
            var becomes = new Euro(due.Sum(month => month.Total.Cents));
            await sheet.Row(band.Name, due.Select(month => month.Pupil).Distinct(StringComparer.Ordinal).Count(), due.Count, was, becomes, becomes - was);
            (then, now, months) = (then + was, now + becomes, months + due.Count);
            pupils.UnionWith(due.Select(month => month.Pupil));
        }
        await sheet.Row("totale", pupils.Count, months, then, now, now - then);
        return null;
    }

    static async Task<(string? Refusal, Tariff? Tariff, Usage? Usage)> Read(IEntitySession session, string id, string name)
    {
        if ((await TariffRow.All(session, null)).FirstOrDefault(known => known.Id == id) is not { } tariff)
            return ($"Non c'è la tariffa {id}: caricala prima, con la data da cui varrà.", null, null);
        if (await session.First<DateOnly?>("select ends_on from schoolfees.school_year where entity_id = @entity and school_year = @name", new { entity = session.Entity, name }) is not { } ends)
            return ($"Non c'è l'anno scolastico {name}.", null, null);
        return (null, tariff, await PrepareRunHandler.ReadUsage(session, tariff.Service, new(ends.Year, ends.Month, 1)));
    }
}

/// <summary>A row of a simulation: families that a tariff treats alike. Rank and limit say where it stands.</summary>
internal readonly record struct TariffBand(int Rank, long Limit, string Name)
{
    public static TariffBand Of(Tariff tariff, Household household) => household switch
    {
        { Exempt: true } => new(0, 0, "esenti"),
        { Resident: false } => new(5, 0, "non residenti"),
        _ when tariff.Method == TariffMethod.Flat && household.Isee is not { } => new(1, 0, "tariffa unica"),
        { Isee: null } => new(4, 0, "senza ISEE valido"),
        { Isee: { } isee } when isee <= tariff.ExemptTo => new(0, 1, $"esenti per ISEE, fino a {tariff.ExemptTo}"),
        { Isee: { } isee } => Of(tariff, isee),
    };

    static TariffBand Of(Tariff tariff, Euro isee)
    {
        if (tariff.Method == TariffMethod.Flat)
            return new(1, 0, "tariffa unica");
        var limits = tariff.Method == TariffMethod.Linear ? [tariff.IseeFrom, tariff.IseeTo] : tariff.Bands.Select(band => band.UpTo).ToList();
        var top = limits.Where(limit => isee <= limit).Select(limit => (Euro?)limit).FirstOrDefault();
        return top is { } limit ? new(2, limit.Cents, $"ISEE fino a {limit}") : new(3, 0, $"ISEE oltre {limits[^1]}");
    }
}
