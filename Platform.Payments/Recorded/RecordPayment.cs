using FluentValidation;
using Npgsql;
using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Money;
using Platform.Core.Plugins;
using Platform.Core.Storage;
using Platform.Core.Time;
using Platform.Payments.Checkout;
using Platform.Payments.Office.Search;

namespace Platform.Payments.Recorded;

/// <summary>An officer of the call's creditor received money for a position past every gateway, and says by what proof. Nothing is paid by it until somebody else agrees.</summary>
/// <remarks>Idempotent by <see cref="Recording"/>, which becomes the payment's number. Priced with the owner for the day on which it was received.</remarks>
/// <param name="How"><c>cash</c>, <c>bank_transfer</c> or <c>post</c>.</param>
/// <param name="Proof">What shows it, without personal data: the number of the till's receipt, the bank's reference.</param>
/// <param name="TakenOn">The legal day on which it was received.</param>
[RequiresPermission("payments.record")]
internal sealed record RecordPayment(Guid Recording, string Service, string Reference, Euro Amount, string How, string Proof, DateOnly TakenOn, string By) : ICommand<Outcome<RecordedPayment>>, IRetryable;

/// <summary>A recording as officers see it.</summary>
/// <param name="Asked">What the position cost on the day of receipt.</param>
internal sealed record RecordedPayment(
    int Entity, string OrderNo, string Service, string Reference, Euro Asked, Euro Amount, string How, DateOnly TakenOn, string Proof, string State, string AskedBy, string? DecidedBy, string? UndoReason);

/// <summary>Refusal codes of recordings.</summary>
internal static class RecordingRefusals
{
    public const string Unknown = "recordings.unknown";
    public const string AlreadyPaid = "recordings.already_paid";
    public const string NotOpen = "recordings.not_open";
    public const string AtBank = "recordings.at_bank";
    public const string Waits = "recordings.waits";
    public const string NotPriced = "recordings.not_priced";
    public const string WrongDay = "recordings.wrong_day";
    public const string NotPossibleNow = "recordings.not_possible_now";
    public const string SamePerson = "recordings.same_person";
    public const string GivenBack = "recordings.given_back";
}

internal sealed class RecordPaymentValidator : AbstractValidator<RecordPayment>
{
    public RecordPaymentValidator()
    {
        RuleFor(command => command.Recording).NotEmpty();
        RuleFor(command => command.Amount.Cents).GreaterThan(0).WithName("Amount");
        RuleFor(command => command.How).Must(how => how is "cash" or "bank_transfer" or "post");
        RuleFor(command => command.Proof).NotEmpty().MaximumLength(200);
        RuleFor(command => command.By).NotEmpty().MaximumLength(100);
    }
}

internal sealed class RecordPaymentHandler(ISessions sessions, CallContext call, Pricing pricing, EntityDirectory entities, TimeProvider clock) : ICommandHandler<RecordPayment, Outcome<RecordedPayment>>
{
    // What was prepared longer ago has been left: nobody stands before the bank's page with it.
    static readonly TimeSpan MayStillBeOpen = TimeSpan.FromMinutes(15);

    public async Task<Outcome<RecordedPayment>> Handle(RecordPayment request, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        if (await sessions.Run(session => Recordings.ById(session, request.Recording), cancellationToken) is { } recorded)
            return recorded;
        if (request.TakenOn > LegalTime.Day(now) || request.TakenOn < LegalTime.Day(now).AddYears(-1))
            return new Refusal(RecordingRefusals.WrongDay);
        if (await sessions.Run(session => Due(session, request, now), cancellationToken) is not { } due)
            return new Refusal(RecordingRefusals.Unknown);
        if (Fault(due) is { } fault)
            return fault;
        if (await pricing.Of(new(new(due.PositionId), request.Service, request.Reference), request.TakenOn, cancellationToken) is not Quote.Priced quote)
            return new Refusal(RecordingRefusals.NotPriced);
        var creditor = (await entities.Current(cancellationToken)).ById(call.Creditor)!;
        try
        {
            return await sessions.Run(session => Write(session, request, quote, creditor, now), cancellationToken);
        }
        catch (PostgresException wrong) when (wrong.SqlState == PostgresErrorCodes.UniqueViolation && wrong.TableName == "recording")
        {
            return new Refusal(RecordingRefusals.Waits);
        }
    }

