using System.Runtime.CompilerServices;
using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Money;
using Platform.Core.Plugins;
using Platform.Core.Storage;
using Platform.Core.Time;
using Platform.Payments.Checkout;

namespace Platform.Payments.Office.Search;

/// <summary>What an officer looks for; what is null does not matter.</summary>
/// <param name="Text">An order number, a notice or bill, a tax code, an e-mail or a name.</param>
/// <param name="Bank">A payout or a batch of the gateway, as the bank's statement names it.</param>
/// <param name="From">First legal day on which it began.</param>
/// <param name="Amount">Asked for or taken.</param>
internal sealed record PaymentCriteria(
    string? Text = null, string? Bank = null, string? State = null, string? Service = null, Euro? Amount = null, DateOnly? From = null, DateOnly? To = null);

/// <summary>A place in a list: payments come after it or before it, never with it.</summary>
internal sealed record PaymentPlace(DateTimeOffset At, Guid Payment, string Key = "");

/// <summary>One page of payments of the creditor of the call, the newest first. Reads a bounded number of rows, whatever is asked and however many there are.</summary>
/// <param name="Place">Where to go on; null begins.</param>
/// <param name="Newer">Towards newer ones, as "back" does.</param>
[RequiresPermission(OfficePermissions.See)]
internal sealed record FindPayments(PaymentCriteria Criteria, PaymentPlace? Place = null, bool Newer = false) : ICommand<FoundPayments>;

/// <param name="Newer">Where newer ones may be; null where there are none.</param>
/// <param name="Older">Where older ones may be; null where there are none.</param>
internal sealed record FoundPayments(IReadOnlyList<FoundPayment> Payments, PaymentPlace? Newer, PaymentPlace? Older);

/// <summary>A payment in a list: nothing in it is personal.</summary>
public sealed class FoundPayment
{
    public Guid PaymentId { get; init; }
    public string OrderNo { get; init; } = "";
    public string Service { get; init; } = "";
    public string State { get; init; } = "";
    public string Title { get; init; } = "";
    public long AskedCents { get; init; }
    public long? TakenCents { get; init; }
    public long RefundedCents { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? PaidAt { get; init; }
    public bool Fits { get; init; }
}

internal sealed class FindPaymentsHandler(CallContext call, PaymentQueries queries) : ICommandHandler<FindPayments, FoundPayments>
{
    public Task<FoundPayments> Handle(FindPayments request, CancellationToken cancellationToken) => queries.Find(call.Creditor, request, cancellationToken);
}

/// <summary>
/// The statements behind a search. Each walks one index in the order of the list, looks at no more than <see cref="Look"/> payments and tells which of them fit
/// the other criteria: what is rare among many is found a stretch at a time instead of reading everything for one page.
/// </summary>
internal sealed class PaymentQueries(Database database, EntityDirectory entities, TimeProvider clock)
{
    public const int PageSize = 20;
    const int Look = 80;
    const int LookByWord = 30;
    const int LookByWords = 12;
    const int AtOnce = 1000;

