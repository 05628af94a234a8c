using Platform.Core.Jobs;
using Platform.Core.Pages;
using Platform.Core.Settings;

namespace Platform.Core.Plugins;

/// <summary>Says that an assembly is a Portico service. Read as data, before any code of the assembly runs.</summary>
[AttributeUsage(AttributeTargets.Assembly)]
public sealed class ServiceAttribute(string id, string contract) : Attribute
{
    /// <summary>Lower-case letters and digits, 2 to 20, starting with a letter. It is also the name of the service's database schema.</summary>
    public string Id { get; } = id;

    /// <summary>The contract the service was written for, <c>major.minor</c>. The host refuses another major and a newer minor.</summary>
    public string Contract { get; } = contract;

    /// <summary>The service's name for citizens, in Italian.</summary>
    public string Title { get; set; } = "";

    /// <summary>The same in English; <see cref="Title"/> where it is left out.</summary>
    public string TitleEn { get; set; } = "";

    /// <summary>The entity or vendor that wrote it.</summary>
    public string Author { get; set; } = "";
}

/// <summary>The entry point of a service: a public class with a parameterless constructor that does no work.</summary>
public interface IService
{
    /// <summary>Says what the service consists of. Pure and quick: no I/O. If it throws, the service is quarantined and nothing of it remains.</summary>
    /// <remarks>Command handlers, validators and reactions are found by scanning and need no mention.</remarks>
    void Describe(IServiceDescription service);
}

/// <summary>Records what a service consists of.</summary>
public interface IServiceDescription
{
    /// <summary>The first segment after the entity: <c>multe</c> gives <c>/marzabotto/multe</c>. Required once.</summary>
    void Path(string segment);

    /// <summary>A page under the service's path, by route pattern (<c>""</c>, <c>verbale/{token}</c>). 404 where the service is not active.</summary>
    void Page<TPage>(string pattern)
        where TPage : class, IPage;

    /// <summary>
    /// What each creditor decides for the service: a record whose properties carry <see cref="SettingAttribute"/> and have the value that holds until somebody decides.
    /// Kinds: string, int, <c>Euro</c>, bool, <c>DateOnly</c>, enum, <see cref="SecretName"/>; nullable where it may be left empty. Rules are data annotations. At most once.
    /// </summary>
    /// <param name="check">What <c>portico check</c> and the console say of a creditor's settings; null says nothing.</param>
    /// <remarks>Read it by asking for <see cref="ISettings{TSettings}"/>. A stored value that a later release does not understand counts as not set.</remarks>
    void Settings<TSettings>(SettingsCheck<TSettings>? check = null)
        where TSettings : class, new();

    /// <summary>Something that not everybody may do. Pages, commands and imports name it with <see cref="RequiresPermissionAttribute"/>.</summary>
    /// <param name="id">The service's id, a dot, and lower-case letters and underscores: <c>fines.load</c>.</param>
    /// <param name="label">What it allows, in Italian, for whoever gives it to an officer.</param>
    /// <param name="labelEn">The same in English.</param>
    /// <param name="looksOnly">Who has it can look and change nothing: auditors have all of these.</param>
    void Permission(string id, string label, string labelEn, bool looksOnly = false);

    /// <summary>
    /// A page of the console, for officers: <c>/console/{entity}/{the service's path}/{pattern}</c>. It is there for entities that offer the service and for those to whom its
    /// money is owed, and works in the desk's own entity. The class carries <see cref="RequiresPermissionAttribute"/>: without it the service is refused.
    /// </summary>
    /// <param name="pattern">As of <see cref="Page{TPage}"/>.</param>
    /// <param name="menu">Key of a text of the service's catalogue: the page then stands under it in the console's menu. Such a pattern has no parameters.</param>
    void OfficePage<TPage>(string pattern, string? menu = null)
        where TPage : class, IPage;

    /// <summary>Something that officers load from a file: <c>portico &lt;service&gt; &lt;verb&gt; --entity CODE FILE</c>.</summary>
    void Import<TImport>(string verb, string summary)
        where TImport : class, IImport;

    /// <summary>Something that officers ask for: <c>portico &lt;service&gt; &lt;verb&gt; --entity CODE</c>. Its verbs and those of imports are different.</summary>
    void Office<TCommand>(string verb, string summary, params IReadOnlyList<OfficeOption> options)
        where TCommand : class, IOfficeCommand;

    /// <summary>Work by the clock: each time is run once, whatever the number of hosts. See <see cref="IJob"/>.</summary>
    /// <param name="cron">Five fields: minute, hour, day of month, month, day of week; on Rome's clocks, in both nights that change them too. <c>0 3 * * *</c> is every night at three.</param>
    /// <param name="perEntity">One run for each creditor of the service's activations, which sees that creditor's rows; otherwise one for the service centre (entity 0).</param>
    /// <param name="missed">What becomes of a run while no host was there, or whose host died.</param>
    void Job<TJob>(string cron, bool perEntity, Missed missed)
        where TJob : class, IJob;

    /// <summary>A class of the service that others of the service ask for in their constructors; one per call.</summary>
    void Uses<TService>()
        where TService : class;

    /// <summary>As <see cref="Uses{TService}()"/>, under a platform interface that asks for one implementation per service (keyed by service id).</summary>
    void Provides<TContract, TService>()
        where TContract : class
        where TService : class, TContract;
}

/// <summary>
/// On an <see cref="IOfficeCommand"/> or an office page that has something to show only where the money is owed: at the desk of an entity whose creditor is another one the console says whose
/// desk it is, does not run it and leaves it out of its menu.
/// </summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class AtCreditorAttribute : Attribute;

/// <summary>Names the permission that a page of the console, a command, an import or an office command needs. A permission that <c>Describe</c> does not name refuses the service.</summary>
/// <remarks>
/// Enforced where the work comes from a page: an officer needs the permission at the entity of his desk, at the page and again at every command that the page sends; from a
/// citizen's page such a command is refused always. Jobs, reactions and the command line, which acts as the machine's operator, are not asked.
/// </remarks>
[AttributeUsage(AttributeTargets.Class)]
public sealed class RequiresPermissionAttribute(string id) : Attribute
{
    /// <summary>As <see cref="IServiceDescription.Permission"/> declared it.</summary>
    public string Id { get; } = id;
}
