using Platform.Testing;

namespace Platform.Payments.Tests;

public sealed class PayingTests
{
    [Test]
    public async Task A_citizen_pays_a_fine_and_gets_a_receipt()
    {
        await using var host = await PorticoTestHost.Start();
        var fine = await host.LoadFine();
        using var citizen = host.NewCitizen();

        await citizen.FindFine("bentivoglio", fine);
        citizen.Reads.Should().Contain("31,40");
        await citizen.GoToBank();
        await citizen.PayAtBank();
        citizen.Heading.Should().Be("Pagamento riuscito");
        await host.Quiet();
        await citizen.LookAgain();

        citizen.Reads.Should().Contain("31,40").And.Contain("Unione Reno Galliera").And.Contain("Scarica la quietanza");
        (await host.Database.Value<string>("select state from fines.fine")).Should().Be("paid");
    }
}
