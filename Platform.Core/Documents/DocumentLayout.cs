using System.Globalization;
using Platform.Core.Entities;
using QRCoder;
using SkiaSharp;

namespace Platform.Core.Documents;

/// <summary>Sets a document on pages. First everything is placed, then drawn, because each page says how many there are. Units are points from the top left.</summary>
internal sealed class DocumentLayout(Document document, Wording wording) : IDisposable
{
    public const float Width = 595.28f, Height = 841.89f;
    const float Left = 56, Right = Width - 56, Across = Right - Left, Bottom = Height - 84, TopOfNextPages = 84;
    const float Padding = 4.5f;

    static readonly SKColor Ink = new(0x17, 0x32, 0x4d), Soft = new(0x5a, 0x68, 0x72), Rule = new(0xd5, 0xdb, 0xe1);

    readonly List<List<Action<SKCanvas>>> _pages = [];
    readonly List<IDisposable> _owned = [];
    readonly SKColor _brand = Colour(document.Issuer);
    RunningText? _running;
    float _y;

    readonly record struct Style(SKFont Font, SKColor Colour, float Leading);

    readonly record struct Cell(float X, float Width, List<string> Lines, Style Style, bool FlushRight);

    /// <summary>What is to be drawn on each page, frame excepted.</summary>
    public List<List<Action<SKCanvas>>> Pages()
    {
        FirstPage();
        foreach (var block in document.Blocks)
        {
            switch (block)
            {
                case Heading heading: Set(heading); break;
                case Paragraph paragraph: Set(paragraph); break;
                case Figure figure: Set(figure); break;
                case Facts facts: Set(facts); break;
                case Table table: Set(table); break;
                case QrCode code: Set(code); break;
                default: throw new InvalidOperationException($"{block.GetType()} is no kind of block.");
            }
        }
        return _pages;
    }

    /// <summary>Band, footer and, in a demo, the mark: what every page has.</summary>
    public void Frame(SKCanvas canvas, int page, int pages)
    {
        var running = _running ??= Running();
        Box(canvas, 0, 0, Width, 8, _brand);
        if (page > 1)
        {
            Text(canvas, running.Issuer, Left, 44, running.Brand);
            RightText(canvas, running.Document, 44, running.Small);
            Box(canvas, Left, 54, Across, 0.6f, Rule);
        }
        var y = Bottom + 14;
        Box(canvas, Left, y, Across, 0.6f, Rule);
        y += 15;
        Text(canvas, running.Code, Left, y, running.Strong);
        RightText(canvas, wording.Fill(wording.Page, page, pages), y, running.Strong);
        y += 14;
        foreach (var line in running.Contacts)
        {
            Text(canvas, line, Left, y, running.Small);
            y += running.Small.Leading;
        }
        if (document.Demo)
            DemoMark(canvas);
    }

    /// <summary>What is the same on every page, measured once.</summary>
    sealed record RunningText(string Issuer, string Document, string Code, List<string> Contacts, Style Brand, Style Small, Style Strong);

    RunningText Running()
    {
        var issuer = document.Issuer;
        var brand = Typeset(Typography.SemiBold, 9, _brand, 12);
        var small = Typeset(Typography.Regular, 8, Soft, 10.5f);
        var strong = Typeset(Typography.SemiBold, 8.5f, Ink, 10.5f);
        string?[] contacts =
        [
            issuer.Name, issuer.Address, wording.Fill(wording.TaxCode, issuer.TaxCode), issuer.Phone is null ? null : wording.Fill(wording.Phone, issuer.Phone),
            issuer.Email, issuer.Pec is null ? null : $"PEC {issuer.Pec}", issuer.Website,
        ];
        static string OneLine(string text, Style style, float width) => Typography.Wrap(Typography.Line(text), style.Font, width, 1)[0];
        return new(
            OneLine(issuer.Name, brand, Across / 2 - 8), OneLine(Under(), small, Across / 2 - 8),
            document.VerificationCode is { } code ? OneLine(wording.Fill(wording.VerificationCode, code), strong, Across - 90) : "",
            Typography.Wrap(Typography.Line(string.Join(" · ", contacts.Where(c => !string.IsNullOrWhiteSpace(c)).Select(Together))), small.Font, Across, 2),
            brand, small, strong);
    }

    public void Dispose() => _owned.ForEach(o => o.Dispose());

