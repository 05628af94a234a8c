using Autofac;
using Platform.Core.Money;
using Platform.Core.Plugins;
using Platform.Core.Storage;
using Platform.Payments;
using Platform.Testing;

namespace Services.SchoolFees.Tests.Flows;

/// <summary>The files of a school office: two schools of Castenaso, a household of two children, an only child.</summary>
internal static class SchoolOffice
{
    public const string Payer = "RSSMRA80A01A944I";
    public const string OtherPayer = "VRDLGI82B02A944Y";

    public static async Task Registers(PorticoTestHost host, string creditor = "CTN")
    {
        await Good(host, creditor, "years", "anno;dal;al\n2025/2026;15/09/2025;06/06/2026");
        await Good(host, creditor, "schools", "scuola;nome\nMARCONI;Primaria Marconi\nFRESU;Primaria Fresu");
        await Good(host, creditor, "calendar",
            """
            scuola;tipo;dal;al
            MARCONI;lezioni;15/09/2025;06/06/2026
            MARCONI;chiusura;24/12/2025;06/01/2026
            FRESU;lezioni;15/09/2025;06/06/2026
            """);
        await Good(host, creditor, "services",
            """
            servizio;tipo;nome;codice_tassonomia;capitolo
            MENSA;mensa;Mensa scolastica;9/0107101TS/;3010201
            BUS;trasporto;Trasporto scolastico;9/0107102SP/;3010202
            """);
        await Good(host, creditor, "tariffs",
            """
            tariffa;servizio;dal;unita;metodo;massimo;fasce;sconto_fratelli;quota_fissa
            MENSA25;MENSA;01/09/2025;pasto;fasce;4,50;2000,00=0,50 15000,00=3,65 25000,00=4,10;30 50;
            BUS25;BUS;01/09/2025;mese;unica;25,00;;;
            """);
        await Good(host, creditor, "pupils", Pupils);
        await Good(host, creditor, "enrolments",
            """
            iscrizione;alunno;servizio;scuola;dal;al
            I1;A1;MENSA;MARCONI;15/09/2025;
            I2;A2;MENSA;MARCONI;15/09/2025;
            I3;A3;MENSA;FRESU;15/09/2025;
            I4;A3;BUS;FRESU;15/09/2025;
            """);
        await Good(host, creditor, "isee", "protocollo;pagante;tipo;presentata_il;isee\nINPS-ISEE-2026-1;P1;minorenni;10/01/2026;15.000,00");
    }

    public const string Pupils =
        $"""
        alunno;cognome_alunno;nome_alunno;nato_il;cf_alunno;residente;pagante;cognome_pagante;nome_pagante;cf_pagante;email_pagante
        A1;Rossi;Anna;01/02/2016;RSSNNA16B41A944L;sì;P1;Rossi;Mario;{Payer};mario@example.org
        A2;Rossi;Bruno;01/03/2018;RSSBRN18C01A944D;sì;P1;Rossi;Mario;{Payer};mario@example.org
        A3;Verdi;Carla;01/04/2017;VRDCRL17D41A944D;sì;P2;Verdi;Luigi;{OtherPayer};
        """;

    public static string Days(params int[] days) => string.Join(' ', days);

    public static Task<ImportReport> Load(PorticoTestHost host, string verb, string csv, string creditor = "CTN") => host.Import("schoolfees", verb, creditor, csv);

    public static async Task<ImportReport> Good(PorticoTestHost host, string creditor, string verb, string csv)
    {
        var report = await host.Import("schoolfees", verb, creditor, csv);
        report.Errors.Should().BeEmpty("{0}", verb);
        return report;
    }

    public static Task<ImportReport> Run(PorticoTestHost host, string id, string month, string act, string? total = null, string service = "MENSA", string creditor = "CTN") =>
        host.Import("schoolfees", "bill", creditor, $"elaborazione;servizio;mese;scadenza;azione;totale\n{id};{service};{month};31/03/2026;{act};{total}");

    /// <summary>As an officer does it: preview, read the total, approve by it.</summary>
    public static async Task Bill(PorticoTestHost host, string id, string month, string service = "MENSA", string creditor = "CTN")
    {
        (await Run(host, id, month, "anteprima", null, service, creditor)).Errors.Should().BeEmpty();
        var cents = await host.Database.Value<long>("select total_cents from schoolfees.run where run_id = @id", new { id });
        (await Run(host, id, month, "approva", $"{cents / 100},{cents % 100:00}", service, creditor)).Errors.Should().BeEmpty();
        await host.Quiet();
    }

    static readonly Guid Position = Guid.NewGuid();

    static int versions = 100;

    /// <summary>As payments tells it: an event of a bill's position.</summary>
    public static async Task Tell(PorticoTestHost host, string code, Func<PositionKey, int, DateTimeOffset, PositionEvent> happened, string creditor = "CTN")
    {
        await host.As("payments", creditor, creditor, scope => scope.Resolve<ISessions>().Run(
            session =>
            {
                session.Raise(happened(new(new(Position), "schoolfees", code), Interlocked.Increment(ref versions), host.Clock.GetUtcNow()));
                return Task.FromResult(0);
            },
            CancellationToken.None));
        await host.Quiet();
    }

    /// <summary>The bank took what a bill asks for, now.</summary>
    public static async Task Paid(PorticoTestHost host, string code, string order)
    {
        var total = new Euro(await host.Database.Value<long>("select total_cents from schoolfees.bill where code = @code", new { code }));
        await Tell(host, code, (position, version, at) => new PositionPaid(position, version, Guid.NewGuid(), Guid.NewGuid(), order, total, new(37019), at));
    }

    public static Task Reversed(PorticoTestHost host, string code, string order) =>
        Tell(host, code, (position, version, at) => new PositionReversed(position, version, Guid.NewGuid(), Guid.NewGuid(), order, at));

    public static Task Refunded(PorticoTestHost host, string code, string order, long cents, RefundedDue then = RefundedDue.Paid) =>
        Tell(host, code, (position, version, at) => new PositionRefunded(position, version, Guid.NewGuid(), Guid.NewGuid(), order, Guid.NewGuid(), new(cents), then, at));

    public static async Task<string> CodeOf(PorticoTestHost host, string run, string pupil) =>
        (await host.Database.Value<string>("select code from schoolfees.bill where run_id = @run and pupil_id = @pupil", new { run, pupil }))!;

    public static Task<long> TotalOf(PorticoTestHost host, string run, string pupil) =>
        host.Database.Value<long>("select coalesce((select total_cents from schoolfees.bill where run_id = @run and pupil_id = @pupil), 0)", new { run, pupil });
}
