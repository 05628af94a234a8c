using System.Reflection;
using Cronos;
using Platform.Core.Jobs;
using Platform.Core.Pages;
using Platform.Core.Settings;

namespace Platform.Core.Plugins;

/// <summary>Writes down what a service says of itself; nothing takes effect until the whole has been accepted.</summary>
internal sealed class ServiceRecorder : IServiceDescription
{
    readonly List<PageRoute> _pages = [];
    readonly List<OfficeRoute> _desk = [];
    readonly List<ImportVerb> _imports = [];
    readonly List<OfficeVerb> _office = [];
    readonly List<Type> _uses = [];
    readonly List<JobPlan> _jobs = [];
    readonly List<(Type, Type)> _provides = [];
    readonly List<ServicePermission> _permissions = [];
    SettingsForm? _settings;
    string? _path;

    /// <summary>Contracts that the platform alone implements: no service may stand in for them.</summary>
    public static bool IsReserved(Type contract) =>
        // Asked of every service by its own key, as owners of positions are: nobody stands in for anybody.
        contract != typeof(Documents.IDocumentCheck) && contract.Namespace is { } home
        && (home.StartsWith("Platform.Core", StringComparison.Ordinal) || home.StartsWith("Autofac", StringComparison.Ordinal)
            || home.StartsWith("MediatR", StringComparison.Ordinal) || home.StartsWith("Microsoft.", StringComparison.Ordinal)
            || home.StartsWith("System", StringComparison.Ordinal));

    public void Path(string segment)
    {
        if (_path is not null)
            throw new PluginRefusedException("it names its path twice.");
        _path = segment;
    }

    public void Page<TPage>(string pattern)
        where TPage : class, IPage => _pages.Add(new(pattern, typeof(TPage)));

    public void Import<TImport>(string verb, string summary)
        where TImport : class, IImport => _imports.Add(new(verb, summary, typeof(TImport)));

    public void Office<TCommand>(string verb, string summary, params IReadOnlyList<OfficeOption> options)
        where TCommand : class, IOfficeCommand => _office.Add(new(verb, summary, typeof(TCommand), options));

    public void Settings<TSettings>(SettingsCheck<TSettings>? check = null)
        where TSettings : class, new()
    {
        if (_settings is not null)
            throw new PluginRefusedException("it describes its settings twice.");
        _settings = SettingsForm.Of(typeof(TSettings), check is null ? null : (settings, creditor) => check((TSettings)settings, creditor));
    }

    public void Permission(string id, string label, string labelEn, bool looksOnly = false) => _permissions.Add(new(id, label, labelEn, looksOnly));

    public void OfficePage<TPage>(string pattern, string? menu = null)
        where TPage : class, IPage => _desk.Add(OfficeRoute.Of(pattern, typeof(TPage), menu));

    public void Job<TJob>(string cron, bool perEntity, Missed missed)
        where TJob : class, IJob
    {
        try
        {
            _jobs.Add(new(typeof(TJob), cron, perEntity, missed));
        }
        catch (Exception wrong) when (wrong is CronFormatException or MissingSeedException or ArgumentNullException)
        {
            throw new PluginRefusedException($"the schedule \"{cron}\" of its {typeof(TJob).Name} cannot be read: {wrong.Message}");
        }
    }

    public void Uses<TService>()
        where TService : class => _uses.Add(typeof(TService));

    public void Provides<TContract, TService>()
        where TContract : class
        where TService : class, TContract => _provides.Add((typeof(TContract), typeof(TService)));

    public ServiceDescription Done(string id, string title, string titleEn, string author, Assembly assembly) => new(
        id, title.Length > 0 ? title : id, titleEn, author,
        assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? assembly.GetName().Version?.ToString() ?? "",
        _path ?? throw new PluginRefusedException("it does not name its path: call service.Path(\"…\") in Describe."),
        assembly, _pages, _imports, _uses, _provides)
    {
        Jobs = _jobs,
        Office = _office,
        Desk = _desk,
        Settings = _settings,
        Permissions = _permissions,
        Files = ServiceFiles.In(System.IO.Path.Combine(System.IO.Path.GetDirectoryName(assembly.Location)!, "wwwroot")),
    };
}
