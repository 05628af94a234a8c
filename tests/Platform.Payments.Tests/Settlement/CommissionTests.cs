using System.Text;
using Autofac;
using Platform.Core.Entities;
using Platform.Core.Money;
using Platform.Payments.Checkout;
using Platform.Payments.Settlement;

namespace Platform.Payments.Tests.Settlement;

/// <summary>What the service centre keeps for taking the money, and who bears it.</summary>
internal sealed class CommissionTests : OnOneHost
{
    [TestCase(4200, 125, 30, 0, null, 83, Description = "1,25 % of 42,00 is 52,5 cents: half goes up")]
    [TestCase(4199, 125, 30, 0, null, 82)]
    [TestCase(100, 125, 0, 50, null, 50)]
    [TestCase(30, 125, 0, 50, null, 30, Description = "never more than is paid")]
    [TestCase(100_000, 125, 0, 0, 500L, 500)]
    [TestCase(4200, 0, 0, 0, null, 0)]
    [TestCase(999_999_999_999, 10_000, 0, 0, null, 999_999_999_999)]
    public void A_commission_is_rounded_once_half_up_within_its_limits(long paid, int basisPoints, long added, long least, long? most, long kept) =>
        new Commission(basisPoints, added, least, most).Of(new(paid)).Cents.Should().Be(kept);

    [Test]
    public async Task The_creditor_bears_it_the_payer_pays_the_price_and_the_statement_says_so()
    {
        var file = await Settings();
        (await Set(file, "--commission-percent", "1.25", "--commission-fixed", "0.30", "--commission-min", "0.50", "--commission-max", "5.00")).Code.Should().Be(0);
        await Host.AgreeOn(Papers.Agreement, "000", commission: new(125, 30, 50, 500));
        var payment = await Till.Paid();
        (await Host.Database.Value<long>("select commission_cents from payments.payment where payment_id = @Attempt", new { payment.Attempt })).Should().Be(83);
        (await Till.Of(payment)).AskedCents.Should().Be(4200);
        // What is agreed later is for payments that begin later.
        await Host.AgreeOn(Papers.Agreement, "000", commission: new(9000));
        var batch = new Batch(Papers.NewBatch(), new(2026, 3, 10), new Line(payment.Order, 4200, 20));
        var imports = Host.Container.Resolve<SettlementImports>();
        (await imports.File(Papers.Agreement, "f", Encoding.UTF8.GetBytes(Papers.File(batch)), "test", CancellationToken.None)).Errors.Should().BeEmpty();
        await imports.Statement(Encoding.UTF8.GetBytes(Papers.Camt("C1", [new(new(2026, 3, 11), 4180, batch.Name)])), "test", CancellationToken.None);

        var union = (await Host.Container.Resolve<EntityDirectory>().Current(CancellationToken.None)).ByCode("URG")!;
        var payout = await Host.Container.Resolve<Payouts>().Order(union, "test", CancellationToken.None);
        payout!.Amount.Should().Be(new Euro(4117));
        (await Host.Container.Resolve<Payouts>().Items(payout, CancellationToken.None)).Select(item => (item.Cause, item.Amount.Cents))
            .Should().BeEquivalentTo([("settlement.payment", 4200L), ("settlement.commission", -83L)]);
        (await Booked(union.Id.Value, payment)).Should().BeEquivalentTo([("settlement.payment", "centre", "collections", 4200L), ("settlement.commission", "commissions", "centre", 83L)]);
        (await Booked(0, payment)).Should().BeEquivalentTo([("settlement.payment", "suspense", "owed/URG", 4200L), ("settlement.commission", "owed/URG", "commissions", 83L)]);
        (await Host.Portico("settlement", "day")).Code.Should().Be(0, "a commission is no difference");
    }

    [TestCase("--commission-percent", "101", "0 to 100")]
    [TestCase("--commission-percent", "1.255", "two decimals")]
    [TestCase("--commission-fixed", "-1", "less than zero")]
    [TestCase("--commission-bearer", "payer", "d.lgs. 11/2010 art. 3 c. 4")]
    [TestCase("--until", "2020-01-01", "never be valid")]
    public async Task What_cannot_be_agreed_is_refused(string option, string value, string why)
    {
        var told = await Set(await Settings(), $"{option}={value}");
        told.Code.Should().Be(1);
        told.Errors.Should().Contain(why);
    }

    [Test]
    public async Task An_agreement_takes_no_new_payment_from_its_last_day_on()
    {
        var own = Guid.NewGuid();
        await Host.AgreeOn(own, "MZB", until: new(2026, 3, 11));
        var before = await Till.Start("MZB", "MZB");
        (await Till.Of(before)).AgreementId.Should().Be(own);
        await Host.AgreeOn(own, "MZB", until: new(2026, 3, 10));
        var after = await Till.Start("MZB", "MZB");
        (await Till.Of(after)).AgreementId.Should().Be(Papers.Agreement, "the centre's is valid for all");
        (await Till.Post(Till.Return, (await Till.PayAtBank(before)).Body)).Dispose();
        await Host.After(TimeSpan.FromSeconds(4));
        (await Till.StateOf(before)).Should().Be("paid", "what was begun goes on");
    }

    Task<Platform.Testing.Told> Set(string file, params string[] words) => Host.Portico(
        ["agreement", "set", "--id", $"{Guid.NewGuid()}", "--owner", "000", "--from", "2030-01-01", "--secret", "test", .. words, file]);

    static async Task<string> Settings()
    {
        var file = Path.Combine(TestContext.CurrentContext.WorkDirectory, $"{Guid.NewGuid():n}.json");
        await File.WriteAllTextAsync(file, "{\"merchant\":\"1\"}");
        return file;
    }

    Task<IReadOnlyList<(string Cause, string Debit, string Credit, long Cents)>> Booked(int entity, Started payment) => Host.Database.Rows<(string, string, string, long)>(
        "select cause, debit, credit, cents from payments.transfer where entity_id = @entity and cause_id = @Attempt and cause like 'settlement.%' order by cause", new { entity, payment.Attempt });
}
