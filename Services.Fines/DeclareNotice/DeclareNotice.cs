using Platform.Core.Commands;
using Platform.Core.Storage;
using Services.Fines.Register;

namespace Services.Fines;

/// <summary>
/// The citizen says on which day he received the report, because the register does not know yet: terms and amounts follow from it. Stored as declared; the
/// perfected notification goes before it when it comes, and money already taken is never refused for the difference.
/// </summary>
/// <param name="Id">Out of a sealed link.</param>
/// <param name="Day">Not before the violation and not in the future; the form checks too.</param>
internal sealed record DeclareNotice(Guid Id, DateOnly Day) : ICommand<Outcome<FineNumber>>;

internal sealed class DeclareNoticeHandler(ISessions sessions, TimeProvider time) : ICommandHandler<DeclareNotice, Outcome<FineNumber>>
{
    public Task<Outcome<FineNumber>> Handle(DeclareNotice command, CancellationToken stop) => sessions.Run<Outcome<FineNumber>>(
        async session =>
        {
            if (await Fine.Find(session, command.Id) is not { } fine)
                return new Refusal(FineRefusals.NotFound);
            var now = time.GetUtcNow();
            if (command.Day < fine.ViolatedOn || command.Day > Platform.Core.Time.LegalTime.Day(now))
                return new Refusal(FineRefusals.NotDeclarable);
            // The row decides, not what was read: an import or a payment may have come in between.
            var touched = await session.Execute(
                """
                update fines.fine set declared_on = @Day, changed_at = @now
                where entity_id = @entity and fine_id = @Id and state = 'open' and phase = 'report' and withdrawn is distinct from 'withdrawn' and notified_on is null and not contested_at_once
                """,
                new { entity = session.Entity, command.Id, command.Day, now });
            if (touched == 0)
                return new Refusal(FineRefusals.NotDeclarable);
            if (fine.DeclaredOn != command.Day)
                session.Record("fines.declared", new { fine = fine.Name.ToString(), command.Day, before = fine.DeclaredOn });
            return fine.Name;
        },
        stop);
}
