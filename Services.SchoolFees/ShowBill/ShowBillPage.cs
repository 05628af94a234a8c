using Microsoft.AspNetCore.Http;
using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Money;
using Platform.Core.Pages;
using Platform.Core.Time;
using Platform.Payments;
using Services.SchoolFees.Arrears;
using Services.SchoolFees.Billing;
using Services.SchoolFees.Credits;

namespace Services.SchoolFees;

/// <summary>Shows a bill with where each amount comes from; takes to the checkout, or to all bills of the household.</summary>
internal sealed class ShowBillPage(ICommands commands, ILinks links) : IPage
{
    public Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(request);
        return Draw(request, null, stop);
    }

    public async Task<PageAnswer> Post(PageRequest request, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (await Found(request, stop) is not { } found)
            return FindBillPage.Back(request);
        var here = $"bolletta/{request.Route["token"]}";
        var bills = await commands.Send(new BillsToPay(found.Bill.Payer, [found.Bill.Id]), stop);
        var checkout = bills.Refusal ?? await commands.Pay(request, bills.Value, here, stop);
        return checkout.Refusal is null ? PageAnswer.GoTo(checkout.Value.GoTo) : await Draw(request, checkout.Refusal, stop);
    }

    async Task<ReadBill.Answer?> Found(PageRequest request, CancellationToken stop) =>
        BillLinks.Bill(links, request.Route.GetValueOrDefault("token")) is { } id ? await commands.Send(new ReadBill(id), stop) : null;

    async Task<PageAnswer> Draw(PageRequest request, Refusal? refusal, CancellationToken stop)
    {
        if (await Found(request, stop) is not { } found)
            return FindBillPage.Back(request);
        var (bill, t, today) = (found.Bill, SchoolFeesTexts.In(request.Culture), LegalTime.Day(request.Now));
        var ofDelegate = BillLinks.IsOfDelegate(links, request.Route["token"]);
        var surcharge = bill.Surcharge(found.Policy, today);
        List<ShownLine> lines = [.. BillWords.All(found.Lines, found.Deducted, t)];
        if (surcharge > Euro.Zero)
            lines.Add(new(t["line.surcharge"], surcharge));
        var ways = bill.IsOpen && found.Plan.Count > 0 ? await commands.Send(new AskWays(bill.Position(found.Policy, today, found.Plan)), stop) : null;
        var left = new Euro(found.Plan.Where(one => one.IsOpen).Sum(one => one.Owed(found.Policy, bill.DueOn, today).Cents));
        List<ShownInstalment> plan = [.. found.Plan.Select(one => new ShownInstalment(t["instalment.of", one.Number, found.Plan.Count], one.DueOn, one.Owed(found.Policy, bill.DueOn, today), one.State, one.IsOpen && one.DueOn < today))];
        var overdue = bill.InInstalments ? null : !bill.IsOpen || bill.DueOn >= today ? null
            : surcharge > Euro.Zero ? t["show.overdue.surcharge", bill.DueOn, surcharge.In(t.Culture)]
            : Lateness.Surcharge(found.Policy, bill.Total, bill.DueOn, DateOnly.MaxValue) is var later && later > Euro.Zero
                ? t["show.overdue.soon", bill.DueOn, Lateness.LastDayWithout(found.Policy, bill.DueOn), later.In(t.Culture)]
            : t["show.overdue", bill.DueOn];
        return PageAnswer.View<ShowBillView>(
            new ShowBillModel(
                t, bill.Code, bill.Service, bill.PupilName, bill.Period, bill.Owed(found.Policy, today), bill.DueOn, bill.State, bill.PaidOn, bill.PaidOrder, overdue, lines, found.OpenOfHousehold > (bill.IsOpen ? 1 : 0) ? found.OpenOfHousehold : 0,
                $"{request.Path}/{BillLinks.ToHousehold(links, bill.Payer, ofDelegate)}", ofDelegate ? null : $"{request.Path}/{BillLinks.ToCertificates(links, bill.Payer)}", $"{request.Path}/{BillLinks.ToDispute(links, bill.Id, ofDelegate)}", found.Disputes, BillWords.Of(refusal, t), await commands.Send(new CheckGateway(), stop), request.Path, request.Creditor, ways, plan, bill.Plan is not null, left,
                [.. found.Credits.Select(note => ShownCredit.Of(note, t, request.Path, links))]),
            refusal is null ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity);
    }
}

