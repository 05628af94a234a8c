using System.Globalization;
using System.Text;
using Platform.Core.Documents;
using Platform.Core.Entities;
using Platform.Core.Money;
using QRCoder;
using UglyToad.PdfPig;
using UglyToad.PdfPig.Content;
using UglyToad.PdfPig.Tokens;

namespace Platform.Core.Tests.Documents;

public sealed class DocumentWriterTests
{
    static readonly Entity Union = new(new(9), "URG", "unione-reno-galliera", "Unione Reno Galliera", EntityKind.Union, null, "02855851206", "#00573d",
        "https://www.example.org", "Via Fariselli 4, San Giorgio di Piano", "051 000000", "polizia@example.org", "unione@pec.example.org");

    static readonly Uri Check = new("https://portico.example.org/verifica/URG-7K4M-Q2XD-9FHT");

    static Document Receipt(params DocumentBlock[] blocks) => new()
    {
        Issuer = Union,
        Title = "Ricevuta di pagamento",
        Subtitle = "n. URG-2026-000123",
        Created = new(2026, 11, 14, 23, 32, 5, TimeSpan.Zero),
        VerificationCode = "URG-7K4M-Q2XD-9FHT",
        Blocks = blocks,
    };

    static readonly DocumentBlock[] Whole =
    [
        new Figure("Importo pagato", Euro.Of(1229, 40), "Pagato con carta"),
        new Heading("Dati del pagamento"),
        new Facts([new("Versato da", "Zoë Ștefănescu"), new("Causale", "Verbale V/1234/2026"), new("Spese", Euro.Of(9, 30))]),
        new Table([new("Voce", 4), new("Importo", 1, Amounts: true)], [["Sanzione", Euro.Of(1220, 10)], ["Notifica", Euro.Of(9, 30)]], new("Totale", Euro.Of(1229, 40))),
        new Paragraph("Conservala: vale come quietanza."),
        new QrCode(Check, "Verifica questa ricevuta"),
    ];

    [Test]
    public void Says_everything_in_reading_order()
    {
        using var pdf = Read(Receipt(Whole));
        pdf.NumberOfPages.Should().Be(1);
        InOrder(Words(pdf.GetPage(1)), "Unione Reno Galliera", "Ricevuta di pagamento", "n. URG-2026-000123", "Data di emissione: 15 novembre 2026", "Importo pagato", "1.229,40 €",
            "Pagato con carta", "Dati del pagamento", "Versato da", "Zoë Ștefănescu", "Causale", "Verbale V/1234/2026", "Spese", "9,30 €", "Voce", "Importo", "Sanzione", "1.220,10 €",
            "Totale", "1.229,40 €", "vale come quietanza", "Verifica questa ricevuta", Check.AbsoluteUri, "Codice di verifica URG-7K4M-Q2XD-9FHT", "Pagina 1 di 1",
            "Via Fariselli 4", "C.F. 02855851206", "Tel. 051 000000", "polizia@example.org", "PEC unione@pec.example.org", "https://www.example.org");
    }

    [Test]
    public void Follows_the_language_of_the_document()
    {
        using var pdf = Read(Receipt(Whole) with { Language = "en", Demo = true });
        InOrder(Words(pdf.GetPage(1)), "Date of issue: 15 November 2026", "€", "Verification code URG-7K4M-Q2XD-9FHT", "Page 1 of 1", "Tax code 02855851206", "DEMO – not a valid document");
        Words(pdf.GetPage(1)).Should().Contain("€1,229.40");
        Language(pdf).Should().Be("en");
    }

