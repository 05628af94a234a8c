using System.Globalization;
using SkiaSharp;

namespace Platform.Core.Documents;

/// <summary>Writes documents as PDF.</summary>
public static class DocumentWriter
{
    /// <summary>
    /// The document as a PDF file on A4 pages, in the form of PDF/A-2b: fonts embedded, text selectable, title, author, language and creation time in the file's properties.
    /// Safe to call from any thread.
    /// </summary>
    /// <remarks>
    /// The same document gives the same bytes in the same version of Portico; another version may set it differently, so keep the file where the bytes matter.
    /// It carries no structure tags: SkiaSharp does not expose those of Skia.
    /// </remarks>
    /// <exception cref="ArgumentException">The language is no language tag, a table has no columns, too many cells in a row or a share that is not positive,
    /// or the address of a QR code is relative or too long.</exception>
    public static byte[] Write(Document document)
    {
        ArgumentNullException.ThrowIfNull(document);
        return Write([document]);
    }

    /// <summary>Several documents in one file, to be printed at once: each begins on a page of its own and counts its own pages. Title, author and language of the file are the first one's.</summary>
    /// <inheritdoc cref="Write(Document)" path="/exception"/>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static byte[] Write(IReadOnlyList<Document> documents)
    {
        ArgumentNullException.ThrowIfNull(documents);
        if (documents.Count == 0)
            throw new ArgumentException("There is no document.", nameof(documents));
        foreach (var one in documents)
            Validate(one);
        var document = documents[0];
        var wording = Wording.For(document.Language);
        var title = Typography.Line(document.Subtitle is null ? document.Title : $"{document.Title} {document.Subtitle}");
        var created = document.Created.UtcDateTime;
        var properties = new SKDocumentPdfMetadata
        {
            Title = document.Demo ? $"{wording.Demo} – {title}" : title,
            Author = Typography.Line(document.Issuer.Name),
            Producer = "Portico",
            Creation = created,
            Modified = created,
            PdfA = true,
            RasterDpi = SKDocumentPdfMetadata.DefaultRasterDpi,
            EncodingQuality = SKDocumentPdfMetadata.DefaultEncodingQuality,
        };
        using var file = new MemoryStream();
        using (var pdf = SKDocument.CreatePdf(file, properties) ?? throw new InvalidOperationException("The PDF cannot be begun."))
        {
            foreach (var one in documents)
            {
                using var layout = new DocumentLayout(one, Wording.For(one.Language));
                var pages = layout.Pages();
                for (var i = 0; i < pages.Count; i++)
                {
                    using var canvas = pdf.BeginPage(DocumentLayout.Width, DocumentLayout.Height);
                    foreach (var draw in pages[i])
                        draw(canvas);
                    layout.Frame(canvas, i + 1, pages.Count);
                    pdf.EndPage();
                }
            }
            pdf.Close();
        }
        return PdfFile.Finish(file.ToArray(), document.Language);
    }

    static void Validate(Document document)
    {
        if (document.Language.Length is < 2 or > 35 || !document.Language.All(c => char.IsAsciiLetterOrDigit(c) || c == '-'))
            throw new ArgumentException($"'{document.Language}' is no language tag.", nameof(document));
        foreach (var table in document.Blocks.OfType<Table>())
        {
            if (table.Columns.Count == 0 || table.Columns.Any(c => !float.IsFinite(c.Share) || c.Share <= 0))
                throw new ArgumentException("A table needs columns, each with a positive share of the width.", nameof(document));
            if (table.Rows.FirstOrDefault(r => r.Count > table.Columns.Count) is { } row)
                throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"A row has {row.Count} cells, its table {table.Columns.Count} columns."), nameof(document));
        }
        if (document.Blocks.OfType<QrCode>().Any(q => !q.Address.IsAbsoluteUri || q.Address.AbsoluteUri.Length > 1000))
            throw new ArgumentException("The address of a QR code must be absolute and at most 1,000 characters long.", nameof(document));
    }
}
