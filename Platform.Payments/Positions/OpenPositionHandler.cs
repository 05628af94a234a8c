using FluentValidation;
using Platform.Core.Commands;
using Platform.Core.Identity;
using Platform.Core.Storage;
using Platform.Core.Time;

namespace Platform.Payments.Positions;

internal sealed class OpenPositionValidator : AbstractValidator<OpenPosition>
{
    public OpenPositionValidator()
    {
        RuleFor(command => command.Reference).NotEmpty().MaximumLength(80);
        RuleFor(command => command.Title).NotEmpty().MaximumLength(140);
        RuleFor(command => command.Due).SetValidator(new DuePlanValidator());
        RuleFor(command => command.Plans).NotNull().Must(plans => plans.Count <= 5 && plans.Select(plan => plan.Name).Distinct(StringComparer.Ordinal).Count() == plans.Count)
            .WithMessage("A position has at most 5 plans, each with a name of its own.");
        RuleForEach(command => command.Plans).ChildRules(plan =>
        {
            plan.RuleFor(p => p.Name).Matches("^[a-z][a-z0-9-]{0,19}$").NotEqual(DueRows.Single);
            plan.RuleFor(p => p.Instalments).Must(all => all is { Count: >= 2 and <= 60 } && all.Zip(all.Skip(1)).All(pair => pair.First.DueOn <= pair.Second.DueOn))
                .WithMessage("A plan has 2 to 60 instalments, in the order in which they are due.");
            plan.RuleForEach(p => p.Instalments).SetValidator(new DuePlanValidator());
        });
        RuleFor(command => command.Debtor).Must(debtor => debtor is null || (debtor.TaxCode ?? debtor.Name) is not null).WithMessage("A debtor has a tax code or a name, or both.");
        RuleFor(command => command.Debtor!.TaxCode).Must(code => code is null || TaxCode.TryParse(code, out _)).When(command => command.Debtor is not null).WithMessage("The debtor's tax code is none.");
        RuleFor(command => command.Debtor!.Name).MaximumLength(140).Must(name => name is null || !string.IsNullOrWhiteSpace(name)).When(command => command.Debtor is not null);
    }
}

internal sealed class DuePlanValidator : AbstractValidator<DuePlan>
{
    public DuePlanValidator()
    {
        RuleFor(due => due.Lines).NotEmpty();
        RuleForEach(due => due.Lines).ChildRules(line =>
        {
            line.RuleFor(l => l.Amount.Cents).GreaterThan(0).WithName("Amount");
            line.RuleFor(l => l.Label).NotEmpty().MaximumLength(80);
            line.RuleFor(l => l.TaxCode).NotEmpty().MaximumLength(40);
            line.RuleFor(l => l.Account).NotNull().MaximumLength(40);
        });
    }
}

internal sealed class OpenPositionHandler(ISessions sessions, CallContext call, TimeProvider clock) : ICommandHandler<OpenPosition, OpenedPosition>
{
    public Task<OpenedPosition> Handle(OpenPosition request, CancellationToken cancellationToken) => sessions.Run(
        async session =>
        {
            // The first upsert takes the position's row lock: two tabs that open the same fine queue here, and the second statement sees what the first waited for.
            var due = (await session.First<DueRow>(
                """
                insert into payments.position as p (entity_id, position_id, service, reference, title, shown_by, state, subject_id, on_account)
                values (@entity, @position, @service, @Reference, @Title, @shownBy, 'open', @debtor, @OnAccount)
                on conflict (entity_id, service, reference) do update
                   set title = excluded.title, state = case when p.state = 'expired' and (@ExpiresOn::date is null or @ExpiresOn >= @today) then 'open' else p.state end,
                       subject_id = coalesce(p.subject_id, excluded.subject_id), on_account = excluded.on_account;

                insert into payments.subject as s (entity_id, subject_id, tax_code, name)
                select @entity, p.subject_id, @taxCode, @name
                  from payments.position p where p.entity_id = @entity and p.service = @service and p.reference = @Reference and @debtor::uuid is not null
                on conflict (entity_id, subject_id) do update set tax_code = excluded.tax_code, name = excluded.name, redacted_at = null
                 where (s.tax_code, s.name) is distinct from (excluded.tax_code, excluded.name);

                insert into payments.due as d (entity_id, due_id, position_id, plan, n, due_on, expires_on, state)
                select @entity, @due, p.position_id, 'single', 1, @DueOn, @ExpiresOn, 'open'
                  from payments.position p where p.entity_id = @entity and p.service = @service and p.reference = @Reference
                on conflict (entity_id, position_id, plan, n) do update
                   set due_on = case when d.state in ('open', 'expired') then excluded.due_on else d.due_on end,
                       expires_on = case when d.state in ('open', 'expired') then excluded.expires_on else d.expires_on end,
                       state = case when d.state = 'expired' and (excluded.expires_on is null or excluded.expires_on >= @today) then 'open' else d.state end
                returning due_id, position_id, state, exists (select from payments.due o where o.entity_id = d.entity_id and o.position_id = d.position_id and o.plan <> d.plan) as planned;
                """,
                new
                {
                    entity = session.Entity, position = Guid.CreateVersion7(), service = call.Caller, request.Reference, request.Title, request.OnAccount, shownBy = call.ShownBy,
                    due = Guid.CreateVersion7(), request.Due.DueOn, request.Due.ExpiresOn, today = LegalTime.Day(clock.GetUtcNow()),
                    debtor = request.Debtor is null ? (Guid?)null : Guid.CreateVersion7(),
                    taxCode = TaxCode.TryParse(request.Debtor?.TaxCode, out var code) ? code.Value : null, name = request.Debtor?.Name?.Trim(),
                }))!;
            var opened = new OpenedPosition(new(due.PositionId), new(due.DueId), due.State == "paid");
            if (due.State == "open")
                await DueLines.Replace(session, due.DueId, request.Due.Lines);
            return due.Planned || request.Plans.Count > 0
                ? opened with { Instalments = await DueRows.OpenPlans(session, due.PositionId, request.Plans, LegalTime.Day(clock.GetUtcNow())) }
                : opened;
        },
        cancellationToken);

