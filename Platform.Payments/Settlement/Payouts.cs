using System.Globalization;
using Platform.Core.Documents;
using Platform.Core.Entities;
using Platform.Core.Hosting;
using Platform.Core.Money;
using Platform.Core.Storage;
using Platform.Core.Time;

namespace Platform.Payments.Settlement;

/// <summary>What the centre orders its bank to pay to a creditor. The number has to stand in the transfer's text, so that the statement is recognised.</summary>
internal sealed record Payout(string Number, EntityId Creditor, Euro Amount, DateOnly OrderedOn, bool Paid);

/// <summary>What a payout consists of.</summary>
/// <param name="Amount">Less than zero for what was taken back, given back or is kept as commission.</param>
internal sealed record PayoutItem(DateOnly BookedOn, string Cause, string OrderNumber, string Title, Euro Amount);

/// <summary>Pays out to creditors what the centre owes them: each booking once, by key.</summary>
internal sealed class Payouts(Database database, Reconciliation reconciliation, EntityDirectory entities, PorticoOptions options, TimeProvider clock)
{
    /// <summary>Orders to pay all that is owed to a creditor now. Null when nothing is.</summary>
    public async Task<Payout?> Order(Entity creditor, string actor, CancellationToken stop)
    {
        var today = LegalTime.Day(clock.GetUtcNow());
        var ordered = await database.Run(ModuleRoles.Of("payments"), EntityId.Centre, actor, clock, session => Order(session, creditor, today), stop);
        if (ordered is not null)
            await reconciliation.Run(EntityId.Centre, stop);
        return ordered;
    }

    async Task<Payout?> Order(EntitySession session, Entity creditor, DateOnly today)
    {
        var now = clock.GetUtcNow();
        await session.Execute(
            """
            insert into payments.reconciliation as r (entity_id, runs, last_at) values (@entity, 1, @now)
            on conflict (entity_id) do update set runs = r.runs + 1, last_at = excluded.last_at
            """,
            new { entity = session.Entity, now });
        var owed = $"owed/{creditor.Code}";
        var cents = await session.First<long>(
            $"select coalesce(sum(case when t.credit = @owed then t.cents else -t.cents end), 0)::bigint {Unpaid}", new { entity = session.Entity, owed });
        if (cents <= 0)
            return null;
        var last = await session.First<int>("select count(*)::int from payments.payout where entity_id = @entity and creditor_id = @creditor", new { entity = session.Entity, creditor = creditor.Id });
        var number = string.Create(CultureInfo.InvariantCulture, $"PAY-{creditor.Code}-{last + 1:000000}");
        var id = Guid.CreateVersion7(now);
        await session.Execute(
            $"""
            insert into payments.payout (entity_id, payout, payout_id, creditor_id, cents, ordered_on, ordered_at) values (@entity, @number, @id, @creditor, @cents, @today, @now);

            insert into payments.payout_item (entity_id, cause, cause_id, n, payout) select t.entity_id, t.cause, t.cause_id, t.n, @number {Unpaid};

            insert into payments.account (entity_id, account, kind) values (@entity, @announced, 'liability') on conflict (entity_id, account) do nothing;

            insert into payments.transfer (entity_id, cause, cause_id, n, debit, credit, cents, booked_on, booked_at)
            values (@entity, 'payout.ordered', @id, 1, @owed, @announced, @cents, @today, @now);
            """,
            new { entity = session.Entity, number, id, creditor = creditor.Id, cents, today, now, owed, announced = $"payouts/{creditor.Code}" });
        session.Record("payout.ordered", new { number, cents });
        return new(number, creditor.Id, new(cents), today, false);
    }

    // The orders themselves stand on the same account and are no part of one.
    const string Unpaid =
        """
          from payments.transfer t
         where t.entity_id = @entity and (t.credit = @owed or t.debit = @owed) and t.cause <> 'payout.ordered'
           and not exists (select from payments.payout_item i where i.entity_id = t.entity_id and i.cause = t.cause and i.cause_id = t.cause_id and i.n = t.n)
        """;

