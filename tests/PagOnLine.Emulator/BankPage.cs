using System.Text;

namespace PagOnLine.Emulator;

/// <summary>The frame of every page of the bank, and the headers that let it do no more than it needs.</summary>
internal static class BankPage
{
    private const string Policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action ";

    public static Html Frame(string language, string title, Html content)
    {
        var english = language == "en";
        return $"""
            <!DOCTYPE html>
            <html lang="{(english ? "en" : "it")}">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="robots" content="noindex">
            <title>{title} – {(english ? "Test bank" : "Banca di prova")}</title>
            <link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
            <link rel="stylesheet" href="/assets/bank.css">
            </head>
            <body>
            <p class="warning"><strong>{(english ? "Emulator of a bank, for tests." : "Emulatore di una banca, per prove.")}</strong>
            {(english ? "No money moves. Never type a real card here." : "Non si muove denaro. Non inserire mai una carta vera.")}</p>
            <header><img src="/assets/icon.svg" alt="" width="36" height="36"><span>{(english ? "Test bank" : "Banca di prova")}<small>PagOnLine</small></span></header>
            <main>
            {content}
            </main>
            <footer>{(english ? "This program imitates UniCredit's PagOnLine for tests. It is not UniCredit and has no tie with it."
                : "Questo programma imita PagOnLine di UniCredit per le prove. Non è UniCredit e non ha legami con essa.")}</footer>
            </body>
            </html>
            """;
    }

    public static Html Frame(Refusal refusal, string language)
    {
        var english = language == "en";
        Html back = refusal.SiteAddress is { } site
            ? $"""<p><a class="button" href="{site}">{(english ? "Back to the site" : "Torna al sito")}</a></p>"""
            : Html.Empty;
        return Frame(language, english ? "Payment not possible" : "Pagamento non possibile", $"""
            <h1>{(english ? "Payment not possible" : "Pagamento non possibile")}</h1>
            <p class="problem" role="alert">{refusal.In(language)}</p>
            <p>{(english ? "This request charged nothing. Go back to the site you came from and try again." : "Questa richiesta non ha addebitato nulla. Torna al sito da cui vieni e riprova.")}</p>
            {back}
            <p class="code">{(english ? "Code" : "Codice")}: {refusal.Code}</p>
            """);
    }

    /// <param name="formAction">Where forms may go, in the words of the content-security policy.</param>
    /// <param name="connect">What the script may call.</param>
    public static IResult Send(HttpContext context, Html page, int status = StatusCodes.Status200OK, string formAction = "'self'", string? connect = null)
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = Policy + formAction + (connect is null ? "" : "; connect-src " + connect);
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "strict-origin";
        headers.CacheControl = "no-store";
        return Results.Text(page.ToString(), "text/html", Encoding.UTF8, status);
    }
}
