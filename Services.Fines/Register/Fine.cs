using Platform.Core.Money;
using Platform.Core.Storage;
using Services.Fines.Amounts;

namespace Services.Fines.Register;

/// <summary>A fine as the register holds it.</summary>
internal sealed record Fine(
    Guid Id, string Series, int Year, int Number, string Municipality, string Place, string Article, string Description, DateOnly ViolatedOn, string Plate,
    Euro Minimum, Euro Maximum, Euro Costs, bool DiscountExcluded, bool ContestedAtOnce, DateOnly? NotifiedOn, string State, DateOnly? PaidOn, Euro? PaidAmount, string? PaidOrder,
    string PhaseText = "report", DateOnly? DeclaredOn = null, int Points = 0, string Accessory = "", string Device = "", Euro? SupplementDue = null, int? SupplementPart = null, Euro? RestPaid = null, string? Withdrawn = null, Euro? TakenShort = null)
{
    public FineNumber Name => new(Series, Year, Number);

    public bool IsPaid => State == "paid";

    public Phase Phase => Phases.Parse(PhaseText);

    /// <summary>The day from which the law counts, or null while nobody was told yet: what the citizen declared holds until the register knows better.</summary>
    public DateOnly? ToldOn => NotifiedOn ?? (ContestedAtOnce ? ViolatedOn : DeclaredOn);

    /// <summary>Payments takes no money for it: it was cancelled, or given back as not owed, and no file has said anything new since.</summary>
    public bool IsWithdrawn => Withdrawn == "withdrawn";

    /// <summary>A file asked for it again after it was withdrawn: payments has to be told before somebody pays.</summary>
    public bool IsAskedAgain => Withdrawn == "taken_back";

    /// <summary>Whether the citizen may say when he received it.</summary>
    public bool MayBeDeclared => !IsPaid && !IsWithdrawn && Phase == Phase.Report && NotifiedOn is null && !ContestedAtOnce;

    public AmountsDue AmountsOn(DateOnly day, FinesSettings settings) => FineAmounts.On(day, Terms(settings), settings.PatronDay);

    /// <inheritdoc cref="FineAmounts.AfterDelivery"/>
    public IReadOnlyList<AmountDue> AmountsAfterDelivery(FinesSettings settings) => FineAmounts.AfterDelivery(Terms(settings), settings.PatronDay);

    /// <summary>What a payment of that day left open, by what is known now.</summary>
    public Euro MissingFrom(Euro paid, DateOnly day, FinesSettings settings) => FineAmounts.Missing(paid, day, Terms(settings), settings.PatronDay);

    /// <summary>Why it cannot be paid here on <paramref name="day"/>, by the codes of <see cref="FineRefusals"/>; null when it can.</summary>
    public string? NotPayable(DateOnly day, FinesSettings settings) => this switch
    {
        { IsPaid: true } => FineRefusals.AlreadyPaid,
        { IsWithdrawn: true } => FineRefusals.Archived,
        { Phase: Phase.Appealed } => FineRefusals.Appealed,
        { Phase: Phase.Archived } => FineRefusals.Archived,
        { Phase: Phase.Collector } => FineRefusals.AtCollector,
        { Phase: Phase.Instalments } => FineRefusals.InInstalments,
        _ when !ReducedPayment.IsAdmitted(Article) => FineRefusals.NoReducedPayment,
        { Phase: Phase.Notice } when AmountsOn(day, settings).Today.Until < day => FineRefusals.NoticeOver,
        { Phase: Phase.Report, ToldOn: null } when !settings.PayBeforeNotice => FineRefusals.NotToldYet,
        _ => null,
    };

    /// <summary>Last day of the minimum by the law, by which what is missing of a payment is to be paid; null while nobody knows when it was delivered.</summary>
    public DateOnly? TermOfMinimum(FinesSettings settings) => ToldOn is not { } told || Phase == Phase.Notice ? null
        : AmountsOn(told, settings) is var amounts && amounts.Next.Prepend(amounts.Today).FirstOrDefault(due => due.Band == Band.Minimum) is { } minimum ? minimum.TermEnds ?? minimum.Until : null;

    FineTerms Terms(FinesSettings settings) => new(Minimum, Maximum, Costs, DiscountExcluded, ViolatedOn, ToldOn)
    {
        Phase = Phase, Surcharged = settings.Surcharge, NoticeDays = settings.NoticeDays, OfferedDays = settings.OfferWhileCrediting ? FineAmounts.CreditingDays : 0,
    };

    public static async Task<Fine?> Find(IEntitySession session, Guid id) => await List(session, [id]) is [var fine] ? fine : null;

    /// <summary>Those of <paramref name="ids"/> that exist, in no order.</summary>
    public static Task<IReadOnlyList<Fine>> List(IEntitySession session, IReadOnlyList<Guid> ids) => session.List<Fine>(
        """
        select fine_id as id, series, year, number, municipality::text, place, article || case comma when '' then '' else ' c. ' || comma end as article, description, violated_on as violatedOn, plate,
               min_cents as minimum, max_cents as maximum, costs_cents as costs, discount_excluded as discountExcluded,
               contested_at_once as contestedAtOnce, notified_on as notifiedOn, state, paid_on as paidOn, paid_cents as paidAmount, paid_order as paidOrder,
               phase as phaseText, declared_on as declaredOn, points::int, accessory, device,
               (select s.due_cents - s.paid_cents - s.rest_cents from fines.supplement s
                 where s.entity_id = fine.entity_id and s.fine_id = fine.fine_id and s.paid_order = fine.paid_order and s.closed_at is null) as supplementDue,
               (select s.n::int from fines.supplement s
                 where s.entity_id = fine.entity_id and s.fine_id = fine.fine_id and s.paid_order = fine.paid_order and s.closed_at is null) as supplementPart,
               (select nullif(s.rest_cents, 0) from fines.supplement s
                 where s.entity_id = fine.entity_id and s.fine_id = fine.fine_id and s.paid_order = fine.paid_order) as restPaid,
               withdrawn,
               (select nullif(greatest(0, sum(case m.kind when 'short' then m.cents else -m.cents end)), 0)::bigint from fines.movement m
                 where m.entity_id = fine.entity_id and m.fine_id = fine.fine_id and m.part = 0 and m.kind in ('short', 'made_good') and m.order_no = fine.paid_order) as takenShort
        from fines.fine
        where entity_id = @entity and fine_id = any(@ids)
        """, new { entity = session.Entity, ids = ids.ToArray() });

    public static Task<Fine?> Find(IEntitySession session, FineNumber name) => session.First<Fine>(
        """
        select fine_id as id, series, year, number, municipality::text, place, article || case comma when '' then '' else ' c. ' || comma end as article, description, violated_on as violatedOn, plate,
               min_cents as minimum, max_cents as maximum, costs_cents as costs, discount_excluded as discountExcluded,
               contested_at_once as contestedAtOnce, notified_on as notifiedOn, state, paid_on as paidOn, paid_cents as paidAmount, paid_order as paidOrder,
               phase as phaseText, declared_on as declaredOn, points::int, accessory, device,
               (select s.due_cents - s.paid_cents - s.rest_cents from fines.supplement s
                 where s.entity_id = fine.entity_id and s.fine_id = fine.fine_id and s.paid_order = fine.paid_order and s.closed_at is null) as supplementDue,
               (select s.n::int from fines.supplement s
                 where s.entity_id = fine.entity_id and s.fine_id = fine.fine_id and s.paid_order = fine.paid_order and s.closed_at is null) as supplementPart,
               (select nullif(s.rest_cents, 0) from fines.supplement s
                 where s.entity_id = fine.entity_id and s.fine_id = fine.fine_id and s.paid_order = fine.paid_order) as restPaid,
               withdrawn,
               (select nullif(greatest(0, sum(case m.kind when 'short' then m.cents else -m.cents end)), 0)::bigint from fines.movement m
                 where m.entity_id = fine.entity_id and m.fine_id = fine.fine_id and m.part = 0 and m.kind in ('short', 'made_good') and m.order_no = fine.paid_order) as takenShort
        from fines.fine
        where entity_id = @entity and series = @series and year = @year and number = @number
        """, new { entity = session.Entity, series = name.Series, year = name.Year, number = name.Number });
}

