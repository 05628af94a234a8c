using Platform.Payments;
using Platform.Testing;
using Services.SchoolFees.Tests.Flows;
using UglyToad.PdfPig;

namespace Services.SchoolFees.Tests.Office;

/// <summary>What the office puts on paper: notices, credit notes and what becomes of their money. January is billed; the clock stands on 10 March 2026.</summary>
public sealed class PapersTests
{
    const string Desk = "/console/castenaso/rette";

    PorticoTestHost host = null!;
    Citizen office = null!;

    [SetUp]
    public async Task Start()
    {
        host = await PorticoTestHost.Start();
        await host.Activate("schoolfees", "CTN");
        await SchoolOffice.Registers(host);
        await Ate("01/2026", 18, 10, 4);
        await SchoolOffice.Bill(host, "GEN", "01/2026");
        office = await host.SignIn("CTN", "schoolfees.read", "schoolfees.bill", "payments.see", "payments.refund");
    }

    [TearDown]
    public async Task Stop()
    {
        office.Dispose();
        await host.DisposeAsync();
    }

    [Test]
    public async Task A_credit_goes_off_the_next_bills_or_back_and_never_both()
    {
        using var parent = host.NewCitizen();
        await Find(parent, "GEN", "A1");
        await parent.GoToBank();
        await parent.PayAtBank();
        await host.Quiet();
        await Ate("01/2026", 8, 0, 4);     // Anna 36.50 too much, paid; Bruno 25.60, not paid
        (await SchoolOffice.Run(host, "GEN", "01/2026", "accredita", "62,10")).Errors.Should().BeEmpty();

        // The family reads it and has it as a PDF that anybody may check.
        await Find(parent, "GEN", "A1");
        parent.Reads.Should().Contain("N. 1 del 10 marzo 2026, Anna, Mensa scolastica: l’ufficio decide").And.NotContain("Rossi").And.NotContain("N. 2");
        var paper = await parent.Fetch(parent.Page.QuerySelector("a[href*='/nota/']")!.GetAttribute("href")!);
        paper.Name.Should().Be("nota-di-credito-1.pdf");
        Text(paper.Content).Should().Contain("Numero 1").And.Contain("36,50").And.Contain("Anna Rossi").And.Contain("RSSMRA80A01A944I").And.Contain("mai tutte e due");
        var code = await host.Database.Value<string>("select code from schoolfees.credit_note where number = 1");
        await parent.Open($"/verifica/{code}");
        parent.Reads.Should().Contain("Documento autentico").And.Contain("36,50").And.NotContain("Anna");
        (await host.Database.Value<long>("select count(*) from core.mail where template = 'credit'")).Should().Be(2);
        (await parent.Fetch("/castenaso/rette/nota/abc")).Status.Should().NotBe(200, "an address that nobody drew opens nothing");
        await parent.Open("/castenaso/rette/nota/abc");
        parent.Heading.Should().Be("Paga le rette scolastiche");

        // Two officers decide at once: who comes second is told.
        using var other = await host.SignIn("CTN", "schoolfees.bill");
        await other.Open(Desk + "/note-di-credito/1");
        await office.Open(Desk + "/bollette");
        await office.Open($"{Desk}/bollette/{await SchoolOffice.CodeOf(host, "GEN", "A1")}");
        await office.Follow("1");
        office.Reads.Should().Contain("da decidere").And.Contain("36,50");
        await office.Press("azione", "refund");
        office.Status.Should().Be(422);
        office.Reads.Should().Contain("Scrivi perché si restituisce");
        office.Page.QuerySelector("[name=motivo]")!.SetAttribute("value", "Fine del ciclo");
        await office.Press("azione", "refund");
        office.Reads.Should().Contain("da restituire").And.Contain("Fine del ciclo");
        office.Page.QuerySelector("a[href*=rimborso]")!.GetAttribute("href").Should().Contain("importo=36%2C50");
        await other.Press("azione", "deduct");
        other.Status.Should().Be(422);
        other.Reads.Should().Contain("Di questa nota si è già deciso");

        // What was not paid cannot go back; it goes off the next bill that is greater than it.
        await office.Open(Desk + "/note-di-credito/2");
        office.Reads.Should().Contain("non risultano pagate per tanto");
        office.Page.QuerySelector("[value=refund]").Should().BeNull();
        await office.Press("azione", "deduct");
        office.Reads.Should().Contain("si toglie dalle prossime bollette").And.Contain("Resta 25,60");
        await Ate("02/2026", 5, 5, 0);
        await SchoolOffice.Bill(host, "FEB", "02/2026");
        (await SchoolOffice.TotalOf(host, "FEB", "A2")).Should().Be(0, "12.80 and the note wait for the next bill");
        (await SchoolOffice.TotalOf(host, "FEB", "A1")).Should().Be(18_25, "what goes back is not taken off");
        await Ate("03/2026", 0, 6, 0);
        await SchoolOffice.Bill(host, "MAR", "03/2026");
        (await SchoolOffice.TotalOf(host, "MAR", "A2")).Should().Be(11 * 2_56 - 25_60);
        await Find(parent, "MAR", "A2");
        parent.Reads.Should().Contain("Nota di credito n. 2 -25,60").And.Contain("Paga 2,56");
        await office.LookAgain();
        office.Reads.Should().Contain("tolta dalle bollette").And.Contain("Resta 0,00");
        office.Page.QuerySelector("[name=azione]").Should().BeNull();
        await Ate("03/2026", 0, 7, 0);
        (await SchoolOffice.Run(host, "MAR2", "03/2026", "anteprima")).Errors.Should().BeEmpty();
        (await SchoolOffice.TotalOf(host, "MAR2", "A2")).Should().Be(2_56, "once");
        (await host.Database.Value<long>("select count(*) from (select number from schoolfees.credit_note order by number) n")).Should().Be(2);
        await host.After(TimeSpan.FromSeconds(5));
        await host.MoneyAddsUp();

        using var neighbour = await host.SignIn("SLS", "schoolfees.bill");
        (await neighbour.Fetch("/console/san-lazzaro-di-savena/rette/note-di-credito/1")).Status.Should().Be(404);
        using var reader = await host.SignIn("CTN", "schoolfees.read");
        (await reader.Fetch(Desk + "/note-di-credito")).Status.Should().Be(403);
    }

