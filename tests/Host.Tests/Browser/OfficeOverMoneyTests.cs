using Microsoft.Playwright;
using Platform.Core.Time;
using Platform.Testing;

namespace Portico.Host.Tests.Browser;

/// <summary>An officer's pages over money, on a phone and on a desk, in both languages, without a fault that axe sees.</summary>
public sealed class OfficeOverMoneyTests
{
    static readonly Lazy<Task<(string Order, string Twice, string Received, string Position)>> Paid = new(Pay);

    [Test]
    public async Task Pages_over_money_show_no_fault([Values(360, 1280)] int width, [Values("it", "en")] string language)
    {
        var (order, twice, received, position) = await Paid.Value;
        using var signed = await TheSite.Host.SignIn("URG", "payments.see", "payments.export", "payments.tasks", "payments.refund", "payments.record", "payments.approve", "payments.settle");
        await using var officer = await Visitor.Arrive(width, locale: language == "it" ? "it-IT" : "en-GB");
        await officer.Page.Context.AddCookiesAsync(signed.Cookies.Split("; ").Select(pair => pair.Split('=', 2)).Select(pair => new Cookie { Name = pair[0], Value = pair[1], Url = TheSite.Host.Address.AbsoluteUri }));
        var desk = $"/console/{await TheSite.Host.Database.Value<string>("select slug from core.entity where code = 'URG'")}/pagamenti";
        foreach (var (page, picture) in new[]
                 {
                     ("", "office-payments"), ($"/pagamento/{order}", "office-story"), ($"/pagamento/{order}/rimborso", "office-refund"), ("/attivita", "office-tasks"),
                     ($"/attivita/chiudi?compito={Uri.EscapeDataString(twice + "/twice")}", "office-resolve"),
                     ("/ricevuti", "office-received"), ("/ricevuti/nuovo", "office-received-find"), ($"/ricevuti/nuovo/{position}", "office-received-new"), ($"/ricevuti/{received}", "office-received-one"),
                     ($"/pagamento/{received}", "office-received-story"), ("/andamento", "office-overview"), ("/riversamenti", "office-settlement"),
                 })
        {
            await officer.Open(desk + page);
            (await officer.Page.Locator("nav#menu a[href$='/attivita']").CountAsync()).Should().Be(1, "{0} is a page of the desk and no apology", page);
            (await officer.Page.Locator("html").GetAttributeAsync("lang")).Should().Be(language);
            if (language == "it")
                await Pictures.Take(officer, picture);
            (await officer.Faults()).Should().BeEmpty("{0} at {1}", page, width);
        }
        await officer.Open(desk);
        await officer.Page.Locator("summary").First.ClickAsync();
        await officer.Page.Locator("[name=importo]").FillAsync("abc");
        await officer.Page.Locator("main form button").First.ClickAsync();
        (await officer.Page.Locator(".portico-errors").CountAsync()).Should().Be(1);
        (await officer.Faults()).Should().BeEmpty();
        officer.Complaints.Should().BeEmpty();
    }

    /// <summary>A fine that was paid, and another that was paid twice.</summary>
    static async Task<(string Order, string Twice, string Received, string Position)> Pay()
    {
        var orders = new List<string>();
        foreach (var fine in new[] { await TheSite.NewFine(), await TheSite.NewFine() })
        {
            using var citizen = TheSite.Host.NewCitizen();
            await citizen.FindFine("bentivoglio", fine);
            await citizen.GoToBank();
            await citizen.PayAtBank();
            await TheSite.Host.Quiet();
            orders.Add((await TheSite.Host.Database.Value<string>(
                "select p.order_no from payments.payment p where p.title like '%' || @Number order by p.created_at desc limit 1", fine))!);
        }
        await TheSite.Host.Database.Execute(
            """
            insert into payments.surplus (entity_id, payment_id, due_id, kind, cents)
            select i.entity_id, i.payment_id, i.due_id, 'twice', i.cents from payments.payment_item i join payments.payment p using (entity_id, payment_id) where p.order_no = @order
            """,
            new { order = orders[1] });
        var fines = (Open: await TheSite.NewFine(), Received: await TheSite.NewFine());
        foreach (var fine in new[] { fines.Open, fines.Received })
        {
            // Opened by who looked at it and gave up at the bank.
            using var citizen = TheSite.Host.NewCitizen();
            await citizen.FindFine("bentivoglio", fine);
            await citizen.GoToBank();
            await citizen.CancelAtBank();
        }
        await TheSite.Host.Quiet();
        var desk = $"/console/{await TheSite.Host.Database.Value<string>("select slug from core.entity where code = 'URG'")}/pagamenti/ricevuti/nuovo";
        using var clerk = await TheSite.Host.SignIn("URG", "payments.see", "payments.record");
        var addresses = new List<string>();
        foreach (var fine in new[] { fines.Open, fines.Received })
        {
            await clerk.Open(desk);
            await clerk.Send(("servizio", "fines"), ("riferimento", fine.Number));
            addresses.Add(clerk.Address.AbsolutePath);
        }
        await clerk.Upload("documento", "ricevuta.pdf", [.. "%PDF-1.4 ricevuta"u8], ("importo", "20,00"), ("come", "cash"), ("giorno", $"{LegalTime.Day(TheSite.Host.Clock.GetUtcNow()):yyyy-MM-dd}"), ("prova", "Cassa 12"));
        return (orders[0], orders[1], clerk.Heading.Split(' ')[^1], addresses[0].Split('/')[^1]);
    }
}
