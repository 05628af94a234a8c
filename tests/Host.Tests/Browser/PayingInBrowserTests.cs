using Microsoft.Playwright;
using Platform.Testing;
using static Microsoft.Playwright.Assertions;

namespace Portico.Host.Tests.Browser;

/// <summary>The whole way of a citizen of Bentivoglio, in a real browser, over real HTTP, to the bank and back.</summary>
public sealed class PayingInBrowserTests
{
    [Test]
    public async Task A_fine_is_paid_from_the_municipality_s_page_to_a_receipt_that_anybody_can_check([Values(360, 1280)] int width, [Values] bool script)
    {
        var fine = await TheSite.NewFine();
        await using var citizen = await Visitor.Arrive(width, script);

        await citizen.Open("/bentivoglio");
        await Shot("home");
        await citizen.Follow("Multe");
        await citizen.Fill(fine);
        await Shot("find");
        await citizen.Press("Cerca il verbale");
        (await citizen.Heading).Should().Be($"Verbale {fine.Number}");
        (await Amount()).Should().Be("31,40 €");
        await Shot("fine");
        await citizen.Press("Paga 31,40 €");
        (await citizen.Heading).Should().Be("Paga con carta");
        new Uri(citizen.Page.Url).Port.Should().Be(TheSite.Host.Bank.Address.Port);
        await Shot("bank");
        await citizen.Page.Locator("[name=azione][value=paga]").ClickAsync();
        if (!script)
            await citizen.Page.Locator("form#return button").ClickAsync();

        await citizen.Page.WaitForURLAsync("**/bentivoglio/pagamenti/**");
        (await citizen.Heading).Should().Be("Pagamento riuscito");
        // Should the receipt not be ready yet, the page looks again by itself, script or none.
        var receipt = citizen.Page.GetByRole(AriaRole.Link, new() { Name = "Scarica la quietanza (PDF)" });
        await Expect(receipt).ToBeVisibleAsync(new() { Timeout = 15_000 });
        await Shot("paid");
        var pdf = await (await citizen.Page.APIRequest.GetAsync(new Uri(new(citizen.Page.Url), await receipt.GetAttributeAsync("href")).AbsoluteUri)).BodyAsync();
        pdf.Should().StartWith("%PDF-"u8.ToArray());
        if (script && width == 1280)
            await Pictures.TakePdf(pdf, "receipt");
        var paid = citizen.Page.Url;
        await citizen.Press("Invia");
        await Expect(citizen.Page.Locator(".portico-errors").First).ToContainTextAsync("Scegli da 1 a 5 stelle");
        await Shot("rating-error");
        await citizen.Page.Locator("label[for=stelle-4]").ClickAsync();
        await Shot("rating-stars");
        await citizen.Press("Invia");
        await Expect(citizen.Page.GetByText("Che cosa hai apprezzato di più?")).ToBeVisibleAsync();
        await Shot("rating");
        await citizen.Page.Locator("[value=clear]").CheckAsync();
        await citizen.Press("Invia");
        (await citizen.Heading).Should().Be("Grazie");
        await Shot("rating-thanks");
        await citizen.Open(paid);
        await citizen.Follow("Verifica la quietanza");
        (await citizen.Heading).Should().Be("Verifica della quietanza");
        await Expect(citizen.Page.GetByText("Quietanza autentica")).ToBeVisibleAsync();
        await Shot("check");

        citizen.Complaints.Should().BeEmpty();
        (await citizen.Page.Context.CookiesAsync()).Select(cookie => cookie.Name).Should().BeSubsetOf(["portico-form", "lang"], "the privacy notice names these two");

        async Task Shot(string name)
        {
            if (script)
                await Pictures.Take(citizen, name);
        }

        async Task<string> Amount() => (await citizen.Page.Locator(".portico-amount-figure").InnerTextAsync()).Replace('\u00a0', ' ');
    }

    [Test]
    public async Task The_whole_way_needs_nothing_but_a_keyboard()
    {
        // On 2 February: a browser's date field wants day and month in the order of its own language.
        var fine = await TheSite.NewFine(seenDaysAgo: 36);
        await using var citizen = await Visitor.Arrive();
        var keyboard = new Keyboard(citizen.Page);

        await citizen.Open("/bentivoglio");
        await keyboard.To("Vai al contenuto");
        await keyboard.Enter();
        await keyboard.To("Multe");
        await keyboard.Enter(leaves: true);
        await keyboard.To("verbale");
        await keyboard.Type(fine.Number);
        await keyboard.To("data");
        await keyboard.Type($"{fine.Date:ddMMyyyy}");
        await keyboard.To("targa");
        await keyboard.Type(fine.Plate.ToLowerInvariant());
        await keyboard.Enter(leaves: true);
        (await citizen.Heading).Should().Be($"Verbale {fine.Number}");
        await keyboard.To("Paga 31,40 €");
        await keyboard.Enter(leaves: true);
        (await citizen.Heading).Should().Be("Paga con carta");
        await keyboard.To("azione=paga");
        await keyboard.Enter(leaves: true);
        await citizen.Page.WaitForURLAsync("**/bentivoglio/pagamenti/**");
        await Expect(citizen.Page.GetByRole(AriaRole.Link, new() { Name = "Scarica la quietanza (PDF)" })).ToBeVisibleAsync(new() { Timeout = 15_000 });
        await keyboard.To("Verifica la quietanza");
        await keyboard.Enter(leaves: true);

        (await citizen.Heading).Should().Be("Verifica della quietanza");
        keyboard.Unseen.Should().BeEmpty("who has no mouse must see where the keyboard is");
        citizen.Complaints.Should().BeEmpty();
    }