    static readonly DateTimeOffset Never = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);
    static readonly DateTimeOffset Ever = new(2200, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>All that fit, the newest first, read a thousand at a time in transactions of their own: what changes meanwhile may be in it as it was or as it is.</summary>
    public async IAsyncEnumerable<IReadOnlyList<FoundPayment>> All(EntityId creditor, PaymentCriteria criteria, [EnumeratorCancellation] CancellationToken stop)
    {
        var request = new FindPayments(criteria);
        while (true)
        {
            if (criteria.Bank is { } bank)
            {
                var page = await ByBank(creditor, bank.Trim().ToUpperInvariant(), criteria, request.Place, false, AtOnce, stop);
                yield return page.Payments;
                if (page.Older is null)
                    yield break;
                request = request with { Place = page.Older };
                continue;
            }
            var (sql, arguments) = Statement(creditor, request, AtOnce);
            if (sql.Length == 0)
                yield break;
            var candidates = await Read<FoundPayment>(creditor, sql, arguments, stop);
            yield return [.. candidates.Where(payment => payment.Fits)];
            if (candidates.Count < AtOnce)
                yield break;
            request = request with { Place = new(candidates[^1].CreatedAt, candidates[^1].PaymentId) };
        }
    }

    Task<IReadOnlyList<T>> Read<T>(EntityId creditor, string sql, object arguments, CancellationToken stop) =>
        database.Run(ModuleRoles.Of("payments"), creditor, "office", clock, session => session.List<T>(sql, arguments), stop);

    public async Task<FoundPayments> Find(EntityId creditor, FindPayments request, CancellationToken stop)
    {
        var (criteria, place, newer) = (request.Criteria, request.Place, request.Newer);
        if (criteria.Bank is { } bank)
            return await ByBank(creditor, bank.Trim().ToUpperInvariant(), criteria, place, newer, PageSize, stop);
        var (sql, arguments) = Statement(creditor, request);
        if (sql.Length == 0)
            return new([], null, null);
        var candidates = await Read<FoundPayment>(creditor, sql, arguments, stop);
        var look = LookOf(WordsOf(criteria));
        return Page(candidates, look, place, newer, payment => new(payment.CreatedAt, payment.PaymentId));
    }

    static bool IsOrder(string? typed) => typed is not null && OrderNumber.EntityOf(Order(typed)) is not null;

    static IReadOnlyList<string> WordsOf(PaymentCriteria criteria) => criteria.Text is { } typed && !IsOrder(typed) ? SearchWords.Of(typed) : [];

    static int LookOf(IReadOnlyList<string> words) => words.Count switch { 0 => Look, 1 => LookByWord, _ => LookByWords };

    /// <summary>Empty when nothing can be found by what was typed.</summary>
    internal static (string Sql, object Arguments) Statement(EntityId entity, FindPayments request, int? look = null)
    {
        var (criteria, newer) = (request.Criteria, request.Newer);
        var words = WordsOf(criteria);
        var sql = words.Count > 0 ? newer ? ByWordNewer : ByWordOlder
            : IsOrder(criteria.Text) ? ByOrder
            : criteria.Text is not null ? ""
            : criteria.Amount is not null ? newer ? ByAmountNewer : ByAmountOlder
            : criteria.State is not null ? newer ? ByStateNewer : ByStateOlder
            : criteria.Service is not null ? newer ? ByServiceNewer : ByServiceOlder
            : newer ? ByTimeNewer : ByTimeOlder;
        return (sql, Arguments(entity, criteria, request.Place, newer, words, look ?? LookOf(words)));
    }

    static object Arguments(EntityId entity, PaymentCriteria criteria, PaymentPlace? place, bool newer, IReadOnlyList<string> words, int look)
    {
        var from = criteria.From is { } first ? LegalTime.EndOf(first.AddDays(-1)) : Never;
        var until = criteria.To is { } last ? LegalTime.EndOf(last) : Ever;
        // One bound on either side: PostgreSQL begins an index at the bound it finds last, not at the narrower one.
        var (at, id) = place is { } known && (newer ? known.At >= from : known.At < until) ? (known.At, known.Payment) : (newer ? from : until, Guid.Empty);
        return new
        {
            entity, order = Order(criteria.Text ?? ""), criteria.State, criteria.Service, cents = criteria.Amount?.Cents, from, until, at, id,
            word = words.FirstOrDefault(""), others = words.Skip(1).ToArray(), look,
        };
    }

    /// <summary>As it is stored: capitals, however the hyphens were typed.</summary>
    static string Order(string typed)
    {
        var letters = string.Concat(typed.Where(char.IsAsciiLetterOrDigit)).ToUpperInvariant();
        return letters.Length == 17 ? $"{letters[..3]}-{letters[3..16]}-{letters[16]}" : "";
    }

    static FoundPayments Page(IReadOnlyList<FoundPayment> candidates, int look, PaymentPlace? place, bool newer, Func<FoundPayment, PaymentPlace> placeOf)
    {
        var fitting = new List<FoundPayment>(PageSize);
        var looked = 0;
        while (looked < candidates.Count && fitting.Count < PageSize)
            if (candidates[looked++] is { Fits: true } payment)
                fitting.Add(payment);
        var further = looked > 0 && (looked < candidates.Count || candidates.Count == look) ? placeOf(candidates[looked - 1]) : null;
        // Back is where this page began, and there was something there: it came from it.
        var back = place is null ? null : looked > 0 ? placeOf(candidates[0]) : place;
        if (newer)
            fitting.Reverse();
        return newer ? new(fitting, further, back) : new(fitting, back, further);
    }

    /// <summary>
    /// By what the bank's statement says. Such papers are the agreement owner's, who may be the service centre: their orders are read under its role, as far as
    /// they begin with the creditor's code or are its own payout, and the payments themselves under the creditor's own eyes only.
    /// </summary>
    async Task<FoundPayments> ByBank(EntityId creditor, string bank, PaymentCriteria criteria, PaymentPlace? place, bool newer, int size, CancellationToken stop)
    {
        var code = (await entities.Current(stop)).ById(creditor)!.Code;
        var keys = await database.Run(
            ModuleRoles.Centre, null, "office", clock,
            session => session.List<BankKey>(
                newer ? ByBankNewer : ByBankOlder,
                new { entity = creditor, code, bank, key = place?.Key ?? (newer ? "" : "~"), look = size + 1 }),
            stop);
        if (keys.Count == 0)
            return new([], null, place);
        var found = await Read<FoundPayment>(
            creditor, "select " + Columns + ", true as fits from payments.payment p where p.entity_id = @entity and (p.order_no = any(@orders) or p.payment_id = any(@payments))",
            new
            {
                entity = creditor, orders = keys.Where(key => key.Order is not null).Select(key => key.Order).ToArray(),
                payments = keys.Where(key => key.Payment is not null).Select(key => key.Payment!.Value).ToArray(),
            },
            stop);
        var page = keys.Take(size).ToList();
        var rows = page.Select(key => found.FirstOrDefault(payment => payment.OrderNo == key.Order || payment.PaymentId == key.Payment)).OfType<FoundPayment>()
            .Where(payment => (criteria.State is null || payment.State == criteria.State) && (criteria.Service is null || payment.Service == criteria.Service)
                && (criteria.Amount is null || payment.AskedCents == criteria.Amount.Value.Cents || payment.TakenCents == criteria.Amount.Value.Cents)).ToList();
        var further = keys.Count > size ? new PaymentPlace(Never, Guid.Empty, page[^1].Key) : null;
        var back = place is null ? null : new PaymentPlace(Never, Guid.Empty, page[0].Key);
        if (newer)
            rows.Reverse();
        return newer ? new(rows, further, back) : new(rows, back, further);
    }

    sealed record BankKey(string Key, string? Order, Guid? Payment);

    const string Columns = "p.payment_id, p.order_no, p.service, p.state, p.title, p.asked_cents, p.taken_cents, p.refunded_cents, p.created_at, p.paid_at";

    const string Fits =
        """
        , (@State::text is null or p.state = @State) and (@Service::text is null or p.service = @Service)
              and (@cents::bigint is null or p.asked_cents = @cents or p.taken_cents = @cents) as fits
          from payments.payment p

        """;

    const string Older = " and p.created_at >= @from and (p.created_at, p.payment_id) < (@at, @id) order by p.created_at desc, p.payment_id desc limit @look";
    const string Newer = " and p.created_at < @until and (p.created_at, p.payment_id) > (@at, @id) order by p.created_at, p.payment_id limit @look";

    const string ByTime = "select " + Columns + Fits + "where p.entity_id = @entity";
    internal const string ByTimeOlder = ByTime + Older;
    internal const string ByTimeNewer = ByTime + Newer;

    const string ByState = ByTime + " and p.state = @State";
    internal const string ByStateOlder = ByState + Older;
    internal const string ByStateNewer = ByState + Newer;

    const string ByService = ByTime + " and p.service = @Service";
    internal const string ByServiceOlder = ByService + Older;
    internal const string ByServiceNewer = ByService + Newer;

    const string ByAsked = "select * from ((" + ByTime + " and p.asked_cents = @cents";
    const string ByTaken = ") union all (" + ByTime + " and p.taken_cents = @cents and p.taken_cents <> p.asked_cents";
    internal const string ByAmountOlder = ByAsked + Older + ByTaken + Older + ")) c order by created_at desc, payment_id desc limit @look";
    internal const string ByAmountNewer = ByAsked + Newer + ByTaken + Newer + ")) c order by created_at, payment_id limit @look";

    // No place in it: there is one at most.
    internal const string ByOrder = ByTime + " and p.order_no = @order";

    const string ByWord =
        "select " + Columns +
        """
        , (@State::text is null or p.state = @State) and (@Service::text is null or p.service = @Service)
              and (@cents::bigint is null or p.asked_cents = @cents or p.taken_cents = @cents)
              and (cardinality(@others) = 0 or cardinality(@others) = (
                  select count(*) from payments.search_token x
                   where x.entity_id = @entity and x.at = c.at and x.payment_id = c.payment_id
                     and x.token = any((select array_agg(payments.search_digest(k.key, o.word)) from payments.search_key k cross join unnest(@others) as o (word) where k.entity_id = @entity)::bytea[]))) as fits
          from (select k.at, k.payment_id
                  from payments.search_token k
                 where k.entity_id = @entity and k.token = (select payments.search_digest(key, @word) from payments.search_key where entity_id = @entity)

        """;

    internal const string ByWordOlder = ByWord +
        """
                   and k.at >= @from and (k.at, k.payment_id) < (@at, @id) order by k.at desc, k.payment_id desc limit @look) c
          join payments.payment p on p.entity_id = @entity and p.payment_id = c.payment_id
         order by c.at desc, c.payment_id desc
        """;

    internal const string ByWordNewer = ByWord +
        """
                   and k.at < @until and (k.at, k.payment_id) > (@at, @id) order by k.at, k.payment_id limit @look) c
          join payments.payment p on p.entity_id = @entity and p.payment_id = c.payment_id
         order by c.at, c.payment_id
        """;

    // An agreement belongs to the centre or to the entity itself; so do its papers.
    const string Lines =
        """
        select l.order_no as key, l.order_no as "order", null::uuid as payment
          from payments.settlement_line l
         where l.entity_id in (0, @entity) and l.batch = @bank
           and l.order_no collate "C" > @code || '-' and l.order_no collate "C" < @code || '.'

        """;

    const string Items =
        """
        select i.cause_id::text as key, null::text as "order", i.cause_id as payment
          from payments.payout_item i
         where i.entity_id = 0 and i.payout = @bank and exists (select from payments.payout o where o.entity_id = 0 and o.payout = @bank and o.creditor_id = @entity)

        """;

    internal const string ByBankOlder =
        "select key, \"order\", payment from ((" + Lines + " and l.order_no collate \"C\" < @key group by l.order_no order by l.order_no collate \"C\" desc limit @look) union all (" + Items
        + " and (@key = '~' or i.cause_id < case when @key ~ '^[0-9a-f-]{36}$' then @key::uuid end) group by i.cause_id order by i.cause_id desc limit @look)) b order by key collate \"C\" desc limit @look";

    internal const string ByBankNewer =
        "select key, \"order\", payment from ((" + Lines + " and l.order_no collate \"C\" > @key group by l.order_no order by l.order_no collate \"C\" limit @look) union all (" + Items
        + " and (@key = '' or i.cause_id > case when @key ~ '^[0-9a-f-]{36}$' then @key::uuid end) group by i.cause_id order by i.cause_id limit @look)) b order by key collate \"C\" limit @look";
}
