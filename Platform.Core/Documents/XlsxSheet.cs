using System.Buffers;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Xml;
using Platform.Core.Money;

namespace Platform.Core.Documents;

/// <summary>
/// Writes one sheet as an Office Open XML workbook (ECMA-376, part 1), row by row, so that its length does not show in memory. Every text is a text: nothing in it is a
/// formula, whatever it begins with. Values are of the kinds of <see cref="CsvSheet"/>, and moments, which are written as Rome's clocks showed them.
/// </summary>
internal sealed class XlsxSheet : IDisposable
{
    static readonly DateTime DayZero = new(1899, 12, 30);

    readonly Outflow _outflow = new();
    readonly ZipArchive _archive;
    readonly XmlWriter _sheet;

    public XlsxSheet(string name)
    {
        _archive = new ZipArchive(_outflow, ZipArchiveMode.Create, leaveOpen: true);
        Part("[Content_Types].xml", """
            <Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/><Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/></Types>
            """);
        Part("_rels/.rels", """
            <Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>
            """);
        Part("xl/_rels/workbook.xml.rels", """
            <Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>
            """);
        Part("xl/workbook.xml", $"""
            <workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="{System.Security.SecurityElement.Escape(name)}" sheetId="1" r:id="r1"/></sheets></workbook>
            """);
        // Cell formats: 0 plain, 1 amount, 2 day, 3 moment.
        Part("xl/styles.xml", """
            <styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><numFmts count="2"><numFmt numFmtId="164" formatCode="dd/mm/yyyy"/><numFmt numFmtId="165" formatCode="dd/mm/yyyy\ hh:mm"/></numFmts><fonts count="1"><font/></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="4"><xf xfId="0"/><xf xfId="0" numFmtId="4" applyNumberFormat="1"/><xf xfId="0" numFmtId="164" applyNumberFormat="1"/><xf xfId="0" numFmtId="165" applyNumberFormat="1"/></cellXfs></styleSheet>
            """);
        _sheet = XmlWriter.Create(_archive.CreateEntry("xl/worksheets/sheet1.xml", CompressionLevel.Fastest).Open(), new() { Encoding = new UTF8Encoding(false), CloseOutput = true });
        _sheet.WriteStartDocument(standalone: true);
        _sheet.WriteStartElement("worksheet", "http://schemas.openxmlformats.org/spreadsheetml/2006/main");
        _sheet.WriteStartElement("sheetData");
    }

    /// <exception cref="ArgumentException">A value is of another kind.</exception>
    public void Row(params IReadOnlyList<object?> values)
    {
        _sheet.WriteStartElement("row");
        foreach (var value in values)
            switch (value)
            {
                case null:
                    Number("", 0);
                    break;
                case string text:
                    _sheet.WriteStartElement("c");
                    _sheet.WriteAttributeString("t", "inlineStr");
                    _sheet.WriteStartElement("is");
                    _sheet.WriteStartElement("t");
                    _sheet.WriteAttributeString("xml", "space", null, "preserve");
                    _sheet.WriteString(string.Concat(text.Where(XmlConvert.IsXmlChar)));
                    _sheet.WriteEndElement();
                    _sheet.WriteEndElement();
                    _sheet.WriteEndElement();
                    break;
                case int number:
                    Number(number.ToString(CultureInfo.InvariantCulture), 0);
                    break;
                case Euro amount:
                    Number(string.Create(CultureInfo.InvariantCulture, $"{(amount.Cents < 0 ? "-" : "")}{Math.Abs(amount.Cents) / 100}.{Math.Abs(amount.Cents) % 100:00}"), 1);
                    break;
                case DateOnly day:
                    Number((day.ToDateTime(TimeOnly.MinValue) - DayZero).Days.ToString(CultureInfo.InvariantCulture), 2);
                    break;
                case DateTimeOffset at:
                    // With fewer figures a spreadsheet shows the second before.
                    Number((Time.LegalTime.Local(at).DateTime - DayZero).TotalDays.ToString("0.###########", CultureInfo.InvariantCulture), 3);
                    break;
                default:
                    throw new ArgumentException($"A sheet holds no {value.GetType().Name}.", nameof(values));
            }
        _sheet.WriteEndElement();
    }

    /// <summary>Sends what is ready. What follows is the same file.</summary>
    public Task SendTo(Stream output, CancellationToken stop) => _outflow.SendTo(output, stop);

    /// <summary>Ends the workbook and sends the rest of it.</summary>
    public Task Finish(Stream output, CancellationToken stop)
    {
        _sheet.WriteEndDocument();
        _sheet.Dispose();
        _archive.Dispose();
        return _outflow.SendTo(output, stop);
    }

    public void Dispose()
    {
        _sheet.Dispose();
        _archive.Dispose();
        _outflow.Dispose();
    }

    void Number(string figures, int format)
    {
        _sheet.WriteStartElement("c");
        if (format > 0)
            _sheet.WriteAttributeString("s", format.ToString(CultureInfo.InvariantCulture));
        if (figures.Length > 0)
            _sheet.WriteElementString("v", figures);
        _sheet.WriteEndElement();
    }

    void Part(string path, string content)
    {
        using var part = new StreamWriter(_archive.CreateEntry(path, CompressionLevel.Fastest).Open(), new UTF8Encoding(false));
        part.Write("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n");
        part.Write(content);
    }

    /// <summary>Where the archive writes: what has gathered is sent on by who may wait for the network, which the archive cannot.</summary>
    sealed class Outflow : Stream
    {
        readonly ArrayBufferWriter<byte> _waiting = new();

        public async Task SendTo(Stream output, CancellationToken stop)
        {
            await output.WriteAsync(_waiting.WrittenMemory, stop);
            _waiting.ResetWrittenCount();
        }

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => _waiting.Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer) => _waiting.Write(buffer);
    }
}
