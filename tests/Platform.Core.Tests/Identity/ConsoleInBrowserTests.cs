using Autofac;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Platform.Core.Identity;
using Platform.Testing;

namespace Platform.Core.Tests.Identity;

/// <summary>The console's own pages as a browser draws them, and that they work without script.</summary>
public sealed class ConsoleInBrowserTests
{
    PorticoTestHost host = null!;
    IPlaywright playwright = null!;
    IBrowser browser = null!;
    Citizen administrator = null!;
    Citizen ofCentre = null!;
    Citizen citizen = null!;
    string grant = "";

    [OneTimeSetUp]
    public async Task Start()
    {
        host = await PorticoTestHost.Start(secrets: new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            // Nobody asks it: the pages that lead there are looked at.
            ["SignIn:regione:Authority"] = "https://id.example", ["SignIn:regione:ClientId"] = "portico", ["SignIn:regione:ClientSecret"] = "x", ["SignIn:regione:Title"] = "SPID o CIE", ["SignIn:regione:For"] = "both",
        });
        await Watch.Stopped.Plant(host, letters: 3);
        citizen = await host.SignInCitizen("VRDLGI82B02A944Y", name: "Maria Immacolata Della Valle Ferraresi-Sanguinetti");
        administrator = await host.SignInAs("VRG", ("administrator", ""));
        ofCentre = await host.SignInAs("000", ("administrator", ""));
        grant = (await host.Database.Value<Guid>("select grant_id from core.officer_grant where officer_id = @id", new { id = administrator.OfficerId })).ToString();
        playwright = await Playwright.CreateAsync();
        browser = await playwright.Chromium.LaunchAsync(new() { ExecutablePath = "/usr/bin/chromium", Args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"] });
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        administrator?.Dispose();
        ofCentre?.Dispose();
        citizen?.Dispose();
        if (browser is not null)
            await browser.DisposeAsync();
        playwright?.Dispose();
        await host.DisposeAsync();
    }

    [Test]
    public async Task Axe_finds_nothing_and_nothing_overflows([Values(360, 1280)] int width)
    {
        foreach (var (name, path, who) in new[]
        {
            ("accesso", "/console/accesso", null), ("avvio", "/console/accesso/avvio", null), ("attiva", "/console/accesso/attiva", null), ("enti", "/console", ofCentre), 
            ("ente", "/console/vergato", administrator), ("persone", "/console/vergato/persone", administrator), ("incarico", "/console/vergato/persone/incarico", administrator),
            ("tolto", "/console/vergato/persone/incarico/" + grant, administrator), ("profilo", "/console/accesso/profilo", administrator), ("profilo-en", "/console/accesso/profilo?lang=en", administrator),
            ("negato", "/console/vergato/persone", null),
            ("manutenzione", "/console/vergato/manutenzione", administrator), ("manutenzione-servizio", "/console/centro/manutenzione/fines", ofCentre), ("lavori", "/console/centro/stato/lavori", ofCentre),
            ("eventi", "/console/centro/stato/eventi", ofCentre), ("lettere", "/console/centro/stato/lettere", ofCentre), ("lettere-en", "/console/centro/stato/lettere?lang=en", ofCentre),
            ("cittadino-accesso", "/vergato/accesso?back=/vergato/multe&livello=2", null), ("cittadino-uscito", "/vergato/accesso?uscito=1&lang=en", null), ("cittadino", "/vergato/multe", citizen),
        })
        {
            // What differs on a desktop is the frame, which all share.
            if (width > 360 && name is not ("accesso" or "persone" or "incarico" or "lettere" or "cittadino"))
                continue;
            var reader = name == "negato" ? await host.SignInAs("VRG", ("auditor", "")) : who;
            await using var context = await NewContext(reader, width, script: true);
            var page = await context.NewPageAsync();
            await page.GotoAsync(new Uri(host.Address, path).AbsoluteUri, new() { WaitUntil = WaitUntilState.NetworkIdle });
            await Check(page, name, width);
            if (name == "negato")
                reader!.Dispose();
        }
    }

    [TestCase(360)]
    [TestCase(1280)]
    public async Task Somebody_comes_in_by_a_code_without_script(int width)
    {
        var code = await host.Container.Resolve<OfficerRegister>().NewBootstrapCode("test", CancellationToken.None);
        await using var context = await NewContext(null, width, script: false);
        var page = await context.NewPageAsync();
        await page.GotoAsync(new Uri(host.Address, "/console/accesso/avvio").AbsoluteUri);
        await page.GetByLabel("Codice").FillAsync(code);
        await page.GetByLabel("Nome e cognome").FillAsync("Prova Prima");
        await page.GetByLabel("Nome utente").FillAsync($"prima{width}");
        await page.GetByLabel("Password").FillAsync("breve");
        await page.GetByRole(AriaRole.Button, new() { Name = "Crea l’amministratore" }).ClickAsync();
        await Check(page, "avvio-errore", width, axe: false);
        await page.GetByLabel("Password").FillAsync("quattro cavalli lenti");
        await page.GetByRole(AriaRole.Button, new() { Name = "Crea l’amministratore" }).ClickAsync();
        await Check(page, "secondo", width, axe: false);
        var secret = (await page.Locator(".portico-code").InnerTextAsync()).Replace(" ", "", StringComparison.Ordinal);
        await page.GetByLabel("Codice").FillAsync(new OtpNet.Totp(OtpNet.Base32Encoding.ToBytes(secret)).ComputeTotp(host.Clock.GetUtcNow().UtcDateTime));
        await page.GetByRole(AriaRole.Button, new() { Name = "Accedi" }).ClickAsync();

        (await page.Locator("h1").InnerTextAsync()).Should().Be("I tuoi enti");
        await page.GetByRole(AriaRole.Main).GetByRole(AriaRole.Link, new() { Name = "Comune di Vergato" }).ClickAsync();
        (await page.Locator("h1").InnerTextAsync()).Should().Be("Comune di Vergato");
        await page.GetByRole(AriaRole.Button, new() { Name = "Esci" }).ClickAsync();
        (await page.Locator("h1").InnerTextAsync()).Should().Be("Accedi alla console");
    }

    async Task<IBrowserContext> NewContext(Citizen? reader, int width, bool script)
    {
        var context = await browser.NewContextAsync(new() { ViewportSize = new() { Width = width, Height = 800 }, Locale = "it-IT", JavaScriptEnabled = script });
        foreach (var cookie in reader?.Cookies.Split("; ").Where(cookie => cookie.StartsWith("portico-c", StringComparison.Ordinal)) ?? [])
            await context.AddCookiesAsync([new() { Name = cookie.Split('=')[0], Value = cookie.Split('=', 2)[1], Url = host.Address.AbsoluteUri }]);
        return context;
    }

    static async Task Check(IPage page, string name, int width, bool axe = true)
    {
        var picture = Path.Combine(TestContext.CurrentContext.WorkDirectory, "pictures", $"console-{name}-{width}.png");
        await page.ScreenshotAsync(new() { Path = picture, FullPage = true });
        if (!axe)
            return;
        (await page.RunAxe()).Violations.Select(violation => $"{name} {violation.Id}: {violation.Help}: {string.Join(" | ", violation.Nodes.Select(node => node.Html))}").Should().BeEmpty();
        (await page.EvaluateAsync<int>("document.documentElement.scrollWidth")).Should().BeLessThanOrEqualTo(width, name);
    }
}
