using System.Security.Cryptography;
using Platform.Core.Commands;
using Platform.Core.Money;
using Platform.Core.Pages;
using Platform.Core.Plugins;
using Platform.Payments.Office.Story;
using Platform.Payments.Refunds;

namespace Platform.Payments.Office.Tasks;

/// <param name="Dues">Needed where a part of one of several is given back; empty otherwise.</param>
/// <param name="Confirm">It is asked once more.</param>
public sealed record AskRefundModel(FormState Form, bool Confirm, string Order, string Left, IReadOnlyList<Choice> Dues, string Path, string BackPath);

/// <summary>Asks for a refund of a payment, in two steps. Who asks cannot approve.</summary>
[RequiresPermission(OfficePermissions.Refund)]
internal sealed class AskRefundPage(ICommands commands) : IPage
{
    // A service that knows what is to go back leads here with the amount; it is read again when it is sent.
    public Task<PageAnswer> Get(PageRequest request, CancellationToken stop) => Show(
        request,
        new FormState().Set("modulo", Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16))).Set("importo", request.Query["importo"].ToString() is { Length: > 0 and <= 15 } amount ? amount : null)
            .Set("non_dovuto", request.Query["non_dovuto"] == "si" ? "si" : null),
        false, stop);

    public async Task<PageAnswer> Post(PageRequest request, CancellationToken stop)
    {
        var (form, t) = (FormState.From(request.Form), request.Texts);
        var amount = form.Amount("importo");
        if (!form.IsEmpty("importo") && (amount is null || amount <= Euro.Zero))
            form.AddError("importo", t["office.search.amount.wrong"]);
        if (form["modulo"] is not { Length: 32 } || !Steps.Reason(form, t) || form.IsChecked("correggi"))
            return await Show(request, form, false, stop);
        if (!form.IsChecked("conferma"))
            return await Show(request, form, true, stop);
        var due = Guid.TryParse(form["voce"], out var one) ? one : (Guid?)null;
        var asked = await commands.Send(new AskRefund(form["modulo"], request.Route["order"], due, amount, form.IsChecked("non_dovuto"), form["motivo"]), stop);
        if (asked.Refusal is not { } refusal)
            return PageAnswer.Go($"{request.Path}/rimborso/{asked.Value}");
        return await Show(request, form.AddError("", Said(t, refusal)), false, stop);
    }

    async Task<PageAnswer> Show(PageRequest request, FormState form, bool confirm, CancellationToken stop)
    {
        if (await commands.Send(new TellPayment(request.Route["order"]), stop) is not { } story)
            return PageAnswer.NotFound;
        var head = story.Head;
        return PageAnswer.View<AskRefundView>(
            new AskRefundModel(
                form, confirm, head.OrderNo, new Euro((head.TakenCents ?? 0) - head.RefundedCents).In(request.Culture),
                story.Dues.Count > 1 ? [.. story.Dues.Select(due => new Choice(due.DueId.ToString(), due.Title))] : [],
                $"{request.Path}/pagamento/{head.OrderNo}/rimborso", $"{request.Path}/pagamento/{head.OrderNo}"),
            form.IsValid ? 200 : 422);
    }

    public static string Said(Texts t, Refusal refusal) => t["office." + refusal.Code, refusal.Detail ?? ""];
}

/// <param name="Own">This officer asked for it.</param>
/// <param name="Actions">What he may do about it now.</param>
/// <param name="Confirm">The action that is asked once more; null at first.</param>
public sealed record RefundModel(FormState Form, StoryRefund Refund, string OrderNo, bool Own, IReadOnlyList<string> Actions, string? Confirm, string Path, string TasksPath, string OrderPath);

/// <summary>A refund, and what this officer may do about it: approve, refuse, take back, confirm by hand.</summary>
[RequiresPermission(OfficePermissions.See)]
internal sealed class RefundPage(ICommands commands, RefundDesk desk) : IPage
{
    public const string Approve = "approva", Refuse = "respingi", Withdraw = "ritira", Confirm = "fatto";

    public Task<PageAnswer> Get(PageRequest request, CancellationToken stop) => Show(request, new(), null, stop);

    public async Task<PageAnswer> Post(PageRequest request, CancellationToken stop)
    {
        var (form, t, number) = (FormState.From(request.Form), request.Texts, request.Route["number"]);
        var action = form["azione"];
        if (form.IsChecked("correggi"))
            return await Show(request, form, null, stop);
        if (action is Refuse or Withdraw or Confirm && !Steps.Reason(form, t))
            return await Show(request, form, null, stop);
        if (action is not (Approve or Refuse or Withdraw or Confirm))
            return PageAnswer.NotFound;
        if (!form.IsChecked("conferma"))
            return await Show(request, form, action, stop);
        ICommand<Outcome<string>> command = action switch
        {
            Approve => new ApproveRefund(number),
            Refuse => new RefuseRefund(number, form["motivo"]),
            Withdraw => new WithdrawRefund(number, form["motivo"]),
            _ => new ConfirmRefund(number, form["motivo"]),
        };
        var outcome = await commands.Send(command, stop);
        return outcome.Refusal is { } refusal
            ? await Show(request, form.AddError("", AskRefundPage.Said(t, refusal)), null, stop)
            : PageAnswer.Go($"{request.Path}/rimborso/{number}");
    }

    async Task<PageAnswer> Show(PageRequest request, FormState form, string? confirm, CancellationToken stop)
    {
        if (await desk.Find(request.Creditor.Id, request.Route["number"], stop) is not { } refund)
            return PageAnswer.NotFound;
        var officer = request.Officer!;
        var own = string.Equals(refund.AskedBy, officer.Actor, StringComparison.OrdinalIgnoreCase);
        var approver = officer.May(OfficePermissions.Approve);
        var actions = refund.State switch
        {
            "asked" => [.. approver && !own ? [Approve, Refuse] : Array.Empty<string>(), .. own && officer.May(OfficePermissions.Refund) ? [Withdraw] : Array.Empty<string>()],
            "approved" when approver => [Refuse],
            "by_hand" or "unknown" when approver => own ? [] : [Confirm, Refuse],
            _ => Array.Empty<string>(),
        };
        return PageAnswer.View<RefundView>(
            new RefundModel(
                form, new(refund.Number, refund.Amount.Cents, refund.State, refund.Reason, refund.AskedBy, refund.AskedAt, refund.ApprovedBy, null, refund.EndedBy, null, refund.Proof), refund.OrderNo, own,
                actions, confirm, $"{request.Path}/rimborso/{refund.Number}", $"{request.Path}/{TasksPage.Pattern}", $"{request.Path}/pagamento/{refund.OrderNo}"),
            form.IsValid ? 200 : 422);
    }
}
