using Platform.Testing;

namespace Platform.Payments.Tests.Flows;

/// <summary>The same by the public door alone: a browser without scripts.</summary>
internal sealed class CitizenTests : OnOneHost
{
    [Test]
    public async Task A_hundred_euros_are_refused_and_the_same_fine_can_be_tried_again()
    {
        var fine = await Host.LoadFine(number: "100", minimum: 98, notifiedDaysAgo: 10);
        using var citizen = Host.NewCitizen();
        await citizen.FindFine("bentivoglio", fine);
        citizen.Reads.Should().Contain("100,00");
        await citizen.GoToBank();
        await citizen.PayAtBank();
        citizen.Heading.Should().Be("Pagamento non riuscito");

        await Host.Bank.Lie("*", new { outcome = "OK" });
        await citizen.Follow("Riprova a pagare");
        citizen.Reads.Should().Contain("100,00");
        await citizen.GoToBank();
        await citizen.PayAtBank();
        citizen.Heading.Should().Be("Pagamento riuscito");
        await Host.Bank.TellTruth();
        await Host.After(TimeSpan.FromSeconds(4));
        (await Host.Database.Rows<string>("select p.state from payments.payment p join payments.payment_item using (entity_id, payment_id) where p.asked_cents = 10000 order by created_at, p.state"))
            .Should().BeEquivalentTo("failed", "paid");
    }

    [Test]
    public async Task Who_gives_up_at_the_bank_can_try_again()
    {
        var fine = await Host.LoadFine(number: "101", minimum: 97, minimumCents: 99, notifiedDaysAgo: 10);
        using var citizen = Host.NewCitizen();
        await citizen.FindFine("bentivoglio", fine);
        citizen.Reads.Should().Contain("99,99");
        await citizen.GoToBank();
        await citizen.CancelAtBank();
        citizen.Heading.Should().Be("Pagamento non riuscito");
        await citizen.Follow("Riprova a pagare");
        await citizen.GoToBank();
        await citizen.PayAtBank();
        citizen.Heading.Should().Be("Pagamento riuscito");
        await Host.After(TimeSpan.FromSeconds(4));
        await citizen.LookAgain();
        citizen.Reads.Should().Contain("99,99").And.Contain("Scarica la quietanza");
    }

    [Test]
    public async Task A_status_page_exists_only_under_the_municipality_that_showed_it()
    {
        var payment = await Till.Start();
        var code = (await Till.Of(payment)).StatusCode;
        code.Should().MatchRegex("^URG-[0-9A-HJKMNP-TV-Z]{26}$", "26 characters of five bits are 130 bits");
        using var citizen = Host.NewCitizen();
        await citizen.Open($"/bentivoglio/pagamenti/{code}");
        citizen.Status.Should().Be(200);
        foreach (var path in new[]
        {
            $"/argelato/pagamenti/{code}", $"/marzabotto/pagamenti/{code}", $"/reno-galliera/pagamenti/{code}", $"/servizi/pagamenti/{code}", $"/nessuno/pagamenti/{code}",
            $"/bentivoglio/pagamenti/MZB{code[3..]}", $"/bentivoglio/pagamenti/{code[..29]}", $"/bentivoglio/pagamenti/{code.ToLowerInvariant()}", "/bentivoglio/pagamenti/x",
        })
        {
            await citizen.Open(path);
            citizen.Status.Should().Be(404, path);
            citizen.Reads.Should().NotContain(payment.Order);
        }
    }

    [Test]
    public async Task A_citizen_of_Marzabotto_pays_Marzabotto()
    {
        var payment = await Till.Paid("MZB", "MZB");
        using var citizen = Host.NewCitizen();
        await citizen.Open($"/marzabotto/pagamenti/{(await Till.Of(payment)).StatusCode}");
        citizen.Reads.Should().Contain("Comune di Marzabotto").And.Contain(payment.Order);
        payment.Order.Should().StartWith("MZB-");
        (await Host.Database.Rows<int>("select distinct entity_id from payments.receipt where payment_id = @Attempt", payment)).Should().Equal(37036);
    }
}
