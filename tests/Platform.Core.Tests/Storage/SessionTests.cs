using System.Globalization;
using Dapper;
using Npgsql;
using Platform.Core.Entities;
using Platform.Core.Events;
using Platform.Core.Storage;
using Platform.Testing;

namespace Platform.Core.Tests.Storage;

/// <summary>Whose rows a session sees, and what it costs. On a fines register in which two creditors have one fine each.</summary>
[TestFixture(BindingForm.Parameters)]
[TestFixture(BindingForm.Local)]
internal sealed class SessionTests(BindingForm binding)
{
    static readonly EntityId Marzabotto = new(37036);
    static readonly EntityId Union = new(137001);

    TestDatabase database = null!;
    Database pool = null!;

    [SetUp]
    public async Task Begin()
    {
        database = await TestCluster.NewDatabase();
        await database.Execute(
            """
            insert into core.entity (entity_id, code, slug, name, kind, tax_code, colour, changed_at)
            values (37036, 'MZB', 'marzabotto', 'Marzabotto', 'municipality', '99900000136', '#000000', now()), (137001, 'URG', 'unione', 'Unione', 'union', '99900000029', '#000000', now());
            insert into fines.fine (entity_id, fine_id, series, year, number, municipality, place, article, description, violated_on, plate, min_cents, max_cents, costs_cents,
                                    discount_excluded, contested_at_once, imported_at, changed_at)
            select e.id, gen_random_uuid(), 'V', 2026, e.number, '037036', 'Via Demo', 'art. 158', 'Sosta', '2026-01-01', 'AB123CD', 4200, 16800, 0, false, false, now(), now()
              from (values (37036, 1), (137001, 2)) as e (id, number)
            """);
        pool = new Database(database.Web + ";Maximum Pool Size=1", binding);
    }

    [TearDown]
    public async Task End()
    {
        await pool.DisposeAsync();
        await database.DisposeAsync();
    }

    [Test]
    public async Task A_fresh_connection_of_the_web_role_may_read_nothing()
    {
        await using var connection = await pool.Source.OpenConnectionAsync();

        foreach (var table in (string[])["fines.fine", "payments.payment", "core.journal", "core.entity"])
            (await Refusal(() => connection.ExecuteAsync($"select 1 from {table}"))).Should().Be(PostgresErrorCodes.InsufficientPrivilege, table);
    }

    [Test]
    public async Task Without_an_entity_a_modules_role_sees_no_row()
    {
        (await In("fines", null, s => s.First<int>("select count(*)::int from fines.fine"))).Should().Be(0);
        (await database.Value<int>("select count(*)::int from fines.fine")).Should().Be(2);
    }

    [Test]
    public async Task A_forgotten_where_shows_only_the_creditors_own_rows()
    {
        (await In("fines", Marzabotto, s => s.List<int>("select number from fines.fine"))).Should().Equal(1);
        // The same text again on the same pooled connection: the prepared plan must not remember for whom it was made.
        for (var again = 0; again < 4; again++)
        {
            (await In("fines", Union, s => s.List<int>("select number from fines.fine"))).Should().Equal(2);
            (await In("fines", Marzabotto, s => s.List<int>("select number from fines.fine"))).Should().Equal(1);
        }
    }

    [Test]
    public async Task A_forgotten_where_changes_and_deletes_only_the_creditors_own_rows()
    {
        (await In("fines", Marzabotto, s => s.Execute("update fines.fine set place = 'altrove'"))).Should().Be(1);
        (await In("fines", Marzabotto, s => s.Execute("delete from fines.fine"))).Should().Be(1);

        (await database.Rows<int>("select number from fines.fine where place = 'Via Demo'")).Should().Equal(2);
    }