    void FirstPage()
    {
        _pages.Add([]);
        _y = 52;
        var name = Typeset(Typography.Bold, 15, _brand, 19);
        Lines(Typography.Wrap(Typography.Line(document.Issuer.Name), name.Font, Across, 4), name);
        _y += 7;
        Rectangle(Left, _y, Across, 1.2f, _brand);
        _y += 26;
        var title = Typeset(Typography.Bold, 24, Ink, 28);
        Lines(Typography.Wrap(Typography.Line(document.Title), title.Font, Across), title);
        var under = Typeset(Typography.Regular, 10.5f, Soft, 15);
        _y += 2;
        Lines(Typography.Wrap(Typography.Line(Under(withDate: true)), under.Font, Across), under);
        _y += 14;
    }

    string Under(bool withDate = false)
    {
        var date = wording.Fill(wording.IssuedOn, TimeZoneInfo.ConvertTime(document.Created, Rome));
        return string.Join(" · ", new[] { withDate ? null : document.Title, document.Subtitle, withDate ? date : null }.Where(t => !string.IsNullOrWhiteSpace(t)));
    }

    void Set(Heading heading)
    {
        var style = Typeset(Typography.SemiBold, 13, Ink, 17);
        var lines = Typography.Wrap(Typography.Line(heading.Text), style.Font, Across);
        _y += 8;
        Room(Math.Min(lines.Count, 10) * style.Leading + 60);
        Lines(lines, style);
        _y += 2;
    }

    void Set(Paragraph paragraph)
    {
        var style = Typeset(Typography.Regular, 10.5f, Ink, 15);
        Lines(Typography.Wrap(Typography.Writable(paragraph.Text), style.Font, Across), style);
        _y += 9;
    }

    void Set(Figure figure)
    {
        var label = Typeset(Typography.SemiBold, 10, Soft, 14);
        var amount = Typeset(Typography.Bold, 34, _brand, 38);
        var note = Typeset(Typography.Regular, 10, Ink, 14);
        const float inset = 18;
        var figures = figure.Amount.In(wording.Culture);
        amount.Font.Size *= Math.Min(1, (Across - 2 * inset) / amount.Font.MeasureText(figures));
        var labels = Typography.Wrap(Typography.Line(figure.Label), label.Font, Across - 2 * inset, 3);
        var notes = string.IsNullOrWhiteSpace(figure.Note) ? [] : Typography.Wrap(Typography.Writable(figure.Note), note.Font, Across - 2 * inset, 6);
        var height = 14 + labels.Count * label.Leading + amount.Leading + 6 + notes.Count * note.Leading + 10;
        Room(height);
        Rectangle(Left, _y, Across, height, Tint());
        Rectangle(Left, _y, 4, height, _brand);
        var end = _y + height;
        _y += 14;
        Lines(labels, label, inset);
        Lines([figures], amount, inset);
        _y += 6;
        Lines(notes, note, inset);
        _y = end + 18;
    }

    void Set(Facts facts)
    {
        var label = Typeset(Typography.Regular, 10, Soft, 14);
        var value = Typeset(Typography.SemiBold, 10.5f, Ink, 14);
        const float split = Across * 0.34f;
        foreach (var fact in facts.Items)
        {
            Row(
            [
                new(Left, split - 10, Typography.Wrap(Typography.Writable(fact.Label), label.Font, split - 10), label, false),
                new(Left + split, Across - split, Typography.Wrap(Typography.Writable(fact.Value.In(wording)), value.Font, Across - split), value, false),
            ], () => { });
            Rectangle(Left, _y, Across, 0.5f, Rule);
        }
        _y += 16;
    }

