using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using OtpNet;
using Platform.Testing;

namespace Portico.Faults;

/// <param name="Kills">How often one of the two hosts is killed while the other serves.</param>
internal sealed record TwoHostsPlan(int Kills, int Seed);

/// <param name="Looks">Pages of the console that an officer got.</param>
/// <param name="Changes">Changes of his that were confirmed.</param>
/// <param name="LostChanges">Of these, the ones that the history of settings does not have.</param>
/// <param name="SignedOut">Answers that sent him to sign in again.</param>
/// <param name="Unanswered">Requests of his that ended in an error or in nothing: a host died with them in its hands.</param>
internal sealed record TwoHostsFound(int Kills, int Looks, int Changes, int LostChanges, int SignedOut, int Unanswered, int Served, int Failures, int SignIns, Findings Money)
{
    public bool Clean => LostChanges == 0 && SignedOut == 0 && SignIns == 1 && Money.Clean && Looks > 0 && Changes > 0;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"""
        {Kills} kills -9 of one of two hosts behind nginx
        officer: {Looks} pages, {Changes} changes confirmed, {LostChanges} of them lost, {SignedOut} times signed out, {Unanswered} requests without a good answer, {SignIns} sign-in in the database
        citizens: {Served} requests served, {Failures} without a good answer
        money: {Money.Taken} orders at the bank, {Money.Lost} lost, {Money.Doubled} doubled, {Money.Invented} invented, {Money.Forgotten} forgotten, {Money.Undelivered} undelivered
        {string.Join('\n', Money.Details)}
        """).TrimEnd();
}

/// <summary>Two hosts on one PostgreSQL behind Debian's nginx. An officer signs in once and works, citizens pay, and one host after the other is killed with -9 under them.</summary>
internal sealed partial class TwoHosts(TwoHostsPlan plan, Action<string> tell)
{
    const string Password = "tre ponti di pietra";
    const string Settings = "/console/reno-galliera/impostazioni/fines";
    static readonly string[] Pages = ["/console", Settings, "/console/reno-galliera/pagamenti", "/console/reno-galliera/multe/dati", "/console/centro/enti", "/console/centro/servizi"];

    readonly CancellationTokenSource _closing = new();
    readonly ConcurrentBag<string> _confirmed = [];
    int _looks, _signedOut, _unanswered;

    public async Task<TwoHostsFound> Run()
    {
        var (first, second, front) = (FreePort(), FreePort(), FreePort());
        await using var world = await World.Create(fines: 400 + plan.Kills * 40, new TwoHostsPlaces(first, front));
        await using var nginx = await Nginx.Start(world.Folder, front, first, second);
        await using var other = world.Another(second);
        await Task.WhenAll(world.Host.Start(), other.Start());

        using var admin = new Citizen(world.Site);
        await SignIn(world, admin);
        await using var citizens = new Citizens(world, plan.Seed, TimeSpan.FromMilliseconds(200));
        citizens.Open();
        var working = Work(world.Site, admin.Cookies);
        var dice = new Random(plan.Seed);
        for (var kill = 1; kill <= plan.Kills; kill++)
        {
            await Task.Delay(dice.Next(700, 2500));
            var victim = dice.Next(2) == 0 ? world.Host : other;
            await victim.Killed();
            await Task.Delay(dice.Next(100, 600));
            await victim.Start();
            // The next dies when the other is surely back: that both die is another test.
            await Task.Delay(600);
            if (kill % 5 == 0)
                tell($"  {kill} kills, {_looks} pages of the officer, {citizens.Served} requests of citizens");
        }
        await Task.Delay(2000);
        await _closing.CancelAsync();
        await working;
        await citizens.Close();
        var audit = new Audit(world, citizens);
        await audit.Quiet();
        var stored = (await world.Rows<string>("select body ->> 'office' from core.settings where service = 'fines'")).ToHashSet(StringComparer.Ordinal);
        return new(
            plan.Kills, _looks, _confirmed.Count, _confirmed.Count(change => !stored.Contains(change)), _signedOut, _unanswered, citizens.Served, citizens.Failures,
            await world.Value<int>("select count(*) from core.officer_session"), await audit.Compare());
    }

    static async Task SignIn(World world, Citizen admin)
    {
        using var bootstrap = world.Start("console", "bootstrap");
        var code = (await bootstrap.StandardOutput.ReadToEndAsync()).Trim();
        await admin.Open("/console/accesso/avvio");
        await admin.Send(("codice", code), ("nome", "Prova Prima"), ("utente", "prima"), ("password", Password));
        var secret = admin.Page.QuerySelector(".portico-code")!.TextContent.Replace(" ", "", StringComparison.Ordinal);
        await admin.Send(("codice", new Totp(Base32Encoding.ToBytes(secret)).ComputeTotp()));
        if (admin.Address.AbsolutePath != "/console")
            throw new InvalidOperationException($"The administrator is not signed in: {admin.Reads}");
    }

