using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Money;
using Platform.Core.Plugins;
using Platform.Core.Storage;
using Platform.Core.Time;
using Platform.Payments.Checkout;
using Platform.Payments.Pages;
using Platform.Payments.Positions;

namespace Platform.Payments.Carts;

/// <summary>Reads what lies in a cart for the creditor of the call, and asks each owner what it costs today. Writes nothing.</summary>
internal sealed class CartReader(ISessions sessions, Pricing pricing, CallContext call, EntityDirectory entities, ServiceCatalog catalog, TimeProvider clock)
{
    // A payer is waiting: what is not told by then is shown as it was last.
    static readonly TimeSpan MayTake = TimeSpan.FromSeconds(4);

    /// <returns>In the cart's order. What this creditor has no due of is left out.</returns>
    public async Task<IReadOnlyList<CartLine>> Read(IReadOnlyList<Guid> dues, bool priced, CancellationToken stop)
    {
        var rows = await sessions.Run(
            session => session.List<DueRow>(
                """
                select d.due_id, d.position_id, d.plan, d.n, p.service, p.reference, p.title, d.state,
                       coalesce((select sum(l.cents) from payments.due_line l where l.entity_id = d.entity_id and l.due_id = d.due_id), 0)::bigint as cents
                  from payments.due d join payments.position p on p.entity_id = d.entity_id and p.position_id = d.position_id
                 where d.entity_id = @entity and d.due_id = any(@dues)
                """,
                new { entity = session.Entity, dues = dues.ToArray() }),
            stop);
        var offered = (await entities.Current(stop)).ActivationsOf(call.ShownBy).Where(one => one.Active && one.Creditor == call.Creditor).Select(one => one.Service).ToHashSet(StringComparer.Ordinal);
        // Services are asked side by side, so that a slow one makes nobody else late.
        var lines = await Task.WhenAll(rows.GroupBy(row => row.Service, StringComparer.Ordinal).Select(group => OfService(group, offered.Contains(group.Key) && catalog.Find(group.Key) is not null, priced, stop)));
        var order = dues.Select((due, n) => (due, n)).ToDictionary(one => one.due, one => one.n);
        return [.. lines.SelectMany(line => line).OrderBy(line => order[line.Due])];
    }

    async Task<List<CartLine>> OfService(IEnumerable<DueRow> rows, bool offered, bool priced, CancellationToken stop)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(MayTake);
        var (lines, silent, today) = (new List<CartLine>(), false, LegalTime.Day(clock.GetUtcNow()));
        foreach (var row in rows)
        {
            var line = new CartLine(row.DueId, row.Service, row.Title, row.Plan == DueRows.Single ? null : row.N, new(row.Cents), row.State switch
            {
                "paid" => CartLineState.Paid,
                "open" when offered => CartLineState.LastKnown,
                _ => CartLineState.NotPayable,
            });
            if (priced && line.State == CartLineState.LastKnown && !silent && !patience.IsCancellationRequested)
            {
                var key = new PositionKey(new(row.PositionId), row.Service, row.Reference);
                var quote = row.Plan == DueRows.Single
                    ? await pricing.Of(key, today, stop) : await pricing.OfInstalment(key, row.Plan, row.N, () => DueLines.Of(sessions, row.DueId, stop), today, stop);
                // Who did not answer once is not waited for again.
                silent = quote is null;
                line = quote switch
                {
                    Quote.Priced told => line with { Amount = told.Lines.Aggregate(Euro.Zero, (sum, part) => sum + part.Amount), State = CartLineState.Payable },
                    Quote.Refused => line with { State = CartLineState.NotPayable },
                    _ => line,
                };
            }
            lines.Add(line);
        }
        return lines;
    }

    sealed class DueRow
    {
        public Guid DueId { get; init; }
        public Guid PositionId { get; init; }
        public string Plan { get; init; } = "";
        public short N { get; init; }
        public string Service { get; init; } = "";
        public string Reference { get; init; } = "";
        public string Title { get; init; } = "";
        public string State { get; init; } = "";
        public long Cents { get; init; }
    }
}
