using System.Text;
using Microsoft.Playwright;
using Platform.Testing;

namespace Portico.Host.Tests.Browser;

/// <summary>An officer's day without a mouse: every stop shows where the keyboard is, the skip link leads past the head, and everything is reached in the order in which it is read.</summary>
public sealed class OfficerByKeyboardTests
{
    [Test]
    public async Task An_officers_day_is_done_by_keyboard_alone()
    {
        var (paid, loaded) = (await TheSite.NewFine(), await TheSite.NewFine());
        using (var citizen = TheSite.Host.NewCitizen())
        {
            await citizen.FindFine("bentivoglio", paid);
            await citizen.GoToBank();
            await citizen.PayAtBank();
            await TheSite.Host.Quiet();
        }
        using var signed = await TheSite.Host.SignIn("URG", "payments.see", "payments.export", "payments.tasks", "fines.load", "fines.read");
        await using var officer = await Visitor.Arrive();
        await officer.Page.Context.AddCookiesAsync(signed.Cookies.Split("; ").Select(pair => pair.Split('=', 2)).Select(pair => new Cookie { Name = pair[0], Value = pair[1], Url = TheSite.Host.Address.AbsoluteUri }));
        var keys = new Keyboard(officer.Page);

        // Past the head, and from the content to the menu.
        await officer.Open("/console/reno-galliera/pagamenti");
        await keys.To("Vai al contenuto");
        await keys.Enter();
        (await officer.Page.EvaluateAsync<string>("document.activeElement.id")).Should().Be("contenuto");
        await keys.To("testo");

        // A payment found by its notice, and its story.
        await keys.Type(paid.Number);
        await keys.To("Cerca");
        await keys.Enter(leaves: true);
        var order = await officer.Page.Locator("main table th a").First.InnerTextAsync();
        await keys.To(order);
        await keys.Enter(leaves: true);
        (await officer.Page.Locator("main").InnerTextAsync()).Should().Contain(paid.Number).And.Contain("31,40");

        // The list as a file, and how payments stand with the table of their chart.
        await keys.To("Andamento");
        await keys.Enter(leaves: true);
        await keys.To("Vai al contenuto");
        await keys.Enter();
        (await officer.Page.Locator("svg[role=img] title").CountAsync()).Should().Be(1);
        await keys.To(await officer.Page.Locator("main details summary").InnerTextAsync());
        await keys.Enter();
        await Assertions.Expect(officer.Page.Locator("main details table")).ToBeVisibleAsync();
        (await officer.Page.Locator("main details table tbody tr").CountAsync()).Should().Be(await officer.Page.Locator("svg.portico-chart rect").CountAsync(), "each bar stands in the table");

        // A file is loaded, and taken back.
        await officer.Open("/console/reno-galliera/multe/file/import");
        await officer.Page.Locator("input[type=file]").SetInputFilesAsync(new FilePayload { Name = "giornata.csv", MimeType = "text/csv", Buffer = Encoding.UTF8.GetBytes(Line(loaded)) });
        await keys.To("Carica");
        await keys.Enter(leaves: true);
        await Assertions.Expect(officer.Page.GetByText("Tutte le righe sono a posto")).ToBeVisibleAsync(new() { Timeout = 20_000 });
        await keys.To("Annulla questo caricamento");
        await keys.Enter(leaves: true);
        await keys.To("Sì, annulla il caricamento");
        await keys.Enter(leaves: true);
        await Assertions.Expect(officer.Page.GetByText("Tolte: 1. Riportate a prima: 0.")).ToBeVisibleAsync(new() { Timeout = 20_000 });

        // An extract, and home.
        await keys.To("Estrai dati");
        await keys.Enter(leaves: true);
        await keys.To("Elenco dei verbali");
        await keys.Enter(leaves: true);
        await keys.To("plate");
        await keys.Type("?");
        await keys.To("Prepara il file");
        await keys.Enter(leaves: true);
        (await officer.Page.EvaluateAsync<bool>("document.activeElement.closest('.portico-errors') !== null")).Should().BeTrue("what is wrong takes the focus");
        await keys.To("Esci");
        await keys.Enter(leaves: true);
        (await officer.Heading).Should().NotBeEmpty();
        keys.Unseen.Should().BeEmpty();
        officer.Complaints.Should().BeEmpty();
    }

    static string Line(Fine like) =>
        $"""
        serie;anno;numero;data_violazione;targa;comune;luogo;articolo;descrizione;minimo;massimo;spese;data_notifica;contestazione_immediata;sconto_escluso
        T;{like.Date.Year};{like.Number.Split('/')[2]};{like.Date:yyyy-MM-dd};ZZ999ZZ;037005;Via Marconi 12;art. 158 c. 2;Sosta;42,00;173,00;2,00;;no;no
        """;
}
