using System.CommandLine;
using System.Globalization;
using Platform.Core.Hosting;
using Platform.Core.Identity;
using Platform.Core.Mail;
using Platform.Core.Plugins;

namespace Portico.Host.CommandLine;

/// <summary>The settings every command understands, from the command line before <c>PORTICO_*</c> variables before <c>portico.json</c>.</summary>
internal sealed class HostSettings
{
    readonly Option<string?> _data = new("--data") { Description = "Folder of the private cluster and of the keys.", HelpName = "folder", Recursive = true };
    readonly Option<string?> _listen = new("--listen") { Description = "Address to listen on (http://127.0.0.1:5080).", HelpName = "address", Recursive = true };
    readonly Option<string?> _public = new("--public-address") { Description = "Address by which browsers and banks reach this host, when it is another.", HelpName = "address", Recursive = true };
    readonly Option<string?> _plugins = new("--plugins") { Description = "Folder of the services (plugins beside the program).", HelpName = "folder", Recursive = true };
    readonly Option<string?> _database = new("--database") { Description = "Connection string of the web role; better PORTICO_Database. Without it: the private cluster.", HelpName = "text", Recursive = true };
    readonly Option<string?> _owner = new("--owner-database") { Description = "Connection string of the owner; better PORTICO_OwnerDatabase.", HelpName = "text", Recursive = true };
    readonly Option<Profile?> _profile = new("--profile")
    {
        Description = "production (default), test or demo.",
        HelpName = "profile",
        Recursive = true,
        CustomParser = words =>
        {
            if (Named<Profile>(words.Tokens[0].Value) is { } profile)
                return profile;
            words.AddError($"\"{words.Tokens[0].Value}\" is no profile; write {Names<Profile>()}.");
            return null;
        },
    };

    public void AddTo(RootCommand root)
    {
        foreach (var option in new Option[] { _data, _listen, _public, _plugins, _database, _owner, _profile })
            root.Add(option);
    }

    /// <summary>Where services are, as far as can be told before the command line is understood.</summary>
    public static string PluginsFolderOf(string[] args)
    {
        var given = Array.IndexOf(args, "--plugins") is >= 0 and var place && place + 1 < args.Length ? args[place + 1] : null;
        return given ?? Configuration()["PluginsFolder"] ?? new PorticoOptions().PluginsFolder;
    }

    /// <summary>Where uploaded services are, as far as can be told before the command line is understood.</summary>
    public static string DataFolderOf(string[] args)
    {
        string? After(string word) => Array.IndexOf(args, word) is >= 0 and var place && place + 1 < args.Length ? args[place + 1] : null;
        var configuration = Configuration();
        return After("--data") ?? configuration["DataFolder"] ?? DefaultDataFolder(Named<Profile>(After("--profile") ?? configuration["Profile"] ?? "") ?? Profile.Production);
    }

    public (PorticoOptions Options, IConfiguration Configuration) Read(ParseResult parsed, Profile profile)
    {
        var configuration = Configuration();
        profile = parsed.GetValue(_profile) ?? OneOf(configuration, "Profile", profile);
        var defaults = new PorticoOptions();
        return (
            new PorticoOptions
            {
                Profile = profile,
                DataFolder = parsed.GetValue(_data) ?? configuration["DataFolder"] ?? DefaultDataFolder(profile),
                Listen = parsed.GetValue(_listen) ?? configuration["Listen"] ?? defaults.Listen,
                PublicAddress = parsed.GetValue(_public) ?? configuration["PublicAddress"],
                PluginsFolder = parsed.GetValue(_plugins) ?? configuration["PluginsFolder"] ?? defaults.PluginsFolder,
                Database = parsed.GetValue(_database) ?? configuration["Database"],
                Proxies = Networks(configuration["Proxies"]),
                Binding = OneOf(configuration, "Binding", defaults.Binding),
                OwnerDatabase = parsed.GetValue(_owner) ?? configuration["OwnerDatabase"],
                Log = OneOf(configuration, "Log", defaults.Log),
                Limits = Limits(configuration.GetSection("Limits")),
                Mail = Mail(configuration.GetSection("Mail"), profile),
                SignIn = Providers(configuration, profile),
            },
            configuration);
    }

    /// <summary>By name only: a number, or a name misspelt, must not choose in silence.</summary>
    static T OneOf<T>(IConfiguration configuration, string name, T usual)
        where T : struct, Enum => configuration[name] switch
        {
            null or "" => usual,
            var text => Named<T>(text) ?? throw new StartRefusedException($"{name} is \"{text}\"; write {Names<T>()}."),
        };

    static T? Named<T>(string text)
        where T : struct, Enum => Enum.GetValues<T>().Cast<T?>().FirstOrDefault(value => string.Equals(value.ToString(), text, StringComparison.OrdinalIgnoreCase));

    static string Names<T>()
        where T : struct, Enum => string.Join(" or ", Enum.GetNames<T>().Select(known => known.ToLowerInvariant()));

