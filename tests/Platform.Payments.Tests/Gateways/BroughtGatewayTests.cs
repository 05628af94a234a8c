using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Autofac;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Platform.Core.Commands;
using Platform.Core.Money;
using Platform.Payments.Gateways;
using Platform.Testing;

namespace Platform.Payments.Tests.Gateways;

/// <summary>A gateway that a service brings: found like any service, chosen by agreement, and kept from hurting others.</summary>
internal sealed class BroughtGatewayTests
{
    const string Key = "a key of the test";

    static readonly string Sample = Path.Combine(TestCluster.Artifacts, "test-gateways", "samplebank");

    string _plugins = "";
    SmallBank _bank = null!;
    PorticoTestHost _host = null!;
    Till _till = null!;

    [OneTimeSetUp]
    public async Task Open()
    {
        _plugins = Directory.CreateTempSubdirectory("portico-gateways-").FullName;
        Lay(Path.Combine(TestCluster.Plugins, "fines"), Path.Combine(_plugins, "fines"));
        Lay(Sample, Path.Combine(_plugins, "samplebank"));
        _bank = await SmallBank.Start(Key);
        _host = await PorticoTestHost.Start(plugins: _plugins, secrets: [new("Secrets:sample:key", Key)]);
        _till = new(_host);
        await _host.SaveAgreementWith("samplebank", new("0197a000-0000-7000-8000-0000000000dd"), "MZB", new { shop = "S1", bank = _bank.Address.AbsoluteUri }, "sample");
    }

    [OneTimeTearDown]
    public async Task Close()
    {
        _till.Dispose();
        await _host.DisposeAsync();
        await _bank.DisposeAsync();
        Directory.Delete(_plugins, recursive: true);
    }

    [Test]
    public void The_sample_counts_less_than_200_lines()
    {
        var script = Path.GetFullPath(Path.Combine(TestCluster.Artifacts, "..", "tests", "Plugins", "SampleBank", "count-lines.sh"));
        using var counting = Process.Start(new ProcessStartInfo(script) { RedirectStandardOutput = true, UseShellExecute = false })!;
        var counted = counting.StandardOutput.ReadToEnd().Trim();
        TestContext.Out.WriteLine($"The sample gateway counts {counted} lines of C#.");
        int.Parse(counted, System.Globalization.CultureInfo.InvariantCulture).Should().BeInRange(1, 199);
    }

    [Test]
    public async Task A_payment_through_a_brought_gateway_is_taken_confirmed_told_and_given_back()
    {
        var payment = await Start();
        payment.GoTo.Should().Match<Uri>(address => address.AbsoluteUri.StartsWith(_bank.Address.AbsoluteUri, StringComparison.Ordinal));
        _bank.Pay(payment.Order, 4200);
        using (var back = await _till.Get($"/pagamenti/samplebank/ritorno?{_bank.Say($"shop=S1&order={payment.Order}&state=paid&cents=4200")}"))
            back.StatusCode.Should().Be(HttpStatusCode.SeeOther);
        await _host.After(TimeSpan.FromSeconds(4));
        await _till.ShouldBePaidOnce(payment);

        (await _host.Portico("refund", "ask", payment.Order, "--reason", "Sbagliato verbale", "--by", "marta")).Code.Should().Be(0);
        var number = (await _host.Database.Value<string>("select number from payments.refund where payment_id = @Attempt", payment))!;
        (await _host.Portico("refund", "approve", number, "--by", "luca")).Code.Should().Be(0);
        await _host.Quiet();
        (await _host.Database.Value<string>("select state from payments.refund where number = @number", new { number })).Should().Be("done");
        _bank.GivenBack.Should().ContainKey(number).WhoseValue.Should().Be(4200);
    }

    [Test]
    public async Task A_forged_return_of_a_brought_gateway_pays_nothing_and_makes_us_ask()
    {
        var payment = await Start();
        var back = new Uri(System.Web.HttpUtility.ParseQueryString(payment.GoTo.Query)["back"]!).AbsolutePath;
        foreach (var address in new[] { "/pagamenti/samplebank/ritorno", back })
        {
            using var forged = await _till.Get($"{address}?shop=S1&order={payment.Order}&state=paid&cents=4200&sign=00");
            forged.StatusCode.Should().Be(HttpStatusCode.NotFound, "where the protocol signs, the signature proves the payer");
        }
        await _host.Quiet();
        (await _host.Database.Value<string>("select verdict from payments.fact where order_no = @Order and channel = 'return'", payment)).Should().Be("forged");
        (await _till.StateOf(payment)).Should().Be("prepared");
        (await _till.Count("payments.external_call where payment_id = @Attempt and kind = 'query'", payment)).Should().Be(1);
    }

