using System.Globalization;
using System.Net;
using Autofac;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Platform.Core.Commands;
using Platform.Core.Plugins;
using Platform.Core.Tests.Embedded;
using Platform.Testing;

namespace Platform.Core.Tests.Plugins;

/// <summary>What a service's faults cost: its own pages or reactions for half a minute, and nobody else anything.</summary>
public sealed class GateTests
{
    const string Page =
        """
        public sealed class P(Platform.Core.Storage.ISessions sessions) : Platform.Core.Pages.IPage
        {
            public async Task<Platform.Core.Pages.PageAnswer> Get(Platform.Core.Pages.PageRequest r, CancellationToken stop)
            {
                switch (r.Route["mode"])
                {
                    case "throw": throw new System.IO.IOException("asked to");
                    case "hang": await Task.Delay(Timeout.Infinite, stop); break;
                    case "sql": await sessions.Run(s => s.Execute("select pg_sleep(600)"), CancellationToken.None); break;
                    case "block": Thread.Sleep(Timeout.Infinite); break;
                    case "view": return Platform.Core.Pages.PageAnswer.View<V>("well");
                    case "blockview": return Platform.Core.Pages.PageAnswer.View<V>("block");
                    case "waitview": return Platform.Core.Pages.PageAnswer.View<V>("wait");
                    case "throwview": return Platform.Core.Pages.PageAnswer.View<V>("throw");
                    case "nothing": return Platform.Core.Pages.PageAnswer.NotFound;
                }
                return Platform.Core.Pages.PageAnswer.Go(r.Path);
            }
        }
        public sealed class V : Microsoft.AspNetCore.Components.ComponentBase
        {
            [Microsoft.AspNetCore.Components.Parameter] public string Model { get; set; } = "";
            protected override async Task OnInitializedAsync() { if (Model == "wait") await Task.Delay(Timeout.Infinite); }
            protected override void BuildRenderTree(Microsoft.AspNetCore.Components.Rendering.RenderTreeBuilder b)
            {
                if (Model == "block") Thread.Sleep(Timeout.Infinite);
                if (Model == "throw") throw new System.IO.IOException("asked to");
                b.AddContent(0, "drawn " + Model);
            }
        }
        """;

    static readonly ServiceLimits Short = new() { Page = TimeSpan.FromMilliseconds(300), Grace = TimeSpan.FromMilliseconds(200), Places = 4, ForPlace = TimeSpan.FromMilliseconds(100) };

    string _plugins = null!;

    [OneTimeSetUp]
    public void Plant()
    {
        _plugins = Directory.CreateTempSubdirectory("portico-gates-").FullName;
        foreach (var (id, path) in ((string, string)[])[("shaky", "fragile"), ("calm", "calmo")])
            Planted.Lay(_plugins, id, ("main", Planted.Compile("Main." + id, Planted.Service(id, path, describe: "s.Page<P>(\"{mode}\");", more: Page))));
    }

    [OneTimeTearDown]
    public void Clear() => Directory.Delete(_plugins, recursive: true);

    [Test]
    public async Task A_burst_of_faults_pauses_the_pages_of_that_service_until_a_try_succeeds()
    {
        await using var host = await Start();
        using var browser = Browser(host);
        for (var fault = 0; fault < 10; fault++)
            (await Status(browser, "fragile/throw")).Should().Be(HttpStatusCode.InternalServerError);

        using (var paused = await browser.GetAsync(new Uri("/marzabotto/fragile/well", UriKind.Relative)))
        {
            paused.StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
            paused.Headers.RetryAfter!.Delta.Should().Be(TimeSpan.FromSeconds(30));
            WebUtility.HtmlDecode(await paused.Content.ReadAsStringAsync()).Should().Contain("Questo servizio è sospeso per qualche minuto").And.Contain("«Prova» ha un problema").And.Contain("Comune di Marzabotto");
        }
        (await Status(browser, "calmo/well")).Should().Be(HttpStatusCode.SeeOther, "another service is not concerned");
        using (var ready = await browser.GetAsync(new Uri("/health/ready", UriKind.Relative)))
        {
            ready.StatusCode.Should().Be(HttpStatusCode.OK);
            (await ready.Content.ReadAsStringAsync()).Should().Contain("paused: shaky pages: 10 of 10 calls failed within 30 seconds; the next try is at 10:00:30 UTC");
        }

        host.Clock.Advance(TimeSpan.FromSeconds(30));
        (await Status(browser, "fragile/throw")).Should().Be(HttpStatusCode.InternalServerError, "one call tries");
        (await Status(browser, "fragile/well")).Should().Be(HttpStatusCode.ServiceUnavailable, "and it failed");
        host.Clock.Advance(TimeSpan.FromSeconds(30));
        (await Status(browser, "fragile/well")).Should().Be(HttpStatusCode.SeeOther);
        (await Status(browser, "fragile/well")).Should().Be(HttpStatusCode.SeeOther);
        (await browser.GetStringAsync(new Uri("/health/ready", UriKind.Relative))).Should().NotContain("paused");
    }