    void Set(Table table)
    {
        var head = Typeset(Typography.SemiBold, 9, Soft, 12);
        var body = Typeset(Typography.Regular, 10, Ink, 14);
        var strong = Typeset(Typography.Bold, 11.5f, Ink, 15);
        var shares = table.Columns.Sum(c => c.Share);
        var places = new (float X, float Width)[table.Columns.Count];
        var x = Left;
        for (var i = 0; i < places.Length; i++)
        {
            var width = Across * (table.Columns[i].Share / shares);
            places[i] = (x + 6, Math.Max(width - 12, 1));
            x += width;
        }
        List<Cell> Cells(IEnumerable<string> texts, Style style) => [.. texts.Select((text, i) =>
            new Cell(places[i].X, places[i].Width, Typography.Wrap(Typography.Writable(text), style.Font, places[i].Width), style, table.Columns[i].Amounts))];
        List<Cell> heads = [.. table.Columns.Select((c, i) =>
            new Cell(places[i].X, places[i].Width, Typography.Wrap(Typography.Line(c.Title), head.Font, places[i].Width, 6), head, c.Amounts))];
        void Header()
        {
            var height = heads.Max(c => c.Lines.Count) * head.Leading + 2 * Padding;
            Rectangle(Left, _y, Across, height, Tint());
            Row(heads, () => { });
            Rectangle(Left, _y - 0.8f, Across, 0.8f, _brand);
        }

        Room(80);
        Header();
        for (var i = 0; i < table.Rows.Count; i++)
        {
            var cells = Cells(table.Rows[i].Select(c => c.In(wording)), body);
            var last = i == table.Rows.Count - 1 && table.Total is not null;
            Row(cells, Header, last ? 2 * strong.Leading : 0);
            Rectangle(Left, _y, Across, 0.5f, Rule);
        }
        if (table.Total is { } total)
        {
            var amount = total.Amount.In(wording.Culture);
            var wide = strong.Font.MeasureText(amount) + 12;
            Rectangle(Left, _y, Across, 1, Ink);
            _y += 2;
            Row(
            [
                new(Left + 6, Across - wide - 12, Typography.Wrap(Typography.Line(total.Label), strong.Font, Across - wide - 12), strong, false),
                new(Right - wide, wide - 6, [amount], strong, true),
            ], Header);
        }
        _y += 16;
    }

    void Set(QrCode code)
    {
        var address = code.Address.AbsoluteUri;
        using var generator = new QRCodeGenerator();
        using var data = generator.CreateQrCode(address, QRCodeGenerator.ECCLevel.M);
        var modules = data.ModuleMatrix;   // its quiet zone of four modules included
        // A module of at least 0.35 mm is still read from paper by an ordinary telephone.
        var side = Math.Max(92, modules.Count * 1f);
        var caption = Typeset(Typography.SemiBold, 11, Ink, 15);
        var letters = Typeset(Typography.Regular, 9, _brand, 12);
        var (x, width) = (Left + side + 12, Across - side - 24);
        var captions = Typography.Wrap(Typography.Writable(code.Caption), caption.Font, width, 6);
        var lines = Typography.Wrap(Typography.Line(address), letters.Font, width);
        var height = Math.Max(side, captions.Count * caption.Leading + 6 + lines.Count * letters.Leading) + 10;
        Room(height);
        var top = _y;
        var path = Own(Modules(modules, Left + 6, top + (height - side) / 2, side / modules.Count));
        Draw(canvas =>
        {
            Outline(canvas, Left, top, Across, height, Rule);
            using var paint = new SKPaint { Color = SKColors.Black, IsAntialias = false };
            canvas.DrawPath(path, paint);
        });
        _y = top + (height - captions.Count * caption.Leading - 6 - lines.Count * letters.Leading) / 2;
        Lines(captions, caption, x - Left);
        _y += 6;
        var link = new SKRect(x, _y, x + width, _y + lines.Count * letters.Leading);
        Lines(lines, letters, x - Left);
        Draw(canvas => canvas.DrawUrlAnnotation(link, address));
        _y = top + height + 16;
    }

    static SKPath Modules(List<System.Collections.BitArray> modules, float x, float y, float size)
    {
        // One path for all: rectangles painted one by one would show hairlines between neighbours.
        using var builder = new SKPathBuilder();
        for (var row = 0; row < modules.Count; row++)
        {
            for (var column = 0; column < modules.Count; column++)
            {
                var first = column;
                while (column < modules.Count && modules[row][column])
                    column++;
                if (column > first)
                    builder.AddRect(new SKRect(x + first * size, y + row * size, x + column * size, y + (row + 1) * size));
            }
        }
        return builder.Detach();
    }

