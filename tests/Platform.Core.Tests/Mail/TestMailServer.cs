using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using MimeKit;
using Platform.Core.Mail;
using Platform.Testing;

namespace Platform.Core.Tests.Mail;

/// <summary>A mail server as a process of its own. See tests/Mail.Server.</summary>
internal sealed class TestMailServer : IAsyncDisposable
{
    readonly Process _process;
    readonly HttpClient _control;

    TestMailServer(Process process, int port, Uri control)
    {
        _process = process;
        Port = port;
        _control = new HttpClient { BaseAddress = control };
    }

    public int Port { get; }

    /// <summary>How a host is told to send through it.</summary>
    public MailOptions Options => new() { Server = "127.0.0.1", Port = Port, Security = MailSecurity.None, From = "servizi@provincia.example" };

    public static async Task<TestMailServer> Start()
    {
        var process = Process.Start(new ProcessStartInfo(Whereabouts.DotNet)
        {
            ArgumentList = { Path.Combine(TestCluster.Artifacts, "bin", "Mail.Server", "release", "mail-server.dll") },
            RedirectStandardOutput = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
        })!;
        var line = await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("The mail server did not start.");
        var words = line.Split([", control on ", "smtp on "], StringSplitOptions.None);
        return new(process, int.Parse(words[1], CultureInfo.InvariantCulture), new Uri(words[2]));
    }

    public async Task Behave(int greeting = 220, int sender = 250, int recipient = 250, int data = 250, bool loseAnswer = false)
    {
        using var answer = await _control.PutAsJsonAsync(new Uri("behaviour", UriKind.Relative), new { greeting, sender, recipient, data, loseAnswer });
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>What it took, in order, read as a mail program would.</summary>
    public async Task<IReadOnlyList<MimeMessage>> Letters()
    {
        var taken = (await _control.GetFromJsonAsync<List<Taken>>(new Uri("letters", UriKind.Relative)))!;
        return [.. taken.Select(letter => MimeMessage.Load(new MemoryStream(System.Text.Encoding.UTF8.GetBytes(letter.Text))))];
    }

    public async ValueTask DisposeAsync()
    {
        _control.Dispose();
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    sealed record Taken(string From, List<string> To, string Text);
}
