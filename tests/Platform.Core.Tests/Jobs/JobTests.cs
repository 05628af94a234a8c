using Platform.Core.Jobs;
using Platform.Core.Tests.Plugins;
using Platform.Testing;

namespace Platform.Core.Tests.Jobs;

/// <summary>Work by the clock: once, whatever the number of hosts, on Rome's clocks, and never lost without a word.</summary>
public sealed class JobTests
{
    // The key of the effect refuses a second one for the same run. While a row stands in trouble, the job throws after its effect.
    const string Schema =
        """
        create table nightly.effect (entity_id int, job text, due_at timestamptz, try int not null, primary key (entity_id, job, due_at));
        create table nightly.trouble (entity_id int, job text, primary key (entity_id, job));
        """;

    static readonly string[] Names = ["MakeUp", "LeaveOut", "Centre"];

    string _plugins = null!;

    [OneTimeSetUp]
    public void Plant()
    {
        _plugins = Directory.CreateTempSubdirectory("portico-jobs-").FullName;
        var jobs = string.Concat(Names.Select(name =>
            $$"""
            public sealed class {{name}}(Platform.Core.Storage.ISessions sessions) : Platform.Core.Jobs.IJob
            {
                public Task Run(Platform.Core.Jobs.JobRun run, CancellationToken stop) => sessions.Run(async s =>
                {
                    await s.Execute("insert into nightly.effect (entity_id, job, due_at, try) values (@entity, '{{name}}', @DueAt, @Try)", new { entity = s.Entity, run.DueAt, run.Try });
                    if (await s.First<bool>("select exists (select from nightly.trouble where entity_id = @entity and job = '{{name}}')", new { entity = s.Entity })) throw new System.IO.IOException("asked to");
                    return 0;
                }, stop);
            }
            """));
        var service = Planted.Service(
            "nightly", "notte", more: jobs,
            describe: """
                      s.Job<MakeUp>("30 2 * * *", perEntity: true, Platform.Core.Jobs.Missed.RunOnce);
                      s.Job<LeaveOut>("0 4 * * *", perEntity: true, Platform.Core.Jobs.Missed.Skip);
                      s.Job<Centre>("0 5 * * *", perEntity: false, Platform.Core.Jobs.Missed.RunOnce);
                      """);
        Planted.Lay(_plugins, "nightly", ("main", Planted.Compile("Nightly", service, null, null, ("V1__nightly.sql", Schema))));
    }

    [OneTimeTearDown]
    public void Clear() => Directory.Delete(_plugins, recursive: true);

    [Test]
    public async Task Two_hosts_run_each_job_once_for_each_creditor_and_see_only_its_rows()
    {
        await using var one = await PorticoTestHost.Start(_plugins);
        await using var two = await PorticoTestHost.Start(_plugins, beside: one);
        await Activate(one);
        await Task.WhenAll(one.Quiet(), two.Quiet());
        // To half past two, to four, to five.
        foreach (var hours in (double[])[15.5, 1.5, 1])
        {
            one.Clock.Advance(TimeSpan.FromHours(hours));
            await Task.WhenAll(one.Quiet(), two.Quiet());
        }

        (await Effects(one)).Should().Equal(
            "0 Centre 2026-03-11 05:00 try 1",
            "37036 LeaveOut 2026-03-11 04:00 try 1", "37036 MakeUp 2026-03-11 02:30 try 1",
            "137001 LeaveOut 2026-03-11 04:00 try 1", "137001 MakeUp 2026-03-11 02:30 try 1");
        var told = await one.Portico("jobs");
        told.Code.Should().Be(0, told.Errors);
        told.Output.Should().Contain("nightly MakeUp (30 2 * * *): last done 2026-03-11 02:30, next 2026-03-12 02:30; 0 waiting, 0 running, 0 parked");
    }

    [Test]
    public async Task A_run_whose_host_died_is_made_up_for_or_left_out_as_the_job_says()
    {
        await using var host = await Start();
        await host.Quiet();
        // What a host leaves that dies between taking a run and marking it.
        await host.Database.Execute(
            """
            insert into core.job_run (service, job, entity_id, due_at, state, tries, next_try_at, attempt, leased_until)
            select 'nightly', j, e, '2026-03-10 01:30+00', 'running', 1, '2026-03-10 01:30+00', gen_random_uuid(), '2026-03-10 10:12+00'
              from unnest(array['MakeUp', 'LeaveOut']) as j, unnest(array[37036, 137001]) as e
            """);
        await host.After(TimeSpan.FromMinutes(11));
        (await Effects(host)).Should().BeEmpty("its lease is not over: it may still be at it");

        await host.After(TimeSpan.FromMinutes(1));

        (await Effects(host)).Should().Equal("37036 MakeUp 2026-03-10 02:30 try 2", "137001 MakeUp 2026-03-10 02:30 try 2");
        (await Rows(host, "select job || ' ' || state || ' ' || error from core.job_run where job = 'LeaveOut'")).Should().Equal("LeaveOut skipped HostDied", "LeaveOut skipped HostDied");
    }

