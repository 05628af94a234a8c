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
internal sealed class ShowFinePage(ICommands commands, ILinks links, IMunicipalities municipalities) : IPage
{
    /// <summary>Of the form that pays what is missing of a payment: who pressed the fine's own button is not charged for anything else.</summary>
    internal const string RestField = "differenza";

    public Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(request);
        return FineOf(request) is { } id ? Draw(request, id, null, new FormState(), stop) : Task.FromResult(BackToSearch(request));
    }

    public async Task<PageAnswer> Post(PageRequest request, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (FineOf(request) is not { } id)
            return BackToSearch(request);
        var here = $"verbale/{request.Route["token"]}";
        if (request.Form.ContainsKey(DeclareForm.Day))
            return await Declare(request, id, here, stop);
        var rest = request.Form.ContainsKey(RestField) ? await commands.Send(new PriceRest(id), stop) : null;
        var priced = rest is null ? await commands.Send(new PriceFines([id]), stop) : null;
        var checkout = rest?.Refusal ?? priced?.Refusal ?? await commands.Pay(request, rest is null ? priced!.Value : [rest.Value], here, stop);
        return checkout.Refusal is null ? PageAnswer.GoTo(checkout.Value.GoTo) : await Draw(request, id, checkout.Refusal, new FormState(), stop);
    }

    async Task<PageAnswer> Declare(PageRequest request, Guid id, string here, CancellationToken stop)
    {
        var found = await commands.Send(new ReadFine(id), stop);
        if (found.Refusal is not null)
            return BackToSearch(request);
        var form = FormState.From(request.Form);
        if (DeclareForm.Read(form, FinesTexts.In(request.Culture), found.Value.Fine.ViolatedOn, LegalTime.Day(request.Now)) is not { } day)
            return await Draw(request, id, null, form, stop);
        var declared = await commands.Send(new DeclareNotice(id, day), stop);
        return declared.Refusal is null ? PageAnswer.Go($"{request.Path}/{here}") : await Draw(request, id, declared.Refusal, form, stop);
    }

    async Task<PageAnswer> Draw(PageRequest request, Guid id, Refusal? refusal, FormState form, CancellationToken stop)
    {
        var found = await commands.Send(new ReadFine(id), stop);
        return found.Refusal is null
            ? PageAnswer.View<ShowFineView>(
                ShowFineModel.Of(found.Value.Fine, found.Value.Settings, request, refusal, form, $"{request.Path}/{TogetherLink.For(links, [id])}") with
                {
                    Gateway = await commands.Send(new CheckGateway(), stop), Municipality = await municipalities.NameOf(found.Value.Fine.Municipality, stop),
                },
                refusal is null && form.IsValid ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity)
            : BackToSearch(request);
    }

    Guid? FineOf(PageRequest request) => FineLink.Open(links, request.Route.GetValueOrDefault("token"));

    static PageAnswer BackToSearch(PageRequest request) => PageAnswer.Go(FindFinePage.ExpiredLinkPath(request.Path));
}

/// <summary>The form in which a citizen says when he received the report.</summary>
internal static class DeclareForm
{
    public const string Day = "ricevuto";

    /// <summary>The day, or null after the error was told on <paramref name="form"/>.</summary>
    public static DateOnly? Read(FormState form, Texts texts, DateOnly violatedOn, DateOnly today, string field = Day)
    {
        var day = form.Date(field);
        if (day is null)
            form.AddError(field, texts[form.IsEmpty(field) ? "declare.missing" : "declare.wrong"]);
        else if (day > today)
            form.AddError(field, texts["declare.future"]);
        else if (day < violatedOn)
            form.AddError(field, texts["declare.before", violatedOn]);
        else
            return day;
        return null;
    }
}

