using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Platform.Testing;

namespace Services.Fines.Tests.Flows;

/// <summary>Guessing and flooding: limits by address and by notice, which tell nothing of what exists.</summary>
public sealed partial class GuessingTests
{
    const int PostsOfAnAddress = 30;
    const int TriesOfANotice = 20;

    PorticoTestHost host = null!;

    [SetUp]
    public async Task Start() => host = await PorticoTestHost.Start();

    [TearDown]
    public async Task Stop() => await host.DisposeAsync();

    [Test]
    public async Task An_address_may_search_thirty_times_and_then_waits_by_the_minute()
    {
        using var guesser = new Guesser(host.Address, "203.0.113.7");
        for (var n = 1; n <= PostsOfAnAddress; n++)
            (await guesser.Search($"V/2026/{n}")).Status.Should().Be(HttpStatusCode.UnprocessableEntity);
        var refused = await guesser.Search("V/2026/31");
        refused.Status.Should().Be(HttpStatusCode.TooManyRequests);
        refused.RetryAfter.Should().Be("60");
        refused.Page.Should().Contain("Troppi tentativi").And.Contain("Riprova tra 1 minuti");

        host.Clock.Advance(TimeSpan.FromMinutes(1));
        for (var n = 0; n < 3; n++)
            (await guesser.Search("V/2026/32")).Status.Should().Be(HttpStatusCode.UnprocessableEntity, "ten minutes for thirty are one minute for three");
        (await guesser.Search("V/2026/33")).Status.Should().Be(HttpStatusCode.TooManyRequests);
    }

