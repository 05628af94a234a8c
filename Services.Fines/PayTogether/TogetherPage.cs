using Microsoft.AspNetCore.Http;
using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Limits;
using Platform.Core.Money;
using Platform.Core.Pages;
using Platform.Core.Time;
using Platform.Payments;
using Services.Fines.Amounts;
using Services.Fines.Register;

namespace Services.Fines;

/// <summary>Several fines of one plate in one payment: the citizen adds them by their number, takes them out again, sees each amount and the total, and pays once.</summary>
[LimitTries(posts: 60, minutes: 10)]
internal sealed class TogetherPage(ICommands commands, ILinks links, ITries tries) : IPage
{
    public Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(request);
        return FinesOf(request) is { } ids ? Draw(request, ids, null, new FormState(), stop) : Task.FromResult(BackToSearch(request));
    }

    public Task<PageAnswer> Post(PageRequest request, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (FinesOf(request) is not { } ids)
            return Task.FromResult(BackToSearch(request));
        if (request.Form[TogetherForm.Remove] is [{ } number])
            return Remove(request, ids, number, stop);
        if (request.Form.ContainsKey(TogetherForm.Declare))
            return Declare(request, ids, stop);
        return request.Form.ContainsKey(TogetherForm.Number) ? Add(request, ids, stop) : Pay(request, ids, stop);
    }

    async Task<PageAnswer> Add(PageRequest request, IReadOnlyList<Guid> ids, CancellationToken stop)
    {
        var texts = FinesTexts.In(request.Culture);
        var form = FormState.From(request.Form);
        if (!FineNumber.TryParse(form[TogetherForm.Number], out var name))
            form.AddError(TogetherForm.Number, texts[form.IsEmpty(TogetherForm.Number) ? "find.number.missing" : "find.number.wrong"]);
        else if (ids.Count >= TogetherLink.Most)
            form.AddError(TogetherForm.Number, texts["together.full", TogetherLink.Most]);
        else
        {
            if (await NoticeTries.Count(tries, name.Value, stop) is { } wait)
                return PageAnswer.TooMany(wait);
            var found = await commands.Send(new FindAnother(ids, name.Value), stop);
            if (found.Refusal is null)
                return ids.Contains(found.Value) ? Go(request, ids) : Go(request, [.. ids, found.Value]);
            form.AddError(TogetherForm.Number, texts[$"refusal.{found.Refusal.Code}"]);
        }
        return await Draw(request, ids, null, form, stop);
    }

    async Task<PageAnswer> Remove(PageRequest request, IReadOnlyList<Guid> ids, string number, CancellationToken stop)
    {
        var read = await commands.Send(new ReadFines(ids), stop);
        return Go(request, [.. read.Fines.Where(fine => fine.Name.ToString() != number).Select(fine => fine.Id)]);
    }

    /// <summary>The days on which he received reports, as far as he writes any: all of them are stored, or none.</summary>
    async Task<PageAnswer> Declare(PageRequest request, IReadOnlyList<Guid> ids, CancellationToken stop)
    {
        var (texts, today, form) = (FinesTexts.In(request.Culture), LegalTime.Day(request.Now), FormState.From(request.Form));
        var read = await commands.Send(new ReadFines(ids), stop);
        var said = new List<DeclareNotice>();
        foreach (var fine in read.Fines.Where(fine => fine.MayBeDeclared && !form.IsEmpty(TogetherForm.DayOf(fine.Name.ToString()))))
            if (DeclareForm.Read(form, texts, fine.ViolatedOn, today, TogetherForm.DayOf(fine.Name.ToString())) is { } day)
                said.Add(new(fine.Id, day));
        if (!form.IsValid)
            return await Draw(request, ids, null, form, stop);
        foreach (var declared in said)
            if ((await commands.Send(declared, stop)).Refusal is { } refusal)
                return await Draw(request, ids, refusal, new FormState(), stop);
        return Go(request, ids);
    }

    async Task<PageAnswer> Pay(PageRequest request, IReadOnlyList<Guid> ids, CancellationToken stop)
    {
        var positions = await commands.Send(new PriceFines(ids), stop);
        var checkout = positions.Refusal ?? await commands.Pay(request, positions.Value, $"insieme/{request.Route["token"]}", stop);
        return checkout.Refusal is null ? PageAnswer.GoTo(checkout.Value.GoTo) : await Draw(request, ids, checkout.Refusal, new FormState(), stop);
    }

    async Task<PageAnswer> Draw(PageRequest request, IReadOnlyList<Guid> ids, Refusal? refusal, FormState form, CancellationToken stop)
    {
        var read = await commands.Send(new ReadFines(ids), stop);
        return read.Fines.Count < ids.Count
            ? Go(request, [.. read.Fines.Select(fine => fine.Id)])
            : PageAnswer.View<TogetherView>(
                TogetherModel.Of(read.Fines, read.Settings, request, refusal, form) with { Gateway = await commands.Send(new CheckGateway(), stop) },
                refusal is null && form.IsValid ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity);
    }

    PageAnswer Go(PageRequest request, IReadOnlyList<Guid> ids) => PageAnswer.Go(ids.Count == 0 ? request.Path : $"{request.Path}/{TogetherLink.For(links, ids)}");

    IReadOnlyList<Guid>? FinesOf(PageRequest request) => TogetherLink.Open(links, request.Route.GetValueOrDefault("token"));

    static PageAnswer BackToSearch(PageRequest request) => PageAnswer.Go(FindFinePage.ExpiredLinkPath(request.Path));
}