/// <summary>A fine as its page shows it.</summary>
/// <param name="Municipality">Where it happened; null where the service centre does not have that municipality.</param>
/// <param name="ToldOn">From when the law counts; <paramref name="Declared"/> tells whether only the citizen says so.</param>
/// <param name="Amounts">What it costs; null once paid and where nothing can be paid here.</param>
/// <param name="Paid">How it was paid; null while it is open.</param>
/// <param name="Supplement">What a payment left open; null when nothing.</param>
/// <param name="NotHere">Code of why it cannot be paid here now; null when it can, or is paid.</param>
/// <param name="Refusal">Why the payment could not begin, in words; null when it was not tried.</param>
/// <param name="CanPay">Whether a button leads to the checkout.</param>
/// <param name="TogetherPath">Where more fines of the plate are put to this one.</param>
/// <param name="Office">Who answers questions and when, in the creditor's own words; empty when it has written none.</param>
public sealed record ShowFineModel(
    Texts Texts, Phase Phase, string Number, string Article, string Description, string Place, string Device, string? Municipality, DateOnly ViolatedOn, string Plate,
    DateOnly? ToldOn, bool Declared, bool MayDeclare, FormState Declaration, DateOnly Today, int Points, string Accessory, bool DiscountExcluded, AmountsDue? Amounts,
    PaidFine? Paid, Euro? Supplement, string? NotHere, string? Refusal, bool CanPay, string TogetherPath, string SearchPath, Entity Creditor, string Office)
{
    /// <summary>How the bank answers, read before paying.</summary>
    public GatewayReport? Gateway { get; init; }

    /// <summary>Of the supplement: the last day for it, and whether it can be paid here. What of it was paid already.</summary>
    public DateOnly? SupplementUntil { get; init; }

    /// <inheritdoc cref="SupplementUntil"/>
    public bool CanPaySupplement { get; init; }

    /// <inheritdoc cref="SupplementUntil"/>
    public Euro? RestPaid { get; init; }

    /// <summary>By how much the bank took less than it was asked; null where it did not.</summary>
    public Euro? TakenShort { get; init; }

    /// <summary>What it will cost, counted from a delivery that is to come; empty where the days are known.</summary>
    public IReadOnlyList<AmountDue> Later { get; init; } = [];

    /// <summary>What may be asked for instead of paying at once; null where the law gives nothing.</summary>
    public Instalments? Instalments { get; init; }

    internal static ShowFineModel Of(Fine fine, FinesSettings settings, PageRequest request, Refusal? refusal, FormState? declaration = null, string together = "")
    {
        var texts = FinesTexts.In(request.Culture);
        var today = LegalTime.Day(request.Now);
        var paid = fine is { IsPaid: true, PaidOn: { } on, PaidAmount: { } amount, PaidOrder: { } order } ? new PaidFine(on, amount, order) : null;
        var notHere = paid is null ? fine.NotPayable(today, settings) : null;
        var amounts = paid is null && notHere is null or FineRefusals.NotToldYet ? fine.AmountsOn(today, settings) : null;
        // What the law calls the sum is the minimum: the reduction is lost with the request.
        var sum = amounts?.Next.Prepend(amounts.Today).FirstOrDefault(due => due.Band == Band.Minimum);
        return new(
            texts, fine.Phase, fine.Name.ToString(), fine.Article, fine.Description, fine.Place, fine.Device,
            fine.Municipality == request.Entity.IstatCode ? request.Entity.Name : null, fine.ViolatedOn, fine.Plate,
            fine.Phase == Phase.Notice ? null : fine.ToldOn, fine is { NotifiedOn: null, ContestedAtOnce: false, DeclaredOn: not null }, fine.MayBeDeclared,
            declaration ?? new FormState(), today, fine.Points, fine.Accessory, fine.DiscountExcluded,
            amounts, paid, paid is null ? null : fine.SupplementDue, notHere,
            refusal is not null && (paid is null || fine.SupplementDue is not null) ? Words(texts, refusal) : null,
            paid is null && notHere is null && refusal?.Code is not (FineRefusals.AlreadyPaid or CheckoutRefusals.AlreadyPaid or CheckoutRefusals.NotOpen),
            together, request.Path, request.Creditor, settings.Office)
        {
            SupplementUntil = fine.SupplementDue is not null && fine.TermOfMinimum(settings) is { } term && term >= today ? term : null,
            CanPaySupplement = fine.SupplementDue is not null && Supplements.NotPayable(fine) is null,
            RestPaid = fine.RestPaid,
            TakenShort = fine.TakenShort,
            Later = amounts is { Today.Band: Band.NotToldYet or Band.Windscreen } ? fine.AmountsAfterDelivery(settings) : [],
            Instalments = sum is not null && fine.ToldOn is { } told ? Services.Fines.Amounts.Instalments.Of(sum.Total, told, today) : null,
        };
    }

    internal static string Words(Texts texts, Refusal refusal) => refusal.Code switch
    {
        FineRefusals.NotFound or FineRefusals.AlreadyPaid or FineRefusals.NotToldYet or FineRefusals.NoticeOver or FineRefusals.Appealed or FineRefusals.Archived
            or FineRefusals.AtCollector or FineRefusals.InInstalments or FineRefusals.NoReducedPayment or FineRefusals.NotDeclarable
            or CheckoutRefusals.AlreadyPaid or CheckoutRefusals.NotOpen or CheckoutRefusals.NotPriced or CheckoutRefusals.NoAgreement
            or CheckoutRefusals.GatewaySilent or CheckoutRefusals.WrongEmail or CheckoutRefusals.OtherPlan or FineRefusals.NotAddable => texts[$"refusal.{refusal.Code}"],
        _ => texts["refusal.other", refusal.Code],
    };
}

/// <summary>How a fine was paid.</summary>
public sealed record PaidFine(DateOnly On, Euro Amount, string OrderNumber);
