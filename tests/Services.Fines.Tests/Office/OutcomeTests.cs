using Autofac;
using CsCheck;
using Platform.Core.Entities;
using Platform.Core.Money;
using Platform.Core.Storage;
using Platform.Core.Time;
using Platform.Payments;
using Platform.Testing;

namespace Services.Fines.Tests.Office;

/// <summary>What the office hears of payments: each thing once, in files that can be had again, and in the figures of the year.</summary>
public sealed class OutcomeTests
{
    PorticoTestHost host = null!;
    Desk desk = null!;

    [SetUp]
    public async Task Start() => desk = new(host = await PorticoTestHost.Start());

    [TearDown]
    public async Task Stop() => await host.DisposeAsync();

    [Test]
    public async Task Each_payment_is_in_one_file_and_an_earlier_file_is_the_same_bytes_whatever_came_after()
    {
        (await desk.Ask("outcome")).Should().BeEmpty();
        var (a, b) = (await desk.NewFine(), await desk.NewFine());
        await desk.Pay(a);
        var first = await desk.Ask("outcome");
        Desk.Rows(first).Should().ContainSingle().Which[2..].Should().StartWith([$"V/2026/{a}", "V", "2026", $"{a}", "AB123CD", "pagato", desk.Iso(0), "31,40"]);

        await desk.Pay(b);
        Desk.Rows(await desk.Ask("outcome")).Select(row => (row[0], row[2])).Should().Equal(("2", $"V/2026/{b}"));
        (await desk.Ask("outcome")).Should().BeEmpty();

        await desk.Load(false, desk.Line(a, plate: "ZZ999ZZ"));
        (await desk.Ask("outcome", ("run", "1"))).Should().Be(first);
        (await desk.Sheet("outcomes")).Select(row => (row[0], row[3])).Should().Equal(("2", "1"), ("1", "1"));
        await FluentActions.Awaiting(() => desk.Ask("outcome", ("run", "3"))).Should().ThrowAsync<InvalidOperationException>().WithMessage("There is no outcome file 3.");
    }

    [Test]
    public async Task A_reversal_is_a_line_of_its_own_with_what_it_gave_back()
    {
        var fine = await desk.NewFine();
        var position = Position(fine);
        await Tell(position, Paid(position, 1, "A"), Reversed(position, 2, "A"));
        (await desk.Sheet("outcome")).Select(row => (row[7], row[9])).Should().Equal(("pagato", "31,40"), ("stornato", "-31,40"));
    }

