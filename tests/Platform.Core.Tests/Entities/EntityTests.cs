using System.Net.Sockets;
using System.Net;
using System.Text.Json;
using System.Text;
using Autofac;
using Platform.Core.Entities;
using Platform.Testing;
using SkiaSharp;

namespace Platform.Core.Tests.Entities;

/// <summary>What an entity decides for itself, by the command line, and what browsers get of it from a host that runs on.</summary>
public sealed class EntityTests
{
    const string Own = "servizi.comune.marzabotto.example";

    PorticoTestHost host = null!;

    [SetUp]
    public async Task Start() => host = await PorticoTestHost.Start();

    [TearDown]
    public async Task Stop() => await host.DisposeAsync();

    [Test]
    public async Task Under_its_own_name_an_entity_has_its_pages_and_nobody_elses()
    {
        await Done("entity", "host", "MZB", Own + ".");

        (await Ask(Own.ToUpperInvariant(), "/marzabotto/multe")).Should().Match<Answer>(a => a.Status == 200 && a.Body.Contains("Comune di Marzabotto"));
        (await Ask(Own, "/")).Should().Match<Answer>(a => a.Status == 302 && a.Location == "/marzabotto");
        (await Ask(Own, "/multe?lang=en")).Should().Match<Answer>(a => a.Status == 302 && a.Location == "/marzabotto/multe?lang=en");
        (await Ask(Own, "//altrove.example/x")).Location.Should().Be("/marzabotto//altrove.example/x", "it leads to no other site");
        (await Ask(Own, "/vergato/multe")).Should().Match<Answer>(a => a.Status == 404 && a.Body.Contains("Comune di Marzabotto"));
        (await Ask(Own, "/verifica")).Status.Should().Be(200, "receipts are checked under every name");
        (await Ask(Own + ":8443", "/marzabotto")).Status.Should().Be(200, "a port is no other name");
        (await Ask(host.Address.Authority, "/vergato/multe")).Status.Should().Be(200, "the host's own name has all");
    }

    [TestCase("altrove.example")]
    [TestCase("marzabotto")]
    [TestCase(Own)]
    [TestCase("x." + Own)]
    [TestCase("127.0.0.1.altrove.example")]
    [TestCase("192.0.2.7")]
    public async Task A_name_that_nobody_gave_is_turned_away(string name)
    {
        var answer = await Ask(name, "/marzabotto/multe");

        answer.Status.Should().Be(421);
        answer.Body.Should().Contain("Nessun ente risponde").And.NotContain("Marzabotto").And.NotContain(name);
        (await Ask(name, "/health/live")).Status.Should().Be(200, "whoever watches over the host asks by any name");
    }

    [Test]
    public async Task What_a_proxy_or_a_liar_adds_about_the_name_changes_nothing()
    {
        await Done("entity", "host", "MZB", Own);

        var answer = await Ask(host.Address.Authority, "/vergato/servizi.json", "X-Forwarded-Host: altrove.example\r\nForwarded: host=altrove.example\r\nX-Original-Host: " + Own + "\r\n");

        answer.Status.Should().Be(200);
        answer.Body.Should().NotContain("altrove").And.Contain(host.Address.Authority);
    }

    [TestCase("https://servizi.comune.example", "is no host name")]
    [TestCase("servizi.comune.example:443", "is no host name")]
    [TestCase("localhost", "is no host name")]
    [TestCase("servizi..example", "is no host name")]
    [TestCase("127.0.0.1", "is no host name")]
    public async Task What_is_no_name_is_refused(string name, string why) =>
        (await host.Portico("entity", "host", "MZB", name)).Should().Match<Told>(told => told.Code == 1 && told.Errors.Contains(why));

