using Autofac;
using Platform.Core.Settings;
using Platform.Testing;

namespace Platform.Core.Tests.Settings;

/// <summary>What creditors decide, by the command line, and what citizens see of it.</summary>
public sealed class SettingsTests
{
    [Test]
    public async Task What_a_creditor_decides_is_seen_on_its_next_page_and_can_be_undone()
    {
        await using var host = await PorticoTestHost.Start();
        using var citizen = host.NewCitizen();

        (await host.Portico("settings", "set", "fines", "--entity", "URG", "office=Ufficio verbali, martedì 9-12")).Should().Match<Told>(told => told.Code == 0 && told.Output.Contains("version 1 stands"));

        (await Reads("bentivoglio")).Should().Contain("Ufficio verbali, martedì 9-12");
        (await Reads("marzabotto")).Should().NotContain("Ufficio verbali", "another creditor decided nothing");

        await host.Portico("settings", "set", "fines", "--entity", "URG", "office=Sportello unico", "patron=29/6");
        (await Reads("bentivoglio")).Should().Contain("Sportello unico");
        (await host.Portico("settings", "undo", "fines", "--entity", "URG")).Code.Should().Be(0);

        (await Reads("bentivoglio")).Should().Contain("Ufficio verbali");
        (await host.Portico("settings", "set", "fines", "--entity", "BEN", "office=Nessuno")).Output.Should()
            .Contain("look  nobody offers fines with BEN as its creditor today, so that no citizen meets this; BEN shows it for URG.");
        (await host.Portico("settings", "show", "fines", "--entity", "URG")).Output.Should()
            .NotContain("look").And.Contain("office=Ufficio verbali").And.Contain("patron=  (default)").And.Contain($"version 3, 2026-")
            .And.Contain("cli:").And.Contain("office=Sportello unico patron=29/6").And.Contain("payBeforeNotice=yes  (default)");
        (await host.Database.Rows<string>("select body ->> 'version' from core.journal where kind = 'settings.changed' order by at, entry_id")).Should().BeEquivalentTo("1", "2", "3", "1");

        async Task<string> Reads(string municipality)
        {
            await citizen.Open($"/{municipality}/multe");
            return citizen.Reads;
        }
    }

    [TestCase("patron=31/02", "patron: \"31/02\" is no day of the year*")]
    [TestCase("payBeforeNotice=perhaps", "payBeforeNotice: \"perhaps\" is not yes or no.*")]
    [TestCase("office=a\u001bc", "office: *without control characters.*")]
    [TestCase("colour=red", "There is no setting colour. There are: patron, payBeforeNotice, surcharge, offerWhileCrediting, noticeDays, remindBefore, remindAfter, office.*")]
    [TestCase("office", "\"office\" is not name=value.*")]
    public async Task What_does_not_fit_is_told_and_nothing_is_written(string wrong, string why)
    {
        await using var host = await PorticoTestHost.Start();

        var told = await host.Portico("settings", "set", "fines", "--entity", "URG", "office=Sportello", wrong);

        told.Code.Should().Be(1);
        told.Errors.Should().Match("portico: " + why);
        (await host.Database.Value<int>("select count(*)::int from core.settings")).Should().Be(0);
    }

    [TestCase("settings show fines --entity ZZZ", "No entity has the code ZZZ")]
    [TestCase("settings show nothing --entity URG", "The service \"nothing\" is not running")]
    [TestCase("settings undo fines --entity URG", "there is nothing to undo")]
    public async Task What_is_not_there_is_told(string command, string why)
    {
        await using var host = await PorticoTestHost.Start();

        (await host.Portico(command.Split(' '))).Should().Match<Told>(told => told.Code == 1 && told.Errors.Contains(why));
    }

    [Test]
    public async Task Each_kind_of_setting_is_read_and_shown_in_one_way()
    {
        await using var host = await PorticoTestHost.Start(Path.Combine(TestCluster.Artifacts, "test-plugins"));

        (await host.Portico(
            "settings", "set", "probe", "--entity", "MZB", "text=Due parole", "number=-3", "amount=1.234,5", "yesNo=no", "day=31/1/2026", "choice=SECOND", "secret=mensa-ws", "maybe=")).Errors.Should().BeEmpty();

        (await host.Portico("settings", "show", "probe", "--entity", "MZB")).Output.Should()
            .ContainAll("text=Due parole\n", "number=-3\n", "amount=1234.50\n", "yesNo=no\n", "day=2026-01-31\n", "choice=second\n", "secret=mensa-ws\n", "maybe=\n", "[first, second]", "MEND  Two words are one too many.");
        (await host.Portico("settings", "set", "probe", "--entity", "MZB", "number=101")).Errors.Should().Contain("number: ");
        (await host.Portico("settings", "set", "probe", "--entity", "MZB", "secret=In Chiaro!")).Errors.Should().Contain("secret: \"In Chiaro!\" is not the name of a secret");
    }

    [Test]
    public async Task A_secret_is_found_by_the_name_that_a_setting_gives_and_banks_secrets_are_not()
    {
        await using var host = await PorticoTestHost.Start(secrets: [new("Secrets:mensa:value", "apriti")]);
        var secrets = host.Container.Resolve<ISecrets>();

        secrets.Find(new("mensa")).Should().Be("apriti");
        secrets.Find(new("test")).Should().BeNull("a bank's secrets have other names");
        secrets.Find(default).Should().BeNull();
    }

    [Test]
    public async Task A_stored_value_that_the_service_no_longer_understands_counts_as_not_set_and_is_told()
    {
        await using var host = await PorticoTestHost.Start();
        await host.Database.Execute(
            """insert into core.settings select entity_id, 'fines', 1, '{"payBeforeNotice": "sometimes", "gone": "1", "office": "Sportello"}', now(), 'test' from core.entity where code = 'URG'""");
        using var citizen = host.NewCitizen();

        await citizen.Open("/bentivoglio/multe");
        citizen.Reads.Should().Contain("Sportello");

        (await host.Portico("settings", "show", "fines", "--entity", "URG")).Output.Should().Contain("payBeforeNotice=yes").And.Contain("MEND  payBeforeNotice: \"sometimes\" is not yes or no.");
    }

    [Test]
    public async Task The_check_of_the_host_names_each_creditor_that_is_not_ready()
    {
        await using var host = await PorticoTestHost.Start();
        await host.Portico("settings", "set", "fines", "--entity", "VRG", "patron=24/08");

        var told = await host.Portico("check");

        told.Output.Should().Contain("MEND  fines, Comune di Marzabotto (MZB): The feast of the patron saint is missing")
            .And.Contain("ok    fines, Comune di Vergato (VRG): ready.").And.Contain("ok    fines, Unione Reno Galliera (URG): ready.")
            .And.NotContain("Comune di Bentivoglio", "it owes its fines to the union");
    }
}
