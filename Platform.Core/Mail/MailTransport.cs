using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;
using Platform.Core.Hosting;

namespace Platform.Core.Mail;

/// <summary>What became of a letter that was handed over.</summary>
internal enum Handed
{
    Taken,

    /// <summary>Not now; it may be tried again.</summary>
    Later,

    /// <summary>Never: the server refuses this letter for good.</summary>
    Refused,

    /// <summary>Nobody is to be reached: neither this letter nor another.</summary>
    Unreachable,
}

/// <param name="Words">What the server answered, by its number and without the address; empty when it took it.</param>
internal sealed record HandedOver(Handed Outcome, string Words);

/// <summary>Hands letters to whoever brings them further.</summary>
internal interface IMailTransport
{
    /// <summary>A connection for several letters in a row.</summary>
    Task<IMailConnection> Open(CancellationToken stop);
}

internal interface IMailConnection : IAsyncDisposable
{
    /// <summary>Never throws for what a server may answer.</summary>
    Task<HandedOver> Hand(MimeMessage message, CancellationToken stop);
}

internal sealed class MailTransport(PorticoOptions options, MailOptions mail) : IMailTransport
{
    public Task<IMailConnection> Open(CancellationToken stop) =>
        Task.FromResult<IMailConnection>(mail.Server is null ? new PickUpFolder(Path.Combine(options.DataFolder, "mail")) : new MailServer(mail));
}

/// <summary>A file a letter, whole or not at all, named by its Message-ID: laid twice it is one.</summary>
internal sealed class PickUpFolder(string folder) : IMailConnection
{
    public async Task<HandedOver> Hand(MimeMessage message, CancellationToken stop)
    {
        try
        {
            if (!Directory.Exists(folder))
                // Letters are for their reader only.
                _ = OperatingSystem.IsWindows() ? Directory.CreateDirectory(folder) : Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            var place = Path.Combine(folder, message.MessageId![..message.MessageId!.IndexOf('@', StringComparison.Ordinal)] + ".eml");
            await using (var file = new FileStream(place + ".tmp", FileMode.Create, FileAccess.Write, FileShare.None))
            {
                await message.WriteToAsync(file, stop);
                file.Flush(flushToDisk: true);
            }
            File.Move(place + ".tmp", place, overwrite: true);
            return new(Handed.Taken, "");
        }
        catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException)
        {
            return new(Handed.Unreachable, $"pick-up folder: {wrong.GetType().Name}");
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>A mail server, spoken to when the first letter is there (RFC 5321).</summary>
internal sealed class MailServer(MailOptions mail) : IMailConnection
{
    readonly SmtpClient _client = new() { Timeout = 20_000, RequireTLS = false };

    public async Task<HandedOver> Hand(MimeMessage message, CancellationToken stop)
    {
        try
        {
            if (!_client.IsConnected)
                await Connect(stop);
        }
        catch (Exception wrong) when (!stop.IsCancellationRequested)
        {
            return new(Handed.Unreachable, wrong is SmtpCommandException { StatusCode: var code } ? $"{(int)code}" : wrong.GetType().Name);
        }
        try
        {
            await _client.SendAsync(message, stop);
            return new(Handed.Taken, "");
        }
        catch (SmtpCommandException refused)
        {
            // 5yz is for good, 4yz for now (RFC 5321 §4.2.1). One that does not like our own address will like no letter.
            var words = $"{(int)refused.StatusCode} {refused.ErrorCode}";
            return (int)refused.StatusCode < 500 ? new(Handed.Later, words) : refused.ErrorCode == SmtpErrorCode.SenderNotAccepted ? new(Handed.Unreachable, words) : new(Handed.Refused, words);
        }
        catch (Exception wrong) when (!stop.IsCancellationRequested)
        {
            // Perhaps it was taken and the answer lost: the next try bears the same Message-ID.
            return new(Handed.Unreachable, wrong.GetType().Name);
        }
    }

    async Task Connect(CancellationToken stop)
    {
        await _client.ConnectAsync(mail.Server!, mail.Port, mail.Security switch { MailSecurity.Tls => SecureSocketOptions.SslOnConnect, MailSecurity.StartTls => SecureSocketOptions.StartTls, _ => SecureSocketOptions.None }, stop);
        if (mail.User is not null)
            await _client.AuthenticateAsync(mail.User, mail.Password!, stop);
    }

    public async ValueTask DisposeAsync()
    {
        using (_client)
            if (_client.IsConnected)
                await _client.DisconnectAsync(quit: true).WaitAsync(TimeSpan.FromSeconds(2)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
