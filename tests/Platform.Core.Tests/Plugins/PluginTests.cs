using System.Diagnostics;
using System.Net;
using System.Reflection;
using Microsoft.Extensions.Logging.Abstractions;
using Platform.Core.Plugins;
using Platform.Testing;

namespace Platform.Core.Tests.Plugins;

/// <summary>A folder full of services, most of them broken in one way each: the host runs with the good ones and says of the others why.</summary>
public sealed class PluginTests
{
    const string GoodPage =
        """
        public sealed class GoodPage : Platform.Core.Pages.IPage
        {
            public Task<Platform.Core.Pages.PageAnswer> Get(Platform.Core.Pages.PageRequest r, CancellationToken stop) => Task.FromResult(Platform.Core.Pages.PageAnswer.Go(r.Path + "/" + Version()));
            static string Version() => "VERSION";
        }
        """;

    // Folder, what is in it, and what an operator must be able to read of it.
    static readonly (string Folder, Func<(string, byte[])[]> Files, string Reason)[] Broken =
    [
        ("b01-empty", () => [], "no assembly in the folder carries [assembly: Service(...)]*"),
        ("b02-noattribute", () => One("public sealed class Nothing;"), "no assembly in the folder carries [assembly: Service(...)]*"),
        ("b03-two", () => [("one", Image("one", Planted.Service("one", "uno"))), ("two", Image("two", Planted.Service("two", "due")))], "2 assemblies carry*a folder holds one service."),
        ("b04-newer", () => One(Planted.Service("newer", "nuovo", "1.9")), "it was written for contract 1.9, and this host speaks 1.0. Upgrade the host."),
        ("b05-major", () => One(Planted.Service("major", "maggiore", "2.0")), "it was written for contract 2.0, and this host speaks 1.0. Upgrade the host."),
        ("b06-old", () => One(Planted.Service("old", "vecchio", "0.9")), "it was written for contract 0.9, and this host speaks 1.0. Get a newer release of the service."),
        ("b07-contract", () => One(Planted.Service("nocontract", "c", "soon")), "its contract version \"soon\" is not major.minor."),
        ("b08-badid", () => One(Planted.Service("Bad-Id; drop", "id")), "its id \"Bad-Id; drop\" is not 2 to 20 lower-case letters*"),
        ("b09-reserved", () => One(Planted.Service("payments", "soldi")), "the id \"payments\" belongs to the platform."),
        ("b10-command", () => One(Planted.Service("serve", "servi")), "the id \"serve\" belongs to the platform."),
        ("b11-constructor", () => One(Planted.Service("ctor", "ctor", constructor: "throw new TimeoutException(\"no time\");")), "its entry point threw TimeoutException: no time"),
        ("b12-describe", () => One(Planted.Service("descr", "descr", describe: "throw new TimeoutException(\"no words\");")), "it threw TimeoutException: no words"),
        ("b13-nopath", () => One(Planted.Service("nopath", "")), "it does not name its path*"),
        ("b14-path", () => One(Planted.Service("rival", "buono")), "the path \"buono\" is taken by service \"good\"."),
        ("b15-platformpath", () => One(Planted.Service("thief", "pagamenti")), "the path \"pagamenti\" belongs to the platform."),
        ("b16-id", () => One(Planted.Service("good", "altro")), "another service has the id \"good\" already."),
        ("b17-damaged", () => [("damaged", [.. Image("damaged", Planted.Service("damaged", "rotto")).Take(700)])], "a file in the folder is damaged or no .NET assembly."),
        ("b18-text", () => [("text", "this is no program"u8.ToArray())], "a file in the folder is damaged or no .NET assembly."),
        ("b19-missing", () => One(Planted.Service("missing", "manca", describe: "new Lib.Thing().ToString();"), Library("Lib", "1.0.0.0")), "it needs Lib 1.0.0.0, which is neither in its folder nor part of the host*"),
        ("b20-shared", () => One(Planted.Service("wants", "vuole", more: "public sealed class D : Dapper.Thing;"), Library("Dapper", "99.0.0.0")), "it wants Dapper 99.0.0.0, and the host has 2*That library is shared*"),
        ("b21-route", () => One(Planted.Service("stray", "sbandato", more: "[Microsoft.AspNetCore.Components.Route(\"/admin\")] public sealed class Stray : Microsoft.AspNetCore.Components.ComponentBase;")), "Stray has a @page of its own*"),
        ("b22-pattern", () => One(Planted.Service("pattern", "modello", describe: "s.Page<GoodPage>(\"{a}{\");", more: GoodPage)), "the pattern \"{a}{\" of its page cannot be used: *"),
        ("b23-constraint", () => One(Planted.Service("constr", "vincolo", describe: "s.Page<GoodPage>(\"{a:nosuch}\");", more: GoodPage)), "the pattern \"{a:nosuch}\" of its page has an unknown constraint: nosuch."),
        ("b24-twice", () => One(Planted.Service("twice", "due", describe: "s.Page<GoodPage>(\"\"); s.Page<GoodPage>(\"\");", more: GoodPage)), "it describes the page \"\" twice."),
        ("b25-reaction", () => One(Planted.Service("react", "reagisce", more: Reaction("A") + Reaction("B"))), "two of its classes are called R and react to payments.position_paid.1*"),
        ("b26-noname", () => One(Planted.Service("noname", "anonimo", more: "public sealed record E(Guid Stream, int Version, string? Audience) : Platform.Core.Events.IEvent; public sealed class R : Platform.Core.Events.IReact<E> { public Task On(E e, Platform.Core.Storage.IEntitySession s, CancellationToken c) => Task.CompletedTask; }")), "*Event E has no ?EventName]."),
        ("b27-verb", () => One(Planted.Service("verb", "verbo", describe: "s.Import<I>(\"two words\", \"\");", more: Import)), "the verb \"two words\" of its import is not*"),
        ("b28-replace", () => One(Planted.Service("usurper", "usurpa", describe: "s.Provides<Platform.Core.Commands.ICommands, C>();", more: "public sealed class C : Platform.Core.Commands.ICommands { public Task<T> Send<T>(Platform.Core.Commands.ICommand<T> c, CancellationToken s) => throw new NotSupportedException(); }")), "it wants to replace ICommands, which belongs to the platform."),
        ("b29-none", () => One("[assembly: Service(\"none\", \"1.0\")]"), "it must have exactly one class that implements IService*"),
        ("b31-unprovided", () => One(Planted.Service("unprov", "orfano", more: "public interface IThing; public sealed class P(IThing t) : Platform.Core.Pages.IPage { public object T => t; public Task<Platform.Core.Pages.PageAnswer> Get(Platform.Core.Pages.PageRequest r, CancellationToken s) => throw new NotSupportedException(); }", describe: "s.Page<P>(\"\");")), "P cannot be made: it asks for IThing, which nobody gives. A class of the service's own is named by service.Uses<...>() in Describe."),
        ("b32-part", () => One(Planted.Service("part", "parte", describe: "s.Uses<U>();", more: "public sealed class U { public U() => throw new TimeoutException(\"no part\"); }")), "U cannot be made: TimeoutException: no part"),
        ("b33-handler", () => One(Planted.Service("handler", "gestore", more: "public sealed record Ask : Platform.Core.Commands.ICommand<int>; public sealed class H(Uri u) : Platform.Core.Commands.ICommandHandler<Ask, int> { public Task<int> Handle(Ask a, CancellationToken s) => Task.FromResult(u.Port); }")), "H cannot be made: it asks for System.Uri, which nobody gives*"),
        ("b34-reaction", () => One(Planted.Service("reaction", "reazione", more: Reaction("A").Replace("class R", "class R(Uri u)", StringComparison.Ordinal).Replace("Task.CompletedTask", "Task.Delay(u.Port)", StringComparison.Ordinal))), "R cannot be made: it asks for System.Uri, which nobody gives*"),
        ("b35-owner", () => One(Planted.Service("owner2", "padrone", describe: "s.Provides<Platform.Payments.IPositionOwner, O>();", more: "public sealed class O(Uri u) : Platform.Payments.IPositionOwner { public ValueTask<Platform.Payments.Quote> Reprice(Platform.Payments.PositionKey p, DateOnly d, CancellationToken s) => throw new NotSupportedException(u.Host); }")), "O cannot be made: it asks for System.Uri, which nobody gives*"),
        ("b36-hijack", () => One(Planted.Service("hijack", "dirotta", more: "public sealed class H : Platform.Core.Commands.ICommandHandler<Platform.Payments.StartCheckout, Platform.Core.Commands.Outcome<Platform.Payments.StartedCheckout>> { public Task<Platform.Core.Commands.Outcome<Platform.Payments.StartedCheckout>> Handle(Platform.Payments.StartCheckout c, CancellationToken s) => throw new NotSupportedException(); }")), "its H wants to handle StartCheckout, a command that is not its own."),
        ("b37-client", () => One(Planted.Service("client", "cliente", describe: "s.Uses<System.Net.Http.HttpClient>();")), "it gives HttpClient as a part of its own, and that class belongs to System.Net.Http*"),
        ("b38-validator", () => One(Planted.Service("validator", "valida", more: "public sealed class V : FluentValidation.AbstractValidator<Platform.Payments.StartCheckout>;")), "its V wants to validate StartCheckout, which is not its own."),
        ("b39-handlers", () => One(Planted.Service("handlers", "gestori", more: "public sealed record Ask : Platform.Core.Commands.ICommand<int>;" + string.Concat(new[] { "H1", "H2" }.Select(name => $"public sealed class {name} : Platform.Core.Commands.ICommandHandler<Ask, int> {{ public Task<int> Handle(Ask a, CancellationToken s) => Task.FromResult(1); }}")))), "both H1 and H2 handle its command Ask."),
        ("b40-address", () => One(Planted.Service("address", "indirizzo", describe: "s.Page<GoodPage>(\"{a}/x\"); s.Page<GoodPage>(\"{b}/x\");", more: GoodPage)), "its pages \"{a}/x\" and \"{b}/x\" are the same address."),
        ("b41-endpoint", () => One(Planted.Service("endpoint", "estremo", describe: "s.Page<GoodPage>(\"{entity}\");", more: GoodPage)), "the pattern \"{entity}\" of its page cannot be used: *'entity' appears more than one time*"),
        ("b42-texts", () => One(Planted.Service("texts", "testi"), null, ("Texts.it.json", "{ \"title\": ")), "its pages cannot be laid out: InvalidDataException: *it.json*"),
        ("b43-schedule", () => One(Planted.Service("schedule", "orario", describe: "s.Job<J>(\"at night\", perEntity: true, Platform.Core.Jobs.Missed.Skip);", more: Job)), "the schedule \"at night\" of its J cannot be read: *"),
        ("b44-never", () => One(Planted.Service("never", "mai", describe: "s.Job<J>(\"0 0 30 2 *\", perEntity: true, Platform.Core.Jobs.Missed.Skip);", more: Job)), "the schedule \"0 0 30 2 *\" of its J never comes."),
        ("b45-jobs", () => One(Planted.Service("twojobs", "duelavori", describe: "s.Job<J>(\"0 3 * * *\", perEntity: true, Platform.Core.Jobs.Missed.Skip); s.Job<J>(\"0 4 * * *\", perEntity: true, Platform.Core.Jobs.Missed.Skip);", more: Job)), "it describes the job J twice*"),
        ("b46-job", () => One(Planted.Service("badjob", "lavoro", describe: "s.Job<J>(\"0 3 * * *\", perEntity: true, Platform.Core.Jobs.Missed.Skip);", more: Job.Replace("class J", "class J(Uri u)", StringComparison.Ordinal).Replace("Task.CompletedTask", "Task.Delay(u.Port)", StringComparison.Ordinal))), "J cannot be made: it asks for System.Uri, which nobody gives*"),
        ("b47-office", () => One(Planted.Service("office", "ufficio", describe: "s.Office<O>(\"no verb\", \"\");", more: Office)), "the verb \"no verb\" of its O is not*"),
        ("b48-verbs", () => One(Planted.Service("verbs", "verbi", describe: "s.Import<I>(\"load\", \"\"); s.Office<O>(\"load\", \"\");", more: Import + Office)), "it describes the verb \"load\" twice."),
        ("b49-option", () => One(Planted.Service("option", "opzione", describe: "s.Office<O>(\"list\", \"\", new OfficeOption(\"out\", \"\"));", more: Office)), "the option \"out\" of its verb \"list\" is not*or is there already."),
        ("b50-asks", () => One(Planted.Service("asks", "chiede", describe: "s.Office<O>(\"list\", \"\");", more: Office.Replace("class O", "class O(Uri u)", StringComparison.Ordinal).Replace("(string?)null", "(string?)u.Host", StringComparison.Ordinal))), "O cannot be made: it asks for System.Uri, which nobody gives*"),
        ("b30-migration", () => One(Planted.Service("badsql", "sql"), null, ("V1__a.sql", "create table badsql.a (entity_id int primary key); create tabel badsql.b ()")), "the database lacks its migrations: V1__a.sql. Run \"portico migrate\"*"),
        ("s01-kind", () => One(Planted.Service("skind", "s-uno", describe: "s.Settings<S>();", more: Settings("public object X { get; init; } = 1;"))), "its setting X is a Object; a setting is a string, int*"),
        ("s02-words", () => One(Planted.Service("swords", "s-due", describe: "s.Settings<S>();", more: "public sealed record S { public int X { get; init; } }")), "its setting X has no ?Setting(*"),
        ("s03-rules", () => One(Planted.Service("srules", "s-tre", describe: "s.Settings<S>();", more: Settings("[System.ComponentModel.DataAnnotations.Range(1, 9)] public int X { get; init; }"))), "the defaults of its settings do not hold their own rules: x: *"),
        ("s04-twice", () => One(Planted.Service("stwice", "s-quattro", describe: "s.Settings<S>(); s.Settings<S>();", more: Settings("public int X { get; init; }"))), "it describes its settings twice."),
        ("s05-none", () => One(Planted.Service("snone", "s-cinque", describe: "s.Settings<S>();", more: "public sealed record S;")), "its settings S have no property that can be set."),
        ("s06-stranger", () => One(Planted.Service("pstranger", "p-uno", describe: "s.Permission(\"fines.load\", \"Carica\", \"Load\");")), "its permission \"fines.load\" is not its id, a dot*"),
        ("s07-permission", () => One(Planted.Service("ptwice", "p-due", describe: "s.Permission(\"ptwice.load\", \"Carica\", \"Load\"); s.Permission(\"ptwice.load\", \"C\", \"L\");")), "it describes the permission \"ptwice.load\" twice."),
        ("s08-silent", () => One(Planted.Service("psilent", "p-tre", describe: "s.Permission(\"psilent.load\", \"Carica\", \"\");")), "its permission \"psilent.load\" does not say in Italian and English what it allows."),
        ("s09-undeclared", () => One(Planted.Service("pundecl", "p-quattro", describe: "s.Import<I>(\"load\", \"\");", more: "[RequiresPermission(\"pundecl.load\")] " + Import)), "I requires the permission \"pundecl.load\", which Describe does not name."),
        ("s11-files", () => One(Planted.Service("sfiles", "f-uno", describe: "s.Page<GoodPage>(\"_file/{x}\");", more: GoodPage)), "the pattern \"_file/{x}\" of its page begins with \"_file\", where its files are."),
        ("s12-type", () => One(Planted.Service("stype", "f-due")), "wwwroot/pagina.html is of a type that is not served*"),
        ("s13-link", () => One(Planted.Service("slink", "f-tre")), "wwwroot/fuori.txt leads elsewhere*"),
        ("s14-office", () => One(Planted.Service("soffice", "f-quattro", describe: "s.OfficePage<GoodPage>(\"\");", more: GoodPage)), "its page GoodPage is for officers and does not say by [RequiresPermission(…)] who may see it."),
        ("s15-menu", () => One(Planted.Service("smenu", "f-cinque", describe: "s.Permission(\"smenu.see\", \"a\", \"b\"); s.OfficePage<GoodPage>(\"{x}\", \"t\");", more: GoodPage.Replace("public sealed class GoodPage", "[RequiresPermission(\"smenu.see\")] public sealed class GoodPage"))), "its page \"{x}\" stands in the menu and has parameters, which a menu does not know."),
        ("s16-text", () => One(Planted.Service("stext", "f-sei", describe: "s.Permission(\"stext.see\", \"a\", \"b\"); s.OfficePage<GoodPage>(\"\", \"none\");", more: GoodPage.Replace("public sealed class GoodPage", "[RequiresPermission(\"stext.see\")] public sealed class GoodPage"))), "its page \"\" stands in the console's menu under the text \"none\", which is not in its Texts/it.json."),
        ("s10-command", () => One(Planted.Service("settings", "p-cinque")), "the id \"settings\" belongs to the platform."),
    ];

