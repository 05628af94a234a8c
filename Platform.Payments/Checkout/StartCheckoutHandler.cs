using System.Globalization;
using Autofac;
using FluentValidation;
using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Journal;
using Platform.Core.Money;
using Platform.Core.Storage;
using Platform.Core.Time;
using Platform.Payments.Office.Search;
using Platform.Payments.Positions;

namespace Platform.Payments.Checkout;

internal sealed class StartCheckoutValidator : AbstractValidator<StartCheckout>
{
    public StartCheckoutValidator()
    {
        RuleFor(command => command.Attempt).NotEmpty();
        RuleFor(command => command.Dues).NotEmpty().Must(dues => dues.Count <= 50 && dues.Distinct().Count() == dues.Count).WithMessage("Name 1 to 50 dues, each once.");
        RuleFor(command => command.ReturnPage).NotNull().MaximumLength(1000)
            .Must(page => !page.StartsWith('/') && !page.Contains("..", StringComparison.Ordinal) && !page.Contains("%2e", StringComparison.OrdinalIgnoreCase)
                && page.All(letter => letter is > ' ' and < '\u007f' and not (':' or '\\' or '#')))
            .WithMessage("The return page is a path below the service's own: no leading slash, no scheme, no \"..\".");
        RuleFor(command => command.Language).Matches("^[a-z]{2}$");
        RuleFor(command => command.Payer).Must(payer => payer is null || PayerEmail.IsOne(payer.Email)).WithMessage("The payer's e-mail is none.");
    }
}

