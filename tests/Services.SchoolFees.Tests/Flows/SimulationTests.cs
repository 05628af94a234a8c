using Platform.Testing;

namespace Services.SchoolFees.Tests.Flows;

/// <summary>A tariff before it is adopted, tried on a year that was billed.</summary>
public sealed class SimulationTests
{
    [Test]
    public async Task A_tariff_is_tried_band_by_band_on_a_year_and_nothing_is_written()
    {
        await using var host = await PorticoTestHost.Start();
        await host.Activate("schoolfees", "CTN");
        await SchoolOffice.Registers(host);
        await SchoolOffice.Good(host, "CTN", "attendance", "alunno;servizio;mese;giorni\nA1;MENSA;02/2026;2 3 4 5\nA2;MENSA;02/2026;2 3\nA3;MENSA;02/2026;2 3 4 5\nA3;MENSA;10/2025;1");
        await SchoolOffice.Bill(host, "FEB", "02/2026");
        await SchoolOffice.Good(host, "CTN", "tariffs",
            "tariffa;servizio;dal;unita;metodo;massimo;fasce;sconto_fratelli\nMENSA26;MENSA;01/09/2026;pasto;fasce;5,00;10000,00=2,00 20000,00=4,00;50");
        var before = await Everything(host);
        (await host.Office("schoolfees", "simulate", "CTN", ("tariff", "mensa26"), ("year", "2025/2026"))).Replace('\u00a0', ' ').Trim().Split('\n').Should().Equal(
            "fascia;alunni;mesi;prima;dopo;differenza",
            // From January, when the ISEE of the two children counts: 4 × 3.65 + 2 × 2.56, and 4 × 4.00 + 2 × 2.00.
            "\"ISEE fino a 20.000,00 €\";2;12;19,72;20,00;0,28",
            "senza ISEE valido;3;18;22,50;25,00;2,50",
            "totale;3;30;42,22;45,00;2,78");
        (await host.Database.Value<long>("select sum(total_cents)::bigint from schoolfees.bill")).Should().Be(42_22, "what it calls before is what was billed");
        (await Everything(host)).Should().Be(before);
        foreach (var (tariff, year, why) in new[] { ("MENSA99", "2025/2026", "Non c'è la tariffa"), ("MENSA26", "2031/2032", "Non c'è l'anno") })
            (await FluentActions.Awaiting(() => host.Office("schoolfees", "simulate", "CTN", ("tariff", tariff), ("year", year))).Should().ThrowAsync<InvalidOperationException>()).WithMessage($"*{why}*");
    }

    static Task<string?> Everything(PorticoTestHost host) => host.Database.Value<string>(
        """
        select md5(concat((select string_agg(b::text, '|' order by b::text) from schoolfees.bill b), (select string_agg(l::text, '|' order by l::text) from schoolfees.bill_line l),
                          (select string_agg(t::text, '|' order by t::text) from schoolfees.tariff t), (select count(*) from schoolfees.run), (select count(*) from payments.position)))
        """);
}