    public async Task<Payout?> Find(string number, CancellationToken stop)
    {
        var row = await database.Run(ModuleRoles.Of("payments"), EntityId.Centre, "settlement", clock, session => session.First<PayoutRow>(
            """
            select p.payout, p.creditor_id, p.cents, p.ordered_on,
                   (select coalesce(sum(case when t.credit = 'suspense' then t.cents else -t.cents end), 0) from payments.transfer t
                     where t.entity_id = p.entity_id and t.cause = 'payout.paid' and t.cause_id = p.payout_id) = p.cents as paid
              from payments.payout p where p.entity_id = @entity and p.payout = @number
            """,
            new { entity = session.Entity, number }), stop);
        return row is null ? null : new(row.Payout, row.CreditorId, new(row.Cents), row.OrderedOn, row.Paid);
    }

    /// <summary>The bookings of a payout with the orders they are about. Titles are the creditor's own, without personal data.</summary>
    public Task<IReadOnlyList<PayoutItem>> Items(Payout payout, CancellationToken stop) => database.Run(ModuleRoles.Centre, null, "settlement", clock, session => session.List<PayoutItem>(
        """
        select t.booked_on, t.cause, coalesce(p.order_no, '') as orderNumber, coalesce(s.title, '') as title, case when t.credit = @owed then t.cents else -t.cents end as amount
          from payments.payout_item i
          join payments.transfer t on t.entity_id = i.entity_id and t.cause = i.cause and t.cause_id = i.cause_id and t.n = i.n
          left join payments.refund f on t.cause = 'settlement.refund' and f.entity_id = @creditor and f.refund_id = t.cause_id
          left join payments.payment p on p.entity_id = @creditor and p.payment_id = coalesce(f.payment_id, t.cause_id)
          left join lateral (
              select string_agg(distinct o.title, ', ') as title from payments.payment_item pi
                join payments.due d on d.entity_id = pi.entity_id and d.due_id = pi.due_id
                join payments.position o on o.entity_id = d.entity_id and o.position_id = d.position_id
               where pi.entity_id = p.entity_id and pi.payment_id = p.payment_id) s on true
         where i.entity_id = 0 and i.payout = @Number
         order by t.booked_on, p.order_no, t.cause, t.n
        """,
        new { payout.Number, creditor = payout.Creditor, owed = $"owed/{payout.Number.Substring(4, 3)}" }), stop);

    /// <summary>The statement for the creditor's accountant.</summary>
    public async Task<byte[]> Statement(Payout payout, IReadOnlyList<PayoutItem> items, CancellationToken stop)
    {
        var known = await entities.Current(stop);
        var centre = known.ById(EntityId.Centre)!;
        var creditor = known.ById(payout.Creditor)!;
        var culture = CultureInfo.GetCultureInfo("it-IT");
        return DocumentWriter.Write(new Document
        {
            Issuer = centre,
            Title = "Rendiconto di riversamento",
            Subtitle = payout.Number,
            Created = clock.GetUtcNow(),
            Language = "it",
            Demo = options.Profile == Profile.Demo,
            Blocks =
            [
                new Figure("Importo riversato", payout.Amount, $"ordinato il {payout.OrderedOn.ToString("d MMMM yyyy", culture)}; {(payout.Paid ? "addebitato sul conto" : "non ancora visto sull'estratto conto")}"),
                new Facts([new("A", $"{creditor.Name}, codice fiscale {creditor.TaxCode}"), new("Causale del bonifico", payout.Number), new("Movimenti", items.Count.ToString(culture))]),
                new Heading("Movimenti"),
                new Table(
                    [new("Giorno"), new("Ordine", 2), new("Per", 3), new("Importo", 1, Amounts: true)],
                    [.. items.Select(item => new DocumentCell[] { item.BookedOn.ToString("dd/MM/yyyy", culture), item.OrderNumber, $"{Words(item.Cause)}{item.Title}", item.Amount })],
                    new Total("Totale", new(items.Sum(item => item.Amount.Cents)))),
            ],
        });
    }

    static string Words(string cause) => cause switch
    {
        "settlement.reversal" => "Storno: ",
        "settlement.refund" => "Rimborso: ",
        "settlement.commission" => "Commissione: ",
        _ => "",
    };

    sealed class PayoutRow
    {
        public string Payout { get; init; } = "";
        public EntityId CreditorId { get; init; }
        public long Cents { get; init; }
        public DateOnly OrderedOn { get; init; }
        public bool Paid { get; init; }
    }
}
