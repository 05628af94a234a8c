using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Platform.Testing;

namespace Services.SchoolFees.Tests.Api;

/// <summary>Another system loads the school's registers by a key.</summary>
public sealed partial class ImportApiTests
{
    const string Years = "anno;dal;al\n2025/2026;15/09/2025;06/06/2026\n";
    const string Path = "/api/castenaso/schoolfees/years";

    PorticoTestHost host = null!;
    HttpClient client = null!;
    string key = "";

    [OneTimeSetUp]
    public async Task Start()
    {
        host = await PorticoTestHost.Start();
        await host.Activate("schoolfees", "CTN");
        await host.Activate("schoolfees", "SLS");
        client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = host.Address };
        key = await NewKey("CTN", "Programma della scuola");
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        client?.Dispose();
        await host.DisposeAsync();
    }

    [Test]
    public async Task Every_request_of_the_page_is_answered_as_it_says()
    {
        var page = await File.ReadAllTextAsync(System.IO.Path.Combine(TestContext.CurrentContext.TestDirectory, "..", "..", "..", "..", "docs", "api.md"));
        var examples = Example().Matches(page);
        examples.Should().HaveCount(4);
        foreach (Match example in examples)
        {
            var (head, body) = (example.Groups["head"].Value.Split('\n'), example.Groups["body"].Value);
            using var request = new HttpRequestMessage(HttpMethod.Post, head[0]["POST ".Length..]) { Content = new StringContent(body, Encoding.UTF8) };
            request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(head[1]["Content-Type: ".Length..]);
            var (status, answer) = await Send(request, key);
            status.Should().Be(200);
            answer.Remove("load").Should().BeTrue();
            JsonNode.DeepEquals(answer, JsonNode.Parse(example.Groups["answer"].Value)).Should().BeTrue("{0}", answer);
        }
        (await host.Database.Rows<string>("select distinct actor from core.journal where kind in ('import.begun', 'schoolfees.imported')")).Should().NotBeEmpty().And.OnlyContain(actor => actor.StartsWith("key:", StringComparison.Ordinal));
    }

    [Test]
    public async Task A_key_opens_what_it_is_for_and_nothing_else_until_it_ends()
    {
        async Task<int> Status(string? with, string path = Path) => (await Send(Csv(path, Years), with)).Status;
        (await Status(null)).Should().Be(401);
        (await Status("ptk_CTN_x_y")).Should().Be(401);
        (await Status(key[..^1] + (key[^1] == '0' ? '1' : '0'))).Should().Be(401, "one digit of the secret is another secret");
        (await Status(key.Replace("_CTN_", "_SLS_", StringComparison.Ordinal))).Should().Be(401, "a key is looked for in the rows of the entity that it names");
        (await Status(key.Replace("_CTN_", "_XXX_", StringComparison.Ordinal))).Should().Be(401);
        (await Status(key, "/api/san-lazzaro/schoolfees/years")).Should().Be(403);
        (await Status(key, $"/api/{await Slug("SLS")}/schoolfees/years")).Should().Be(403, "another entity");
        (await Status(key, "/api/castenaso/fines/import")).Should().Be(403, "another service");
        (await Status(key, "/api/castenaso/schoolfees/bill")).Should().Be(403, "it may load registers and bill nobody");
        (await Status(key, "/api/castenaso/schoolfees/nothing")).Should().Be(404);
        (await Status(key, "/api/CTN/rette/years")).Should().Be(200, "the entity's code and the service's path do as well");
        (await host.Database.Value<long>("select count(*) from core.api_key where last_used_at is not null")).Should().BePositive();
        (await host.Database.Rows<string>("select row_to_json(k)::text from core.api_key k")).Should().NotContain(row => row.Contains(key.Split('_')[3], StringComparison.Ordinal), "the secret is not kept");

        // Made and revoked at the desk, and by the command line.
        using var administrator = await host.SignInAs("CTN", ("administrator", ""));
        await administrator.Open("/console/castenaso/chiavi");
        await administrator.Send(("nome", "Mensa"), ("fino_al", "2026-12-31"));
        administrator.Reads.Should().Contain("Scegli che cosa può caricare");
        await Make("Mensa", "2028-12-31");
        administrator.Reads.Should().Contain("Scrivi un giorno da oggi a 400 giorni");
        await Make("Mensa", "2026-03-31");
        var second = administrator.Page.QuerySelector(".portico-key")!.TextContent.Trim();
        (await Status(second)).Should().Be(200);
        await administrator.LookAgain();
        administrator.Reads.Should().NotContain(second);
        await administrator.Follow("Mensa");
        await administrator.Press("Revoca la chiave");
        administrator.Reads.Should().Contain("La chiave è revocata").And.Contain("revocata");
        (await Status(second)).Should().Be(401);
        Task Make(string name, string until)
        {
            administrator.Page.QuerySelector("input[value='schoolfees.load']")!.SetAttribute("checked", "");
            return administrator.Send(("nome", name), ("fino_al", until));
        }

        using var other = await host.SignInAs("SLS", ("administrator", ""));
        (await other.Fetch($"/console/{await Slug("SLS")}/chiavi/{Guid.ParseExact(key.Split('_')[2], "N")}")).Status.Should().Be(404, "another entity's key is none");

        var third = await NewKey("CTN", "Per poco");
        (await Status(third)).Should().Be(200);
        (await host.Portico("keys", "list", "--entity", "CTN")).Output.Should().Contain("Per poco").And.NotContain(third);
        (await host.Portico("keys", "revoke", "--entity", "SLS", "--key", Guid.ParseExact(third.Split('_')[2], "N").ToString())).Code.Should().NotBe(0);
        await host.Database.Execute("update core.api_key set expires_on = '2026-03-09' where name = 'Per poco'");
        (await Status(third)).Should().Be(401, "its last day is over");
        (await host.Portico("keys", "create", "--entity", "CTN", "--service", "schoolfees", "--permission", "payments.see", "--name", "X", "--until", "2026-12-31")).Code.Should().NotBe(0);
    }

    [Test]
    public async Task Who_has_no_key_that_holds_waits_after_thirty_tries()
    {
        async Task<int> Try(string address, string with)
        {
            using var request = Csv(Path, Years);
            request.Headers.Add("X-Forwarded-For", address);
            return (await Send(request, with)).Status;
        }
        var wrong = key[..^1] + (key[^1] == '0' ? '1' : '0');
        for (var n = 0; n < 30; n++)
            (await Try("203.0.113.7", wrong)).Should().Be(401, "try {0}", n + 1);
        (await Try("203.0.113.7", wrong)).Should().Be(429);
        (await Try("203.0.113.8", key)).Should().Be(200, "others do not wait");
        await host.After(TimeSpan.FromMinutes(11));
        (await Try("203.0.113.7", wrong)).Should().Be(401);
    }

    [Test]
    public async Task What_is_wrong_with_the_content_loads_nothing()
    {
        var before = await host.Database.Value<long>("select count(*) from core.import_run");
        (await Send(Csv(Path, Years, "text/html"), key)).Status.Should().Be(415);
        (await Send(Csv(Path, Years, "text/csv; charset=iso-8859-1"), key)).Status.Should().Be(415);
        using (var packed = Csv(Path, Years))
        {
            packed.Content!.Headers.ContentEncoding.Add("gzip");
            (await Send(packed, key)).Status.Should().Be(415);
        }
        (await Send(Csv(Path, ""), key)).Answer["code"]!.GetValue<string>().Should().Be("empty");
        using (var latin = new HttpRequestMessage(HttpMethod.Post, Path) { Content = new ByteArrayContent([.. Encoding.ASCII.GetBytes("anno;dal;al\n"), 0xE8, (byte)'\n']) })
        {
            latin.Content.Headers.ContentType = new("text/csv");
            (await Send(latin, key)).Answer["title"]!.GetValue<string>().Should().Contain("line 2");
        }
        (await Send(Csv(Path, "{\"anno\":\"2025/2026\"}\n{\"anno\":", "application/jsonl"), key)).Answer["title"]!.GetValue<string>().Should().StartWith("Line 2:");
        (await Send(Csv(Path, "{\"anno\":{\"x\":1}}", "application/jsonl"), key)).Status.Should().Be(400);
        (await Send(Csv(Path, "[1]", "application/jsonl"), key)).Status.Should().Be(400);
        using (var huge = new HttpRequestMessage(HttpMethod.Post, Path) { Content = new StreamContent(new Endless(60L << 20)) })
        {
            huge.Content.Headers.ContentType = new("text/csv");
            huge.Content.Headers.ContentLength = 60L << 20;
            huge.Headers.ExpectContinue = true;
            (await Send(huge, key)).Status.Should().Be(413);
        }
        using (var unannounced = new HttpRequestMessage(HttpMethod.Post, Path) { Content = new StreamContent(new Endless(60L << 20)) })
        {
            unannounced.Content.Headers.ContentType = new("text/csv");
            unannounced.Headers.TransferEncodingChunked = true;
            try
            {
                (await Send(unannounced, key)).Status.Should().Be(413);
            }
            catch (HttpRequestException)
            {
                // The host has answered and closed while this side was still writing.
            }
        }
        await CutOff();
        using (var strange = Csv(Path, Years))
        {
            strange.Headers.TryAddWithoutValidation("Idempotency-Key", new string('x', 101));
            (await Send(strange, key)).Status.Should().Be(400);
        }
        (await host.Database.Value<long>("select count(*) from core.import_run")).Should().Be(before);

        var nothing = await Send(Csv(Path, "anno;dal;al\n2025;x;y\n"), key);
        (nothing.Status, nothing.Answer["refused"]!.GetValue<int>()).Should().Be((422, 1));
        (await Send(Csv(Path, "{\"anno\":\"=1+1\",\"dal\":\"a;b\\nc\",\"al\":\"\\\"\"}", "application/jsonl"), key)).Answer["errors"]!.AsArray().Should().OnlyContain(error => error!["line"]!.GetValue<int>() == 1);
    }

    [Test]
    public async Task The_same_word_gets_the_same_answer_and_is_good_for_nothing_else()
    {
        async Task<(int Status, JsonObject Answer)> With(string word, string content)
        {
            using var request = Csv("/api/castenaso/schoolfees/schools", content);
            request.Headers.Add("Idempotency-Key", word);
            return await Send(request, key);
        }
        const string school = "scuola;nome\nFRESU;Primaria Fresu\n";
        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => With("lunedi", school)));
        answers.Select(answer => answer.Answer["load"]!.GetValue<string>()).Distinct(StringComparer.Ordinal).Should().ContainSingle("of those that come at once one loads");
        var again = await With("lunedi", school);
        (again.Status, again.Answer["added"]!.GetValue<int>()).Should().Be((200, 1), "it tells what became of the first");
        (await With("lunedi", school + "X;Altra\n")).Status.Should().Be(409);
        (await With("martedi", school)).Answer["unchanged"]!.GetValue<int>().Should().Be(1);
        using var look = new HttpRequestMessage(HttpMethod.Get, $"/api/castenaso/schoolfees/schools/{again.Answer["load"]!.GetValue<string>()}");
        (await Send(look, key)).Answer["added"]!.GetValue<int>().Should().Be(1);
        using var elsewhere = new HttpRequestMessage(HttpMethod.Get, $"/api/{await Slug("SLS")}/schoolfees/schools/{again.Answer["load"]!.GetValue<string>()}");
        (await Send(elsewhere, await NewKey("SLS", "Altro"))).Status.Should().Be(404, "another entity's load is none");
    }

    static HttpRequestMessage Csv(string path, string content, string type = "text/csv")
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(content)) };
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        return request;
    }

    async Task<(int Status, JsonObject Answer)> Send(HttpRequestMessage request, string? with)
    {
        if (with is not null)
            request.Headers.Authorization = new("Bearer", with);
        using var answer = await client.SendAsync(request);
        return ((int)answer.StatusCode, JsonNode.Parse(await answer.Content.ReadAsStringAsync())!.AsObject());
    }

    /// <summary>A connection that ends before the content that it announced.</summary>
    async Task CutOff()
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, host.Address.Port);
        await using var stream = socket.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"POST {Path} HTTP/1.1\r\nHost: {host.Address.Authority}\r\nAuthorization: Bearer {key}\r\nContent-Type: text/csv\r\nContent-Length: 9999\r\n\r\n{Years}"));
        socket.Client.Shutdown(SocketShutdown.Send);
        var buffer = new byte[4096];
        while (await stream.ReadAsync(buffer) > 0)
        {
        }
    }

    async Task<string> NewKey(string entity, string name)
    {
        // The command line has the machine's own clock.
        var until = TimeProvider.System.GetUtcNow().AddDays(300).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        var told = await host.Portico("keys", "create", "--entity", entity, "--service", "schoolfees", "--permission", "schoolfees.load", "--name", name, "--until", until);
        told.Code.Should().Be(0, told.Errors);
        return told.Output.Trim();
    }

    async Task<string> Slug(string code) => (await host.Database.Value<string>("select slug from core.entity where code = @code", new { code }))!;

    [GeneratedRegex("```http\n(?<head>(?:.+\n)+)\n(?<body>[^`]+)```\n\n```json\n(?<answer>[^`]+)```", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Example();

    /// <summary>So many bytes of nothing, without their length.</summary>
    sealed class Endless(long length) : Stream
    {
        long _left = length;

        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            var some = (int)Math.Min(count, _left);
            Array.Fill(buffer, (byte)'x', offset, some);
            _left -= some;
            return some;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
