using System.Buffers.Binary;
using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.WebUtilities;
using Platform.Core.Commands;
using Platform.Core.Entities;

namespace Platform.Payments.Carts;

/// <summary>A due that somebody wants to pay together with others.</summary>
internal readonly record struct CartItem(EntityId Creditor, Guid Due);

/// <summary>
/// What somebody wants to pay together, in the order in which it was put there: which dues of whom, and nothing else. It says nothing of prices, and whoever has it may only pay:
/// what a due is and costs is read and asked whenever the cart is shown or paid.
/// </summary>
internal sealed record Cart(IReadOnlyList<CartItem> Items)
{
    /// <summary>As many as one payment takes.</summary>
    public const int Most = 50;

    /// <summary>The service that the payment of a cart belongs to: payments itself. A plugin cannot have this id.</summary>
    public const string OfAll = "payments";

    public static readonly Cart Empty = new([]);

    /// <summary>The cookie of a municipality's pages: a cart of one never shows on another's.</summary>
    public static string NoteOf(Entity shownBy) => $"portico-cart-{shownBy.Code}";

    /// <returns>The cart with it, once however often it is put there; null when it is full.</returns>
    public Cart? With(CartItem item) => Items.Contains(item) ? this : Items.Count >= Most ? null : new([.. Items, item]);

    public Cart Without(Func<CartItem, bool> gone) => new([.. Items.Where(item => !gone(item))]);
}

/// <summary>Writes a cart so that its browser can carry it and nobody can make or alter one; it opens for one municipality's pages and for some hours.</summary>
internal sealed class CartSeal(IDataProtectionProvider protection, TimeProvider clock)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(4);

    const int HeadBytes = 8;
    const int ItemBytes = 20;

    public string? Seal(Cart cart, EntityId shownBy)
    {
        if (cart.Items.Count == 0)
            return null;
        var plain = new byte[HeadBytes + cart.Items.Count * ItemBytes];
        BinaryPrimitives.WriteInt64BigEndian(plain, (clock.GetUtcNow() + Lifetime).ToUnixTimeSeconds());
        for (var n = 0; n < cart.Items.Count; n++)
        {
            var at = plain.AsSpan(HeadBytes + n * ItemBytes);
            BinaryPrimitives.WriteInt32BigEndian(at, cart.Items[n].Creditor.Value);
            cart.Items[n].Due.TryWriteBytes(at[4..], bigEndian: true, out _);
        }
        return WebEncoders.Base64UrlEncode(Protector(shownBy).Protect(plain));
    }

    /// <summary>Empty when there is none, it is not ours, it is another municipality's or too old.</summary>
    public Cart Open(string? note, EntityId shownBy)
    {
        if (string.IsNullOrEmpty(note))
            return Cart.Empty;
        try
        {
            var plain = Protector(shownBy).Unprotect(WebEncoders.Base64UrlDecode(note));
            if (BinaryPrimitives.ReadInt64BigEndian(plain) < clock.GetUtcNow().ToUnixTimeSeconds())
                return Cart.Empty;
            return new([.. Enumerable.Range(0, (plain.Length - HeadBytes) / ItemBytes).Select(n => HeadBytes + n * ItemBytes).Select(at =>
                new CartItem(new(BinaryPrimitives.ReadInt32BigEndian(plain.AsSpan(at))), new Guid(plain.AsSpan(at + 4, 16), bigEndian: true)))]);
        }
        catch (Exception altered) when (altered is CryptographicException or FormatException)
        {
            return Cart.Empty;
        }
    }

    IDataProtector Protector(EntityId shownBy) => protection.CreateProtector("payments", "cart", shownBy.ToString());
}

/// <summary>Lays dues that the calling service has just opened into the cart of a browser.</summary>
/// <param name="Sealed">The cart as the browser brought it.</param>
internal sealed record PutIntoCart(IReadOnlyList<DueId> Dues, string? Sealed) : ICommand<FilledCart>;

/// <param name="Sealed">The cart as the browser is to keep it.</param>
/// <param name="Full">Not everything fitted.</param>
internal sealed record FilledCart(string? Sealed, bool Full);

internal sealed class PutIntoCartHandler(CartSeal seal, CallContext call) : ICommandHandler<PutIntoCart, FilledCart>
{
    public Task<FilledCart> Handle(PutIntoCart request, CancellationToken cancellationToken)
    {
        var cart = seal.Open(request.Sealed, call.ShownBy);
        var full = false;
        foreach (var due in request.Dues)
        {
            var more = cart.With(new(call.Creditor, due.Value));
            full |= more is null;
            cart = more ?? cart;
        }
        return Task.FromResult(new FilledCart(seal.Seal(cart, call.ShownBy), full));
    }
}