    [Test]
    public async Task A_name_belongs_to_one_entity_and_can_be_given_back()
    {
        await Done("entity", "host", "MZB", Own);
        (await host.Portico("entity", "host", "VRG", Own)).Errors.Should().Contain("leads to Comune di Marzabotto already");
        await Done("entity", "host", "MZB", Own, "--remove");
        await Done("entity", "host", "VRG", Own);

        (await Ask(Own, "/")).Location.Should().Be("/vergato");
    }

    [Test]
    public async Task The_catalogue_for_its_site_has_links_ready_under_the_name_that_citizens_use()
    {
        await Done("entity", "host", "BEN", "servizi.comune.bentivoglio.example");

        var answer = await Ask(host.Address.Authority, "/bentivoglio/servizi.json");

        using var catalogue = JsonDocument.Parse(answer.Body);
        catalogue.RootElement.GetProperty("entity").GetProperty("istat").GetString().Should().Be("037005");
        var fines = catalogue.RootElement.GetProperty("services").EnumerateArray().Should().ContainSingle().Subject;
        var address = $"http://servizi.comune.bentivoglio.example:{host.Address.Port}/bentivoglio/multe";
        fines.GetProperty("url").GetString().Should().Be(address);
        fines.GetProperty("html").GetString().Should().Be($"<a href=\"{address}\">Multe</a>");
        fines.GetProperty("title").GetProperty("en").GetString().Should().Be("Fines");
        (await Ask(new Uri(address).Authority, "/bentivoglio/multe")).Status.Should().Be(200, "the link works");
        (await Ask(host.Address.Authority, "/bologna/servizi.json")).Body.Should().Contain("\"services\":[]", "what is only announced has no link");
        (await Ask(host.Address.Authority, "/nessuno/servizi.json")).Status.Should().Be(404);
    }

    [Test]
    public async Task Contacts_change_without_a_restart()
    {
        using var citizen = host.NewCitizen();
        await citizen.Open("/marzabotto/contatti");

        (await host.Portico("entity", "set", "MZB", "telefono=051 999999", "email=")).Code.Should().Be(0);

        await Seen(
            async () =>
            {
                await citizen.LookAgain();
                return citizen.Page.Body!.TextContent;
            },
            page => page.Contains("051 999999", StringComparison.Ordinal) && !page.Contains("urp@", StringComparison.Ordinal));
        (await host.Portico("entity", "show", "MZB")).Output.Should().ContainAll("telefono=051 999999\n", "email=\n", "servizi=fines\n");
        (await host.Portico("entity", "set", "MZB", "colore=rosso")).Errors.Should().Contain("is no colour");
        (await host.Portico("entity", "set", "MZB", "slug=altro")).Errors.Should().Contain("There is no slug");
        (await host.Portico("entity", "set", "MZB", "telefono=051\n999")).Errors.Should().Contain("telefono: one line");
        (await host.Portico("entity", "set", "MZB", "indirizzo=" + new string('x', 501))).Errors.Should().Contain("indirizzo: one line of at most 500");
        (await host.Database.Rows<string>("select kind from core.journal where entity_id = 37036")).Should().Equal("entity.set");
    }

    [Test]
    public async Task A_logo_is_a_whole_picture_and_stands_on_every_page()
    {
        var png = Picture(64, 80);
        await Done("entity", "logo", "MZB", Kept("stemma.png", png));

        using var http = new HttpClient { BaseAddress = host.Address };
        var page = await http.GetStringAsync(new Uri("/marzabotto", UriKind.Relative));
        var address = page[page.IndexOf("/marzabotto/logo.png", StringComparison.Ordinal)..].Split('"')[0];
        using var logo = await http.GetAsync(new Uri(address, UriKind.Relative));
        (await logo.Content.ReadAsByteArrayAsync()).Should().Equal(png);
        logo.Content.Headers.ContentType!.MediaType.Should().Be("image/png");
        logo.Headers.CacheControl!.ToString().Should().Contain("immutable");
        logo.Headers.GetValues("X-Content-Type-Options").Should().Equal("nosniff");

        foreach (var (name, content, why) in ((string, byte[], string)[])[
            ("stemma.svg", "<svg onload='alert(1)'/>"u8.ToArray(), "is no PNG"), ("tagliata.png", png[..^20], "is cut off"), ("coda.png", [.. png, .. "<script>"u8], "does not end where its file does"),
            ("piccola.png", Picture(8, 8), "has 8 x 8 pixels"), ("grande.png", Picture(2000, 40), "has 2000 x 40 pixels"), ("peso.png", new byte[300 << 10], "has 300 KiB")])
            (await host.Portico("entity", "logo", "MZB", Kept(name, content))).Should().Match<Told>(told => told.Code == 1 && told.Errors.Contains(why), name);

        await Done("entity", "logo", "MZB", "--remove");
        (await http.GetStringAsync(new Uri("/marzabotto", UriKind.Relative))).Should().NotContain("logo.png");
    }

