using Platform.Testing;

namespace Services.SchoolFees.Tests.Flows;

/// <summary>What a school office may get wrong in its files.</summary>
public sealed class WrongLinesTests
{
    PorticoTestHost host = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        host = await PorticoTestHost.Start();
        await host.Activate("schoolfees", "CTN");
        await SchoolOffice.Registers(host);
    }

    [OneTimeTearDown]
    public async Task Stop() => await host.DisposeAsync();

    [TestCase("enrolments", "iscrizione;alunno;servizio;scuola;dal;al\nI9;A1;MENSA;FRESU;01/02/2026;", "già iscritto")]
    [TestCase("enrolments", "iscrizione;alunno;servizio;scuola;dal;al\nI9;A9;MENSA;FRESU;01/02/2026;", "l'alunno A9")]
    [TestCase("enrolments", "iscrizione;alunno;servizio;scuola;dal;al\nI9;A1;BUS;FRESU;31/02/2026;", "Scrivi una data")]
    [TestCase("enrolments", "iscrizione;alunno;servizio;scuola;dal;al\nI1;A2;MENSA;MARCONI;15/09/2025;", "è già di A1 MENSA")]
    [TestCase("enrolments", "iscrizione;alunno;servizio;scuola;dal;al\nI1;A1;MENSA;MARCONI;15/09/2025;14/09/2025", "prima del primo")]
    [TestCase("enrolments", "iscrizione;alunno;servizio;scuola;dal;al\nI1B;A1;MENSA;FRESU;01/02/2026;", "chiudi prima quella")]
    [TestCase("enrolments", "iscrizione;alunno;servizio;scuola;dal;al\nI1\u0000;A1;MENSA;MARCONI;15/09/2025;", "codice di lettere")]
    [TestCase("attendance", "alunno;servizio;mese;giorni\nA1;MENSA;09/2026;15", "non è un giorno di scuola")]
    [TestCase("attendance", "alunno;servizio;mese;giorni\nA1;MENSA;02/2026;2 -3", "numeri da 1 a 31")]
    [TestCase("attendance", "alunno;servizio;mese;giorni\nA1;MENSA;02/2026;2 99999999999999999999", "numeri da 1 a 31")]
    [TestCase("attendance", "alunno;servizio;mese;giorni\nA1;MENSA;02/2026;2 3\nA1;MENSA;2/2026;4", "già alla riga 2")]
    [TestCase("attendance", "alunno;servizio;mese;giorni\n\"A1;MENSA;02/2026;2 3", "virgolette")]
    [TestCase("attendance", "alunno;servizio;mese;giorni", "")]
    [TestCase("attendance", "alunno;servizio;mese;giorni\nA1;MENSA;12/2025;24", "non è un giorno di scuola")]
    [TestCase("attendance", "alunno;servizio;mese;giorni\nA1;MENSA;02/2026;7", "non è un giorno di scuola")]
    [TestCase("attendance", "alunno;servizio;mese;giorni\nA1;MENSA;02/2026;30", "non ha tanti giorni")]
    [TestCase("attendance", "alunno;servizio;mese;giorni\nA1;BUS;02/2026;3", "non era iscritto")]
    [TestCase("services", "servizio;tipo;nome;codice_tassonomia;capitolo\nX;mensa;X;9/01/;1", "tassonomia")]
    [TestCase("tariffs", "tariffa;servizio;dal;unita;metodo;massimo\nT9;MENSA;02/03/2026;pasto;unica;1,00", "primo giorno")]
    [TestCase("tariffs", "tariffa;servizio;dal;unita;metodo;massimo\nT9;MENSA;01/09/2025;pasto;unica;1,00", "vale già la tariffa")]
    [TestCase("schools", "scuola\nX", "Mancano le colonne: nome")]
    [TestCase("schools", "", "vuoto")]
    [TestCase("schools", "scuola;nome\nX;a;b", "3 colonne")]
    [TestCase("schools", "scuola;nome\nX;a\nX;b", "già alla riga 2")]
    public async Task A_wrong_line_is_told_in_words_and_not_loaded(string verb, string csv, string words)
    {
        var before = await Everything();
        var report = await SchoolOffice.Load(host, verb, csv);
        if (words.Length == 0)
            report.Should().BeEquivalentTo(new { Read = 0, Refused = 0 }, options => options.ExcludingMissingMembers());
        else
            report.Errors.Should().ContainSingle().Which.Message.Should().Contain(words);
        if (words != "già alla riga 2")
            (await Everything()).Should().Be(before);
    }

    Task<string?> Everything() => host.Database.Value<string>(
        """
        select md5(concat((select string_agg(e::text, '|' order by e::text) from schoolfees.enrolment e), (select string_agg(s::text, '|' order by s::text) from schoolfees.school s),
                          (select string_agg(t::text, '|' order by t::text) from schoolfees.tariff t), (select string_agg(a::text, '|' order by a::text) from schoolfees.attendance a)))
        """);
}
