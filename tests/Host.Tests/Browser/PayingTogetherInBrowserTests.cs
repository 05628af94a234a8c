using Microsoft.Playwright;
using Platform.Testing;
using static Microsoft.Playwright.Assertions;

namespace Portico.Host.Tests.Browser;

/// <summary>Several fines in one payment, and what becomes of one that seems lost, in a real browser.</summary>
public sealed class PayingTogetherInBrowserTests
{
    [Test]
    public async Task Two_fines_of_one_plate_are_paid_together([Values(360, 1280)] int width, [Values] bool script)
    {
        var (one, two) = (await TheSite.NewFine(), await TheSite.NewFine(60));
        await using var citizen = await Visitor.Arrive(width, script);
        await citizen.Open("/bentivoglio/multe");
        await citizen.Fill(one);
        await citizen.Press("Cerca il verbale");
        var page = citizen.Page.Url;
        await citizen.Press("Aggiungi al carrello");
        (await citizen.Heading).Should().Be("Il tuo carrello");
        await Expect(citizen.Page.GetByRole(AriaRole.Button, new() { Name = "Paga 31,40 €" })).ToBeVisibleAsync();
        await Shot("cart");
        await citizen.Follow("English");
        await Shot("cart-english");
        await citizen.Follow("Italiano");
        await citizen.Page.Locator("[name=togli]").ClickAsync();
        await Expect(citizen.Page.GetByText("Nel carrello non c’è nulla da pagare")).ToBeVisibleAsync();
        await citizen.Open(page);
        await citizen.Follow("Hai altre multe di questa targa? Pagale insieme");
        await citizen.Page.GetByRole(AriaRole.Button, new() { Name = "Aggiungi", Exact = true }).ClickAsync();
        await Expect(citizen.Page.Locator(".portico-errors").First).ToContainTextAsync("Scrivi il numero del verbale");
        await Shot("together-error");
        await citizen.Page.Locator("[name=verbale]").FillAsync(two.Number);
        await citizen.Page.GetByRole(AriaRole.Button, new() { Name = "Aggiungi", Exact = true }).ClickAsync();
        await Expect(citizen.Page.GetByRole(AriaRole.Button, new() { Name = "Paga 75,40 €" })).ToBeVisibleAsync();
        await Shot("together");
        await citizen.Page.Locator("[name=payer_email]").FillAsync("nome@esempio");
        await citizen.Press("Paga 75,40 €");
        await Expect(citizen.Page.GetByText("Per esempio nome@esempio.it")).ToBeVisibleAsync();
        await Shot("together-email");
        await citizen.Page.Locator("[name=payer_email]").FillAsync("nome@esempio.it");
        await citizen.Press("Paga 75,40 €");
        (await citizen.Heading).Should().Be("Paga con carta");
        await citizen.Page.Locator("[name=azione][value=paga]").ClickAsync();
        if (!script)
            await citizen.Page.Locator("form#return button").ClickAsync();
        await citizen.Page.WaitForURLAsync("**/bentivoglio/pagamenti/**");
        await Expect(citizen.Page.GetByRole(AriaRole.Link, new() { Name = "Scarica la quietanza (PDF)" })).ToBeVisibleAsync(new() { Timeout = 15_000 });
        await Shot("together-paid");
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
    public async Task Who_paid_and_saw_nothing_happen_finds_his_payment([Values(360, 1280)] int width, [Values] bool script)
    {
        var fine = await TheSite.NewFine();
        await using var citizen = await Visitor.Arrive(width, script);
        await citizen.Open("/bentivoglio/multe");
        await citizen.Fill(fine);
        await citizen.Press("Cerca il verbale");
        var page = citizen.Page.Url;
        await citizen.Page.Locator("[name=payer_email]").FillAsync("nome@esempio.it");
        await citizen.Press("Paga 31,40 €");
        (await citizen.Heading).Should().Be("Paga con carta");

        await citizen.Open(page);
        await citizen.Press("Paga 31,40 €");
        (await citizen.Heading).Should().Be("C’è già un pagamento iniziato");
        await Shot("resume");
        var order = await citizen.Page.Locator(".portico-code").First.InnerTextAsync();
        await citizen.Follow("Continua il pagamento iniziato");
        (await citizen.Heading).Should().Be("Paga con carta");

        await citizen.Open(page);
        await citizen.Follow("Ho pagato e non è successo niente");
        await Shot("ask");
        await citizen.Press("Chiedi alla banca");
        await Expect(citizen.Page.Locator(".portico-errors").First).ToContainTextAsync("Scrivi il numero d’ordine");
        await Shot("ask-error");
        await citizen.Page.Locator("[name=ordine]").FillAsync(order);
        await citizen.Page.Locator("[name=email]").FillAsync("nome@esempio.it");
        await citizen.Press("Chiedi alla banca");
        (await citizen.Heading).Should().BeOneOf("Pagamento ancora aperto", "Pagamento in corso");
        await Shot("ask-open");
        citizen.Complaints.Should().BeEmpty();

        async Task Shot(string name)
        {
            if (!script)
                return;
            await Pictures.Take(citizen, name);
            (await citizen.Faults()).Should().BeEmpty();
            if (width == 360)
            {
                await citizen.Follow("English");
                (await citizen.Faults()).Should().BeEmpty();
                await citizen.Follow("Italiano");
            }
        }
    }
}