/// <summary>The forms of the list.</summary>
internal static class TogetherForm
{
    public const string Number = "verbale";
    public const string Remove = "togli";
    public const string Declare = "dichiara";

    /// <summary>The field for the day of delivery of one of them.</summary>
    public static string DayOf(string number) => $"{DeclareForm.Day}-{number.Replace('/', '-')}";
}

/// <summary>Fines that are paid together, as their page shows them.</summary>
/// <param name="Total">Of all, each at today's amount.</param>
/// <param name="Refusal">Why the payment could not begin, in words; null when it was not tried.</param>
/// <param name="CanPay">Every fine of the list can be paid now.</param>
public sealed record TogetherModel(
    Texts Texts, string Plate, IReadOnlyList<TogetherRow> Rows, Euro Total, string? Refusal, bool CanPay, bool Points, FormState Form, string SearchPath, Entity Creditor, string Office)
{
    /// <summary>How the bank answers, read before paying.</summary>
    public GatewayReport? Gateway { get; init; }

    /// <summary>Of which nobody but the payer knows when they were delivered.</summary>
    public IReadOnlyList<Undelivered> MayBeDeclared { get; init; } = [];

    public DateOnly Today { get; init; }

    internal static TogetherModel Of(IReadOnlyList<Fine> fines, FinesSettings settings, PageRequest request, Refusal? refusal, FormState form)
    {
        var texts = FinesTexts.In(request.Culture);
        var today = LegalTime.Day(request.Now);
        var rows = fines.Select(fine => fine.NotPayable(today, settings) switch
        {
            { } why => new TogetherRow(TitleOf(fine, texts), fine.Name.ToString(), fine.ViolatedOn, fine.Description, null, why),
            // Payments knows of the money before the register does.
            _ when refusal is { Code: CheckoutRefusals.AlreadyPaid } && refusal.Detail == fine.Name.ToString() =>
                new TogetherRow(TitleOf(fine, texts), fine.Name.ToString(), fine.ViolatedOn, fine.Description, null, FineRefusals.AlreadyPaid),
            _ => new TogetherRow(TitleOf(fine, texts), fine.Name.ToString(), fine.ViolatedOn, fine.Description, fine.AmountsOn(today, settings).Today.Total, null),
        }).ToList();
        var canPay = rows.TrueForAll(row => row.Amount is not null) && refusal?.Code != CheckoutRefusals.NotOpen;
        return new(
            texts, fines[0].Plate, rows, rows.Aggregate(Euro.Zero, (sum, row) => sum + (row.Amount ?? Euro.Zero)), refusal is null ? null : Words(texts, refusal, rows), canPay,
            fines.Any(fine => fine.Points > 0), form, request.Path, request.Creditor, settings.Office)
        {
            Today = today, MayBeDeclared = [.. fines.Where(fine => fine is { MayBeDeclared: true, DeclaredOn: null }).Select(fine => new Undelivered(fine.Name.ToString(), fine.ViolatedOn))],
        };
    }

    static string TitleOf(Fine fine, Texts texts) => texts[fine.Phase == Phase.Notice ? "show.title.notice" : "show.title", fine.Name];

    static string Words(Texts texts, Refusal refusal, IReadOnlyList<TogetherRow> rows) =>
        rows.FirstOrDefault(row => row.Number == refusal.Detail) is { } row ? texts["together.refused.one", row.Title] : ShowFineModel.Words(texts, refusal);
}

/// <summary>One fine of the list.</summary>
/// <param name="Amount">What it costs today; null when it cannot be paid here now, for the reason <paramref name="NotHere"/>.</param>
public sealed record TogetherRow(string Title, string Number, DateOnly ViolatedOn, string Description, Euro? Amount, string? NotHere);

/// <summary>A fine of the list whose day of delivery is not known.</summary>
public sealed record Undelivered(string Number, DateOnly ViolatedOn);
