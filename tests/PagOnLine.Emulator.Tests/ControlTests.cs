using System.Net;

namespace PagOnLine.Emulator.Tests;

internal sealed class ControlTests
{
    private RunningBank _bank = null!;

    [SetUp]
    public async Task Start() => _bank = await RunningBank.Start();

    [TearDown]
    public async Task Stop() => await _bank.DisposeAsync();

    [Test]
    public async Task A_bank_that_is_down_answers_503_everywhere_but_to_its_control()
    {
        var page = await _bank.Open(Shop.Request("ORD-1", 8925));
        await _bank.Control(HttpMethod.Put, "down", new { down = true });
        (await _bank.Get(Shop.Request("ORD-2", 8925))).Status.Should().Be(HttpStatusCode.ServiceUnavailable);
        (await _bank.Get(page)).Status.Should().Be(HttpStatusCode.ServiceUnavailable);
        (await _bank.Query("ORD-1")).Status.Should().Be(HttpStatusCode.ServiceUnavailable);
        (await _bank.Control(HttpMethod.Get, "health")).GetProperty("down").GetBoolean().Should().BeTrue();
        await _bank.Control(HttpMethod.Post, "pay", new { url = "http://bank" + Shop.Request("ORD-2", 1) }, HttpStatusCode.ServiceUnavailable);
        await _bank.Control(HttpMethod.Put, "down", new { down = false });
        (await _bank.Get(page)).Status.Should().Be(HttpStatusCode.OK);
    }

    [TestCase("lies/ORD-1", """{"listner":{"drop":true}}""")]
    [TestCase("lies/ORD-1", """{"listener":{"dorp":true}}""")]
    [TestCase("lies/ORD-1", """{"return":{"method":"PUT"}}""")]
    [TestCase("lies/ORD-1", """{"listener":{"delayMs":-1}}""")]
    [TestCase("lies/ORD-1", """{"esito":"KO"}""")]
    [TestCase("lies/ORD-1", "")]
    [TestCase("lies/ORD-1", "null")]
    [TestCase("down", "{}")]
    [TestCase("listener", """{"url":"ftp://x"}""")]
    public async Task A_misspelt_wish_is_refused_in_words(string path, string body)
    {
        using var content = new StringContent(body);
        using var response = await _bank.Http.PutAsync(new Uri("/control/" + path, UriKind.Relative), content);
        response.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        (await response.Content.ReadAsStringAsync()).Should().Contain("\"error\":").And.NotContain("   at ");
    }

    [Test]
    public async Task Paying_a_refused_request_tells_why()
    {
        var answer = await _bank.Control(HttpMethod.Post, "pay", new { url = "http://bank" + Shop.Request("ORD-1", 8925) + "x" }, HttpStatusCode.UnprocessableEntity);
        answer.GetProperty("code").GetString().Should().Be("mac-wrong");
        await _bank.Control(HttpMethod.Post, "pay", new { url = "nowhere" }, HttpStatusCode.BadRequest);
    }

    [Test]
    public async Task Paying_without_delivery_answers_the_return_and_keeps_it()
    {
        await using var site = await ListeningSite.Start();
        var back = await _bank.Pay(Shop.Request("ORD-1", 8925, site: site.Address));
        back.GetProperty("target").GetString().Should().Be(site.Address + "/ok?via=bank&n=1");
        back.GetProperty("fields")[0].GetProperty("name").GetString().Should().Be("numeroOrdine");
        Shop.Verifies(back.GetProperty("body").GetString()!).Should().BeTrue();
        site.HeardNothingMore.Should().BeTrue();
    }

    [Test]
    public async Task Paying_with_delivery_posts_the_return_and_tells_the_shops_answer()
    {
        await using var site = await ListeningSite.Start();
        site.Answers.Enqueue(303);
        var back = await _bank.Pay(Shop.Request("ORD-1", 8925, site: site.Address), deliver: true);
        back.GetProperty("delivered")[0].GetProperty("status").GetInt32().Should().Be(303);
        var heard = await site.Next();
        heard.Method.Should().Be("POST");
        heard.Query.Should().Be("?via=bank&n=1");
        heard.Body.Should().Be(back.GetProperty("body").GetString());
    }

    [Test]
    public async Task A_shop_that_is_away_fails_the_delivery_and_not_the_payment()
    {
        var back = await _bank.Pay(Shop.Request("ORD-1", 8925, site: "http://127.0.0.1:1"), deliver: true);
        back.GetProperty("delivered")[0].GetProperty("failure").GetString().Should().NotBeEmpty();
        back.GetProperty("outcome").GetString().Should().Be("taken");
    }

    [Test]
    public async Task An_order_shows_its_history_and_an_unknown_one_is_not_found()
    {
        await _bank.Pay(Shop.Request("ORD-1", 8925));
        var history = (await _bank.Control(HttpMethod.Get, "orders/ORD-1")).GetProperty("history");
        history.EnumerateArray().Select(entry => entry.GetProperty("kind").GetString()).Should().StartWith(["registered", "taken", "deposited"]);
        await _bank.Control(HttpMethod.Get, "orders/ORD-9", expected: HttpStatusCode.NotFound);
        await _bank.Control(HttpMethod.Post, "orders/ORD-9/state", new { state = "ST" }, HttpStatusCode.NotFound);
        await _bank.Control(HttpMethod.Post, "orders/ORD-1/state", new { state = "st" }, HttpStatusCode.BadRequest);
    }

    [Test]
    public async Task Only_this_machine_reaches_the_control()
    {
        var outside = System.Net.NetworkInformation.NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(network => network.GetIPProperties().UnicastAddresses)
            .Select(address => address.Address)
            .FirstOrDefault(address => address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork && !IPAddress.IsLoopback(address));
        Assume.That(outside, Is.Not.Null, "this machine has no address but its own");
        await using var bank = await RunningBank.Start(time: null, "--urls", "http://0.0.0.0:0");
        var address = new UriBuilder(bank.Http.BaseAddress!) { Host = outside!.ToString(), Path = "/control/health" }.Uri;
        using var http = new HttpClient();
        using var response = await http.GetAsync(address);
        response.StatusCode.Should().Be(HttpStatusCode.NotFound);
    }
}
