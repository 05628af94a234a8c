using Autofac;
using CsCheck;
using Platform.Core.Commands;
using Platform.Core.Money;
using Platform.Core.Plugins;
using Platform.Payments;
using Platform.Testing;
using Services.SchoolFees.Wallets;

namespace Services.SchoolFees.Tests.Flows;

/// <summary>Meals that are prepaid from January 2026 on. The clock stands on 10 March.</summary>
public sealed class WalletTests
{
    PorticoTestHost host = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        host = await PorticoTestHost.Start();
        await host.Activate("schoolfees", "CTN");
        await host.Activate("schoolfees", "SLS");
        await SchoolOffice.Registers(host);
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        await host.After(TimeSpan.FromSeconds(5));
        await host.MoneyAddsUp();
        await host.DisposeAsync();
    }

    [Test]
    public async Task A_family_tops_up_meals_are_taken_off_once_a_low_balance_is_told_once_and_what_is_left_goes_back()
    {
        (await host.Portico("settings", "set", "schoolfees", "--entity", "CTN", "walletLow=10,00", "walletDebt=20,00")).Code.Should().Be(0);
        await Ate("CTN", "12/2025", "1 2");
        (await SchoolOffice.Load(host, "services", Services("BUS", "trasporto", "01/2026"))).Errors.Single().Message.Should().Contain("non è solo a pasto");
        await SchoolOffice.Good(host, "CTN", "services", Services("MENSA", "mensa", "01/2026"));
        (await SchoolOffice.Load(host, "services", Services("MENSA", "mensa", "02/2026"))).Errors.Single().Message.Should().Contain("non si cambia più");
        (await SchoolOffice.Run(host, "GEN", "01/2026", "anteprima")).Errors.Single().Message.Should().Contain("borsellino");
        (await SchoolOffice.Run(host, "DIC", "12/2025", "anteprima")).Errors.Should().BeEmpty("what was eaten before is billed as before");
        (await host.Database.Value<long>("select count(*) from schoolfees.wallet")).Should().Be(3);

        // The family finds the wallet by its code and its tax code, and by nobody else's.
        using var parent = host.NewCitizen();
        await Find(parent, "A1", SchoolOffice.OtherPayer);
        parent.Status.Should().Be(422);
        await Find(parent, "A1", SchoolOffice.Payer);
        parent.Heading.Should().Be("Borsellino di Anna, Mensa scolastica");
        parent.Reads.Should().Contain("Saldo 0,00").And.NotContain("Rossi");
        foreach (var wrong in new[] { "", "0,50", "501,00", "-20", "venti" })
        {
            await parent.Send(("importo", wrong));
            parent.Status.Should().Be(422, "{0}", wrong);
        }
        await parent.Send(("importo", "20,00"));
        await parent.PayAtBank();
        parent.Heading.Should().Be("Pagamento riuscito");
        await host.Quiet();
        await Find(parent, "A1", SchoolOffice.Payer);
        parent.Reads.Should().Contain("Saldo 20,00");
        (await host.Database.Rows<string>("select title from payments.position p where exists (select from payments.payment_item i join payments.due d using (entity_id, due_id) where d.position_id = p.position_id)"))
            .Single().Should().StartWith("Mensa scolastica, ricarica del borsellino").And.NotContain("Anna");

        // 3.65 a meal. The same file again takes nothing off; a meal that was not eaten comes back by a line of its own.
        await Ate("CTN", "01/2026", "7 8");
        await Ate("CTN", "01/2026", "7 8");
        (await Balance("A1")).Should().Be(12_70);
        await Ate("CTN", "01/2026", "7 9");
        (await Balance("A1")).Should().Be(12_70);
        (await host.Database.Rows<string>("select kind || ' ' || day || ' ' || n || ' ' || cents from schoolfees.wallet_line l join schoolfees.wallet w using (entity_id, wallet_id) where pupil_id = 'A1' and topup_id is null order by day, n"))
            .Should().Equal("debit 2026-01-07 1 -365", "debit 2026-01-08 1 -365", "debit_reversed 2026-01-08 2 365", "debit 2026-01-09 1 -365");
        (await Letters("walletopened"), await Letters("walletlow")).Should().Be((2, 0), "who left an address was told the code; an empty wallet is no news");

        await Ate("CTN", "02/2026", "2 3 4");
        (await Balance("A1")).Should().Be(1_75);
        await Ate("CTN", "02/2026", "2 3 4 5");
        (await Balance("A1")).Should().Be(-1_90);
        (await Letters("walletlow")).Should().Be(1, "a crossing is told once");
        // The next day, so that which order was the last does not hang on its number.
        await host.After(TimeSpan.FromDays(1));
        await Find(parent, "A1", SchoolOffice.Payer);
        parent.Reads.Should().Contain("Il borsellino è in debito").And.Contain("Da coprire 1,90");
        await parent.Send(("importo", "30,00"));
        await parent.PayAtBank();
        await host.Quiet();
        (await Balance("A1")).Should().Be(28_10);

        // The price follows an ISEE that comes later, back to the month from which it counts.
        await SchoolOffice.Good(host, "CTN", "isee", "protocollo;pagante;tipo;presentata_il;isee\nX2;P1;corrente;10/02/2026;1.500,00");
        await Ate("CTN", "02/2026", "2 3 4 5");
        (await Balance("A1")).Should().Be(28_10 + 4 * (3_65 - 50));

        // The office sees it, and gives back what is left by a refund of the last order.
        using var office = await host.SignIn("CTN", "schoolfees.families", "schoolfees.read", "payments.see", "payments.refund");
        await office.Open("/console/castenaso/rette/borsellini");
        await office.Follow((await host.Database.Value<string>("select code from schoolfees.wallet where pupil_id = 'A1'"))!);
        office.Reads.Should().Contain("Ricaricato 50,00").And.Contain("Usato 9,30").And.Contain("Saldo 40,70");
        var orders = office.Page.QuerySelectorAll("a[href*=rimborso]");
        orders.Should().HaveCount(2);
        await office.Open(orders[0].GetAttribute("href")!);
        office.Page.QuerySelector("[name=importo]")!.GetAttribute("value").Should().Be("30,00");
        await office.Send(("motivo", "Fine ciclo"));
        office.Reads.Should().Contain("30,00", "it is asked once more, and then approved by another, as every refund");

        // Once the bank has said how much it took.
        await host.After(TimeSpan.FromMinutes(10));
        // Or all of it with one press; pressed again it asks for nothing more.
        await office.Open("/console/castenaso/rette/borsellini");
        await office.Follow((await host.Database.Value<string>("select code from schoolfees.wallet where pupil_id = 'A1'"))!);
        await office.Send(("motivo", " "));
        office.Status.Should().Be(422);
        await office.Send(("motivo", "Fine ciclo"));
        office.Reads.Should().Contain("Rimborsi chiesti: 2").And.NotContain("Non chiesti");
        (await host.Database.Rows<long>("select cents from payments.refund order by 1")).Should().Equal(10_70, 30_00);
        await office.Send(("motivo", "Fine ciclo"));
        office.Reads.Should().Contain("Rimborsi chiesti: 0").And.Contain("Non chiesti: 2");
        (await host.Database.Value<long>("select sum(cents)::bigint from payments.refund")).Should().Be(40_70, "who presses twice asks once");
        var (order, topUp) = (await host.Database.Value<string>("select order_number from schoolfees.wallet_line where kind = 'topup' order by day limit 1"), await host.Database.Value<string>("select code from schoolfees.topup order by asked_at limit 1"));
        (await host.As("fines", "CTN", "CTN", scope => scope.Resolve<ICommands>().Send(new AskRefunds([new(order!, topUp!, new(1_00), NotOwed: false)], "prova"), CancellationToken.None)))
            .Single().Refusal!.Code.Should().Be("refunds.unknown_payment", "another service's money is none of its own");

        await office.Open("/console/castenaso/rette");
        office.Reads.Should().Contain("I conti tornano al centesimo");
        using var nobody = await host.SignIn("SLS", "schoolfees.families");
        (await nobody.Fetch($"/console/castenaso/rette/borsellini")).Status.Should().Be(404);
    }

    [Test]
    public void Prepaid_money_counts_on_the_day_on_which_it_was_both_paid_and_used_up()
    {
        static DateOnly Day(int year, int month, int day) => new(year, month, day);
        MoneyIn December = new(Day(2025, 12, 10), "RIC-1", "O1", "P1", new(10_00)), February = new(Day(2026, 2, 1), "RIC-2", "O2", "P1", new(10_00));
        Meal[] meals = [new(Day(2025, 12, 15), new(4_00)), new(Day(2026, 1, 8), new(4_00)), new(Day(2026, 1, 9), new(4_00))];

        UsedUp.Of([February, December], meals).Select(used => (used.Money.Order, used.Year, used.Cents.Cents)).Should().Equal(("O1", 2025, 4_00), ("O1", 2026, 6_00), ("O2", 2026, 2_00));
        UsedUp.Of([December], meals).Sum(used => used.Cents.Cents).Should().Be(10_00, "a meal on credit is no expense until it was paid");
        UsedUp.Of([December], []).Should().BeEmpty("what lies in a wallet is the family's own");
        UsedUp.Of([December with { Day = Day(2026, 1, 2) }], meals).Select(used => (used.Year, used.Cents.Cents)).Should().Equal((2026, 10_00));
        // Any split of the same money and meals says the same of a year.
        Gen.Int[1, 40].Array[1, 8].Select(Gen.Int[1, 40].Array[1, 8]).Sample((coins, eaten) =>
        {
            var money = coins.Select((cents, n) => new MoneyIn(Day(2025, 11, 20).AddDays(n * 11), $"RIC-{n}", $"O{n}", "P1", new(cents))).ToList();
            var food = eaten.Select((cents, n) => new Meal(Day(2025, 12, 1).AddDays(n * 9), new(cents))).ToList();
            var used = UsedUp.Of(money, food);
            used.Sum(part => part.Cents.Cents).Should().Be(Math.Min(coins.Sum(), eaten.Sum()));
            used.Should().OnlyContain(part => part.Year >= part.Money.Day.Year);
        }, iter: 500);
    }

    internal static string Services(string id, string kind, string from) =>
        $"servizio;tipo;nome;codice_tassonomia;capitolo;borsellino_dal\n{id};{kind};{(kind == "mensa" ? "Mensa scolastica" : "Trasporto scolastico")};{(kind == "mensa" ? "9/0107101TS/" : "9/0107102SP/")};{(kind == "mensa" ? "3010201" : "3010202")};{from}";

    Task<ImportReport> Ate(string entity, string month, string days) => SchoolOffice.Good(host, entity, "attendance", $"alunno;servizio;mese;giorni\nA1;MENSA;{month};{days}");

    Task<long> Balance(string pupil) => host.Database.Value<long>(
        "select coalesce(sum(cents), 0)::bigint from schoolfees.wallet_line l join schoolfees.wallet w using (entity_id, wallet_id) join core.entity e using (entity_id) where e.code = 'CTN' and w.pupil_id = @pupil", new { pupil });

    Task<long> Letters(string template) => host.Database.Value<long>("select count(*) from core.mail where template = @template", new { template });

    async Task Find(Citizen parent, string pupil, string payer)
    {
        await parent.Open("/castenaso/rette");
        await parent.Send(
            ("codice", (await host.Database.Value<string>("select w.code from schoolfees.wallet w join core.entity e using (entity_id) where e.code = 'CTN' and pupil_id = @pupil", new { pupil }))!), ("codice_fiscale", payer));
    }
}

