using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Autofac;
using Microsoft.Extensions.Logging.Abstractions;
using Platform.Core.Plugins.Packages;
using Platform.Testing;

namespace Platform.Core.Tests.Plugins;

/// <summary>Packages of services, uploaded at the centre's desk: what is good waits for the next start, what is hostile leaves nothing.</summary>
public sealed class PackagesTests
{
    const string Page = "/console/centro/servizi/pacchetti";

    static readonly byte[] Good = Planted.Compile("Suolo", Planted.Service("suoloprova", "suolo-prova"), new(1, 2, 3));

    PorticoTestHost _host = null!;

    [OneTimeSetUp]
    public async Task Start() => _host = await PorticoTestHost.Start();

    [OneTimeTearDown]
    public ValueTask Stop() => _host.DisposeAsync();

    [TestCase("")]
    [TestCase("suolo/")]
    public async Task A_package_waits_for_the_next_start_and_runs_after_it(string folder)
    {
        using var administrator = await _host.SignInAs("000", ("administrator", ""));
        var archive = Zip((folder + "Suolo.dll", Good));
        (await Upload(administrator, "suolo.zip", archive)).Should().Be(303);

        administrator.Reads.Should().Contain("messo da parte").And.Contain("suoloprova").And.Contain("1.2.3").And.Contain("tests")
            .And.Contain(Convert.ToHexStringLower(SHA256.HashData(archive))).And.Contain("suolo.zip").And.Contain("Prova");
        (await _host.Portico("plugins")).Output.Should().NotContain("suoloprova");
        (await _host.Database.Value<long>("select count(*) from core.journal where kind = 'core.package_staged' and actor = @who", new { who = $"officer:{administrator.OfficerId}" })).Should().Be(1);

        NextStart();

        (await _host.Portico("plugins")).Output.Should().Contain("suoloprova").And.Contain("1.2.3");
        await administrator.Open(Page);
        administrator.Reads.Should().Contain("Nessun pacchetto aspetta").And.Contain("Caricati da qui e in uso");
        // The same one in a newer version takes its place, and what there was stays beside.
        (await Upload(administrator, "suolo.zip", Zip(("Suolo.dll", Planted.Compile("Suolo", Planted.Service("suoloprova", "suolo-prova"), new(1, 3, 0)))))).Should().Be(303);
        NextStart();
        await administrator.Open(Page);
        administrator.Reads.Should().Contain("1.3.0").And.NotContain("1.2.3");
        // The runtime keeps what it read of a path for the life of the process: a start is another process.
        (await File.ReadAllBytesAsync(Path.Combine(Data, "services", "suoloprova", "Suolo.dll"))).Should().NotEqual(Good);
        Directory.GetDirectories(Path.Combine(Data, "packages", "before")).Should().ContainSingle();
        Directory.Delete(Path.Combine(Data, "services"), recursive: true);
    }

    [Test]
    public async Task A_nupkg_is_taken_by_its_library_folder()
    {
        using var administrator = await _host.SignInAs("000", ("administrator", ""));

        (await Upload(administrator, "suolo.nupkg", Zip(("Suolo.nuspec", []), ("_rels/.rels", []), ("lib/net10.0/Suolo.dll", Good)))).Should().Be(303);

        administrator.Reads.Should().Contain("suoloprova");
        await administrator.Press("Togli Prova");
        administrator.Reads.Should().Contain("Il pacchetto è tolto").And.Contain("Nessun pacchetto aspetta");
        NextStart();
        (await _host.Portico("plugins")).Output.Should().NotContain("suoloprova");
    }

