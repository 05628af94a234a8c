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
        report.Errors.Should().ContainSingle().Which.Message.Should().Contain(words);
        if (!csv.EndsWith("X;b", StringComparison.Ordinal))
            (await Everything()).Should().Be(before);
    }

    Task<string?> Everything() => host.Database.Value<string>(
        """
        select md5(concat((select string_agg(e::text, '|' order by e::text) from schoolfees.enrolment e), (select string_agg(s::text, '|' order by s::text) from schoolfees.school s),
                          (select string_agg(t::text, '|' order by t::text) from schoolfees.tariff t), (select string_agg(a::text, '|' order by a::text) from schoolfees.attendance a)))
        """);
}
