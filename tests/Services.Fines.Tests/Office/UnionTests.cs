using Autofac;
using Npgsql;
using Platform.Core.Storage;
using Platform.Testing;

namespace Services.Fines.Tests.Office;

/// <summary>The union is the creditor; each of its municipalities reads its own part, and changes nothing.</summary>
public sealed class UnionTests
{
    PorticoTestHost host = null!;
    Desk desk = null!;
    int inBentivoglio, inArgelato;

    [OneTimeSetUp]
    public async Task Start()
    {
        desk = new(host = await PorticoTestHost.Start());
        inBentivoglio = await desk.NewFine(municipality: "037005");
        inArgelato = await desk.NewFine(municipality: "037002");
    }

    [OneTimeTearDown]
    public async Task Stop() => await host.DisposeAsync();

    [Test]
    public async Task The_union_lists_all_and_a_municipality_its_own_part()
    {
        (await Listed("URG")).Should().Equal($"V/2026/{inBentivoglio}", $"V/2026/{inArgelato}");
        (await Listed("BEN")).Should().Equal($"V/2026/{inBentivoglio}");
        (await Listed("BEN", ("municipality", "037005"))).Should().Equal($"V/2026/{inBentivoglio}");
        (await Listed("URG", ("municipality", "037002"))).Should().Equal($"V/2026/{inArgelato}");
        await FluentActions.Awaiting(() => Listed("BEN", ("municipality", "037002"))).Should().ThrowAsync<InvalidOperationException>().WithMessage("Only fines of *Bentivoglio are read here*");
        await FluentActions.Awaiting(() => Listed("URG", ("municipality", "37002"))).Should().ThrowAsync<InvalidOperationException>().WithMessage("The ISTAT code*");
        (await Listed("SLS")).Should().BeEmpty();
    }

    [Test]
    public async Task A_planted_missing_where_shows_a_municipality_no_more_than_its_part_and_lets_it_write_nothing()
    {
        async Task<T> AsBentivoglio<T>(string territory, Func<IEntitySession, Task<T>> work) => await host.As("fines", "BEN", "BEN", scope => scope.Resolve<ISessions>().Run(
            async session =>
            {
                await session.Execute("select set_config('portico.territory', @territory, true)", new { territory });
                return await work(session);
            },
            CancellationToken.None));

        (await AsBentivoglio("on", session => session.List<int>("select number from fines.fine"))).Should().Equal(inBentivoglio);
        (await AsBentivoglio("", session => session.List<int>("select number from fines.fine"))).Should().BeEmpty("who did not ask for the territory has rows of his own only");
        (await AsBentivoglio("on", session => session.Execute("update fines.fine set place = 'altrove'"))).Should().Be(0);
        (await AsBentivoglio("on", session => session.Execute("delete from fines.fine"))).Should().Be(0);
        (await AsBentivoglio("on", session => session.List<int>("select number from fines.fine for update"))).Should().BeEmpty("what cannot be changed cannot be held");
        (await FluentActions.Awaiting(() => AsBentivoglio("on", session => session.Execute(
            "insert into fines.fine select (jsonb_populate_record(f, jsonb_build_object('fine_id', gen_random_uuid(), 'number', 999999))).* from fines.fine f"))).Should().ThrowAsync<PostgresException>())
            .Which.SqlState.Should().Be("42501");
    }

    [Test]
    public async Task A_page_of_the_list_begins_after_the_last_of_the_page_before()
    {
        (await Listed("URG", ("limit", "1"))).Should().Equal($"V/2026/{inBentivoglio}");
        (await Listed("URG", ("limit", "1"), ("after", $"V/2026/{inBentivoglio}"))).Should().Equal($"V/2026/{inArgelato}");
        (await Listed("URG", ("state", "paid"))).Should().BeEmpty();
        (await Listed("URG", ("phase", "verbale"), ("plate", "ab 123 cd"), ("from", desk.Iso(-20)), ("to", desk.Iso(-20)))).Should().HaveCount(2);
        (await Listed("URG", ("from", desk.Iso(-19)))).Should().BeEmpty();
    }

    [Test]
    public async Task The_command_line_writes_a_file_only_when_it_is_whole_and_refuses_wrong_words()
    {
        var folder = Directory.CreateTempSubdirectory("portico-office-").FullName;
        try
        {
            var file = Path.Combine(folder, "multe.csv");
            (await host.Portico("fines", "list", "--entity", "BEN", "--out", file)).Code.Should().Be(0);
            Desk.Rows(await File.ReadAllTextAsync(file)).Select(row => row[0]).Should().Equal($"V/2026/{inBentivoglio}");

            var refused = await host.Portico("fines", "list", "--entity", "BEN", "--state", "lost", "--out", Path.Combine(folder, "none.csv"));
            (refused.Code, refused.Errors.Split('\n')[0]).Should().Be((2, "portico: --state is one of open, paid, part."));
            Directory.GetFiles(folder).Should().Equal(file);
            foreach (var words in (string[][])[["--limit", "x"], ["--from", "31/01/2026"]])
                (await host.Portico(["fines", "list", "--entity", "BEN", .. words])).Code.Should().Be(2);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Test]
    public async Task By_the_command_line_too_a_file_is_loaded_in_the_name_of_who_is_paid_only()
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, $"{Desk.Heading}\n{desk.Line(desk.NewNumber())}\n");
            var refused = await host.Portico("fines", "import", "--entity", "BEN", file);
            (refused.Code, refused.Errors.TrimEnd()).Should().Be((1, "portico: The money of fines in BEN is owed to Unione Reno Galliera: load the file with --entity URG."));
            (await host.Database.Value<long>("select count(*) from fines.fine f join core.entity e on e.entity_id = f.entity_id where e.code = 'BEN'")).Should().Be(0);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [TestCase("after", "boh", "A fine’s number is written like V/2026/1042*")]
    [TestCase("plate", "?", "*plate*")]
    public async Task What_cannot_be_meant_is_refused_in_words(string option, string value, string words) =>
        await FluentActions.Awaiting(() => desk.Ask("list", (option, value))).Should().ThrowAsync<InvalidOperationException>().WithMessage(words);

    [Test]
    public async Task A_citizen_stays_in_the_page_of_the_municipality_that_he_came_from()
    {
        await using var own = await PorticoTestHost.Start();
        var fine = await new Desk(own).NewFine(municipality: "037002");
        using var citizen = own.NewCitizen();
        await citizen.Open("/bentivoglio/multe");
        await citizen.Send(("verbale", $"V/2026/{fine}"), ("data", desk.Iso(-20)), ("targa", "AB123CD"));
        citizen.Heading.Should().Be($"Verbale V/2026/{fine}");
        citizen.Address.AbsolutePath.Should().StartWith("/bentivoglio/multe/");
        await citizen.GoToBank();
        await citizen.PayAtBank();
        citizen.Address.AbsolutePath.Should().StartWith("/bentivoglio/pagamenti/");
        citizen.Page.QuerySelectorAll("main a[href^='/']").Select(link => link.GetAttribute("href")!).Should().OnlyContain(link => !link.StartsWith("/unione", StringComparison.Ordinal) && !link.StartsWith("/argelato", StringComparison.Ordinal));
        await own.After(TimeSpan.FromSeconds(5));
    }

    async Task<IEnumerable<string>> Listed(string entity, params (string, string)[] options) => Desk.Rows(await host.Office("fines", "list", entity, options)).Select(row => row[0]);
}
