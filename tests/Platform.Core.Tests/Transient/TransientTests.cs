using System.Net;
using Autofac;
using Npgsql;
using Platform.Core.Commands;
using Platform.Core.Hosting;
using Platform.Core.Storage;
using Platform.Core.Tests.Deeds;
using Platform.Testing;

namespace Platform.Core.Tests.Transient;

public sealed class TransientTests
{
    const string SerializationFailure = "do $$ begin raise exception 'could not serialize access' using errcode = '40001'; end $$";

    [Test]
    public async Task Two_commands_that_deadlock_both_succeed_when_they_may_be_repeated()
    {
        var points = new Points();
        await using var host = await DeedsHost.Start(points);
        MeetBetween(points);

        await Task.WhenAll(host.Send(new CountTwoAgain("a", "b")), host.Send(new CountTwoAgain("b", "a")));

        (await host.Database.Rows<int>("select n from deeds.counter")).Should().Equal(2, 2);
        points.Reached.Should().Be(3, "one of the two was rolled back and handled once more");
    }

    [Test]
    public async Task Of_two_commands_that_deadlock_one_is_told_so_when_it_may_not_be_repeated()
    {
        var points = new Points();
        await using var host = await DeedsHost.Start(points);
        MeetBetween(points);

        var both = new[] { host.Send(new CountTwo("a", "b")), host.Send(new CountTwo("b", "a")) };
        var told = (await FluentActions.Awaiting(() => Task.WhenAll(both)).Should().ThrowAsync<TransientStorageException>()).Which;

        told.Trouble.Should().Be(StorageTrouble.Conflict);
        told.Message.Should().Be("Another transaction changed the same rows at the same moment, and this one was rolled back (40P01).");
        both.Count(task => task.IsCompletedSuccessfully).Should().Be(1);
        (await host.Database.Rows<int>("select n from deeds.counter")).Should().Equal(1, 1);
        points.Reached.Should().Be(2);
    }

    [Test]
    public async Task A_serialisation_failure_that_does_not_end_is_tried_five_times_and_then_told()
    {
        var points = new Points();
        await using var host = await DeedsHost.Start(points);
        (await FluentActions.Awaiting(() => host.Send(new RunSqlAgain(SerializationFailure))).Should().ThrowAsync<TransientStorageException>())
            .Which.Trouble.Should().Be(StorageTrouble.Conflict);
        points.Reached.Should().Be(5);

        await FluentActions.Awaiting(() => host.Send(new RunSql(SerializationFailure))).Should().ThrowAsync<TransientStorageException>();
        points.Reached.Should().Be(6, "a command that may not be repeated is not");
    }

    [Test]
    public async Task What_is_wrong_for_good_is_neither_repeated_nor_called_transient()
    {
        var points = new Points();
        await using var host = await DeedsHost.Start(points);
        await FluentActions.Awaiting(() => host.Send(new RunSqlAgain("select 1 / 0"))).Should().ThrowAsync<PostgresException>();
        points.Reached.Should().Be(1);
    }

    [Test]
    public async Task A_statement_ends_after_fifteen_seconds_unless_the_operator_says_otherwise()
    {
        await using var host = await DeedsHost.Start(new());
        (await InCore(host, session => session.First<string>("show statement_timeout"))).Should().Be("15s");

        await using var strict = await DeedsHost.Start(new(), beside: host, connection: "Options=-c statement_timeout=50ms -c lock_timeout=7s");
        (await InCore(strict, session => session.First<string>("show lock_timeout"))).Should().Be("7s");
        var told = await FluentActions.Awaiting(() => strict.Send(new RunSqlAgain("select pg_sleep(60)"))).Should().ThrowAsync<TransientStorageException>();
        told.Which.Trouble.Should().Be(StorageTrouble.StatementTooSlow);
    }

    [Test]
    public async Task Whoever_gives_up_waiting_is_not_told_of_a_slow_database()
    {
        await using var host = await DeedsHost.Start(new());
        using var impatience = new CancellationTokenSource();
        var waiting = host.As("core", "URG", "URG", scope => scope.Resolve<ISessions>().Run(session => session.Execute("select pg_sleep(60)"), impatience.Token));
        await Sleeps(host);
        await impatience.CancelAsync();
        await FluentActions.Awaiting(() => waiting).Should().ThrowAsync<OperationCanceledException>();
    }

    [Test]
    public async Task A_page_behind_a_locked_table_answers_503_in_words_and_says_when_to_come_again()
    {
        await using var host = await PorticoTestHost.Start(connection: "Options=-c statement_timeout=200ms");
        using var http = new HttpClient { BaseAddress = host.Address };
        (await http.GetAsync(new Uri("/bentivoglio/multe", UriKind.Relative))).StatusCode.Should().Be(HttpStatusCode.OK);
        await using var holder = new NpgsqlConnection(host.Database.Owner);
        await holder.OpenAsync();
        await using (var hold = await holder.BeginTransactionAsync())
        {
            await using var command = new NpgsqlCommand("lock table payments.receipt in access exclusive mode", holder, hold);
            await command.ExecuteNonQueryAsync();
            await ShouldBeBusy(http);
        }
        (await http.GetAsync(Check)).StatusCode.Should().NotBe(HttpStatusCode.ServiceUnavailable);
    }