    /// <summary>Opens pages and changes a setting now and then; what is confirmed is written down.</summary>
    async Task Work(Uri site, string cookies)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false }) { BaseAddress = site, Timeout = TimeSpan.FromSeconds(10) };
        http.DefaultRequestHeaders.Add("Cookie", cookies);
        for (var turn = 0; !_closing.IsCancellationRequested; turn++)
        {
            var page = await Ask(http, () => new(HttpMethod.Get, Pages[turn % Pages.Length]));
            if (page is not null && Pages[turn % Pages.Length] == Settings)
            {
                var words = string.Create(CultureInfo.InvariantCulture, $"Polizia locale, prova {turn}");
                var form = Fields().Matches(page).Select(field => KeyValuePair.Create(field.Groups["name"].Value, WebUtility.HtmlDecode(field.Groups["value"].Value)))
                    .Where(field => field.Key is not ("office" or "annulla")).DistinctBy(field => field.Key, StringComparer.Ordinal).Append(KeyValuePair.Create("office", words)).ToList();
                if (await Ask(http, () => new(HttpMethod.Post, Settings) { Content = new FormUrlEncodedContent(form) }) is not null)
                    _confirmed.Add(words);
            }
            await Task.Delay(60);
        }
    }

    /// <summary>The page, or an empty text for a good answer that is none; null where there was no good answer.</summary>
    async Task<string?> Ask(HttpClient http, Func<HttpRequestMessage> request)
    {
        try
        {
            using var message = request();
            using var answer = await http.SendAsync(message);
            var text = await answer.Content.ReadAsStringAsync();
            if (answer.Headers.Location?.OriginalString.Contains("/console/accesso", StringComparison.Ordinal) == true)
                Interlocked.Increment(ref _signedOut);
            else if (answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.SeeOther)
            {
                Interlocked.Increment(ref _looks);
                return answer.StatusCode == HttpStatusCode.OK ? text : "";
            }
            else if ((int)answer.StatusCode < 500)
                throw new InvalidOperationException($"{message.Method} {message.RequestUri}: {(int)answer.StatusCode}");
        }
        catch (Exception lost) when (lost is HttpRequestException or IOException or SocketException or TaskCanceledException)
        {
            Interlocked.Increment(ref _unanswered);
            return null;
        }
        Interlocked.Increment(ref _unanswered);
        return null;
    }

    static int FreePort()
    {
        using var door = new TcpListener(IPAddress.Loopback, 0);
        door.Start();
        return ((IPEndPoint)door.LocalEndpoint).Port;
    }

    [GeneratedRegex("<input(?=[^>]*name=\"(?<name>[^\"]+)\")(?=[^>]*value=\"(?<value>[^\"]*)\")(?![^>]*type=\"checkbox\"(?![^>]*checked))[^>]*>", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Fields();

    /// <summary>Debian's nginx before two hosts, as docs/operate.md has it.</summary>
    sealed class Nginx(Process process) : IAsyncDisposable
    {
        public static async Task<Nginx> Start(string folder, int front, int first, int second)
        {
            var place = Path.Combine(folder, "nginx");
            Directory.CreateDirectory(place);
            var file = Path.Combine(place, "nginx.conf");
            await File.WriteAllTextAsync(file, string.Create(CultureInfo.InvariantCulture,
                $$"""
                daemon off;
                pid {{place}}/pid;
                error_log {{place}}/error.log;
                events { }
                http {
                    access_log off;
                    client_body_temp_path {{place}}/body; proxy_temp_path {{place}}/proxy; fastcgi_temp_path {{place}}/f; uwsgi_temp_path {{place}}/u; scgi_temp_path {{place}}/s;
                    upstream portico {
                        server 127.0.0.1:{{first}} max_fails=0;
                        server 127.0.0.1:{{second}} max_fails=0;
                    }
                    server {
                        listen 127.0.0.1:{{front}};
                        client_max_body_size 60m;
                        location / {
                            proxy_pass http://portico;
                            proxy_http_version 1.1;
                            proxy_set_header Host $http_host;
                            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
                            proxy_set_header X-Forwarded-Proto $scheme;
                            proxy_connect_timeout 2s;
                            # What a dead host had in its hands goes to the other, unless it may have acted on it.
                            proxy_next_upstream error timeout;
                        }
                    }
                }
                """));
            var process = Process.Start(new ProcessStartInfo("nginx", ["-c", file, "-p", place]) { UseShellExecute = false })!;
            for (var begun = Stopwatch.GetTimestamp(); ;)
                try
                {
                    using var knock = new TcpClient();
                    await knock.ConnectAsync(IPAddress.Loopback, front);
                    return new(process);
                }
                catch (SocketException) when (!process.HasExited && Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(20))
                {
                    await Task.Delay(50);
                }
        }

        public async ValueTask DisposeAsync()
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
            process.Dispose();
        }
    }
}

/// <summary>Ports that stay the same however often a host is killed, so that a proxy finds it again.</summary>
/// <param name="First">Where the first host listens.</param>
/// <param name="Front">Where browsers and the bank's listener come.</param>
internal sealed record TwoHostsPlaces(int First, int Front);