    /// <summary>Addresses and networks between commas. One that cannot be read would let the proxy pass for the citizen, so that it is not left out in silence.</summary>
    static System.Net.IPNetwork[] Networks(string? text) =>
    [
        .. (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(part =>
            System.Net.IPNetwork.TryParse(part, out var network) ? network
            : System.Net.IPAddress.TryParse(part, out var address) ? new(address, address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? 32 : 128)
            : throw new StartRefusedException($"Proxies has \"{part}\"; write addresses or networks with commas between them, for instance 10.0.0.5, 2001:db8::/64.")),
    ];

    static ServiceLimits Limits(IConfigurationSection section)
    {
        var limits = new ServiceLimits();
        return limits with { Page = Seconds("Page", limits.Page), Reaction = Seconds("Reaction", limits.Reaction), Job = Seconds("Job", limits.Job) };

        TimeSpan Seconds(string name, TimeSpan usual) => section[name] switch
        {
            null => usual,
            var text when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds is >= 1 and <= 86400 => TimeSpan.FromSeconds(seconds),
            var text => throw new StartRefusedException($"Limits:{name} is \"{text}\"; write whole seconds, from 1 to 86400."),
        };
    }

    static MailOptions Mail(IConfigurationSection section, Profile profile)
    {
        var usual = new MailOptions();
        var mail = usual with
        {
            Server = section["Server"] is { Length: > 0 } server ? server : null,
            Port = section["Port"] switch
            {
                null or "" => usual.Port,
                var text when ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port > 0 => port,
                var text => throw new StartRefusedException($"Mail:Port is \"{text}\"; write a number from 1 to 65535."),
            },
            Security = OneOf(section, "Security", usual.Security),
            User = section["User"] is { Length: > 0 } user ? user : null,
            Password = section["Password"] is { Length: > 0 } password ? password : null,
            From = section["From"] is { Length: > 0 } from ? from : usual.From,
        };
        if (mail.Server is null)
            return mail;
        if (profile == Profile.Demo)
            throw new StartRefusedException("A demo sends no letters: leave Mail:Server out, and find them in the folder mail of the data folder.");
        if (!MailAddress.IsOne(mail.From))
            throw new StartRefusedException($"Mail:From is \"{mail.From}\"; write the address that letters come from, as servizi@provincia.example.");
        if ((mail.User is null) != (mail.Password is null))
            throw new StartRefusedException("Mail:User and Mail:Password go together.");
        if (mail.Security == MailSecurity.None && mail.User is not null)
            throw new StartRefusedException("Mail:Security is none: a password would go in the clear. Write starttls or tls.");
        return mail;
    }

    /// <exception cref="StartRefusedException">One cannot be used like this; in words.</exception>
    public static IReadOnlyList<IdentityProvider> Providers(IConfiguration configuration, Profile profile) => [.. configuration.GetSection("SignIn").GetChildren().Select(section => Provider(section, profile))];

    /// <summary><c>PORTICO_SignIn__regione__Authority</c> and so on: each section is a provider under its own name.</summary>
    static IdentityProvider Provider(IConfigurationSection section, Profile profile)
    {
        var id = section.Key.ToLowerInvariant();
        if (id is not { Length: >= 2 and <= 20 } || !char.IsAsciiLetter(id[0]) || !id.All(c => char.IsAsciiLetterOrDigit(c) || c == '-') || id == "local")
            throw new StartRefusedException($"SignIn has a provider called \"{section.Key}\"; write 2 to 20 letters, digits and hyphens, beginning with a letter, and not \"local\".");
        string Must(string name) => section[name] is { Length: > 0 } value ? value : throw new StartRefusedException($"SignIn:{section.Key} has no {name}: set PORTICO_SignIn__{section.Key}__{name}.");
        var authority = Must("Authority");
        if (!Uri.TryCreate(authority, UriKind.Absolute, out var address) || !(address.Scheme == "https" || address is { Scheme: "http", IsLoopback: true } && profile != Profile.Production))
            throw new StartRefusedException($"SignIn:{section.Key}:Authority is \"{authority}\"; write the provider's address with https://.");
        var usual = new IdentityProvider { Id = id, Title = section["Title"] is { Length: > 0 } title ? title : section.Key, Authority = authority, ClientId = Must("ClientId"), ClientSecret = Must("ClientSecret") };
        var who = section["For"] is { Length: > 0 } named ? named.ToLowerInvariant() : "officers";
        if (who is not ("officers" or "citizens" or "both"))
            throw new StartRefusedException($"SignIn:{section.Key}:For is \"{section["For"]}\"; write officers, citizens or both.");
        return usual with
        {
            ForOfficers = who != "citizens",
            ForCitizens = who != "officers",
            Scopes = section["Scopes"] is { Length: > 0 } scopes ? scopes.Split(' ', StringSplitOptions.RemoveEmptyEntries) : usual.Scopes,
            TaxCodeClaim = section["TaxCodeClaim"] is { Length: > 0 } claim ? claim : usual.TaxCodeClaim,
            TaxCodePrefix = section["TaxCodePrefix"] ?? usual.TaxCodePrefix,
            LevelClaim = section["LevelClaim"] is { Length: > 0 } level ? level : usual.LevelClaim,
            Levels = section.GetSection("Levels").GetChildren().ToDictionary(pair => pair.Key, pair => pair.Value ?? "", StringComparer.Ordinal) is { Count: > 0 } levels
                ? levels.ToDictionary(pair => pair.Value, pair => int.TryParse(pair.Key, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= 3
                    ? number : throw new StartRefusedException($"SignIn:{section.Key}:Levels:{pair.Key} is no level; write 1, 2 or 3, with what the provider calls it."), StringComparer.Ordinal)
                : usual.Levels,
        };
    }

    static IConfigurationRoot Configuration() => new ConfigurationBuilder()
        .AddJsonFile(Path.GetFullPath("portico.json"), optional: true).AddEnvironmentVariables("PORTICO_").Build();

    /// <summary>As root a folder that PostgreSQL's own user can reach, which a home of mode 0700 is not; otherwise the user's own.</summary>
    static string DefaultDataFolder(Profile profile)
    {
        var name = profile.ToString().ToLowerInvariant();
        return Environment.IsPrivilegedProcess
            ? Path.Combine("/var/lib/portico", name)
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "portico", name);
    }
}
