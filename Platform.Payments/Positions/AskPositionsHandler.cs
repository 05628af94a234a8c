using FluentValidation;
using Platform.Core.Commands;
using Platform.Core.Storage;

namespace Platform.Payments.Positions;

internal sealed class AskPositionsValidator : AbstractValidator<AskPositions>
{
    public AskPositionsValidator() => RuleFor(command => command.References.Count).LessThanOrEqualTo(1000);
}

internal sealed class AskPositionsHandler(ISessions sessions, CallContext call) : ICommandHandler<AskPositions, IReadOnlyList<PositionStanding>>
{
    public Task<IReadOnlyList<PositionStanding>> Handle(AskPositions request, CancellationToken cancellationToken) => sessions.Run(
        session => session.List<PositionStanding>(
            """
            select p.reference,
                   exists (select from payments.due d where d.entity_id = @entity and d.position_id = p.position_id and d.state = 'paid') as paid,
                   exists (select from payments.due d
                             join payments.payment_item i on i.entity_id = d.entity_id and i.due_id = d.due_id
                             join payments.payment y on y.entity_id = i.entity_id and y.payment_id = i.payment_id
                            where d.entity_id = @entity and d.position_id = p.position_id and y.state in ('prepared', 'at_bank', 'unknown')) as underWay
              from payments.position p
             where p.entity_id = @entity and p.service = @service and p.reference = any(@references)
            """,
            new { entity = session.Entity, service = call.Caller, references = request.References.ToArray() }),
        cancellationToken);
}
