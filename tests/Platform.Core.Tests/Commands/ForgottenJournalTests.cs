using System.Net;
using Platform.Core.Tests.Plugins;
using Platform.Testing;

namespace Platform.Core.Tests.Commands;

/// <summary>A service whose author never thought of the journal.</summary>
public sealed class ForgottenJournalTests
{
    const string Schema =
        """
        create table forgetful.note (entity_id int, id uuid, words text, primary key (entity_id, id));
        create function forgetful.note_down(e int) returns int language sql as $$ insert into forgetful.note values (e, gen_random_uuid(), 'by function') returning 1 $$;
        """;

    // One command of each way to change rows or not to; all of it in the sessions of one handler each.
    static readonly (string Name, string Work)[] Commands =
    [
        ("Insert", "await s.Execute(\"insert into forgetful.note values (@entity, gen_random_uuid(), 'Anna Bianchi')\", a);"),
        ("InsertAndTell", "await s.First<Guid>(\"insert into forgetful.note values (@entity, gen_random_uuid(), 'x') returning id\", a);"),
        ("InsertInside", "await s.List<int>(\"with n as (insert into forgetful.note values (@entity, gen_random_uuid(), 'x') returning 1) select count(*)::int from n\", a);"),
        ("InsertByFunction", "await s.First<int>(\"select forgetful.note_down(@entity)\", a);"),
        ("CallByExecute", "await s.Execute(\"select forgetful.note_down(@entity)\", a);"),
        ("Record", "await s.Execute(\"insert into forgetful.note values (@entity, gen_random_uuid(), 'x')\", a); s.Record(\"forgetful.own_words\", new { });"),
        ("Read", "await s.List<string>(\"select words from forgetful.note where entity_id = @entity\", a);"),
        ("Lock", "await s.List<string>(\"select words from forgetful.note where entity_id = @entity for no key update\", a);"),
        ("ChangeNothing", "await s.Execute(\"update forgetful.note set words = 'y' where entity_id = @entity and words = 'nobody'\", a);"),
        ("TellOfNothing", "await s.List<Guid>(\"update forgetful.note set words = 'y' where entity_id = @entity and words = 'nobody' returning id\", a);"),
        ("Throw", "await s.Execute(\"insert into forgetful.note values (@entity, gen_random_uuid(), 'gone')\", a); throw new System.IO.IOException(\"asked to\");"),
    ];

    string _plugins = null!;

    [OneTimeSetUp]
    public void Plant()
    {
        _plugins = Directory.CreateTempSubdirectory("portico-forgetful-").FullName;
        var commands = string.Concat(Commands.Select(command =>
            $$"""
            public sealed record {{command.Name}}(string Words) : Platform.Core.Commands.ICommand<int>;
            public sealed class {{command.Name}}Handler(Platform.Core.Storage.ISessions sessions) : Platform.Core.Commands.ICommandHandler<{{command.Name}}, int>
            {
                public Task<int> Handle({{command.Name}} c, CancellationToken stop) => sessions.Run(async s => { var a = new { entity = s.Entity }; {{command.Work}} return 0; }, stop);
            }
            """));
        var page =
            $$"""
            public sealed class P(Platform.Core.Commands.ICommands commands, Platform.Core.Storage.ISessions sessions) : Platform.Core.Pages.IPage
            {
                public async Task<Platform.Core.Pages.PageAnswer> Get(Platform.Core.Pages.PageRequest r, CancellationToken stop)
                {
                    switch (r.Route["what"])
                    {
                        {{string.Concat(Commands.Select(command => $"case \"{command.Name}\": await commands.Send(new {command.Name}(\"Anna Bianchi\"), stop); break;"))}}
                        case "None": await sessions.Run(s => s.Execute("insert into forgetful.note values (@entity, gen_random_uuid(), 'x')", new { entity = s.Entity }), stop); break;
                    }
                    return Platform.Core.Pages.PageAnswer.NotFound;
                }
            }
            """;
        Planted.Lay(_plugins, "forgetful", ("main", Planted.Compile("Forgetful", Planted.Service("forgetful", "oblio", describe: "s.Page<P>(\"{what}\");", more: commands + page), null, null, ("V1__forgetful.sql", Schema))));
    }

    [OneTimeTearDown]
    public void Clear() => Directory.Delete(_plugins, recursive: true);

    [TestCase("Insert", "forgetful.Insert")]
    [TestCase("InsertAndTell", "forgetful.InsertAndTell")]
    [TestCase("InsertInside", "forgetful.InsertInside")]
    [TestCase("InsertByFunction", "forgetful.InsertByFunction")]
    [TestCase("CallByExecute", "forgetful.CallByExecute")]
    [TestCase("Record", "forgetful.own_words", TestName = "What a command records itself is enough")]
    [TestCase("Read", null)]
    [TestCase("Lock", null)]
    [TestCase("ChangeNothing", null)]
    [TestCase("TellOfNothing", null)]
    [TestCase("Throw", null, TestName = "What is rolled back leaves no line")]
    [TestCase("None", null, TestName = "What is no command is the author's to record")]
    public async Task A_command_that_changed_rows_is_in_the_journal_although_its_handler_recorded_nothing(string what, string? line)
    {
        var host = await Host();
        await host.Database.Execute("delete from core.journal; insert into forgetful.note select entity_id, gen_random_uuid(), 'old' from core.entity where code = 'URG'");
        using var browser = new HttpClient { BaseAddress = host.Address };
        using var answer = await browser.GetAsync(new Uri("/bentivoglio/oblio/" + what, UriKind.Relative));
        answer.StatusCode.Should().Be(what == "Throw" ? HttpStatusCode.InternalServerError : HttpStatusCode.NotFound);

        var lines = await host.Database.Rows<string>(
            "select e.code || ' ' || j.actor || ' ' || j.kind || ' ' || (j.body::text) from core.journal j join core.entity e on e.entity_id = j.entity_id");

        lines.Should().Equal(line switch
        {
            null => [],
            "forgetful.own_words" => ["URG forgetful forgetful.own_words {}"],
            _ => [$$"""URG forgetful {{line}} {"shownBy": 37005}"""],
        });
        (await host.Database.Value<long>("select count(*) from forgetful.note where words = 'gone'")).Should().Be(0);
    }

    PorticoTestHost? _host;

    async Task<PorticoTestHost> Host()
    {
        if (_host is not null)
            return _host;
        _host = await PorticoTestHost.Start(_plugins);
        await _host.Activate("forgetful", "BEN", "URG");
        return _host;
    }

    [OneTimeTearDown]
    public async Task End() => await (_host?.DisposeAsync() ?? ValueTask.CompletedTask);
}