/// <summary>A bill as its page shows it.</summary>
/// <param name="OpenOfHousehold">How many bills there are to pay, when there are others than this one; else 0.</param>
/// <param name="Begun">Something of the plan was paid; else it is offered.</param>
/// <param name="Left">Of the plan.</param>
public sealed record ShowBillModel(
    Texts Texts, string Code, string Service, string Pupil, DateOnly Period, Euro Total, DateOnly DueOn, string State, DateOnly? PaidOn, string? PaidOrder, string? Overdue,
    IReadOnlyList<ShownLine> Lines, int OpenOfHousehold, string HouseholdPath, string? CertificatesPath, string DisputePath, IReadOnlyList<Dispute> Disputes, string? Refusal, GatewayReport Gateway, string SearchPath, Entity Creditor,
    IReadOnlyList<WayToPay>? Ways, IReadOnlyList<ShownInstalment> Plan, bool Begun, Euro Left, IReadOnlyList<ShownCredit> Credits);

/// <summary>An instalment, offered or begun.</summary>
public sealed record ShownInstalment(string Words, DateOnly DueOn, Euro Amount, string State, bool Late);

/// <summary>A line of a bill in words.</summary>
public sealed record ShownLine(string Words, Euro Amount);

/// <summary>Says where an amount comes from.</summary>
internal static class BillWords
{
    public static string Of(BillLine line, Texts t) => line.Share is { } share ? t["line.share", Whole(line, t), share] : Whole(line, t);

    /// <summary>All that adds up to a bill.</summary>
    public static IEnumerable<ShownLine> All(IEnumerable<BillLine> lines, IEnumerable<DeductedCredit> credits, Texts t) =>
        lines.Select(line => new ShownLine(Of(line, t), line.Amount)).Concat(credits.Select(credit => new ShownLine(t["line.credit", credit.Number], Euro.Zero - credit.Cents)));

    static string Whole(BillLine line, Texts t)
    {
        var what = line.Kind == "fixed" ? t["line.fixed", line.Period]
            : line.Correction ? t[$"line.{line.Unit}.difference", line.Period, line.Quantity]
            : t[$"line.{line.Unit}", line.Period, line.Quantity, line.Price.In(t.Culture)];
        if (line.Correction)
            return t["line.correction", what];
        if (line.Kind == "fixed")
            return what;
        var why = line.Isee is { } isee && line.Reason is "band" or "formula"
            ? t[$"reason.{line.Reason}", new Euro(line.Isee ?? 0).In(t.Culture)]
            : t[$"reason.{line.Reason}"];
        return line.Discount > 0 ? t["line.discounted", what, why, line.Base.In(t.Culture), line.Discount] : t["line.plain", what, why];
    }

    public static string? Of(Refusal? refusal, Texts t) => refusal?.Code switch
    {
        null => null,
        BillRefusals.NotFound or BillRefusals.AlreadyPaid or BillRefusals.NotOpen or CheckoutRefusals.AlreadyPaid or CheckoutRefusals.NotOpen or CheckoutRefusals.OtherPlan or CheckoutRefusals.NotPriced
            or CheckoutRefusals.NoAgreement or CheckoutRefusals.GatewaySilent => t[$"refusal.{refusal.Code}"],
        _ => t["refusal.other", refusal.Code],
    };
}

/// <summary>All bills of who pays: one, several or all of the open ones are paid in one payment.</summary>
internal sealed class HouseholdPage(ICommands commands, ILinks links) : IPage
{
    public const string Bills = "bollette";

