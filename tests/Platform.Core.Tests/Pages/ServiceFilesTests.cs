using System.Net;
using System.Net.Sockets;
using System.Text;
using Platform.Testing;

namespace Platform.Core.Tests.Pages;

/// <summary>What a service's folder wwwroot holds, as a browser gets it: tests/Plugins/Probe.</summary>
public sealed class ServiceFilesTests
{
    [Test]
    public async Task A_file_is_kept_for_ever_under_the_address_that_names_its_content()
    {
        await using var host = await Start();
        using var citizen = host.NewCitizen();
        await citizen.Open("/marzabotto/prova/moduli");
        var address = citizen.Page.QuerySelectorAll("link[rel=stylesheet]").Select(link => link.GetAttribute("href")!).Single(href => href.Contains("prova.css", StringComparison.Ordinal));
        using var http = new HttpClient { BaseAddress = host.Address };

        using var file = await http.GetAsync(new Uri(address, UriKind.Relative));
        (await file.Content.ReadAsStringAsync()).Should().Be(".prova { font-weight: 600; }\n");
        file.Content.Headers.ContentType!.ToString().Should().Be("text/css; charset=utf-8");
        file.Headers.CacheControl!.ToString().Should().Contain("max-age=31536000").And.Contain("immutable");
        file.Headers.GetValues("X-Content-Type-Options").Should().Equal("nosniff");

        using var again = new HttpRequestMessage(HttpMethod.Get, address) { Headers = { IfNoneMatch = { file.Headers.ETag! } } };
        using var known = await http.SendAsync(again);
        known.StatusCode.Should().Be(HttpStatusCode.NotModified);

        using var old = await http.GetAsync(new Uri("/marzabotto/prova/_file/0123456789abcdef/stile/prova.css", UriKind.Relative));
        (old.StatusCode, old.Headers.CacheControl!.NoCache).Should().Be((HttpStatusCode.OK, true), "a page from before an upgrade still finds it, and keeps it not");
        using var blank = await http.GetAsync(new Uri("/marzabotto/prova/_file/x/una%20prova.svg", UriKind.Relative));
        (blank.StatusCode, blank.Content.Headers.ContentType!.MediaType).Should().Be((HttpStatusCode.OK, "image/svg+xml"));
    }

    [TestCase("/marzabotto/prova/_file/x/../../Probe.dll")]
    [TestCase("/marzabotto/prova/_file/x/%2e%2e/Probe.dll")]
    [TestCase("/marzabotto/prova/_file/x/..%2fProbe.dll")]
    [TestCase("/marzabotto/prova/_file/x/stile/..%2f..%2fProbe.dll")]
    [TestCase("/marzabotto/prova/_file/x/stile\\..\\..\\Probe.dll")]
    [TestCase("/marzabotto/prova/_file/x//etc/passwd")]
    [TestCase("/marzabotto/prova/_file/x/Stile/prova.css")]
    [TestCase("/marzabotto/prova/_file/x/stile")]
    [TestCase("/marzabotto/prova/_file/x/")]
    public async Task Nothing_but_the_files_that_are_there_is_served(string path)
    {
        await using var host = await Start();

        // By hand: a client of the framework would tidy the path first.
        using var line = new TcpClient();
        await line.ConnectAsync(host.Address.Host, host.Address.Port);
        await line.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: {host.Address.Authority}\r\nConnection: close\r\n\r\n"));
        using var reader = new StreamReader(line.GetStream());
        var answer = await reader.ReadToEndAsync();

        answer.Should().MatchRegex("^HTTP/1.1 (404|400) ").And.NotContain("root:").And.NotContain(".prova {");
    }

    static async Task<PorticoTestHost> Start()
    {
        var host = await PorticoTestHost.Start(Path.Combine(TestCluster.Artifacts, "test-plugins"));
        await host.Activate("probe", "MZB");
        return host;
    }
}