    [Test]
    public async Task Refusals_are_no_faults_and_neither_are_faults_among_many_good_answers()
    {
        await using var host = await Start();
        using var browser = Browser(host);
        for (var call = 0; call < 12; call++)
            (await Status(browser, "fragile/nothing")).Should().Be(HttpStatusCode.NotFound);
        for (var call = 0; call < 11; call++)
            (await Status(browser, "fragile/throw")).Should().Be(HttpStatusCode.InternalServerError);
        (await Status(browser, "fragile/well")).Should().Be(HttpStatusCode.SeeOther, "eleven of 23");
    }

    [Test]
    public async Task Whoever_leaves_and_a_database_that_is_busy_are_no_faults()
    {
        var gate = new ServiceGate("some", ServiceWork.Pages, new ServiceLimits(), new FakeTimeProvider(), NullLogger.Instance);
        for (var call = 0; call < 20; call++)
        {
            using var leaving = new CancellationTokenSource();
            var waiting = gate.Run(
                async cut =>
                {
                    await leaving.CancelAsync();
                    await Task.Delay(Timeout.Infinite, cut);
                    return 0;
                },
                null, leaving.Token);
            await FluentActions.Awaiting(() => waiting).Should().ThrowAsync<OperationCanceledException>();
            await FluentActions.Awaiting(() => gate.Run<int>(_ => throw new Core.Storage.TransientStorageException(Core.Storage.StorageTrouble.Unreachable, "", new IOException()), null, default))
                .Should().ThrowAsync<Core.Storage.TransientStorageException>();
        }
        gate.IsPaused.Should().BeFalse();
        for (var call = 0; call < 10; call++)
            await FluentActions.Awaiting(() => gate.Run<int>(_ => throw new IOException(), null, default)).Should().ThrowAsync<IOException>();
        gate.IsPaused.Should().BeTrue();
    }

    [TestCase("blockview")]
    [TestCase("waitview")]
    public async Task A_view_that_blocks_or_waits_while_it_is_drawn_is_cut_off_like_a_handler(string mode)
    {
        await using var host = await Start();
        using var browser = Browser(host);
        using (var drawn = await browser.GetAsync(new Uri("/marzabotto/fragile/view", UriKind.Relative)))
        {
            drawn.StatusCode.Should().Be(HttpStatusCode.OK);
            drawn.Headers.CacheControl!.NoStore.Should().BeTrue();
            (await drawn.Content.ReadAsStringAsync()).Should().Be("drawn well");
        }

        using (var cut = await browser.GetAsync(new Uri("/marzabotto/fragile/" + mode, UriKind.Relative)))
        {
            cut.StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
            (await cut.Content.ReadAsStringAsync()).Should().Contain("Comune di Marzabotto").And.NotContain("drawn");
        }
        (await Status(browser, "fragile/throwview")).Should().Be(HttpStatusCode.InternalServerError);
        (await Status(browser, "calmo/view")).Should().Be(HttpStatusCode.OK);
        for (var call = 0; call < 12; call++)
            await Status(browser, "fragile/" + mode);
        (await Status(browser, "fragile/view")).Should().Be(HttpStatusCode.ServiceUnavailable, "they count as faults, or hold its places");
        (await Status(browser, "calmo/view")).Should().Be(HttpStatusCode.OK, "another service is not concerned");
    }

    [TestCase("hang")]
    [TestCase("sql")]
    public async Task A_handler_that_takes_too_long_is_answered_and_its_statement_ends(string mode)
    {
        await using var host = await Start();
        using var browser = Browser(host);

        (await Status(browser, "fragile/" + mode)).Should().Be(HttpStatusCode.ServiceUnavailable);

        await Eventually.Holds(async () => await host.Database.Value<int>("select count(*)::int from pg_stat_activity where datname = current_database() and query like '%pg_sleep(600)%' and state = 'active' and pid <> pg_backend_pid()") == 0, "no statement of the page runs");
        (await Status(browser, "calmo/well")).Should().Be(HttpStatusCode.SeeOther);
    }

    [Test]
    public async Task Statements_of_a_page_may_not_outlast_it()
    {
        await using var host = await Start();
        async Task<string?> Limit(string role) => await host.As("shaky", "MZB", "MZB", async scope =>
        {
            Core.Storage.TimeLimit.Begin(role, TimeSpan.FromSeconds(4), CancellationToken.None);
            return await scope.Resolve<Core.Storage.ISessions>().Run(session => session.First<string>("select current_setting('statement_timeout')"), CancellationToken.None);
        });

        (await Limit("portico_shaky")).Should().MatchRegex("^(4s|3[0-9]{3}ms)$", "PostgreSQL itself ends what outlasts the page");
        (await Limit("portico_payments")).Should().Be("15s", "what the platform writes down on the way is not cut off");
    }

