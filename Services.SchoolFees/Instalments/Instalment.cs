using System.Globalization;
using Platform.Core.Money;
using Platform.Core.Storage;
using Platform.Payments;
using Services.SchoolFees.Arrears;
using Services.SchoolFees.Billing;

namespace Services.SchoolFees.Instalments;

/// <summary>A part of a bill that is paid bit by bit.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Amount">Of the bill: those of a plan add up to it.</param>
/// <param name="Surcharge">For delay, of a plan that was begun when the bill was late already.</param>
internal sealed record Instalment(string Plan, int Number, DateOnly DueOn, Euro Amount, Euro Surcharge, string State)
{
    public bool IsOpen => State == "open";

    /// <summary>What is to be paid on a day. One that is missed is late as a bill is, by its own date, where the bill's falls under the rule.</summary>
    public Euro Late(SchoolFeesSettings policy, DateOnly billDueOn, DateOnly today) =>
        !IsOpen || Surcharge > Euro.Zero ? Surcharge : Lateness.OfInstalment(policy, Amount, DueOn, billDueOn, today);

    public Euro Owed(SchoolFeesSettings policy, DateOnly billDueOn, DateOnly today) => Amount + Late(policy, billDueOn, today);

    /// <summary>What the entity's policy offers for a bill today; none where it offers nothing. The name holds all that the dates follow from, so that another policy or day is another plan.</summary>
    public static IReadOnlyList<Instalment> Offer(Bill bill, SchoolFeesSettings policy, DateOnly today)
    {
        if (policy.InstalmentsFrom is not { } from || !bill.IsOpen || bill.Total < from || bill.Total.Cents < policy.Instalments)
            return [];
        // Who is late begins at once.
        var first = bill.DueOn > today ? bill.DueOn : today;
        var plan = string.Create(CultureInfo.InvariantCulture, $"rate-{policy.Instalments}-{policy.InstalmentDays}-{first:yyMMdd}");
        var equal = Enumerable.Repeat(1L, policy.Instalments).ToArray();
        var (amounts, more) = (bill.Total.Allocate(equal), bill.Surcharge(policy, today).Allocate(equal));
        return [.. Enumerable.Range(0, policy.Instalments).Select(n => new Instalment(plan, n + 1, first.AddDays(n * policy.InstalmentDays), amounts[n], more[n], "open"))];
    }

    const string Columns = "select plan, n as number, due_on as dueOn, cents as amount, surcharge_cents as surcharge, state from schoolfees.instalment ";

    public static Task<IReadOnlyList<Instalment>> Of(IEntitySession session, Guid bill, string plan) => session.List<Instalment>(
        Columns + "where entity_id = @entity and bill_id = @bill and plan = @plan order by n", new { entity = session.Entity, bill, plan });

    /// <summary>A bill's plan: the one that was begun, or the one that is offered.</summary>
    public static async Task<IReadOnlyList<Instalment>> For(IEntitySession session, Bill bill, SchoolFeesSettings policy, DateOnly today) =>
        bill.Plan is { } plan ? await Of(session, bill.Id, plan) : Offer(bill, policy, today);

    /// <summary>The same, kept as it is now: what payments is told stays what was offered, whatever the policy becomes.</summary>
    public static async Task<IReadOnlyList<Instalment>> Keep(IEntitySession session, Bill bill, SchoolFeesSettings policy, DateOnly today)
    {
        var plan = await For(session, bill, policy, today);
        if (plan.Count == 0 || bill.Plan is not null)
            return plan;
        await session.Execute(
            """
            insert into schoolfees.instalment (entity_id, bill_id, plan, n, due_on, cents, surcharge_cents)
            select @entity, @Id, @plan, i.n, i.due, i.cents, i.more from unnest(@numbers::int[], @days::date[], @amounts::bigint[], @surcharges::bigint[]) as i (n, due, cents, more)
            on conflict (entity_id, bill_id, plan, n) do nothing
            """,
            new
            {
                entity = session.Entity, bill.Id, plan = plan[0].Plan, numbers = plan.Select(one => one.Number).ToArray(), days = plan.Select(one => one.DueOn).ToArray(),
                amounts = plan.Select(one => one.Amount.Cents).ToArray(), surcharges = plan.Select(one => one.Surcharge.Cents).ToArray(),
            });
        return await Of(session, bill.Id, plan[0].Plan);
    }

    /// <summary>As payments are told of it.</summary>
    public static InstalmentPlan? In(IReadOnlyList<Instalment> plan, Bill bill, SchoolFeesSettings policy, DateOnly today) => plan.Count < 2 ? null : new(
        plan[0].Plan, [.. plan.Select(one => new DuePlan(one.DueOn, bill.Lines(one.Amount, one.Late(policy, bill.DueOn, today))))]);
}

/// <summary>Everything of a creditor that is to be paid: bills, and of those that are paid bit by bit each instalment that is left.</summary>
internal static class Owed
{
    /// <summary>Rows of bill_id, n (0: the whole), of, due_on, cents, surcharge_cents (what was fixed when the plan began), bill_due_on.</summary>
    public const string Rows =
        """
        (select b.bill_id, 0 as n, 0 as "of", b.due_on, b.total_cents as cents, 0::bigint as surcharge_cents, b.due_on as bill_due_on
           from schoolfees.bill b where b.entity_id = @entity and b.state = 'open' and b.plan is null
         union all
         select b.bill_id, i.n, (select count(*) from schoolfees.instalment a where a.entity_id = i.entity_id and a.bill_id = i.bill_id and a.plan = i.plan)::int, i.due_on, i.cents, i.surcharge_cents, b.due_on
           from schoolfees.bill b join schoolfees.instalment i on i.entity_id = b.entity_id and i.bill_id = b.bill_id and i.plan = b.plan
          where b.entity_id = @entity and b.state = 'open' and b.plan is not null and i.state = 'open')
        """;
}
