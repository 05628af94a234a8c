using System.Security.Cryptography;
using Platform.Core.Time;
using Platform.Payments;
using Platform.Testing;
using UglyToad.PdfPig;

namespace Services.SchoolFees.Tests.Flows;

/// <summary>What families paid in a year, for their tax return. The clock starts in December 2025.</summary>
public sealed class CertificatesTests
{
    PorticoTestHost host = null!;

    [SetUp]
    public async Task Start()
    {
        host = await PorticoTestHost.Start(now: Rome(2025, 12, 10, 11, 0));
        await host.Activate("schoolfees", "CTN");
        await SchoolOffice.Registers(host);
        await SchoolOffice.Good(host, "CTN", "services",
            """
            servizio;tipo;nome;codice_tassonomia;capitolo
            NIDO;nido;Asilo nido;9/0107106SP/;3010203
            ESTATE;centro_estivo;Centro estivo;9/0108103TS/;3010204
            """);
        await SchoolOffice.Good(host, "CTN", "tariffs", "tariffa;servizio;dal;unita;metodo;massimo\nNIDO25;NIDO;01/09/2025;mese;unica;300,00\nEST25;ESTATE;01/09/2025;mese;unica;80,00");
        await SchoolOffice.Good(host, "CTN", "enrolments", "iscrizione;alunno;servizio;scuola;dal;al\nN1;A2;NIDO;MARCONI;01/10/2025;31/10/2025\nE1;A1;ESTATE;MARCONI;01/10/2025;31/10/2025");
        await SchoolOffice.Good(host, "CTN", "attendance",
            "alunno;servizio;mese;giorni\nA1;MENSA;10/2025;1 2 3 6\nA2;MENSA;10/2025;1 2\nA1;MENSA;11/2025;3 4 5 6 7\nA3;MENSA;10/2025;1 2 3");
        await SchoolOffice.Bill(host, "OTT", "10/2025");
        await SchoolOffice.Bill(host, "NOV", "11/2025");
    }

    [TearDown]
    public async Task Stop() => await host.DisposeAsync();

    [Test]
    public async Task In_January_it_counts_what_was_paid_in_the_year_and_only_that()
    {
        using var parent = host.NewCitizen();
        await PayAtTheBank(parent, "OTT", "A1");                       // 4 × 4.50
        await host.After(Rome(2025, 12, 31, 23, 59) - host.Clock.GetUtcNow());
        await PayAtTheBank(parent, "NOV", "A1");                       // 5 × 4.50, in the last minute
        (await Certificates(parent)).Should().Contain("Nessuna attestazione");
        (await FluentActions.Awaiting(() => host.Office("schoolfees", "certificates", "CTN", ("year", "2025"))).Should().ThrowAsync<InvalidOperationException>()).WithMessage("*non è finito*");
        await host.After(TimeSpan.FromMinutes(1));
        LegalTime.Local(host.Clock.GetUtcNow()).Should().Be(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.FromHours(1)));
        await PayAtTheBank(parent, "OTT", "A2");                       // in the first minute of the next

        (await Certificates(parent)).Should().Contain("2025, Anna Rossi").And.Contain("frequenza scolastica 40,50").And.NotContain("Bruno");
        var file = await parent.Save(("attestazione", "2025 A1"));
        file.Name.Should().Be("attestazione-2025-1.pdf");
        var text = Text(file.Content);
        text.Should().Contain("Mario Rossi, codice fiscale RSSMRA80A01A944I").And.Contain("Anna Rossi, codice fiscale RSSNNA16B41A944L").And.Contain("31/12/2025").And.Contain("40,50");
        text.Should().NotContain("Bruno").And.NotContain("01/01/2026", "what was paid on 1 January is of the next year");
        (await parent.Save(("attestazione", "2025 A1"))).Content.Should().Equal(file.Content, "it is the same certificate");

