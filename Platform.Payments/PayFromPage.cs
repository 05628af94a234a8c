using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Platform.Core.Commands;
using Platform.Core.Pages;
using Platform.Payments.Carts;
using Platform.Payments.Checkout;

namespace Platform.Payments;

/// <summary>The whole way from a page to the gateway in one call.</summary>
public static class PayFromPage
{
    internal const string AttemptField = "attempt";
    internal const string WayField = "rata";
    internal const string WholeWay = "unica";
    internal const string CartField = "carrello";
    internal const string EmailField = "payer_email";

    /// <summary>Opens <paramref name="position"/> and starts to pay it, for a page that draws a <see cref="PayForm"/>: call it in the page's <c>Post</c>.</summary>
    /// <remarks>
    /// <para>Commands one after the other, so several transactions, and none may be open: first <see cref="OpenPosition"/>, then <see cref="StartCheckout"/>. Both may be
    /// repeated: one drawn form is one attempt, and pressing its button twice leads to the same checkout.</para>
    /// <para>When an attempt of the last 15 minutes on the same due is still under way, the bank is asked first (at most 5 seconds). The answer's address is then a page of
    /// payments: the receipt if the bank has the money, otherwise the choice between going on and starting again.</para>
    /// </remarks>
    /// <para>Pressed "put into the cart" where the form offers it (<see cref="PayForm.Cart"/>), the positions are opened and laid into the browser's cart, no payment begins, and the
    /// answer's address is the cart.</para>
    /// <param name="returnPage">See <see cref="StartCheckout"/>.</param>
    /// <returns>Send the browser to its address with <see cref="PageAnswer.GoTo"/>; or why not, by the codes of <see cref="CheckoutRefusals"/>.</returns>
    public static Task<Outcome<StartedCheckout>> Pay(
        this ICommands commands, PageRequest request, OpenPosition position, string returnPage, CancellationToken stop) =>
        commands.Pay(request, [position], returnPage, stop);

    /// <summary>The same for several positions of the creditor, 1 to 50, in one payment with one receipt that lists them all.</summary>
    /// <remarks>
    /// Each position gets what its own lines add up to, to the cent. All or nothing: when one cannot be paid (any more), nothing begins, and the refusal's detail is its
    /// reference where it is known.
    /// </remarks>
    /// <inheritdoc cref="Pay(ICommands, PageRequest, OpenPosition, string, CancellationToken)" path="/param|/returns"/>
    public static async Task<Outcome<StartedCheckout>> Pay(
        this ICommands commands, PageRequest request, IReadOnlyList<OpenPosition> positions, string returnPage, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(commands);
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(positions);
        if (!Guid.TryParse(request.Form[AttemptField], out var attempt) || attempt == Guid.Empty)
            attempt = Guid.CreateVersion7(request.Now);
        var email = request.Form[EmailField].ToString().Trim();
        if (email.Length > 0 && !PayerEmail.IsOne(email))
            return new Refusal(CheckoutRefusals.WrongEmail);

        attempt = AttemptOf(attempt, positions.Select(position => position.Reference).Append(request.Form[WayField].ToString()));
        var dues = new List<DueId>(positions.Count);
        foreach (var position in positions)
        {
            var opened = await commands.Send(position, stop);
            // Which instalment, by what PayForm drew of Ways; the whole where it drew none.
            if (position.Plans.Count > 0 && request.Form[WayField].ToString() is { Length: > 0 } way && way != WholeWay)
            {
                if (opened.Instalments.FirstOrDefault(one => string.Create(CultureInfo.InvariantCulture, $"{one.Plan}/{one.Number}") == way) is not { } chosen)
                    return new Refusal(CheckoutRefusals.NotOpen, position.Reference);
                if (!chosen.Payable)
                    return new Refusal(chosen.Paid ? CheckoutRefusals.AlreadyPaid : CheckoutRefusals.OtherPlan, position.Reference);
                dues.Add(chosen.Due);
                continue;
            }
            if (opened.Paid)
                return new Refusal(CheckoutRefusals.AlreadyPaid, position.Reference);
            dues.Add(opened.Due);
        }
        if (request.Form.ContainsKey(CartField) && request.Notes is { } notes)
        {
            var put = await commands.Send(new PutIntoCart(dues, notes.Read(Cart.NoteOf(request.Entity))), stop);
            notes.Leave(Cart.NoteOf(request.Entity), put.Sealed);
            return new StartedCheckout(Guid.Empty, "", default, new(CartPages.PathOf(request.Entity, request.Creditor, put.Full), UriKind.Relative));
        }
        var start = new StartCheckout(attempt, dues, returnPage, request.Culture.TwoLetterISOLanguageName, email.Length > 0 ? new(email) : null);
        return await Begin(commands, start, stop);
    }

    /// <summary>Asks first what became of an attempt that is under way.</summary>
    internal static async Task<Outcome<StartedCheckout>> Begin(ICommands commands, StartCheckout start, CancellationToken stop) =>
        await commands.Send(new MeetEarlierAttempt(start), stop) is { } earlier ? earlier : await commands.Send(start, stop);

    /// <summary>The attempt is of these positions: who goes back to the drawn form and chooses others begins another one. Its time stays, by which payments are laid together on disk.</summary>
    internal static Guid AttemptOf(Guid drawn, IEnumerable<string> chosen)
    {
        var bytes = drawn.ToByteArray(bigEndian: true);
        var hash = SHA256.HashData([.. bytes, .. Encoding.UTF8.GetBytes(string.Join('\n', chosen.Order(StringComparer.Ordinal)))]);
        hash.AsSpan(0, 7).CopyTo(bytes.AsSpan(9));
        return new(bytes, bigEndian: true);
    }
}