    public Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(request);
        return Draw(request, null, null, stop);
    }

    public async Task<PageAnswer> Post(PageRequest request, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (Payer(request) is not { } payer)
            return FindBillPage.Back(request);
        var form = FormState.From(request.Form);
        var here = $"famiglia/{request.Route["token"]}";
        var chosen = form.Values(Bills).Select(value => Guid.TryParseExact(value, "N", out var id) ? id : Guid.Empty).ToList();
        if (chosen.Count == 0)
            form.AddError(Bills, SchoolFeesTexts.In(request.Culture)["household.none"]);
        if (chosen.Count == 0)
            return await Draw(request, form, null, stop);
        var bills = await commands.Send(new BillsToPay(payer, chosen), stop);
        var checkout = bills.Refusal ?? await commands.Pay(request, bills.Value, here, stop);
        return checkout.Refusal is null ? PageAnswer.GoTo(checkout.Value.GoTo) : await Draw(request, form, checkout.Refusal, stop);
    }

    string? Payer(PageRequest request) => BillLinks.Household(links, request.Route.GetValueOrDefault("token"));

    async Task<PageAnswer> Draw(PageRequest request, FormState? form, Refusal? refusal, CancellationToken stop)
    {
        if (Payer(request) is not { } payer)
            return FindBillPage.Back(request);
        var t = SchoolFeesTexts.In(request.Culture);
        var (bills, policy, wallets, plans, credits) = await commands.Send(new ReadHousehold(payer), stop);
        var ofDelegate = BillLinks.IsOfDelegate(links, request.Route["token"]);
        var today = LegalTime.Day(request.Now);
        var open = bills.Where(bill => bill.IsOpen && !bill.InInstalments).ToList();
        var begun = bills.Where(bill => bill.InInstalments).Select(bill => (Bill: bill, Next: plans[bill.Id].First(one => one.IsOpen), Of: plans[bill.Id].Count))
            .Select(one => new ShownBegun(
                t["household.begun", one.Bill.PupilName, one.Bill.Service, one.Bill.Period],
                t["household.begun.next", one.Next.Number, one.Of, one.Next.Owed(policy, one.Bill.DueOn, today).In(t.Culture), one.Next.DueOn], $"{request.Path}/{BillLinks.To(links, one.Bill.Id, ofDelegate)}"))
            .ToList();
        if (form is null)
        {
            form = new FormState();
            form.Set(Bills, [.. open.Select(bill => bill.Id.ToString("N"))]);
        }
        return PageAnswer.View<HouseholdView>(
            new HouseholdModel(
                t, form, [.. open.Select(bill => new Choice(bill.Id.ToString("N"), t["household.bill", bill.PupilName, bill.Service, bill.Period, bill.Owed(policy, today).In(t.Culture)], t["household.hint", bill.DueOn, bill.Code]))],
                new Euro(open.Sum(bill => bill.Owed(policy, today).Cents)), [.. bills.Where(bill => !bill.IsOpen).Select(bill => new ShownLine(t["household.paid", bill.PupilName, bill.Service, bill.Period, bill.PaidOn!], bill.Total))],
                BillWords.Of(refusal, t), await commands.Send(new CheckGateway(), stop), request.Path,
                ofDelegate ? null : $"{request.Path}/{BillLinks.ToCertificates(links, payer)}",
                [.. wallets.Select(wallet => new ShownWallet(t["household.wallet", wallet.PupilName, wallet.Service], $"{request.Path}/{BillLinks.ToWallet(links, wallet.Id, ofDelegate)}", wallet.Balance))], begun, [.. credits.Select(note => ShownCredit.Of(note, t, request.Path, links))], request.Creditor),
            refusal is null && form.IsValid ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity);
    }
}

/// <summary>The bills of a household as its page shows them.</summary>
public sealed record HouseholdModel(
    Texts Texts, FormState Form, IReadOnlyList<Choice> Open, Euro Total, IReadOnlyList<ShownLine> Paid, string? Refusal, GatewayReport Gateway, string SearchPath, string? CertificatesPath,
    IReadOnlyList<ShownWallet> Wallets, IReadOnlyList<ShownBegun> Begun, IReadOnlyList<ShownCredit> Credits, Entity Creditor);

/// <summary>A bill that is paid by instalments, with the next one.</summary>
public sealed record ShownBegun(string Words, string Next, string Path);

/// <summary>A prepaid wallet of the household.</summary>
public sealed record ShownWallet(string Words, string Path, Euro Balance);