/// <summary>Refusal codes of this service. Pages look their words up by them.</summary>
internal static class FineRefusals
{
    /// <summary>No fine has this number, or its date or plate are others: nobody is told which.</summary>
    public const string NotFound = "fines.not_found";

    public const string AlreadyPaid = "fines.already_paid";

    /// <summary>No fine of this number can be put to the others: there is none, it is of another plate, or it is not payable here. Nobody is told which.</summary>
    public const string NotAddable = "fines.not_addable";

    /// <summary>Nobody is known to have been told of it, and the creditor takes no money before that.</summary>
    public const string NotToldYet = "fines.not_told_yet";

    /// <summary>The days of the notice on the windscreen are over; a report will come.</summary>
    public const string NoticeOver = "fines.notice_over";

    /// <summary>An appeal is under way.</summary>
    public const string Appealed = "fines.appealed";

    /// <summary>Annulled or archived.</summary>
    public const string Archived = "fines.archived";

    /// <summary>The collector has it.</summary>
    public const string AtCollector = "fines.at_collector";

    /// <summary>It is paid by a plan of instalments.</summary>
    public const string InInstalments = "fines.in_instalments";

    /// <summary>The law admits no payment in reduced measure: the prefect sets the sum.</summary>
    public const string NoReducedPayment = "fines.no_reduced_payment";

    /// <summary>The day of delivery cannot be declared (any more): the register knows it, or the fine is paid or elsewhere.</summary>
    public const string NotDeclarable = "fines.not_declarable";
}
