using Autofac;
using Platform.Core.Storage;
using Platform.Testing;

namespace Suolo.Tests;

public sealed class PayingTests
{
    [Test]
    public async Task A_citizen_asks_for_ground_pays_and_sees_it_paid()
    {
        await using var host = await PorticoTestHost.Start();
        await host.Activate("suolo", "MZB");
        using var citizen = host.NewCitizen();

        await Ask(citizen, "marzabotto");
        Assert.That(citizen.Reads, Does.Contain("36,00 €").Or.Contain("36,00\u00a0€"));
        var request = citizen.Address;
        await citizen.GoToBank();
        await citizen.PayAtBank();
        Assert.That(citizen.Heading, Is.EqualTo("Pagamento riuscito"));
        await host.Quiet();

        await citizen.Open(request.PathAndQuery);
        Assert.That(citizen.Reads, Does.Contain("Hai pagato").And.Contain("MZB-"));
    }

    [Test]
    public async Task What_one_creditor_was_asked_another_does_not_see()
    {
        await using var host = await PorticoTestHost.Start();
        await host.Activate("suolo", "MZB");
        await host.Activate("suolo", "VRG");
        using var citizen = host.NewCitizen();
        await Ask(citizen, "marzabotto");

        // The condition on the entity is forgotten on purpose: the database itself keeps the rows apart.
        Task<int> Rows(string creditor) => host.As("suolo", creditor, creditor, scope =>
            scope.Resolve<ISessions>().Run(session => session.First<int>("select count(*)::int from suolo.occupation"), CancellationToken.None));
        Assert.That(await Rows("MZB"), Is.EqualTo(1));
        Assert.That(await Rows("VRG"), Is.Zero);

        await citizen.Open(citizen.Address.PathAndQuery.Replace("marzabotto", "vergato"));
        Assert.That(citizen.Status, Is.EqualTo(404));
    }

    [Test]
    public async Task What_is_missing_is_said()
    {
        await using var host = await PorticoTestHost.Start();
        await host.Activate("suolo", "MZB");
        using var citizen = host.NewCitizen();

        await citizen.Open("/marzabotto/suolo-pubblico?lang=en");
        await citizen.Send(("luogo", ""), ("dal", "2026-04-01"), ("metri", "20"), ("giorni", "61"));

        Assert.That(citizen.Status, Is.EqualTo(422));
        Assert.That(citizen.Reads, Does.Contain("Write street and number").And.Contain("Write the days, from 1 to 60"));
    }

    static async Task Ask(Citizen citizen, string municipality)
    {
        await citizen.Open($"/{municipality}/suolo-pubblico");
        await citizen.Send(("luogo", "Via Roma 1"), ("dal", "2026-04-01"), ("metri", "20"), ("giorni", "3"));
    }
}