    [Test]
    public async Task What_was_missed_is_made_up_for_once_or_left_out()
    {
        await using var host = await Start();
        await host.Quiet();
        // Nobody looks for four days.
        await host.After(TimeSpan.FromDays(4));

        (await Effects(host)).Should().Equal("0 Centre 2026-03-14 05:00 try 1", "37036 MakeUp 2026-03-14 02:30 try 1", "137001 MakeUp 2026-03-14 02:30 try 1");
        (await Rows(host, "select state from core.job_run where job = 'LeaveOut'")).Should().Equal("skipped", "skipped");
    }

    [Test]
    public async Task A_run_that_fails_is_tried_again_then_parked_and_told()
    {
        await using var host = await Start();
        await host.Database.Execute("insert into nightly.trouble values (37036, 'MakeUp')");
        await host.Quiet();
        await host.After(TimeSpan.FromHours(16));
        foreach (var minutes in (int[])[1, 5, 15, 60])
            await host.After(TimeSpan.FromMinutes(minutes));

        (await Rows(host, "select entity_id || ' ' || state || ' ' || tries || coalesce(' ' || error, '') from core.job_run where job = 'MakeUp' order by entity_id")).Should().Equal("37036 parked 5 IOException", "137001 done 1");
        var told = await host.Portico("jobs");
        told.Code.Should().Be(1);
        told.Output.Should().Contain("nightly MakeUp for MZB, due 2026-03-11 02:30: parked after 5 tries (IOException)");
        using var browser = new HttpClient { BaseAddress = host.Address };
        (await browser.GetStringAsync(new Uri("/health/ready", UriKind.Relative))).Should().Contain("parked: nightly MakeUp");

        (await host.Portico("jobs", "restart", "nightly", "LeaveOut")).Should().Match<Told>(told => told.Code == 1 && told.Errors.Contains("Nothing of that is parked."));
        (await host.Portico("jobs", "restart", "nightly", "NoSuchJob")).Should().Match<Told>(told => told.Code == 1 && told.Errors.Contains("There is no job NoSuchJob of a service nightly here"));
        (await host.Portico("jobs", "restart", "nightly", "MakeUp", "--entity", "URG")).Code.Should().Be(1, "that creditor's run was done");
        await host.Database.Execute("delete from nightly.trouble");
        var restarted = await host.Portico("jobs", "restart", "nightly", "MakeUp", "--entity", "MZB", "--by", "Anna, CED");
        restarted.Output.Should().Be("1 due again.\n", restarted.Errors);
        await host.Quiet();
        (await Effects(host)).Should().Contain("37036 MakeUp 2026-03-11 02:30 try 1", "it is the run of that night, with all its tries before it");
        (await host.Portico("jobs")).Code.Should().Be(0);
        (await Rows(host, "select entity_id || ' ' || actor || ' ' || (body ->> 'job') || ' ' || (body ->> 'tries') || ' ' || (body ->> 'error') from core.journal where kind = 'core.job_restarted'"))
            .Should().Equal("37036 cli:Anna, CED MakeUp 5 IOException");

        await host.After(TimeSpan.FromDays(1));
        (await Effects(host)).Should().Contain("37036 MakeUp 2026-03-12 02:30 try 1", "the next night is another run");
    }

    [TestCase("30 2 * * *", "2026-03-28T12:00Z", "2026-03-29T01:00Z", TestName = "What stands in the hour that is skipped comes when it is over")]
    [TestCase("30 2 * * *", "2026-03-29T02:00Z", "2026-03-30T00:30Z", TestName = "and only once")]
    [TestCase("30 2 * * *", "2026-10-24T12:00Z", "2026-10-25T00:30Z", TestName = "In the night with one hour twice a time of day comes in the first")]
    [TestCase("30 2 * * *", "2026-10-25T00:30Z", "2026-10-26T01:30Z", TestName = "and not in the second")]
    [TestCase("*/30 * * * *", "2026-10-25T00:30Z", "2026-10-25T01:00Z", TestName = "Every half hour goes on through both")]
    [TestCase("0 0 1 1 *", "2026-03-10T10:00Z", "2026-12-31T23:00Z", TestName = "Midnight is Rome's")]
    public void Schedules_follow_the_clocks_of_Rome(string cron, string after, string next) =>
        new JobPlan(typeof(JobTests), cron, true, Missed.Skip).Next(Instant(after)).Should().Be(Instant(next));

    static DateTimeOffset Instant(string text) => DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture);

    static async Task<IReadOnlyList<string>> Effects(PorticoTestHost host) => await Rows(
        host, "select entity_id || ' ' || job || to_char(due_at at time zone 'Europe/Rome', ' YYYY-MM-DD HH24:MI') || ' try ' || try from nightly.effect order by entity_id, job, due_at");

    static Task<IReadOnlyList<string>> Rows(PorticoTestHost host, string sql) => host.Database.Rows<string>(sql);

    async Task<PorticoTestHost> Start()
    {
        var host = await PorticoTestHost.Start(_plugins);
        await Activate(host);
        return host;
    }

    static async Task Activate(PorticoTestHost host)
    {
        await host.Activate("nightly", "MZB");
        await host.Activate("nightly", "BEN", "URG");
    }
}
