using FluentValidation;
using Platform.Core.Commands;
using Platform.Core.Plugins;
using Platform.Core.Storage;
using Platform.Payments.Office.Search;

namespace Platform.Payments.Payers;

/// <summary>Forgets the e-mail address that a payer left with payments of the call's creditor: all of that address, or of one order.</summary>
/// <remarks>
/// Idempotent. Payments, books and receipts stand, which never held it; the journal's digests of it say nothing about anybody from then on, and its chain verifies as before.
/// A letter that waits to be sent keeps its address until it is sent, and one that was sent until it is emptied.
/// </remarks>
[RequiresPermission("payments.forget")]
internal sealed record ForgetPayer(string? Email, string? Order, string By) : ICommand<int>
{
    public override string ToString() => "ForgetPayer";
}

internal sealed class ForgetPayerValidator : AbstractValidator<ForgetPayer>
{
    public ForgetPayerValidator()
    {
        RuleFor(command => command).Must(command => string.IsNullOrWhiteSpace(command.Email) != string.IsNullOrWhiteSpace(command.Order)).WithMessage("Name an address or an order.");
        RuleFor(command => command.By).NotEmpty();
    }
}

internal sealed class ForgetPayerHandler(ISessions sessions, TimeProvider clock) : ICommandHandler<ForgetPayer, int>
{
    public Task<int> Handle(ForgetPayer request, CancellationToken cancellationToken) => sessions.Run(
        async session =>
        {
            var forgotten = await session.List<Guid>(
                """
                update payments.subject s set email = null, redacted_at = @now
                 where s.entity_id = @entity and s.email is not null
                   and (lower(s.email) = lower(@email) or exists (select from payments.payment p where p.entity_id = s.entity_id and p.payer_id = s.subject_id and p.order_no = @Order))
                returning s.subject_id
                """,
                new { entity = session.Entity, email = request.Email?.Trim(), request.Order, now = clock.GetUtcNow() });
            foreach (var subject in forgotten)
            {
                await SearchWords.Forget(session, subject);
                session.ForgetPerson(subject);
            }
            session.Record("payer.forgotten", new { subjects = forgotten, request.By });
            return forgotten.Count;
        },
        cancellationToken);
}
