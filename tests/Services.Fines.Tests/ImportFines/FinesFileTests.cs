using System.Text;
using Platform.Core.Money;
using Platform.Core.Plugins;

namespace Services.Fines.Tests.ImportFines;

public sealed class FinesFileTests
{
    static readonly DateOnly Today = new(2026, 3, 10);

    const string Heading = "serie;anno;numero;data_violazione;targa;comune;luogo;articolo;descrizione;minimo;massimo;spese;data_notifica;contestazione_immediata;sconto_escluso";
    const string Good = "V;2026;1042;20/02/2026;AB123CD;037005;Via Marconi 12;art. 158;Divieto di sosta;42,00;173,00;2,00;02/03/2026;no;no";

    [Test]
    public async Task The_sample_file_is_whole()
    {
        await using var file = File.OpenRead(Path.Combine(TestContext.CurrentContext.TestDirectory, "sample.csv"));
        var lines = await Read(file);
        lines.SelectMany(line => line.Errors).Should().BeEmpty();
        lines.Should().HaveCount(5);
        lines[2].Fine!.Maximum.Should().Be(Euro.Of(2170));
        lines[2].Fine!.DiscountExcluded.Should().BeTrue();
        lines[3].Fine!.ContestedAtOnce.Should().BeTrue();
        lines[3].Fine!.Costs.Should().Be(Euro.Zero);
        lines[4].Fine!.Plate.Value.Should().Be("BO1234");
        lines[4].Fine!.Description.Should().Be("Sosta davanti a un passo carrabile; avviso sul parabrezza");
    }

    [Test]
    public async Task Columns_may_stand_in_any_order_with_others_between_them()
    {
        var fine = (await Read(
            "Note,SERIE,numero,anno,Data Violazione,targa,comune,luogo,articolo,descrizione,minimo,massimo,spese,data_notifica,contestazione_immediata,sconto_escluso\n"
            + "x,v,7,2026,2026-02-20,ab 123 cd,37005,\"Via Roma, 1\",art. 7,ZTL,\"1.085,00\",2170.5,,,SI,Sì\n")).Single().Fine!;
        fine.Name.ToString().Should().Be("V/2026/7");
        (fine.Municipality, fine.Place, fine.Plate.Value).Should().Be(("037005", "Via Roma, 1", "AB123CD"));
        (fine.Minimum.Cents, fine.Maximum.Cents, fine.Costs.Cents).Should().Be((1085_00, 2170_50, 0));
        (fine.ViolatedOn, fine.NotifiedOn, fine.ContestedAtOnce, fine.DiscountExcluded).Should().Be((new DateOnly(2026, 2, 20), null, true, true));
    }

    [Test]
    public async Task Columns_that_may_be_left_out_are_read_where_they_stand()
    {
        var fine = (await Read($"{Heading};fase;punti;sanzioni_accessorie;dispositivo;spese_send\n{Good};Ricorso;3;Sospensione della patente;Prova 105;2,00\n")).Single().Fine!;
        (fine.Phase, fine.Points, fine.Accessory, fine.Device, fine.Costs.Cents).Should().Be((Services.Fines.Amounts.Phase.Appealed, 3, "Sospensione della patente", "Prova 105", 4_00));
        (await Read($"{Heading}\n{Good}\n")).Single().Fine!.Phase.Should().Be(Services.Fines.Amounts.Phase.Report);
    }

    [TestCase("fase", "boh", "Scrivi una di queste: preavviso, verbale, ricorso, archiviato, riscossione, rate.")]
    [TestCase("fase", "preavviso", "Un preavviso non è ancora notificato")]
    [TestCase("punti", "31", "da 0 a 30")]
    [TestCase("punti", "tre", "da 0 a 30")]
    [TestCase("spese_send", "due", "L'importo non si legge")]
    public async Task A_column_that_may_be_left_out_is_checked_where_it_stands(string column, string value, string words)
    {
        var error = (await Read($"{Heading};{column}\n{Good};{value}\n")).Single().Errors.Single();
        (error.Line, error.Field).Should().Be((2, column));
        error.Message.Should().Contain(words);
    }

