using System.Globalization;
using Platform.Core.Pages;

namespace Services.SchoolFees;

/// <summary>The words of this service's pages.</summary>
internal static class SchoolFeesTexts
{
    public static TextCatalog Catalog { get; } = TextCatalog.Load(typeof(SchoolFeesTexts).Assembly);

    public static Texts In(CultureInfo culture) => Catalog.In(culture);
}