    sealed class DueRow
    {
        public Guid DueId { get; init; }
        public Guid PositionId { get; init; }
        public string State { get; init; } = "";
        public bool Planned { get; init; }
    }
}

internal static class DueLines
{
    /// <summary>The lines of an open due become these. The position's row must be locked.</summary>
    public static Task Replace(IEntitySession session, Guid due, IReadOnlyList<AmountLine> lines) => session.Execute(
        """
        delete from payments.due_line where entity_id = @entity and due_id = @due and n > @count;

        insert into payments.due_line (entity_id, due_id, n, label, tax_code, account, cents)
        select @entity, @due, l.n, l.label, l.tax_code, l.account, l.cents
          from unnest(@numbers, @labels, @taxCodes, @accounts, @cents) as l (n, label, tax_code, account, cents)
        on conflict (entity_id, due_id, n) do update
           set label = excluded.label, tax_code = excluded.tax_code, account = excluded.account, cents = excluded.cents;
        """,
        new
        {
            entity = session.Entity,
            due,
            count = lines.Count,
            numbers = Enumerable.Range(1, lines.Count).Select(n => (short)n).ToArray(),
            labels = lines.Select(line => line.Label).ToArray(),
            taxCodes = lines.Select(line => line.TaxCode).ToArray(),
            accounts = lines.Select(line => line.Account).ToArray(),
            cents = lines.Select(line => line.Amount.Cents).ToArray(),
        });

    /// <summary>What a due was opened with.</summary>
    public static Task<IReadOnlyList<AmountLine>> Of(ISessions sessions, Guid due, CancellationToken stop) => sessions.Run(
        session => session.List<AmountLine>(
            "select label, tax_code as taxCode, account, cents as amount from payments.due_line where entity_id = @entity and due_id = @due order by n", new { entity = session.Entity, due }),
        stop);

    /// <summary>The same for several dues at once.</summary>
    public static Task Replace(IEntitySession session, IReadOnlyList<(Guid Due, IReadOnlyList<AmountLine> Lines)> dues)
    {
        var lines = dues.SelectMany(due => due.Lines.Select((line, index) => (due.Due, N: (short)(index + 1), Line: line))).ToList();
        return session.Execute(
            """
            delete from payments.due_line l using unnest(@dues, @counts) as c (due_id, lines) where l.entity_id = @entity and l.due_id = c.due_id and l.n > c.lines;

            insert into payments.due_line (entity_id, due_id, n, label, tax_code, account, cents)
            select @entity, l.due_id, l.n, l.label, l.tax_code, l.account, l.cents
              from unnest(@lineDues, @numbers, @labels, @taxCodes, @accounts, @cents) as l (due_id, n, label, tax_code, account, cents)
            on conflict (entity_id, due_id, n) do update
               set label = excluded.label, tax_code = excluded.tax_code, account = excluded.account, cents = excluded.cents;
            """,
            new
            {
                entity = session.Entity,
                dues = dues.Select(due => due.Due).ToArray(),
                counts = dues.Select(due => due.Lines.Count).ToArray(),
                lineDues = lines.ConvertAll(line => line.Due).ToArray(),
                numbers = lines.ConvertAll(line => line.N).ToArray(),
                labels = lines.ConvertAll(line => line.Line.Label).ToArray(),
                taxCodes = lines.ConvertAll(line => line.Line.TaxCode).ToArray(),
                accounts = lines.ConvertAll(line => line.Line.Account).ToArray(),
                cents = lines.ConvertAll(line => line.Line.Amount.Cents).ToArray(),
            });
    }
}
