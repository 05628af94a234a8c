using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Platform.Core.Storage.Embedded;
using Platform.Core.Time;
using Platform.Testing;

namespace Portico.Host.Tests.Processes;

/// <summary>The program itself, killed and stopped: what it leaves behind, and what it makes good when it starts again.</summary>
public sealed class StoppedHostTests
{
    static DateOnly Today => LegalTime.Day(TimeProvider.System.GetUtcNow());

    [Test]
    public async Task A_host_killed_between_the_bank_s_yes_and_its_hearing_of_it_finds_the_payment_when_it_starts_again()
    {
        using var place = new Workplace();
        // Nobody tells the bank where to call, and the browser never comes back: only asking can find out.
        await using var bank = await EmulatedBank.Start();
        string[] here = ["--data", place.Data, "--plugins", TestCluster.Plugins, "--profile", "test", "--listen", "http://127.0.0.1:0"];
        await RunningPortico.Do(["entity", "import", await place.File("entities.csv", await Entities()), .. here]);
        await RunningPortico.Do(["agreement", "set", "--id", "0197a000-0000-7000-8000-0000000000ab", "--from", "2020-01-01", "--secret", "test", await place.File("bank.json", Terms(bank)), .. here]);
        var fine = new Fine("V/2026/4711", Today.AddDays(-20), "AB123CD");
        await RunningPortico.Do(["fines", "import", "--entity", "URG", await place.File("fines.csv", Register(fine)), .. here]);

        var (first, address) = await RunningPortico.Begin("serves on", ["serve", .. here]);
        await using (first)
        {
            using var citizen = new Citizen(address);
            await citizen.FindFine("bentivoglio", fine);
            await citizen.GoToBank();
            await citizen.Press("azione", "paga");
            await first.Kill();
        }
        (await bank.Journal()).Should().Contain(entry => (string?)entry["kind"] == "taken", "the bank has the money");
        await Eventually.Holds(() => place.Busy().Count == 0, "nothing is left running after kill -9", seconds: 15);

        var (second, again) = await RunningPortico.Begin("serves on", ["serve", .. here]);
        await using (second)
        {
            using var citizen = new Citizen(again);
            await Eventually.Holds(
                async () =>
                {
                    await citizen.FindFine("bentivoglio", fine);
                    return citizen.Reads.Contains("Questa multa è pagata", StringComparison.Ordinal);
                },
                "the fine is paid");
            await using (var database = await EmbeddedPostgres.Start(new EmbeddedPostgresOptions { DataFolder = place.Data }, NullLogger.Instance, CancellationToken.None))
            {
                database.Owns.Should().BeFalse("the host does");
                await using var connection = new NpgsqlConnection(database.ConnectionString("portico", "portico_super") + ";Pooling=false");
                await Eventually.Holds(async () => await connection.ExecuteScalarAsync<long>("select count(*) from payments.receipt") == 1, "there is one receipt");
                (await connection.ExecuteScalarAsync<long>("select count(*) from payments.payment where state = 'paid'")).Should().Be(1);
                (await connection.ExecuteScalarAsync<long>("select count(*) from payments.surplus")).Should().Be(0, "nothing was taken twice");
            }
            (await second.Interrupt()).Should().Be(0);
        }
        place.Busy().Should().BeEmpty();
    }

    [Test]
    public async Task A_host_killed_while_the_second_bank_opens_the_order_and_again_after_it_took_the_money_opens_and_takes_nothing_twice()
    {
        using var place = new Workplace();
        await using var bank = await EmulatedBank.Start("imprese");
        string[] here = ["--data", place.Data, "--plugins", TestCluster.Plugins, "--profile", "test", "--listen", "http://127.0.0.1:0"];
        await RunningPortico.Do(["entity", "import", await place.File("entities.csv", await Entities()), .. here]);
        var terms = JsonSerializer.Serialize(new
        {
            terminal = "UNI_MYBK", service = new Uri(bank.Address, "/UNI_CG_SERVICES/services/").AbsoluteUri, pages = bank.Address.GetLeftPart(UriPartial.Authority),
        });
        await RunningPortico.Do(
            ["agreement", "set", "--id", "0197a000-0000-7000-8000-0000000000ac", "--gateway", "pagonline-imprese", "--from", "2020-01-01", "--secret", "imprese", await place.File("bank.json", terms), .. here]);
        var fine = new Fine("V/2026/4712", Today.AddDays(-20), "AB123CD");
        await RunningPortico.Do(["fines", "import", "--entity", "URG", await place.File("fines.csv", Register(fine)), .. here]);

        var (first, address) = await RunningPortico.Begin("serves on", ["serve", .. here]);
        await using (first)
        {
            using var citizen = new Citizen(address);
            await citizen.FindFine("bentivoglio", fine);
            // The bank opens the order and keeps the line busy; the host dies waiting for the answer.
            await bank.Lie("*", new { init = new { delayMs = 3000 } });
            var going = citizen.GoToBank();
            await Eventually.Holds(async () => (await bank.Journal()).Any(entry => (string?)entry["kind"] == "called"), "Init is under way");
            await first.Kill();
            await ((Func<Task>)(() => going)).Should().NotThrowAsync("the browser shows that the connection broke");
        }
        await bank.TellTruth();
        await Eventually.Holds(() => place.Busy().Count == 0, "nothing is left running after kill -9", seconds: 15);

        var (second, again) = await RunningPortico.Begin("serves on", ["serve", .. here]);
        await using (second)
        {
            using var citizen = new Citizen(again);
            await citizen.FindFine("bentivoglio", fine);
            await citizen.GoToBank();
            // Too soon after the first attempt to know that nobody has its address, payments asks what is meant.
            if (citizen.Page.QuerySelector("input[name=scelta]") is { } choice)
                await citizen.Send(("scelta", choice.GetAttribute("value")!));
            await citizen.Press("azione", "paga");
            await second.Kill();
        }
        await Eventually.Holds(() => place.Busy().Count == 0, "nothing is left running after kill -9", seconds: 15);

        var (third, at) = await RunningPortico.Begin("serves on", ["serve", .. here]);
        await using (third)
        {
            using var citizen = new Citizen(at);
            await Eventually.Holds(
                async () =>
                {
                    await citizen.FindFine("bentivoglio", fine);
                    return citizen.Reads.Contains("Questa multa è pagata", StringComparison.Ordinal);
                },
                "the fine is paid");
            (await third.Interrupt()).Should().Be(0);
        }
        var journal = await bank.Journal();
        journal.Count(entry => (string?)entry["kind"] == "taken").Should().Be(1);
        journal.Where(entry => (string?)entry["kind"] == "called" && (string?)entry["detail"]!["operation"] == "Init").Select(entry => (string?)entry["order"]).Should().OnlyHaveUniqueItems("no order is opened twice");
        place.Busy().Should().BeEmpty();
    }