    async Task<Outcome<RecordedPayment>> Write(IEntitySession session, RecordPayment request, Quote.Priced quote, Entity creditor, DateTimeOffset now)
    {
        await session.Execute(
            "select from payments.position where entity_id = @entity and service = @Service and reference = @Reference for update", new { entity = session.Entity, request.Service, request.Reference });
        var due = (await Due(session, request, now))!;
        if (Fault(due) is { } fault)
            return fault;
        var order = OrderNumber.New(creditor.Code);
        var asked = quote.Lines.Sum(line => line.Amount.Cents);
        var written = await session.Execute(
            """
            insert into payments.payment (
                entity_id, payment_id, order_no, status_code, service, shown_by, return_page, language, state, asked_cents, quote_until, created_at, received, title)
            values (@entity, @Recording, @order, @status, @Service, @shownBy, '', 'it', 'prepared', @asked, @until, @now, @How, @Title)
            on conflict (entity_id, payment_id) do nothing
            """,
            new { entity = session.Entity, request.Recording, order, status = EntityCoded.New(creditor.Code), request.Service, shownBy = call.ShownBy, asked, until = quote.ValidUntil, now, request.How, due.Title });
        if (written > 0)
        {
            var words = SearchWords.OfReference(request.Reference).Select(word => (Word: word, Subject: (Guid?)null))
                .Concat(SearchWords.OfPerson(due.TaxCode, due.Name).Select(word => (Word: word, Subject: due.SubjectId))).DistinctBy(word => word.Word, StringComparer.Ordinal).ToList();
            await session.Execute(
                $"""
                {SearchWords.Key}

                insert into payments.search_token (entity_id, token, at, payment_id, subject_id)
                select @entity, payments.search_digest(k.key, w.word), @now, @Recording, w.subject_id
                  from payments.search_key k cross join unnest(@words, @subjects) as w (word, subject_id)
                 where k.entity_id = @entity;

                insert into payments.payment_item (entity_id, payment_id, due_id, cents) values (@entity, @Recording, @DueId, @asked);

                insert into payments.payment_line (entity_id, payment_id, due_id, n, label, tax_code, account, cents)
                select @entity, @Recording, @DueId, l.n, l.label, l.tax_code, l.account, l.cents
                  from unnest(@numbers, @labels, @taxCodes, @accounts, @cents) as l (n, label, tax_code, account, cents);

                insert into payments.recording (entity_id, payment_id, due_id, cents, taken_on, proof, state, asked_by, asked_at)
                values (@entity, @Recording, @DueId, @amount, @TakenOn, @Proof, 'asked', @By, @now);
                """,
                new
                {
                    entity = session.Entity, request.Recording, due.DueId, asked, amount = request.Amount.Cents, request.TakenOn, request.Proof, request.By, now,
                    numbers = Enumerable.Range(1, quote.Lines.Count).Select(n => (short)n).ToArray(), labels = quote.Lines.Select(line => line.Label).ToArray(),
                    taxCodes = quote.Lines.Select(line => line.TaxCode).ToArray(), accounts = quote.Lines.Select(line => line.Account).ToArray(),
                    cents = quote.Lines.Select(line => line.Amount.Cents).ToArray(), words = words.ConvertAll(word => word.Word).ToArray(),
                    subjects = words.ConvertAll(word => word.Subject).ToArray(),
                });
            session.Record("recording.asked", new { order, request.Service, request.Reference, request.Amount, request.How, request.TakenOn, request.Proof, request.By });
        }
        return (await Recordings.ById(session, request.Recording))!;
    }

    static Refusal? Fault(DueRow due) => due switch
    {
        { State: "paid" } => new(RecordingRefusals.AlreadyPaid, due.PaidBy),
        { State: not "open" } => new(RecordingRefusals.NotOpen, due.State),
        { AtBank: not null } => new(RecordingRefusals.AtBank, due.AtBank),
        _ => null,
    };

    static Task<DueRow?> Due(IEntitySession session, RecordPayment request, DateTimeOffset now) => session.First<DueRow>(
        """
        select d.due_id, d.position_id, d.state, p.title, s.subject_id, s.name, s.tax_code,
               (select y.order_no from payments.due_paid x join payments.payment y on y.entity_id = x.entity_id and y.payment_id = x.payment_id
                 where x.entity_id = d.entity_id and x.due_id = d.due_id) as paid_by,
               (select min(y.order_no) from payments.due o join payments.payment_item i on i.entity_id = o.entity_id and i.due_id = o.due_id
                  join payments.payment y on y.entity_id = i.entity_id and y.payment_id = i.payment_id
                 where o.entity_id = d.entity_id and o.position_id = d.position_id and y.received is null
                   and (y.state in ('at_bank', 'unknown') or y.state = 'prepared' and y.created_at > @since)) as at_bank
          from payments.position p
          join payments.due d on d.entity_id = p.entity_id and d.position_id = p.position_id
          left join payments.subject s on s.entity_id = p.entity_id and s.subject_id = p.subject_id
         where p.entity_id = @entity and p.service = @Service and p.reference = @Reference and d.plan = 'single'
        """,
        new { entity = session.Entity, request.Service, request.Reference, since = now - MayStillBeOpen });

    sealed class DueRow
    {
        public Guid DueId { get; init; }
        public Guid PositionId { get; init; }
        public string State { get; init; } = "";
        public string Title { get; init; } = "";
        public Guid? SubjectId { get; init; }
        public string? Name { get; init; }
        public string? TaxCode { get; init; }
        public string? PaidBy { get; init; }
        public string? AtBank { get; init; }
    }
}
