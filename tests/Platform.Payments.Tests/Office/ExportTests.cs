using System.IO.Compression;
using System.Xml.Linq;
using Platform.Testing;

namespace Platform.Payments.Tests.Office;

/// <summary>What an officer downloads is what he found, without persons and without anything a spreadsheet would run.</summary>
internal sealed class ExportTests : OnOneHost
{
    string _desk = "";

    [OneTimeSetUp]
    public async Task FindTheDesk() => _desk = $"/console/{await Host.Database.Value<string>("select slug from core.entity where code = 'URG'")}/pagamenti";

    [Test]
    public async Task What_was_found_is_downloaded_and_nothing_of_it_runs()
    {
        var (paid, other) = (await Till.Paid(), await Till.Start());
        await Host.Database.Execute("update payments.payment set title = '=HYPERLINK(\"http://example.org\";\"x\")' where order_no = @Order", paid);
        using var officer = await Host.SignIn("URG", "payments.see", "payments.export");
        await officer.Open(_desk);
        await officer.Send(("testo", paid.Reference));

        var csv = await Download(Host, officer, "Scarica CSV");
        var lines = System.Text.Encoding.UTF8.GetString(csv).Split('\n');
        lines[0].Should().Be("ordine;servizio;causale;stato;chiesto;incassato;rimborsato;iniziato;pagato");
        lines[1].Should().StartWith($"{paid.Order};fines;\"'=HYPERLINK").And.Contain(";paid;42,00;42,00;0,00;2026-03-10 11:");
        lines.Should().HaveCount(3, "one payment was found");

        await using var archive = new ZipArchive(new MemoryStream(await Download(Host, officer, "Scarica Excel (XLSX)")));
        archive.Entries.Select(entry => entry.FullName).Should().Equal(
            "[Content_Types].xml", "_rels/.rels", "xl/_rels/workbook.xml.rels", "xl/workbook.xml", "xl/styles.xml", "xl/worksheets/sheet1.xml");
        await using var sheet = await archive.GetEntry("xl/worksheets/sheet1.xml")!.OpenAsync();
        var cells = (await XDocument.LoadAsync(sheet, LoadOptions.PreserveWhitespace, CancellationToken.None)).Descendants().ToList();
        cells.Should().NotContain(element => element.Name.LocalName == "f", "a formula would be one");
        var row = cells.Where(element => element.Name.LocalName == "row").Skip(1).Single().Elements().ToList();
        row[2].Attribute("t")!.Value.Should().Be("inlineStr");
        row[2].Value.Should().StartWith("=HYPERLINK");
        row[4].Value.Should().Be("42.00");

        (await Host.Database.Rows<string>("select body ->> 'format' from core.journal where kind = 'payments.exported' and actor = @actor and body::text not like '%' || @Reference || '%' order by 1",
            new { actor = $"officer:{officer.OfficerId}", paid.Reference })).Should().Equal("csv", "xlsx");
        System.Text.Encoding.UTF8.GetString(csv).Should().NotContain(other.Order);
    }

    /// <summary>As the browser does, with its cookies.</summary>
    internal static async Task<byte[]> Download(PorticoTestHost host, Citizen officer, string link)
    {
        var address = officer.Page.QuerySelectorAll("a").Single(a => a.TextContent.Trim() == link).GetAttribute("href")!;
        using var http = new HttpClient(new SocketsHttpHandler { UseCookies = false }) { BaseAddress = host.Address };
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.Add("Cookie", officer.Cookies);
        using var answer = await http.SendAsync(request);
        answer.StatusCode.Should().Be(System.Net.HttpStatusCode.OK);
        answer.Content.Headers.ContentDisposition!.DispositionType.Should().Be("attachment");
        answer.Headers.CacheControl!.NoStore.Should().BeTrue();
        return await answer.Content.ReadAsByteArrayAsync();
    }
}
