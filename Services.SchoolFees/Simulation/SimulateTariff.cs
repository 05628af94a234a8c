using Platform.Core.Commands;
using Platform.Core.Documents;
using Platform.Core.Money;
using Platform.Core.Plugins;
using Platform.Core.Storage;
using Services.SchoolFees.Billing;
using Services.SchoolFees.Tariffs;

namespace Services.SchoolFees.Simulation;

/// <summary>What a tariff would have asked of a school year's families, beside what the tariffs of that year asked. Nothing is written. The refusal's detail is for the officer.</summary>
[RequiresPermission("schoolfees.read")]
internal sealed record SimulateTariff(string Tariff, string Year) : ICommand<Outcome<SimulatedLine[]>>;

/// <summary>Families that a tariff treats alike; the last one is all of them.</summary>
/// <param name="Band">In words of the office, Italian; null of the sum.</param>
public sealed record SimulatedLine(string? Band, int Pupils, int Months, Euro Before, Euro After)
{
    public Euro Difference => After - Before;
}

internal sealed class SimulateTariffHandler(ISessions sessions) : ICommandHandler<SimulateTariff, Outcome<SimulatedLine[]>>
{
    public const string NoTariff = "schoolfees.no_such_tariff", NoYear = "schoolfees.no_such_year";

    public async Task<Outcome<SimulatedLine[]>> Handle(SimulateTariff command, CancellationToken stop)
    {
        var (refusal, tariff, usage) = await sessions.Run(session => Read(session, command.Tariff, command.Year), stop);
        if (refusal is not null)
            return refusal;
        // Its own first day is to come: it is tried as if it had always been there, and the year as if it were not.
        var before = Charges.Due(usage! with { Tariffs = [.. usage.Tariffs.Where(other => other.Id != command.Tariff)] }).ToDictionary(due => (due.Pupil, due.Month), due => due.Total);
        var groups = Charges.Due(usage with { Tariffs = [tariff! with { From = DateOnly.MinValue }] })
            .GroupBy(due => TariffBand.Of(tariff, due.Household))
            .OrderBy(group => (group.Key.Rank, group.Key.Limit));
        var (lines, pupils) = (new List<SimulatedLine>(), new HashSet<string>(StringComparer.Ordinal));
        foreach (var group in groups)
        {
            var names = group.Select(due => due.Pupil).ToHashSet(StringComparer.Ordinal);
            pupils.UnionWith(names);
            lines.Add(new(group.Key.Name, names.Count, group.Count(), new(group.Sum(due => before.GetValueOrDefault((due.Pupil, due.Month)).Cents)), new(group.Sum(due => due.Total.Cents))));
        }
        return lines.Append(new(null, pupils.Count, lines.Sum(line => line.Months), new(lines.Sum(line => line.Before.Cents)), new(lines.Sum(line => line.After.Cents)))).ToArray();
    }

    static async Task<(Refusal? Refusal, Tariff? Tariff, Usage? Usage)> Read(IEntitySession session, string id, string name)
    {
        if ((await TariffRow.All(session, null)).FirstOrDefault(known => known.Id == id) is not { } tariff)
            return (new(NoTariff, $"Non c'è la tariffa {id}: caricala prima, con la data da cui varrà."), null, null);
        if (await session.First<DateOnly?>("select ends_on from schoolfees.school_year where entity_id = @entity and school_year = @name", new { entity = session.Entity, name }) is not { } ends)
            return (new(NoYear, $"Non c'è l'anno scolastico {name}."), null, null);
        return (null, tariff, await PrepareRunHandler.ReadUsage(session, tariff.Service, new(ends.Year, ends.Month, 1)));
    }
}

/// <summary>The same by command line, and as a file at the console.</summary>
[RequiresPermission("schoolfees.read")]
internal sealed class SimulateAsFile(ICommands commands) : IOfficeCommand
{
    public async Task<string?> Run(OfficeCall call, TextWriter output, CancellationToken stop)
    {
        var simulated = await commands.Send(new SimulateTariff(call.Text("tariff")!.ToUpperInvariant(), call.Text("year")!), stop);
        if (simulated.Refusal is { } refusal)
            return refusal.Detail;
        var sheet = new CsvSheet(output);
        await sheet.Row("fascia", "alunni", "mesi", "prima", "dopo", "differenza");
        foreach (var line in simulated.Value)
            await sheet.Row(line.Band ?? "totale", line.Pupils, line.Months, line.Before, line.After, line.Difference);
        return null;
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