    static string Settings(string property) => $"public sealed record S {{ [Platform.Core.Settings.Setting(\"a\", \"b\")] {property} }}";

    const string Job = "public sealed class J : Platform.Core.Jobs.IJob { public Task Run(Platform.Core.Jobs.JobRun run, CancellationToken stop) => Task.CompletedTask; }";

    const string Import = "public sealed class I : IImport { public Task<ImportReport> Run(ImportFile f, CancellationToken s) => throw new NotSupportedException(); }";

    const string Office = "public sealed class O : IOfficeCommand { public Task<string?> Run(OfficeCall call, System.IO.TextWriter output, CancellationToken stop) => Task.FromResult((string?)null); }";

    string plugins = null!;

    [OneTimeSetUp]
    public void Plant()
    {
        plugins = Directory.CreateTempSubdirectory("portico-planted-").FullName;
        // Two good ones, each with its own version of one library.
        foreach (var (id, path, version) in ((string, string, string)[])[("good", "buono", "1.0.0.0"), ("alsogood", "bravo", "2.0.0.0")])
        {
            var library = Library("Lib", version);
            var code = Planted.Service(
                id, path, describe: $"s.Page<GoodPage>(\"\"); s.Settings<S>(); s.Permission(\"{id}.load\", \"Carica\", \"Load\"); s.Job<J>(\"0 3 * * *\", perEntity: true, Platform.Core.Jobs.Missed.Skip); s.Office<O>(\"list\", \"\");",
                more: GoodPage.Replace("\"VERSION\"", "new Lib.Thing().ToString()", StringComparison.Ordinal) + Settings("public int X { get; init; }") + Job + Office);
            Planted.Lay(plugins, "a-" + id, ("main", Planted.Compile("Main." + id, code, null, [library])), ("Lib", library));
        }
        foreach (var (folder, files, _) in Broken)
            Planted.Lay(plugins, folder, files());
        File.WriteAllText(Path.Combine(Directory.CreateDirectory(Path.Combine(plugins, "s12-type", "wwwroot")).FullName, "pagina.html"), "<p>");
        File.CreateSymbolicLink(Path.Combine(Directory.CreateDirectory(Path.Combine(plugins, "s13-link", "wwwroot")).FullName, "fuori.txt"), "/etc/hostname");
    }

