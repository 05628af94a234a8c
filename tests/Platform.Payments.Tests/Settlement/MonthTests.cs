using System.Globalization;
using System.Text;
using Autofac;
using Platform.Core.Entities;
using Platform.Core.Money;
using Platform.Payments.Settlement;
using Platform.Testing;

namespace Platform.Payments.Tests.Settlement;

/// <summary>A month of 2,000 payments of ten creditors, settled day by day, with twelve faults in the papers: exactly these are named.</summary>
public sealed class MonthTests
{
    const int Payments = 2000;
    static readonly DateOnly First = new(2026, 1, 1);

    [Test]
    public async Task A_month_without_faults_has_no_difference_on_any_day()
    {
        await using var month = await Month.Of(seed: 6);
        await month.Load(await month.Papers());
        var days = await month.Days();
        days.Should().HaveCount(31).And.OnlyContain(day => day.Difference == Euro.Zero && day.Causes == 0 && day.Taken == day.Credited && day.Credited == day.Owed);
        days.Sum(day => day.Taken.Cents).Should().Be(month.Taken);
        (await month.Balance("suspense")).Should().Be(0);
    }

    [Test]
    public async Task Twelve_planted_faults_are_found_and_nothing_else()
    {
        await using var month = await Month.Of(seed: 6);
        var papers = await month.Papers();
        var (batches, credits) = (papers.Batches, papers.Credits);
        string At(int day, int line) => batches[day].Lines[line].Order;
        void Change(int day, Func<Line[], Line[]> change)
        {
            batches[day] = batches[day] with { Lines = change(batches[day].Lines) };
            credits[day] = credits[day] with { Cents = batches[day].Net };
        }
        Line[] Swap(Line[] lines, int at, Func<Line, Line> change) => [.. lines.Select((line, n) => n == at ? change(line) : line)];

        var expected = new List<(string, string)>();
        // 1: a payment that no file names.
        expected.Add(("no_line", At(1, 3)));
        Change(1, lines => [.. lines.Where((_, n) => n != 3)]);
        // 2: an order nobody knows.
        var stranger = Settlement.Papers.Order("URG", "000000000ZZZZ");
        expected.Add(("unknown_order", stranger));
        Change(2, lines => [.. lines, new Line(stranger, 1234, 0, On: batches[2].Lines[0].On)]);
        // 3 and 4: a cent too little, ten euros too much.
        expected.Add(("other_amount", At(3, 0)));
        Change(3, lines => Swap(lines, 0, line => line with { Cents = line.Cents - 1 }));
        expected.Add(("other_amount", At(4, 5)));
        Change(4, lines => Swap(lines, 5, line => line with { Cents = line.Cents + 1000 }));
        // 5: a line twice, in the files of two days.
        expected.Add(("twice", At(5, 2)));
        var again = batches[5].Lines[2];
        Change(6, lines => [.. lines, again]);
        // 6: an order that was never paid here.
        var unpaid = await month.Unpaid();
        expected.Add(("not_paid", unpaid));
        Change(7, lines => [.. lines, new Line(unpaid, 5000, 0, On: batches[7].Lines[0].On)]);
        // 7: a reversal of what stands.
        expected.Add(("not_reversed", At(8, 1)));
        Change(9, lines => [.. lines, batches[8].Lines[1] with { Reversal = true, Fee = 0 }]);
        // 8: a payment that the bank took back, and no file says so.
        expected.Add(("no_reversal", At(10, 4)));
        await month.Reverse(At(10, 4));
        // 9: a batch that never came.
        expected.Add(("batch_not_credited", batches[12].Name));
        credits.Remove(12);
        // 10: a batch of which the bank credited ten euros less.
        expected.Add(("batch_differs", batches[14].Name));
        credits[14] = credits[14] with { Cents = credits[14].Cents - 1000 };
        // 11: money that names nothing.
        credits.Add(100, new(First.AddDays(20), 7700, "GIROCONTO SENZA CAUSALE", "STRANO1"));
        // 12: another creditor's own agreement took it.
        var foreign = await month.UnderAnotherAgreement();
        expected.Add(("other_agreement", foreign));
        Change(16, lines => [.. lines, new Line(foreign, 4200, 0, On: batches[16].Lines[0].On)]);

        await month.Load(papers);
        var causes = await month.Causes();
        causes.Should().HaveCount(12);
        causes.Where(cause => cause.Label != "unknown_credit").Select(cause => (cause.Label, cause.Subject)).Should().BeEquivalentTo(expected);
        causes.Single(cause => cause.Label == "unknown_credit").Should().Match<SettlementCause>(cause => cause.Amount == new Euro(7700) && cause.Detail.Contains("GIROCONTO"));
        causes.Where(cause => cause.Label == "other_amount").Select(cause => cause.Amount.Cents).Should().BeEquivalentTo([1L, 1000L]);
        (await month.Days()).Where(day => day.Causes == 0).Should().OnlyContain(day => day.Taken == day.Credited && day.Credited == day.Owed && day.Difference == Euro.Zero);
        // What nobody explains is what stands on the account for it, to the cent.
        (await month.Balance("suspense")).Should().NotBe(0);
    }

    sealed record Paper(Dictionary<int, Batch> Batches, Dictionary<int, Movement> Credits);

