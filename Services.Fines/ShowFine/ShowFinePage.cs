using Microsoft.AspNetCore.Http;
using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Money;
using Platform.Core.Pages;
using Platform.Core.Time;
using Platform.Payments;
using Services.Fines.Amounts;
using Services.Fines.Register;

namespace Services.Fines;

/// <summary>Shows what was violated, what it costs today and what it becomes; takes to the checkout.</summary>
internal sealed class ShowFinePage(ICommands commands, ILinks links) : IPage
{
    public Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(request);
        return FineOf(request) is { } id ? Draw(request, id, null, stop) : Task.FromResult(BackToSearch(request));
    }

    public async Task<PageAnswer> Post(PageRequest request, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (FineOf(request) is not { } id)
            return BackToSearch(request);
        var here = $"verbale/{request.Route["token"]}";
        if (!Guid.TryParse(request.Form["attempt"], out var attempt) || attempt == Guid.Empty)
            return PageAnswer.Go($"{request.Path}/{here}");

        var checkout = await commands.Send(new PayFine(id, attempt, here, request.Culture.TwoLetterISOLanguageName), stop);
        return checkout.Refusal is null ? PageAnswer.GoTo(checkout.Value.GoTo) : await Draw(request, id, checkout.Refusal, stop);
    }

    async Task<PageAnswer> Draw(PageRequest request, Guid id, Refusal? refusal, CancellationToken stop)
    {
        var found = await commands.Send(new ReadFine(id), stop);
        return found.Refusal is null
            ? PageAnswer.View<ShowFineView>(
                ShowFineModel.Of(found.Value.Fine, found.Value.Settings, request, refusal), refusal is null ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity)
            : BackToSearch(request);
    }

    Guid? FineOf(PageRequest request) => FineLink.Open(links, request.Route.GetValueOrDefault("token"));

    static PageAnswer BackToSearch(PageRequest request) => PageAnswer.Go(FindFinePage.ExpiredLinkPath(request.Path));
}

/// <summary>A fine as its page shows it.</summary>
/// <param name="Municipality">Where it happened, when it is the page's own municipality; the register knows others by code only.</param>
/// <param name="Amounts">What it costs; null once paid.</param>
/// <param name="Paid">How it was paid; null while it is open.</param>
/// <param name="Refusal">Why the payment could not begin, in words; null when it was not tried.</param>
/// <param name="CanPay">Whether a button leads to the checkout.</param>
/// <param name="Attempt">Number of the attempt that the button would begin.</param>
/// <param name="Office">Who answers questions and when, in the creditor's own words; empty when it has written none.</param>
public sealed record ShowFineModel(
    Texts Texts, string Number, string Article, string Description, string Place, string? Municipality, DateOnly ViolatedOn, string Plate, DateOnly? ToldOn,
    bool DiscountExcluded, AmountsDue? Amounts, PaidFine? Paid, string? Refusal, bool CanPay, Guid Attempt, string SearchPath, Entity Creditor, string Office)
{
    internal static ShowFineModel Of(Fine fine, FinesSettings settings, PageRequest request, Refusal? refusal)
    {
        var texts = FinesTexts.In(request.Culture);
        var paid = fine is { IsPaid: true, PaidOn: { } on, PaidAmount: { } amount, PaidOrder: { } order } ? new PaidFine(on, amount, order) : null;
        return new(
            texts, fine.Name.ToString(), fine.Article, fine.Description, fine.Place,
            fine.Municipality == request.Entity.IstatCode ? request.Entity.Name : null, fine.ViolatedOn, fine.Plate, fine.ToldOn, fine.DiscountExcluded,
            paid is null ? fine.AmountsOn(LegalTime.Day(request.Now), settings) : null, paid,
            paid is null && refusal is not null ? Words(texts, refusal) : null,
            paid is null && fine.MayBePaid(settings) && refusal?.Code is not (FineRefusals.AlreadyPaid or CheckoutRefusals.AlreadyPaid or CheckoutRefusals.NotOpen),
            Guid.CreateVersion7(request.Now), request.Path, request.Creditor, settings.Office);
    }

    static string Words(Texts texts, Refusal refusal) => refusal.Code switch
    {
        FineRefusals.NotFound or FineRefusals.AlreadyPaid or FineRefusals.NotToldYet
            or CheckoutRefusals.AlreadyPaid or CheckoutRefusals.NotOpen or CheckoutRefusals.NotPriced or CheckoutRefusals.NoAgreement => texts[$"refusal.{refusal.Code}"],
        _ => texts["refusal.other", refusal.Code],
    };
}

/// <summary>How a fine was paid.</summary>
public sealed record PaidFine(DateOnly On, Euro Amount, string OrderNumber);
