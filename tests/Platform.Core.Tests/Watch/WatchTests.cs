using Platform.Testing;

namespace Platform.Core.Tests.Watch;

/// <summary>What has stopped, at the centre's desk: jobs, events, letters; who may look, and who may have it tried again.</summary>
public sealed class WatchTests
{
    PorticoTestHost _host = null!;
    Citizen _admin = null!;
    Citizen _auditor = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _host = await PorticoTestHost.Start();
        _admin = await _host.SignIn("000", "core.watch", "core.again");
        _auditor = await _host.SignInAs("000", ("auditor", ""));
        await Stopped.Plant(_host, letters: 120);
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        _admin.Dispose();
        _auditor.Dispose();
        await _host.DisposeAsync();
    }

    [Test]
    public async Task A_stopped_run_is_told_with_its_reason_and_due_again_by_a_button()
    {
        await _auditor.Open("/console/centro/stato/lavori");
        _auditor.Reads.Should().Contain("prova: Sordo").And.Contain("TimeoutException").And.Contain("Comune di Vergato").And.Contain("mai: il servizio non c’è");
        _auditor.Page.QuerySelectorAll("main form").Should().BeEmpty("who looks only is offered nothing else");
        // The token of the form by which he signs out is as good as any of his.
        var token = _auditor.Page.QuerySelector("input[name=__form]")!.GetAttribute("value")!;
        foreach (var (page, fields) in new[]
        {
            ("lavori", new[] { ("servizio", "prova"), ("lavoro", "Sordo"), ("ente", "VRG") }), ("eventi", [("azione", "tutti")]), ("lettere", [("lettera", "0197a000-0000-7000-8000-000000000078"), ("ente", "VRG")]),
        })
            (await _auditor.Fetch("/console/centro/stato/" + page, [.. fields, ("__form", token)])).Status.Should().Be(403, page);
        await _admin.Open("/console/centro/stato/lavori");

        await _admin.Send(("servizio", "prova"), ("lavoro", "Sordo"), ("ente", "VRG"));

        _admin.Reads.Should().Contain("Rimessi in coda: 1").And.Contain("Non c’è niente di fermo");
        (await _host.Database.Rows<string>("select actor from core.journal where kind = 'core.job_restarted' and entity_id = 37059")).Should().Equal($"officer:{_admin.OfficerId}");
    }

    [Test]
    public async Task Stopped_events_are_tried_again_one_by_one_or_all()
    {
        await _admin.Open("/console/centro/stato/eventi");
        _admin.Reads.Should().Contain("prova.happened.1 → Prova.Sorda").And.Contain("InvalidOperationException").And.Contain("1 marzo 2026");
        await _admin.Send(("evento", $"{Stopped.Event}"), ("ente", "VRG"), ("chi", "Prova.Sorda"));
        _admin.Reads.Should().Contain("Rimessi in coda: 1");
        (await State()).Should().Be("due");

        await _host.Database.Execute("update core.delivery set state = 'parked' where event_id = @Event", new { Stopped.Event });
        await _admin.Open("/console/centro/stato/eventi");
        await _admin.Press("azione", "tutti");
        (await State()).Should().Be("due");
        (await _host.Database.Value<long>("select count(*) from core.journal where kind = 'core.event_replayed'")).Should().Be(2);

        async Task<string?> State() => (await _host.Database.Rows<string>("select state from core.delivery where event_id = @Event", new { Stopped.Event })).Single();
    }

    [Test]
    public async Task Letters_that_did_not_arrive_are_listed_by_pages_and_sent_again_and_each_look_is_in_the_journal()
    {
        var seen = new List<string>();
        await _admin.Open("/console/centro/stato/lettere");
        while (true)
        {
            seen.AddRange(_admin.Page.QuerySelectorAll("main tbody th").Select(cell => cell.TextContent.Trim()));
            if (_admin.Page.QuerySelector("main a[href*='prima=']") is null)
                break;
            await _admin.Follow("Più vecchie");
        }
        seen.Should().OnlyHaveUniqueItems().And.HaveCount(120);
        seen[0].Should().Be("prova120@example.org");
        (await _host.Database.Value<long>("select count(*) from core.journal where kind = 'core.looked' and actor = @who", new { who = $"officer:{_admin.OfficerId}" })).Should().Be(3);
        await _admin.Open("/console/centro/stato/lettere?stato=bounced");
        _admin.Page.QuerySelectorAll("main tbody td").Select(cell => cell.TextContent.Trim()).Should().Contain(text => text.StartsWith("Respinta", StringComparison.Ordinal)).And.NotContain(text => text.StartsWith("Rifiutata", StringComparison.Ordinal));
        foreach (var wrong in new[] { "prima=x", "prima=999999999999999999999_0", "prima=9223372036854775807_0197a000-0000-7000-8000-000000000001", "stato=due", "stato='" })
        {
            await _admin.Open("/console/centro/stato/lettere?" + wrong);
            _admin.Status.Should().Be(200, wrong);
        }

        await _admin.Open("/console/centro/stato/lettere");
        await _admin.Send(("lettera", "0197a000-0000-7000-8000-000000000078"), ("ente", "VRG"));
        _admin.Reads.Should().Contain("Rimessi in coda: 1");
        (await _host.Database.Value<long>("select count(*) from core.mail where letter_key = 'prova/120' and state in ('due', 'sent')")).Should().Be(1);
    }
}