    /// <summary>Rows as paying leaves them, written at once: what is shown is the comparison, not the payment.</summary>
    sealed class Month : IAsyncDisposable
    {
        readonly PorticoTestHost _host;
        readonly List<(string Order, long Cents, DateOnly Day)> _payments = [];
        readonly Random _random;

        Month(PorticoTestHost host, int seed) => (_host, _random) = (host, new Random(seed));

        public long Taken => _payments.Sum(payment => payment.Cents);

        public static async Task<Month> Of(int seed)
        {
            var month = new Month(await PorticoTestHost.Start(now: new DateTimeOffset(2026, 2, 10, 10, 0, 0, TimeSpan.Zero)), seed);
            var entities = await month._host.Database.Rows<(int Id, string Code)>("select entity_id, code from core.entity where entity_id <> 0 order by code limit 10");
            for (var n = 0; n < Payments; n++)
            {
                var (_, code) = entities[month._random.Next(entities.Count)];
                month._payments.Add((Settlement.Papers.Order(code, string.Create(CultureInfo.InvariantCulture, $"{n:0000000000000}")), month._random.Next(100, 50_000), First.AddDays(n % 31)));
            }
            await month.Write([.. month._payments], "paid", Settlement.Papers.Agreement);
            return month;
        }

        public async Task<string> Unpaid()
        {
            var order = Settlement.Papers.Order("URG", "0000000000NNN");
            await Write([(order, 5000, First.AddDays(7))], "failed", Settlement.Papers.Agreement);
            return order;
        }

        public async Task<string> UnderAnotherAgreement()
        {
            var own = Guid.NewGuid();
            await _host.SaveAgreement(own, "MZB", settings: new { merchant = "1" });
            var order = Settlement.Papers.Order("MZB", "0000000000HHH");
            await Write([(order, 4200, First.AddDays(16))], "paid", own);
            return order;
        }

        public Task<int> Reverse(string order) => _host.Database.Execute("update payments.payment set state = 'reversed' where order_no = @order", new { order });

        Task<int> Write((string Order, long Cents, DateOnly Day)[] payments, string state, Guid agreement) => _host.Database.Execute(
            """
            insert into payments.payment (entity_id, payment_id, agreement_id, order_no, status_code, service, shown_by, return_page, language, state, asked_cents, taken_cents, taken_confirmed_at, paid_at, quote_until, created_at)
            select e.entity_id, gen_random_uuid(), @agreement, p.order_no, p.order_no, 'fines', e.entity_id, '', 'it', @state, p.cents, case @state when 'paid' then p.cents end, p.day + time '12:00', case @state when 'paid' then p.day + time '12:00' end, p.day, p.day
              from unnest(@orders, @cents, @days) as p (order_no, cents, day) join core.entity e on e.code = left(p.order_no, 3)
            """,
            new { agreement, state, orders = payments.Select(p => p.Order).ToArray(), cents = payments.Select(p => p.Cents).ToArray(), days = payments.Select(p => p.Day).ToArray() });

        /// <summary>One batch and one credit a day, with a fee of 0.5 % on each payment.</summary>
        public Task<Paper> Papers()
        {
            var batches = _payments.GroupBy(payment => payment.Day).ToDictionary(
                day => day.Key.DayNumber - First.DayNumber,
                day => new Batch(string.Create(CultureInfo.InvariantCulture, $"RIV-{day.Key:yyyyMMdd}-001"), day.Key.AddDays(1), [.. day.Select(payment => new Line(payment.Order, payment.Cents, payment.Cents / 200, On: payment.Day))]));
            return Task.FromResult(new Paper(batches, batches.ToDictionary(day => day.Key, day => new Movement(day.Value.On, day.Value.Net, $"BONIFICO GATEWAY {day.Value.Name}", $"C{day.Key}"))));
        }

        /// <summary>Statements and files in an order that nobody chose.</summary>
        public async Task Load(Paper paper)
        {
            var imports = _host.Container.Resolve<SettlementImports>();
            var files = paper.Batches.Values.Select(batch => (Func<Task>)(async () =>
                (await imports.File(Settlement.Papers.Agreement, "f.csv", Encoding.UTF8.GetBytes(Settlement.Papers.File(batch)), "test", CancellationToken.None)).Errors.Should().BeEmpty()));
            var statements = paper.Credits.Values.Chunk(7).Select((week, n) => (Func<Task>)(async () =>
                (await imports.Statement(Encoding.UTF8.GetBytes(Settlement.Papers.Camt($"S{n}", week)), "test", CancellationToken.None)).Errors.Should().BeEmpty()));
            var all = files.Concat(statements).ToArray();
            _random.Shuffle(all);
            foreach (var load in all)
                await load();
        }

        public Task<IReadOnlyList<SettlementDay>> Days() => _host.Container.Resolve<SettlementDays>().Days(EntityId.Centre, DateOnly.MinValue, DateOnly.MaxValue, CancellationToken.None);

        public Task<IReadOnlyList<SettlementCause>> Causes() => _host.Container.Resolve<SettlementDays>().Causes(EntityId.Centre, DateOnly.MinValue, DateOnly.MaxValue, CancellationToken.None);

        public Task<long> Balance(string account) => _host.Database.Value<long>(
            "select coalesce(sum(case when debit = @account then cents else -cents end), 0)::bigint from payments.transfer where entity_id = 0 and @account in (debit, credit)", new { account });

        public ValueTask DisposeAsync() => _host.DisposeAsync();
    }
}
