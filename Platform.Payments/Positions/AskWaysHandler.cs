using Platform.Core.Commands;
using Platform.Core.Money;
using Platform.Core.Storage;
using Platform.Core.Time;

namespace Platform.Payments.Positions;

internal sealed class AskWaysHandler(ISessions sessions, CallContext call, TimeProvider clock) : ICommandHandler<AskWays, IReadOnlyList<WayToPay>>
{
    public async Task<IReadOnlyList<WayToPay>> Handle(AskWays request, CancellationToken cancellationToken)
    {
        var position = request.Position;
        var known = (await sessions.Run(
            session => session.List<DueRow>(
                """
                select d.plan, d.n, d.state from payments.due d join payments.position p on p.entity_id = d.entity_id and p.position_id = d.position_id
                 where p.entity_id = @entity and p.service = @service and p.reference = @Reference
                """,
                new { entity = session.Entity, service = call.Caller, position.Reference }),
            cancellationToken)).ToDictionary(row => (row.Plan, row.N), row => row.State);
        var today = LegalTime.Day(clock.GetUtcNow());
        var withdrawn = known.GetValueOrDefault((DueRows.Single, (short)1)) == "cancelled";
        // What has run out is open again with a later day; what was withdrawn is offered again by naming it.
        bool Open(string plan, int number, DuePlan due) =>
            (due.ExpiresOn is not { } last || last >= today)
            && known.GetValueOrDefault((plan, (short)number)) is var state && (state is null or "open" or "expired" || (plan != DueRows.Single && state == "cancelled" && !withdrawn));
        var chosen = known.Where(row => row.Value == "paid").Select(row => row.Key.Plan).FirstOrDefault();
        List<WayToPay> ways = [];
        if (chosen is null && Open(DueRows.Single, 1, position.Due))
            ways.Add(new(null, 1, 1, Sum(position.Due), Sum(position.Due), position.Due.DueOn));
        foreach (var plan in position.Plans.Where(plan => chosen is null || chosen == plan.Name))
            if (plan.Instalments.Select((due, index) => (Due: due, Number: index + 1)).FirstOrDefault(one => Open(plan.Name, one.Number, one.Due)) is { Due: not null } next)
                ways.Add(new(plan.Name, next.Number, plan.Instalments.Count, Sum(next.Due), plan.Instalments.Aggregate(Euro.Zero, (sum, due) => sum + Sum(due)), next.Due.DueOn));
        return ways;
    }

    static Euro Sum(DuePlan due) => due.Lines.Aggregate(Euro.Zero, (sum, line) => sum + line.Amount);

    sealed class DueRow
    {
        public string Plan { get; init; } = "";
        public short N { get; init; }
        public string State { get; init; } = "";
    }
}
