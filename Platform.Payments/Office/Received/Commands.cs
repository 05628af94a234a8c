using Autofac;
using Platform.Core.Commands;
using Platform.Core.Money;
using Platform.Core.Plugins;
using Platform.Core.Storage;
using Platform.Core.Time;
using Platform.Payments.Checkout;
using Platform.Payments.Positions;
using Platform.Payments.Recorded;

namespace Platform.Payments.Office.Received;

/// <summary>The position that a service calls so, opened now where the service knows it and nobody had opened it; null where it knows none.</summary>
[RequiresPermission(OfficePermissions.Record)]
internal sealed record FindOwed(string Service, string Reference) : ICommand<Guid?>;

/// <summary>What of a position may be recorded, and what each way costs today as its service says; null where there is no such position.</summary>
[RequiresPermission(OfficePermissions.Record)]
internal sealed record ShowOwed(Guid Position) : ICommand<Owed?>;

/// <param name="Ways">The whole at once first, then instalments by plan and number.</param>
public sealed record Owed(string Service, string Reference, string Title, IReadOnlyList<OwedWay> Ways);

/// <param name="Plan">Null for the whole at once.</param>
/// <param name="Cost">Today; null where its service does not say.</param>
public sealed record OwedWay(string? Plan, int Number, int Count, string State, Euro? Cost);

internal sealed class FindOwedHandler(ISessions sessions, CallContext call, CallScopes scopes, Pricing pricing, TimeProvider clock) : ICommandHandler<FindOwed, Guid?>
{
    public async Task<Guid?> Handle(FindOwed request, CancellationToken cancellationToken)
    {
        var opened = await sessions.Run(
            session => session.First<Guid?>(
                "select position_id from payments.position where entity_id = @entity and service = @Service and reference = @Reference", new { entity = session.Entity, request.Service, request.Reference }),
            cancellationToken);
        if (opened is not null || await pricing.Unopened(request.Service, request.Reference, LegalTime.Day(clock.GetUtcNow()), cancellationToken) is not { } unopened)
            return opened;
        // In the service's own name, as its page does when a payer presses the button.
        return (await scopes.In(call.Creditor, call.Creditor, request.Service, scope => scope.Resolve<ICommands>().Send(unopened, cancellationToken))).Position.Value;
    }
}

internal sealed class ShowOwedHandler(ISessions sessions, Pricing pricing, TimeProvider clock) : ICommandHandler<ShowOwed, Owed?>
{
    public async Task<Owed?> Handle(ShowOwed request, CancellationToken cancellationToken)
    {
        var today = LegalTime.Day(clock.GetUtcNow());
        var rows = await sessions.Run(
            session => session.List<WayRow>(
                """
                select p.service, p.reference, p.title, d.due_id, d.plan, d.n::int as n, d.state,
                       count(*) over (partition by d.plan)::int as count
                  from payments.position p join payments.due d on d.entity_id = p.entity_id and d.position_id = p.position_id
                 where p.entity_id = @entity and p.position_id = @Position
                 order by d.plan <> 'single', d.plan, d.n
                """,
                new { entity = session.Entity, request.Position }),
            cancellationToken);
        if (rows.Count == 0)
            return null;
        var key = new PositionKey(new(request.Position), rows[0].Service, rows[0].Reference);
        var ways = new List<OwedWay>();
        // An owner that gave no answer once is not waited for again.
        var silent = false;
        foreach (var row in rows)
        {
            var single = row.Plan == DueRows.Single;
            Quote? quote = null;
            if (row.State == "open" && !silent)
            {
                quote = single ? await pricing.Of(key, today, cancellationToken)
                    : await pricing.OfInstalment(key, row.Plan, row.N, () => DueLines.Of(sessions, row.DueId, cancellationToken), today, cancellationToken);
                silent = quote is null;
            }
            ways.Add(new(single ? null : row.Plan, row.N, row.Count, row.State, quote is Quote.Priced priced ? new Euro(priced.Lines.Sum(line => line.Amount.Cents)) : null));
        }
        return new(rows[0].Service, rows[0].Reference, rows[0].Title, ways);
    }

    sealed class WayRow
    {
        public string Service { get; init; } = "";
        public string Reference { get; init; } = "";
        public string Title { get; init; } = "";
        public Guid DueId { get; init; }
        public string Plan { get; init; } = "";
        public int N { get; init; }
        public int Count { get; init; }
        public string State { get; init; } = "";
    }
}

/// <summary>What officers of the creditor recorded: what waits, and what was decided last.</summary>
[RequiresPermission(OfficePermissions.See)]
internal sealed record ListReceived : ICommand<ReceivedList>;

internal sealed record ReceivedList(IReadOnlyList<RecordedPayment> Waiting, IReadOnlyList<RecordedPayment> Decided);

internal sealed class ListReceivedHandler(ISessions sessions) : ICommandHandler<ListReceived, ReceivedList>
{
    const int MostWaiting = 500, MostDecided = 50;

    public Task<ReceivedList> Handle(ListReceived request, CancellationToken cancellationToken) => sessions.Run(
        async session => new ReceivedList(await Recordings.Of(session, waiting: true, MostWaiting), await Recordings.Of(session, waiting: false, MostDecided)), cancellationToken);
}

/// <summary>One recording by its order number; null where there is none.</summary>
[RequiresPermission(OfficePermissions.See)]
internal sealed record ShowReceived(string Order) : ICommand<RecordedPayment?>;

internal sealed class ShowReceivedHandler(ISessions sessions) : ICommandHandler<ShowReceived, RecordedPayment?>
{
    public Task<RecordedPayment?> Handle(ShowReceived request, CancellationToken cancellationToken) => sessions.Run(session => Recordings.ByOrder(session, request.Order), cancellationToken);
}

/// <summary>The document that shows what was received; null where there is none. That it was looked at is in the journal before it is given out.</summary>
[RequiresPermission(OfficePermissions.See)]
internal sealed record FetchProof(string Order) : ICommand<ProofFile?>;

internal sealed class FetchProofHandler(ISessions sessions) : ICommandHandler<FetchProof, ProofFile?>
{
    public Task<ProofFile?> Handle(FetchProof request, CancellationToken cancellationToken) => sessions.Run(
        async session =>
        {
            var file = await session.First<ProofFile>(
                """
                select f.name, f.kind, f.content from payments.recording_proof f
                  join payments.payment p on p.entity_id = f.entity_id and p.payment_id = f.payment_id
                 where f.entity_id = @entity and p.order_no = @Order
                """,
                new { entity = session.Entity, request.Order });
            if (file is not null)
                session.Record("recording.proof_seen", new { request.Order });
            return file;
        },
        cancellationToken);
}