    [Test]
    public void Is_described_by_its_properties()
    {
        using var pdf = Read(Receipt(Whole));
        pdf.Information.Title.Should().Be("Ricevuta di pagamento n. URG-2026-000123");
        pdf.Information.Author.Should().Be("Unione Reno Galliera");
        pdf.Information.GetCreatedDateTimeOffset().Should().Be(new DateTimeOffset(2026, 11, 14, 23, 32, 5, TimeSpan.Zero));
        Language(pdf).Should().Be("it");
        pdf.TryGetXmpMetadata(out var xmp).Should().BeTrue();
        xmp!.GetXDocument().ToString().Should().Contain("<pdfaid:part>2</pdfaid:part>").And.Contain("<pdfaid:conformance>B</pdfaid:conformance>");
        pdf.GetPage(1).Size.Should().Be(PageSize.A4);
    }

    [Test]
    public void The_same_document_is_the_same_bytes_and_another_is_not()
    {
        var first = DocumentWriter.Write(Receipt(Whole) with { Demo = true });
        // The backend's own identifier follows the clock, which moves while so many are written.
        ParallelEnumerable.Range(0, 24).Select(_ => DocumentWriter.Write(Receipt(Whole) with { Demo = true })).Should().OnlyContain(other => other.SequenceEqual(first));
        Identifier(first).Should().NotBe(Identifier(DocumentWriter.Write(Receipt(Whole) with { Demo = true, VerificationCode = "URG-OTHER" })));
    }

    [TestCase("[<00112233445566778899AABBCCDDEEFF> <00112233445566778899AABBCCDDEEFF>]")]
    [TestCase("[(a]>>b\\)c\u00ff) (a]>>b\\)c\u00ff)]")]
    public void The_identifier_is_of_the_content_however_the_backend_spelt_its_own(string identifier)
    {
        static byte[] File(string uuid, string identifier) => Encoding.Latin1.GetBytes(
            $"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n<xmpMM:DocumentID>uuid:{uuid}<\nxref\n0 2\ntrailer\n<</Size 2\n/Root 1 0 R\n/ID {identifier}>>\nstartxref\n99\n%%EOF\n");
        PdfFile.Finish(File("01234567-89ab-cdef-0123-456789abcdef", identifier), "it")
            .Should().Equal(PdfFile.Finish(File("ffffffff-89ab-cdef-0123-456789abcdef", "[<0F> <0F>]"), "it"));
    }

    [Test]
    public void Is_written_from_many_threads()
    {
        var expected = DocumentWriter.Write(Receipt(Whole));
        Parallel.For(0, 24, _ => DocumentWriter.Write(Receipt(Whole)).AsSpan().SequenceEqual(expected).Should().BeTrue());
    }

    [Test]
    public void Carries_its_fonts()
    {
        using var pdf = Read(Receipt(Whole) with { Demo = true });
        var fonts = pdf.GetPage(1).Dictionary.Get<DictionaryToken>(NameToken.Resources, pdf).Get<DictionaryToken>(NameToken.Font, pdf).Data.Values
            .Select(f => Resolve<DictionaryToken>(pdf, f)).ToList();
        fonts.Should().HaveCount(3);
        foreach (var font in fonts)
        {
            var descendant = Resolve<DictionaryToken>(pdf, font.Get<ArrayToken>(NameToken.DescendantFonts, pdf).Data[0]);
            var descriptor = descendant.Get<DictionaryToken>(NameToken.FontDescriptor, pdf);
            descriptor.Get<NameToken>(NameToken.FontName, pdf).Data.Should().MatchRegex("^[A-Z]{6}\\+TitilliumWeb-");
            descriptor.Get<StreamToken>(NameToken.FontFile2, pdf).Data.Length.Should().BeGreaterThan(1000);
            font.ContainsKey(NameToken.ToUnicode).Should().BeTrue("text must come out as it went in");
        }
    }

