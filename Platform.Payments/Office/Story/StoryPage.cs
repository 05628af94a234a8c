using Platform.Core.Commands;
using Platform.Core.Pages;
using Platform.Core.Plugins;

namespace Platform.Payments.Office.Story;

/// <param name="Path">Of the payments' pages.</param>
public sealed record StoryModel(PaymentStory Story, string ServiceTitle, string Path, string? RefundPath, string RecordingPath);

/// <summary>Everything about one payment. It shows who paid, so each look at it is in the journal.</summary>
[RequiresPermission(OfficePermissions.See), ShowsPersonalData]
internal sealed class StoryPage(ICommands commands, ServiceCatalog catalog) : IPage
{
    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        if (await commands.Send(new TellPayment(request.Route["order"]), stop) is not { } story)
            return PageAnswer.NotFound;
        var refundable = story.Head is { State: "paid", Confirmed: true } && story.Head.RefundedCents < story.Head.TakenCents && request.Officer?.May(OfficePermissions.Refund) == true;
        return PageAnswer.View<StoryView>(new StoryModel(
            story, story.Head.Service == Carts.Cart.OfAll ? request.Texts["office.service.cart"] : catalog.Find(story.Head.Service)?.TitleIn(request.Culture) ?? story.Head.Service, request.Path, refundable ? $"{request.Path}/pagamento/{story.Head.OrderNo}/rimborso" : null,
            $"{request.Path}/{Received.ReceivedPage.Pattern}/{story.Head.OrderNo}"));
    }
}
