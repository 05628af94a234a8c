using System.Collections.Concurrent;

namespace PagOnLine.Emulator;

internal enum Outcome
{
    None,
    Taken,
    Refused,
    Abandoned,
}

/// <summary>What the bank knows of one order number.</summary>
internal sealed record Order(
    string Number, string Ticket, long AskedCents, string State, DateTimeOffset CreatedAt, DateTimeOffset ModifiedAt,
    bool DepositAtOnce, string ResponseKind, string UrlOk, string UrlKo, string Language, string Description, string PaymentType)
{
    public long TakenCents { get; init; }

    public Outcome Outcome { get; init; }

    public DateTimeOffset? ApprovedAt { get; init; }

    public string AuthorisationId { get; init; } = "";
}

/// <summary>The orders as the journal tells them, while running and after a restart alike.</summary>
internal sealed class Orders
{
    private readonly ConcurrentDictionary<string, Order> _byNumber = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string> _numberByTicket = new(StringComparer.Ordinal);
    private readonly Journal _journal;

    public Orders(Journal journal)
    {
        _journal = journal;
        foreach (var entry in journal.Entries)
        {
            Apply(entry);
        }
    }

    public IEnumerable<Order> All => _byNumber.Values.OrderBy(order => order.CreatedAt).ThenBy(order => order.Number, StringComparer.Ordinal);

    public Order? Find(string number) => _byNumber.GetValueOrDefault(number);

    /// <summary>The order whose card page has this ticket; none once a newer presentation replaced the page.</summary>
    public Order? FindByTicket(string ticket)
        => _numberByTicket.TryGetValue(ticket, out var number) && Find(number) is { } order && order.Ticket == ticket ? order : null;

    public Order Record(string number, params ReadOnlySpan<JournalEntry> entries)
    {
        _journal.Append(entries);
        foreach (var entry in entries)
        {
            Apply(entry);
        }

        return _byNumber[number];
    }

    private void Apply(JournalEntry entry)
    {
        if (entry.Order is not { } number || After(Find(number), entry) is not { } order)
        {
            return;
        }

        _byNumber[number] = order;
        _numberByTicket[order.Ticket] = number;
    }

    private static Order? After(Order? before, JournalEntry entry) => (entry.Kind, before) switch
    {
        (Kinds.Registered, _) => Presented(entry, entry.At),
        (Kinds.PresentedAgain, not null) => Presented(entry, before.CreatedAt) with { ModifiedAt = before.ModifiedAt },
        (Kinds.Taken or Kinds.Deposited or Kinds.Refused or Kinds.Abandoned or Kinds.Moved, not null) => Moved(before, entry),
        _ => before,
    };

    private static Order Presented(JournalEntry entry, DateTimeOffset createdAt) => new(
        entry.Order!, entry.Detail["ticket"], entry.AmountCents ?? 0, States.Registered, createdAt, entry.At,
        entry.Detail["flagDeposito"] == "Y", entry.Detail["tipoRispostaApv"], entry.Detail["urlOk"], entry.Detail["urlKo"],
        entry.Detail["langCompratore"], entry.Detail["causalePagamento"], entry.Detail["tipoPagamento"]);

    private static Order Moved(Order before, JournalEntry entry)
    {
        var after = before with { State = entry.State ?? before.State, ModifiedAt = entry.At };
        return States.MeansMoney(after.State)
            ? after with
            {
                Outcome = Outcome.Taken,
                TakenCents = entry.AmountCents ?? before.AskedCents,
                ApprovedAt = before.ApprovedAt ?? entry.At,
                AuthorisationId = entry.Detail.GetValueOrDefault("authorisation", before.AuthorisationId),
            }
            : after with
            {
                Outcome = before.Outcome != Outcome.None ? before.Outcome : OutcomeOf(after.State),
            };
    }

    private static Outcome OutcomeOf(string state) => state switch
    {
        States.Registered => Outcome.None,
        States.Abandoned => Outcome.Abandoned,
        _ => Outcome.Refused,
    };
}

/// <summary>Kinds of journal entries that make an order what it is.</summary>
internal static class Kinds
{
    public const string Registered = "registered";
    public const string PresentedAgain = "presented-again";
    public const string Taken = "taken";
    public const string Deposited = "deposited";
    public const string Refused = "refused";
    public const string Abandoned = "abandoned";
    public const string Moved = "moved";
}
