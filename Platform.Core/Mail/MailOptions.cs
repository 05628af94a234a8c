namespace Platform.Core.Mail;

/// <summary>How a mail server is spoken to.</summary>
internal enum MailSecurity
{
    /// <summary>STARTTLS, and no letter without it.</summary>
    StartTls,

    /// <summary>TLS from the first byte.</summary>
    Tls,

    /// <summary>In the clear: for a mail server on this machine only.</summary>
    None,
}

/// <summary>Where letters go. Without a server they are laid as files into <c>mail</c> of the data folder, for the mail program of the house to pick up.</summary>
internal sealed record MailOptions
{
    /// <summary>Host name of the mail server; null for the pick-up folder.</summary>
    public string? Server { get; init; }

    public int Port { get; init; } = 587;

    public MailSecurity Security { get; init; } = MailSecurity.StartTls;

    public string? User { get; init; }

    public string? Password { get; init; }

    /// <summary>The sender's address, whoever writes; its domain must let this mail server send for it (SPF).</summary>
    public string From { get; init; } = "portico@localhost";

    // A password must not stand in a log because somebody wrote the record down.
    public override string ToString() => Server is null ? "pick-up folder" : $"{Server}:{Port} ({Security})";
}
