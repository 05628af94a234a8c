using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Platform.Core.Documents;

/// <summary>What the PDF backend leaves open: an identifier that is the same for the same content, and the language of the text.</summary>
internal static partial class PdfFile
{
    public static byte[] Finish(byte[] file, string language)
    {
        var text = Encoding.Latin1.GetString(file);   // one character per byte: offsets stay
        text = WithLanguage(WithIdentifierOfContent(text), language);
        return Encoding.Latin1.GetBytes(text);
    }

    /// <summary>The backend makes its identifier from the clock; this one is a digest of all else.</summary>
    static string WithIdentifierOfContent(string text)
    {
        var random = Identifier().Match(text).Groups["value"].Value;
        var trailer = text.LastIndexOf("trailer", StringComparison.Ordinal);
        // In the trailer it is bytes: in hexadecimal or, where that is shorter, as escaped characters, brackets among them.
        var start = trailer < 0 ? -1 : text.IndexOf("/ID [", trailer, StringComparison.Ordinal);
        var end = text.LastIndexOf("]>>", StringComparison.Ordinal);
        if (random.Length == 0 || start < 0 || end < start)
            throw new InvalidOperationException("The PDF backend wrote no identifier.");
        var (before, after) = (text[..start], text[end..]);
        var neutral = before.Replace(random, "", StringComparison.Ordinal) + after;
        var made = new Guid(SHA256.HashData(Encoding.Latin1.GetBytes(neutral)).AsSpan(0, 16), bigEndian: true);
        var hex = made.ToString("N").ToUpperInvariant();
        return $"{before.Replace(random, made.ToString("D"), StringComparison.Ordinal)}/ID [<{hex}> <{hex}>{after}";
    }

    /// <summary>The backend knows /Lang but its binding does not, so the catalogue is written again as an incremental update (ISO 32000-1, 7.5.6).</summary>
    static string WithLanguage(string text, string language)
    {
        var trailer = text[text.LastIndexOf("trailer", StringComparison.Ordinal)..];
        var number = Root().Match(trailer).Groups["value"].Value;
        var header = $"\n{number} 0 obj\n";
        var start = text.LastIndexOf(header, StringComparison.Ordinal) + 1;
        var end = text.IndexOf("endobj", start, StringComparison.Ordinal);
        if (number.Length == 0 || start == 0 || end < 0)
            throw new InvalidOperationException("The PDF backend wrote no catalogue.");
        var body = text[start..end];
        var catalogue = body[..body.LastIndexOf(">>", StringComparison.Ordinal)] + $"\n/Lang ({language})>>\nendobj\n";
        var old = StartOfTable().Match(trailer).Groups["value"].Value;
        var entries = trailer[(trailer.IndexOf("<<", StringComparison.Ordinal) + 2)..trailer.LastIndexOf(">>", StringComparison.Ordinal)];
        var added = text.EndsWith('\n') ? "" : "\n";
        var at = text.Length + added.Length;
        var table = at + catalogue.Length;
        return string.Create(CultureInfo.InvariantCulture,
            $"{text}{added}{catalogue}xref\n{number} 1\n{at:D10} 00000 n \ntrailer\n<<{entries}\n/Prev {old}>>\nstartxref\n{table}\n%%EOF\n");
    }

    [GeneratedRegex("<xmpMM:DocumentID>uuid:(?<value>[0-9a-f-]{36})<", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Identifier();

    [GeneratedRegex(@"/Root (?<value>\d+) 0 R", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Root();

    [GeneratedRegex(@"startxref\s+(?<value>\d+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex StartOfTable();
}