    [TestCase("utf-8", false)]
    [TestCase("utf-8", true)]
    [TestCase("windows-1252", false)]
    public async Task Accents_survive_whatever_the_spreadsheet_saved(string name, bool mark)
    {
        var encoding = CodePagesEncodingProvider.Instance.GetEncoding(name) ?? new UTF8Encoding(mark);
        var text = $"{Heading}\r\n{Good.Replace("Divieto di sosta", "Velocità più alta, località «Cà» – 10 € perché è così", StringComparison.Ordinal)}\r\n";
        byte[] bytes = [.. encoding.GetPreamble(), .. encoding.GetBytes(text)];
        (await Read(new MemoryStream(bytes))).Single().Fine!.Description.Should().Be("Velocità più alta, località «Cà» – 10 € perché è così");
    }

    [Test]
    public async Task A_file_without_some_columns_says_which_and_loads_nothing()
    {
        var line = (await Read("serie;anno;numero;targa;comune;luogo;articolo;descrizione;minimo;massimo;data_notifica;contestazione_immediata;sconto_escluso\n" + Good)).Single();
        line.IsData.Should().BeFalse();
        line.Errors.Single().Line.Should().Be(1);
        line.Errors.Single().Message.Should().StartWith("Mancano le colonne: data_violazione, spese.");
    }

    [Test]
    public async Task A_column_named_twice_is_refused() =>
        (await Errors($"{Heading};Targa\n{Good};ZZ999ZZ")).Single().Message.Should().Contain("targa").And.Contain("due volte");

    [TestCase("")]
    [TestCase("\n\n")]
    public async Task An_empty_file_is_told(string text) => (await Errors(text)).Single().Message.Should().Contain("vuoto");

    [Test]
    public async Task Every_wrong_field_of_every_line_is_told_and_good_lines_are_kept()
    {
        var lines = await Read($"""
            {Heading}
            {Good}
            ;26;zero;31/02/2026;?;Bentivoglio;;art. 7;Sosta;-1;12,345;boh;2026-03-11;forse;no

            {Good.Replace("1042", "1043", StringComparison.Ordinal)}
            """);
        lines.Count(line => line.Fine is not null).Should().Be(2);
        lines[1].Errors.Select(error => (error.Line, error.Field, error.Value)).Should().Equal(
            (3, "serie", ""), (3, "anno", "26"), (3, "numero", "zero"), (3, "data_violazione", "31/02/2026"), (3, "targa", "?"), (3, "comune", "Bentivoglio"),
            (3, "luogo", ""), (3, "minimo", "-1"), (3, "massimo", "12,345"), (3, "spese", "boh"), (3, "data_notifica", "2026-03-11"), (3, "contestazione_immediata", "forse"));
        lines[2].Fine!.Line.Should().Be(5, "an empty line counts as a line of the file");
    }

    [Test]
    public async Task The_same_fine_twice_in_a_file_is_told_at_the_second()
    {
        var lines = await Read($"{Heading}\n{Good}\n{Good.Replace("V;2026;1042", "v;2026;01042", StringComparison.Ordinal)}\n");
        lines[0].Fine.Should().NotBeNull();
        lines[1].Errors.Single().Should().BeEquivalentTo(new { Line = 3, Field = (string?)null, Value = "V/2026/1042" });
        lines[1].Errors.Single().Message.Should().Contain("riga 2");
    }

    [TestCase("Divieto \"di sosta", TestName = "a stray quote")]
    [TestCase("\"Divieto di sosta", TestName = "a quote that never closes")]
    public async Task One_bad_quote_spoils_one_line_only(string description)
    {
        var lines = await Read($"{Heading}\n{Good.Replace("Divieto di sosta", description, StringComparison.Ordinal)}\n{Good}\n");
        lines[0].Errors.Single().Line.Should().Be(2);
        lines[0].Errors.Single().Message.Should().Contain("virgolette");
        lines[1].Fine!.Line.Should().Be(3);
    }

