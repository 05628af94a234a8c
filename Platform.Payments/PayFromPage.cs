using Platform.Core.Commands;
using Platform.Core.Pages;

namespace Platform.Payments;

/// <summary>The whole way from a page to the gateway in one call.</summary>
public static class PayFromPage
{
    internal const string AttemptField = "attempt";

    /// <summary>Opens <paramref name="position"/> and starts to pay it, for a page that draws a <see cref="PayForm"/>: call it in the page's <c>Post</c>.</summary>
    /// <remarks>
    /// Two commands, so two transactions, and none may be open: first <see cref="OpenPosition"/>, then <see cref="StartCheckout"/>. Both may be repeated:
    /// one drawn form is one attempt, and pressing its button twice leads to the same checkout.
    /// </remarks>
    /// <param name="returnPage">See <see cref="StartCheckout"/>.</param>
    /// <returns>Send the browser to its address with <see cref="PageAnswer.GoTo"/>; or why not, by the codes of <see cref="CheckoutRefusals"/>.</returns>
    public static async Task<Outcome<StartedCheckout>> Pay(
        this ICommands commands, PageRequest request, OpenPosition position, string returnPage, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(commands);
        ArgumentNullException.ThrowIfNull(request);
        if (!Guid.TryParse(request.Form[AttemptField], out var attempt) || attempt == Guid.Empty)
            attempt = Guid.CreateVersion7(request.Now);
        var opened = await commands.Send(position, stop);
        return opened.Paid
            ? new Refusal(CheckoutRefusals.AlreadyPaid)
            : await commands.Send(new StartCheckout(attempt, [opened.Due], returnPage, request.Culture.TwoLetterISOLanguageName), stop);
    }
}
