using FluentValidation;
using Platform.Core.Commands;
using Platform.Core.Storage;

namespace Platform.Payments.Positions;

internal sealed class CancelPositionValidator : AbstractValidator<CancelPosition>
{
    public CancelPositionValidator()
    {
        RuleFor(command => command.Reference).NotEmpty().MaximumLength(80);
        RuleFor(command => command.Reason).NotEmpty().MaximumLength(200);
    }
}

internal sealed class CancelPositionHandler(ISessions sessions, CallContext call, TimeProvider clock) : ICommandHandler<CancelPosition, Outcome<PositionId>>
{
    public Task<Outcome<PositionId>> Handle(CancelPosition request, CancellationToken cancellationToken) => sessions.Run<Outcome<PositionId>>(
        async session =>
        {
            if (await LockedPosition.Find(session, call.Caller, request.Reference) is not { } position)
                return new Refusal(PositionRefusals.Unknown);
            if (position.Paid)
                return new Refusal(PositionRefusals.Paid);
            if (position.State == "cancelled")
                return position.Key.Id;
            var version = await position.Become(session, "cancelled", from: ["open", "expired"], to: "cancelled");
            session.Record("position.cancelled", new { call.Caller, request.Reference, request.Reason });
            session.Raise(new PositionCancelled(position.Key, version, clock.GetUtcNow()));
            return position.Key.Id;
        },
        cancellationToken);
}

internal sealed class CancelInstalmentValidator : AbstractValidator<CancelInstalment>
{
    public CancelInstalmentValidator()
    {
        RuleFor(command => command.Reference).NotEmpty().MaximumLength(80);
        RuleFor(command => command.Plan).NotEmpty().NotEqual(DueRows.Single);
        RuleFor(command => command.Reason).NotEmpty().MaximumLength(200);
    }
}

internal sealed class CancelInstalmentHandler(ISessions sessions, CallContext call) : ICommandHandler<CancelInstalment, Outcome<PositionId>>
{
    public Task<Outcome<PositionId>> Handle(CancelInstalment request, CancellationToken cancellationToken) => sessions.Run<Outcome<PositionId>>(
        async session =>
        {
            if (await LockedPosition.Find(session, call.Caller, request.Reference) is not { } position)
                return new Refusal(PositionRefusals.Unknown);
            var which = new { entity = session.Entity, position = position.Key.Id.Value, request.Plan, request.Number };
            var state = await session.First<string>("select state from payments.due where entity_id = @entity and position_id = @position and plan = @Plan and n = @Number", which);
            if (state is null)
                return new Refusal(PositionRefusals.Unknown);
            if (state == "paid")
                return new Refusal(PositionRefusals.Paid);
            var withdrawn = await session.Execute(
                "update payments.due set state = 'cancelled', withdrawn = true where entity_id = @entity and position_id = @position and plan = @Plan and n = @Number and not withdrawn", which);
            if (withdrawn == 0)
                return position.Key.Id;
            await DueRows.Settle(session, position.Key.Id.Value);
            session.Record("position.instalment_cancelled", new { call.Caller, request.Reference, request.Plan, request.Number, request.Reason });
            return position.Key.Id;
        },
        cancellationToken);
}

internal sealed class RestorePositionValidator : AbstractValidator<RestorePosition>
{
    public RestorePositionValidator()
    {
        RuleFor(command => command.Reference).NotEmpty().MaximumLength(80);
        RuleFor(command => command.Reason).NotEmpty().MaximumLength(200);
    }
}

internal sealed class RestorePositionHandler(ISessions sessions, CallContext call) : ICommandHandler<RestorePosition, Outcome<PositionId>>
{
    public Task<Outcome<PositionId>> Handle(RestorePosition request, CancellationToken cancellationToken) => sessions.Run<Outcome<PositionId>>(
        async session =>
        {
            if (await LockedPosition.Find(session, call.Caller, request.Reference) is not { } position)
                return new Refusal(PositionRefusals.Unknown);
            if (position.State != "cancelled")
                return position.Key.Id;
            await position.Become(session, "open", from: ["cancelled"], to: "open");
            await DueRows.Settle(session, position.Key.Id.Value);
            session.Record("position.restored", new { call.Caller, request.Reference, request.Reason });
            return position.Key.Id;
        },
        cancellationToken);
}

/// <summary>A position whose row this transaction holds: payments of it, and whoever else would change it, wait.</summary>
internal sealed record LockedPosition(PositionKey Key, string State, bool Paid)
{
    public static async Task<LockedPosition?> Find(IEntitySession session, string service, string reference)
    {
        var row = await session.First<Row>(
            "select position_id, service, reference, state from payments.position where entity_id = @entity and service = @service and reference = @reference for update",
            new { entity = session.Entity, service, reference });
        return row is null ? null : await With(session, row);
    }

    public static async Task<LockedPosition?> Find(IEntitySession session, Guid id)
    {
        var row = await session.First<Row>(
            "select position_id, service, reference, state from payments.position where entity_id = @entity and position_id = @id for update",
            new { entity = session.Entity, id });
        return row is null ? null : await With(session, row);
    }

    /// <summary>The position takes a state, and its dues that are in one of <paramref name="from"/> another.</summary>
    /// <returns>The position's new version.</returns>
    public Task<int> Become(IEntitySession session, string state, string[] from, string to) => session.First<int>(
        """
        with dues as (update payments.due set state = @to where entity_id = @entity and position_id = @Value and state = any(@from) and (@to <> 'open' or not withdrawn))
        update payments.position set state = @state, version = version + 1 where entity_id = @entity and position_id = @Value returning version
        """,
        new { entity = session.Entity, Key.Id.Value, state, from, to });

    // A statement of its own: what the lock waited for is seen only by the next one.
    static async Task<LockedPosition> With(IEntitySession session, Row row) => new(
        new(new(row.PositionId), row.Service, row.Reference), row.State,
        await session.First<bool>(
            "select exists (select from payments.due where entity_id = @entity and position_id = @PositionId and state = 'paid')", new { entity = session.Entity, row.PositionId }));

    sealed class Row
    {
        public Guid PositionId { get; init; }
        public string Service { get; init; } = "";
        public string Reference { get; init; } = "";
        public string State { get; init; } = "";
    }
}