    [Test]
    public async Task What_the_bank_took_less_is_on_account_everywhere_until_the_citizen_pays_the_rest()
    {
        var fine = await desk.NewFine();
        using (var citizen = await desk.GoToBank(fine))
        {
            await host.Bank.Lie(await LastOrder(), new { amountCents = 20_00 });
            await citizen.PayAtBank();
            await host.After(TimeSpan.FromSeconds(5));
        }
        Desk.Rows(await desk.Ask("outcome")).Select(row => (row[7], row[9], row[11])).Should().Equal(("acconto", "31,40", "11,40"), ("incasso_ridotto", "-11,40", ""));
        (await desk.Sheet("proceeds", ("year", "2026"))).Select(row => string.Join(';', row[4..9])).Should().Equal("1;0;20,00;2,00;18,00");
        (await desk.Sheet("decisions")).Select(row => (row[1], row[3], row[4])).Should().Equal(("supplement", "11,40", "la banca ha incassato meno di quanto era stato chiesto"));
        (await host.Portico("tasks", "list", "--entity", "URG")).Output.Should().NotContain("too_little");

        using var payer = host.NewCitizen();
        await payer.Open("/bentivoglio/multe");
        await payer.Send(("verbale", $"V/2026/{fine}"), ("data", desk.Iso(-20)), ("targa", "AB123CD"));
        (await desk.Sheet("list", ("state", "part"))).Select(row => (row[0], row[7], row[13], row[15])).Should().Equal(($"V/2026/{fine}", "pagato in parte", "20,00", "11,40"));
        (await host.Office("fines", "list", "BEN")).Should().Contain(";pagato in parte;", "the municipality where it happened reads the same");
        payer.Reads.Should().Contain("Questa multa è pagata in parte").And.Contain("La banca ha incassato meno dell’importo chiesto: mancano 11,40").And.Contain("Importo pagato 20,00");
        await payer.GoToBank();
        await payer.PayAtBank();
        await host.After(TimeSpan.FromSeconds(5));

        Desk.Rows(await desk.Ask("outcome")).Select(row => (row[7], row[9], row[11])).Should().Equal(("saldo", "11,40", ""));
        (await desk.Sheet("decisions")).Should().BeEmpty();
        (await desk.Sheet("list", ("state", "part"))).Should().BeEmpty();
        (await desk.Sheet("list")).Select(row => (row[7], row[13], row[15])).Should().Equal(("pagato", "31,40", ""));
        var check = await host.Database.Value<string>("select r.code from payments.receipt r order by r.number limit 1");
        await payer.Open($"/verifica/{check}");
        payer.Reads.Should().Contain("La banca ha incassato 20,00");
        var status = await host.Database.Value<string>("select status_code from payments.payment order by created_at limit 1");
        await payer.Open($"/bentivoglio/pagamenti/{status}");
        payer.Reads.Should().Contain("La banca ha incassato 20,00").And.Contain("il resto, 11,40");
        (await desk.Sheet("proceeds", ("year", "2026"))).Select(row => row[6]).Should().Equal("31,40");
        var book = (await host.Portico("ledger", "balances", "--entity", "URG")).Output;
        (await Booked("income/%")).Should().Be(-31_40, book);
        (await Booked("shortfall")).Should().Be(0, book);
        (await host.Portico("check", "money")).Code.Should().Be(0);
    }

    [Test]
    public async Task What_is_missing_for_two_reasons_is_told_with_both()
    {
        var fine = await desk.NewFine();
        var position = Position(fine);
        await Tell(position, Paid(position, 1, "A"), Amount(position, 2, "A", 30_00));
        (await desk.Load(false, desk.Line(fine, notified: -19))).Errors.Should().BeEmpty();
        (await desk.Sheet("decisions")).Select(row => (row[3], row[4])).Should().Equal(("14,00", "la banca ha incassato meno e per le date l’importo era più alto"));
        using var payer = host.NewCitizen();
        await payer.Open("/bentivoglio/multe");
        await payer.Send(("verbale", $"V/2026/{fine}"), ("data", desk.Iso(-20)), ("targa", "AB123CD"));
        payer.Reads.Should().Contain("Mancano 14,00 €: in parte perché la banca ha incassato 1,40 € meno");
    }

    [Test]
    public async Task A_rest_of_which_the_bank_took_less_is_asked_for_again()
    {
        var fine = await desk.NewFine();
        var (position, rest) = (Position(fine), Position(fine, "/S1"));
        await Tell(position, Paid(position, 1, "A"), Amount(position, 2, "A", 20_00));
        await Tell(rest, Paid(rest, 1, "B", 11_40), Amount(rest, 2, "B", 5_00));
        (await desk.Sheet("decisions")).Select(row => row[3]).Should().Equal("6,40");
        (await desk.Sheet("outcome")).Select(row => (row[7], row[9], row[11])).Should().Equal(
            ("acconto", "31,40", "11,40"), ("incasso_ridotto", "-11,40", ""), ("acconto", "11,40", "6,40"), ("incasso_ridotto", "-6,40", ""));
        await Tell(rest, Amount(rest, 3, "B", 11_40));
        (await desk.Sheet("decisions")).Should().BeEmpty();
        (await desk.Sheet("outcome")).Select(row => (row[7], row[9])).Should().Equal(("incasso_integrato", "6,40"));
    }