internal sealed class StartCheckoutHandler(
    ISessions sessions, CallContext call, Pricing pricing, Agreements agreements, EntityDirectory entities, PublicAddress address, PaymentPoller poller,
    Opening opening, TimeProvider clock)
    : ICommandHandler<StartCheckout, Outcome<StartedCheckout>>
{
    public async Task<Outcome<StartedCheckout>> Handle(StartCheckout request, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var dues = await Read(request, cancellationToken);
        if (dues.Started is { } started)
            return await Answer(started, ours: false, cancellationToken);
        if (dues.Open.Count != request.Dues.Count)
            return new Refusal(CheckoutRefusals.NotOpen);
        if (dues.Open.Any(due => due.State == "paid"))
            return new Refusal(CheckoutRefusals.AlreadyPaid);
        if (dues.Open.Any(due => due.State == "replaced") || dues.Open.GroupBy(due => due.PositionId).Any(position => position.Select(due => due.Plan).Distinct(StringComparer.Ordinal).Skip(1).Any()))
            return new Refusal(CheckoutRefusals.OtherPlan);
        if (dues.Open.Any(due => due.State != "open"))
            return new Refusal(CheckoutRefusals.NotOpen);

        var quotes = new Dictionary<Guid, Quote.Priced>();
        foreach (var due in dues.Open)
        {
            var key = new PositionKey(new(due.PositionId), due.Service, due.Reference);
            var quote = due.Plan == DueRows.Single
                ? await pricing.Of(key, LegalTime.Day(now), cancellationToken)
                : await pricing.OfInstalment(key, due.Plan, due.N, () => DueLines.Of(sessions, due.DueId, cancellationToken), LegalTime.Day(now), cancellationToken);
            if (quote is not Quote.Priced priced)
                return new Refusal(CheckoutRefusals.NotPriced, (quote as Quote.Refused)?.Code);
            quotes.Add(due.DueId, priced);
        }

        if (await agreements.For(call.Creditor, LegalTime.Day(now), cancellationToken) is not { } bank)
            return new Refusal(CheckoutRefusals.NoAgreement);
        var creditor = (await entities.Current(cancellationToken)).ById(call.Creditor)!;

        var outcome = await Write(request, dues.Open, quotes, bank, creditor, now, cancellationToken);
        if (outcome.Refusal is { } refusal)
            return refusal;
        poller.Wake();
        return await Answer(outcome.Value.Started, outcome.Value.Ours, cancellationToken);
    }

    Task<(StartedRow? Started, IReadOnlyList<DueRow> Open)> Read(StartCheckout request, CancellationToken stop) => sessions.Run(
        async session => (
            await session.First<StartedRow>(SelectStarted, new { entity = session.Entity, payment = request.Attempt, service = call.Caller }),
            await session.List<DueRow>(
                """
                select d.due_id, d.position_id, d.plan, d.n, p.service, p.reference, p.title, d.state,
                       exists (select from payments.due o where o.entity_id = d.entity_id and o.position_id = d.position_id and o.plan <> d.plan) as otherPlans, s.subject_id, s.name, s.tax_code
                  from payments.due d
                  join payments.position p on p.entity_id = d.entity_id and p.position_id = d.position_id
                  left join payments.subject s on s.entity_id = p.entity_id and s.subject_id = p.subject_id
                 where d.entity_id = @entity and d.due_id = any(@dues) and (p.service = @service or @service = @OfAll)
                 order by d.position_id, d.due_id
                """,
                new { entity = session.Entity, dues = request.Dues.Select(due => due.Value).ToArray(), service = call.Caller, Carts.Cart.OfAll })),
        stop);

    Task<Outcome<(StartedRow Started, bool Ours)>> Write(
        StartCheckout request, IReadOnlyList<DueRow> dues, Dictionary<Guid, Quote.Priced> quotes, BankTerms bank, Entity creditor, DateTimeOffset now, CancellationToken stop) => sessions.Run<Outcome<(StartedRow Started, bool Ours)>>(
        async session =>
        {
            var states = await session.List<string>(
                """
                with locked as (
                    select position_id from payments.position where entity_id = @entity and position_id = any(@positions) order by position_id for update)
                select d.state from payments.due d join locked l on l.position_id = d.position_id where d.entity_id = @entity and d.due_id = any(@dues)
                """,
                new { entity = session.Entity, positions = dues.Select(due => due.PositionId).Distinct().ToArray(), dues = dues.Select(due => due.DueId).ToArray() });
            if (states.Count != dues.Count || states.Any(state => state != "open"))
                return new Refusal(states.Contains("paid", StringComparer.Ordinal) ? CheckoutRefusals.AlreadyPaid : CheckoutRefusals.NotOpen);
            if (dues.Any(due => due.OtherPlans) && await DueRows.TakenOtherwise(session, [.. dues.Select(due => due.DueId)]))
                return new Refusal(CheckoutRefusals.OtherPlan);

            foreach (var due in dues)
                await DueLines.Replace(session, due.DueId, quotes[due.DueId].Lines);

            var cents = dues.Select(due => quotes[due.DueId].Lines.Sum(line => line.Amount.Cents)).ToArray();
            var lines = dues.SelectMany(due => quotes[due.DueId].Lines.Select((line, index) => (due.DueId, N: (short)(index + 1), Line: line))).ToList();
            var order = OrderNumber.New(creditor.Code);
            var payer = request.Payer is null ? (Guid?)null : Guid.CreateVersion7(now);
            var words = WordsOf(dues, payer, request.Payer);
            // The items go with the payment that this call made: a twin with the same attempt must not add what it asks no money for.
            var started = await session.First<StartedRow>(
                $"""
                {SearchWords.Key}

                with started as (
                insert into payments.payment (
                    entity_id, payment_id, agreement_id, order_no, status_code, service, shown_by, return_page, language, state, asked_cents, commission_cents, quote_until, created_at, next_query_at, payer_id, title)
                values (@entity, @payment, @agreement, @order, @status, @service, @shownBy, @ReturnPage, @Language, 'prepared', @asked, @commission, @until, @now, @nextQuery, @payer, @title)
                on conflict (entity_id, payment_id) do nothing
                returning payment_id),
                payer as (
                insert into payments.subject (entity_id, subject_id, email)
                select @entity, @payer, @email from started where @payer is not null),
                opening as (
                insert into payments.external_call (entity_id, call_id, payment_id, kind, started_at)
                select @entity, payment_id, payment_id, 'open', @now from started where @opens),
                items as (
                insert into payments.payment_item (entity_id, payment_id, due_id, cents)
                select @entity, s.payment_id, i.due_id, i.cents from started s cross join unnest(@dues, @cents) as i (due_id, cents)),
                tokens as (
                insert into payments.search_token (entity_id, token, at, payment_id, subject_id)
                select @entity, payments.search_digest(k.key, w.word), @now, s.payment_id, w.subject_id
                  from started s join payments.search_key k on k.entity_id = @entity cross join unnest(@words, @subjects) as w (word, subject_id))
                insert into payments.payment_line (entity_id, payment_id, due_id, n, label, tax_code, account, cents)
                select @entity, s.payment_id, l.due_id, l.n, l.label, l.tax_code, l.account, l.cents
                  from started s cross join unnest(@lineDues, @numbers, @labels, @taxCodes, @accounts, @lineCents) as l (due_id, n, label, tax_code, account, cents);

                {SelectStarted}
                """,
                new
                {
                    entity = session.Entity,
                    payment = request.Attempt,
                    agreement = bank.Id,
                    order,
                    status = EntityCoded.New(creditor.Code),
                    service = call.Caller,
                    shownBy = call.ShownBy,
                    request.ReturnPage,
                    request.Language,
                    asked = cents.Sum(),
                    // Frozen here: what is agreed later is for payments that begin later.
                    commission = bank.Owner == session.Entity ? 0 : bank.Commission.Of(new(cents.Sum())).Cents,
                    until = quotes.Values.Min(quote => quote.ValidUntil),
                    now,
                    nextQuery = now + PaymentStates.Later(0),
                    payer,
                    email = request.Payer?.Email,
                    title = dues.Count == 1 ? dues[0].Title : string.Create(CultureInfo.InvariantCulture, $"{dues[0].Title} (+{dues.Count - 1})"),
                    words = words.ConvertAll(word => word.Word).ToArray(),
                    subjects = words.ConvertAll(word => word.Subject).ToArray(),
                    opens = bank.Gateway is IOpeningGateway,
                    dues = dues.Select(due => due.DueId).ToArray(),
                    cents,
                    lineDues = lines.ConvertAll(line => line.DueId).ToArray(),
                    numbers = lines.ConvertAll(line => line.N).ToArray(),
                    labels = lines.ConvertAll(line => line.Line.Label).ToArray(),
                    taxCodes = lines.ConvertAll(line => line.Line.TaxCode).ToArray(),
                    accounts = lines.ConvertAll(line => line.Line.Account).ToArray(),
                    lineCents = lines.ConvertAll(line => line.Line.Amount.Cents).ToArray(),
                });
            if (started is null)
                return new Refusal(CheckoutRefusals.NotOpen);
            if (started.OrderNo == order && payer is { } subject)
                session.Record("payment.started", new { started.OrderNo, started.AskedCents, call.ShownBy }, new PersonalData(subject, new { request.Payer!.Email }));
            else if (started.OrderNo == order)
                session.Record("payment.started", new { started.OrderNo, started.AskedCents, call.ShownBy });
            return (started, started.OrderNo == order);
        },
        stop);

    /// <summary>What officers will find the payment by; each word once, and a person's own under whose they are.</summary>
    static List<(string Word, Guid? Subject)> WordsOf(IReadOnlyList<DueRow> dues, Guid? payer, Payer? who) =>
    [
        .. dues.SelectMany(due => SearchWords.OfReference(due.Reference).Select(word => (word, (Guid?)null))
                .Concat(SearchWords.OfPerson(due.TaxCode, due.Name).Select(word => (word, due.SubjectId))))
            .Concat(who is null ? [] : [(SearchWords.OfEmail(who.Email), payer)])
            .DistinctBy(word => word.Item1, StringComparer.Ordinal),
    ];

    async Task<Outcome<StartedCheckout>> Answer(StartedRow started, bool ours, CancellationToken stop)
    {
        if (await agreements.Find(started.AgreementId, stop) is not { } bank)
            return new Refusal(CheckoutRefusals.NoAgreement);
        var order = new GatewayOrder(started.OrderNo, new(started.AskedCents), address.ReturnFrom(bank.Gateway.Id, started.StatusCode), started.Language, started.Opened);
        if (bank.Gateway is IOpeningGateway gateway && order.Opened is null)
        {
            var opened = ours ? await opening.Open(gateway, bank, order, started.PaymentId) : await opening.Awaited(started.PaymentId, stop);
            if (opened is null)
                return new Refusal(CheckoutRefusals.GatewaySilent);
            order = order with { Opened = opened };
        }
        return new StartedCheckout(started.PaymentId, started.OrderNo, order.Amount, bank.Gateway.Prepare(order, bank.Terms));
    }

    const string SelectStarted =
        """
        select payment_id, order_no, status_code, asked_cents, agreement_id, language, opened from payments.payment
         where entity_id = @entity and payment_id = @payment and service = @service
        """;

    sealed class DueRow
    {
        public Guid DueId { get; init; }
        public Guid PositionId { get; init; }
        public string Plan { get; init; } = "";
        public short N { get; init; }
        public bool OtherPlans { get; init; }
        public string Service { get; init; } = "";
        public string Reference { get; init; } = "";
        public string Title { get; init; } = "";
        public string State { get; init; } = "";
        public Guid? SubjectId { get; init; }
        public string? Name { get; init; }
        public string? TaxCode { get; init; }
    }

    sealed class StartedRow
    {
        public Guid PaymentId { get; init; }
        public string OrderNo { get; init; } = "";
        public string StatusCode { get; init; } = "";
        public long AskedCents { get; init; }
        public Guid AgreementId { get; init; }
        public string Language { get; init; } = "it";
        public string? Opened { get; init; }
    }
}
