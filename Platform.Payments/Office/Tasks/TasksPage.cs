using Platform.Core.Commands;
using Platform.Core.Pages;
using Platform.Core.Plugins;

namespace Platform.Payments.Office.Tasks;

/// <param name="Link">Where it is seen or settled; null where this officer may not.</param>
/// <param name="Order">The payment it is about, where it is about one.</param>
public sealed record TaskLine(string Name, string Kind, string Amount, DateTimeOffset Since, string What, string? Order, string? Link);

/// <param name="Done">What was just done, as a text's key; null when nothing was.</param>
/// <param name="Refunds">Null at the service centre, which gives nothing back by itself.</param>
public sealed record TasksModel(IReadOnlyList<TaskLine> Tasks, IReadOnlyList<TaskLine>? Refunds, IReadOnlyList<TaskLine> Received, string Path, string? Done);

/// <summary>What waits for a person: money in the wrong place, refunds under way, events that somebody could not take.</summary>
[RequiresPermission(OfficePermissions.See)]
internal sealed class TasksPage(ICommands commands) : IPage
{
    public const string Pattern = "attivita";

    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        var open = await commands.Send(new ListTasks(), stop);
        var may = request.Officer!.May(OfficePermissions.Tasks);
        string? Link(string name, string kind) => kind.StartsWith("refund_", StringComparison.Ordinal) ? $"{request.Path}/rimborso/{name}"
            : !may ? null
            : kind == "parked" ? $"{request.Path}/{Pattern}/riconsegna/{name}"
            : $"{request.Path}/{Pattern}/chiudi?compito={Uri.EscapeDataString(name)}";
        return PageAnswer.View<TasksView>(new TasksModel(
            [
                .. open.Tasks.Select(task => new TaskLine(
                    task.Task, task.Kind, task.Amount?.In(request.Culture) ?? "", task.Since, task.What,
                    task.Kind is "unmatched" or "strays" or "parked" || task.Kind.StartsWith("refund_", StringComparison.Ordinal) ? null : task.Task.Split('/')[0], Link(task.Task, task.Kind))),
            ],
            request.Creditor.Id == Platform.Core.Entities.EntityId.Centre ? null :
            [
                .. open.Refunds.Select(refund => new TaskLine(
                    refund.Number, refund.State, refund.Amount.In(request.Culture), refund.AskedAt, refund.Reason, refund.OrderNo, $"{request.Path}/rimborso/{refund.Number}")),
            ],
            [
                .. open.Received.Select(one => new TaskLine(
                    one.OrderNo, one.State, one.Amount.In(request.Culture), one.AskedAt, one.Title, one.OrderNo, $"{request.Path}/{Received.ReceivedPage.Pattern}/{one.OrderNo}")),
            ],
            request.Path, request.Query["fatto"] is [{ Length: > 0 and < 20 } done] && done.All(char.IsAsciiLetter) ? done : null));
    }
}

/// <summary>What is about to be done, and the button that does it.</summary>
/// <param name="Confirm">Whether this is the second step: nothing was wrong, and it is asked once more.</param>
/// <param name="Key">Begins the keys of its texts: <c>office.resolve</c>.</param>
public sealed record StepModel(FormState Form, bool Confirm, string Key, string Subject, string Path, string BackPath, string? ReasonKey);

/// <summary>Settles a task with words, in two steps.</summary>
[RequiresPermission(OfficePermissions.Tasks)]
internal sealed class ResolvePage(ICommands commands) : IPage
{
    public Task<PageAnswer> Get(PageRequest request, CancellationToken stop) => Task.FromResult(Show(request, new FormState().Set("compito", request.Query["compito"].ToString()), false));

    public async Task<PageAnswer> Post(PageRequest request, CancellationToken stop)
    {
        var form = FormState.From(request.Form);
        if (!Steps.Reason(form, request.Texts) || form.IsChecked("correggi"))
            return Show(request, form, false);
        if (!form.IsChecked("conferma"))
            return Show(request, form, true);
        if ((await commands.Send(new ResolveTask(form["compito"], form["motivo"]), stop)).Refusal is not null)
            return Show(request, form.AddError("", request.Texts["office.resolve.gone"]), false);
        return PageAnswer.Go($"{request.Path}/{TasksPage.Pattern}?fatto=chiuso");
    }

    static PageAnswer Show(PageRequest request, FormState form, bool confirm) => PageAnswer.View<StepView>(
        new StepModel(form, confirm, "office.resolve", form["compito"], $"{request.Path}/{TasksPage.Pattern}/chiudi", $"{request.Path}/{TasksPage.Pattern}", "office.resolve.reason"), form.IsValid ? 200 : 422);
}

/// <summary>Has a parked event delivered again.</summary>
[RequiresPermission(OfficePermissions.Tasks)]
internal sealed class ReplayPage(ICommands commands) : IPage
{
    public Task<PageAnswer> Get(PageRequest request, CancellationToken stop) => Task.FromResult(Guid.TryParse(request.Route["event"], out var number)
        ? PageAnswer.View<StepView>(new StepModel(
            new(), true, "office.replay", number.ToString(), $"{request.Path}/{TasksPage.Pattern}/riconsegna/{number}", $"{request.Path}/{TasksPage.Pattern}", null))
        : PageAnswer.NotFound);

    public async Task<PageAnswer> Post(PageRequest request, CancellationToken stop)
    {
        if (!Guid.TryParse(request.Route["event"], out var number))
            return PageAnswer.NotFound;
        await commands.Send(new ReplayEvent(number), stop);
        return PageAnswer.Go($"{request.Path}/{TasksPage.Pattern}?fatto=riconsegnato");
    }
}

internal static class Steps
{
    /// <summary>Whether the reason that the journal wants was given, in 200 characters.</summary>
    public static bool Reason(FormState form, Texts t)
    {
        if (form.IsEmpty("motivo"))
            form.AddError("motivo", t["office.reason.missing"]);
        else if (form["motivo"].Length > 200)
            form.AddError("motivo", t["office.reason.long"]);
        return form.IsValid;
    }
}
