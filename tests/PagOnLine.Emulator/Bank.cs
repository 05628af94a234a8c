using System.Globalization;
using System.Security.Cryptography;

namespace PagOnLine.Emulator;

/// <summary>Decides about orders. One decision at a time, written to the journal before it is told to anyone.</summary>
internal sealed class Bank(Merchant merchant, Orders orders, Journal journal, Lies lies, Listener listener, BankClock clock)
{
    private readonly Lock _lock = new();

    /// <summary>Registers the order of an <c>initInsert.do</c>, or says why not.</summary>
    public (Order? Order, Refusal? Refusal) Present(string rawQuery)
    {
        lock (_lock)
        {
            if (!PaymentRequest.TryRead(rawQuery, merchant, out var request, out var refusal))
            {
                return Turned(PaymentRequest.OrderNumberOf(rawQuery), amountCents: null, refusal);
            }

            var known = orders.Find(request.Order);
            if (known is null)
            {
                return (Register(request, States.Registered), null);
            }

            if (WhyNotAgain(known, request) is { } reason)
            {
                return Turned(request.Order, request.AmountCents, reason);
            }

            return known.Outcome == Outcome.None && known.AskedCents == request.AmountCents
                ? (orders.Record(known.Number, Presentation(Kinds.PresentedAgain, known.Ticket, request)), null)
                : (Register(request, known.State), null);
        }
    }

    /// <summary>Charges the card; an order that already has its outcome keeps it, however often the button is pressed.</summary>
    public Order? Pay(string ticket, Card card)
    {
        lock (_lock)
        {
            if (orders.FindByTicket(ticket) is not { Outcome: Outcome.None } order)
            {
                return orders.FindByTicket(ticket);
            }

            var lie = lies.About(order.Number);
            var refused = lie.Outcome switch
            {
                "OK" => null,
                "KO" => "the control said so",
                _ => card.WhyRefused(order.AskedCents),
            };
            return refused is null ? Take(order, lie) : Finish(order, Kinds.Refused, States.Refused, ("reason", refused));
        }
    }

    public Order? Cancel(string ticket)
    {
        lock (_lock)
        {
            return orders.FindByTicket(ticket) is { Outcome: Outcome.None } order
                ? Finish(order, Kinds.Abandoned, States.Abandoned, ("reason", "the buyer cancelled"))
                : orders.FindByTicket(ticket);
        }
    }

    /// <summary>Moves an order as the bank's back office or its night run would, and tells the listener.</summary>
    public Order? Move(string number, string state)
    {
        lock (_lock)
        {
            if (orders.Find(number) is not { } order)
            {
                return null;
            }

            long? taken = States.MeansMoney(state) ? order.TakenCents > 0 ? order.TakenCents : lies.About(number).AmountCents ?? order.AskedCents : order.TakenCents;
            var moved = orders.Record(number, Entry(order, Kinds.Moved, taken, state, ("before", order.State)));
            listener.Tell(moved, order.State, state, lies.About(number));
            return moved;
        }
    }

    public void Note(string kind, string? order, string? state = null, params ReadOnlySpan<(string Name, string Value)> detail)
        => journal.Append(new JournalEntry(clock.Now, order, kind, AmountCents: null, state, Words(detail)));

    private static Refusal? WhyNotAgain(Order known, PaymentRequest request)
    {
        var finished = known.Outcome == Outcome.Taken || (known.Outcome != Outcome.None && !request.Recycle);
        if (finished)
        {
            return new Refusal(StatusCodes.Status409Conflict, "order-finished", "Questo ordine ha già un esito: non può essere pagato di nuovo.",
                "This order already has an outcome: it cannot be paid again.", new Uri(request.UrlKo).GetLeftPart(UriPartial.Authority));
        }

        return request.Recycle || known.AskedCents == request.AmountCents
            ? null
            : new Refusal(StatusCodes.Status409Conflict, "order-other-amount", "Questo ordine è già stato presentato con un altro importo.",
                "This order was already presented with another amount.", new Uri(request.UrlKo).GetLeftPart(UriPartial.Authority));
    }

    private Order Register(PaymentRequest request, string before)
    {
        var order = orders.Record(request.Order, Presentation(Kinds.Registered, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)), request));
        listener.Tell(order, before, States.Registered, lies.About(order.Number));
        return order;
    }

    private Order Take(Order order, Lie lie)
    {
        var told = lie.Esito ?? (order.DepositAtOnce ? States.DepositAsked : States.Authorised);
        var taken = lie.AmountCents ?? order.AskedCents;
        var authorisation = RandomNumberGenerator.GetInt32(100_000, 1_000_000).ToString(CultureInfo.InvariantCulture);
        var took = Entry(order, Kinds.Taken, taken, told, ("before", order.State), ("authorisation", authorisation));
        var paid = order.DepositAtOnce
            ? orders.Record(order.Number, took, Entry(order, Kinds.Deposited, taken, States.Accounted, ("before", told)))
            : orders.Record(order.Number, took);
        listener.Tell(paid, order.State, told, lie);
        return paid;
    }

    private Order Finish(Order order, string kind, string state, (string Name, string Value) reason)
    {
        var finished = orders.Record(order.Number, Entry(order, kind, order.AskedCents, state, ("before", order.State), reason));
        listener.Tell(finished, order.State, state, lies.About(order.Number));
        return finished;
    }

    private (Order? Order, Refusal? Refusal) Turned(string? number, long? amountCents, Refusal refusal)
    {
        journal.Append(new JournalEntry(clock.Now, number, "request-refused", amountCents, State: null,
            Words(("code", refusal.Code), ("reason", refusal.English))));
        return (null, refusal);
    }

    private JournalEntry Presentation(string kind, string ticket, PaymentRequest request) => new(
        clock.Now, request.Order, kind, request.AmountCents, States.Registered,
        Words(
            ("ticket", ticket),
            ("flagDeposito", request.DepositAtOnce ? "Y" : "N"),
            ("flagRiciclaOrdine", request.Recycle ? "Y" : "N"),
            ("tipoRispostaApv", request.ResponseKind),
            ("urlOk", request.UrlOk),
            ("urlKo", request.UrlKo),
            ("langCompratore", request.Language),
            ("causalePagamento", request.Description),
            ("tipoPagamento", request.PaymentType)));

    private JournalEntry Entry(Order order, string kind, long? amountCents, string state, params ReadOnlySpan<(string Name, string Value)> detail)
        => new(clock.Now, order.Number, kind, amountCents, state, Words(detail));

    private static Dictionary<string, string> Words(params ReadOnlySpan<(string Name, string Value)> detail)
    {
        var words = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in detail)
        {
            words[name] = value;
        }

        return words;
    }
}
