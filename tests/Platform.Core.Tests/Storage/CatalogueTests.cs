using Platform.Testing;

namespace Platform.Core.Tests.Storage;

public sealed class CatalogueTests
{
    [Test]
    public async Task Every_table_of_every_module_keeps_the_house_rules()
    {
        await using var database = await TestCluster.NewDatabase();

        (await database.Value<int>("select count(*)::int from pg_class where relkind = 'r' and relnamespace in ('core'::regnamespace, 'payments'::regnamespace, 'fines'::regnamespace)"))
            .Should().BeGreaterThan(15, "there must be tables to look at");
        (await Catalogue.Offences(database)).Should().BeEmpty();
    }

    [TestCase("create table fines.open (entity_id int primary key)", "fines.open has no forced row-level security")]
    [TestCase("alter table fines.fine no force row level security", "fines.fine has no forced row-level security")]
    [TestCase("create table fines.loose (id int primary key, entity_id int)", "fines.loose has no primary key that starts with entity_id")]
    [TestCase("create table fines.mine (id int primary key); comment on table fines.mine is 'reference'", "fines.mine has no forced row-level security")]
    [TestCase("create table core.secret (id int primary key); comment on table core.secret is 'centre'", "core.secret calls itself a centre table and is not on the list")]
    [TestCase("create policy more on fines.fine using (true)", "fines.fine has the policy more for {-}: true")]
    [TestCase("drop policy own on fines.fine; create policy own on fines.fine to portico_fines using (entity_id = current_setting('portico.entity')::int)", "fines.fine has the policy own for {portico_fines}: *")]
    [TestCase("drop policy territory on fines.fine; create policy territory on fines.fine to portico_fines using (municipality = (select core.territory()))", "fines.fine has the policy territory for {portico_fines}: *")]
    [TestCase("drop policy territory on fines.fine; create policy territory on fines.fine for select to portico_fines using (municipality = current_setting('portico.territory', true))", "fines.fine has the policy territory for {portico_fines}: *")]
    [TestCase("create trigger t before update on fines.fine for each row execute function suppress_redundant_updates_trigger()", "t is a trigger on fines.fine")]
    [TestCase("alter table fines.fine add column n bigserial", "fine_n_seq is a sequence in fines")]
    [TestCase("create unique index plates on fines.fine (plate)", "fines.plates is unique across entities")]
    [TestCase("alter table payments.receipt add column o int; alter table payments.receipt add constraint across foreign key (o, payment_id) references payments.payment", "across of payments.receipt may lead to another entity")]
    [TestCase("grant select on payments.payment to portico_fines", "portico_fines may select payments.payment")]
    [TestCase("grant update on fines.fine to portico_centre", "portico_centre may update fines.fine")]
    [TestCase("alter table fines.fine owner to portico_fines", "portico_web or a module's role owns fines.fine")]
    [TestCase("create function fines.peek() returns bigint language sql security definer as 'select count(*) from fines.fine'", "fines.peek() runs with its owner's rights for portico_payments")]
    public async Task A_planted_offence_is_seen(string planted, string offence)
    {
        await using var database = await TestCluster.NewDatabase();

        await database.Execute(planted);

        (await Catalogue.Offences(database)).Should().ContainMatch(offence);
    }
}