    [Test]
    public async Task A_load_that_a_page_began_goes_on_when_the_page_s_seconds_are_over()
    {
        await using var host = await PorticoTestHost.Start();
        using var cut = new CancellationTokenSource();
        using var file = new MemoryStream("serie;anno;numero;data_violazione;targa;comune;luogo;articolo;descrizione;minimo;massimo;spese;data_notifica;contestazione_immediata;sconto_escluso\nV;2026;1;01/02/2026;AB123CD;037005;Via Demo 1;art. 158;Sosta;42,00;173,00;2,00;;no;no\n"u8.ToArray());
        var begun = await host.As("fines", "URG", "URG", async scope =>
        {
            Core.Storage.TimeLimit.Begin("portico_fines", TimeSpan.FromMilliseconds(1), cut.Token);
            await cut.CancelAsync();
            var verb = host.Container.Resolve<ServiceCatalog>().Find("fines")!.Imports.Single();
            return await host.Container.Resolve<Core.Office.ImportRuns>().Begin(scope.Resolve<CallContext>(), verb, "multe.csv", file, false, null, CultureInfo.InvariantCulture, CancellationToken.None);
        });
        await begun!.Loaded;
        (await host.Database.Rows<string>("select coalesce(failure, 'none') || ' ' || added from core.import_run where ended_at is not null")).Should().Equal("none 1");
        (await host.Database.Value<long>("select count(*) from fines.fine")).Should().Be(1);
    }

    [Test]
    public async Task Handlers_that_block_their_threads_take_only_the_places_of_their_service()
    {
        await using var host = await Start();
        using var browser = Browser(host);
        var blocked = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => Status(browser, "fragile/block")));
        blocked.Should().OnlyContain(status => status == HttpStatusCode.ServiceUnavailable);
        (await Status(browser, "fragile/well")).Should().Be(HttpStatusCode.ServiceUnavailable, "all its places are taken");
        (await Status(browser, "calmo/well")).Should().Be(HttpStatusCode.SeeOther);
        (await browser.GetStringAsync(new Uri("/health/live", UriKind.Relative))).Should().Be("live");
    }

    [Test]
    public async Task A_burst_of_faults_pauses_the_reactions_and_costs_the_waiting_events_no_try()
    {
        await using var host = await PorticoTestHost.Start(Path.Combine(TestCluster.Artifacts, "test-plugins"));
        var streams = Enumerable.Range(0, 30).Select(_ => Guid.NewGuid()).ToArray();
        await host.Database.Execute(
            "insert into probe.trouble select 37036, h, s, 1 from unnest(@streams) as s, unnest(array['WriteDown', 'WriteElsewhere']) as h", new { streams });
        await host.Import("probe", "raise", "MZB", string.Join('\n', streams.Select(stream => $"{stream};1")));
        await host.Quiet();

        // Those that ran beside the tenth were called already.
        (await host.Database.Value<int>("select sum(tries)::int from core.delivery where handler like 'probe.%'")).Should().BeInRange(10, 10 + new Platform.Core.Events.DispatchTerms().AtOnce - 1);
        using var browser = Browser(host);
        (await browser.GetStringAsync(new Uri("/health/ready", UriKind.Relative))).Should().MatchRegex("paused: probe reactions: 1[0-9] of 1[0-9]");

        await host.Database.Execute("delete from probe.trouble");
        await host.After(TimeSpan.FromSeconds(30));
        (await host.Database.Rows<string>("select distinct state from core.delivery where handler like 'probe.%'")).Should().Equal("done");
    }

    [Test]
    public async Task The_process_says_that_it_lives_while_the_database_is_down()
    {
        await using var host = await PorticoTestHost.Start();
        using var browser = Browser(host);
        // What the host remembers of its agreements is out of date: the next page has to ask.
        await host.SaveAgreement(Guid.NewGuid(), "MZB", from: new DateOnly(2030, 1, 1));
        await TestCluster.Administer($"alter database {host.Database.Name} allow_connections false");
        await TestCluster.Administer($"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{host.Database.Name}'");

        (await browser.GetStringAsync(new Uri("/health/live", UriKind.Relative))).Should().Be("live");
        using var ready = await browser.GetAsync(new Uri("/health/ready", UriKind.Relative));
        ready.StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
        (await ready.Content.ReadAsStringAsync()).Should().Contain("the database does not answer");
    }

    async Task<PorticoTestHost> Start()
    {
        var host = await PorticoTestHost.Start(_plugins, container: container => container.RegisterInstance(Short));
        await host.Activate("shaky", "MZB");
        await host.Activate("calm", "MZB");
        return host;
    }

    static HttpClient Browser(PorticoTestHost host) => new(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = host.Address };

    static async Task<HttpStatusCode> Status(HttpClient browser, string path)
    {
        using var answer = await browser.GetAsync(new Uri("/marzabotto/" + path, UriKind.Relative));
        return answer.StatusCode;
    }
}