/// <summary>Lines of a wallet from words of payments that no payment stands behind, so the books are not asked.</summary>
public sealed class WalletLinesTests
{
    PorticoTestHost host = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        host = await PorticoTestHost.Start();
        await host.Activate("schoolfees", "SLS");
        await SchoolOffice.Registers(host, "SLS");
    }

    [OneTimeTearDown]
    public async Task Stop() => await host.DisposeAsync();

    [Test]
    public async Task Whatever_comes_in_whatever_order_and_however_often_the_balance_is_what_came_in_less_what_was_eaten()
    {
        await SchoolOffice.Good(host, "SLS", "services", WalletTests.Services("MENSA", "mensa", "01/2026"));
        var wallet = await host.Database.Value<Guid>("select w.wallet_id from schoolfees.wallet w join core.entity e using (entity_id) where e.code = 'SLS' and pupil_id = 'A3'");
        var (eaten, money, tops) = (new Dictionary<int, int[]>(), new Dictionary<string, long>(StringComparer.Ordinal), new List<(string Code, string Order, long Cents)>());
        // Numbers that are the same in each run, and in no order that a person would think of.
        var state = 20260310u;
        int Next(int below) => (int)(((state = state * 1664525 + 1013904223) >> 10) % (uint)below);
        for (var step = 0; step < 40; step++)
        {
            var (act, month, size, again) = (Next(6), 1 + Next(3), 1 + Next(10), Next(2) == 1);
            for (var time = 0; time < (again ? 2 : 1); time++)
                switch (act)
                {
                    case 0 or 1:
                        int[] days = month == 1 ? [7, 8, 9, 12, 13, 14, 15, 16, 19, 20] : [2, 3, 4, 5, 6, 9, 10, 11, 12, 13];
                        eaten[month] = days[..size];
                        await SchoolOffice.Good(host, "SLS", "attendance", $"alunno;servizio;mese;giorni\nA3;MENSA;{month:00}/2026;{SchoolOffice.Days(eaten[month])}");
                        break;
                    case 2 or 3 when time == 0 || tops.Count == 0:
                        tops.Add(($"RIC-AAAAA-AAA{tops.Count:00}", $"SLS-00000000000{tops.Count:00}-1", size * 100));
                        await host.Database.Execute(
                            "insert into schoolfees.topup (entity_id, topup_id, wallet_id, payer_id, attempt, code, cents, asked_at) select entity_id, gen_random_uuid(), wallet_id, 'P2', gen_random_uuid(), @Code, @Cents, now() from schoolfees.wallet where wallet_id = @wallet",
                            new { tops[^1].Code, tops[^1].Cents, wallet });
                        await Tell(tops[^1], (p, v, at) => new PositionPaid(p, v, Guid.NewGuid(), Guid.NewGuid(), tops[^1].Order, new(size * 100), new(37054), at));
                        money[tops[^1].Order] = size * 100;
                        break;
                    case 2 or 3:
                        // The same word twice: an event that was replayed.
                        await Tell(tops[^1], (p, v, at) => new PositionPaid(p, v, Guid.NewGuid(), Guid.NewGuid(), tops[^1].Order, new(tops[^1].Cents), new(37054), at));
                        break;
                    case 4 when tops.Count > 0 && money[tops[size % tops.Count].Order] == tops[size % tops.Count].Cents:
                        var given = tops[size % tops.Count];
                        var refund = Guid.NewGuid();
                        for (var told = 0; told < (again ? 2 : 1); told++)
                            await Tell(given, (p, v, at) => new PositionRefunded(p, v, Guid.NewGuid(), Guid.NewGuid(), given.Order, refund, new(given.Cents / 2), RefundedDue.Paid, at));
                        money[given.Order] -= given.Cents / 2;
                        time = 2;
                        break;
                    case 5 when tops.Count > 0:
                        var gone = tops[size % tops.Count];
                        await Tell(gone, (p, v, at) => new PositionReversed(p, v, Guid.NewGuid(), Guid.NewGuid(), gone.Order, at));
                        money[gone.Order] = 0;
                        break;
                }
        }
        var balance = await host.Database.Value<long>("select coalesce(sum(cents), 0) from schoolfees.wallet_line where wallet_id = @wallet", new { wallet });
        balance.Should().Be(money.Values.Sum() - 4_50 * eaten.Values.Sum(days => days.Length));
        tops.Should().HaveCountGreaterThan(5);
        (await host.Database.Value<long>("select count(*) from schoolfees.wallet_line where wallet_id = @wallet and kind in ('debit_reversed', 'topup_reversed', 'refund')", new { wallet })).Should().BeGreaterThan(3);
        (await host.Database.Value<long>("select count(*) from (select 1 from schoolfees.wallet_line where wallet_id = @wallet and topup_id is null group by day having sum(cents) not in (0, -450)) d", new { wallet })).Should().Be(0);
        (await host.Office("schoolfees", "wallets", "SLS")).Should().Contain($";{(balance < 0 ? "-" : "")}{Math.Abs(balance) / 100},{Math.Abs(balance) % 100:00};");

        Task Tell((string Code, string Order, long Cents) top, Func<PositionKey, int, DateTimeOffset, PositionEvent> happened) => SchoolOffice.Tell(host, top.Code, happened, "SLS");
    }
}
