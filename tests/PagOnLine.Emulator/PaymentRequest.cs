using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.RegularExpressions;

namespace PagOnLine.Emulator;

/// <summary>A verified <c>initInsert.do</c>. Everything before <c>mac</c> is signed, everything after it is not and carries only courtesies.</summary>
internal sealed partial record PaymentRequest(
    string Order, long AmountCents, bool DepositAtOnce, bool Recycle, string ResponseKind, string UrlOk, string UrlKo, string Language, string Description, string PaymentType)
{
    private static readonly string[] Mandatory =
    [
        "numeroCommerciante", "stabilimento", "userID", "password", "numeroOrdine", "totaleOrdine", "valuta",
        "flagDeposito", "flagRiciclaOrdine", "tipoRispostaApv", "urlOk", "urlKo",
    ];

    [GeneratedRegex("^[A-Za-z0-9-]{1,64}$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex OrderNumber { get; }

    public static bool IsOrderNumber(string? text) => text is not null && OrderNumber.IsMatch(text);

    public static bool TryRead(string rawQuery, Merchant merchant, [NotNullWhen(true)] out PaymentRequest? request, [NotNullWhen(false)] out Refusal? refusal)
    {
        request = null;
        var fields = Wire.Decode(rawQuery);
        var macAt = fields.FindIndex(field => field.Name == "mac");
        var signed = macAt < 0 ? fields : fields[..macAt];
        refusal = WhyIncomplete(signed, macAt) ?? WhyUnverified(signed, macAt < 0 ? "" : fields[macAt].Value, merchant) ?? WhyMalformed(signed);
        if (refusal is not null)
        {
            return false;
        }

        // What is written in the signed part wins over what anyone may have appended.
        string Courtesy(string name) => signed.Value(name) ?? fields.Skip(macAt).Value(name) ?? "";
        request = new PaymentRequest(
            Required(signed, "numeroOrdine"),
            long.Parse(Required(signed, "totaleOrdine"), NumberStyles.None, CultureInfo.InvariantCulture),
            Required(signed, "flagDeposito") == "Y",
            Required(signed, "flagRiciclaOrdine") == "Y",
            Required(signed, "tipoRispostaApv"),
            Required(signed, "urlOk"),
            Required(signed, "urlKo"),
            LanguageOf(rawQuery),
            Shortened(Courtesy("causalePagamento")),
            Courtesy("tipoPagamento") is "MyBank" ? "MyBank" : "CartCred");
        return true;
    }

    /// <summary>The buyer's language even when the request is refused: the refusal is read by the buyer too.</summary>
    public static string LanguageOf(string rawQuery) => Wire.Decode(rawQuery).Value("langCompratore") is null or "" or "it" ? "it" : "en";

    public static string? OrderNumberOf(string rawQuery) => Wire.Decode(rawQuery).Value("numeroOrdine")?.Trim() is { } number && IsOrderNumber(number) ? number : null;

    private static Refusal? WhyIncomplete(List<Field> signed, int macAt)
    {
        if (macAt < 0)
        {
            return Missing("mac");
        }

        foreach (var name in Mandatory)
        {
            // The password in the address is a dummy that some shops leave empty.
            var values = signed.FindAll(field => field.Name == name);
            if (values.Count == 0 || (name != "password" && Required(signed, name).Length == 0))
            {
                return Missing(name);
            }

            if (values.Count > 1)
            {
                return Malformed(name, "è ripetuto", "is repeated");
            }
        }

        return null;
    }

    private static Refusal? WhyUnverified(List<Field> signed, string mac, Merchant merchant)
    {
        if (Required(signed, "numeroCommerciante") != merchant.Number || Required(signed, "stabilimento") != merchant.Shop || Required(signed, "userID") != merchant.User)
        {
            return new Refusal(StatusCodes.Status400BadRequest, "merchant-unknown", "Esercente, stabilimento o utente sconosciuto.", "Merchant, shop or user unknown.");
        }

        // Latin-1 has no other letters, and replacing them would let two texts share one MAC.
        if (signed.Find(field => field.Value.Any(character => character > 0xFF)) is { } foreign)
        {
            return Malformed(foreign.Name, "contiene caratteri fuori da Latin-1", "has characters outside Latin-1");
        }

        var text = Wire.Plain(signed.Select(field => new Field(field.Name, field.Name == "password" ? merchant.Password : field.Value.Trim())));
        return Mac.Matches(mac, text, merchant.Secret)
            ? null
            : new Refusal(StatusCodes.Status400BadRequest, "mac-wrong", "La firma (mac) della richiesta non è valida.", "The signature (mac) of the request is not valid.");
    }

    private static Refusal? WhyMalformed(List<Field> signed)
    {
        if (!IsOrderNumber(Required(signed, "numeroOrdine")))
        {
            return Malformed("numeroOrdine", "ammette solo lettere, cifre e trattino, al massimo 64", "takes only letters, digits and hyphen, at most 64");
        }

        if (Required(signed, "totaleOrdine") is not { Length: <= 12 } total || !total.All(char.IsAsciiDigit) || total.All(digit => digit == '0'))
        {
            return Malformed("totaleOrdine", "deve essere un intero di centesimi maggiore di zero", "must be a whole number of cents greater than zero");
        }

        if (Required(signed, "valuta") != "978")
        {
            return Malformed("valuta", "deve essere 978 (euro)", "must be 978 (euro)");
        }

        return WhyNotOneOf(signed, "flagDeposito", "Y", "N")
            ?? WhyNotOneOf(signed, "flagRiciclaOrdine", "Y", "N")
            ?? WhyNotOneOf(signed, "tipoRispostaApv", "click", "wait")
            ?? WhyNotAddress(signed, "urlOk")
            ?? WhyNotAddress(signed, "urlKo");
    }

    private static Refusal? WhyNotOneOf(List<Field> signed, string name, string one, string other)
        => Required(signed, name) == one || Required(signed, name) == other ? null : Malformed(name, $"deve essere {one} o {other}", $"must be {one} or {other}");

    private static Refusal? WhyNotAddress(List<Field> signed, string name)
        => Required(signed, name).Length <= 2000 && IsAddress(Required(signed, name)) ? null : Malformed(name, "deve essere un indirizzo http o https", "must be an http or https address");

    public static bool IsAddress(string? text)
        => Uri.TryCreate(text, UriKind.Absolute, out var address) && (address.Scheme == Uri.UriSchemeHttp || address.Scheme == Uri.UriSchemeHttps);

    private static string Required(List<Field> signed, string name) => signed.Value(name)?.Trim() ?? "";

    private static string Shortened(string text) => text.Length <= 200 ? text : text[..200];

    private static Refusal Missing(string name)
        => new(StatusCodes.Status400BadRequest, "missing", $"Manca il parametro {name}.", $"The parameter {name} is missing.");

    private static Refusal Malformed(string name, string italian, string english)
        => new(StatusCodes.Status400BadRequest, "malformed", $"Il parametro {name} {italian}.", $"The parameter {name} {english}.");
}