    static readonly object[][] Hostile =
    [
        ["testo.zip", "this is no archive"u8.ToArray(), "del tipo giusto"],
        ["tagliato.zip", Zip(("Suolo.dll", Good))[..400], "non è uno zip che si legge"],
        ["su.zip", Zip(("Suolo.dll", Good), ("../../portico.json", [1])), "fuori dalla sua cartella"],
        ["giu.zip", Zip(("Suolo.dll", Good), ("a/../../x", [1])), "fuori dalla sua cartella"],
        ["radice.zip", Zip(("Suolo.dll", Good), ("/etc/cron.d/x", [1])), "fuori dalla sua cartella"],
        ["finestre.zip", Zip(("Suolo.dll", Good), ("..\\x", [1])), "fuori dalla sua cartella"],
        ["disco.zip", Zip(("Suolo.dll", Good), ("C:x", [1])), "fuori dalla sua cartella"],
        ["collegamento.zip", Zip(link: true, ("Suolo.dll", Good), ("wwwroot", "/etc"u8.ToArray())), "collegamento"],
        ["doppio.zip", Zip(("Suolo.dll", Good), ("suolo.DLL", [1])), "due volte"],
        ["bomba.zip", Zip(("Suolo.dll", Good), ("zero", new byte[101 << 20])), "supera 100 MB"],
        ["molti.zip", Zip([.. Enumerable.Range(0, 501).Select(i => ($"f{i}", Array.Empty<byte>()))]), "più di 500"],
        ["vuoto.zip", Zip(("leggimi.txt", [1])), "no assembly in the folder carries"],
        ["due.nupkg", Zip(("S.nuspec", []), ("lib/net9.0/Suolo.dll", Good), ("lib/net10.0/Suolo.dll", Good)), "una sola cartella"],
        ["nuovo.zip", Zip(("N.dll", Planted.Compile("N", Planted.Service("nuovo", "nuovo", "1.9")))), "it was written for contract 1.9"],
        ["nome.zip", Zip(("P.dll", Planted.Compile("P", Planted.Service("payments", "soldi")))), "belongs to the platform"],
        ["multe.zip", Zip(("F.dll", Planted.Compile("F", Planted.Service("fines", "altre")))), "arriva con il programma"],
        ["rotto.zip", Zip(("R.dll", Good[..700])), "damaged or no .NET assembly"],
    ];

    [TestCaseSource(nameof(Hostile))]
    public async Task What_is_hostile_or_of_no_use_is_refused_in_words_and_leaves_nothing(string name, byte[] content, string words)
    {
        using var administrator = await _host.SignInAs("000", ("administrator", ""));
        var before = Files();

        (await Upload(administrator, name, content)).Should().Be(422);

        administrator.Reads.Should().Contain(words);
        Files().Should().Equal(before);
    }

    [Test]
    public async Task A_package_that_was_exchanged_on_the_shelf_is_not_laid_out_and_the_page_says_so()
    {
        using var administrator = await _host.SignInAs("000", ("administrator", ""));
        await Upload(administrator, "suolo.zip", Zip(("Suolo.dll", Good)));
        await File.WriteAllBytesAsync(Path.Combine(Data, "packages", "suoloprova.zip"), Zip(("Suolo.dll", Planted.Compile("Suolo", Planted.Service("suoloprova", "altro")))));

        NextStart();

        (await _host.Portico("plugins")).Output.Should().NotContain("suoloprova");
        await administrator.Open(Page);
        administrator.Reads.Should().Contain("All’ultimo avvio non è stato possibile usarlo");
        await administrator.Press("Togli Prova");
        administrator.Reads.Should().Contain("Nessun pacchetto aspetta");
    }

    [Test]
    public async Task Only_the_centres_administrator_reaches_it()
    {
        using var own = await _host.SignInAs("VRG", ("administrator", ""));
        using var auditor = await _host.SignInAs("000", ("auditor", ""));

        (await own.Fetch(Page)).Status.Should().Be(404);
        (await own.Fetch("/console/vergato/servizi/pacchetti")).Status.Should().Be(404);
        (await auditor.Fetch(Page)).Status.Should().Be(403);
    }

    string Data => _host.Container.Resolve<Platform.Core.Hosting.PorticoOptions>().DataFolder;

    // What a start does before it looks for services.
    void NextStart() => _host.Container.Resolve<PackageShelf>().LayOut(NullLogger.Instance);

    List<string> Files() => [.. Directory.GetFileSystemEntries(Data, "*", SearchOption.AllDirectories).Where(file => !file.Contains("/keys/", StringComparison.Ordinal) && !file.EndsWith("/packages", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    static async Task<int> Upload(Citizen officer, string name, byte[] content)
    {
        await officer.Open(Page);
        return await officer.Upload("pacchetto", name, content);
    }

    static byte[] Zip(params (string Name, byte[] Content)[] files) => Zip(link: false, files);

    static byte[] Zip(bool link, params (string Name, byte[] Content)[] files)
    {
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true, Encoding.UTF8))
            foreach (var (name, content) in files)
            {
                var entry = zip.CreateEntry(name, CompressionLevel.Fastest);
                if (link && name == files[^1].Name)
                    entry.ExternalAttributes = unchecked((int)0xA1FF0000);
                using var into = entry.Open();
                into.Write(content);
            }
        return bytes.ToArray();
    }
}