    [Test]
    public async Task A_page_that_gets_no_connection_answers_503_in_words()
    {
        await using var host = await PorticoTestHost.Start(connection: "Maximum Pool Size=3;Timeout=1");
        using var http = new HttpClient { BaseAddress = host.Address };
        (await http.GetAsync(new Uri("/bentivoglio/multe", UriKind.Relative))).StatusCode.Should().Be(HttpStatusCode.OK);
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var holders = Enumerable.Range(0, 3).Select(_ => Hold()).ToArray();
        var held = await Task.WhenAll(holders);
        try
        {
            var told = await FluentActions.Awaiting(() => InCore(host, session => session.First<int>("select 1"))).Should().ThrowAsync<TransientStorageException>();
            told.Which.Trouble.Should().Be(StorageTrouble.NoConnectionFree);
            told.Which.Message.Should().StartWith("Every connection of this host's pool stayed in use");
            await ShouldBeBusy(http);
            (await http.GetAsync(new Uri("/health/ready", UriKind.Relative))).StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
        }
        finally
        {
            go.SetResult();
            await Task.WhenAll(held);
        }
        (await InCore(host, session => session.First<int>("select 1"))).Should().Be(1);

        // Sweepers use the pool too: whoever comes when one of them has the last connection tries again.
        async Task<Task> Hold()
        {
            while (true)
            {
                var open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                var holding = InCore(host, async session =>
                {
                    await session.First<int>("select 1");
                    open.SetResult();
                    await go.Task;
                    return 0;
                });
                if (await Task.WhenAny(holding, open.Task) == open.Task)
                    return holding;
            }
        }
    }

    [Test]
    public async Task A_database_that_is_gone_is_told_as_such()
    {
        await using var host = await DeedsHost.Start(new());
        var asleep = host.Send(new RunSql("select pg_sleep(60)"));
        await Sleeps(host);
        await host.Database.Execute($"select pg_terminate_backend(pid) from ({Sleeping}) as asleep");
        var told = await FluentActions.Awaiting(() => asleep).Should().ThrowAsync<TransientStorageException>();
        told.Which.Trouble.Should().Be(StorageTrouble.Unreachable);
    }

    [Test]
    public async Task A_database_that_may_lose_what_it_confirmed_is_not_served_in_production()
    {
        await using var database = await TestCluster.NewDatabase();
        await database.Execute($"alter database {database.Name} set synchronous_commit = off");

        var start = () => PorticoTestHost.Start(database: database, profile: Profile.Production);
        (await start.Should().ThrowAsync<Exception>()).Which.Message.Should()
            .Be("PostgreSQL must not lose what it confirmed, and here it may: synchronous_commit is off: a payment that was confirmed can be gone after a crash. Set it to on.");
        // For tests and demonstrations a warning is enough.
        await using (var warned = await PorticoTestHost.Start(database: database))
            (await warned.Portico("check")).Output.Should().Contain("MEND  durability: synchronous_commit is off: a payment that was confirmed can be gone after a crash.");

        await database.Execute($"alter database {database.Name} set synchronous_commit = remote_apply");
        NpgsqlConnection.ClearAllPools();
        await using var served = await PorticoTestHost.Start(database: database, profile: Profile.Production);
    }

    [TestCase("local", "on", "on", ExpectedResult = "synchronous_commit is local")]
    [TestCase("remote_write", "off", "on", ExpectedResult = "fsync is off")]
    [TestCase("on", "on", "off", ExpectedResult = "full_page_writes is off")]
    [TestCase("on", "on", "on", ExpectedResult = "")]
    public string Each_setting_that_risks_committed_rows_is_named(string synchronousCommit, string fsync, string fullPageWrites) =>
        string.Join("; ", Durability.Complaints(new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["synchronous_commit"] = synchronousCommit, ["fsync"] = fsync, ["full_page_writes"] = fullPageWrites,
        }).Select(complaint => complaint.Split(':')[0]));

    const string Sleeping = "select pid from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()";

    static readonly Uri Check = new("/verifica/URG-" + new string('A', 26), UriKind.Relative);

    static async Task ShouldBeBusy(HttpClient http)
    {
        using var answer = await http.GetAsync(Check);
        answer.StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
        answer.Headers.RetryAfter!.Delta.Should().Be(TimeSpan.FromSeconds(10));
        WebUtility.HtmlDecode(await answer.Content.ReadAsStringAsync()).Should().Contain("Il servizio è molto occupato").And.Contain("non pagare di nuovo");
    }

    /// <summary>Lets two handlers both take their first row before either asks for its second.</summary>
    static void MeetBetween(Points points)
    {
        var met = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var here = 0;
        points.At = _ =>
        {
            if (Interlocked.Increment(ref here) == 2)
                met.SetResult();
            return met.Task;
        };
    }

    static Task<TimeSpan> Sleeps(PorticoTestHost host) => Embedded.Eventually.Holds(async () => await host.Database.Value<int?>(Sleeping) is not null, "the statement runs");

    static Task<T> InCore<T>(PorticoTestHost host, Func<IEntitySession, Task<T>> work) =>
        host.As("core", "URG", "URG", scope => scope.Resolve<ISessions>().Run(work, CancellationToken.None));
}
