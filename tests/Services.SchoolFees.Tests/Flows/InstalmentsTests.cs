using Platform.Payments;
using Platform.Testing;

namespace Services.SchoolFees.Tests.Flows;

/// <summary>Bills that are paid bit by bit. They are due on 31 March 2026; the clock starts on the 10th.</summary>
public sealed class InstalmentsTests
{
    PorticoTestHost host = null!;

    [SetUp]
    public async Task Start()
    {
        host = await PorticoTestHost.Start();
        await host.Activate("schoolfees", "CTN");
        await SchoolOffice.Registers(host);
        // 18 × 3.65 = 65.70 for Anna, 10 × 2.56 = 25.60 for Bruno.
        await SchoolOffice.Good(host, "CTN", "attendance",
            "alunno;servizio;mese;giorni\nA1;MENSA;02/2026;2 3 4 5 6 9 10 11 12 13 16 17 18 19 20 23 24 25\nA2;MENSA;02/2026;2 3 4 5 6 9 10 11 12 13");
        await SchoolOffice.Bill(host, "FEB", "02/2026");
        await Decide("instalmentsFrom=50,00", "instalments=3", "instalmentDays=30", "remindBefore=5", "remindAfter=10");
    }

    [TearDown]
    public async Task Stop()
    {
        if (!TestContext.CurrentContext.Test.MethodName!.Contains("taken_back", StringComparison.Ordinal))
        {
            await host.After(TimeSpan.FromSeconds(5));
            await host.MoneyAddsUp();
        }
        await host.DisposeAsync();
    }

    [Test]
    public async Task A_bill_is_paid_bit_by_bit_with_its_reminders_and_arrears_and_the_certificate_counts_what_the_year_brought()
    {
        var anna = await SchoolOffice.CodeOf(host, "FEB", "A1");
        using var parent = host.NewCitizen();
        await Find(parent, "A2");
        parent.Reads.Should().NotContain("rata 1", "the policy begins at 50.00");
        await Find(parent, "A1");
        parent.Reads.Should().Contain("rata 1 di 3, entro il 31 marzo 2026: da pagare 21,90").And.Contain("rata 3 di 3, entro il 30 maggio 2026").And.Contain("Tutto insieme: 65,70");
        await PayWay(parent, "rate-3-30-260331/1");
        await Find(parent, "A1");
        parent.Reads.Should().Contain("Stai pagando a rate: restano 43,80").And.Contain("rata 1 di 3, entro il 31 marzo 2026: pagata").And.Contain("Paga 21,90").And.NotContain("Tutto insieme");
        await parent.Follow("Tutte le bollette della famiglia (2 da pagare)");
        parent.Reads.Should().Contain("Da pagare in tutto 25,60").And.Contain("Rata 2 di 3: 21,90");
        (await Sheet("summary", ("year", "2025/2026")))[^1].Should().Equal(["totale", "", "2", "91,30", "21,90", "69,40", "0,00", "0,00"]);

        // What the settings become is for bills that nobody began to pay.
        await Decide("instalments=2");
        await Find(parent, "A1");
        parent.Reads.Should().Contain("rata 2 di 3");

        // The second one is missed: reminded of before and after, and in the list of arrears with its part alone.
        await On(2026, 4, 26);
        await On(2026, 5, 11);
        (await Sheet("reminders")).Where(row => row[1] == anna).Select(row => (row[3], row[4], row[5], row[7])).Should()
            .Equal(("prima della scadenza", "2026-04-30", "21,90", "2"), ("scaduta", "2026-04-30", "21,90", "2"));
        (await host.Database.Value<long>("select count(*) from core.mail where letter_key like 'reminder/' || @anna || '/rate-%'", new { anna })).Should().Be(2);
        (await Sheet("arrears")).Where(row => row[0] == anna).Select(row => (row[9], row[11], row[13], row[^1].Trim())).Should().Equal(("2026-04-30", "21,90", "21,90", "2 di 3"));
        (await Sheet("summary", ("year", "2025/2026")))[^1][4..7].Should().Equal(["21,90", "69,40", "47,50"], "Bruno's bill and one instalment of Anna's are overdue");
        await Decide("blockAfter=5");
        (await SchoolOffice.Load(host, "enrolments", "iscrizione;alunno;servizio;scuola;dal;al\nN1;A1;BUS;MARCONI;01/05/2026;")).Errors.Should().ContainSingle().Which.Message.Should().Contain("scaduta");
        await Decide("blockAfter=", "surcharge=20", "surchargeAfter=5", "surchargeSince=2026-01-01");
        await Find(parent, "A1");
        parent.Reads.Should().Contain("rata 2 di 3, entro il 30 aprile 2026: scaduta, da pagare 26,28").And.Contain("Paga 26,28", "a missed instalment is late by its own day");

        await PayWay(parent, null);
        using var office = await host.SignIn("CTN", "schoolfees.read", "payments.see");
        await office.Open("/console/castenaso/rette/bollette?stato=in_rate");
        office.Reads.Should().Contain("Bollette trovate: 1");
        await office.Follow(anna);
        office.Reads.Should().Contain("in rate").And.Contain("rata 2 di 3, entro il 30 apr").And.Contain("Pagata una rata, ordine");
        await office.Open("/console/castenaso/rette");
        office.Reads.Should().Contain("I conti tornano al centesimo");

        // The third in January of the next year.
        await On(2027, 1, 4);
        await Find(parent, "A1");
        await PayWay(parent, null);
        (await host.Database.Value<string>("select state from schoolfees.bill where code = @anna", new { anna })).Should().Be("paid");
        (await Sheet("certificates", ("year", "2026"))).Single(row => row[4] == "A1")[5].Should().Be("43,80", "by the cash principle, and without what delay cost");
        await On(2028, 1, 4);
        (await Sheet("certificates", ("year", "2027"))).Single(row => row[4] == "A1")[5].Should().Be("21,90");
    }