    [Test]
    public void Amounts_are_flush_right()
    {
        using var pdf = Read(Receipt(new Table([new("Voce", 3), new("Importo", 1, Amounts: true)],
            [["a", new Euro(5)], ["b", Euro.Of(123, 45)], ["c", Euro.Of(1_234_567, 89)]], new("Totale", Euro.Of(1_234_691, 39)))));
        var signs = pdf.GetPage(1).Letters.Where(l => l.Value == "€").Select(l => l.BoundingBox.Right).ToList();
        signs.Should().HaveCount(4);
        (signs.Max() - signs.Min()).Should().BeLessThan(0.5);
        signs.Max().Should().BeGreaterThan(500);
    }

    [Test]
    public void A_long_table_repeats_its_header_and_loses_no_row()
    {
        var rows = Enumerable.Range(1, 300).Select(i => (IReadOnlyList<DocumentCell>)[$"riga-{i:000}", i % 9 == 0 ? "una descrizione che non sta su una riga sola e perciò va a capo" : "x", new Euro(i)]).ToList();
        using var pdf = Read(Receipt(new Heading("Elenco"), new Table([new("Numero"), new("Descrizione", 2), new("Importo", 1, Amounts: true)], rows, new("Totale", new Euro(45150)))));
        pdf.NumberOfPages.Should().BeGreaterThan(8);
        var pages = pdf.GetPages().Select(Words).ToList();
        pages.Should().AllSatisfy(p => p.Should().Contain("Numero Descrizione Importo"));
        pages.Select((p, i) => p.Contains($"Pagina {i + 1} di {pages.Count}", StringComparison.Ordinal)).Should().AllBeEquivalentTo(true);
        pages.Skip(1).Should().AllSatisfy(p => p.Should().Contain("Ricevuta di pagamento · n. URG-2026-000123").And.Contain("URG-7K4M"));
        InOrder(string.Join(' ', pages), [.. Enumerable.Range(1, 300).Select(i => $"riga-{i:000}"), "Totale"]);
        pages[^1].Should().Contain("riga-300", "a total never stands alone on a page");
        AllInside(pdf);
    }

    [Test]
    public void A_total_stays_with_the_last_row([Range(20, 32)] int rows)
    {
        using var pdf = Read(Receipt(new Table([new("Voce"), new("Importo", 1, Amounts: true)],
            [.. Enumerable.Range(1, rows).Select(i => (IReadOnlyList<DocumentCell>)[$"riga-{i:000}", new Euro(i)])], new("Totale", new Euro(1)))));
        pdf.GetPages().Select(Words).Single(p => p.Contains("Totale", StringComparison.Ordinal)).Should().Contain($"riga-{rows:000}");
    }

    [Test]
    public void A_demo_says_so_on_each_page_and_in_the_title()
    {
        var document = Receipt(new Paragraph(string.Join('\n', Enumerable.Range(1, 120)))) with { Demo = true };
        using var demo = Read(document);
        demo.NumberOfPages.Should().BeGreaterThan(1);
        demo.GetPages().Should().AllSatisfy(p => Words(p).Should().Contain("DEMO – documento senza valore"));
        demo.Information.Title.Should().StartWith("DEMO – documento senza valore");
        using var real = Read(document with { Demo = false });
        real.GetPages().Should().AllSatisfy(p => Words(p).Should().NotContain("DEMO"));
        real.Information.Title.Should().NotContain("DEMO");
    }

    [TestCase("<script>alert('x')</script> & \\) Tj (", "<script>alert('x')</script> & \\) Tj (")]
    [TestCase("Rossi\u0000 \u0007Ma\u001bria\u200b", "Rossi Maria")]
    [TestCase("\u202eabc\u202c", "abc")]
    [TestCase("Nguyễn Đức Trường", "Nguyễn Đuc Truong")]
    [TestCase("S\u0326tefan", "Ștefan")]
    [TestCase("סלה", "◊◊◊")]
    [TestCase("ok 👨‍👩‍👧‍👦 👍🏽", "ok ◊ ◊")]
    [TestCase("ﬁne １２", "fine 12")]
    [TestCase("uno\tdue\u00a0tre\u2011quattro", "uno due tre-quattro")]
    [TestCase("", "")]
    public void What_cannot_be_written_is_shown_not_lost(string given, string written)
    {
        using var pdf = Read(Receipt(new Facts([new("Nome", given)])) with { Title = given, Subtitle = given, VerificationCode = given, Issuer = Union with { Name = given } });
        Words(pdf.GetPage(1)).Should().Contain(("Nome " + written).Trim());
        AllInside(pdf);
    }