    [TestCase("203.0.113.7", "203.0.113.8", false)]
    [TestCase("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true)]
    [TestCase("2001:db8:1:2::1", "2001:db8:1:3::1", false)]
    [TestCase("203.0.113.7", "::ffff:203.0.113.7", true)]
    [TestCase("203.0.113.7", "198.51.100.99, 203.0.113.7", true)]
    [TestCase("203.0.113.7", "203.0.113.7, 198.51.100.99", false)]
    [TestCase("203.0.113.7", "203.0.113.7:4711", true)]
    public async Task Who_counts_as_the_same_address(string one, string other, bool same)
    {
        using (var first = new Guesser(host.Address, one))
            for (var n = 1; n <= PostsOfAnAddress; n++)
                await first.Search($"V/2026/{n}");
        using var second = new Guesser(host.Address, other);
        (await second.Search("V/2026/99")).Status.Should().Be(same ? HttpStatusCode.TooManyRequests : HttpStatusCode.UnprocessableEntity);
    }

    [Test]
    public async Task A_notice_is_tried_twenty_times_from_wherever_on_whichever_host_and_an_unknown_one_reads_the_same()
    {
        var fine = await Load();
        await using var otherHost = await host.Another();
        var answers = new List<string>();
        foreach (var number in new[] { fine.Number, "V/2026/9999" })
        {
            for (var n = 1; n <= TriesOfANotice; n++)
            {
                using var guesser = new Guesser(n % 2 == 0 ? host.Address : otherHost.Address, $"203.0.113.{n}");
                (await guesser.Search(number.Replace('/', n % 3 == 0 ? ' ' : '/'))).Status.Should().Be(HttpStatusCode.UnprocessableEntity);
            }
            using var last = new Guesser(host.Address, "203.0.113.200");
            var refused = await last.Search(number, fine.Date, fine.Plate);
            refused.Status.Should().Be(HttpStatusCode.TooManyRequests, "even what is right");
            answers.Add(refused.RetryAfter + refused.Page);
        }
        answers.Distinct(StringComparer.Ordinal).Should().ContainSingle();

        host.Clock.Advance(TimeSpan.FromMinutes(15));
        using var citizen = new Guesser(host.Address, "203.0.113.201");
        (await citizen.Search(fine.Number, fine.Date, fine.Plate)).Status.Should().Be(HttpStatusCode.SeeOther);
    }

    [Test]
    public async Task Tries_at_once_are_counted_one_by_one()
    {
        var fine = await Load();
        var guessers = Enumerable.Range(1, 40).Select(n => new Guesser(host.Address, $"203.0.113.{n}")).ToList();
        var answers = await Task.WhenAll(guessers.Select(guesser => guesser.Search(fine.Number)));
        answers.Count(answer => answer.Status == HttpStatusCode.UnprocessableEntity).Should().Be(TriesOfANotice);
        guessers.ForEach(guesser => guesser.Dispose());
    }

    [Test]
    public async Task Tries_that_count_no_more_are_forgotten()
    {
        using var guesser = new Guesser(host.Address, "203.0.113.7");
        await guesser.Search("V/2026/1");
        (await host.Database.Value<long>("select count(*) from core.tries")).Should().Be(1);
        await host.After(TimeSpan.FromMinutes(20));
        (await host.Database.Value<long>("select count(*) from core.tries")).Should().Be(0);
    }

    [Test]
    public async Task What_is_asked_about_payments_and_receipts_has_its_limit_too()
    {
        using var guesser = new Guesser(host.Address, "203.0.113.7");
        for (var n = 0; n < 60; n++)
            (await guesser.Get("/verifica/URG-00000000000000000000000000")).Status.Should().Be(HttpStatusCode.NotFound);
        (await guesser.Get("/verifica/URG-00000000000000000000000000")).Status.Should().Be(HttpStatusCode.TooManyRequests);
        (await guesser.Get("/verifica/URG-00000000000000000000000000/quietanza.pdf")).Status.Should().Be(HttpStatusCode.TooManyRequests);

        for (var n = 0; n < 10; n++)
        {
            using var other = new Guesser(host.Address, $"198.51.100.{n}");
            (await other.Ask("URG-0123456789ABC-2", $"chi{n}@esempio.it")).Status.Should().Be(HttpStatusCode.UnprocessableEntity);
        }
        using var eleventh = new Guesser(host.Address, "198.51.100.99");
        (await eleventh.Ask("URG-0123456789ABC-2", "chi@esempio.it")).Status.Should().Be(HttpStatusCode.TooManyRequests);
    }

    async Task<(string Number, DateOnly Date, string Plate)> Load()
    {
        var seen = Platform.Core.Time.LegalTime.Day(host.Clock.GetUtcNow()).AddDays(-20);
        var report = await host.Import("fines", "import", "URG",
            $"""
            serie;anno;numero;data_violazione;targa;comune;luogo;articolo;descrizione;minimo;massimo;spese;data_notifica;contestazione_immediata;sconto_escluso
            V;2026;1042;{seen:yyyy-MM-dd};AB123CD;037005;Via Demo 1;art. 158 c. 2;Sosta vietata;42,00;173,00;2,00;{seen.AddDays(10):yyyy-MM-dd};no;no
            """);
        report.Errors.Should().BeEmpty();
        return ("V/2026/1042", seen, "AB123CD");
    }

    internal sealed record Answer(HttpStatusCode Status, string Page, string? RetryAfter);

    /// <summary>A program that searches through the proxy.</summary>
    sealed partial class Guesser : IDisposable
    {
        readonly HttpClient _http;

        public Guesser(Uri site, string address)
        {
            _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = true }) { BaseAddress = site };
            _http.DefaultRequestHeaders.Add("X-Forwarded-For", address);
        }

        public Task<Answer> Search(string number, DateOnly? date = null, string plate = "ZZ000ZZ") => Post(
            "/bentivoglio/multe", ("verbale", number), ("data", (date ?? new(2026, 1, 1)).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)), ("targa", plate));

        public Task<Answer> Ask(string order, string email) => Post("/bentivoglio/pagamenti/ho-pagato", ("ordine", order), ("email", email));

        public async Task<Answer> Get(string path)
        {
            using var answer = await _http.GetAsync(new Uri(path, UriKind.Relative));
            return await Read(answer);
        }

        async Task<Answer> Post(string path, params (string Name, string Value)[] fields)
        {
            var token = Token().Match((await Get(path)).Page).Groups["it"].Value;
            using var content = new FormUrlEncodedContent(fields.Append((Name: "__form", Value: token)).Select(field => KeyValuePair.Create(field.Name, field.Value)));
            using var answer = await _http.PostAsync(new Uri(path, UriKind.Relative), content);
            return await Read(answer);
        }

        static async Task<Answer> Read(HttpResponseMessage answer) => new(
            answer.StatusCode, await answer.Content.ReadAsStringAsync(), answer.Headers.TryGetValues("Retry-After", out var values) ? values.Single() : null);

        public void Dispose() => _http.Dispose();

        [GeneratedRegex("name=\"__form\" value=\"(?<it>[^\"]+)\"", RegexOptions.ExplicitCapture, 1000)]
        private static partial Regex Token();
    }
}