    [Test]
    public async Task A_refused_card_leads_back_to_the_fine_and_another_attempt_pays_it()
    {
        var fine = await TheSite.NewFine(minimum: 140);
        await using var citizen = await Visitor.Arrive(360);
        await citizen.Open("/bentivoglio/multe");
        await citizen.Fill(fine);
        await citizen.Press("Cerca il verbale");
        var address = citizen.Page.Url;

        var refused = await PayAtBank();
        (await citizen.Heading).Should().Be("Pagamento non riuscito");
        await Pictures.Take(citizen, "refused");
        await citizen.Follow("Riprova a pagare");
        citizen.Page.Url.Should().Be(address);
        await TheSite.Host.Bank.Lie("*", new { outcome = "OK" });
        string paid;
        try
        {
            paid = await PayAtBank();
        }
        finally
        {
            await TheSite.Host.Bank.TellTruth();
        }

        (await citizen.Heading).Should().Be("Pagamento riuscito");
        paid.Should().NotBe(refused, "a bank never takes an order number twice");
        await TheSite.Host.Quiet();
        await citizen.Open(address);
        await Expect(citizen.Page.GetByText("Questa multa è pagata")).ToBeVisibleAsync();
        citizen.Complaints.Should().BeEmpty();

        async Task<string> PayAtBank()
        {
            await citizen.Press("Paga 100,00 €");
            var order = await citizen.Page.Locator("dt:text-is('Ordine') + dd").InnerTextAsync();
            await citizen.Page.Locator("[name=azione][value=paga]").ClickAsync();
            await citizen.Page.WaitForURLAsync("**/bentivoglio/pagamenti/**");
            return order;
        }
    }

    [Test]
    public async Task Who_turns_back_at_the_bank_can_still_pay()
    {
        var fine = await TheSite.NewFine();
        await using var citizen = await Visitor.Arrive();
        await citizen.Open("/bentivoglio/multe");
        await citizen.Fill(fine);
        await citizen.Press("Cerca il verbale");

        await citizen.Press("Paga 31,40 €");
        (await citizen.Heading).Should().Be("Paga con carta");
        await citizen.Page.GoBackAsync();
        (await citizen.Heading).Should().Be($"Verbale {fine.Number}");
        await citizen.Press("Paga 31,40 €");
        (await citizen.Heading).Should().Be("C’è già un pagamento iniziato");
        await citizen.Follow("Continua il pagamento iniziato");
        await citizen.Page.Locator("[name=azione][value=paga]").ClickAsync();
        await citizen.Page.WaitForURLAsync("**/bentivoglio/pagamenti/**");

        (await citizen.Heading).Should().Be("Pagamento riuscito");
        citizen.Complaints.Should().BeEmpty();
    }

    [Test]
    public async Task Another_language_keeps_the_place_and_lasts_to_the_bank_and_back()
    {
        var fine = await TheSite.NewFine();
        await using var citizen = await Visitor.Arrive();
        await citizen.Open("/bentivoglio/multe");
        await citizen.Fill(fine);
        await citizen.Press("Cerca il verbale");
        var place = new Uri(citizen.Page.Url).AbsolutePath;

        await citizen.Follow("English");
        new Uri(citizen.Page.Url).AbsolutePath.Should().Be(place);
        (await citizen.Heading).Should().Be($"Fine {fine.Number}");
        (await citizen.Page.Locator(".portico-nav").InnerTextAsync()).Should().Contain("Fines").And.NotContain("Multe");
        (await citizen.Page.GetAttributeAsync("html", "lang")).Should().Be("en");
        await citizen.Press("Pay €31.40");
        (await citizen.Heading).Should().Be("Pay by card");
        await citizen.Page.Locator("[name=azione][value=paga]").ClickAsync();
        await citizen.Page.WaitForURLAsync("**/bentivoglio/pagamenti/**");
        (await citizen.Heading).Should().Be("Payment successful");
        var status = new Uri(citizen.Page.Url).AbsolutePath;
        await citizen.Follow("Italiano");
        new Uri(citizen.Page.Url).AbsolutePath.Should().Be(status);

        (await citizen.Heading).Should().Be("Pagamento riuscito");
        citizen.Complaints.Should().BeEmpty();
    }
}