    [OneTimeTearDown]
    public void Clear() => Directory.Delete(plugins, recursive: true);

    [Test]
    public async Task The_host_runs_with_the_good_ones_and_says_why_of_the_others()
    {
        await using var untouched = await TestCluster.NewDatabase();
        await using var host = await PorticoTestHost.Start(plugins);
        await host.Database.Execute("insert into core.activation select 37036, s, 37036, 'active' from unnest(array['good', 'alsogood']) as s");
        using var browser = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = host.Address };

        foreach (var (path, version) in ((string, string)[])[("buono", "1.0.0.0"), ("bravo", "2.0.0.0")])
        {
            using var answer = await browser.GetAsync(new Uri($"/marzabotto/{path}", UriKind.Relative));
            answer.Headers.Location!.OriginalString.Should().Be($"/marzabotto/{path}/{version}", "each has its own version of the library");
        }
        (await browser.GetAsync(new Uri("/marzabotto", UriKind.Relative))).StatusCode.Should().Be(HttpStatusCode.OK);
        foreach (var path in (string[])["/marzabotto/reagisce", "/marzabotto/vincolo/1", "/admin", "/marzabotto/sql"])
            (await browser.GetAsync(new Uri(path, UriKind.Relative))).StatusCode.Should().Be(HttpStatusCode.NotFound, path);
        var ready = await browser.GetStringAsync(new Uri("/health/ready", UriKind.Relative));
        ready.Should().Contain("\"ready\":true").And.Contain("quarantined: badsql: ");
        foreach (var (folder, _, reason) in Broken)
            host.Quarantined.Single(refused => refused.Folder == folder).Reason.Should().Match(reason, folder);
        const string left =
            "select nspname::text from pg_namespace where nspname !~ '^pg_' union select handler from core.subscription union select rolname::text from pg_roles where rolname in ('portico_badsql', 'portico_badsql_owner') order by 1";
        (await host.Database.Rows<string>(left)).Where(name => name is not ("good" or "alsogood")).Should().BeEquivalentTo(
            [.. await untouched.Rows<string>(left), "payments.IssueReceipt"], "nothing of a refused service remains");
    }

    [Test]
    public async Task Of_the_refused_ones_nothing_remains()
    {
        // The same folder without them: whatever differs, one of them left.
        var good = Directory.CreateTempSubdirectory("portico-good-").FullName;
        try
        {
            foreach (var folder in Directory.GetDirectories(plugins, "a-*"))
                Planted.Lay(good, Path.GetFileName(folder), [.. Directory.GetFiles(folder, "*.dll").Select(file => (Path.GetFileNameWithoutExtension(file), File.ReadAllBytes(file)))]);
            await using var without = await PorticoTestHost.Start(good);
            var expected = await Inventory.Of(without);
            await using var with = await PorticoTestHost.Start(plugins);
            with.Quarantined.Should().HaveCount(Broken.Length);
            var found = await Inventory.Of(with);

            found.Keys.Should().Equal(expected.Keys);
            foreach (var (collection, lines) in expected)
            {
                lines.Should().NotBeEmpty(collection);
                found[collection].Should().Equal(lines, collection);
            }
        }
        finally
        {
            Directory.Delete(good, recursive: true);
        }
    }

    [Test]
    public void A_description_that_never_ends_does_not_keep_the_host_from_starting()
    {
        var slow = Directory.CreateTempSubdirectory("portico-slow-").FullName;
        try
        {
            Planted.Lay(slow, "slow", One(Planted.Service("slow", "lento", describe: "Thread.Sleep(Timeout.Infinite);")));
            var (services, quarantined) = new PluginLoader(NullLogger.Instance, TimeSpan.FromMilliseconds(50)).Load(slow);
            services.Should().BeEmpty();
            quarantined.Should().ContainSingle().Which.Reason.Should().Match("it was not described within*");
        }
        finally
        {
            Directory.Delete(slow, recursive: true);
        }
    }

    [Test]
    public async Task The_command_line_tells_of_a_failed_migration_where_a_database_is_named()
    {
        await using var host = await PorticoTestHost.Start(plugins);
        var told = await host.Portico("plugins");
        told.Code.Should().Be(1);
        told.Output.Should().Contain("b30-migration (badsql): the database lacks its migrations: V1__a.sql.");
    }

    [Test]
    public async Task The_command_line_tells_each_reason_whole_and_ends_with_1()
    {
        var (code, output) = await Portico("plugins", "--plugins", plugins);

        code.Should().Be(1);
        var lines = output.Split('\n');
        foreach (var (folder, _, reason) in Broken.Where(broken => broken.Folder != "b30-migration"))
            lines.Should().ContainSingle(line => line.StartsWith(folder + ":", StringComparison.Ordinal) || line.StartsWith(folder + " (", StringComparison.Ordinal))
                .Which.Should().Match("*: " + reason);
    }

    static async Task<(int Code, string Output)> Portico(params string[] words)
    {
        using var process = Process.Start(new ProcessStartInfo(Path.Combine(TestCluster.Artifacts, "bin", "Host", "release", "portico"), words) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output + await error);
    }

    static byte[] Image(string name, string code) => Planted.Compile(name, code);

    static (string, byte[])[] One(string code, byte[]? library = null, params (string, string)[] scripts) =>
        [("main", Planted.Compile("Main", code, null, library is null ? [] : [library], scripts))];

    static byte[] Library(string name, string version) => Planted.Compile(
        name, $"namespace {name}; public class Thing {{ public override string ToString() => GetType().Assembly.GetName().Version!.ToString(); }}", Version.Parse(version));

    static string Reaction(string home) =>
        $$"""namespace {{home}} { public sealed class R : Platform.Core.Events.IReact<Platform.Payments.PositionPaid> { public Task On(Platform.Payments.PositionPaid e, Platform.Core.Storage.IEntitySession s, CancellationToken c) => Task.CompletedTask; } }""";
}
