using System.Security.Cryptography;
using FluentValidation;
using Npgsql;
using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Money;
using Platform.Core.Plugins;
using Platform.Core.Storage;
using Platform.Core.Time;
using Platform.Payments.Checkout;
using Platform.Payments.Office;
using Platform.Payments.Office.Received;
using Platform.Payments.Office.Search;
using Platform.Payments.Positions;

namespace Platform.Payments.Recorded;

/// <summary>An officer of the call's creditor received money for a position past every gateway, and says by what proof. Nothing is paid by it until somebody else agrees.</summary>
/// <remarks>Idempotent by <see cref="Recording"/>, which becomes the payment's number. Priced with the owner for the day on which it was received.</remarks>
/// <param name="How"><c>cash</c>, <c>bank_transfer</c> or <c>post</c>.</param>
/// <param name="Proof">What shows it, without personal data: the number of the till's receipt, the bank's reference.</param>
/// <param name="TakenOn">The legal day on which it was received.</param>
/// <param name="By">At the command line. From a page it is who is signed in, whatever stands here.</param>
[RequiresPermission(OfficePermissions.Record)]
internal sealed record RecordPayment(Guid Recording, string Service, string Reference, Euro Amount, string How, string Proof, DateOnly TakenOn, string By) : ICommand<Outcome<RecordedPayment>>, IRetryable
{
    /// <summary>Of a plan; null for the whole at once.</summary>
    public InstalmentNumber? Instalment { get; init; }

    public ProofFile? File { get; init; }
}

/// <summary>An instalment of a position, from 1.</summary>
internal sealed record InstalmentNumber(string Plan, int Number);

/// <summary>The document that shows what was received. It may name persons: its text has nothing of it.</summary>
/// <param name="Kind"><c>pdf</c>, <c>png</c> or <c>jpeg</c>, by how it begins.</param>
internal sealed record ProofFile(string Name, string Kind, byte[] Content)
{
    public const int MostBytes = 2 << 20;

    public byte[] Digest => SHA256.HashData(Content);

    /// <summary>How receipts and lists name it where the officer wrote no reference: by what it holds, since its name may be somebody's.</summary>
    public string Reference => $"SHA-256 {Convert.ToHexStringLower(Digest.AsSpan(0, 8))}";

    public override string ToString() => "a document";
}

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
        RuleFor(command => command.File).Must(file => file is null
            || file is { Name.Length: > 0 and <= 100, Kind: "pdf" or "png" or "jpeg", Content.Length: > 0 and <= ProofFile.MostBytes });
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
        var key = new PositionKey(new(due.PositionId), request.Service, request.Reference);
        var asked = request.Instalment is { } one
            ? await pricing.OfInstalment(key, one.Plan, one.Number, () => DueLines.Of(sessions, due.DueId, cancellationToken), request.TakenOn, cancellationToken)
            : await pricing.Of(key, request.TakenOn, cancellationToken);
        if (asked is not Quote.Priced quote)
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
        var by = call.Officer?.Actor ?? request.By;
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
                values (@entity, @Recording, @DueId, @amount, @TakenOn, @Proof, 'asked', @by, @now);

                insert into payments.recording_proof (entity_id, payment_id, name, kind, content, digest)
                select @entity, @Recording, @name, @kind, @content, @digest where @name::text is not null;
                """,
                new
                {
                    entity = session.Entity, request.Recording, due.DueId, asked, amount = request.Amount.Cents, request.TakenOn, request.Proof, by, now,
                    name = request.File?.Name, kind = request.File?.Kind, content = request.File?.Content, digest = request.File?.Digest,
                    numbers = Enumerable.Range(1, quote.Lines.Count).Select(n => (short)n).ToArray(), labels = quote.Lines.Select(line => line.Label).ToArray(),
                    taxCodes = quote.Lines.Select(line => line.TaxCode).ToArray(), accounts = quote.Lines.Select(line => line.Account).ToArray(),
                    cents = quote.Lines.Select(line => line.Amount.Cents).ToArray(), words = words.ConvertAll(word => word.Word).ToArray(),
                    subjects = words.ConvertAll(word => word.Subject).ToArray(),
                });
            session.Record("recording.asked", new { order, request.Service, request.Reference, request.Amount, request.How, request.TakenOn, request.Proof, request.Instalment, file = request.File is { } file ? Convert.ToHexStringLower(file.Digest) : null, by });
        }
        return (await Recordings.ById(session, request.Recording))!;
    }

    static Refusal? Fault(DueRow due) => due switch
    {
        { State: "paid" } => new(RecordingRefusals.AlreadyPaid, due.PaidBy),
        { State: not "open" } => new(RecordingRefusals.NotOpen, due.State),
        { AtBank: not null } => new(RecordingRefusals.AtBank, due.AtBank),
        { OtherWaits: true } => new(RecordingRefusals.Waits),
        _ => null,
    };

    static Task<DueRow?> Due(IEntitySession session, RecordPayment request, DateTimeOffset now) => session.First<DueRow>(
        """
        select d.due_id, d.position_id, d.state, p.title, s.subject_id, s.name, s.tax_code,
               (select y.order_no from payments.due_paid x join payments.payment y on y.entity_id = x.entity_id and y.payment_id = x.payment_id
                 where x.entity_id = d.entity_id and x.due_id = d.due_id) as paid_by,
               (select min(y.order_no) from payments.due o join payments.payment_item i on i.entity_id = o.entity_id and i.due_id = o.due_id
                  join payments.payment y on y.entity_id = i.entity_id and y.payment_id = i.payment_id
                 where o.entity_id = d.entity_id and o.position_id = d.position_id and (o.due_id = d.due_id or o.plan <> d.plan) and y.received is null
                   and (y.state in ('at_bank', 'unknown') or y.state = 'prepared' and y.created_at > @since)) as at_bank,
               exists (select from payments.due o join payments.recording r on r.entity_id = o.entity_id and r.due_id = o.due_id
                        where o.entity_id = d.entity_id and o.position_id = d.position_id and o.plan <> d.plan and r.state = 'asked') as other_waits
          from payments.position p
          join payments.due d on d.entity_id = p.entity_id and d.position_id = p.position_id
          left join payments.subject s on s.entity_id = p.entity_id and s.subject_id = p.subject_id
         where p.entity_id = @entity and p.service = @Service and p.reference = @Reference and d.plan = @plan and (@number::int is null or d.n = @number)
        """,
        new { entity = session.Entity, request.Service, request.Reference, plan = request.Instalment?.Plan ?? DueRows.Single, number = request.Instalment?.Number, since = now - MayStillBeOpen });

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

        /// <summary>Another way of paying the position is recorded and waits for a second person.</summary>
        public bool OtherWaits { get; init; }
    }
}
