using Platform.Core.Plugins;

namespace Platform.Core.Hosting;

/// <summary>How seriously a host is to be taken.</summary>
public enum Profile
{
    /// <summary>Real citizens and money. The default: nobody gets it by forgetting a setting, and published test secrets are refused.</summary>
    Production,

    /// <summary>For tests: published test secrets are accepted.</summary>
    Test,

    /// <summary>Generated entities and citizens, an emulated bank; every page and document says so, and only this machine can reach it.</summary>
    Demo,
}

/// <summary>How a host writes its log.</summary>
internal enum LogForm
{
    /// <summary>Lines for people.</summary>
    Text,

    /// <summary>One JSON object a line.</summary>
    Json,
}

/// <summary>What an operator decides for a host. From the command line, <c>PORTICO_*</c> environment variables or <c>portico.json</c>.</summary>
internal sealed record PorticoOptions
{
    public Profile Profile { get; init; } = Profile.Production;

    /// <summary>Where the embedded cluster and keys live.</summary>
    public string DataFolder { get; init; } = "data";

    /// <summary>Where services are found: one folder each.</summary>
    public string PluginsFolder { get; init; } = Path.Combine(AppContext.BaseDirectory, "plugins");

    /// <summary>Address to listen on.</summary>
    public string Listen { get; init; } = "http://127.0.0.1:5080";

    /// <summary>The address by which browsers and gateways reach this host; equal to <see cref="Listen"/> where there is no proxy.</summary>
    public string? PublicAddress { get; init; }

    /// <summary>Proxies of ours, whose word on who sent a request is believed: <c>X-Forwarded-For</c>. None means that nobody's is.</summary>
    public IReadOnlyList<System.Net.IPNetwork> Proxies { get; init; } = [];

    /// <summary>Sign-in of the web role; null means the embedded cluster.</summary>
    public string? Database { get; init; }

    /// <summary>How transactions are bound to role and entity; the other form is for distributed databases.</summary>
    public Storage.BindingForm Binding { get; init; } = Storage.BindingForm.Parameters;

    /// <summary>Sign-in of the owner, for <c>portico migrate</c>; null means the embedded cluster.</summary>
    public string? OwnerDatabase { get; init; }

    public LogForm Log { get; init; } = LogForm.Text;

    /// <summary>How long the work of services may take.</summary>
    public ServiceLimits Limits { get; init; } = new();

    /// <summary>Where letters go.</summary>
    public Mail.MailOptions Mail { get; init; } = new();

    /// <summary>Providers of identities by which officers may sign in, beside their passwords.</summary>
    public IReadOnlyList<Identity.IdentityProvider> SignIn { get; init; } = [];
}
