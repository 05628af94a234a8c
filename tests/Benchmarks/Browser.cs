using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Platform.Payments.Tests;

namespace Portico.Benchmarks;

/// <summary>A browser that pays a fine: it knows addresses and forms, and reads no more of a page than it must.</summary>
internal sealed partial class Browser(Uri site) : IDisposable
{
    readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = true }) { BaseAddress = site };
    string _form = "";

    public async Task OpenSearch(PayableFine fine) => Remember(await Get($"/{fine.Slug}/multe"));

    /// <returns>The fine's page.</returns>
    public Task<string> Find(PayableFine fine) => Post($"/{fine.Slug}/multe",
        ("verbale", fine.Name), ("data", PayableFine.Seen.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)), ("targa", PayableFine.Plate));

    /// <returns>The attempt that its button would begin.</returns>
    public async Task<string> Show(string page) => Attempt().Match(Remember(await Get(page))).Groups["it"].Value;

    /// <returns>The order number, read from the bank's address.</returns>
    public async Task<string> Pay(string page, string attempt) => OrderIn().Match(await Post(page, ("attempt", attempt))).Groups["it"].Value;

    public async Task Tell(string order) => await Get($"/pagamenti/pagonline/ascolto?{BankPen.Listener(order, "OK")}");

    /// <returns>The payment's page.</returns>
    public async Task<string> ComeBack(string order)
    {
        using var content = new ByteArrayContent(Encoding.Latin1.GetBytes(BankPen.Return(order))) { Headers = { ContentType = new("application/x-www-form-urlencoded") } };
        return await Redirected("/pagamenti/pagonline/ritorno", content);
    }

    /// <returns>Where the receipt is; null when it is not there yet.</returns>
    public async Task<string?> Status(string page) => ReceiptIn().Match(await Get(page)) is { Success: true } match ? match.Value : null;

    public Task<string> Get(string path) => _http.GetStringAsync(new Uri(path, UriKind.Relative));

    string Remember(string page)
    {
        _form = FormToken().Match(page).Groups["it"].Value;
        return page;
    }

    async Task<string> Post(string path, params (string Name, string Value)[] fields)
    {
        using var content = new FormUrlEncodedContent(fields.Append((Name: "__form", Value: _form)).Select(field => KeyValuePair.Create(field.Name, field.Value)));
        return await Redirected(path, content);
    }

    async Task<string> Redirected(string path, HttpContent content)
    {
        using var answer = await _http.PostAsync(new Uri(path, UriKind.Relative), content);
        return answer.StatusCode == HttpStatusCode.SeeOther
            ? answer.Headers.Location!.OriginalString
            : throw new InvalidOperationException($"{path} answers {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
    }

    [GeneratedRegex("name=\"attempt\" value=\"(?<it>[^\"]+)\"", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Attempt();

    [GeneratedRegex("name=\"__form\" value=\"(?<it>[^\"]+)\"", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex FormToken();

    [GeneratedRegex("[?&]numeroOrdine=(?<it>[^&]+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex OrderIn();

    [GeneratedRegex("/verifica/[^/\"]+/quietanza.pdf", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex ReceiptIn();

    public void Dispose() => _http.Dispose();
}