    [Test]
    public async Task What_went_back_whole_is_not_billed_again()
    {
        var carla = await SchoolOffice.CodeOf(host, "GEN", "A3");
        await SchoolOffice.Paid(host, carla, "CTN-1");
        await Ate("01/2026", 18, 10, 0);
        (await SchoolOffice.Run(host, "GEN", "01/2026", "accredita", "18,00")).Errors.Should().BeEmpty();
        await office.Open(Desk + "/note-di-credito/1");
        office.Page.QuerySelector("[name=motivo]")!.SetAttribute("value", "Ritirata");
        await office.Press("azione", "refund");
        await SchoolOffice.Refunded(host, carla, "CTN-1", 18_00, RefundedDue.Cancelled);
        await Ate("02/2026", 0, 0, 2);
        await SchoolOffice.Bill(host, "FEB", "02/2026");
        (await SchoolOffice.TotalOf(host, "FEB", "A3")).Should().Be(9_00, "two meals of February and nothing of January");
    }

    [Test]
    public async Task Who_left_no_address_is_told_on_paper_once_and_the_office_knows_who_was_told_how()
    {
        var (anna, carla) = (await SchoolOffice.CodeOf(host, "GEN", "A1"), await SchoolOffice.CodeOf(host, "GEN", "A3"));
        await office.Open(Desk + "/avvisi");
        office.Reads.Should().Contain("Bollette da stampare 1");
        await office.Press("Prepara il file (1 bollette)");
        office.Reads.Should().Contain("Il file è pronto").And.Contain("Bollette da stampare 0").And.NotContain("Prepara il file");
        var file = await office.Fetch(Desk + "/avvisi/1");
        file.Name.Should().Be("avvisi-1.pdf");
        Text(file.Content).Should().Contain(carla).And.Contain("18,00").And.NotContain(anna);
        (await office.Fetch(Desk + "/avvisi/1")).Content.Should().Equal(file.Content, "it is the same file");
        (await office.Fetch(Desk + "/avvisi/2")).Status.Should().Be(404);

        // One file for many, each family's bill on a page of its own.
        await SchoolOffice.Good(host, "CTN", "pupils", SchoolOffice.Pupils.Replace("A3;Verdi", "A4;Verdi", StringComparison.Ordinal).Replace("Carla", "Dora", StringComparison.Ordinal));
        await SchoolOffice.Good(host, "CTN", "enrolments", "iscrizione;alunno;servizio;scuola;dal;al\nI9;A4;MENSA;FRESU;15/09/2025;");
        await SchoolOffice.Good(host, "CTN", "attendance", "alunno;servizio;mese;giorni\nA3;MENSA;02/2026;2 3\nA4;MENSA;02/2026;2 3 4");
        await SchoolOffice.Bill(host, "FEB", "02/2026");
        await office.Open(Desk + "/avvisi");
        await office.Press("Prepara il file (2 bollette)");
        using (var pdf = PdfDocument.Open((await office.Fetch(Desk + "/avvisi/2")).Content))
            pdf.NumberOfPages.Should().Be(2);
        (await host.Office("schoolfees", "notices", "CTN", ("run", "gen"))).Trim().Split('\n').Skip(1).Select(line => line.Trim('\r').Split(';')).Where(row => row[0] == anna || row[0] == carla)
            .Select(row => (row[0], row[3], row[4], row[6])).Should().BeEquivalentTo([(anna, "P1", "lettera", ""), (carla, "P2", "carta", "1")]);
        await office.Open($"{Desk}/bollette/{carla}");
        office.Reads.Should().Contain("Stampata per la posta, file 1");
    }

