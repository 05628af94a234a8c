using System.Globalization;
using System.Text;
using OtpNet;
using Platform.Core.Time;
using Platform.Testing;

namespace Platform.Core.Tests.Office;

/// <summary>The first day of a service centre: from the printed code to the first payment, by pages alone.</summary>
public sealed class NewAdministratorTests
{
    const string Password = "tre ponti di pietra";

    [Test]
    public async Task From_the_printed_code_to_the_first_payment_found_by_its_bank_reference()
    {
        await using var host = await PorticoTestHost.Start();
        using var admin = host.NewCitizen();

        // Who installed the program prints a code; the administrator makes an account of it, with a second factor.
        var code = (await host.Portico("console", "bootstrap")).Output.Trim();
        await admin.Open("/console/accesso/avvio");
        await admin.Send(("codice", code), ("nome", "Prova Prima"), ("utente", "prima"), ("password", Password));
        var secret = admin.Page.QuerySelector(".portico-code")!.TextContent.Replace(" ", "", StringComparison.Ordinal);
        await admin.Send(("codice", new Totp(Base32Encoding.ToBytes(secret)).ComputeTotp(host.Clock.GetUtcNow().UtcDateTime)));
        admin.Address.AbsolutePath.Should().Be("/console");

        // Monghidoro comes on line, with fines.
        await admin.Open("/console/centro/enti/nuovo");
        await admin.Send(
            ("nome", "Comune di Monghidoro"), ("tipo", "municipality"), ("id", "37040"), ("codice", "MGD"), ("slug", "monghidoro"), ("istat", "037040"), ("codice_fiscale", "00000000000"),
            ("telefono", "051 000000"));
        await admin.Send(("servizio", "fines"), ("creditore", "MGD"));
        await admin.Press("Pubblica");
        admin.Reads.Should().Contain("È in linea");
        await admin.Open("/console/monghidoro/multe/file/import");
        var today = LegalTime.Day(host.Clock.GetUtcNow());
        string Day(int ago) => today.AddDays(-ago).ToString("dd/MM/yyyy", CultureInfo.InvariantCulture);
        await admin.Upload("file", "verbali.csv", Encoding.UTF8.GetBytes(
            $"""
            serie;anno;numero;data_violazione;targa;comune;luogo;articolo;descrizione;minimo;massimo;spese;data_notifica;contestazione_immediata;sconto_escluso
            V;2026;1;{Day(20)};AB123CD;037040;Via Demo 1;art. 158 c. 2;Sosta vietata;42,00;173,00;2,00;{Day(1)};no;no
            """));
        while (admin.Reads.Contains("In corso"))
            await admin.LookAgain();
        admin.Reads.Should().Contain("Tutte le righe sono a posto");

        // A citizen pays.
        using var citizen = host.NewCitizen();
        await citizen.FindFine("monghidoro", new("V/2026/1", today.AddDays(-20), "AB123CD"));
        await citizen.GoToBank();
        await citizen.PayAtBank();
        citizen.Heading.Should().Be("Pagamento riuscito");
        await host.Quiet();

        // The gateway hands the money over; the payment is found by what the bank's statement will say, and exported.
        var order = await host.Database.Value<string>("select order_no from payments.payment");
        var settlement = Path.Combine(host.DataFolder, "flusso.csv");
        await File.WriteAllTextAsync(settlement, $"tipo;flusso;righe;ordine;importo;commissione;data\nF;RIV-20260312-001;1;;31,40;0,00;2026-03-12\nP;RIV-20260312-001;1;{order};31,40;0,00;2026-03-10\nZ;;1;;;;\n");
        (await host.Portico("settlement", "file", "--agreement", $"{PorticoTestHost.AgreementId}", settlement)).Should().Match<Told>(told => told.Code == 0);
        await admin.Open("/console/monghidoro/pagamenti");
        await admin.Send(("banca", "RIV-20260312-001"));
        admin.Reads.Should().Contain("V/2026/1").And.Contain("31,40");
        var (status, name, content) = await admin.Fetch(admin.Page.QuerySelectorAll("a").First(link => link.TextContent.Contains("CSV", StringComparison.Ordinal)).GetAttribute("href")!);
        (status, name).Should().Match<(int Status, string? Name)>(file => file.Status == 200 && file.Name!.EndsWith(".csv", StringComparison.Ordinal));
        Encoding.UTF8.GetString(content).Should().Contain("31,40");
    }
}
