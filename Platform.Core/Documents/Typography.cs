using System.Globalization;
using System.Text;
using SkiaSharp;

namespace Platform.Core.Documents;

/// <summary>Titillium Web, the face of Italian public design, and what can be written with it.</summary>
internal static class Typography
{
    public static readonly SKTypeface Regular = Load("400Regular");
    public static readonly SKTypeface SemiBold = Load("600SemiBold");
    public static readonly SKTypeface Bold = Load("700Bold");

    /// <summary>Stands for a character no face has. Never the font's own "missing" glyph: archival PDF forbids it.</summary>
    const char Unknown = '◊';

    static SKTypeface Load(string weight)
    {
        var name = $"Platform.Core.Documents.Fonts.TitilliumWeb_{weight}.ttf";
        using var stream = typeof(Typography).Assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"The font {name} is missing.");
        return SKTypeface.FromStream(stream) ?? throw new InvalidOperationException($"The font {name} cannot be read.");
    }

    /// <summary>The text in characters the fonts have, one glyph each; line feeds stay, all else that is invisible goes.</summary>
    public static string Writable(string? text)
    {
        if (string.IsNullOrEmpty(text))
            return "";
        var whole = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())   // a lone half of a pair becomes U+FFFD, which Normalize needs
            whole.Append(rune.ToString());
        var written = new StringBuilder(whole.Length);
        var characters = StringInfo.GetTextElementEnumerator(whole.ToString().Normalize(NormalizationForm.FormC).ReplaceLineEndings("\n"));
        while (characters.MoveNext())
            Append(written, characters.GetTextElement());
        return written.ToString();
    }

    /// <summary>As <see cref="Writable"/>, on one line.</summary>
    public static string Line(string? text) => Writable(text).Replace('\n', ' ').Trim();

    static void Append(StringBuilder written, string character)
    {
        var visible = new StringBuilder(character.Length);
        foreach (var rune in character.EnumerateRunes())
        {
            if (rune.Value == '\n')
                visible.Append('\n');
            else if (Replacement(rune) is { } replacement)
                visible.Append(replacement);
            else if (Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format))
                visible.Append(rune.ToString());
        }
        if (visible.Length == 0)
            return;
        var text = visible.ToString();
        if (text.All(HasGlyph))
        {
            written.Append(text);
            return;
        }
        var plain = string.Concat(text.Normalize(NormalizationForm.FormKD).Where(HasGlyph));
        written.Append(plain.Length > 0 ? plain : Unknown.ToString());
    }

    static char? Replacement(Rune rune) => rune.Value switch
    {
        '\t' => ' ',
        0x202F or 0x2007 => '\u00a0',
        0x2010 or 0x2011 => '-',
        0x02BC => '’',
        _ => Rune.GetUnicodeCategory(rune) is UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator ? '\n'
            : rune.Value != 0xA0 && Rune.GetUnicodeCategory(rune) == UnicodeCategory.SpaceSeparator ? ' ' : null,
    };

    static bool HasGlyph(char c) => c == '\n' || Glyphs[c];

    static readonly bool[] Glyphs = Common();

    static bool[] Common()
    {
        var all = Enumerable.Range(0, 0xD800).ToArray();
        var common = new bool[char.MaxValue + 1];
        Array.Fill(common, true, 0x20, all.Length - 0x20);
        foreach (var face in new[] { Regular, SemiBold, Bold })
        {
            using var font = Font(face, 10);
            var glyphs = font.GetGlyphs(all);
            for (var i = 0; i < glyphs.Length; i++)
                common[i] &= glyphs[i] != 0;
        }
        return common;
    }

    public static SKFont Font(SKTypeface face, float size) =>
        new(face, size) { Subpixel = true, LinearMetrics = true, Hinting = SKFontHinting.None, Edging = SKFontEdging.Antialias };

    /// <summary>The lines of a writable text, none wider than <paramref name="width"/> unless it is a single character.</summary>
    public static List<string> Wrap(string text, SKFont font, float width)
    {
        var lines = new List<string>();
        foreach (var line in text.Split('\n'))
        {
            var widths = font.GetGlyphWidths(line);
            var (start, blank, x) = (0, -1, 0f);
            for (var i = 0; i < line.Length; i++)
            {
                x += widths[i];
                if (line[i] == ' ')
                {
                    blank = i;
                }
                else if (x > width && i > start)
                {
                    var end = blank > start ? blank : i;
                    lines.Add(line[start..end].TrimEnd(' '));
                    start = blank > start ? blank + 1 : i;
                    blank = -1;
                    x = widths.AsSpan(start, i - start + 1).ToArray().Sum();
                }
            }
            lines.Add(line[start..].TrimEnd(' '));
        }
        return lines;
    }

    /// <summary>At most <paramref name="most"/> lines; what is left out shows as an ellipsis.</summary>
    public static List<string> Wrap(string text, SKFont font, float width, int most)
    {
        var lines = Wrap(text, font, width);
        if (lines.Count <= most)
            return lines;
        var last = lines[most - 1];
        while (last.Length > 0 && font.MeasureText(last + "…") > width)
            last = last[..^1];
        return [.. lines.Take(most - 1), last + "…"];
    }
}
