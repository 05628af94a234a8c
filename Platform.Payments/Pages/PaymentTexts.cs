using Platform.Core.Pages;

namespace Platform.Payments;

internal static class PaymentTexts
{
    public static TextCatalog Catalog { get; } = TextCatalog.Load(typeof(PaymentTexts).Assembly);
}
