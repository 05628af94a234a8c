using System.Text;
using Autofac;
using Platform.Core.Entities;
using Platform.Payments.Settlement;
using Platform.Payments.Tests.Settlement;

namespace Platform.Payments.Tests.Office;

/// <summary>What the bank's papers name is found by their names, and how payments stand is told to the entity and to the centre.</summary>
internal sealed class OverviewTests : OnOneHost
{
    static readonly DateOnly Today = new(2026, 3, 10);

    [Test]
    public async Task What_the_banks_papers_name_is_found_by_it_and_how_payments_stand_is_told()
    {
        var (first, second, other) = (await Till.Paid("URG"), await Till.Paid("URG"), await Till.Paid("MZB", "MZB"));
        var silent = await Till.Start();
        var batch = Papers.NewBatch();
        var imports = Host.Container.Resolve<SettlementImports>();
        (await imports.File(
            Papers.Agreement, "f.csv", Encoding.UTF8.GetBytes(Papers.File(new Batch(batch, Today, new(first.Order, 4200), new(second.Order, 4200), new(other.Order, 4200)))), "test", CancellationToken.None))
            .Errors.Should().BeEmpty();
        (await imports.Statement(Encoding.UTF8.GetBytes(Papers.Camt("S1", [new(Today, 12_600, $"BON {batch}", batch)])), "test", CancellationToken.None)).Errors.Should().BeEmpty();
        await Host.After(TimeSpan.FromMinutes(6));
        var payout = (await Host.Container.Resolve<Payouts>().Order((await Host.Container.Resolve<EntityDirectory>().Current(CancellationToken.None)).ByCode("URG")!, "test", CancellationToken.None))!.Number;

        var desk = $"/console/{await Host.Database.Value<string>("select slug from core.entity where code = 'URG'")}/pagamenti";
        using var officer = await Host.SignIn("URG", "payments.see", "payments.settle");
        foreach (var paper in new[] { batch, payout, payout.ToLowerInvariant() })
        {
            await officer.Open(desk);
            await officer.Send(("testo", ""), ("banca", paper));
            officer.Reads.Should().Contain(first.Order).And.Contain(second.Order).And.NotContain(other.Order).And.NotContain(silent.Order);
        }
        await officer.Open($"{desk}/pagamento/{first.Order}");
        officer.Reads.Should().Contain(batch).And.Contain(payout).And.Contain("dovuto all’ente (URG)");
        using var neighbour = await Host.SignIn("MZB", "payments.see");
        await neighbour.Open("/console/marzabotto/pagamenti");
        await neighbour.Send(("testo", ""), ("banca", payout));
        neighbour.Reads.Should().Contain("Nessun pagamento corrisponde");

        await officer.Open($"{desk}/andamento");
        officer.Reads.Should().Contain("Incassato oggi 84,00").And.Contain("pagamenti: 2").And.Contain("Pagamento più vecchio senza esito 10 mar 2026");
        await Host.After(TimeSpan.FromDays(1));
        using var nextDay = await Host.SignIn("URG", "payments.see", "payments.settle");
        await nextDay.Open($"{desk}/andamento");
        nextDay.Reads.Should().Contain("Incassato oggi 0,00").And.Contain("10 mar 202684,00").And.Contain("Ultimo riversamento registrato 10 mar 2026 (giorni fa: 1)");
        nextDay.Page.QuerySelectorAll("svg rect").Should().HaveCount(31);
        await nextDay.Open($"{desk}/riversamenti");
        nextDay.Reads.Should().Contain("nessun pagamento sotto una convenzione", "the agreement is the centre's, and so are its days");

        using var centre = await Host.SignIn("000", "payments.see", "payments.settle");
        await centre.Open("/console/centro/pagamenti-degli-enti/andamento");
        centre.Reads.Should().Contain("10 mar 2026126,00");
        await centre.Open("/console/centro/pagamenti-degli-enti/riversamenti?dal=2026-03-10&al=2026-03-10");
        centre.Reads.Should().Contain("10 mar 2026 126,00 € 126,00 € 126,00 € nessuna");
        await centre.Open("/console/centro/pagamenti-degli-enti/riversamenti?dal=2025-01-01&al=2026-03-10");
        centre.Status.Should().Be(422);
    }
}