    [Test]
    public async Task A_payment_told_as_whole_that_proves_too_little_is_told_again_with_what_is_missing()
    {
        var fine = await desk.NewFine();
        var position = Position(fine);
        await Tell(position, Paid(position, 1, "A"));
        (await desk.Sheet("outcome")).Select(row => (row[7], row[11])).Should().Equal(("pagato", ""));
        (await desk.Load(false, desk.Line(fine, notified: -19))).Errors.Should().BeEmpty();
        (await desk.Sheet("outcome")).Select(row => (row[7], row[9], row[10], row[11])).Should().Equal(("differenza_dovuta", "", "A", "12,60"));
    }

    [Test]
    public async Task Money_that_nobody_owed_is_told_and_so_is_that_it_went_back()
    {
        var fine = await desk.NewFine();
        var position = Position(fine);
        PositionSurplus Surplus(int version, long cents) => new(position, version, Guid.NewGuid(), Guid.NewGuid(), "B", new(cents), host.Clock.GetUtcNow());
        await Tell(position, Paid(position, 1, "A"), Surplus(2, 31_40), Surplus(3, 10_00), Surplus(4, 0));
        (await desk.Sheet("outcome")).Select(row => (row[7], row[9], row[10])).Should().Equal(
            ("pagato", "31,40", "A"), ("eccedenza", "31,40", "B"), ("eccedenza_resa", "-21,40", "B"), ("eccedenza_resa", "-10,00", "B"));
        (await desk.Sheet("proceeds", ("year", "2026"))).Select(row => row[6]).Should().Equal("31,40");
        (await host.Database.Value<string>("select paid_order from fines.fine where number = @fine", new { fine })).Should().Be("A");
    }

    [Test]
    public async Task Whatever_the_bank_says_of_amounts_the_files_add_up_to_what_stands()
    {
        var story = Gen.Select(Gen.Int[0, 4], Gen.Int[0, 31_40]).Array[1, 10];
        foreach (var steps in story.Array[10].Single())
        {
            var fine = await desk.NewFine();
            var position = Position(fine);
            var (version, orders, pays, extra, events) = (0, 0, 0L, 0L, new List<PositionEvent>());
            string? order = null;
            foreach (var (kind, cents) in steps)
                switch (kind)
                {
                    case 0 or 1 when order is null:
                        events.Add(Paid(position, ++version, order = $"{++orders}"));
                        pays = 31_40;
                        break;
                    case 1 or 2 when order is not null:
                        events.Add(Amount(position, ++version, order, cents));
                        pays = cents;
                        break;
                    case 3 when order is not null:
                        events.Add(Reversed(position, ++version, order));
                        (order, pays) = (null, 0);
                        break;
                    case 4:
                        events.Add(new PositionSurplus(position, ++version, Guid.NewGuid(), Guid.NewGuid(), "extra", new(cents), host.Clock.GetUtcNow()));
                        extra = cents;
                        break;
                }
            await Tell(position, [.. events]);
            var because = string.Join(' ', steps);
            (await desk.Sheet("outcome")).Sum(row => row[9].Length == 0 ? 0 : decimal.Parse(row[9].Replace(',', '.'), System.Globalization.CultureInfo.InvariantCulture)).Should().Be((pays + extra) / 100m, because);
            (await host.Database.Value<long?>("select paid_cents from fines.fine where number = @fine", new { fine })).Should().Be(order is null ? null : pays, because);
        }
    }

    Task<string> LastOrder() => host.Database.Value<string>("select order_no from payments.payment order by created_at desc limit 1")!;

    Task<long> Booked(string account) => host.Database.Value<long>(
        "select coalesce(sum(case when debit like @account then cents else 0 end - case when credit like @account then cents else 0 end), 0)::bigint from payments.transfer where entity_id <> 0", new { account });

