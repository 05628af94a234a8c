using System.Globalization;
using System.Runtime.InteropServices;
using Platform.Core.Entities;

namespace Platform.Core.Pages;

/// <summary>An entity's colours as a stylesheet of its own, so that no page needs an inline style (content-security policy <c>style-src 'self'</c>).</summary>
/// <remarks>Serve <see cref="Css"/> at <see cref="Path"/> as <c>text/css</c>; the address changes with the colour and may be cached for ever.</remarks>
internal static class EntityTheme
{
    /// <summary>The contrast that WCAG 2.1 AA asks of ordinary text (criterion 1.4.3).</summary>
    public const double MinimumContrast = 4.5;

    const string Fallback = "#0066cc";   // the design kit's own blue
    const int Version = 1;

    // Links and outlined buttons stand on panels as well as on white: the darker of the two grounds decides.
    static readonly Rgb Panel = new(0xf2, 0xf5, 0xf9);

    /// <summary>Where the entity's stylesheet is: <c>/marzabotto/tema.css?v=1-7a1f1f</c>.</summary>
    public static string Path(Entity entity)
    {
        ArgumentNullException.ThrowIfNull(entity);
        return string.Create(CultureInfo.InvariantCulture, $"{PageFrame.Under(entity, "tema.css")}?v={Version}-{Parse(entity.Colour).ToString()[1..]}");
    }

    /// <summary>The custom properties that <c>portico.css</c> draws header, buttons and links with. A colour too light to read is darkened, a malformed one is replaced by blue.</summary>
    public static string Css(Entity entity)
    {
        ArgumentNullException.ThrowIfNull(entity);
        var primary = Readable(Parse(entity.Colour));
        return $$"""
            :root {
              --portico-primary: {{primary}};
              --portico-primary-hover: {{primary.Scale(0.82)}};
              --portico-primary-dark: {{primary.Scale(0.72)}};
              --portico-primary-darker: {{primary.Scale(0.5)}};
              --portico-primary-tint: {{primary.Tint(0.08)}};
            }

            """;
    }

    /// <summary>The colour itself when it reads well, otherwise the lightest darker shade of the same hue that has <see cref="MinimumContrast"/> against white and against panels.</summary>
    /// <param name="colour"><c>#rrggbb</c>.</param>
    public static string Readable(string colour) => Readable(Parse(colour)).ToString();

    /// <summary>Contrast ratio of two colours by WCAG 2.1, from 1 to 21.</summary>
    public static double Contrast(string first, string second) => Contrast(Parse(first), Parse(second));

    static Rgb Readable(Rgb colour)
    {
        for (var percent = 100; percent > 0; percent--)
        {
            var shade = colour.Scale(percent / 100.0);
            if (Contrast(shade, Panel) >= MinimumContrast)
                return shade;
        }
        return default;
    }

    static double Contrast(Rgb a, Rgb b)
    {
        var (light, dark) = (Math.Max(a.Luminance, b.Luminance), Math.Min(a.Luminance, b.Luminance));
        return (light + 0.05) / (dark + 0.05);
    }

    static Rgb Parse(string? colour) =>
        colour is ['#', _, _, _, _, _, _] && int.TryParse(colour.AsSpan(1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var rgb)
            ? new((byte)(rgb >> 16), (byte)(rgb >> 8), (byte)rgb)
            : Parse(Fallback);

    [StructLayout(LayoutKind.Auto)]
    readonly record struct Rgb(byte Red, byte Green, byte Blue)
    {
        public double Luminance => 0.2126 * Linear(Red) + 0.7152 * Linear(Green) + 0.0722 * Linear(Blue);

        public Rgb Scale(double factor) => new((byte)(Red * factor), (byte)(Green * factor), (byte)(Blue * factor));

        public Rgb Tint(double share) => new(Mix(Red, share), Mix(Green, share), Mix(Blue, share));

        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"#{Red:x2}{Green:x2}{Blue:x2}");

        static byte Mix(byte channel, double share) => (byte)(255 - (255 - channel) * share);

        static double Linear(byte channel)
        {
            var value = channel / 255.0;
            return value <= 0.04045 ? value / 12.92 : Math.Pow((value + 0.055) / 1.055, 2.4);
        }
    }
}