    [Test]
    public async Task What_is_taken_back_is_owed_again_and_when_nothing_is_paid_any_more_the_family_chooses_anew()
    {
        var anna = await SchoolOffice.CodeOf(host, "FEB", "A1");
        using var parent = host.NewCitizen();
        await Find(parent, "A1");
        await parent.Send(("rata", "rate-3-30-260331/1"));
        await parent.CancelAtBank();
        await Told(anna, 1, "CTN-1");
        await Told(anna, 3, "CTN-1");
        await Told(anna, 1, "CTN-1");
        (await Standing(anna)).Should().Be("open rate-3-30-260331: paid open paid", "one order may pay two, and a word that is repeated pays nothing more");
        (await host.Database.Value<long>("select sum(cents)::bigint from schoolfees.payment")).Should().Be(43_80);
        await TakenBack(anna, 1, "CTN-1");
        (await Standing(anna)).Should().Be("open rate-3-30-260331: open open paid");
        await Told(anna, 1, "CTN-2");
        await TakenBack(anna, 1, "CTN-1");
        (await Standing(anna)).Should().Be("open rate-3-30-260331: paid open paid", "what another order paid stays paid");
        await Told(anna, 2, "CTN-3");
        (await Standing(anna)).Should().Be("paid rate-3-30-260331: paid paid paid");
        await GivenBack(anna, 2, "CTN-3", 5_00, RefundedDue.Paid);
        (await Standing(anna)).Should().Be("paid rate-3-30-260331: paid paid paid", "a part of it was given back");
        await GivenBack(anna, 2, "CTN-3", 16_90, RefundedDue.Cancelled);
        (await Standing(anna)).Should().Be("paid rate-3-30-260331: paid cancelled paid");
        await TakenBack(anna, 1, "CTN-2");
        await TakenBack(anna, 3, "CTN-1");
        (await Standing(anna)).Should().Be("open rate-3-30-260331: open cancelled open");

        var bruno = await SchoolOffice.CodeOf(host, "FEB", "A2");
        await Decide("instalmentsFrom=20,00");
        await Find(parent, "A2");
        await parent.Send(("rata", "rate-3-30-260331/1"));
        await parent.CancelAtBank();
        await Told(bruno, 2, "CTN-4");
        await TakenBack(bruno, 2, "CTN-4");
        (await Standing(bruno)).Should().Be("open none: ");
        await Find(parent, "A2");
        parent.Reads.Should().Contain("Tutto insieme: 25,60").And.Contain("A rate: ora la rata 1 di 3, 8,54");
    }