    [Test]
    public async Task Legal_pages_have_the_platforms_words_until_the_entity_writes_its_own()
    {
        using var citizen = host.NewCitizen();
        foreach (var page in (string[])["privacy", "accessibilita", "contatti"])
        {
            await citizen.Open("/marzabotto/" + page);
            citizen.Status.Should().Be(200);
            citizen.Page.QuerySelector($"footer a[href='/marzabotto/{page}']").Should().NotBeNull();
        }

        await Done("entity", "notice", "MZB", "privacy", "it", Kept("privacy.txt", Encoding.UTF8.GetBytes(
            "# Titolare\nIl **Comune**, [sito](https://www.comune.example/a?b=1) <script>alert(1)</script>\n\n- primo\n- secondo\n\n[male](javascript:storto) [peggio](https://x\" onclick=\"y)\n")));

        await citizen.Open("/marzabotto/privacy");
        var main = citizen.Page.QuerySelector("main")!;
        main.QuerySelector("h2")!.TextContent.Should().Be("Titolare");
        main.QuerySelector("strong")!.TextContent.Should().Be("Comune");
        main.QuerySelector("p a")!.GetAttribute("href").Should().Be("https://www.comune.example/a?b=1");
        main.QuerySelectorAll("main li").Select(item => item.TextContent).Should().StartWith(["primo", "secondo"]);
        main.QuerySelector("script").Should().BeNull();
        main.QuerySelectorAll("[onclick], a[href^=javascript]").Should().BeEmpty();
        citizen.Reads.Should().Contain("<script>alert(1)</script>").And.Contain("[male](javascript:storto)");

        await citizen.Open("/marzabotto/privacy?lang=en");
        citizen.Page.QuerySelector("main [lang=it]").Should().NotBeNull("Italian words on an English page say that they are");
        await citizen.Open("/vergato/privacy?lang=it");
        citizen.Reads.Should().NotContain("Titolare").And.Contain("Quali dati usiamo");

        await Done("entity", "notice", "MZB", "privacy", "it", "--remove");
        await citizen.Open("/marzabotto/privacy?lang=it");
        citizen.Reads.Should().Contain("Quali dati usiamo");
        (await host.Database.Value<int>("select count(*)::int from core.notice")).Should().Be(2, "what stood there once can be shown");
        (await host.Portico("entity", "notice", "MZB", "privacy", "it", Kept("leer.txt", " \n"))).Errors.Should().Contain("is empty");
        (await host.Portico("entity", "notice", "MZB", "privacy", "it", Kept("bild.txt", [0xde, 0x41]))).Errors.Should().Contain("is no text in UTF-8");
        (await host.Portico("entity", "notice", "MZB", "cookies", "it", "--remove")).Errors.Should().Contain("There is no page cookies");
    }