    PositionAmount Amount(PositionKey position, int version, string order, long cents) => new(position, version, Guid.NewGuid(), Guid.NewGuid(), order, new(cents), host.Clock.GetUtcNow());

    [Test]
    public async Task Two_officers_at_once_share_the_lines_between_them()
    {
        for (var n = 0; n < 4; n++)
        {
            var position = Position(await desk.NewFine());
            await Tell(position, Paid(position, 1, $"{n}"));
        }
        var both = await Task.WhenAll(desk.Ask("outcome"), desk.Ask("outcome"), desk.Ask("outcome"));
        both.SelectMany(Desk.Rows).Select(row => row[2]).Should().HaveCount(4).And.OnlyHaveUniqueItems();
    }

    [Test]
    public async Task The_proceeds_of_a_year_are_what_was_paid_in_it_with_speed_devices_apart()
    {
        var parking = await desk.NewFine(minimum: "42,00");
        var own = await desk.NewFine(minimum: "173,00", article: "art. 142", device: "Prova 105;fisso;");
        var province = await desk.NewFine(minimum: "173,00", article: "art. 142", device: "Prova 106;mobile;Provincia");
        var withoutDevice = await desk.NewFine(minimum: "173,00", article: "art. 142");
        var takenBack = await desk.NewFine();
        await desk.NewFine(minimum: "500,00");
        foreach (var (fine, cents) in ((int, long)[])[(parking, 31_40), (own, 123_10), (province, 123_11), (withoutDevice, 123_10), (takenBack, 31_40)])
        {
            var position = Position(fine);
            await Tell(position, Paid(position, 1, $"{fine}", cents));
            if (fine == takenBack)
                await Tell(position, Reversed(position, 2, $"{fine}"));
        }
        (await desk.Sheet("proceeds", ("year", "2026"))).Select(row => string.Join(';', row)).Should().Equal(
            "2026;art. 142 c. 12-bis;fisso;;1;0;123,10;2,00;121,10;0,00;121,10",
            "2026;art. 142 c. 12-bis;mobile;Provincia;1;0;123,11;2,00;121,11;60,55;60,56",
            "2026;art. 208;;;3;1;154,50;4,00;150,50;0,00;150,50");
        (await desk.Sheet("proceeds", ("year", "2025"))).Should().BeEmpty();
    }

    [Test]
    public async Task Costs_are_taken_off_the_proceeds_once_however_often_a_fine_is_given_back_in_part()
    {
        var position = Position(await desk.NewFine());
        PositionRefunded Part(int version) => new(position, version, Guid.NewGuid(), Guid.NewGuid(), "A", Guid.NewGuid(), Euro.Of(10), RefundedDue.Paid, desk.Host.Clock.GetUtcNow());
        await Tell(position, Paid(position, 1, "A"), Part(2), Part(3));

        (await desk.Sheet("proceeds", ("year", "2026"))).Select(row => string.Join(';', row)).Should().Equal("2026;art. 208;;;1;2;11,40;2,00;9,40;0,00;9,40");
    }

    [Test]
    public async Task What_was_given_back_as_not_owed_is_not_asked_for_until_a_file_says_something_new()
    {
        (await host.Portico("settings", "set", "fines", "--entity", "URG", "remindBefore=5")).Code.Should().Be(0);
        var fine = await desk.NewFine();
        var line = desk.Line(fine);
        var position = Position(fine);
        await Tell(position, Paid(position, 1, "A"), new PositionRefunded(position, 2, Guid.NewGuid(), Guid.NewGuid(), "A", Guid.NewGuid(), new(31_40), RefundedDue.Cancelled, host.Clock.GetUtcNow()));

        (await Standing(fine)).Should().Be("archiviato aperto not payable");
        await host.After(TimeSpan.FromDays(1));
        (await desk.Sheet("reminders")).Should().BeEmpty();

        (await desk.Load(false, line)).Unchanged.Should().Be(1, "the same file again says nothing new");
        (await Standing(fine)).Should().Be("archiviato aperto not payable");
        foreach (var phase in new[] { "archiviato", "verbale" })
            (await desk.Load(false, line.Replace(";no;no;;", $";no;no;{phase};", StringComparison.Ordinal))).Changed.Should().Be(1);
        (await Standing(fine)).Should().Be("verbale aperto payable", "the office's own system has the last word");
    }

