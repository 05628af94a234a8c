using System.Globalization;
using System.Net;
using Platform.Core.Time;
using Platform.Testing;

namespace Host.Tests.CommandLine;

public sealed partial class ProductionTests
{
    const string Shared = "a secret of forty characters, or so, here";

    [Test]
    public async Task What_one_host_drew_and_sealed_another_takes_when_they_share_the_secret_of_the_keys_and_else_refuses()
    {
        (await Migrate()).Code.Should().Be(0);
        (await Import("good.csv", Good)).Code.Should().Be(0);
        var seen = LegalTime.Day(TimeProvider.System.GetUtcNow()).AddDays(-20);
        var fines = Path.Combine(folder, "fines.csv");
        await File.WriteAllTextAsync(fines, string.Create(CultureInfo.InvariantCulture,
            $"serie;anno;numero;data_violazione;targa;comune;luogo;articolo;descrizione;minimo;massimo;spese;data_notifica;contestazione_immediata;sconto_escluso\nV;{seen.Year};4711;{seen:dd/MM/yyyy};AB123CD;037036;Via Demo 1;art. 158 c. 2;Sosta vietata;42,00;168,00;2,00;{seen.AddDays(19):dd/MM/yyyy};no;no\n"));
        (await Portico("fines", "import", "--entity", "MZB", fines)).Code.Should().Be(0);

        // Both begin on a database without keys, at once.
        await using var one = Serve("one", Shared);
        await using var two = Serve("two", Shared);
        await using var stranger = Serve("stranger", null);
        var addresses = await Task.WhenAll(one.Serves(), two.Serves(), stranger.Serves());
        // Cookies know no ports: it is one browser behind a proxy that sends it here and there.
        using var handler = new HttpClientHandler { AllowAutoRedirect = false };
        using var browser = new HttpClient(handler);
        var form = FormToken().Match(await browser.GetStringAsync(new Uri(addresses[0], "/marzabotto/multe"))).Groups["token"].Value;

        using (var found = await Search(browser, addresses[1], form, seen))
        {
            found.StatusCode.Should().Be(HttpStatusCode.SeeOther, "the other host takes the form");
            (await browser.GetStringAsync(new Uri(addresses[0], found.Headers.Location!.OriginalString))).Should().Contain("4711", "and the first opens the link that the other sealed");
        }
        using (var refused = await Search(browser, addresses[2], form, seen))
            refused.StatusCode.Should().Be(HttpStatusCode.BadRequest, "it has keys of its own");

        await As("portico", "portico_super", "do $$ begin if (select count(*) from core.form_key) <> 1 then raise 'two hosts that begin at once make one key'; end if; if exists (select from core.form_key where position('asterKey'::bytea in sealed) > 0 or position('<key'::bytea in sealed) > 0) then raise 'a key is readable'; end if; end $$");
        Directory.Exists(Path.Combine(folder, "one", "keys")).Should().BeFalse("they are in the database");
        await using var other = Serve("other", "another secret of forty characters or so");
        (await FluentActions.Awaiting(other.Serves).Should().ThrowAsync<InvalidOperationException>()).WithMessage("*portico: The keys of forms and links in the database were sealed with another secret*");
        await using var brief = Serve("brief", "short");
        (await FluentActions.Awaiting(brief.Serves).Should().ThrowAsync<InvalidOperationException>()).WithMessage("*portico: PORTICO_Secrets__keys__value is too short*");

        var (code, words) = await PorticoProgram.Run([.. Common("serve"), "--listen", addresses[0].GetLeftPart(UriPartial.Authority)]);
        code.Should().Be(1);
        words.TrimEnd().Split('\n')[^1].Should().Be($"portico: Somebody else listens on {addresses[0].GetLeftPart(UriPartial.Authority)}. Stop it, or choose another address with --listen.");

        PorticoProgram Serve(string data, string? secret) => PorticoProgram.Start(
            secret is null ? new Dictionary<string, string>(StringComparer.Ordinal) : new Dictionary<string, string>(StringComparer.Ordinal) { ["PORTICO_Secrets__keys__value"] = secret },
            "serve", "--database", cluster.ConnectionString("portico", "portico_web"), "--plugins", TestCluster.Plugins, "--data", Path.Combine(folder, data), "--listen", "http://127.0.0.1:0");
    }

    static async Task<HttpResponseMessage> Search(HttpClient browser, Uri host, string token, DateOnly seen)
    {
        using var form = new FormUrlEncodedContent(
        [
            new("__form", token), new("verbale", string.Create(CultureInfo.InvariantCulture, $"V/{seen.Year}/4711")), new("data", seen.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)), new("targa", "AB123CD"),
        ]);
        return await browser.PostAsync(new Uri(host, "/marzabotto/multe"), form);
    }

    [Test]
    public async Task The_check_says_of_each_agreement_whether_it_can_be_used_here_and_of_the_data_folder_whether_it_can_be_written_to()
    {
        (await Migrate()).Code.Should().Be(0);
        (await Import("good.csv", Good)).Code.Should().Be(0);
        var terms = Path.Combine(folder, "terms.json");
        await File.WriteAllTextAsync(terms, """{"merchant":"1","store":"1","user":"1","start":"https://bank.invalid/start","query":"https://bank.invalid/query"}""");
        string Id(int n) => $"0197a000-0000-7000-8000-00000000000{n}";
        (await Portico("agreement", "set", "--id", Id(1), "--from", "2020-01-01", "--secret", "absent", terms)).Code.Should().Be(0);
        (await Portico("agreement", "set", "--id", Id(2), "--owner", "MZB", "--from", "2020-01-01", "--secret", "present", terms)).Code.Should().Be(0);
        (await Portico("agreement", "set", "--id", Id(3), "--from", "2099-01-01", "--secret", "absent", terms)).Code.Should().Be(0);
        (await Portico("agreement", "set", "--id", Id(4), "--owner", "MZB", "--from", "2099-01-01", "--secret", "present", terms)).Code.Should().Be(0);
        await As("portico", "portico_super", $"update payments.agreement set valid = daterange('2020-01-01', current_date + 7) where agreement_id = '{Id(2)}'");
        try
        {
            var (code, words) = await PorticoProgram.Run(
                new Dictionary<string, string>(StringComparer.Ordinal) { ["PORTICO_Secrets__present__password"] = "not published", ["PORTICO_Secrets__present__key"] = string.Concat(Enumerable.Repeat("c3", 25)) }, Common("check"));
            code.Should().Be(1);
            words.Should().Contain($"MEND  agreement {Id(1)} of Centro servizi: It cannot be used here: it has no secrets here: set PORTICO_Secrets__absent__password")
                .And.Contain($"look  agreement {Id(2)} of Comune di Marzabotto: Can be used, and ends on ")
                .And.Contain($"look  agreement {Id(3)} of Centro servizi: It cannot be used here: it has no secrets here")
                .And.Contain($"ok    agreement {Id(4)} of Comune di Marzabotto: Can be used, from 2099-01-01 on.")
                .And.Contain($"ok    data folder: {Path.Combine(folder, "host")} can be written to.");
            foreach (var closed in (string[])["/proc/portico", "/dev/null/here"])
                (await PorticoProgram.Run("check", "--data", closed)).Should().Match<(int Code, string Words)>(r => r.Code == 1 && r.Words.Contains($"MEND  data folder: {closed} cannot be written to"));
        }
        finally
        {
            await As("portico", "portico_super", "delete from payments.agreement");
        }
    }
}
