using System.Globalization;
using System.Reflection;
using Platform.Core.Events;
using Platform.Core.Jobs;
using Platform.Core.Pages;
using Platform.Core.Settings;

namespace Platform.Core.Plugins;

/// <summary>The contract of services that this host speaks.</summary>
public static class ServiceContract
{
    /// <summary>A service with another major, or a newer minor, is refused.</summary>
    public const int Major = 1;

    /// <inheritdoc cref="Major"/>
    public const int Minor = 0;
}

/// <summary>A page of a service, by its route pattern below the service's path.</summary>
internal sealed record PageRoute(string Pattern, Type Page);

/// <summary>Something officers load from a file, by command line.</summary>
internal sealed record ImportVerb(string Verb, string Summary, Type Import);

/// <summary>Something officers ask for, by command line.</summary>
internal sealed record OfficeVerb(string Verb, string Summary, Type Command, IReadOnlyList<OfficeOption> Options);

/// <summary>Something that not everybody may do.</summary>
internal sealed record ServicePermission(string Id, string Label, string LabelEn, bool LooksOnly)
{
    public string LabelIn(CultureInfo culture) => culture.TwoLetterISOLanguageName == "en" ? LabelEn : Label;
}

/// <summary>Everything a service said of itself and everything found in its assembly. Data only: committing it is somebody else's work.</summary>
internal sealed record ServiceDescription(
    string Id, string Title, string TitleEn, string Author, string Version, string PathSegment, Assembly Assembly,
    IReadOnlyList<PageRoute> Pages, IReadOnlyList<ImportVerb> Imports, IReadOnlyList<Type> Uses, IReadOnlyList<(Type Contract, Type Service)> Provides)
{
    /// <summary>The form of what creditors decide; null where there is nothing to decide.</summary>
    public SettingsForm? Settings { get; init; }

    public IReadOnlyList<ServicePermission> Permissions { get; init; } = [];

    /// <summary>What the service's pages show besides themselves.</summary>
    public ServiceFiles Files { get; init; } = ServiceFiles.None;

    /// <summary>What it does by the clock.</summary>
    public IReadOnlyList<JobPlan> Jobs { get; init; } = [];

    /// <summary>What officers may ask of it.</summary>
    public IReadOnlyList<OfficeVerb> Office { get; init; } = [];

    /// <summary>Its pages of the console.</summary>
    public IReadOnlyList<OfficeRoute> Desk { get; init; } = [];

    /// <summary>Every class that the service named in its description.</summary>
    public IEnumerable<Type> Parts =>
        [.. Pages.Select(page => page.Page), .. Desk.Select(page => page.Page), .. Imports.Select(import => import.Import), .. Office.Select(verb => verb.Command), .. Jobs.Select(job => job.Job), .. Uses, .. Provides.Select(provided => provided.Service)];

    public string Folder => Path.GetDirectoryName(Assembly.Location)!;

    /// <summary>The service's name as a reader of this language sees it.</summary>
    public string TitleIn(CultureInfo culture) => culture.TwoLetterISOLanguageName == "en" && TitleEn.Length > 0 ? TitleEn : Title;
}

/// <summary>A folder under <c>plugins/</c> whose service is not running, and why, in words for an operator.</summary>
internal sealed record Quarantine(string Folder, string? Id, string Reason);

/// <summary>What runs in this host: the platform's modules and the services that passed every check.</summary>
internal sealed class ServiceCatalog
{
    readonly Dictionary<Assembly, string> _modules = [];

    public ServiceCatalog(IEnumerable<(string Id, Assembly Assembly)> platform, IReadOnlyList<ServiceDescription> services, IReadOnlyList<Quarantine> quarantined)
    {
        Services = services;
        Quarantined = quarantined;
        foreach (var (id, assembly) in platform)
            _modules.Add(assembly, id);
        foreach (var service in services)
            _modules.Add(service.Assembly, service.Id);
        Reactions = _modules
            .SelectMany(module => module.Key.GetTypes().Where(type => type is { IsClass: true, IsAbstract: false }).SelectMany(type => Reaction.Of(module.Value, type)))
            .ToDictionary(reaction => (reaction.Handler, reaction.EventName));
    }

    public IReadOnlyList<ServiceDescription> Services { get; }

    public IReadOnlyList<Quarantine> Quarantined { get; }

    /// <summary>Reactions of all modules by handler and event. One class that reacts to several events is one handler: it gets them in the order of their stream.</summary>
    public IReadOnlyDictionary<(string Handler, string EventName), Reaction> Reactions { get; }

    public IEnumerable<(string Id, Assembly Assembly)> Modules => _modules.Select(module => (module.Value, module.Key));

    /// <summary>The module that defines a type, or null when no module in this host does.</summary>
    public string? ModuleOf(Type type) => _modules.GetValueOrDefault(type.Assembly);

    /// <summary>What the platform's own modules have for officers.</summary>
    public PlatformOffice Platform { get; init; } = PlatformOffice.None;

    /// <summary>Every permission that the platform and the running services name.</summary>
    public IEnumerable<ServicePermission> Permissions => Platform.Permissions.Concat(Services.SelectMany(service => service.Permissions));

    /// <summary>The console's pages in the order of its menu: the services', then the platform's.</summary>
    public IEnumerable<OfficeSection> Sections => Services.Where(service => service.Desk.Count > 0).Select(OfficeSection.Of).Concat(Platform.Sections);

    public ServiceDescription? Find(string id) => Services.FirstOrDefault(service => service.Id == id);
}