    [Test]
    public async Task A_tariff_is_tried_at_the_console()
    {
        await SchoolOffice.Good(host, "CTN", "tariffs",
            "tariffa;servizio;dal;unita;metodo;massimo;fasce;sconto_fratelli\nMENSA26;MENSA;01/09/2026;pasto;fasce;5,00;10000,00=2,00 20000,00=4,00;50");
        await office.Open(Desk + "/simulazione");
        await office.Send(("tariffa", "MENSA26"), ("anno", "2025/2026"));
        office.Reads.Should().Contain("ISEE fino a 20.000,00").And.Contain("Totale330 109,30 €112,00 €+2,70 €");
        await office.Open(Desk + "/simulazione?tariffa=XX&anno=2025/2026");
        office.Status.Should().Be(422);
        office.Reads.Should().Contain("Scegli la tariffa");
        using var loader = await host.SignIn("CTN", "schoolfees.load");
        (await loader.Fetch(Desk + "/simulazione")).Status.Should().Be(403);
    }

    [Test]
    public async Task Where_a_union_is_paid_its_desk_works_and_the_municipalitys_says_so()
    {
        await host.Activate("schoolfees", "BEN", "URG");
        await SchoolOffice.Registers(host, "URG");
        await SchoolOffice.Good(host, "URG", "attendance", "alunno;servizio;mese;giorni\nA1;MENSA;02/2026;2 3 4");
        await SchoolOffice.Bill(host, "FEBU", "02/2026", creditor: "URG");
        using var parent = host.NewCitizen();
        await parent.Open("/bentivoglio/rette");
        await parent.Send(("codice", await SchoolOffice.CodeOf(host, "FEBU", "A1")), ("codice_fiscale", SchoolOffice.Payer));
        parent.Reads.Should().Contain("Paga 10,95", "families pay from their own municipality's page");
        using var municipality = await host.SignIn("BEN", "schoolfees.read", "schoolfees.bill");
        foreach (var page in new[] { "", "/elaborazioni", "/avvisi", "/note-di-credito" })
        {
            await municipality.Open("/console/bentivoglio/rette" + page);
            municipality.Reads.Should().Contain("si paga a Unione Reno Galliera", "{0}", page);
        }
        using var union = await host.SignIn("URG", "schoolfees.read", "schoolfees.bill");
        await union.Open(municipality.Page.QuerySelector("main a[href^='/console/']")!.GetAttribute("href")!);
        union.Reads.Should().Contain("10,95").And.NotContain("si paga a");
    }

    static string Text(byte[] pdf)
    {
        using var read = PdfDocument.Open(pdf);
        return string.Join(' ', read.GetPages().SelectMany(page => page.GetWords()).Select(word => word.Text));
    }

    /// <summary>Meals of Anna, Bruno and Carla on the first school days of a month.</summary>
    Task<Platform.Core.Plugins.ImportReport> Ate(string month, int anna, int bruno, int carla)
    {
        var (number, first) = (int.Parse(month[..2], System.Globalization.CultureInfo.InvariantCulture), month.StartsWith("01", StringComparison.Ordinal) ? 7 : 2);
        var days = Enumerable.Range(first, 29 - first).Where(day => new DateOnly(2026, number, day).DayOfWeek is not (DayOfWeek.Saturday or DayOfWeek.Sunday)).ToArray();
        days = number == 1 ? [.. days, 29, 30] : days;
        return SchoolOffice.Good(host, "CTN", "attendance",
            $"alunno;servizio;mese;giorni\nA1;MENSA;{month};{SchoolOffice.Days(days[..anna])}\nA2;MENSA;{month};{SchoolOffice.Days(days[..bruno])}\nA3;MENSA;{month};{SchoolOffice.Days(days[..carla])}");
    }

    async Task Find(Citizen parent, string run, string pupil)
    {
        await parent.Open("/castenaso/rette");
        await parent.Send(("codice", await SchoolOffice.CodeOf(host, run, pupil)), ("codice_fiscale", SchoolOffice.Payer));
    }
}