    [Test]
    public async Task A_file_of_entities_may_bring_host_names_and_one_without_them_leaves_them()
    {
        const string header = "id;codice;slug;nome;tipo;codice_fiscale;servizi";
        await Done("entity", "import", Kept("a.csv", $"{header};host\n37036;MZB;marzabotto;Marzabotto;municipality;99900000136;fines;{Own} multe.example\n37059;VRG;vergato;Vergato;municipality;99900000144;fines;\n"));
        (await Hosts()).Should().Equal("multe.example MZB", $"{Own} MZB");

        await Done("entity", "import", Kept("b.csv", $"{header}\n37036;MZB;marzabotto;Marzabotto;municipality;99900000136;fines\n"));
        (await Hosts()).Should().Equal("multe.example MZB", $"{Own} MZB");

        await Done("entity", "import", Kept("c.csv", $"{header};host\n37036;MZB;marzabotto;Marzabotto;municipality;99900000136;fines;{Own}\n37059;VRG;vergato;Vergato;municipality;99900000144;fines;multe.example\n"));
        (await Hosts()).Should().Equal("multe.example VRG", $"{Own} MZB");

        (await host.Portico("entity", "import", Kept("d.csv", $"{header};host\n37036;MZB;marzabotto;M;municipality;99900000136;;https://x\n37059;VRG;vergato;V;municipality;99900000144;;a.example\n37002;ARG;argelato;A;municipality;99900000037;;a.example\n")))
            .Errors.Should().Contain("riga 2, host «https://x»").And.Contain("riga 4, host «a.example»: Sta già in una riga precedente.");
        (await host.Portico("entity", "import", Kept("e.csv", $"{header};host\n37002;ARG;argelato;A;municipality;99900000037;;multe.example\n"))).Errors.Should().Contain("multe.example è già di un altro ente");

        Task<IReadOnlyList<string>> Hosts() => host.Database.Rows<string>("select h.host || ' ' || e.code from core.host_name h join core.entity e using (entity_id) order by 1");
    }

    /// <summary>Also lets the host look at once; that it does so by itself is another test's matter.</summary>
    async Task Done(params string[] words)
    {
        (await host.Portico(words)).Should().Match<Told>(told => told.Code == 0, string.Join(' ', words));
        host.Container.Resolve<EntityDirectory>().Forget();
    }

    /// <summary>A host looks at its entities every other second: asks until what was changed is seen.</summary>
    static async Task<T> Seen<T>(Func<Task<T>> look, Func<T, bool> seen)
    {
        var patience = System.Diagnostics.Stopwatch.StartNew();
        while (true)
        {
            var found = await look();
            if (seen(found) || patience.Elapsed > TimeSpan.FromSeconds(20))
                return found;
        }
    }

    static string Kept(string name, string content) => Kept(name, Encoding.UTF8.GetBytes(content));

    static string Kept(string name, byte[] content)
    {
        var file = Path.Combine(TestContext.CurrentContext.WorkDirectory, "entities-" + name);
        File.WriteAllBytes(file, content);
        return file;
    }

    static byte[] Picture(int width, int height)
    {
        using var bitmap = new SKBitmap(width, height);
        using var data = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        return data.ToArray();
    }

    sealed record Answer(int Status, string? Location, string Body);

    /// <summary>By hand: a client of the framework would not lie about the name, and would tidy the path.</summary>
    async Task<Answer> Ask(string name, string path, string more = "")
    {
        using var line = new TcpClient();
        await line.ConnectAsync(IPAddress.Loopback, host.Address.Port);
        await line.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.0\r\nHost: {name}\r\nAccept-Language: it\r\n{more}Connection: close\r\n\r\n"));
        using var reader = new StreamReader(line.GetStream());
        var text = await reader.ReadToEndAsync();
        var cut = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        var location = text[..cut].Split("\r\n").FirstOrDefault(header => header.StartsWith("Location: ", StringComparison.OrdinalIgnoreCase));
        return new(int.Parse(text.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture), location?[10..], WebUtility.HtmlDecode(text[(cut + 4)..]));
    }
}
