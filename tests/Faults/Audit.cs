using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Platform.Payments.Ledger;

namespace Portico.Faults;

/// <summary>What the books say, ours against the bank's.</summary>
/// <param name="Taken">Orders for which the bank holds money.</param>
/// <param name="Acknowledged">Messages that a host answered well.</param>
/// <param name="Forgotten">Acknowledged messages that the database does not have.</param>
/// <param name="Lost">Orders for which the bank took money and we do not know it, or know another amount.</param>
/// <param name="Doubled">Effects that happened twice: dues, services, receipts, journal.</param>
/// <param name="Invented">Payments that we call paid and for which the bank took nothing.</param>
/// <param name="Undelivered">Events without their effect.</param>
/// <param name="Details">Each of these in words, and each invariant of money that is broken.</param>
internal sealed record Findings(
    int Taken, int Acknowledged, int Forgotten, int Lost, int Doubled, int Invented, int Undelivered, int Surplus, IReadOnlyList<string> Details)
{
    public bool Clean => Details.Count == 0;
}

/// <summary>Waits until nothing is left to do, then compares from outside.</summary>
internal sealed class Audit(World world, Citizens citizens)
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    /// <summary>
    /// Until every payment in doubt has been asked about, every event is delivered and every stored message applied; with the real clock.
    /// What the host would ask later than now is brought forward: questions about a payment that nobody comes back from grow hours apart.
    /// </summary>
    public async Task Quiet()
    {
        await Until("no genuine message waits to be applied", Unapplied);
        var since = await world.Value<DateTime>("select now()");
        await world.Execute("update payments.payment set next_query_at = now() where next_query_at is not null");
        await Until(
            "every payment in doubt is asked about",
            "select count(*) from payments.payment where next_query_at is not null and (last_query_at is null or last_query_at < @since)", new { since });
        await Until("every success is confirmed", "select count(*) from payments.payment where state = 'paid' and taken_confirmed_at is null");
        await Until("no genuine message waits to be applied", Unapplied);
        await Until("every event is delivered", "select count(*) from core.delivery where state = 'due'");
    }

    public async Task<Findings> Compare()
    {
        var details = new List<string>(citizens.Complaints.Distinct(StringComparer.Ordinal));
        using var http = new HttpClient { BaseAddress = world.Bank.Address };
        var orders = (await http.GetFromJsonAsync<JsonArray>(new Uri("control/orders", UriKind.Relative)))!
            .ToDictionary(order => (string)order!["order"]!, order => (State: (string)order!["state"]!, Taken: (long)order["takenCents"]!), StringComparer.Ordinal);
        var taken = orders.Where(order => order.Value.State is "OK" or "IC" or "CO").ToDictionary(order => order.Key, order => order.Value.Taken, StringComparer.Ordinal);
        var paid = (await world.Rows<(string Order, long? Taken)>("select order_no, taken_cents from payments.payment where state = 'paid'"))
            .ToDictionary(row => row.Order, row => row.Taken, StringComparer.Ordinal);

        var lost = taken.Where(order => !paid.TryGetValue(order.Key, out var ours) || ours != order.Value).Select(order => $"lost: {order.Key}, {order.Value} cents").ToList();
        var invented = paid.Keys.Where(order => !taken.ContainsKey(order)).Select(order => $"invented: {order}, {paid[order]} cents").ToList();
        var forgotten = await Forgotten();
        var doubled = await Words(Doubled);
        var undelivered = await Words(Undelivered);
        var broken = await Contradictions(world.Rows<(int Entity, string What)>);

        var told = (await world.Bank.Journal()).Count(entry => (string)entry["kind"]! == "listener-told");
        details.AddRange([.. lost, .. invented, .. forgotten, .. doubled, .. undelivered, .. broken]);
        return new(
            taken.Count, citizens.Acknowledged.Count + told, forgotten.Count, lost.Count, doubled.Count, invented.Count, undelivered.Count,
            await world.Value<int>("select count(*) from payments.surplus where kind = 'twice'"), details);
    }

    /// <summary>What "portico check money" would find at rest, asked from outside.</summary>
    public static async Task<IReadOnlyList<string>> Contradictions(Func<string, object?, Task<IReadOnlyList<(int Entity, string What)>>> rows)
    {
        var found = new List<string>();
        foreach (var invariant in MoneyInvariants.All)
            found.AddRange((await rows(invariant.Sql, new { before = DateTimeOffset.MaxValue })).Select(row => $"{invariant.Name}: {row.What}"));
        return found;
    }

    async Task<List<string>> Forgotten()
    {
        var facts = (await world.Rows<(string Order, string Channel, byte[] Raw)>(
            "select coalesce(order_no, ''), channel, raw from payments.fact where channel in ('return', 'listener')")).ToList();
        var returns = facts.Where(fact => fact.Channel == "return").Select(fact => Convert.ToHexString(fact.Raw)).ToHashSet(StringComparer.Ordinal);
        var heard = facts.Where(fact => fact.Channel == "listener").Select(fact => fact.Order + State(System.Text.Encoding.Latin1.GetString(fact.Raw))).ToHashSet(StringComparer.Ordinal);
        var missing = citizens.Acknowledged.Where(message => !returns.Contains(Convert.ToHexString(message.Raw))).Select(message => $"forgotten: a return of {message.Order}").ToList();
        missing.AddRange((await world.Bank.Journal())
            .Where(entry => (string)entry["kind"]! == "listener-told" && !heard.Contains((string)entry["order"]! + (string)entry["state"]!))
            .Select(entry => $"forgotten: the listener's {(string)entry["state"]!} of {(string)entry["order"]!}"));
        return missing;

        static string State(string message) => message.Split('&').FirstOrDefault(pair => pair.StartsWith("statoattuale=", StringComparison.Ordinal))?["statoattuale=".Length..] ?? "";
    }

    async Task<List<string>> Words(string sql) => [.. await world.Rows<string>(sql)];

    async Task Until(string what, string countsTheRest, object? args = null)
    {
        for (var begun = Stopwatch.GetTimestamp(); ;)
        {
            var rest = await world.Value<long>(countsTheRest, args);
            if (rest == 0)
                return;
            if (Stopwatch.GetElapsedTime(begun) > Patience)
                throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"After {Patience.TotalSeconds:0} s it is still not true that {what}: {rest} left."));
            await Task.Delay(100);
        }
    }

    const string Unapplied =
        """
        select count(*) from payments.fact f
         where f.verdict = 'genuine' and f.applied_at is null
           and exists (select from payments.payment p where p.entity_id = f.entity_id and p.order_no = f.order_no)
        """;

    const string Doubled =
        """
        select 'doubled: the fine was closed ' || count(*) || ' times by ' || (j.body ->> 'order')
          from core.journal j where j.kind = 'fines.paid' group by j.entity_id, j.body ->> 'order' having count(*) > 1
        union all
        select 'doubled: ' || count(*) || ' orders closed the fine ' || (j.body ->> 'fine')
          from core.journal j where j.kind = 'fines.paid' group by j.entity_id, j.body ->> 'fine' having count(*) > 1
        union all
        select 'doubled: ' || p.order_no || ' became paid ' || count(*) || ' times'
          from core.journal j join payments.payment p on p.entity_id = j.entity_id and p.order_no = j.body ->> 'orderNo'
         where j.kind = 'payment.paid' group by p.order_no having count(*) > 1
        union all
        select 'doubled: the due ' || due_id || ' is held ' || count(*) || ' times' from payments.due_paid group by entity_id, due_id having count(*) > 1
        union all
        select 'doubled: ' || count(*) || ' receipts for the payment ' || payment_id from payments.receipt group by entity_id, payment_id having count(*) > 1
        """;

    const string Undelivered =
        """
        select 'undelivered: ' || d.handler || ' did not get the event ' || d.event_id || ' (' || d.state || ', ' || d.tries || ' tries, ' || coalesce(d.error, '-') || ')'
          from core.delivery d where d.state <> 'done'
        union all
        select 'undelivered: ' || p.order_no || ' pays ' || s.reference || ', and the fine is still open'
          from payments.due_paid h
          join payments.due d on d.entity_id = h.entity_id and d.due_id = h.due_id
          join payments.position s on s.entity_id = d.entity_id and s.position_id = d.position_id
          join payments.payment p on p.entity_id = h.entity_id and p.payment_id = h.payment_id
          left join fines.fine f on f.entity_id = h.entity_id and f.paid_order = p.order_no
         where f.fine_id is null
        union all
        select 'invented: the fine ' || f.number || ' is closed by ' || f.paid_order || ', which holds no due'
          from fines.fine f
         where f.state = 'paid' and not exists (
               select from payments.payment p join payments.due_paid h on h.entity_id = p.entity_id and h.payment_id = p.payment_id
                where p.entity_id = f.entity_id and p.order_no = f.paid_order)
        """;
}
