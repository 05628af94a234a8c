using Dapper;
using Platform.Core.Entities;
using Platform.Core.Storage;
using Platform.Testing;

namespace Platform.Core.Tests.Storage;

/// <summary>What can be shown of it on plain PostgreSQL: the words, their order, and that the keys come back as they were.</summary>
public sealed class DistributionTests
{
    const string ForeignKeys = "select conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) from pg_constraint where contype = 'f' order by 1";

    [Test]
    public async Task The_script_takes_keys_away_distributes_every_table_of_an_entity_and_puts_the_keys_back()
    {
        await using var host = await PorticoTestHost.Start();
        var told = await host.Portico("distribute", "--owner-database", host.Database.Owner);
        told.Code.Should().Be(3);
        told.Errors.Should().Be("portico: this database has no extension citus, so that these statements would fail here. Nothing was changed.\n");
        var statements = told.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => !line.StartsWith("--", StringComparison.Ordinal)).ToList();
        statements.Select(statement => statement.Split('(')[0].Split(' ') is [_, "table", _, var deed, ..] ? deed : statement.Split('(')[0].Split(' ')[1]).Aggregate(new List<string>(), (seen, deed) =>
        {
            if (seen.LastOrDefault() != deed)
                seen.Add(deed);
            return seen;
        }).Should().Equal("drop", "create_reference_table", "create_distributed_table", "add");
        statements.Should().Contain("select create_reference_table('core.entity');").And.Contain("select create_distributed_table('core.api_key', 'entity_id', colocate_with => 'none');")
            .And.Contain("select create_distributed_table('fines.fine', 'entity_id', colocate_with => 'core.api_key');")
            .And.NotContain(statement => statement.Contains("migration", StringComparison.Ordinal) || statement.Contains("subscription", StringComparison.Ordinal));

        // Functions of the same names that write down who was named while which keys were there.
        await host.Database.Execute(
            $"""
            create table public.seen (name text, keys bigint);
            create function public.create_reference_table(t regclass) returns void language sql as $f$ insert into public.seen select t::text, count(*) from pg_constraint where contype = 'f' $f$;
            create function public.create_distributed_table(t regclass, by text, colocate_with text) returns void language sql as $f$ insert into public.seen select t::text, count(*) from pg_constraint where contype = 'f' $f$;
            """);
        var before = await host.Database.Rows<string>(ForeignKeys);
        before.Should().HaveCountGreaterThan(10);
        foreach (var statement in statements)
            await host.Database.Execute(statement);

        (await host.Database.Rows<string>(ForeignKeys)).Should().Equal(before);
        (await host.Database.Rows<long>("select distinct keys from public.seen")).Should().Equal(0);
        var entityTables = await host.Database.Rows<string>("select c.oid::regclass::text from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'entity_id' where c.relkind = 'r' and c.relforcerowsecurity");
        (await host.Database.Rows<string>("select name from public.seen")).Should().BeEquivalentTo(
            entityTables.Concat(await host.Database.Rows<string>("select c.oid::regclass::text from pg_class c where obj_description(c.oid, 'pg_class') = 'reference'")));
    }

    [Test]
    public async Task A_key_that_leads_to_a_table_on_one_node_is_told()
    {
        await using var host = await PorticoTestHost.Start();
        await host.Database.Execute("alter table fines.fine add column event_type text, add column handler text; alter table fines.fine add constraint stray foreign key (event_type, handler) references core.subscription");

        var told = await host.Portico("distribute", "--owner-database", host.Database.Owner);

        told.Code.Should().Be(1);
        told.Errors.Should().Be("portico: It cannot work like this: stray of fines.fine leads to core.subscription, which stays on one node.\n");
    }

    [TestCase(37036, ExpectedResult = "set local role portico_fines; set local portico.entity = '37036';")]
    [TestCase(null, ExpectedResult = "set local role portico_fines; set local portico.entity = '';")]
    public string The_local_form_of_the_binding_is_made_of_a_known_name_and_a_number(int? entity)
    {
        var parameters = new DynamicParameters();
        var (bound, answers) = SessionBinding.Of(BindingForm.Local, "portico_fines", entity is { } id ? new EntityId(id) : null, null, parameters);
        answers.Should().BeFalse();
        parameters.ParameterNames.Should().BeEmpty();
        return bound;
    }

    [TestCase("postgres")]
    [TestCase("portico_fines; drop table x")]
    [TestCase("portico_fines\n")]
    [TestCase("portico_\"x\"")]
    [TestCase("Portico_fines")]
    public void Nothing_but_a_role_of_ours_gets_into_the_statement(string role)
    {
        var bind = () => SessionBinding.Of(BindingForm.Local, role, null, null, new DynamicParameters());
        bind.Should().Throw<ArgumentException>();
    }
}
