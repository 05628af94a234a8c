using System.Net;
using System.Text;
using Autofac;
using Platform.Core.Commands;
using Platform.Core.Money;
using Platform.Testing;

namespace Platform.Payments.Tests;

/// <summary>A started payment of a fine.</summary>
internal sealed record Started(Guid Attempt, string Order, Uri GoTo, Guid Due, string Reference);

/// <summary>A payment as the database has it.</summary>
internal sealed class PaymentRow
{
    public string State { get; init; } = "";
    public long AskedCents { get; init; }
    public long? TakenCents { get; init; }
    public DateTime? TakenConfirmedAt { get; init; }
    public DateTime? NextQueryAt { get; init; }
    public DateTime? LastQueryAt { get; init; }
    public int Queries { get; init; }
    public int Version { get; init; }
    public string StatusCode { get; init; } = "";
    public Guid AgreementId { get; init; }
}

/// <summary>Starts payments as the fines service does, and carries messages of the bank to the host by HTTP.</summary>
internal sealed class Till(PorticoTestHost host) : IDisposable
{
    public const string Return = "/pagamenti/pagonline/ritorno";
    public const string Listener = "/pagamenti/pagonline/ascolto";

    static int _number = 2000;

    /// <summary>Positions opened from now on keep what is too little on account.</summary>
    public bool OnAccount { get; set; }

    readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = host.Address };

    public PorticoTestHost Host => host;

    /// <summary>Loads a fine that costs 42,00 € (or as told) and starts a payment of it. The bank tells its listener nothing of the order.</summary>
    public async Task<Started> Start(string creditor = "URG", string shownBy = "BEN", long minimum = 40, int minimumCents = 0, int notifiedDaysAgo = 10, object? lies = null)
    {
        var fine = await host.LoadFine(
            creditor, shownBy == "MZB" ? "037036" : "037005", Interlocked.Increment(ref _number).ToString(System.Globalization.CultureInfo.InvariantCulture),
            minimum: minimum, minimumCents: minimumCents, notifiedDaysAgo: notifiedDaysAgo);
        return await Again(fine.Number, creditor, shownBy, lies);
    }

    /// <summary>Starts a further payment of a fine.</summary>
    public async Task<Started> Again(string reference, string creditor = "URG", string shownBy = "BEN", object? lies = null)
    {
        var due = await Open(reference, creditor, shownBy);
        var attempt = Guid.CreateVersion7();
        var checkout = (await Checkout(attempt, [due], creditor, shownBy)).Value;
        await host.Bank.Lie(checkout.OrderNumber, lies ?? new { listener = new { drop = true } });
        return new(attempt, checkout.OrderNumber, checkout.GoTo, due.Value, reference);
    }

    public async Task<DueId> Open(string reference, string creditor = "URG", string shownBy = "BEN") => (await host.As(
        "fines", creditor, shownBy, scope => scope.Resolve<ICommands>().Send(
            new OpenPosition(reference, $"Verbale {reference}", new(new(2026, 12, 31), [new("Sanzione", "9/0102100SA/", "1", new Euro(4200))])) { OnAccount = OnAccount }, CancellationToken.None))).Due;

    public Task<Outcome<StartedCheckout>> Checkout(Guid attempt, DueId[] dues, string creditor = "URG", string shownBy = "BEN", string returnPage = "verbale/x", string language = "it") =>
        host.As("fines", creditor, shownBy, scope => scope.Resolve<ICommands>().Send(new StartCheckout(attempt, dues, returnPage, language), CancellationToken.None));

    /// <summary>Pays at the bank with the test card; nothing comes back by itself.</summary>
    public Task<BankReturn> PayAtBank(Started payment, bool cancel = false) => host.Bank.Pay(payment.GoTo, cancel: cancel);

    /// <summary>A payment that has been taken, confirmed, booked and receipted.</summary>
    public async Task<Started> Paid(string creditor = "URG", string shownBy = "BEN")
    {
        var payment = await Start(creditor, shownBy);
        await Post(Return, (await PayAtBank(payment)).Body);
        await host.After(TimeSpan.FromSeconds(4));
        return payment;
    }

    public Task<HttpResponseMessage> Post(string path, string body) => Post(path, Encoding.Latin1.GetBytes(body));

    public async Task<HttpResponseMessage> Post(string path, byte[] body)
    {
        using var content = new ByteArrayContent(body) { Headers = { ContentType = new("application/x-www-form-urlencoded") } };
        return await _http.PostAsync(new Uri(path, UriKind.Relative), content);
    }

    /// <summary>The address goes out as it is written, with whatever escapes it has.</summary>
    public Task<HttpResponseMessage> Get(string path) =>
        _http.GetAsync(new Uri(host.Address.GetLeftPart(UriPartial.Authority) + path, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));

    public async Task<HttpStatusCode> Tell(string order, string now, string before = "RO")
    {
        using var answer = await Get($"{Listener}?{BankPen.Listener(order, now, before)}");
        return answer.StatusCode;
    }

    public async Task<PaymentRow> Of(Started payment) => (await host.Database.Rows<PaymentRow>(
        """
        select state, asked_cents, taken_cents, taken_confirmed_at, next_query_at, last_query_at, queries, version, status_code, agreement_id
          from payments.payment where order_no = @Order
        """,
        payment)).Single();

    public async Task<string> StateOf(Started payment) => (await Of(payment)).State;

    public Task<long> Count(string what, object args) => host.Database.Value<long>($"select count(*) from {what}", args);

    /// <summary>What the bank was asked about an order, so far.</summary>
    public async Task<int> QueriesAtBank(string order) => (await host.Bank.Journal()).Count(entry => (string?)entry["order"] == order && (string?)entry["kind"] == "queried");

    /// <summary>Everything that follows from a success is there, once.</summary>
    public async Task ShouldBePaidOnce(Started payment)
    {
        var row = await Of(payment);
        row.State.Should().Be("paid");
        row.TakenConfirmedAt.Should().NotBeNull("the amount is asked for soon after success");
        row.NextQueryAt.Should().BeNull("nothing more is to be asked");
        (await Count("payments.due_paid where due_id = @Due and payment_id = @Attempt", payment)).Should().Be(1);
        (await Count("core.outbox where type = 'payments.position_paid.1' and payload ->> 'orderNumber' = @Order", payment)).Should().Be(1);
        (await Count("payments.receipt where payment_id = @Attempt", payment)).Should().Be(1);
        (await Count("payments.external_call where payment_id = @Attempt and ended_at is null", payment)).Should().Be(0);
        (await host.Database.Value<string>("select state || ' ' || paid_order from fines.fine where series || '/' || year || '/' || number = @Reference", payment)).Should().Be($"paid {payment.Order}");
    }

    public void Dispose() => _http.Dispose();
}

/// <summary>One host for all tests of a fixture, whose rows do not collide; at its end the money must add up.</summary>
internal abstract class OnOneHost
{
    protected PorticoTestHost Host { get; private set; } = null!;

    protected Till Till { get; private set; } = null!;

    protected virtual Task<PorticoTestHost> Start() => PorticoTestHost.Start();

    [OneTimeSetUp]
    public async Task Open()
    {
        Host = await Start();
        Till = new(Host);
    }

    [OneTimeTearDown]
    public async Task Close()
    {
        try
        {
            await Host.Bank.TellTruth();
            await Host.Bank.BeDown(false);
            await Host.Quiet();
            await Host.After(TimeSpan.FromMinutes(3));
            await Host.MoneyAddsUp();
        }
        finally
        {
            Till.Dispose();
            await Host.DisposeAsync();
        }
    }
}
