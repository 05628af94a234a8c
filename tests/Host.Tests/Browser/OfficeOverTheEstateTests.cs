using System.Text;
using Microsoft.Playwright;
using Platform.Testing;

namespace Portico.Host.Tests.Browser;

/// <summary>Entities, services, settings, files and extracts at the console: on a phone and on a desk, in both languages, without a fault that axe sees.</summary>
public sealed class OfficeOverTheEstateTests
{
    [Test]
    public async Task Pages_over_the_estate_show_no_fault([Values(360, 1280)] int width, [Values("it", "en")] string language)
    {
        using var signed = await TheSite.Host.SignInAs("000", ("administrator", ""));
        await using var officer = await Visitor.Arrive(width, locale: language == "it" ? "it-IT" : "en-GB");
        await officer.Page.Context.AddCookiesAsync(signed.Cookies.Split("; ").Select(pair => pair.Split('=', 2)).Select(pair => new Cookie { Name = pair[0], Value = pair[1], Url = TheSite.Host.Address.AbsoluteUri }));
        foreach (var (page, picture) in new[]
                 {
                     ("centro/enti", "estate"), ("centro/enti/nuovo", "estate-new"), ("centro/enti/carica", "estate-load"), ("centro/enti/ente/MZB", "estate-entity"), ("centro/servizi", "estate-services"),
                     ("reno-galliera/impostazioni", "estate-settings"), ("reno-galliera/impostazioni/fines", "estate-settings-fines"), ("reno-galliera/multe/file", "estate-files"),
                     ("reno-galliera/multe/file/import", "estate-file"), ("reno-galliera/multe/dati", "estate-extracts"), ("reno-galliera/chiavi", "estate-keys"), ("reno-galliera/multe/dati/list", "estate-extract"),
                     ("centro/enti/ente/MZB/guida", "estate-guide"), ("centro/servizi/pacchetti", "estate-packages"), ("centro/stato/scadenze", "estate-expiring"), ("reno-galliera/gradimento", "estate-ratings"),
                 })
        {
            await officer.Open("/console/" + page);
            await Look(page, picture);
        }

        await officer.Open("/console/reno-galliera/multe/file/import");
        await officer.Page.Locator("input[type=file]").SetInputFilesAsync(new FilePayload
        {
            Name = "verbali.csv", MimeType = "text/csv", Buffer = Encoding.UTF8.GetBytes(
                "serie;anno;numero;data_violazione;targa;comune;luogo;articolo;descrizione;minimo;massimo;spese;data_notifica;contestazione_immediata;sconto_escluso\n"
                + "V;2026;1;31/31/2026;AB123CD;037005;Via Demo 1;art. 158;Sosta vietata;quaranta;173,00;2,00;;no;no\n"),
        });
        await officer.Page.Locator("main form button").ClickAsync();
        await officer.Page.WaitForURLAsync("**/file/import/**");
        await Assertions.Expect(officer.Page.Locator("main table")).ToBeVisibleAsync(new() { Timeout = 20_000 });
        await Look("a file with errors", "estate-run");
        await TheSite.Host.Import("fines", "import", "URG", "serie;anno;numero;data_violazione;targa;comune;luogo;articolo;descrizione;minimo;massimo;spese;data_notifica;contestazione_immediata;sconto_escluso\n"
            + $"W;2026;{width}{language.Length};2026-02-20;AB123CD;037005;Via Demo 1;art. 158;Sosta vietata;{(language == "it" ? 42 : 43)},00;173,00;2,00;;no;no\n");
        await officer.Open("/console/reno-galliera/multe/file");
        await officer.Open(await officer.Page.Locator("main table a").First.GetAttributeAsync("href") + "?annulla=1");
        await Look("taking a load back", "estate-undo");
        await officer.Open("/console/centro/enti/nuovo");
        await officer.Page.Locator("main form button").ClickAsync();
        (await officer.Page.Locator(".portico-errors").CountAsync()).Should().Be(1);
        await Look("errors of a new entity", "estate-new-errors");
        officer.Complaints.Should().BeEmpty();

        async Task Look(string page, string picture)
        {
            (await officer.Page.Locator("html").GetAttributeAsync("lang")).Should().Be(language);
            if (language == "it")
                await Pictures.Take(officer, picture);
            (await officer.Faults()).Should().BeEmpty("{0} at {1}", page, width);
        }
    }
}
