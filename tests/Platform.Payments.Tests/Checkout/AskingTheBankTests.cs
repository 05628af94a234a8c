using System.Net;
using System.Net.Sockets;
using System.Text;
using Platform.Testing;

namespace Platform.Payments.Tests.Checkout;

/// <summary>A question to the bank is written down before it is put, and only an answer about the order is an answer.</summary>
public sealed class AskingTheBankTests
{
    static readonly Guid Own = new("0197a000-0000-7000-8000-0000000000cc");

    [Test]
    public async Task The_intent_to_ask_is_committed_before_the_bank_hears_of_it()
    {
        await using var host = await PorticoTestHost.Start();
        using var till = new Till(host);
        long open = -1;
        using var bank = new OneLineBank(async _ =>
        {
            open = await host.Database.Value<long>("select count(*) from payments.external_call where ended_at is null");
            return "DESCRIZIONE=STATO+ORDINE+FALLITO&PRC=10999";
        });
        await With(host, bank);
        await till.Start("MZB", "MZB");
        await host.After(TimeSpan.FromMinutes(3));
        open.Should().Be(1);
        (await host.Database.Rows<(string Kind, string Outcome)>("select kind, outcome from payments.external_call")).Should().Equal(("query", "Undetermined"));
    }

    [TestCase("\r\n")]
    [TestCase("")]
    public async Task An_answer_about_another_order_is_not_used(string lineEnd)
    {
        await using var host = await PorticoTestHost.Start();
        using var till = new Till(host);
        using var bank = new OneLineBank(order => Task.FromResult($"AMOUNT=4200&OBJECT=PAYMENT&STATE=CO&ORDERNUMBER=MZB-0000000000000-0&CURRENCY=978&AMOUNTEXP10=-2{lineEnd}"));
        await With(host, bank);
        var payment = await till.Start("MZB", "MZB");
        await host.After(TimeSpan.FromMinutes(3));
        (await till.StateOf(payment)).Should().Be("unknown");
    }

    [Test]
    public async Task An_answer_that_names_no_order_is_not_used()
    {
        await using var host = await PorticoTestHost.Start();
        using var till = new Till(host);
        using var bank = new OneLineBank(_ => Task.FromResult("AMOUNT=4200&OBJECT=PAYMENT&STATE=CO&CURRENCY=978&AMOUNTEXP10=-2"));
        await With(host, bank);
        var payment = await till.Start("MZB", "MZB");
        await host.After(TimeSpan.FromMinutes(3));
        (await till.StateOf(payment)).Should().Be("unknown");
    }

    [Test]
    public async Task An_answer_about_another_order_is_not_used_by_the_next_host_either()
    {
        await using var host = await PorticoTestHost.Start();
        using var till = new Till(host);
        var payment = await till.Start(lies: new { query = new { down = true } });
        var raw = Encoding.ASCII.GetBytes("AMOUNT=4200&OBJECT=PAYMENT&STATE=CO&ORDERNUMBER=URG-0000000000000-0&CURRENCY=978&AMOUNTEXP10=-2");
        await host.Database.Execute(
            """
            insert into payments.fact (entity_id, channel, digest, order_no, verdict, raw, first_at)
            values (137001, 'query', sha256(convert_to(@Order || E'\n', 'LATIN1') || @raw), @Order, 'genuine', @raw, @at)
            """,
            new { payment.Order, raw, at = host.Clock.GetUtcNow().UtcDateTime.AddMinutes(-1) });
        await host.Quiet();
        (await till.StateOf(payment)).Should().Be("unknown");
        (await till.Count("payments.fact where applied_at is null", new { })).Should().Be(0);
    }

    [Test]
    public async Task A_creditor_whose_payment_cannot_be_handled_does_not_keep_others_waiting()
    {
        await using var host = await PorticoTestHost.Start();
        using var till = new Till(host);
        // Marzabotto comes first, and its row cannot be written; the union has a success to be found.
        var broken = await till.Start("MZB", "MZB");
        await host.Database.Execute("alter table payments.payment add constraint broken check (entity_id <> 37036 or queries = 0)");
        var good = await till.Start();
        await till.PayAtBank(good);
        host.Clock.Advance(TimeSpan.FromMinutes(3));
        for (var sweep = 0; sweep < 3; sweep++)
            await SweepPayments(host);
        (await till.StateOf(good)).Should().Be("paid");
        (await till.StateOf(broken)).Should().Be("prepared");
    }

    static async Task SweepPayments(PorticoTestHost host)
    {
        try
        {
            await Autofac.ResolutionExtensions.Resolve<Payments.Checkout.PaymentPoller>(host.Container).Sweep(CancellationToken.None);
        }
        catch (Npgsql.PostgresException)
        {
            // As the background loop does: log and go on at the next sweep.
            return;
        }
    }

    static Task With(PorticoTestHost host, OneLineBank bank) => host.SaveAgreement(Own, "MZB", settings: new
    {
        merchant = "9999888", store = "99888", user = "9999888", start = new Uri(host.Bank.Address, "/initInsert.do").AbsoluteUri, query = bank.Address,
    });

    /// <summary>A bank that answers every question by one line of the test's choice.</summary>
    sealed class OneLineBank : IDisposable
    {
        readonly HttpListener _listener = new();

        public OneLineBank(Func<string, Task<string>> answer)
        {
            using (var free = new TcpListener(IPAddress.Loopback, 0))
            {
                free.Start();
                Address = $"http://127.0.0.1:{((IPEndPoint)free.LocalEndpoint).Port}/query/";
            }
            _listener.Prefixes.Add(Address);
            _listener.Start();
            _ = Serve(answer);
        }

        public string Address { get; }

        async Task Serve(Func<string, Task<string>> answer)
        {
            while (_listener.IsListening)
            {
                HttpListenerContext call;
                try
                {
                    call = await _listener.GetContextAsync();
                }
                catch (Exception stopped) when (stopped is HttpListenerException or ObjectDisposedException)
                {
                    return;
                }
                using var reader = new StreamReader(call.Request.InputStream);
                await call.Response.OutputStream.WriteAsync(Encoding.Latin1.GetBytes(await answer(await reader.ReadToEndAsync())));
                call.Response.Close();
            }
        }

        public void Dispose() => _listener.Close();
    }
}