    /// <summary>A row moves whole to the next page; only one taller than a page is cut, between lines.</summary>
    void Row(IReadOnlyList<Cell> cells, Action onNewPage, float keep = 0)
    {
        var leading = cells.Count == 0 ? 14 : cells.Max(c => c.Style.Leading);
        var count = cells.Count == 0 ? 1 : cells.Max(c => c.Lines.Count);
        if (_y + count * leading + 2 * Padding + keep > Bottom && count * leading + 2 * Padding + keep < Bottom - TopOfNextPages - 60)
            NewPage(onNewPage);
        for (var done = 0; done < count;)
        {
            var fit = (int)((Bottom - _y - 2 * Padding) / leading);
            if (fit < 1)
            {
                NewPage(onNewPage);
                continue;
            }
            var part = Math.Min(fit, count - done);
            _y += Padding;
            foreach (var cell in cells)
            {
                for (var i = 0; i < part && done + i < cell.Lines.Count; i++)
                    Place(cell, cell.Lines[done + i], _y + i * leading);
            }
            _y += part * leading + Padding;
            done += part;
        }
    }

    void Place(Cell cell, string line, float top)
    {
        var x = cell.FlushRight ? cell.X + cell.Width - cell.Style.Font.MeasureText(line) : cell.X;
        var y = Baseline(top, cell.Style);
        Draw(canvas => Text(canvas, line, x, y, cell.Style));
    }

    void Lines(List<string> lines, Style style, float inset = 0)
    {
        foreach (var line in lines)
        {
            Room(style.Leading);
            var y = Baseline(_y, style);
            Draw(canvas => Text(canvas, line, Left + inset, y, style));
            _y += style.Leading;
        }
    }

    static float Baseline(float top, Style style) => top + style.Leading / 2 + style.Font.Size * 0.345f;

    void Room(float height)
    {
        if (_y + height > Bottom)
            NewPage(() => { });
    }

    void NewPage(Action onNewPage)
    {
        _pages.Add([]);
        _y = TopOfNextPages;
        onNewPage();
    }

    void Draw(Action<SKCanvas> draw) => _pages[^1].Add(draw);

    void Rectangle(float x, float y, float width, float height, SKColor colour) => Draw(canvas => Box(canvas, x, y, width, height, colour));

    static void Box(SKCanvas canvas, float x, float y, float width, float height, SKColor colour)
    {
        using var paint = new SKPaint { Color = colour };
        canvas.DrawRect(x, y, width, height, paint);
    }

    static void Outline(SKCanvas canvas, float x, float y, float width, float height, SKColor colour)
    {
        using var paint = new SKPaint { Color = colour, IsStroke = true, StrokeWidth = 0.8f };
        canvas.DrawRect(x, y, width, height, paint);
    }

    static void Text(SKCanvas canvas, string text, float x, float y, Style style)
    {
        using var paint = new SKPaint { Color = style.Colour };
        canvas.DrawText(text, x, y, SKTextAlign.Left, style.Font, paint);
    }

    static void RightText(SKCanvas canvas, string text, float y, Style style) => Text(canvas, text, Right - style.Font.MeasureText(text), y, style);

    /// <summary>A contact is broken over two lines only if it is long.</summary>
    static string Together(string? contact) => contact!.Length > 60 ? contact : contact.Replace(' ', '\u00a0');

    void DemoMark(SKCanvas canvas)
    {
        var style = Typeset(Typography.Bold, 50, new SKColor(0xc0, 0x1f, 0x2e, 0x38), 50);
        canvas.Save();
        canvas.Translate(Width / 2, Height / 2);
        canvas.RotateDegrees(-50);
        Text(canvas, wording.Demo, -style.Font.MeasureText(wording.Demo) / 2, 16, style);
        canvas.Restore();
    }

    Style Typeset(SKTypeface face, float size, SKColor colour, float leading) => new(Own(Typography.Font(face, size)), colour, leading);

    T Own<T>(T disposable) where T : IDisposable
    {
        _owned.Add(disposable);
        return disposable;
    }

    /// <summary>The brand colour as a faint ground, mixed rather than transparent: every printer does it the same.</summary>
    SKColor Tint() => new(Faint(_brand.Red), Faint(_brand.Green), Faint(_brand.Blue));

    static byte Faint(byte part) => (byte)(255 - (255 - part) * 7 / 100);

    static SKColor Colour(Entity issuer) =>
        issuer.Colour is { Length: 7 } text && text[0] == '#' && uint.TryParse(text.AsSpan(1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
            ? new SKColor((byte)(value >> 16), (byte)(value >> 8), (byte)value) : new SKColor(0x00, 0x66, 0xcc);

    static readonly TimeZoneInfo Rome = TimeZoneInfo.FindSystemTimeZoneById("Europe/Rome");
}
