using System.Globalization;
using System.IO.Compression;
using System.Xml.Linq;
using Platform.Core.Documents;

namespace Platform.Core.Tests.Documents;

public sealed class XlsxSheetTests
{
    [Test]
    public async Task A_moment_is_the_second_it_was_and_not_the_one_before()
    {
        var moments = Enumerable.Range(0, 200).Select(n => new DateTimeOffset(2026, 7, 10, 4, 0, 0, TimeSpan.Zero).AddSeconds(n * 317)).ToList();
        using var file = new MemoryStream();
        using (var sheet = new XlsxSheet("Prova"))
        {
            foreach (var moment in moments)
                sheet.Row(moment);
            await sheet.Finish(file, CancellationToken.None);
        }
        file.Position = 0;
        await using var archive = new ZipArchive(file);
        await using var cells = await archive.GetEntry("xl/worksheets/sheet1.xml")!.OpenAsync();
        var days = (await XDocument.LoadAsync(cells, LoadOptions.None, CancellationToken.None)).Descendants().Where(element => element.Name.LocalName == "v").Select(cell => double.Parse(cell.Value, CultureInfo.InvariantCulture)).ToList();

        // As LibreOffice and Excel count: days since the end of 1899, cut to the millisecond.
        days.Select(day => Math.Floor((day * 86_400 + 0.00005) * 1000) / 1000 % 1).Should().AllSatisfy(rest => rest.Should().Be(0));
    }
}