    [Test]
    public async Task Whatever_comes_in_whatever_order_the_fine_is_paid_exactly_when_its_last_payment_stands_and_all_is_told_once()
    {
        // Payments of two orders, each taken back or not, and ends of the position between them; versions grow as payments gives them.
        var story = Gen.Int[0, 5].Array[1, 9];
        foreach (var kinds in story.Array[12].Single())
        {
            var fine = await desk.NewFine();
            var position = Position(fine);
            string? pays = null;
            var (told, events, orders) = (0, new List<PositionEvent>(), 0);
            foreach (var kind in kinds)
            {
                PositionEvent? happened = kind switch
                {
                    0 or 1 or 2 when pays is null => Paid(position, told + 1, pays = $"{++orders}"),
                    3 when pays is not null => Reversed(position, told + 1, pays),
                    // A surplus that the bank took and gave back: its order never closed the fine.
                    4 => Reversed(position, told + 1, "surplus"),
                    5 => kinds.Length % 2 == 0 ? new PositionExpired(position, told + 1, host.Clock.GetUtcNow()) : new PositionCancelled(position, told + 1, host.Clock.GetUtcNow()),
                    _ => null,
                };
                if (happened is null)
                    continue;
                told++;
                events.Add(happened);
                if (kind == 3)
                    pays = null;
            }
            await Tell(position, [.. events]);
            var because = string.Join(' ', kinds);
            (await host.Database.Value<string>("select paid_order from fines.fine where number = @fine", new { fine })).Should().Be(pays, because);
            (await host.Database.Value<string>("select state from fines.fine where number = @fine", new { fine })).Should().Be(pays is null ? "open" : "paid", because);
            (await desk.Sheet("outcome")).Select(row => row[7]).Should().Equal(
                events.Select(happened => happened switch { PositionPaid => "pagato", PositionReversed => "stornato", PositionExpired => "scaduto", _ => "annullato" }), because);
        }
    }

    [Test]
    public async Task What_payments_tells_of_a_position_decides_with_the_phase_who_may_pay_who_is_reminded_and_how_it_is_listed()
    {
        (await host.Portico("settings", "set", "fines", "--entity", "URG", "remindBefore=30", "noticeDays=60")).Code.Should().Be(0);
        var expected = new Dictionary<int, (string Case, string Standing)>();
        foreach (var (phase, payable) in new[] { ("preavviso", true), ("verbale", true), ("ricorso", false), ("archiviato", false), ("riscossione", false), ("rate", false) })
            foreach (var (what, standing) in new (string, string)[]
            {
                ("nothing", "open"), ("expired", "open"), ("reversed", "open"), ("refunded", "open"), ("surplus reversed", "open"),
                ("cancelled", "withdrawn"), ("refunded as not owed", "withdrawn"), ("cancelled, then expired", "withdrawn"),
                ("paid", "paid"), ("refunded in part", "paid"),
            })
            {
                var fine = desk.NewNumber();
                var line = desk.Line(fine, phase: phase);
                (await desk.Load(false, phase == "preavviso" ? line.Replace($";{desk.Iso(-1)};", ";;", StringComparison.Ordinal) : line)).Errors.Should().BeEmpty();
                await Tell(Position(fine), what);
                expected.Add(fine, ($"{phase}, {what}", standing switch
                {
                    "open" => $"{phase} aperto {(payable ? "payable" : "not payable")}{(phase == "verbale" ? " reminded" : "")}",
                    "withdrawn" => "archiviato aperto not payable",
                    _ => $"{phase} pagato not payable",
                }));
            }
        await host.After(TimeSpan.FromDays(1));

        var reminded = (await desk.Sheet("reminders")).Select(row => row[1]).ToHashSet(StringComparer.Ordinal);
        var listed = (await desk.Sheet("list")).ToDictionary(row => row[0], row => $"{row[6]} {row[7]}", StringComparer.Ordinal);
        foreach (var (fine, (because, standing)) in expected)
        {
            var name = $"V/2026/{fine}";
            $"{listed[name]} {(await MayBePaid(fine) ? "payable" : "not payable")}{(reminded.Contains(name) ? " reminded" : "")}".Should().Be(standing, because);
        }
    }