    [Test]
    public async Task An_unquoted_separator_in_an_amount_is_explained()
    {
        var error = (await Errors($"{Heading.Replace(';', ',')}\n{Good.Replace(';', ',')}\n")).Single();
        error.Message.Should().Contain("18 colonne").And.Contain("15").And.Contain("virgolette");
    }

    [TestCase("42", 42_00)]
    [TestCase("42,5", 42_50)]
    [TestCase("42.00", 42_00)]
    [TestCase("1.085", 1085_00)]
    [TestCase("1.085,00", 1085_00)]
    [TestCase("1085,00", 1085_00)]
    [TestCase("€ 42,00", 42_00)]
    [TestCase("42,00\u00a0€", 42_00)]
    public async Task An_amount_is_read_as_Italians_or_programs_write_it(string written, long cents) =>
        (await Read($"{Heading}\n{Good.Replace("173,00", "9.999,00", StringComparison.Ordinal).Replace("42,00", written, StringComparison.Ordinal)}")).Single().Fine!.Minimum.Cents.Should().Be(cents);

    [TestCase("1,085.00")]
    [TestCase("10.85,00")]
    [TestCase("42,")]
    [TestCase("4e2")]
    [TestCase("99999999999")]
    [TestCase("")]
    [TestCase("0")]
    public async Task A_doubtful_amount_is_never_guessed(string written) =>
        (await Errors($"{Heading}\n{Good.Replace("42,00", written, StringComparison.Ordinal)}")).Should().ContainSingle(error => error.Field == "minimo");

    [Test]
    public async Task Dates_and_amounts_must_agree_with_each_other() =>
        (await Errors($"{Heading}\n{Good.Replace("02/03/2026", "19/02/2026", StringComparison.Ordinal).Replace("173,00", "41,99", StringComparison.Ordinal)}"))
            .Select(error => error.Field).Should().BeEquivalentTo("data_notifica", "massimo");

    [Test]
    public async Task A_long_value_is_shortened_in_what_is_told() =>
        (await Errors($"{Heading}\n{Good.Replace("Via Marconi 12", new string('x', 500), StringComparison.Ordinal)}")).Single().Value.Should().HaveLength(60).And.EndWith("…");

    [TestCase("\t")]
    [TestCase(",")]
    public async Task Columns_may_be_separated_by_other_marks(string mark) =>
        (await Read($"{Heading}\n{Good.Replace("42,00", "42.00", StringComparison.Ordinal).Replace("173,00", "173.00", StringComparison.Ordinal).Replace("2,00", "2.00", StringComparison.Ordinal)}\n".Replace(";", mark, StringComparison.Ordinal)))
        .Single().Fine!.Maximum.Should().Be(Euro.Of(173));

    [Test]
    public async Task The_line_by_which_Excel_names_the_mark_is_no_heading()
    {
        var line = (await Read($"sep=;\r\n{Heading}\r\n{Good}\r\n")).Single();
        line.Errors.Should().BeEmpty();
        line.Fine!.Line.Should().Be(3);
    }

    [Test]
    public async Task Text_in_UTF_16_is_read_where_it_says_so_and_told_where_not()
    {
        var text = $"{Heading}\n{Good.Replace("Divieto", "Perché no", StringComparison.Ordinal)}\n";
        (await Read(new MemoryStream([.. Encoding.Unicode.GetPreamble(), .. Encoding.Unicode.GetBytes(text)]))).Single().Fine!.Description.Should().StartWith("Perché no");
        (await Read(new MemoryStream(Encoding.Unicode.GetBytes(text)))).Single().Errors.Single().Message.Should().Contain("UTF-16");
    }

    [TestCase("PK\u0003\u0004\u0014\0\u0006\0\n", "foglio di calcolo", TestName = "a spreadsheet that was not saved as CSV")]
    [TestCase("\0\0\0\n", "non è testo", TestName = "zeros")]
    public async Task What_is_no_text_is_told(string text, string words) => (await Errors(text)).Single().Message.Should().Contain(words);

