using Microsoft.Playwright;
using Platform.Testing;

namespace Portico.Host.Tests.Browser;

/// <summary>Every page a citizen can meet: open to everybody by axe's rules, no wider than a phone, silent, and in both languages.</summary>
[Parallelizable(ParallelScope.Children)]
public sealed class PagesTests
{
    // Found on the way, in Prepare.
    static string _fine = "", _late = "", _untold = "", _paidFine = "", _paid = "", _failed = "", _waiting = "", _check = "";

    static readonly Dictionary<string, Func<Visitor, Task>> Ways = new(StringComparer.Ordinal)
    {
        ["catalogue"] = visitor => visitor.Open("/"),
        ["entity"] = visitor => visitor.Open("/bentivoglio"),
        ["entity whose services are coming"] = visitor => visitor.Open("/bologna"),
        ["find a fine"] = visitor => visitor.Open("/bentivoglio/multe"),
        ["find a fine, all wrong"] = async visitor =>
        {
            await visitor.Open("/bentivoglio/multe");
            await visitor.Page.Locator("[name=verbale]").FillAsync("V 12");
            await visitor.Page.Locator("main button").ClickAsync();
        },
        ["find a fine, unknown"] = async visitor =>
        {
            await visitor.Open("/bentivoglio/multe");
            await visitor.Fill(new Fine("V/2026/1", new DateOnly(2026, 2, 1), "AA000AA"));
            await visitor.Page.Locator("main button").ClickAsync();
        },
        ["find a fine, form too old"] = async visitor =>
        {
            await visitor.Open("/bentivoglio/multe");
            await visitor.Page.Context.ClearCookiesAsync(new() { Name = "portico-form" });
            await visitor.Page.Locator("main button").ClickAsync();
        },
        ["find a fine, link expired"] = visitor => visitor.Open("/bentivoglio/multe?avviso=scaduto"),
        ["fine"] = visitor => visitor.Open(_fine),
        ["fine, late"] = visitor => visitor.Open(_late),
        ["fine, not yet notified"] = visitor => visitor.Open(_untold),
        ["fine, paid"] = visitor => visitor.Open(_paidFine),
        ["payment paid"] = visitor => visitor.Open(_paid),
        ["payment failed"] = visitor => visitor.Open(_failed),
        ["payment waiting"] = async visitor =>
        {
            // It looks again every few seconds, which would take the page away from under the checker.
            await visitor.Page.RouteAsync("**/pagamenti/**", async route =>
            {
                var answer = await route.FetchAsync();
                await route.FulfillAsync(new() { Response = answer, Headers = answer.Headers.Where(header => header.Key != "refresh").ToDictionary(header => header.Key, header => header.Value, StringComparer.Ordinal) });
            });
            await visitor.Open(_waiting);
        },
        ["return that nobody knows"] = visitor => visitor.Open("/pagamenti/pagonline/ritorno?nulla=1"),
        ["receipt checked"] = visitor => visitor.Open(_check),
        ["check a receipt"] = visitor => visitor.Open("/verifica"),
        ["check a receipt, wrong code"] = visitor => visitor.Open("/verifica?codice=ABC"),
        ["check a receipt, unknown code"] = visitor => visitor.Open("/verifica/URG-0123456789ABCDEFGHJKMNPQRS"),
        ["not found"] = visitor => visitor.Open("/bentivoglio/nulla"),
        ["not found anywhere"] = visitor => visitor.Open("/nessuno/nulla"),
        ["privacy"] = visitor => visitor.Open("/bentivoglio/privacy"),
        ["accessibility"] = visitor => visitor.Open("/bentivoglio/accessibilita"),
        ["contacts"] = visitor => visitor.Open("/bentivoglio/contatti"),
    };

    [OneTimeSetUp]
    public async Task Prepare()
    {
        using var citizen = TheSite.Host.NewCitizen();
        await Begin(await TheSite.NewFine());
        _waiting = "/bentivoglio/pagamenti/" + await TheSite.Host.Database.Value<string>("select status_code from payments.payment where state = 'prepared' or state = 'at_bank' limit 1");
        _fine = await Find(await TheSite.NewFine());
        _late = await Find(await TheSite.NewFine(seenDaysAgo: 110, notifiedDaysAgo: 100));
        _untold = await Find(await TheSite.NewFine(notifiedDaysAgo: null));

        await Begin(await TheSite.NewFine(minimum: 200));
        await citizen.PayAtBank();
        _failed = citizen.Address.PathAndQuery;
        _paidFine = await Begin(await TheSite.NewFine());
        await citizen.PayAtBank();
        await TheSite.Host.Quiet();
        await citizen.LookAgain();
        _paid = citizen.Address.PathAndQuery;
        await citizen.Follow("Verifica la quietanza");
        _check = citizen.Address.PathAndQuery;

        async Task<string> Find(Fine fine)
        {
            await citizen.FindFine("bentivoglio", fine);
            return citizen.Address.PathAndQuery;
        }

        // As far as the bank's card page.
        async Task<string> Begin(Fine fine)
        {
            var page = await Find(fine);
            await citizen.GoToBank();
            return page;
        }
    }

    static IEnumerable<string> Names => Ways.Keys;

    [Test]
    public async Task Nobody_is_shut_out([ValueSource(nameof(Names))] string page, [Values("it", "en")] string language)
    {
        await using var visitor = await Visitor.Arrive(360, locale: language == "it" ? "it-IT" : "en-GB");

        await Ways[page](visitor);

        (await visitor.Page.GetAttributeAsync("html", "lang")).Should().Be(language);
        (await visitor.Faults()).Should().BeEmpty("on a phone");
        // On a wide screen other words do not make another page.
        if (language == "it")
        {
            await visitor.Page.SetViewportSizeAsync(1280, 800);
            (await visitor.Faults()).Should().BeEmpty("on a desktop");
        }
        visitor.Complaints.Should().BeEmpty();
    }
}