    [Test]
    public async Task Who_is_late_begins_at_once_and_the_surcharge_is_spread_to_the_cent()
    {
        await Decide("surcharge=10", "surchargeAfter=10", "surchargeSince=2026-01-01");
        await On(2026, 4, 20);
        using var parent = host.NewCitizen();
        await Find(parent, "A1");
        parent.Reads.Should().Contain("rata 1 di 3, entro il 20 aprile 2026: da pagare 24,09").And.Contain("A rate: ora la rata 1 di 3, 24,09").And.Contain("In tutto 72,27");
        await PayWay(parent, "rate-3-30-260331/1", begins: false);
        parent.Status.Should().Be(422, "a plan of another day is not offered any more");
        await Find(parent, "A1");
        await PayWay(parent, "rate-3-30-260420/1");
        (await host.Database.Value<long>("select sum(cents + surcharge_cents)::bigint from schoolfees.instalment where plan = 'rate-3-30-260420'")).Should().Be(72_27);
        (await host.Database.Value<string>("select cents || ' ' || fee_cents from schoolfees.payment")).Should().Be("2409 2190");
    }

    async Task PayWay(Citizen parent, string? way, bool begins = true)
    {
        if (way is null)
            await parent.GoToBank();
        else
            await parent.Send(("rata", way));
        if (!begins)
            return;
        parent.Heading.Should().Be("Paga con carta", "{0}", parent.Reads);
        await parent.PayAtBank();
        await host.Quiet();
    }

    Task Told(string code, int n, string order) => SchoolOffice.Tell(host, code, (position, version, at) =>
        new PositionPaid(position, version, Guid.NewGuid(), Guid.NewGuid(), order, new(21_90), new(37019), at) { Instalment = new("rate-3-30-260331", n, 3, new(21_90)) });

    Task TakenBack(string code, int n, string order) => SchoolOffice.Tell(host, code, (position, version, at) =>
        new PositionReversed(position, version, Guid.NewGuid(), Guid.NewGuid(), order, at) { Instalment = new("rate-3-30-260331", n, 3, new(21_90)) });

    Task GivenBack(string code, int n, string order, long cents, RefundedDue then) => SchoolOffice.Tell(host, code, (position, version, at) =>
        new PositionRefunded(position, version, Guid.NewGuid(), Guid.NewGuid(), order, Guid.NewGuid(), new(cents), then, at) { Instalment = new("rate-3-30-260331", n, 3, new(21_90)) });

    Task<string?> Standing(string code) => host.Database.Value<string>(
        """
        select b.state || ' ' || coalesce(b.plan, 'none') || ': ' || coalesce((select string_agg(i.state, ' ' order by i.n) from schoolfees.instalment i where i.bill_id = b.bill_id and i.plan = b.plan), '')
          from schoolfees.bill b where b.code = @code
        """, new { code });

    async Task Decide(params string[] settings)
    {
        var told = await host.Portico(["settings", "set", "schoolfees", "--entity", "CTN", .. settings]);
        told.Code.Should().Be(0, told.Errors);
    }

    /// <summary>Eleven o'clock of that day in Rome, with the night's jobs of that day done.</summary>
    async Task On(int year, int month, int day)
    {
        var then = new DateTimeOffset(year, month, day, 9, 0, 0, TimeSpan.Zero);
        if (then - host.Clock.GetUtcNow() > TimeSpan.FromDays(1))
            await host.After(then.AddDays(-1) - host.Clock.GetUtcNow());
        await host.After(then - host.Clock.GetUtcNow());
    }

    async Task<string[][]> Sheet(string verb, params (string, string)[] options) =>
        [.. (await host.Office("schoolfees", verb, "CTN", options)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(line => line.Trim('\r').Split(';'))];

    async Task Find(Citizen parent, string pupil)
    {
        await parent.Open("/castenaso/rette");
        await parent.Send(("codice", await SchoolOffice.CodeOf(host, "FEB", pupil)), ("codice_fiscale", SchoolOffice.Payer));
    }
}
