using FluentValidation;
using Npgsql;
using Platform.Core.Commands;
using Platform.Core.Money;
using Platform.Core.Plugins;
using Platform.Core.Storage;
using Platform.Core.Time;
using Platform.Payments.Checkout;
using Platform.Payments.Office;
using Platform.Payments.Office.Received;

namespace Platform.Payments.Recorded;

/// <summary>A second officer agrees with a recording or with its undoing, or does not. Agreed, the due is paid or owed again, booked, told and receipted in one transaction.</summary>
/// <remarks>Idempotent: what was decided so already is answered again. Money was received: a due that was paid meanwhile makes it a surplus.</remarks>
[RequiresPermission(OfficePermissions.Approve)]
internal sealed record DecideRecording(string Order, bool Agree, string By) : ICommand<Outcome<RecordedPayment>>, IRetryable;

/// <summary>A recording that was approved is said to be wrong. It stands until somebody else agrees, by <see cref="DecideRecording"/>.</summary>
/// <param name="Reason">Without personal data.</param>
[RequiresPermission(OfficePermissions.Record)]
internal sealed record UndoRecording(string Order, string Reason, string By) : ICommand<Outcome<RecordedPayment>>, IRetryable;

internal sealed class DecideRecordingValidator : AbstractValidator<DecideRecording>
{
    public DecideRecordingValidator() => RuleFor(command => command.By).NotEmpty().MaximumLength(100);
}

internal sealed class UndoRecordingValidator : AbstractValidator<UndoRecording>
{
    public UndoRecordingValidator()
    {
        RuleFor(command => command.Reason).NotEmpty().MaximumLength(200);
        RuleFor(command => command.By).NotEmpty().MaximumLength(100);
    }
}

internal sealed class DecideRecordingHandler(ISessions sessions, CallContext call, GatewayFacts facts, TimeProvider clock) : ICommandHandler<DecideRecording, Outcome<RecordedPayment>>
{
    static readonly GatewayMessage Word = new("officer", []);

    public async Task<Outcome<RecordedPayment>> Handle(DecideRecording request, CancellationToken cancellationToken)
    {
        // At the command line one is called as one says; from a page one is who signed in.
        request = request with { By = call.Officer?.Actor ?? request.By };
        try
        {
            var (outcome, payment, change) = await sessions.Run(session => Decide(session, request, clock.GetUtcNow()), cancellationToken);
            if (change is { } done)
                facts.Report(payment, Word, done);
            return outcome;
        }
        catch (PostgresException wrong) when (wrong.SqlState == PostgresErrorCodes.CheckViolation && wrong.TableName == "recording")
        {
            return new Refusal(RecordingRefusals.SamePerson);
        }
    }

    static async Task<(Outcome<RecordedPayment>, Guid, PaymentChange?)> Decide(IEntitySession session, DecideRecording request, DateTimeOffset now)
    {
        if (await Recordings.Locked(session, request.Order) is not { } row)
            return (new Refusal(RecordingRefusals.Unknown), default, null);
        (string? state, GatewayOutcome? outcome) = (row.State, request.Agree) switch
        {
            ("asked", true) => ("approved", GatewayOutcome.Completed),
            ("asked", false) => ("refused", GatewayOutcome.Abandoned),
            ("undo_asked", true) => ("undone", GatewayOutcome.Reversed),
            ("undo_asked", false) => ("approved", null),
            _ => (default(string), default(GatewayOutcome?)),
        };
        // Decided so already, by this officer or another.
        if (state is null && (row.State, request.Agree) is ("approved" or "undone", true) or ("refused" or "approved", false) && string.Equals(row.LastBy, request.By, StringComparison.OrdinalIgnoreCase))
            return ((await Recordings.ById(session, row.PaymentId))!, default, null);
        if (state is null)
            return (new Refusal(RecordingRefusals.NotPossibleNow, row.State), default, null);
        if (state == "undone" && row.RefundedCents > 0)
            return (new Refusal(RecordingRefusals.GivenBack), default, null);
        await session.Execute(
            row.State == "asked"
                ? "update payments.recording set state = @state, decided_by = @By, decided_at = @now where entity_id = @entity and payment_id = @PaymentId"
                : """
                  update payments.recording
                     set state = @state, undone_by = case when @state = 'undone' then @By end, undone_at = case when @state = 'undone' then @now end
                   where entity_id = @entity and payment_id = @PaymentId
                  """,
            new { entity = session.Entity, row.PaymentId, state, request.By, now });
        session.Record("recording." + state, new { request.Order, request.By, from = row.State });
        PaymentChange? change = null;
        if (outcome is { } heard)
        {
            // Noon of the day, which is that day wherever it is read; today it is now.
            var received = row.TakenOn == LegalTime.Day(now) ? now : LegalTime.EndOf(row.TakenOn).AddHours(-12);
            change = await GatewayFacts.Change(session, row.PaymentId, Word, new(true, true, heard, heard == GatewayOutcome.Completed ? new Euro(row.Cents) : null), now, received);
        }
        return ((await Recordings.ById(session, row.PaymentId))!, row.PaymentId, change);
    }
}

internal sealed class UndoRecordingHandler(ISessions sessions, CallContext call, TimeProvider clock) : ICommandHandler<UndoRecording, Outcome<RecordedPayment>>
{
    public Task<Outcome<RecordedPayment>> Handle(UndoRecording request, CancellationToken cancellationToken) => sessions.Run<Outcome<RecordedPayment>>(
        async session =>
        {
            if (await Recordings.Locked(session, request.Order) is not { } row)
                return new Refusal(RecordingRefusals.Unknown);
            if (row.State == "undo_asked")
                return (await Recordings.ById(session, row.PaymentId))!;
            if (row.State != "approved")
                return new Refusal(RecordingRefusals.NotPossibleNow, row.State);
            if (row.RefundedCents > 0)
                return new Refusal(RecordingRefusals.GivenBack);
            var by = call.Officer?.Actor ?? request.By;
            await session.Execute(
                "update payments.recording set state = 'undo_asked', undo_reason = @Reason, undo_asked_by = @by, undo_asked_at = @now where entity_id = @entity and payment_id = @PaymentId",
                new { entity = session.Entity, row.PaymentId, request.Reason, by, now = clock.GetUtcNow() });
            session.Record("recording.undo_asked", new { request.Order, request.Reason, by });
            return (await Recordings.ById(session, row.PaymentId))!;
        },
        cancellationToken);
}
