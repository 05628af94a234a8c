using System.Runtime.CompilerServices;
using Platform.Core.Entities;
using Platform.Core.Money;
using Platform.Core.Storage;

namespace Platform.Payments.Ledger;

/// <summary>An account over some days: what was booked on either side, and what it stands at after them.</summary>
internal sealed record AccountBalance(string Account, string Kind, Euro Debit, Euro Credit, Euro Balance);

/// <summary>A booking as the accountant reads it.</summary>
internal sealed record Booking(DateOnly BookedOn, DateTimeOffset BookedAt, string Cause, Guid CauseId, string Debit, string Credit, Euro Amount, string? OrderNumber);

/// <summary>Reads a creditor's book.</summary>
internal sealed class LedgerReport(Database database, TimeProvider clock)
{
    const int PageSize = 1000;

    /// <param name="from">First legal day of the movements; the balance counts everything up to <paramref name="to"/>.</param>
    public Task<IReadOnlyList<AccountBalance>> Balances(EntityId creditor, DateOnly from, DateOnly to, CancellationToken stop) => Read(creditor, session => session.List<AccountBalance>(
        """
        select a.account, a.kind,
               coalesce(sum(m.debit) filter (where m.booked_on >= @from), 0)::bigint as debit, coalesce(sum(m.credit) filter (where m.booked_on >= @from), 0)::bigint as credit,
               (coalesce(sum(m.debit - m.credit), 0) * case when a.kind in ('asset', 'expense') then 1 else -1 end)::bigint as balance
          from payments.account a
          left join (select debit as account, booked_on, cents as debit, 0 as credit from payments.transfer where entity_id = @entity and booked_on <= @to
                     union all
                     select credit, booked_on, 0, cents from payments.transfer where entity_id = @entity and booked_on <= @to) m on m.account = a.account
         where a.entity_id = @entity
         group by a.account, a.kind
         order by array_position(array['asset', 'liability', 'income', 'expense'], a.kind), a.account
        """,
        new { entity = creditor, from, to }), stop);

    /// <summary>The bookings of some days in the order of their making, in pages, so that a year of them fits any memory.</summary>
    public async IAsyncEnumerable<Booking> Bookings(EntityId creditor, DateOnly from, DateOnly to, [EnumeratorCancellation] CancellationToken stop)
    {
        (DateOnly On, DateTimeOffset At, string Cause, Guid Id, short N) after = (DateOnly.MinValue, DateTimeOffset.MinValue, "", Guid.Empty, 0);
        while (true)
        {
            var page = await Read(creditor, session => session.List<BookingRow>(
                """
                select t.booked_on, t.booked_at, t.cause, t.cause_id, t.n, t.debit, t.credit, t.cents, p.order_no
                  from payments.transfer t
                  left join payments.payment p on p.entity_id = t.entity_id and p.payment_id = t.cause_id
                 where t.entity_id = @entity and t.booked_on between @from and @to
                   and (t.booked_on, t.booked_at, t.cause, t.cause_id, t.n) > (@On, @At, @Cause, @Id, @N)
                 order by t.booked_on, t.booked_at, t.cause, t.cause_id, t.n
                 limit @PageSize
                """,
                new { entity = creditor, from, to, after.On, after.At, after.Cause, after.Id, after.N, PageSize }), stop);
            foreach (var row in page)
                yield return new(row.BookedOn, row.BookedAt, row.Cause, row.CauseId, row.Debit, row.Credit, new(row.Cents), row.OrderNo);
            if (page.Count < PageSize)
                yield break;
            var last = page[^1];
            after = (last.BookedOn, last.BookedAt, last.Cause, last.CauseId, last.N);
        }
    }

    Task<T> Read<T>(EntityId creditor, Func<EntitySession, Task<T>> work, CancellationToken stop) => database.Run(ModuleRoles.Of("payments"), creditor, "ledger", clock, work, stop);

    sealed class BookingRow
    {
        public DateOnly BookedOn { get; init; }
        public DateTimeOffset BookedAt { get; init; }
        public string Cause { get; init; } = "";
        public Guid CauseId { get; init; }
        public short N { get; init; }
        public string Debit { get; init; } = "";
        public string Credit { get; init; } = "";
        public long Cents { get; init; }
        public string? OrderNo { get; init; }
    }
}
