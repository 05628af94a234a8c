using Platform.Testing;

namespace Platform.Payments.Tests.Flows;

/// <summary>What a log may not hold, whatever goes well or wrong.</summary>
public sealed class SecretsTests
{
    const string Email = "Chi.Paga@esempio.it";

    [Test]
    public async Task No_secret_no_code_and_no_card_reaches_the_log_or_the_database()
    {
        var log = new HeardLog();
        await using var host = await PorticoTestHost.Start(log: log);
        using var till = new Till(host);
        using var citizen = host.NewCitizen();
        var fine = await host.LoadFine();
        await citizen.FindFine("bentivoglio", fine);
        await citizen.Send(("payer_email", Email));
        await citizen.PayAtBank();
        await host.After(TimeSpan.FromSeconds(4));
        await citizen.Open("/bentivoglio/pagamenti/ho-pagato");
        await citizen.Send(("ordine", (await host.Database.Value<string>("select order_no from payments.payment"))!), ("email", Email));
        citizen.Heading.Should().Be("Pagamento riuscito", "the address is kept at all");

        var payment = await till.Start();
        var body = (await till.PayAtBank(payment)).Body;
        using var forged = await till.Post(Till.Return, body.Replace("esito=OK", "esito=KO", StringComparison.Ordinal));
        await host.Bank.BeDown(true);
        await host.After(TimeSpan.FromMinutes(3));
        await host.Bank.BeDown(false);
        using var back = await till.Post(Till.Return, body);
        await host.After(TimeSpan.FromMinutes(10));
        await host.MoneyAddsUp();

        log.Lines.Should().Contain(line => line.Contains(payment.Order, StringComparison.Ordinal), "the log is heard at all");
        var mac = Uri.UnescapeDataString(body[(body.LastIndexOf('=') + 1)..]);
        foreach (var secret in new[] { "9999888", BankPen.Key, "4444499922200000", "mac=", "password", fine.Plate, Email, mac, Uri.EscapeDataString(mac) })
            log.Lines.Should().NotContain(line => line.Contains(secret, StringComparison.OrdinalIgnoreCase), $"it must not hold {secret}");
        foreach (var secret in new[] { BankPen.Key, "4444499922200000", Email })
            (await host.Database.Value<long>(
                """
                select (select count(*) from payments.fact where position(convert_to(@secret, 'UTF8') in raw) > 0)
                     + (select count(*) from core.journal where body::text like '%' || @secret || '%')
                     + (select count(*) from core.outbox where payload::text like '%' || @secret || '%')
                     + (select count(*) from payments.agreement where settings::text || secret_ref like '%' || @secret || '%')
                """,
                new { secret })).Should().Be(0);
    }

    [Test]
    public async Task A_page_that_breaks_is_logged_by_its_pattern_never_by_the_token_in_its_address()
    {
        var log = new HeardLog();
        await using var host = await PorticoTestHost.Start(log: log);
        using var citizen = host.NewCitizen();
        await citizen.FindFine("bentivoglio", await host.LoadFine());
        var address = citizen.Address.AbsolutePath;

        await host.Database.Execute("alter table fines.fine rename to gone");
        await citizen.Open(address);

        citizen.Status.Should().Be(500);
        // Scopes are the framework's, and no log of ours writes them.
        var lines = log.Lines.Where(line => !line.Contains(" scope ", StringComparison.Ordinal) && !line.Contains(" Debug ", StringComparison.Ordinal) && !line.Contains(" Trace ", StringComparison.Ordinal)).ToList();
        lines.Should().ContainMatch("*GET /{entity}/multe/verbale/{token} failed; the citizen was given the code *");
        var token = address.Split('/')[^1];
        lines.Should().NotContain(line => line.Contains(token, StringComparison.Ordinal));
    }
}
