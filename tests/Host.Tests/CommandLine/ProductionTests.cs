using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Platform.Core.Storage.Embedded;
using Platform.Testing;

namespace Host.Tests.CommandLine;

/// <summary>
/// As an operator installs it: a PostgreSQL of their own, an owner who is no superuser, "portico migrate" as that owner and "portico serve" as the web role.
/// </summary>
public sealed partial class ProductionTests
{
    const string Header = "id;codice;slug;nome;tipo;istat;codice_fiscale;servizi\n";
    const string Good = Header + "0;000;servizi;Centro servizi;centre;;99900000011;\n37036;MZB;marzabotto;Comune di Marzabotto;municipality;037036;99900000136;fines\n";

    static readonly string[] BadLine =
        ["riga 2, id «x»", "riga 2, codice «MZ»", "riga 2, slug", "riga 2, nome", "riga 2, tipo «town»", "riga 2, istat", "riga 2, codice_fiscale «99900000137»", "riga 2, servizi"];

    string folder = null!;
    EmbeddedPostgres cluster = null!;

    [OneTimeSetUp]
    public async Task Begin()
    {
        folder = Path.Combine(Path.GetTempPath(), $"portico-prod-{Guid.NewGuid():n}"[..24]);
        cluster = await EmbeddedPostgres.Start(new EmbeddedPostgresOptions { DataFolder = Path.Combine(folder, "data") }, NullLogger.Instance, CancellationToken.None);
        await As("postgres", "portico_super", "create role gestore login createrole", "create database portico owner gestore template template0 encoding 'UTF8'");
    }

