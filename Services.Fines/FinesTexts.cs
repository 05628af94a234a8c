using System.Globalization;
using Platform.Core.Pages;

namespace Services.Fines;

/// <summary>The words of this service's pages.</summary>
internal static class FinesTexts
{
    public static TextCatalog Catalog { get; } = TextCatalog.Load(typeof(FinesTexts).Assembly);

    public static Texts In(CultureInfo culture) => Catalog.In(culture);
}
