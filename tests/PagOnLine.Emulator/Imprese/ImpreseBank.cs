using System.Globalization;
using System.Security.Cryptography;

namespace PagOnLine.Emulator.Imprese;

/// <summary>What this bank knows of one payment that a shop opened.</summary>
internal sealed record ImpresePayment(
    string PaymentId, string ShopId, long Cents, string Reference, string NotifyUrl, string ErrorUrl, string Language, Outcome Outcome = Outcome.None, string TranId = "", bool Reversed = false)
{
    public IReadOnlyList<Credit> Credits { get; init; } = [];

    public long CreditedCents => Credits.Sum(credit => credit.Cents);

    /// <summary>In the two letters of the other protocol, for those who compare books.</summary>
    public string State => (Outcome, Reversed) switch
    {
        (_, true) => States.Reversed,
        (Outcome.Taken, _) => States.Accounted,
        (Outcome.Refused, _) => States.Refused,
        (Outcome.Abandoned, _) => States.Abandoned,
        _ => States.Registered,
    };
}

internal sealed record Credit(string ShopId, long Cents, string TranId);

/// <summary>Decides about payments of PagOnline Imprese. One decision at a time, written to the journal before it is told; rebuilt from it at start.</summary>
internal sealed class ImpreseBank
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, ImpresePayment> _byId = new(StringComparer.Ordinal);
    private readonly Journal _journal;
    private readonly BankClock _clock;

    public ImpreseBank(Journal journal, BankClock clock)
    {
        (_journal, _clock) = (journal, clock);
        foreach (var entry in journal.Entries)
        {
            Apply(entry);
        }
    }

    public IReadOnlyList<ImpresePayment> All
    {
        get
        {
            lock (_lock)
            {
                return [.. _byId.Values];
            }
        }
    }

    public ImpresePayment? Find(Func<ImpresePayment, bool> one) => All.FirstOrDefault(one);

    /// <summary>The return code, and with <c>IGFS_000</c> the payment.</summary>
    public (string Rc, ImpresePayment? Payment) Open(SoapCall call)
    {
        lock (_lock)
        {
            if (!IsShopId(call["shopID"]))
            {
                return ("IGFS_20012", null);
            }

            if (_byId.Values.Any(payment => payment.ShopId == call["shopID"] || payment.Credits.Any(credit => credit.ShopId == call["shopID"])))
            {
                return ("IGFS_20026", null);
            }

            if (!long.TryParse(call["amount"], NumberStyles.None, CultureInfo.InvariantCulture, out var cents) || cents == 0 || call["currencyCode"] != "EUR")
            {
                return ("IGFS_032", null);
            }

            if (!PaymentRequest.IsAddress(call["notifyURL"]) || !PaymentRequest.IsAddress(call["errorURL"]))
            {
                return (PaymentRequest.IsAddress(call["notifyURL"]) ? "IGFS_20011" : "IGFS_20010", null);
            }

            return call["trType"] != "PURCHASE" ? ("IGFS_20000", null) : ("IGFS_000", Note("opened", call["shopID"], cents, ("paymentID", Digits(20)), ("reference", Convert.ToHexString(RandomNumberGenerator.GetBytes(16))),
                ("notifyURL", call["notifyURL"]), ("errorURL", call["errorURL"]), ("langID", call["langID"])));
        }
    }

    /// <summary>Charges the card; a payment that has its outcome keeps it.</summary>
    public ImpresePayment? Pay(string reference, Card card, string? outcome)
    {
        lock (_lock)
        {
            if (_byId.Values.FirstOrDefault(payment => payment.Reference == reference) is not { Outcome: Outcome.None } open)
            {
                return _byId.Values.FirstOrDefault(payment => payment.Reference == reference);
            }

            var refused = outcome switch { "OK" => null, "KO" => "the control said so", _ => card.WhyRefused(open.Cents) };
            return refused is null
                ? Note(Kinds.Taken, open.ShopId, open.Cents, ("paymentID", open.PaymentId), ("tranID", Digits(20)))
                : Note(Kinds.Refused, open.ShopId, open.Cents, ("paymentID", open.PaymentId), ("reason", refused));
        }
    }

    public ImpresePayment? Cancel(string reference)
    {
        lock (_lock)
        {
            return _byId.Values.FirstOrDefault(payment => payment.Reference == reference) is { Outcome: Outcome.None } open
                ? Note(Kinds.Abandoned, open.ShopId, open.Cents, ("paymentID", open.PaymentId))
                : _byId.Values.FirstOrDefault(payment => payment.Reference == reference);
        }
    }

    /// <summary>The bank itself takes a payment back.</summary>
    public ImpresePayment? Reverse(string shopId)
    {
        lock (_lock)
        {
            return _byId.Values.FirstOrDefault(payment => payment.ShopId == shopId) is { } known ? Note("reversed", shopId, known.Cents, ("paymentID", known.PaymentId)) : null;
        }
    }

    public (string Rc, Credit? Credit) GiveBack(SoapCall call)
    {
        lock (_lock)
        {
            if (_byId.Values.FirstOrDefault(payment => payment.TranId.Length > 0 && payment.TranId == call["refTranID"]) is not { Outcome: Outcome.Taken, Reversed: false } taken)
            {
                return ("IGFS_033", null);
            }

            if (!IsShopId(call["shopID"]))
            {
                return ("IGFS_20012", null);
            }

            if (_byId.Values.Any(payment => payment.ShopId == call["shopID"] || payment.Credits.Any(credit => credit.ShopId == call["shopID"])))
            {
                return ("IGFS_20026", null);
            }

            var whole = call.Operation == "VoidAuth";
            if (!long.TryParse(call["amount"], NumberStyles.None, CultureInfo.InvariantCulture, out var cents) || cents == 0 || (whole && cents != taken.Cents))
            {
                return ("IGFS_032", null);
            }

            if (cents > taken.Cents - taken.CreditedCents)
            {
                return ("IGFS_098", null);
            }

            var after = Note("credited", taken.ShopId, cents, ("paymentID", taken.PaymentId), ("shopID", call["shopID"]), ("tranID", Digits(20)));
            return ("IGFS_000", after.Credits[^1]);
        }
    }

    public void Note(string kind, string? order, params ReadOnlySpan<(string Name, string Value)> detail)
        => _journal.Append(Entry(kind, order, null, detail));

    private static bool IsShopId(string text) => text.Length is > 0 and <= 35 && text.All(letter => char.IsAsciiLetterOrDigit(letter) || "/-?:().,'+ ".Contains(letter, StringComparison.Ordinal));

    private static string Digits(int count) => string.Concat(Enumerable.Range(0, count).Select(_ => (char)('0' + RandomNumberGenerator.GetInt32(10))));

    private ImpresePayment Note(string kind, string shopId, long cents, params ReadOnlySpan<(string Name, string Value)> detail)
    {
        var entry = Entry(kind, shopId, cents, detail);
        _journal.Append(entry);
        Apply(entry);
        return _byId[entry.Detail["paymentID"]];
    }

    private JournalEntry Entry(string kind, string? order, long? cents, ReadOnlySpan<(string Name, string Value)> detail)
    {
        var words = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in detail)
        {
            words[name] = value;
        }

        return new JournalEntry(_clock.Now, order, kind, cents, State: null, words);
    }

    private void Apply(JournalEntry entry)
    {
        if (!entry.Detail.TryGetValue("paymentID", out var id))
        {
            return;
        }

        var before = _byId.GetValueOrDefault(id);
        _byId[id] = (entry.Kind, before) switch
        {
            ("opened", _) => new(id, entry.Order!, entry.AmountCents!.Value, entry.Detail["reference"], entry.Detail["notifyURL"], entry.Detail["errorURL"], entry.Detail["langID"]),
            (Kinds.Taken, { }) => before with { Outcome = Outcome.Taken, TranId = entry.Detail["tranID"] },
            (Kinds.Refused, { }) => before with { Outcome = Outcome.Refused },
            (Kinds.Abandoned, { }) => before with { Outcome = Outcome.Abandoned },
            ("reversed", { }) => before with { Reversed = true },
            ("credited", { }) => before with { Credits = [.. before.Credits, new Credit(entry.Detail["shopID"], entry.AmountCents!.Value, entry.Detail["tranID"])] },
            _ => before!,
        };
    }
}
