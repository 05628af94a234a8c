using FluentValidation;
using Platform.Core.Commands;
using Platform.Core.Events;
using Platform.Core.Money;
using Platform.Core.Plugins;
using Platform.Core.Storage;
using Platform.Payments.Office.Received;
using Platform.Payments.Recorded;
using Platform.Payments.Refunds;
using Platform.Payments.Tasks;

namespace Platform.Payments.Office.Tasks;

/// <summary>Asks for a refund in the name of who is signed in.</summary>
/// <param name="Form">Of the drawn form: pressing its button twice asks once.</param>
/// <returns>The refund's number.</returns>
[RequiresPermission(OfficePermissions.Refund)]
internal sealed record AskRefund(string Form, string Order, Guid? Due, Euro? Amount, bool NotOwed, string Reason) : IIdempotentCommand<Outcome<string>>
{
    public string IdempotencyKey => Form;
}

internal sealed class AskRefundValidator : AbstractValidator<AskRefund>
{
    public AskRefundValidator()
    {
        RuleFor(command => command.Form).NotEmpty().MaximumLength(64);
        RuleFor(command => command.Reason).NotEmpty().MaximumLength(200);
    }
}

internal sealed class AskRefundHandler(CallContext call, RefundDesk desk) : ICommandHandler<AskRefund, Outcome<string>>
{
    public Task<Outcome<string>> Handle(AskRefund request, CancellationToken cancellationToken) =>
        desk.Ask(call.Creditor, new(request.Order, request.Due, request.Amount, request.NotOwed, request.Reason), call.Actor, cancellationToken);
}

/// <summary>Agrees to what another officer asked for; the database refuses the same one.</summary>
[RequiresPermission(OfficePermissions.Approve)]
internal sealed record ApproveRefund(string Number) : ICommand<Outcome<string>>;

internal sealed class ApproveRefundHandler(CallContext call, RefundDesk desk) : ICommandHandler<ApproveRefund, Outcome<string>>
{
    public Task<Outcome<string>> Handle(ApproveRefund request, CancellationToken cancellationToken) => desk.Approve(call.Creditor, request.Number, call.Actor, cancellationToken);
}

/// <summary>It is not given back, as <see cref="RefundDesk.Refuse"/> allows.</summary>
[RequiresPermission(OfficePermissions.Approve)]
internal sealed record RefuseRefund(string Number, string Reason) : ICommand<Outcome<string>>;

internal sealed class RefuseRefundHandler(CallContext call, RefundDesk desk) : ICommandHandler<RefuseRefund, Outcome<string>>
{
    public Task<Outcome<string>> Handle(RefuseRefund request, CancellationToken cancellationToken) => desk.Refuse(call.Creditor, request.Number, request.Reason, call.Actor, cancellationToken);
}

/// <summary>Takes back what one asked for oneself and nobody has approved yet.</summary>
[RequiresPermission(OfficePermissions.Refund)]
internal sealed record WithdrawRefund(string Number, string Reason) : ICommand<Outcome<string>>;

internal sealed class WithdrawRefundHandler(CallContext call, RefundDesk desk) : ICommandHandler<WithdrawRefund, Outcome<string>>
{
    public Task<Outcome<string>> Handle(WithdrawRefund request, CancellationToken cancellationToken) => desk.Withdraw(call.Creditor, request.Number, request.Reason, call.Actor, cancellationToken);
}

/// <summary>Says that the bank has given it back, and by what one knows.</summary>
[RequiresPermission(OfficePermissions.Approve)]
internal sealed record ConfirmRefund(string Number, string Proof) : ICommand<Outcome<string>>;

internal sealed class ConfirmRefundHandler(CallContext call, RefundDesk desk) : ICommandHandler<ConfirmRefund, Outcome<string>>
{
    public Task<Outcome<string>> Handle(ConfirmRefund request, CancellationToken cancellationToken) => desk.Confirm(call.Creditor, request.Number, request.Proof, call.Actor, cancellationToken);
}

/// <summary>Settles a surplus or a message that is nobody's with words.</summary>
[RequiresPermission(OfficePermissions.Tasks)]
internal sealed record ResolveTask(string Task, string Reason) : ICommand<Outcome<string>>;

internal sealed class ResolveTaskHandler(CallContext call, OfficerTasks tasks) : ICommandHandler<ResolveTask, Outcome<string>>
{
    public Task<Outcome<string>> Handle(ResolveTask request, CancellationToken cancellationToken) => tasks.Resolve(call.Creditor, request.Task, request.Reason, call.Actor, cancellationToken);
}

/// <summary>Has a parked event delivered again to all who could not take it.</summary>
[RequiresPermission(OfficePermissions.Tasks)]
internal sealed record ReplayEvent(Guid Event) : ICommand<int>;

internal sealed class ReplayEventHandler(CallContext call, ParkedDeliveries parked) : ICommandHandler<ReplayEvent, int>
{
    public Task<int> Handle(ReplayEvent request, CancellationToken cancellationToken) => parked.Replay(call.Creditor, request.Event, null, call.Actor, cancellationToken);
}

/// <summary>What waits for a person at the creditor of the call.</summary>
[RequiresPermission(OfficePermissions.See)]
internal sealed record ListTasks : ICommand<OpenTasks>;

/// <param name="Refunds">Those that have not ended.</param>
/// <param name="Received">Recordings that wait for a second person.</param>
internal sealed record OpenTasks(IReadOnlyList<OfficerTask> Tasks, IReadOnlyList<RefundEntry> Refunds, IReadOnlyList<RecordedPayment> Received);

internal sealed class ListTasksHandler(CallContext call, ISessions sessions, OfficerTasks tasks, RefundDesk desk) : ICommandHandler<ListTasks, OpenTasks>
{
    const int MostReceived = 200;

    public async Task<OpenTasks> Handle(ListTasks request, CancellationToken cancellationToken) =>
        new(
            await tasks.Find(call.Creditor, cancellationToken), await desk.List(call.Creditor, all: false, cancellationToken),
            await sessions.Run(session => Recordings.Of(session, waiting: true, MostReceived), cancellationToken));
}
