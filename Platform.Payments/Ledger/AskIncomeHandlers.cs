using FluentValidation;
using Platform.Core.Commands;
using Platform.Core.Storage;

namespace Platform.Payments.Ledger;

internal sealed class AskIncomeHandler(ISessions sessions, CallContext call) : ICommandHandler<AskIncome, ServiceIncome>
{
    public Task<ServiceIncome> Handle(AskIncome request, CancellationToken cancellationToken) => sessions.Run(
        async session => (await session.First<ServiceIncome>(
            """
            with booked as (
                select p.payment_id as id from payments.payment p where p.entity_id = @entity and p.service = @service
                union all
                select r.refund_id from payments.refund r join payments.payment p on p.entity_id = r.entity_id and p.payment_id = r.payment_id where r.entity_id = @entity and p.service = @service)
            select coalesce(sum(case when starts_with(t.credit, @Income) then t.cents else 0 end - case when starts_with(t.debit, @Income) then t.cents else 0 end), 0)::bigint as income,
                   coalesce(sum(case when t.credit = @Surplus then t.cents else 0 end - case when t.debit = @Surplus then t.cents else 0 end), 0)::bigint as surplus
              from booked b join payments.transfer t on t.entity_id = @entity and t.cause_id = b.id
            """,
            new { entity = session.Entity, service = call.Caller, Books.Income, Books.Surplus }))!,
        cancellationToken);
}

internal sealed class AskIncomeOfValidator : AbstractValidator<AskIncomeOf>
{
    public AskIncomeOfValidator() => RuleFor(command => command.References.Count).LessThanOrEqualTo(1000);
}

internal sealed class AskIncomeOfHandler(ISessions sessions, CallContext call) : ICommandHandler<AskIncomeOf, IReadOnlyList<PositionIncome>>
{
    // What a payment paid, as long as the bank has not taken it back, less what was given back of it. A due whose payment was given back whole has released it, and is in neither sum any more.
    public Task<IReadOnlyList<PositionIncome>> Handle(AskIncomeOf request, CancellationToken cancellationToken) => sessions.Run(
        session => session.List<PositionIncome>(
            """
            select p.reference, sum(l.cents - coalesce(g.cents, 0))::bigint as income
              from payments.position p
              join payments.due d on d.entity_id = p.entity_id and d.position_id = p.position_id
              join payments.due_paid x on x.entity_id = d.entity_id and x.due_id = d.due_id
              join payments.payment_line l on l.entity_id = x.entity_id and l.payment_id = x.payment_id and l.due_id = x.due_id
              left join lateral (
                    select sum(k.cents)::bigint as cents
                      from payments.refund r join payments.refund_line k on k.entity_id = r.entity_id and k.refund_id = r.refund_id
                     where r.entity_id = @entity and r.payment_id = x.payment_id and r.state = 'done' and k.due_id = l.due_id and k.n = l.n) g on true
             where p.entity_id = @entity and p.service = @service and p.reference = any(@references)
             group by p.reference
            """,
            new { entity = session.Entity, service = call.Caller, references = request.References.ToArray() }),
        cancellationToken);
}