    [OneTimeTearDown]
    public async Task End()
    {
        NpgsqlConnection.ClearAllPools();
        await cluster.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [Test]
    public async Task An_owner_who_is_no_superuser_migrates_and_the_web_role_serves()
    {
        (await Portico("serve")).Should().Match<(int Code, string Words)>(r => r.Code == 1 && r.Words.Contains("portico_web"), "there is nothing yet");

        (await Migrate()).Should().Be((0, "core: up to date\npayments: up to date\nfines: up to date\nschoolfees: up to date\n"));
        (await Migrate()).Code.Should().Be(0, "migrating again changes nothing");

        (await Import("wrong.csv", Header + "x;MZ;Marza Botto;;town;1;99900000137;fines@@\n37036;MZB;marzabotto;Comune;municipality;037036;99900000136;fines\n")).Should().Match<(int Code, string Words)>(
            r => r.Code == 1 && BadLine.All(r.Words.Contains) && !r.Words.Contains("riga 3"));
        (await Import("twins.csv", Header + "1;AAA;uno;Uno;municipality;;99900000136;\n2;AAA;due;Due;municipality;;99900000136;\n")).Should().Match<(int Code, string Words)>(
            r => r.Code == 1 && r.Words.Contains("riga 3, codice «AAA»"));
        (await Import("nobody.csv", Header + "1;AAA;uno;Uno;municipality;;99900000136;fines@ZZZ\n")).Should().Match<(int Code, string Words)>(
            r => r.Code == 1 && r.Words.Contains("nessun ente ha il codice \"ZZZ\""));
        (await Import("good.csv", Good)).Should().Be((0, "2 enti: 2 nuove, 0 cambiate, 0 uguali, 0 errori.\n"));
        (await Import("good.csv", Good)).Should().Be((0, "2 enti: 0 nuove, 0 cambiate, 2 uguali, 0 errori.\n"));

        (await PorticoProgram.Run("jobs", "--database", cluster.ConnectionString("portico", "portico_web"), "--plugins", TestCluster.Plugins, "--data", "/dev/null/here"))
            .Should().Match<(int Code, string Words)>(r => r.Code == 1 && r.Words.Contains("portico: The data folder /dev/null/here cannot be used") && r.Words.Contains("--data"));

        await using (var host = PorticoProgram.Start([.. Common("serve"), "--listen", "http://127.0.0.1:0"]))
        {
            using var browser = new HttpClient { BaseAddress = await host.Serves() };
            (await browser.GetStringAsync(new Uri("/health/ready", UriKind.Relative))).Should().Contain("\"ready\":true").And.Contain("\"reasons\":[]");
            (await browser.GetStringAsync(new Uri("/marzabotto/multe", UriKind.Relative))).Should().Contain("Comune di Marzabotto").And.NotContain("Ambiente dimostrativo");
            (await host.Terminate()).Should().Be(0);
        }

        foreach (var role in (string[])["portico_web", "portico_core", "portico_fines", "portico_centre"])
            foreach (var statement in (string[])["create table public.mine (id int)", "create table core.mine (id int)", "create table fines.mine (id int)", "create schema mine", "alter table fines.fine disable row level security", "create role mine"])
                (await FluentActions.Awaiting(() => As("portico", "portico_web", $"set role {role}", statement)).Should().ThrowAsync<PostgresException>(statement))
                    .Which.SqlState.Should().Be(PostgresErrorCodes.InsufficientPrivilege, "{0} as {1}", statement, role);
    }

    [Test]
    public async Task What_the_database_lacks_stops_the_host_when_it_is_the_platforms_and_the_service_when_it_is_the_services()
    {
        (await Migrate()).Code.Should().Be(0);

        await As("portico", "portico_super", "delete from fines.migration where type = 0");
        await using (var host = PorticoProgram.Start([.. Common("serve"), "--listen", "http://127.0.0.1:0"]))
        {
            using var browser = new HttpClient { BaseAddress = await host.Serves() };
            (await browser.GetStringAsync(new Uri("/health/ready", UriKind.Relative))).Should().Contain("quarantined: fines: the database lacks its migrations: V1__fines.sql").And.Contain("\"ready\":true");
            using var asked = new HttpRequestMessage(HttpMethod.Get, new Uri("/health/ready", UriKind.Relative)) { Headers = { { "X-Forwarded-For", "192.0.2.1" } } };
            using var told = await browser.SendAsync(asked);
            (await told.Content.ReadAsStringAsync()).Should().Be("{\"ready\":true}", "what is wrong with it is nothing for a stranger behind the proxy");
        }
        await As("portico", "portico_super", "drop schema fines cascade");
        (await Migrate()).Code.Should().Be(0);

        await As("portico", "portico_super", "delete from payments.migration where type = 0");
        (await Portico("serve")).Should().Match<(int Code, string Words)>(
            r => r.Code == 1 && r.Words.Contains("portico: The database lacks migrations of \"payments\": V10__stray_messages.sql, V11__plans_and_refund_lines.sql, V12__received.sql, V13__on_account.sql, V14__days.sql, V1__payments.sql, V2__surplus_by_kind.sql, V3__ledger.sql, V4__expiry.sql, V5__payers.sql, V6__refunds.sql, V7__settlement.sql, V8__search.sql, V9__gateways_and_plans.sql. Run \"portico migrate\" as owner first."));
        await As("portico", "portico_super", "drop schema payments cascade");
        (await Migrate()).Code.Should().Be(0);
    }

    Task<(int Code, string Words)> Migrate() => PorticoProgram.Run(
        "migrate", "--owner-database", cluster.ConnectionString("portico", "gestore"), "--plugins", TestCluster.Plugins, "--data", Path.Combine(folder, "host"));

    async Task<(int Code, string Words)> Import(string name, string csv)
    {
        var file = Path.Combine(folder, name);
        await File.WriteAllTextAsync(file, csv);
        return await Portico("entity", "import", file);
    }

    Task<(int Code, string Words)> Portico(params string[] command) => PorticoProgram.Run(Common(command));

    string[] Common(params string[] command) =>
        [.. command, "--database", cluster.ConnectionString("portico", "portico_web"), "--plugins", TestCluster.Plugins, "--data", Path.Combine(folder, "host")];

    async Task As(string database, string user, params string[] statements)
    {
        await using var connection = new NpgsqlConnection(cluster.ConnectionString(database, user) + ";Pooling=false");
        await connection.OpenAsync();
        foreach (var statement in statements)
            await connection.ExecuteAsync(statement);
    }
}