    Task Tell(PositionKey position, string what)
    {
        var now = host.Clock.GetUtcNow();
        PositionRefunded Refunded(RefundedDue then) => new(position, 2, Guid.NewGuid(), Guid.NewGuid(), position.Reference, Guid.NewGuid(), then == RefundedDue.Paid ? new(100) : new(31_40), then, now);
        var paid = Paid(position, 1, position.Reference);
        return what switch
        {
            "nothing" => Task.CompletedTask,
            "paid" => Tell(position, paid),
            "expired" => Tell(position, new PositionExpired(position, 1, now)),
            "cancelled" => Tell(position, new PositionCancelled(position, 1, now)),
            "cancelled, then expired" => Tell(position, new PositionCancelled(position, 1, now), new PositionExpired(position, 2, now)),
            "reversed" => Tell(position, paid, Reversed(position, 2, position.Reference)),
            "surplus reversed" => Tell(position, Reversed(position, 1, "other")),
            "refunded" => Tell(position, paid, Refunded(RefundedDue.Open)),
            "refunded in part" => Tell(position, paid, Refunded(RefundedDue.Paid)),
            "refunded as not owed" => Tell(position, paid, Refunded(RefundedDue.Cancelled)),
            _ => throw new ArgumentOutOfRangeException(nameof(what), what, null),
        };
    }

    /// <summary>As the office's list has it, and as payments is told when somebody wants to pay.</summary>
    async Task<string> Standing(int fine)
    {
        var row = (await desk.Sheet("list")).Single(row => row[0] == $"V/2026/{fine}");
        return $"{row[6]} {row[7]} {(await MayBePaid(fine) ? "payable" : "not payable")}";
    }

    Task<bool> MayBePaid(int fine) => host.As("fines", "URG", "BEN", async scope =>
        await scope.ResolveKeyed<IPositionOwner>("fines").Reprice(Position(fine), LegalTime.Day(host.Clock.GetUtcNow()), CancellationToken.None) is Quote.Priced);

    static PositionKey Position(int fine, string part = "") => new(new(Guid.CreateVersion7()), "fines", $"V/2026/{fine}{part}");

    PositionPaid Paid(PositionKey position, int version, string order, long cents = 31_40) =>
        new(position, version, Guid.CreateVersion7(), Guid.CreateVersion7(), order, new Euro(cents), new EntityId(0), host.Clock.GetUtcNow());

    PositionReversed Reversed(PositionKey position, int version, string order) =>
        new(position, version, Guid.CreateVersion7(), Guid.CreateVersion7(), order, host.Clock.GetUtcNow());

    /// <summary>Raises events as payments does, and waits until they have been heard.</summary>
    async Task Tell(PositionKey position, params PositionEvent[] events)
    {
        position.Service.Should().Be("fines");
        await host.As("payments", "URG", "BEN", scope => scope.Resolve<ISessions>().Run(
            session =>
            {
                foreach (var happened in events)
                    session.Raise(happened);
                return session.First<int>("select 1");
            },
            CancellationToken.None));
        await host.Quiet();
    }
}