    [Test]
    public async Task Ctrl_C_ends_the_demo_with_all_it_started_and_the_next_start_finds_the_fine_paid()
    {
        using var place = new Workplace();
        string[] demo =
        [
            "demo", "--data", place.Data, "--plugins", TestCluster.Plugins, "--listen", "http://127.0.0.1:0", "--bank", $"http://127.0.0.1:{FreePort()}",
            "--bank-program", Path.Combine(TestCluster.Artifacts, "bin", "PagOnLine.Emulator", "release", "pagonline-emulator"),
            "--identities", $"http://127.0.0.1:{FreePort()}", "--identity-program", Path.Combine(TestCluster.Artifacts, "bin", "Oidc.Provider", "release", "oidc-provider"),
        ];
        var fine = new Fine("V/2026/1042", Today.AddDays(-20), "AB123CD");

        var (first, address) = await RunningPortico.Begin("Portico is at", demo);
        await using (first)
        {
            using var citizen = new Citizen(address);
            await citizen.FindFine("bentivoglio", fine);
            citizen.Reads.Should().Contain("31,40");
            await citizen.GoToBank();
            await citizen.PayAtBank();
            citizen.Heading.Should().Be("Pagamento riuscito");

            await citizen.Open("/castenaso/accesso");
            await citizen.Follow("Entra con identità dimostrativa");
            citizen.Page.Body!.TextContent.Should().Contain("queste persone sono generate");
            await citizen.Follow("Irene Barbieri");
            citizen.Address.Should().Be(new Uri(address, "/castenaso"));
            citizen.Page.QuerySelector("header")!.TextContent.Should().Contain("Irene Barbieri");
            await citizen.Open("/console/accesso");
            await citizen.Follow("Entra con identità dimostrativa");
            await citizen.Follow("Bruno Dimostrazione");
            citizen.Address.AbsolutePath.Should().Be("/console/reno-galliera");
            (await first.Interrupt()).Should().Be(0);
            first.Said.Should().Contain("Portico demo: stopped.");
        }
        place.Busy().Should().BeEmpty("host, bank and database have stopped");

        var (second, again) = await RunningPortico.Begin("Portico is at", demo);
        await using (second)
        {
            using var citizen = new Citizen(again);
            // The service may still have to be told of what the host knew when it was stopped.
            await Eventually.Holds(
                async () =>
                {
                    await citizen.FindFine("bentivoglio", fine);
                    return citizen.Reads.Contains("Questa multa è pagata", StringComparison.Ordinal);
                },
                "the fine is paid");
            (await second.Interrupt()).Should().Be(0);
        }
        place.Busy().Should().BeEmpty();
    }

    static async Task<string> Entities()
    {
        using var reader = new StreamReader(typeof(PorticoApp).Assembly.GetManifestResourceStream("Portico.Host.Demo.entities.csv")!);
        return await reader.ReadToEndAsync();
    }

    static string Terms(EmulatedBank bank) => JsonSerializer.Serialize(new
    {
        merchant = "9999888", store = "99888", user = "9999888",
        start = new Uri(bank.Address, "/initInsert.do").AbsoluteUri, query = new Uri(bank.Address, "/backoffice/servizi/execute_remote_command.do").AbsoluteUri,
    });

    static string Register(Fine fine)
    {
        string Day(DateOnly day) => day.ToString("dd/MM/yyyy", CultureInfo.InvariantCulture);
        return $"""
            serie;anno;numero;data_violazione;targa;comune;luogo;articolo;descrizione;minimo;massimo;spese;data_notifica;contestazione_immediata;sconto_escluso
            {fine.Number.Replace('/', ';')};{Day(fine.Date)};{fine.Plate};037005;Via Marconi 12;art. 158 c. 2;Sosta vietata;42,00;173,00;2,00;{Day(Today.AddDays(-1))};no;no
            """;
    }

    /// <summary>A port that was free a moment ago: the demo must know the bank's address before the bank runs.</summary>
    static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
