using System.Collections.Concurrent;

namespace PagOnLine.Emulator;

/// <summary>How the bank misbehaves for one order. Every member left out means the truth.</summary>
internal sealed record Lie(
    ListenerLie? Listener = null, ReturnLie? Return = null, QueryLie? Query = null, string? Esito = null, long? AmountCents = null, string? Outcome = null)
{
    public static Lie None { get; } = new();

    public string? WhyInvalid()
    {
        if (Esito is not (null or "OK" or "IC"))
        {
            return "esito is OK or IC";
        }

        if (Outcome is not (null or "OK" or "KO"))
        {
            return "outcome is OK or KO";
        }

        if (Return?.Method is not (null or "GET" or "POST"))
        {
            return "return.method is GET or POST";
        }

        if (new[] { Listener?.DelayMs, Return?.DelayMs, Query?.DelayMs }.Any(delay => delay is < 0 or > 600_000))
        {
            return "delayMs is between 0 and 600000";
        }

        if (new[] { Listener?.Repeat, Return?.Repeat }.Any(repeat => repeat is < 0 or > 100))
        {
            return "repeat is between 0 and 100";
        }

        return AmountCents is <= 0 || Query?.AmountCents is < 0 ? "amountCents is not negative" : null;
    }
}

/// <param name="Forge">The MAC belongs to another order.</param>
/// <param name="OtherSecret">The MAC is made with a secret that is not the merchant's.</param>
/// <param name="Repeat">How many more times the same call is made.</param>
/// <param name="State">Told instead of the true current state, and signed as if it were true.</param>
internal sealed record ListenerLie(bool Drop = false, int DelayMs = 0, int Repeat = 0, bool Forge = false, bool OtherSecret = false, string? State = null);

/// <param name="Forge">The MAC belongs to another order.</param>
/// <param name="FlipEsito">Tells the contrary of what happened, and signs it.</param>
/// <param name="Repeat">How many more times the browser delivers the same return.</param>
internal sealed record ReturnLie(bool Drop = false, string? Method = null, bool Forge = false, int Repeat = 0, int DelayMs = 0, bool FlipEsito = false);

/// <param name="Garbled">Answers a page of a proxy instead of the protocol.</param>
/// <param name="Undetermined">Answers an error that says nothing about the order.</param>
/// <param name="Unknown">Answers that there is no such order.</param>
internal sealed record QueryLie(
    bool Down = false, int DelayMs = 0, long? AmountCents = null, string? State = null, bool Garbled = false, bool Undetermined = false, bool Unknown = false);

/// <summary>The lies in force: those of the order, else those of <c>*</c>.</summary>
internal sealed class Lies
{
    public const string EveryOrder = "*";

    private readonly ConcurrentDictionary<string, Lie> _byOrder = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, Lie> All => _byOrder;

    public Lie About(string order) => _byOrder.GetValueOrDefault(order) ?? _byOrder.GetValueOrDefault(EveryOrder) ?? Lie.None;

    public void Set(string order, Lie lie) => _byOrder[order] = lie;

    public void Clear(string order) => _byOrder.TryRemove(order, out _);
}
