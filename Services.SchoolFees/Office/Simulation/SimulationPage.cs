using Platform.Core.Commands;
using Platform.Core.Pages;
using Platform.Core.Plugins;
using Platform.Core.Storage;
using Services.SchoolFees.Simulation;

namespace Services.SchoolFees.Office;

/// <summary>What a tariff may be tried on.</summary>
[RequiresPermission(DeskPermissions.Read)]
internal sealed record ReadTrials : ICommand<ReadTrials.Answer>
{
    internal sealed record Answer(IReadOnlyList<Choice> Tariffs, IReadOnlyList<Choice> Years);
}

internal sealed class ReadTrialsHandler(ISessions sessions) : ICommandHandler<ReadTrials, ReadTrials.Answer>
{
    public Task<ReadTrials.Answer> Handle(ReadTrials command, CancellationToken stop) => sessions.Run(
        async session => new ReadTrials.Answer(
            [
                .. (await session.List<Row>(
                    """
                    select t.tariff_id as id, s.name as service, t.valid_from as "from" from schoolfees.tariff t join schoolfees.service s on s.entity_id = t.entity_id and s.service_id = t.service_id
                     where t.entity_id = @entity order by t.valid_from desc, t.tariff_id limit 200
                    """, new { entity = session.Entity })).Select(row => new Choice(row.Id, $"{row.Id}, {row.Service}, {row.From:MM/yyyy}")),
            ],
            [.. (await session.List<string>("select school_year from schoolfees.school_year where entity_id = @entity order by starts_on desc", new { entity = session.Entity })).Select(year => new Choice(year, year))]),
        stop);

    sealed record Row(string Id, string Service, DateOnly From);
}

/// <summary>Tries a tariff on a school year before it is adopted, band by band. Nothing is written, and nothing of anybody stands in the address.</summary>
[RequiresPermission(DeskPermissions.Read)]
internal sealed class SimulationPage(ICommands commands) : IPage
{
    public const string Tariff = "tariffa", Year = "anno";

    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        var (tariffs, years) = await commands.Send(new ReadTrials(), stop);
        var form = new FormState();
        foreach (var name in new[] { Tariff, Year })
            form.Set(name, request.Query[name].ToString() is { Length: > 0 and <= 40 } typed ? typed : null);
        IReadOnlyList<SimulatedLine> lines = [];
        if (!form.IsEmpty(Tariff) || !form.IsEmpty(Year))
        {
            var (tariff, year) = (form.Choice(Tariff, tariffs), form.Choice(Year, years));
            if (tariff is null)
                form.AddError(Tariff, request.Texts["desk.simulation.tariff.missing"]);
            if (year is null)
                form.AddError(Year, request.Texts["desk.simulation.year.missing"]);
            if (form.IsValid)
            {
                var simulated = await commands.Send(new SimulateTariff(tariff!, year!), stop);
                lines = simulated.Refusal is null ? simulated.Value : [];
            }
        }
        return PageAnswer.View<SimulationView>(
            new SimulationModel(form, tariffs, years, lines, $"{request.Path}/dati/simulate", request.Path), form.IsValid ? 200 : 422);
    }
}

/// <param name="Lines">None before something was tried.</param>
public sealed record SimulationModel(FormState Form, IReadOnlyList<Choice> Tariffs, IReadOnlyList<Choice> Years, IReadOnlyList<SimulatedLine> Lines, string FilePath, string Path);