    [TestCase("update fines.fine set entity_id = 137001", TestName = "A row cannot be given away")]
    [TestCase("insert into fines.fine select (jsonb_populate_record(f, jsonb_build_object('entity_id', 137001, 'fine_id', gen_random_uuid(), 'number', 9))).* from fines.fine f", TestName = "A row cannot be put in for another creditor")]
    public async Task No_row_of_another_creditor_is_written(string sql)
    {
        (await Refusal(() => In("fines", Marzabotto, s => s.Execute(sql)))).Should().Be(PostgresErrorCodes.InsufficientPrivilege);
    }

    [Test]
    public async Task A_module_cannot_read_the_schema_of_another()
    {
        foreach (var (module, table) in ((string, string)[])[("fines", "payments.payment"), ("fines", "core.outbox"), ("payments", "fines.fine"), ("payments", "core.journal")])
            (await Refusal(() => In(module, Marzabotto, s => s.First<int>($"select 1 from {table}")))).Should().Be(PostgresErrorCodes.InsufficientPrivilege, "{0} is not {1}'s", table, module);
    }

    [Test]
    public async Task What_was_written_down_is_not_rewritten()
    {
        foreach (var sql in (string[])["update core.journal set actor = 'x'", "delete from core.journal", "update core.outbox set payload = '{}'", "delete from core.outbox", "truncate core.outbox cascade"])
            (await Refusal(() => In("core", Marzabotto, s => s.Execute(sql)))).Should().Be(PostgresErrorCodes.InsufficientPrivilege, sql);
    }

    [TestCase("commit")]
    [TestCase("exception")]
    [TestCase("refused statement")]
    [TestCase("binding refused")]
    public async Task Nothing_of_the_binding_stays_on_the_pooled_connection(string end)
    {
        // Without the pool's own cleaning, which would hide what the session left behind.
        await using var uncleaned = new Database(database.Web + ";Maximum Pool Size=1;No Reset On Close=true", binding);
        var backend = 0;
        var run = () => uncleaned.Run(
            end == "binding refused" ? "portico_nobody" : "portico_fines", Marzabotto, "test", TimeProvider.System,
            async session =>
            {
                backend = await session.First<int>("select pg_backend_pid()");
                if (end == "exception")
                    throw new InvalidTimeZoneException();
                return end == "refused statement" ? await session.Execute("select 1/0") : 0;
            },
            CancellationToken.None);
        if (end == "commit")
            await run();
        else
            await run.Should().ThrowAsync<Exception>();

        await using var next = await uncleaned.Source.OpenConnectionAsync();
        var (user, entity, pid) = await next.QuerySingleAsync<(string, string?, int)>("select current_user::text, current_setting('portico.entity', true), pg_backend_pid()");
        user.Should().Be("portico_web");
        entity.Should().BeNullOrEmpty();
        if (backend != 0)
            pid.Should().Be(backend, "it is the same connection, or this test shows nothing");
    }

    [Test]
    public async Task The_binding_travels_with_the_first_statement_and_begin_with_both()
    {
        await using var wire = new RoundTrips(database.Web);
        await using var through = new Database(wire.Connection, binding);
        Task Session(Func<EntitySession, Task<int>> work) =>
            through.Run("portico_fines", Marzabotto, "test", TimeProvider.System, work, CancellationToken.None);
        Task<int> One(EntitySession s) => s.First<int>("select count(*)::int from fines.fine");
        Task<int> Change(EntitySession s) => s.Execute("update fines.fine set place = place");
        for (var warm = 0; warm < 3; warm++)
        {
            await Session(One);
            await Session(Change);
        }

        (await wire.Of(() => Session(_ => Task.FromResult(0)))).Should().Be(0, "a session without statements costs nothing");
        (await wire.Of(() => Session(One))).Should().Be(2, "begin, binding and statement in one, commit in another");
        (await wire.Of(() => Session(Change))).Should().Be(2);
        (await wire.Of(() => Session(async s => await One(s) + await Change(s)))).Should().Be(3);
        (await wire.Of(() => Session(async s =>
        {
            s.Raise(new Told(Guid.NewGuid(), 1));
            s.Record("test.done", new { });
            return await Change(s);
        }))).Should().Be(2, "events, deliveries, journal and commit leave together");
    }