    [Test]
    public async Task The_command_line_names_it_among_the_gateways()
    {
        var file = Path.Combine(_plugins, "terms.json");
        await File.WriteAllTextAsync(file, "{}");
        var told = await _host.Portico("agreement", "set", "--id", $"{Guid.NewGuid()}", "--owner", "MZB", "--from", "2099-01-01", "--secret", "x", "--gateway", "nobody", file);
        told.Errors.Should().Contain("There are: pagonline, pagonline-imprese, samplebank.");
    }

    [Test]
    public async Task Without_its_service_its_agreement_takes_nothing_and_what_was_begun_waits()
    {
        var payment = await Start();
        _bank.Pay(payment.Order, 4200);
        await using (var poor = await PorticoTestHost.Start(beside: _host))
        {
            using var till = new Till(poor);
            (await till.Checkout(Guid.CreateVersion7(), [await Due()], "MZB", "MZB")).Refusal!.Code.Should().Be(CheckoutRefusals.NoAgreement);
            using var nowhere = await till.Get("/pagamenti/samplebank/ritorno?x=1");
            nowhere.StatusCode.Should().Be(HttpStatusCode.NotFound);
        }
        await _host.After(TimeSpan.FromMinutes(10));
        await _till.ShouldBePaidOnce(payment);
    }

    static readonly GatewayOrder AnOrder = new("URG-0123456789ABC-7", new(100), new("https://portico.example/"), "it");

    static readonly AgreementTerms NoTerms = new(Guid.Empty, System.Text.Json.JsonSerializer.SerializeToElement(new { }), new Dictionary<string, string>(StringComparer.Ordinal));

