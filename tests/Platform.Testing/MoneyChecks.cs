using Autofac;
using Platform.Payments.Ledger;

namespace Platform.Testing;

/// <summary>Nothing lost, nothing doubled, nothing invented: what must hold of money whatever happened before.</summary>
public static class MoneyChecks
{
    /// <summary>
    /// Compares what was asked, taken, paid and told, and the bank's own books with ours. To be called when the host is quiet
    /// and every payment's amount has been asked for.
    /// </summary>
    /// <exception cref="MoneyDoesNotAddUpException">With a line for each contradiction.</exception>
    public static async Task MoneyAddsUp(this PorticoTestHost host)
    {
        var wrong = new List<string>();
        await foreach (var (invariant, contradictions) in host.Container.Resolve<MoneyCheck>().Run(TimeSpan.Zero, CancellationToken.None))
            wrong.AddRange(contradictions.Select(contradiction => $"{invariant.Name}: {contradiction.What}"));
        var ours = (await host.Database.Rows<PaymentRow>("select order_no, state, taken_cents from payments.payment where received is null")).ToDictionary(payment => payment.OrderNo, StringComparer.Ordinal);
        var theirs = (await host.Bank.Orders())
            .Where(order => order.UrlOk.StartsWith(host.Address.AbsoluteUri, StringComparison.Ordinal) || ours.ContainsKey(order.Order))
            .ToDictionary(order => order.Order, StringComparer.Ordinal);
        foreach (var order in theirs.Values.Where(order => order.Holds))
        {
            if (!ours.TryGetValue(order.Order, out var payment) || payment.State != "paid")
                wrong.Add($"lost: the bank holds {order.TakenCents} for {order.Order}, which is {payment?.State ?? "unknown"} here");
            else if (payment.TakenCents != order.TakenCents)
                wrong.Add($"amount: the bank holds {order.TakenCents} for {order.Order}, here it is {payment.TakenCents}");
        }
        foreach (var payment in ours.Values.Where(payment => payment.State == "paid" && !(theirs.TryGetValue(payment.OrderNo, out var order) && order.Holds)))
            wrong.Add($"invented: {payment.OrderNo} is paid here, and the bank holds nothing for it");
        if (wrong.Count > 0)
            throw new MoneyDoesNotAddUpException(wrong);
    }

    sealed class PaymentRow
    {
        public string OrderNo { get; init; } = "";
        public string State { get; init; } = "";
        public long? TakenCents { get; init; }
    }
}

/// <summary>Money was lost, doubled or invented.</summary>
public sealed class MoneyDoesNotAddUpException(IReadOnlyList<string> wrong) : Exception("Money does not add up:\n" + string.Join('\n', wrong));
