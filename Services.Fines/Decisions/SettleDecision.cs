using FluentValidation;
using Platform.Core.Commands;
using Platform.Core.Plugins;
using Platform.Core.Storage;
using Services.Fines.Register;

namespace Services.Fines;

/// <summary>An officer closes what waits, with a reason: the rest is waived, the money was given back another way or stays where it is. No money moves.</summary>
/// <param name="Kind">As <see cref="OpenDecision"/> names it.</param>
[RequiresPermission("fines.decide")]
internal sealed record SettleDecision(string Fine, string Kind, string Order, string Reason) : ICommand<Outcome<string>>
{
    /// <summary>Nothing of this name waits (any more).</summary>
    public const string Unknown = "fines.no_decision";
}

internal sealed class SettleDecisionValidator : AbstractValidator<SettleDecision>
{
    public SettleDecisionValidator()
    {
        RuleFor(command => command.Reason).NotEmpty().MaximumLength(200);
        RuleFor(command => command.Order).NotEmpty().MaximumLength(40);
    }
}

internal sealed class SettleDecisionHandler(ISessions sessions, TimeProvider time) : ICommandHandler<SettleDecision, Outcome<string>>
{
    public Task<Outcome<string>> Handle(SettleDecision command, CancellationToken stop) => sessions.Run<Outcome<string>>(
        async session =>
        {
            if (!FineNumber.TryParse(command.Fine, out var name))
                return new Refusal(SettleDecision.Unknown);
            var closed = await session.First<int>(
                """
                with fine as (
                select fine_id from fines.fine where entity_id = @entity and series = @Series and year = @Year and number = @Number),
                rest as (
                update fines.supplement s set closed_at = @now, closed_by = 'officer', reason = @Reason
                  from fine f where s.entity_id = @entity and s.fine_id = f.fine_id and s.paid_order = @Order and s.closed_at is null and @Kind = 'supplement'
                returning 1),
                other as (
                update fines.decision d set closed_at = @now, closed_by = 'officer', reason = @Reason
                  from fine f where d.entity_id = @entity and d.fine_id = f.fine_id and d.order_no = @Order and d.kind = @Kind and d.closed_at is null
                returning 1)
                select ((select count(*) from rest) + (select count(*) from other))::int
                """,
                new { entity = session.Entity, name.Value.Series, name.Value.Year, name.Value.Number, command.Order, command.Kind, command.Reason, now = time.GetUtcNow() });
            if (closed == 0)
                return new Refusal(SettleDecision.Unknown);
            session.Record("fines.decided", new { fine = name.ToString(), command.Kind, command.Order, command.Reason });
            return name.Value.ToString();
        },
        stop);
}

/// <summary>The same from the command line.</summary>
[AtCreditor]
[RequiresPermission("fines.decide")]
internal sealed class SettleByCommandLine(ICommands commands) : IOfficeCommand
{
    public async Task<string?> Run(OfficeCall call, TextWriter output, CancellationToken stop)
    {
        var reason = call.Text("reason")!.Trim();
        if (reason.Length is 0 or > 200)
            return FinesTexts.In(call.Culture)["settle.reason.wrong"];
        var settled = await commands.Send(new SettleDecision(call.Text("fine")!, call.Text("kind") ?? "supplement", call.Text("order")!, reason), stop);
        if (settled.Refusal is not null)
            return FinesTexts.In(call.Culture)["settle.unknown", call.Text("fine")!, call.Text("order")!];
        call.Note(FinesTexts.In(call.Culture)["settle.done", settled.Value]);
        return null;
    }
}
