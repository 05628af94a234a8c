using Platform.Core.Entities;
using Platform.Core.Money;

namespace Platform.Payments.Pages;

/// <summary>How what lies in a cart stands now.</summary>
public enum CartLineState
{
    /// <summary>Its owner has just told the price.</summary>
    Payable,

    /// <summary>Its owner gives no answer just now: the amount is the last that it told.</summary>
    LastKnown,
    Paid,

    /// <summary>Withdrawn, over, or no longer to be paid here.</summary>
    NotPayable,
}

/// <summary>Something that lies in a cart.</summary>
/// <param name="Instalment">Its number; null for the whole.</param>
public sealed record CartLine(Guid Due, string Service, string Title, int? Instalment, Euro Amount, CartLineState State)
{
    public string ServiceTitle { get; init; } = "";
}

/// <summary>What was put aside and is owed to somebody else.</summary>
public sealed record CartOther(string Creditor, int Count, string Path);

/// <param name="Creditor">To whom what is shown is owed; null when the cart is empty.</param>
/// <param name="Paid">What was paid meanwhile and has left the cart.</param>
/// <param name="Refusal">Why the payment could not begin, in words.</param>
/// <param name="Full">The last thing did not fit.</param>
public sealed record CartModel(
    Entity? Creditor, IReadOnlyList<CartLine> Lines, IReadOnlyList<string> Paid, IReadOnlyList<CartOther> Others, string? Refusal, bool Full, GatewayReport? Gateway, string HomePath)
{
    public Euro Total => Lines.Where(line => line.State != CartLineState.NotPayable).Aggregate(Euro.Zero, (sum, line) => sum + line.Amount);

    public bool CanPay => Lines.Count > 0 && Lines.All(line => line.State != CartLineState.NotPayable);
}
