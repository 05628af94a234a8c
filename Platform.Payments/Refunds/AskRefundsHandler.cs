using FluentValidation;
using Platform.Core.Commands;
using Platform.Core.Money;
using Platform.Core.Storage;

namespace Platform.Payments.Refunds;

internal sealed class AskRefundsValidator : AbstractValidator<AskRefunds>
{
    public AskRefundsValidator()
    {
        RuleFor(command => command.Parts).NotEmpty().Must(parts => parts.Count <= 50);
        RuleForEach(command => command.Parts).Must(part => part.Amount > Euro.Zero);
        RuleFor(command => command.Reason).NotEmpty().MaximumLength(200);
    }
}

internal sealed class AskRefundsHandler(CallContext call, ISessions sessions, RefundDesk desk) : ICommandHandler<AskRefunds, IReadOnlyList<AskedRefund>>
{
    public async Task<IReadOnlyList<AskedRefund>> Handle(AskRefunds request, CancellationToken cancellationToken)
    {
        var asked = new List<AskedRefund>(request.Parts.Count);
        foreach (var part in request.Parts)
        {
            // The caller's own positions and no other service's, whatever the officer might do at the page of payments.
            var due = await sessions.Run(
                session => session.First<Paid>(
                    """
                    select i.due_id as due,
                           exists (select from payments.refund_line l join payments.refund r on r.entity_id = l.entity_id and r.refund_id = l.refund_id
                                    where l.entity_id = i.entity_id and l.due_id = i.due_id and r.payment_id = i.payment_id and r.state not in ('done', 'refused')) as waits
                      from payments.payment p
                      join payments.payment_item i on i.entity_id = p.entity_id and i.payment_id = p.payment_id
                      join payments.due d on d.entity_id = i.entity_id and d.due_id = i.due_id
                      join payments.position o on o.entity_id = d.entity_id and o.position_id = d.position_id
                     where p.entity_id = @entity and p.order_no = @OrderNumber and o.service = @service and o.reference = @Reference
                     order by i.cents >= @Amount desc, d.n limit 1
                    """, new { entity = session.Entity, part.OrderNumber, part.Reference, part.Amount, service = call.Caller }),
                cancellationToken);
            // One at a time: who presses twice, or does not know of the other officer, asks for nothing more.
            var outcome = due is null ? new Refusal(RefundRefusals.UnknownPayment)
                : due.Waits ? new Refusal(RefundRefusals.NotPossibleNow)
                : await desk.Ask(call.Creditor, new(part.OrderNumber, due.Due, part.Amount, part.NotOwed, request.Reason), call.Actor, cancellationToken);
            asked.Add(new(part.OrderNumber, outcome.Refusal is null ? outcome.Value : null, outcome.Refusal));
        }
        return asked;
    }

    sealed record Paid(Guid Due, bool Waits);
}
