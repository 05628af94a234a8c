using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Platform.Testing;

namespace Portico.Faults;

/// <summary>A message to which somebody got a good answer: what it said must be in the database, whatever happens afterwards.</summary>
internal sealed record Acknowledged(string Order, byte[] Raw);

/// <summary>
/// People who pay, at a steady rate: they find a fine, go to the bank, pay, come back; or do not come back, come back twice, pay in two tabs, give up.
/// What fails they try again, as people do. None of them knows of the faults.
/// </summary>
internal sealed partial class Citizens(World world, int seed, TimeSpan pace) : IAsyncDisposable
{
    const int Tries = 60;
    const int MostAtOnce = 16;
    static readonly TimeSpan BetweenTries = TimeSpan.FromMilliseconds(150);

    readonly HttpClient _http = new(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false }) { Timeout = TimeSpan.FromSeconds(12) };
    readonly ConcurrentBag<Acknowledged> _acknowledged = [];
    readonly ConcurrentBag<string> _complaints = [];
    readonly CancellationTokenSource _closing = new();
    readonly SemaphoreSlim _places = new(MostAtOnce);
    Task _walking = Task.CompletedTask;
    int _next;
    int _served;
    int _failures;

    public IReadOnlyCollection<Acknowledged> Acknowledged => _acknowledged;

    /// <summary>What should never be seen, in words.</summary>
    public IReadOnlyCollection<string> Complaints => _complaints;

    public int Started => _next;

    /// <summary>Requests answered well, and requests answered with an error or not at all.</summary>
    public int Served => _served;

    public int Failures => _failures;

    Uri Site => world.Site;

    public void Open() => _walking = Walk();

    /// <summary>Nobody new comes; who is inside finishes.</summary>
    public async Task Close()
    {
        if (_closing.IsCancellationRequested)
            return;
        await _closing.CancelAsync();
        await _walking;
        for (var place = 0; place < MostAtOnce; place++)
            await _places.WaitAsync();
    }

    async Task Walk()
    {
        using var clock = new PeriodicTimer(pace);
        while (!_closing.IsCancellationRequested && _next < world.Fines.Count)
        {
            await clock.WaitForNextTickAsync(CancellationToken.None);
            if (await _places.WaitAsync(TimeSpan.FromSeconds(1)))
                _ = Visit(world.Fines[_next++]);
        }
    }

    async Task Visit(FineToPay fine)
    {
        try
        {
            await Pay(fine, new Random(HashCode.Combine(seed, fine.Number)));
        }
        catch (GaveUpException)
        {
            // The site did not answer for longer than a person waits. He may have paid; that is for the site to find out.
            return;
        }
        catch (Exception wrong)
        {
            _complaints.Add($"{fine.Name}: {wrong.Message}");
        }
        finally
        {
            _places.Release();
        }
    }

    async Task Pay(FineToPay fine, Random mood)
    {
        var browser = new Browser(this);
        var search = $"/{World.Municipality}/multe";
        var page = await browser.Get(search);
        var found = await browser.Post(search, page,
            ("verbale", fine.Name), ("data", fine.Seen.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)), ("targa", fine.Plate));
        if (found.Location is not { } show)
            throw new InvalidOperationException($"the fine is not found ({(int)found.Status})");

        var tabs = mood.Next(100) < 8 ? 2 : 1;
        var checkouts = new List<Uri>();
        for (var tab = 0; tab < tabs; tab++)
        {
            page = await browser.Get(show);
            var attempt = Attempt().Match(page).Groups["it"].Value;
            var started = await browser.Post(show, page, ("attempt", attempt));
            if (started.Location is { } choice && choice.Contains("/ripresa?", StringComparison.Ordinal))
            {
                // The first tab's payment is still open: this one starts again all the same.
                var offered = await browser.Get(choice);
                started = await browser.Post(choice.Split('?')[0], offered, ("scelta", Choice().Match(offered).Groups["it"].Value));
            }
            if (started.Location is not { } bank || !bank.StartsWith("http", StringComparison.Ordinal))
                return;     // refused, in words
            checkouts.Add(new Uri(bank));
            if (mood.Next(100) < 15)
            {
                var again = await browser.Post(show, page, ("attempt", attempt));
                if (again.Location is { } other && Order(other) != Order(bank))
                    _complaints.Add($"{fine.Name}: one attempt, two orders: {Order(bank)} and {Order(other)}");
            }
        }
        foreach (var checkout in checkouts)
            await AtTheBank(checkout, mood);
    }

    async Task AtTheBank(Uri checkout, Random mood)
    {
        var order = Order(checkout.AbsoluteUri);
        switch (mood.Next(100))
        {
            case < 4: return;       // closes the window
            case < 30: await world.Bank.Lie(order, new { listener = new { drop = true } }); break;
            case < 45: await world.Bank.Lie(order, new { listener = new { repeat = 2, delayMs = 400 } }); break;
            case < 50: await world.Bank.Lie(order, new { listener = new { forge = true } }); break;
        }
        var back = await world.Bank.Pay(checkout, cancel: mood.Next(100) < 5);
        switch (mood.Next(100))
        {
            case < 25: return;      // never comes back
            case < 35: await ComeBack(back); await ComeBack(back); break;
            case < 40: await Forge(back); await ComeBack(back); break;
            default: await ComeBack(back); break;
        }
    }

    async Task ComeBack(BankReturn back)
    {
        // A browser that got an error page is reloaded a few times; then people look at their account instead.
        for (var time = 0; time < 8; time++)
        {
            if (await Send(() => Form(back.Body)) is { Status: HttpStatusCode.SeeOther })
            {
                _acknowledged.Add(new(back.Order, Encoding.ASCII.GetBytes(back.Body)));
                return;
            }
            await Task.Delay(BetweenTries);
        }
    }

    /// <summary>Says "paid" with a code that does not fit.</summary>
    async Task Forge(BankReturn back) => await Send(() => Form(back.Body.Replace("numeroTransazione=", "numeroTransazione=9", StringComparison.Ordinal) + "0"));

    HttpRequestMessage Form(string body) => new(HttpMethod.Post, new Uri(world.Site, "/pagamenti/pagonline/ritorno"))
    {
        Content = new StringContent(body, Encoding.ASCII, "application/x-www-form-urlencoded"),
    };

    /// <summary>One try; null when no answer came.</summary>
    async Task<Answer?> Send(Func<HttpRequestMessage> request)
    {
        try
        {
            using var message = request();
            using var answer = await _http.SendAsync(message);
            var page = await answer.Content.ReadAsStringAsync();
            if ((int)answer.StatusCode < 400)
            {
                world.Host.Succeeded();
                Interlocked.Increment(ref _served);
            }
            else if ((int)answer.StatusCode >= 500)
            {
                Interlocked.Increment(ref _failures);
            }
            return new(answer.StatusCode, page, answer.Headers.Location?.OriginalString,
                answer.Headers.TryGetValues("Set-Cookie", out var cookies) ? [.. cookies.Select(cookie => cookie.Split(';')[0])] : []);
        }
        catch (Exception lost) when (lost is HttpRequestException or IOException or SocketException or TaskCanceledException)
        {
            Interlocked.Increment(ref _failures);
            return null;
        }
    }

    static string Order(string address) => OrderIn().Match(address).Groups["it"].Value;

    [GeneratedRegex("[?&]numeroOrdine=(?<it>[^&]+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex OrderIn();

    [GeneratedRegex("name=\"attempt\" value=\"(?<it>[^\"]+)\"", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Attempt();

    [GeneratedRegex("name=\"scelta\" value=\"(?<it>[^\"]+)\"", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Choice();

    [GeneratedRegex("name=\"__form\" value=\"(?<it>[^\"]+)\"", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex FormToken();

    public async ValueTask DisposeAsync()
    {
        await Close();
        _closing.Dispose();
        _places.Dispose();
        _http.Dispose();
    }

    sealed record Answer(HttpStatusCode Status, string Page, string? Location, IReadOnlyList<string> Cookies);

    /// <summary>The site gave no answer for longer than a person waits.</summary>
    sealed class GaveUpException() : Exception("The site gave no answer.");

    sealed class Browser(Citizens citizens)
    {
        readonly Dictionary<string, string> _cookies = new(StringComparer.Ordinal);

        public async Task<string> Get(string path) => (await Until(() => new(HttpMethod.Get, At(path)), answer => answer.Status == HttpStatusCode.OK)).Page;

        /// <summary>Sends the page's form. The same again until it is answered, as somebody does who presses "reload".</summary>
        public Task<Answer> Post(string path, string page, params (string Name, string Value)[] fields) => Until(
            () => new(HttpMethod.Post, At(path))
            {
                Content = new FormUrlEncodedContent(fields.Append((Name: "__form", Value: FormToken().Match(page).Groups["it"].Value)).Select(f => KeyValuePair.Create(f.Name, f.Value))),
            },
            answer => (int)answer.Status < 500);

        Uri At(string path) => new(citizens.Site, path);

        async Task<Answer> Until(Func<HttpRequestMessage> request, Func<Answer, bool> good)
        {
            for (var time = 0; time < Tries; time++)
            {
                var answer = await citizens.Send(() =>
                {
                    var message = request();
                    if (_cookies.Count > 0)
                        message.Headers.Add("Cookie", string.Join("; ", _cookies.Select(cookie => $"{cookie.Key}={cookie.Value}")));
                    return message;
                });
                foreach (var cookie in answer?.Cookies ?? [])
                    _cookies[cookie.Split('=', 2)[0]] = cookie.Split('=', 2)[1];
                if (answer is not null && good(answer))
                    return answer;
                await Task.Delay(BetweenTries);
            }
            throw new GaveUpException();
        }
    }
}