    [Test]
    public async Task A_file_of_a_heading_only_has_no_lines() => (await Read(Heading + "\n")).Should().BeEmpty();

    [TestCase("Via\0Marconi")]
    [TestCase("Via \u001b[2J Marconi")]
    public async Task Characters_that_no_one_reads_are_refused_and_not_printed(string place)
    {
        var error = (await Errors($"{Heading}\n{Good.Replace("Via Marconi 12", place, StringComparison.Ordinal)}\n")).Single();
        error.Field.Should().Be("luogo");
        error.Value.Should().NotContainAny("\0", "\u001b");
    }

    [TestCase("", TestName = "an endless heading")]
    [TestCase(Heading + "\n" + "V;2026;1;", TestName = "an endless line")]
    [TestCase(Heading + "\n" + "V;2026;1;\"", TestName = "a quote that never closes before the end of a gigabyte")]
    public async Task A_line_of_a_gigabyte_ends_with_words_and_not_with_the_memory(string begin)
    {
        await using var file = new LongLine(begin, 1_000_000_000);
        var before = GC.GetTotalAllocatedBytes();
        var lines = await Read(file);
        lines.Should().ContainSingle().Which.Errors.Single().Message.Should().Contain("troppo lung");
        (GC.GetTotalAllocatedBytes() - before).Should().BeLessThan(100_000_000);
        file.Given.Should().BeLessThan(10_000_000, "who reads on to the end holds up everybody");
    }

    [Test]
    public async Task Lines_are_given_out_while_the_file_is_still_arriving()
    {
        await using var endless = new EndlessFile();
        var read = 0;
        await foreach (var line in FinesFile.Read(endless, Today, FinesTexts.In(Platform.Core.Pages.PageCultures.Italian), CancellationToken.None))
        {
            line.Fine.Should().NotBeNull();
            if (++read == 20_000)
                break;
        }
        read.Should().Be(20_000);
    }

    static async Task<List<ReadLine>> Read(Stream file)
    {
        var lines = new List<ReadLine>();
        await foreach (var line in FinesFile.Read(file, Today, FinesTexts.In(Platform.Core.Pages.PageCultures.Italian), CancellationToken.None))
            lines.Add(line);
        return lines;
    }

    static Task<List<ReadLine>> Read(string text) => Read(new MemoryStream(Encoding.UTF8.GetBytes(text)));

    static async Task<List<ImportError>> Errors(string text) => [.. (await Read(text)).SelectMany(line => line.Errors)];

    /// <summary>Begins in some way and goes on with one letter, without a line end.</summary>
    sealed class LongLine(string begin, long length) : Stream
    {
        readonly byte[] _begin = Encoding.UTF8.GetBytes(begin);

        public long Given { get; private set; }

        public override int Read(byte[] buffer, int offset, int count)
        {
            var given = (int)Math.Min(count, length - Given);
            for (var i = 0; i < given; i++)
                buffer[offset + i] = Given + i < _begin.Length ? _begin[(int)(Given + i)] : (byte)'x';
            Given += given;
            return given;
        }

        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }
        public override void Flush() { }
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }

    /// <summary>A file without end: who wants to read it whole never comes back.</summary>
    sealed class EndlessFile : Stream
    {
        byte[] _line = Encoding.UTF8.GetBytes(Heading + "\n");
        int _at, _number;

        public override int Read(byte[] buffer, int offset, int count)
        {
            if (_at == _line.Length)
            {
                _line = Encoding.UTF8.GetBytes(Good.Replace("1042", $"{++_number}", StringComparison.Ordinal) + "\n");
                _at = 0;
            }
            var given = Math.Min(count, _line.Length - _at);
            _line.AsSpan(_at, given).CopyTo(buffer.AsSpan(offset));
            _at += given;
            return given;
        }

        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }
        public override void Flush() { }
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