    [Test]
    public async Task Whatever_a_brought_gateway_throws_its_caller_has_an_answer()
    {
        var gateway = ServiceGateway.Around(new BadGateway(() => throw new NotSupportedException("a secret")), "bad", Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        (await gateway.Ask(AnOrder, NoTerms, CancellationToken.None)).Should().Match<GatewayMessage>(message => gateway.Read(message, NoTerms) == new GatewayFact(true, false, GatewayOutcome.Undetermined, null));
        gateway.Read(new("return", [1]), NoTerms).Should().Be(new GatewayFact(false, false, GatewayOutcome.Undetermined, null));
        gateway.OrderNumberIn(new("return", [1])).Should().BeNull();
        gateway.Invoking(one => one.Prepare(AnOrder, NoTerms)).Should().Throw<InvalidOperationException>().Which.Message.Should().NotContain("a secret");
        gateway.Invoking(one => one.Origins(NoTerms)).Should().Throw<InvalidOperationException>();
        (await ((IRefundingGateway)gateway).Refund(new(AnOrder, "R", new(1)), NoTerms, CancellationToken.None)).Outcome.Should().Be(RefundOutcome.Undetermined);
    }

    [Test]
    public void A_message_from_outside_that_reads_like_our_own_note_of_silence_is_not_genuine()
    {
        var gateway = ServiceGateway.Around(new BadGateway(() => { }), "bad", Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        gateway.Read(new("return", "unreachable=Ask"u8.ToArray()), NoTerms).Genuine.Should().BeFalse();
    }

    [Test]
    public async Task A_brought_gateway_that_never_answers_keeps_nobody_waiting()
    {
        using var never = new ManualResetEventSlim();
        var gateway = ServiceGateway.Around(new BadGateway(never.Wait), "bad", Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        var asking = Task.Run(() => gateway.OrderNumberIn(new("return", [1])));
        (await Task.WhenAny(asking, Task.Delay(TimeSpan.FromSeconds(30)))).Should().Be(asking, "its caller is let go");
        never.Set();
    }

    [TestCase("other")]
    [TestCase("pagonline")]
    public async Task A_brought_gateway_under_another_name_than_its_service_s_is_not_offered(string id)
    {
        await using var host = await PorticoTestHost.Start(plugins: _plugins, container: builder => builder.RegisterInstance(new BadGateway(() => { }, id)).Keyed<IPaymentGateway>("samplebank"));
        host.Container.Resolve<GatewayDirectory>().All.Select(gateway => gateway.Id).Should().Equal("pagonline", "pagonline-imprese");
    }

    async Task<DueId> Due() => await _till.Open((await _host.LoadFine("MZB", "037036", $"{Interlocked.Increment(ref _number)}", minimum: 40, notifiedDaysAgo: 10)).Number, "MZB", "MZB");

    static int _number = 8000;

    async Task<Started> Start()
    {
        var fine = await _host.LoadFine("MZB", "037036", $"{Interlocked.Increment(ref _number)}", minimum: 40, notifiedDaysAgo: 10);
        var due = await _till.Open(fine.Number, "MZB", "MZB");
        var attempt = Guid.CreateVersion7();
        var checkout = (await _till.Checkout(attempt, [due], "MZB", "MZB")).Value;
        return new(attempt, checkout.OrderNumber, checkout.GoTo, due.Value, fine.Number);
    }

    static void Lay(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }

    /// <summary>Does the same to whoever calls it, whatever for.</summary>
    sealed class BadGateway(Action fate, string id = "bad") : IRefundingGateway
    {
        public string Id => id;

        public Uri Prepare(GatewayOrder order, AgreementTerms terms) => Fate(new Uri("https://bank.example/"));

        public string? OrderNumberIn(GatewayMessage message) => Fate<string?>(null);

        public GatewayFact Read(GatewayMessage message, AgreementTerms terms) => Fate(new GatewayFact(false, true, GatewayOutcome.Undetermined, null));

        public Task<GatewayMessage> Ask(GatewayOrder order, AgreementTerms terms, CancellationToken stop) => Task.FromResult(Fate(new GatewayMessage("query", [])));

        public IEnumerable<string> Origins(AgreementTerms terms) => Fate(Enumerable.Repeat("https://bank.example", 1));

        public Task<RefundAnswer> Refund(GatewayRefund refund, AgreementTerms terms, CancellationToken stop) => Task.FromResult(Fate(new RefundAnswer(RefundOutcome.Done, null)));

        public Task<RefundAnswer> AskRefund(GatewayRefund refund, AgreementTerms terms, CancellationToken stop) => Task.FromResult(Fate(new RefundAnswer(RefundOutcome.Done, null)));

        T Fate<T>(T answer)
        {
            fate();
            return answer;
        }
    }

    /// <summary>The sample's bank, in the test: it shares no code with the gateway.</summary>
    sealed class SmallBank : IAsyncDisposable
    {
        readonly ConcurrentDictionary<string, long> _taken = new(StringComparer.Ordinal);
        readonly WebApplication _app;
        readonly byte[] _key;

        SmallBank(WebApplication app, string key) => (_app, _key) = (app, Encoding.UTF8.GetBytes(key));

        public ConcurrentDictionary<string, long> GivenBack { get; } = new(StringComparer.Ordinal);

        public Uri Address => new(_app.Urls.First());

        public static async Task<SmallBank> Start(string key)
        {
            var builder = WebApplication.CreateEmptyBuilder(new());
            builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
            builder.Services.AddRoutingCore();
            var app = builder.Build();
            var bank = new SmallBank(app, key);
            app.MapGet("/query", (string order) => bank.Answer($"shop=S1&order={order}&{(bank._taken.TryGetValue(order, out var cents) ? $"state=paid&cents={cents}" : "state=unknown")}"));
            app.MapGet("/refund", (string refund, long cents) => bank.Answer(bank.GivenBack.TryAdd(refund, cents) ? $"refund={refund}&state=done&number=N1" : $"refund={refund}&state=refused"));
            app.MapGet("/refund-query", (string refund) => bank.Answer($"refund={refund}&state={(bank.GivenBack.ContainsKey(refund) ? "done" : "unknown")}"));
            await app.StartAsync();
            return bank;
        }

        public void Pay(string order, long cents) => _taken[order] = cents;

        public string Say(string line) => $"{line}&sign={Convert.ToHexStringLower(HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes(line)))}";

        IResult Answer(string line) => Results.Text(Say(line));

        public async ValueTask DisposeAsync() => await _app.DisposeAsync();
    }
}
