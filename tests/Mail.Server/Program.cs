using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Mail.Server;

// A mail server for tests: SMTP (RFC 5321) on one port, and on another, by HTTP, the letters it took and how it is to behave.
var builder = WebApplication.CreateSlimBuilder(args);
builder.Logging.ClearProviders();
await using var app = builder.Build();
var post = new PostOffice();
app.MapGet("/letters", () => post.Letters.ToArray());
app.MapPut("/behaviour", (Behaviour behaviour) => { post.Behaviour = behaviour; return Results.NoContent(); });
app.Urls.Add("http://127.0.0.1:0");
await app.StartAsync();

using var listener = new TcpListener(IPAddress.Loopback, 0);
listener.Start();
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"mail server: smtp on {((IPEndPoint)listener.LocalEndpoint).Port}, control on {app.Urls.First()}"));
// Closed with the one that started it: its standard input is a pipe of that process.
_ = Task.Run(() => { _ = Console.In.ReadToEnd(); Environment.Exit(0); });
while (true)
{
    var client = await listener.AcceptTcpClientAsync();
    _ = Task.Run(() => new SmtpTalk(client, post).Run());
}

namespace Mail.Server
{
    /// <summary>How the server behaves: what it answers at a step, and whether it goes without a word once it has a letter.</summary>
    /// <param name="Greeting">Code of the first line; 220 or, for instance, 421.</param>
    /// <param name="Recipient">Code for RCPT; 250, 450, 550.</param>
    /// <param name="Data">Code after the letter; 250, 452, 554.</param>
    /// <param name="LoseAnswer">Takes the letter and closes the line before it says so.</param>
    sealed record Behaviour(int Greeting = 220, int Sender = 250, int Recipient = 250, int Data = 250, bool LoseAnswer = false);

    /// <param name="Text">The letter as it came, lines ended by CR LF, without the dots of RFC 5321 §4.5.2.</param>
    sealed record TakenLetter(string From, IReadOnlyList<string> To, string Text);

    sealed class PostOffice
    {
        public ConcurrentQueue<TakenLetter> Letters { get; } = new();

        public Behaviour Behaviour { get; set; } = new();
    }

    sealed class SmtpTalk(TcpClient client, PostOffice post)
    {
        public async Task Run()
        {
            using (client)
            {
                try
                {
                    var stream = client.GetStream();
                    using var reader = new StreamReader(stream, System.Text.Encoding.UTF8);
                    await using var writer = new StreamWriter(stream, new System.Text.UTF8Encoding(false)) { NewLine = "\r\n", AutoFlush = true };
                    await Talk(reader, writer);
                }
                catch (IOException)
                {
                    // The other side went: nothing is left to say.
                    return;
                }
            }
        }

        async Task Talk(StreamReader reader, StreamWriter writer)
        {
            var (from, to) = ("", new List<string>());
            await writer.WriteLineAsync($"{post.Behaviour.Greeting} mail.test");
            if (post.Behaviour.Greeting != 220)
                return;
            while (await reader.ReadLineAsync() is { } line)
            {
                var word = line.Split(' ', ':')[0].ToUpperInvariant();
                switch (word)
                {
                    case "EHLO":
                        await writer.WriteLineAsync("250-mail.test\r\n250-8BITMIME\r\n250 SIZE 20000000");
                        break;
                    case "MAIL":
                        (from, to) = (Address(line), []);
                        await writer.WriteLineAsync($"{post.Behaviour.Sender} sender");
                        break;
                    case "RCPT":
                        if (post.Behaviour.Recipient == 250)
                            to.Add(Address(line));
                        await writer.WriteLineAsync($"{post.Behaviour.Recipient} recipient");
                        break;
                    case "DATA":
                        await writer.WriteLineAsync("354 go on");
                        var text = new System.Text.StringBuilder();
                        while (await reader.ReadLineAsync() is { } row && row != ".")
                            text.Append(row.StartsWith('.') ? row[1..] : row).Append("\r\n");
                        if (post.Behaviour.Data == 250)
                            post.Letters.Enqueue(new(from, to, text.ToString()));
                        if (post.Behaviour.LoseAnswer)
                            return;
                        await writer.WriteLineAsync($"{post.Behaviour.Data} letter");
                        break;
                    case "QUIT":
                        await writer.WriteLineAsync("221 bye");
                        return;
                    case "RSET" or "NOOP" or "HELO":
                        await writer.WriteLineAsync("250 fine");
                        break;
                    default:
                        await writer.WriteLineAsync("502 not here");
                        break;
                }
            }
        }

        static string Address(string line) => line[(line.IndexOf('<', StringComparison.Ordinal) + 1)..line.IndexOf('>', StringComparison.Ordinal)];
    }
}