        var code = (await host.Database.Value<string>("select code from schoolfees.certificate"))!;
        await parent.Open($"/verifica/{code}");
        parent.Reads.Should().Contain("Documento autentico").And.Contain("40,50").And.Contain(Convert.ToHexStringLower(SHA256.HashData(file.Content))).And.NotContain("Anna", "who has not the paper learns no names");
        await parent.Open($"/verifica/{(code[^1] == '0' ? code[..^1] + '1' : code[..^1] + '0')}");
        parent.Status.Should().Be(404);
    }

    [Test]
    public async Task What_the_bank_took_back_counts_in_no_year_whenever_that_turned_out()
    {
        await SchoolOffice.Paid(host, await SchoolOffice.CodeOf(host, "OTT", "A1"), "CTN-1");
        await SchoolOffice.Paid(host, await SchoolOffice.CodeOf(host, "NOV", "A1"), "CTN-2");
        await host.After(Rome(2026, 1, 20, 9, 0) - host.Clock.GetUtcNow());
        (await Batch(2025)).Should().Equal("2025;1;P1;A1;40,50;0,00;sì");
        (await Batch(2025)).Should().Equal("2025;1;P1;A1;40,50;0,00;no");
        using var anybody = host.NewCitizen();
        var code = (await host.Database.Value<string>("select code from schoolfees.certificate where number = 1"))!;

        await SchoolOffice.Reversed(host, await SchoolOffice.CodeOf(host, "NOV", "A1"), "CTN-2");
        await anybody.Open($"/verifica/{code}");
        anybody.Reads.Should().Contain("non più valido").And.Contain("serve un’attestazione nuova");
        (await Batch(2025)).Should().Equal("2025;2;P1;A1;18,00;0,00;sì");
        await anybody.Open($"/verifica/{code}");
        anybody.Reads.Should().Contain("sostituita da un’altra il 20 gennaio 2026");
    }

    async Task EachIsSentOnce()
    {
        (await Batch(2025, send: true)).Should().HaveCount(2);
        await Batch(2025, send: true);
        (await host.Database.Rows<string>("select letter_key from core.mail where letter_key like 'certificate/%'")).Should().ContainSingle("of two payers one left an address");
    }

    [Test]
    public async Task A_refund_lessens_its_own_year_and_is_told_in_the_year_in_which_it_happened_when_that_is_a_later_one()
    {
        await SchoolOffice.Bill(host, "NIDO", "10/2025", "NIDO");
        await SchoolOffice.Bill(host, "EST", "10/2025", "ESTATE");
        var (meals, nursery, camp) = (await SchoolOffice.CodeOf(host, "OTT", "A2"), await SchoolOffice.CodeOf(host, "NIDO", "A2"), await SchoolOffice.CodeOf(host, "EST", "A1"));
        foreach (var (bill, order) in new[] { (meals, "CTN-1"), (nursery, "CTN-2"), (camp, "CTN-3") })
            await SchoolOffice.Paid(host, bill, order);
        await SchoolOffice.Refunded(host, nursery, "CTN-2", 50_00);
        await SchoolOffice.Refunded(host, nursery, "CTN-2", 1_00);
        await host.After(Rome(2026, 2, 1, 9, 0) - host.Clock.GetUtcNow());
        (await Batch(2025)).Should().Equal(["2025;1;P1;A2;6,30;249,00;sì"], "the nursery stands apart, and a summer camp is not among these expenses");

        await SchoolOffice.Refunded(host, meals, "CTN-1", 6_30, RefundedDue.Cancelled);
        (await Batch(2025)).Should().Equal(["2025;1;P1;A2;6,30;249,00;no"], "that year stays as it was certified");
        await host.After(Rome(2027, 1, 2, 9, 0) - host.Clock.GetUtcNow());
        (await Batch(2026)).Should().Equal("2026;1;P1;A2;0,00;0,00;sì");
        Text(await host.Database.Value<byte[]>("select pdf from schoolfees.certificate where year = 2026") ?? []).Should().Contain("restituiti 6,30 € di spese pagate nel 2025");
    }

    [Test]
    public async Task The_yearly_file_is_made_replaced_and_cancelled_in_a_chain_and_passes_its_own_check()
    {
        var (anna, carla) = (await SchoolOffice.CodeOf(host, "OTT", "A1"), await SchoolOffice.CodeOf(host, "OTT", "A3"));
        await SchoolOffice.Paid(host, anna, "CTN-1");
        await SchoolOffice.Paid(host, carla, "CTN-2");
        await Refused("non è finito", ("year", "2025"));
        await host.After(Rome(2026, 3, 1, 9, 0) - host.Clock.GetUtcNow());
        await Refused("nessuna comunicazione", ("year", "2025"), ("kind", "sostitutiva"));
        var first = await host.Office("schoolfees", "communicate", "CTN", ("year", "2025"));
        first.Should().Be("A;1;01065340372;2025;ordinaria;1;\nD;RSSNNA16B41A944L;RSSMRA80A01A944I;S;2025;1800;0\nD;VRDCRL17D41A944D;VRDLGI82B02A944Y;S;2025;1350;0\nZ;2;3150;0\n".Replace(
            "01065340372", (await host.Database.Value<string>("select tax_code from core.entity where code = 'CTN'"))!, StringComparison.Ordinal));
        (await SchoolOffice.Load(host, "verify", first)).Errors.Should().BeEmpty();
        await EachIsSentOnce();
        await Refused("fanne una sostitutiva", ("year", "2025"));

        await SchoolOffice.Reversed(host, anna, "CTN-1");
        (await host.Office("schoolfees", "communicate", "CTN", ("year", "2025"), ("kind", "sostitutiva"))).Should().Contain(";sostitutiva;2;1\n").And.Contain("Z;1;1350;0\n");
        (await SchoolOffice.Load(host, "objections", "anno;alunno\n2025;A3\n2025;A9")).Should().BeEquivalentTo(new { Added = 1 }, options => options.ExcludingMissingMembers());
        await Refused("nessuna riga di dettaglio", ("year", "2025"), ("kind", "sostitutiva"));
        var cancelled = await host.Office("schoolfees", "communicate", "CTN", ("year", "2025"), ("kind", "annullamento"));
        cancelled.Should().EndWith("annullamento;3;2\nZ;0;0;0\n");
        (await SchoolOffice.Load(host, "verify", cancelled)).Errors.Should().BeEmpty();
        await Refused("nessuna comunicazione", ("year", "2025"), ("kind", "annullamento"));
        (await host.Office("schoolfees", "communicate", "CTN", ("year", "2025"), ("again", "1"))).Should().Be(first, "it comes again as it was");

        async Task Refused(string why, params (string, string)[] options) =>
            (await FluentActions.Awaiting(() => host.Office("schoolfees", "communicate", "CTN", options)).Should().ThrowAsync<InvalidOperationException>()).WithMessage($"*{why}*");
    }

    async Task PayAtTheBank(Citizen parent, string run, string pupil)
    {
        await parent.Open("/castenaso/rette");
        await parent.Send(("codice", await SchoolOffice.CodeOf(host, run, pupil)), ("codice_fiscale", SchoolOffice.Payer));
        await parent.GoToBank();
        await parent.PayAtBank();
        parent.Heading.Should().Be("Pagamento riuscito");
        await host.Quiet();
    }

    async Task<string> Certificates(Citizen parent)
    {
        await parent.Open("/castenaso/rette");
        await parent.Send(("codice", await SchoolOffice.CodeOf(host, "OTT", "A1")), ("codice_fiscale", SchoolOffice.Payer));
        await parent.Follow("Attestazioni di spesa per il 730");
        return parent.Reads;
    }

    /// <summary>The office's list without codes and heading.</summary>
    async Task<IEnumerable<string>> Batch(int year, bool send = false)
    {
        var sheet = await host.Office("schoolfees", "certificates", "CTN", [("year", $"{year}"), .. send ? new[] { ("send", "") } : []]);
        await host.Quiet();
        return sheet.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(line => string.Join(';', line.Trim('\r').Split(';').Where((_, place) => place != 2)));
    }

    static string Text(byte[] pdf)
    {
        using var read = PdfDocument.Open(pdf);
        return string.Join(' ', read.GetPages().SelectMany(page => page.GetWords()).Select(word => word.Text));
    }

    static DateTimeOffset Rome(int year, int month, int day, int hour, int minute) => new DateTimeOffset(year, month, day, hour, minute, 0, TimeSpan.FromHours(1)).ToUniversalTime();
}