    [Test]
    public void Half_a_character_is_shown_as_unknown() => What_cannot_be_written_is_shown_not_lost("\ud83d rotto \udc00", "◊ rotto ◊");

    [Test]
    public void Ten_thousand_characters_stay_on_the_paper_wherever_they_come([Values("x", "parola ", "👍", "\u0000")] string unit)
    {
        var text = string.Concat(Enumerable.Repeat(unit, 10_000 / unit.Length));
        var issuer = Union with { Name = text, Address = text, Website = text, Pec = text };
        using var pdf = Read(Receipt(new Heading(text), new Paragraph(text), new Figure(text, new Euro(long.MinValue + 1), text), new Facts([new(text, text)]),
            new Table([new(text), new(text, 2, Amounts: true)], [[text, text], [text]], new(text, new Euro(long.MaxValue))), new QrCode(Check, text))
            with { Title = text, Subtitle = text, VerificationCode = text, Issuer = issuer, Demo = true });
        AllInside(pdf);
        pdf.GetPages().Should().AllSatisfy(p => Words(p).Should().Contain("Pagina"));
    }

    [Test]
    public void A_name_of_two_hundred_characters_wraps_and_is_whole()
    {
        var name = string.Concat(Enumerable.Range(0, 200).Select(i => (char)('A' + i % 26)));
        using var pdf = Read(Receipt(new Facts([new("Nome", name)])));
        string.Concat(pdf.GetPage(1).Letters.Select(l => l.Value)).Should().Contain(name);
        AllInside(pdf);
    }

    [TestCase("https://portico.example.org/v/URG-7K4M")]
    [TestCase("https://portico.example.org/unione-reno-galliera/verifica/URG-7K4M-Q2XD-9FHT?lang=it&x=%C3%A0")]
    public void The_code_on_paper_is_the_code_of_the_address(string address)
    {
        using var pdf = Read(Receipt(new QrCode(new(address), "Verifica")));
        using var generator = new QRCodeGenerator();
        using var data = generator.CreateQrCode(address, QRCodeGenerator.ECCLevel.M);
        var expected = data.ModuleMatrix;
        var dark = pdf.GetPage(1).Paths.Where(p => p.IsFilled && p.FillColor?.ToRGBValues() is (0, 0, 0)).SelectMany(p => p).Select(s => s.GetBoundingRectangle()!.Value).ToList();
        var left = dark.Min(r => r.Left);
        var top = dark.Max(r => r.Top);
        var size = (dark.Max(r => r.Right) - left) / (expected.Count - 8);
        size.Should().BeGreaterThan(0.99, "0.35 mm are read by an ordinary telephone");
        for (var row = 0; row < expected.Count; row++)
        {
            for (var column = 0; column < expected.Count; column++)
            {
                var (x, y) = (left + (column - 3.5) * size, top - (row - 3.5) * size);
                dark.Exists(r => r.Left < x && x < r.Right && r.Bottom < y && y < r.Top).Should().Be(expected[row][column], "module {0},{1}", row, column);
            }
        }
        var letters = pdf.GetPage(1).Letters.Where(l => l.BoundingBox.Top > top - size * expected.Count && l.BoundingBox.Bottom < top);
        letters.Min(l => l.BoundingBox.Left).Should().BeGreaterThan(left + (expected.Count - 8 + 4) * size, "the quiet zone stays empty");
        pdf.GetPage(1).GetHyperlinks().Single().Uri.Should().Be(address);
    }

