using Microsoft.Extensions.Logging.Abstractions;
using Platform.Core.Storage;
using Platform.Core.Tests.Plugins;
using Platform.Payments;
using Platform.Testing;

namespace Platform.Core.Tests.Storage;

public sealed class MigrationTests
{
    const string Table = "create table alpha.a (entity_id int, id int, primary key (entity_id, id));";

    static readonly Module Core = new("core", typeof(Migrator).Assembly);
    static readonly Module Payments = new("payments", typeof(OpenPosition).Assembly);

    TestDatabase database = null!;

    [SetUp]
    public async Task Begin() => database = await TestCluster.NewDatabase();

    [TearDown]
    public async Task End() => await database.DisposeAsync();

    [Test]
    public async Task Migrating_again_changes_nothing()
    {
        await Migrate(Alpha(("V1__a.sql", Table)));
        var before = await Snapshot();

        await Migrate(Alpha(("V1__a.sql", Table)));
        foreach (var module in (Module[])[Core, Payments])
            await Migrate(module);

        (await Snapshot()).Should().Equal(before);
    }

    [Test]
    public async Task Any_number_of_hosts_may_migrate_an_empty_database_at_once()
    {
        await using var empty = await TestCluster.NewEmptyDatabase();
        async Task Host()
        {
            var migrator = new Migrator(empty.Owner, NullLogger.Instance);
            await migrator.Migrate(Core, CancellationToken.None);
            await migrator.Migrate(Payments, CancellationToken.None);
        }

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(Host)));

        (await empty.Rows<string>("select name from core.migration where success and type = 0 order by id")).Should().Equal(Brought(Core)).And.StartWith(["V1__core.sql", "V2__journal_and_idempotency.sql"]);
        (await empty.Rows<string>("select name from payments.migration where success and type = 0 order by id")).Should().Equal(Brought(Payments)).And.StartWith(["V1__payments.sql", "V2__surplus_by_kind.sql"]);

        // Numbers may have gaps: two people who work at once take one each.
        static IEnumerable<string> Brought(Module module) => module.Assembly.GetManifestResourceNames().Where(name => name.StartsWith(module.MigrationFilter, StringComparison.Ordinal))
            .Select(name => name[module.MigrationFilter.Length..]).OrderBy(name => int.Parse(name[1..name.IndexOf("__", StringComparison.Ordinal)], System.Globalization.CultureInfo.InvariantCulture));
    }

    [Test]
    public async Task Scripts_run_in_the_order_of_their_numbers()
    {
        await Migrate(Alpha(("V10__ten.sql", "alter table alpha.a rename column nine to ten"), ("V9__nine.sql", "alter table alpha.a add column nine int"), ("V1__a.sql", Table)));

        (await database.Rows<string>("select column_name::text from information_schema.columns where table_schema = 'alpha' and table_name = 'a' order by 1")).Should().Equal("entity_id", "id", "ten");
    }

    [Test]
    public async Task A_script_that_fails_leaves_nothing_of_the_new_service()
    {
        var before = await Snapshot();

        var reason = await Refusal(Alpha(("V1__a.sql", Table), ("V2__b.sql", "create table alpha.b (entity_id int primary key); select * from alpha.nowhere")));

        reason.Should().Contain("V2__b.sql").And.Contain("alpha.nowhere");
        (await Snapshot()).Should().Equal(before);
    }

    [Test]
    public async Task A_script_that_fails_leaves_the_schema_as_the_last_release_left_it()
    {
        await Migrate(Alpha(("V1__a.sql", Table)));
        await database.Execute("insert into alpha.a values (0, 1)");
        var before = await Snapshot();

        await Refusal(Alpha(("V1__a.sql", Table), ("V2__b.sql", "alter table alpha.a add column b int; drop table alpha.nowhere")));

        (await Snapshot()).Should().Equal(before);
        await Migrate(Alpha(("V1__a.sql", Table), ("V2__b.sql", "alter table alpha.a add column b int")));
        (await database.Value<int>("select count(*)::int from alpha.a where b is null")).Should().Be(1);
    }

    [Test]
    public async Task A_script_that_was_edited_after_it_ran_is_refused_in_words()
    {
        await Migrate(Alpha(("V1__a.sql", Table)));

        (await Refusal(Alpha(("V1__a.sql", Table + " -- and more")))).Should().Contain("checksum").And.Contain("V1__a.sql").And.Contain("\"alpha\"");
    }

    [TestCase("create table alpha.loose (id int primary key)")]
    [TestCase("create table alpha.loose (id int, entity_id int, primary key (id, entity_id))")]
    [TestCase("create table alpha.loose (entity_id int)")]
    [TestCase("create table alpha.loose (id int primary key); comment on table alpha.loose is 'reference'")]
    public async Task A_services_table_that_belongs_to_no_entity_is_refused_and_gone(string script)
    {
        foreach (var release in (string[])["first", "second"])
        {
            var before = await Snapshot();

            (await Refusal(Alpha(("V1__a.sql", Table), ("V2__loose.sql", script)))).Should().Contain("alpha.loose").And.Contain("entity_id");

            (await Snapshot()).Should().Equal(before, "it was refused at its {0} release", release);
            await Migrate(Alpha(("V1__a.sql", Table)));
        }
    }

    [Test]
    public async Task A_service_cannot_reach_into_another_schema()
    {
        foreach (var script in (string[])["create table core.mine (entity_id int primary key)", "insert into core.subscription values ('a', 'b', 'alpha')", "select * from fines.fine", "create role alpha_boss superuser", "drop policy own on core.journal"])
            (await Refusal(Alpha(("V1__a.sql", Table), ("V2__b.sql", script)))).Should().MatchRegex("permission denied|must be");
    }

    [Test]
    public async Task A_table_that_comes_later_is_protected_like_the_first()
    {
        await Migrate(Alpha(("V1__a.sql", Table)));
        await Migrate(Alpha(("V1__a.sql", Table), ("V2__b.sql", "create table alpha.b (entity_id int, id int, primary key (entity_id, id)); comment on table alpha.b is 'reference'; insert into alpha.b values (1, 1), (2, 2)")));

        (await Catalogue.Offences(database)).Should().BeEmpty();
        await using var pool = new Database(database.Web);
        (await pool.Run("portico_alpha", new(2), "test", TimeProvider.System, s => s.List<int>("select id from alpha.b"), CancellationToken.None)).Should().Equal(2);
    }

    [Test]
    public async Task What_the_database_lacks_is_told_to_a_host_that_may_not_migrate()
    {
        await Migrate(Alpha(("V1__a.sql", Table)));
        await using var pool = new Database(database.Web);

        (await Migrator.Pending(pool, Alpha(("V1__a.sql", Table)), TimeProvider.System, CancellationToken.None)).Should().BeEmpty();
        (await Migrator.Pending(pool, Alpha(("V1__a.sql", Table), ("V2__b.sql", "select 1")), TimeProvider.System, CancellationToken.None)).Should().Equal("V2__b.sql");
        (await Migrator.Pending(pool, new("beta", Planted.Scripts("Beta", ("V1__b.sql", "select 1"))), TimeProvider.System, CancellationToken.None)).Should().Equal("V1__b.sql");
    }

    static Module Alpha(params (string Name, string Sql)[] scripts) => new("alpha", Planted.Scripts("Alpha", scripts));

    Task Migrate(Module module) => new Migrator(database.Owner, NullLogger.Instance).Migrate(module, CancellationToken.None);

    async Task<string> Refusal(Module module) =>
        (await FluentActions.Awaiting(() => Migrate(module)).Should().ThrowAsync<MigrationException>()).Which.Message;

    // Everything in the database that a migration could leave behind, but for roles of other tests' services on the same cluster.
    Task<IReadOnlyList<string>> Snapshot() => database.Rows<string>(
        """
        select what from (
            select 'schema ' || nspname || ' ' || coalesce(nspacl::text, '') as what from pg_namespace where nspname !~ '^pg_(toast|temp)'
            union all select 'relation ' || oid::regclass || ' ' || relrowsecurity || relforcerowsecurity || coalesce(relacl::text, '') from pg_class where relnamespace::regnamespace::text !~ '^pg_' 
            union all select 'column ' || attrelid::regclass || '.' || attname from pg_attribute join pg_class c on c.oid = attrelid where attnum > 0 and not attisdropped and relkind = 'r' and relnamespace::regnamespace::text !~ '^pg_'
            union all select 'policy ' || polname || polrelid::regclass from pg_policy
            union all select 'script ' || coalesce(c.name, '') from core.migration c
        ) as all_there_is order by 1
        """);
}
