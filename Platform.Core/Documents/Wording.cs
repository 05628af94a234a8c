using System.Globalization;

namespace Platform.Core.Documents;

/// <summary>The few words that the writer itself puts on a page.</summary>
internal sealed record Wording(CultureInfo Culture, string IssuedOn, string Page, string VerificationCode, string TaxCode, string Phone, string Demo)
{
    public static Wording For(string language) =>
        language.Equals("en", StringComparison.OrdinalIgnoreCase) || language.StartsWith("en-", StringComparison.OrdinalIgnoreCase) ? English : Italian;

    static readonly Wording Italian = new(CultureInfo.GetCultureInfo("it-IT"),
        "Data di emissione: {0:d MMMM yyyy}", "Pagina {0} di {1}", "Codice di verifica {0}", "C.F. {0}", "Tel. {0}", "DEMO – documento senza valore");

    static readonly Wording English = new(CultureInfo.GetCultureInfo("en-GB"),
        "Date of issue: {0:d MMMM yyyy}", "Page {0} of {1}", "Verification code {0}", "Tax code {0}", "Tel. {0}", "DEMO – not a valid document");

    public string Fill(string pattern, params ReadOnlySpan<object?> values) => string.Format(Culture, pattern, values);
}
