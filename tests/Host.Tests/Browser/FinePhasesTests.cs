using Platform.Testing;

namespace Portico.Host.Tests.Browser;

/// <summary>What a citizen finds of a fine that is not simply to be paid, on a phone and on a desk, in both languages.</summary>
public sealed class FinePhasesTests
{
    [TestCase("preavviso", "Avviso")]
    [TestCase("ricorso", "Verbale")]
    [TestCase("archiviato", "Verbale")]
    [TestCase("riscossione", "Verbale")]
    [TestCase("rate", "Verbale")]
    public async Task Each_phase_has_its_page_and_no_fault(string phase, string title)
    {
        var fine = await TheSite.NewFine(seenDaysAgo: 10, notifiedDaysAgo: phase == "preavviso" ? null : 1, phase: phase, points: 3);
        foreach (var width in (int[])[360, 1280])
        {
            await using var citizen = await Visitor.Arrive(width);
            await Find(citizen, fine);
            (await citizen.Heading).Should().Be($"{title} {fine.Number}");
            await Pictures.Take(citizen, "fine-" + phase);
            (await citizen.Faults()).Should().BeEmpty();
            await citizen.Follow("English");
            (await citizen.Faults()).Should().BeEmpty();
            citizen.Complaints.Should().BeEmpty();
        }
    }

    [Test]
    public async Task A_delivery_that_only_the_citizen_knows_of_is_declared_on_the_page([Values(360, 1280)] int width, [Values] bool script)
    {
        var fine = await TheSite.NewFine(notifiedDaysAgo: null);
        await using var citizen = await Visitor.Arrive(width, script);
        await Find(citizen, fine);
        await Shot("fine-undeclared");
        await citizen.Press("Calcola l’importo");
        (await citizen.Page.Locator(".portico-errors").First.InnerTextAsync()).Should().Contain("Scrivi il giorno in cui hai ricevuto il verbale");
        await Shot("fine-undeclared-error");
        await citizen.Page.Locator("[name=ricevuto]").FillAsync(fine.Date.AddDays(5).ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture));
        await citizen.Press("Calcola l’importo");
        (await citizen.Page.GetByText("lo hai detto tu").CountAsync()).Should().Be(1);
        await Shot("fine-declared");
        await citizen.Press("Paga 44,00 €");
        (await citizen.Heading).Should().Be("Paga con carta");
        citizen.Complaints.Should().BeEmpty();

        async Task Shot(string name)
        {
            if (!script)
                return;
            await Pictures.Take(citizen, name);
            (await citizen.Faults()).Should().BeEmpty();
        }
    }

    [Test]
    public async Task What_is_missing_of_a_payment_is_told_to_who_paid_and_to_the_office([Values(360, 1280)] int width)
    {
        var fine = await TheSite.NewFine(notifiedDaysAgo: null);
        using (var payer = TheSite.Host.NewCitizen())
        {
            await payer.FindFine("bentivoglio", fine);
            await payer.GoToBank();
            await payer.PayAtBank();
            await TheSite.Host.Quiet();
        }
        await TheSite.Again(fine, notifiedDaysAgo: 15);

        await using var citizen = await Visitor.Arrive(width);
        await Find(citizen, fine);
        (await citizen.Page.GetByText("Paga 12,60 €").CountAsync()).Should().Be(1);
        await Shot(citizen, "fine-rest");
        await citizen.Follow("English");
        (await citizen.Faults()).Should().BeEmpty();
        citizen.Complaints.Should().BeEmpty();

        using var signed = await TheSite.Host.SignIn("URG", "fines.read", "fines.decide");
        await using var officer = await Visitor.Arrive(width);
        await officer.Page.Context.AddCookiesAsync(signed.Cookies.Split("; ").Select(pair => pair.Split('=', 2)).Select(pair => new Microsoft.Playwright.Cookie { Name = pair[0], Value = pair[1], Url = TheSite.Host.Address.AbsoluteUri }));
        await officer.Open("/console/reno-galliera/multe/da-decidere");
        (await officer.Page.GetByText(fine.Number).First.IsVisibleAsync()).Should().BeTrue();
        await Shot(officer, "fines-to-decide");
        await officer.Page.Locator($"a[href*='{Uri.EscapeDataString(fine.Number)}']").ClickAsync();
        await Shot(officer, "fines-to-decide-close");
        await officer.Press("Chiudi");
        (await officer.Page.Locator(".portico-errors").CountAsync()).Should().Be(1, "a reason is asked for");
        (await officer.Faults()).Should().BeEmpty();
        officer.Complaints.Should().BeEmpty();

        static async Task Shot(Visitor visitor, string name)
        {
            await Pictures.Take(visitor, name);
            (await visitor.Faults()).Should().BeEmpty(name);
        }
    }

    static async Task Find(Visitor citizen, Fine fine)
    {
        await citizen.Open("/bentivoglio/multe");
        await citizen.Fill(fine);
        await citizen.Press("Cerca il verbale");
    }
}
