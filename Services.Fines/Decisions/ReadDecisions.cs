using Platform.Core.Commands;
using Platform.Core.Documents;
using Platform.Core.Money;
using Platform.Core.Plugins;
using Platform.Core.Settings;
using Platform.Core.Storage;
using Platform.Core.Time;
using Services.Fines.Amounts;
using Services.Fines.Register;

namespace Services.Fines;

/// <summary>What about paid fines waits for an officer, the oldest first, at most <see cref="Most"/>.</summary>
[RequiresPermission("fines.read")]
internal sealed record ReadDecisions : ICommand<IReadOnlyList<OpenDecision>>
{
    public const int Most = 1000;
}

/// <summary>Something that waits for an officer.</summary>
/// <param name="Kind"><c>supplement</c>: a payment was too little. Otherwise as fines.decision has it.</param>
/// <param name="Order">The payment that it is about.</param>
/// <param name="Why">A text's key.</param>
/// <param name="Until">Last day for the rest; null where there is none or nobody knows.</param>
public sealed record OpenDecision(string Fine, string Kind, string Order, Euro Amount, string Why, DateOnly? Until, DateTimeOffset Since);

internal sealed class ReadDecisionsHandler(ISessions sessions, ISettings<FinesSettings> settings) : ICommandHandler<ReadDecisions, IReadOnlyList<OpenDecision>>
{
    public Task<IReadOnlyList<OpenDecision>> Handle(ReadDecisions command, CancellationToken stop) => sessions.Run<IReadOnlyList<OpenDecision>>(
        async session =>
        {
            var rows = await session.List<Row>(
                """
                select fine_id as id, 'supplement' as kind, paid_order as "order", (due_cents - paid_cents - rest_cents) as cents, opened_at as openedAt, '' as phase
                  from fines.supplement s where entity_id = @entity and closed_at is null
                union all
                select fine_id, kind, order_no, cents, opened_at, phase from fines.decision where entity_id = @entity and closed_at is null
                 order by openedAt, id limit @Most
                """,
                new { entity = session.Entity, ReadDecisions.Most });
            var fines = (await Fine.List(session, [.. rows.Select(row => row.Id).Distinct()])).ToDictionary(fine => fine.Id);
            var decided = await settings.Read(session);
            return [.. rows.Select(row => Of(row, fines[row.Id], decided))];
        },
        stop);

    static OpenDecision Of(Row row, Fine fine, FinesSettings settings) => new(
        fine.Name.ToString(), row.Kind, row.Order, row.Cents,
        row.Kind != "supplement" ? $"decisions.why.{(row.Kind == "not_owed" ? row.Phase : row.Kind)}"
            : fine.TakenShort is { } less ? less >= row.Cents + (fine.RestPaid ?? Euro.Zero) ? "decisions.why.short" : "decisions.why.short_late"
            : fine is { DeclaredOn: { } declared, NotifiedOn: { } notified } && notified < declared ? "decisions.why.declared" : "decisions.why.late",
        row.Kind == "supplement" ? fine.TermOfMinimum(settings) : null, row.OpenedAt);

    sealed record Row(Guid Id, string Kind, string Order, Euro Cents, DateTimeOffset OpenedAt, string Phase);
}

/// <summary>The same as a CSV.</summary>
[AtCreditor]
[RequiresPermission("fines.read")]
internal sealed class ListDecisions(ICommands commands) : IOfficeCommand
{
    public async Task<string?> Run(OfficeCall call, TextWriter output, CancellationToken stop)
    {
        var sheet = new CsvSheet(output);
        await sheet.Row("verbale", "tipo", "ordine", "importo", "motivo", "entro_il", "aperto_il");
        var t = FinesTexts.In(Platform.Core.Pages.PageCultures.Italian);
        var open = await commands.Send(new ReadDecisions(), stop);
        foreach (var one in open)
            await sheet.Row(one.Fine, one.Kind, one.Order, one.Amount, t[one.Why], one.Until, LegalTime.Day(one.Since));
        if (open.Count == ReadDecisions.Most)
            call.Note($"These are the oldest {ReadDecisions.Most}; there may be more.");
        return null;
    }
}