    [Test]
    public async Task Statements_used_again_are_prepared_at_the_server()
    {
        for (var use = 0; use < 3; use++)
            await In("fines", Marzabotto, s => s.List<int>("select number from fines.fine where place <> @place", new { place = "x" }));

        var prepared = await In("fines", Marzabotto, s => s.List<string>("select statement from pg_prepared_statements"));

        prepared.Should().Contain(statement => statement.Contains("from fines.fine where place <> $", StringComparison.Ordinal))
            .And.Contain(statement => statement.Contains(binding == BindingForm.Parameters ? "set_config('role'" : "set local role portico_fines", StringComparison.Ordinal));
    }

    [Test]
    public async Task No_session_opens_inside_another_and_the_next_one_may()
    {
        var inside = () => In("fines", Marzabotto, async _ => await In("fines", Union, s => s.First<int>("select 1")));

        (await inside.Should().ThrowAsync<InvalidOperationException>()).WithMessage("*while a transaction is open*");
        (await In("fines", Marzabotto, s => s.First<int>("select 1"))).Should().Be(1);
    }

    [Test]
    public async Task An_event_leaves_with_its_state_or_not_at_all()
    {
        var stream = Guid.NewGuid();
        await In("fines", Marzabotto, async s =>
        {
            s.Raise(new Told(stream, 1));
            s.Record("test.done", new { stream });
            return await s.Execute("update fines.fine set place = 'uno'");
        });
        var rolledBack = () => In<int>("fines", Marzabotto, async s =>
        {
            s.Raise(new Told(stream, 2));
            await s.Execute("update fines.fine set place = 'due'");
            throw new InvalidTimeZoneException();
        });
        await rolledBack.Should().ThrowAsync<InvalidTimeZoneException>();
        // The stream's version is its place in the outbox: a second event that claims the same one takes its state with it.
        var sameVersion = () => In("fines", Marzabotto, async s =>
        {
            s.Raise(new Told(stream, 1));
            return await s.Execute("update fines.fine set place = 'tre'");
        });
        (await Refusal(sameVersion)).Should().Be(PostgresErrorCodes.UniqueViolation);

        (await database.Rows<int>("select seq from core.outbox where entity_id = 37036")).Should().Equal(1);
        (await database.Rows<string>("select kind from core.journal where entity_id = 37036")).Should().Equal("test.done");
        (await database.Value<string>("select place from fines.fine where entity_id = 37036")).Should().Be("uno");
    }

    [Test]
    public async Task The_service_centre_reads_across_entities_and_writes_nothing()
    {
        (await pool.Run(ModuleRoles.Centre, null, "test", TimeProvider.System, s => s.First<int>("select count(*)::int from fines.fine"), CancellationToken.None)).Should().Be(2);

        foreach (var sql in (string[])["delete from fines.fine", "update core.delivery set tries = 0", "insert into core.journal default values"])
            (await Refusal(() => pool.Run(ModuleRoles.Centre, null, "test", TimeProvider.System, s => s.Execute(sql), CancellationToken.None)))
                .Should().Be(PostgresErrorCodes.InsufficientPrivilege, sql);
    }

    Task<T> In<T>(string module, EntityId? entity, Func<EntitySession, Task<T>> work) =>
        pool.Run(ModuleRoles.Of(module), entity, "test", TimeProvider.System, work, CancellationToken.None);

    static async Task<string> Refusal<T>(Func<Task<T>> work)
    {
        try
        {
            var answer = await work();
            return string.Create(CultureInfo.InvariantCulture, $"not refused: {answer}");
        }
        catch (PostgresException refused)
        {
            return refused.SqlState;
        }
    }

    [EventName("test.told.1")]
    sealed record Told(Guid Stream, int Version) : IEvent
    {
        public string? Audience => null;
    }
}