    [Test]
    public void What_cannot_be_set_is_refused()
    {
        Action[] wrong =
        [
            () => DocumentWriter.Write(Receipt() with { Language = "it) /X (" }),
            () => DocumentWriter.Write(Receipt(new Table([], []))),
            () => DocumentWriter.Write(Receipt(new Table([new("a", 0)], []))),
            () => DocumentWriter.Write(Receipt(new Table([new("a")], [["1", "2"]]))),
            () => DocumentWriter.Write(Receipt(new QrCode(new("/relative", UriKind.Relative), ""))),
            () => DocumentWriter.Write(Receipt(new QrCode(new("https://example.org/" + new string('x', 1000)), ""))),
        ];
        foreach (var attempt in wrong)
            attempt.Should().Throw<ArgumentException>();
    }

    [Test]
    public void Nothing_to_say_is_still_a_page()
    {
        using var pdf = Read(Receipt(new Facts([]), new Table([new("a")], []), new Table([new("a")], [[]]), new Paragraph("")) with { VerificationCode = null, Subtitle = null, Issuer = Union with { Colour = "red" } });
        pdf.NumberOfPages.Should().Be(1);
    }

    static PdfDocument Read(Document document) => PdfDocument.Open(DocumentWriter.Write(document));

    /// <summary>The page's text in the order of its content, which is the order of a screen reader, with single spaces.</summary>
    static string Words(Page page)
    {
        var text = new StringBuilder();
        Letter? before = null;
        foreach (var letter in page.Letters)
        {
            if (before is not null && (Math.Abs(letter.StartBaseLine.Y - before.StartBaseLine.Y) > 1 && letter.StartBaseLine.X <= before.StartBaseLine.X
                || letter.StartBaseLine.X > before.EndBaseLine.X + 3 || letter.FontName != before.FontName))
                text.Append(' ');
            text.Append(letter.Value);
            before = letter;
        }
        return string.Join(' ', text.ToString().Split([' ', '\u00a0'], StringSplitOptions.RemoveEmptyEntries));
    }

    static void InOrder(string text, params string[] parts)
    {
        var at = 0;
        foreach (var part in parts)
        {
            var found = text.IndexOf(part, at, StringComparison.Ordinal);
            found.Should().BeGreaterThanOrEqualTo(0, "'{0}' follows in '{1}'", part, text[at..Math.Min(text.Length, at + 200)]);
            at = found + part.Length;
        }
    }

    static void AllInside(PdfDocument pdf)
    {
        foreach (var page in pdf.GetPages())
        {
            var outside = page.Letters.Where(l => l.BoundingBox.Left < 40 || l.BoundingBox.Right > page.Width - 40 || l.BoundingBox.Bottom < 20 || l.BoundingBox.Top > page.Height - 20)
                .Select(l => string.Create(CultureInfo.InvariantCulture, $"'{l.Value}' at {l.BoundingBox.Left:0},{l.BoundingBox.Bottom:0} of page {page.Number}"));
            outside.Should().BeEmpty();
        }
    }

    static string Language(PdfDocument pdf) => pdf.Structure.Catalog.CatalogDictionary.Get<StringToken>(NameToken.Lang, pdf).Data;

    static T Resolve<T>(PdfDocument pdf, IToken token) where T : class, IToken => token as T ?? (T)pdf.Structure.GetObject(((IndirectReferenceToken)token).Data).Data;

    static string Identifier(byte[] file)
    {
        var text = Encoding.Latin1.GetString(file);
        return text.Substring(text.LastIndexOf("/ID [<", StringComparison.Ordinal) + 6, 32);
    }
}

static class PdfTokens
{
    public static T Get<T>(this DictionaryToken dictionary, NameToken name, PdfDocument pdf) where T : class, IToken =>
        dictionary.Data[name.Data] as T ?? (T)pdf.Structure.GetObject(((IndirectReferenceToken)dictionary.Data[name.Data]).Data).Data;
}
