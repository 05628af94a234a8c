using System.Globalization;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Platform.Core.Events;
using Platform.Core.Pages;

namespace Platform.Core.Plugins;

/// <summary>
/// Finds services by scanning the assemblies in <c>plugins/*/</c>: metadata, contract check, load, describe, validate.
/// Whatever a folder holds, the answer is a description or a quarantine with its reason; it never throws.
/// </summary>
internal sealed partial class PluginLoader(ILogger log, TimeSpan? mayTake = null)
{
    /// <param name="pluginsFolder">The program's own.</param>
    /// <param name="uploaded">What was uploaded and laid there, after the program's own; null where there is none.</param>
    public (IReadOnlyList<ServiceDescription> Services, IReadOnlyList<Quarantine> Quarantined) Load(string pluginsFolder, string? uploaded = null)
    {
        var services = new List<ServiceDescription>();
        var quarantined = new List<Quarantine>();
        if (!Directory.Exists(pluginsFolder))
            log.LogWarning("There is no folder {Folder}: this host runs no service of its own.", pluginsFolder);
        foreach (var folder in new[] { pluginsFolder, uploaded }.Where(Directory.Exists).SelectMany(folder => Directory.GetDirectories(folder!).Order(StringComparer.Ordinal)))
        {
            string? id = null;
            try
            {
                var (metadata, assembly) = FindService(folder);
                id = metadata.Id;
                CheckContract(metadata, assembly);
                var service = Describe(metadata, assembly);
                Validate(service, services);
                services.Add(service);
                log.LogInformation("Service {Service} {Version} by {Author} found in {Folder}.", service.Id, service.Version, service.Author, folder);
            }
            catch (Exception wrong)
            {
                var reason = wrong is PluginRefusedException ? wrong.Message : InWords(wrong);
                quarantined.Add(new(folder, id, reason));
                log.LogError(wrong, "The service in {Folder} is quarantined: {Reason}", folder, reason);
            }
        }
        return (services, quarantined);
    }

    readonly TimeSpan _mayTake = mayTake ?? TimeSpan.FromSeconds(10);

    // Names of schemas and roles, and words of the command line.
    static readonly string[] ReservedIds =
        ["core", "payments", "public", "web", "centre", "super", "owner", "serve", "demo", "migrate", "db", "entity", "agreement", "plugins", "check", "journal", "settings", "jobs", "ledger", "events", "distribute", "console", "imports", "maintenance"];

    /// <summary>What a folder's service says of itself, if this host could load it. None of its code runs.</summary>
    /// <exception cref="PluginRefusedException">It could not; in words.</exception>
    public static Metadata Inspect(string folder)
    {
        try
        {
            var (metadata, assembly) = FindService(folder);
            CheckContract(metadata, assembly);
            return metadata;
        }
        catch (Exception wrong) when (wrong is not PluginRefusedException)
        {
            throw new PluginRefusedException(InWords(wrong));
        }
    }

    internal sealed record Metadata(string Id, string Contract, string Title, string TitleEn, string Author, string Version);

    static (Metadata, string Assembly) FindService(string folder)
    {
        var found = new List<(Metadata, string)>();
        foreach (var file in Directory.GetFiles(folder, "*.dll").Order(StringComparer.Ordinal))
            if (ReadMetadata(file) is { } metadata)
                found.Add((metadata, file));
        return found.Count switch
        {
            1 => found[0],
            0 => throw new PluginRefusedException("no assembly in the folder carries [assembly: Service(...)]. Put the service's build output there."),
            _ => throw new PluginRefusedException($"{found.Count} assemblies carry [assembly: Service(...)]; a folder holds one service."),
        };
    }

    /// <summary>The [Service] attribute as data, or null when the file is no assembly or carries none. No code of the file runs.</summary>
    static Metadata? ReadMetadata(string file)
    {
        using var stream = File.OpenRead(file);
        using var portable = new PEReader(stream);
        if (!portable.HasMetadata)
            return null;
        var reader = portable.GetMetadataReader();
        if (!reader.IsAssembly)
            return null;
        foreach (var handle in reader.GetAssemblyDefinition().GetCustomAttributes())
        {
            var attribute = reader.GetCustomAttribute(handle);
            if (attribute.Constructor.Kind != HandleKind.MemberReference)
                continue;
            var parent = reader.GetMemberReference((MemberReferenceHandle)attribute.Constructor).Parent;
            if (parent.Kind != HandleKind.TypeReference)
                continue;
            var type = reader.GetTypeReference((TypeReferenceHandle)parent);
            if (reader.GetString(type.Name) != nameof(ServiceAttribute) || reader.GetString(type.Namespace) != typeof(ServiceAttribute).Namespace)
                continue;
            var value = attribute.DecodeValue(AttributeTypes.Instance);
            string Named(string name) => value.NamedArguments.FirstOrDefault(argument => argument.Name == name).Value as string ?? "";
            return new(
                value.FixedArguments[0].Value as string ?? "", value.FixedArguments[1].Value as string ?? "",
                Named(nameof(ServiceAttribute.Title)), Named(nameof(ServiceAttribute.TitleEn)), Named(nameof(ServiceAttribute.Author)), reader.GetAssemblyDefinition().Version.ToString(3));
        }
        return null;
    }

    static void CheckContract(Metadata metadata, string assembly)
    {
        if (!IdPattern().IsMatch(metadata.Id))
            throw new PluginRefusedException($"its id \"{metadata.Id}\" is not 2 to 20 lower-case letters and digits starting with a letter.");
        if (ReservedIds.Contains(metadata.Id))
            throw new PluginRefusedException($"the id \"{metadata.Id}\" belongs to the platform.");
        if (!Version.TryParse(metadata.Contract, out var contract))
            throw new PluginRefusedException($"its contract version \"{metadata.Contract}\" is not major.minor.");
        if (contract.Major != ServiceContract.Major || contract.Minor > ServiceContract.Minor)
            throw new PluginRefusedException(
                $"it was written for contract {contract}, and this host speaks {ServiceContract.Major}.{ServiceContract.Minor}. "
                + (contract > new Version(ServiceContract.Major, ServiceContract.Minor) ? "Upgrade the host." : "Get a newer release of the service."));

        using var stream = File.OpenRead(assembly);
        using var portable = new PEReader(stream);
        var reader = portable.GetMetadataReader();
        foreach (var handle in reader.AssemblyReferences)
        {
            var wanted = reader.GetAssemblyReference(handle);
            var name = reader.GetString(wanted.Name);
            var held = PluginLoadContext.IsShared(name) ? HostVersion(name) : null;
            if (held is null && !File.Exists(Path.Combine(Path.GetDirectoryName(assembly)!, name + ".dll")))
                throw new PluginRefusedException($"it needs {name} {wanted.Version}, which is neither in its folder nor part of the host. Publish the service with all its files.");
            if (held is not null && held < wanted.Version)
                throw new PluginRefusedException($"it wants {name} {wanted.Version}, and the host has {held}. That library is shared: build the service against the host's version.");
        }
    }

    static Version? HostVersion(string name)
    {
        try
        {
            return System.Runtime.Loader.AssemblyLoadContext.Default.LoadFromAssemblyName(new AssemblyName(name)).GetName().Version;
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    ServiceDescription Describe(Metadata metadata, string file)
    {
        var assembly = new PluginLoadContext(file).LoadFromAssemblyPath(Path.GetFullPath(file));
        var entries = assembly.GetTypes().Where(type => type is { IsClass: true, IsAbstract: false } && typeof(IService).IsAssignableFrom(type)).ToList();
        if (entries.Count != 1 || entries[0].GetConstructor(Type.EmptyTypes) is null)
            throw new PluginRefusedException("it must have exactly one class that implements IService, with a parameterless constructor.");
        var recorder = new ServiceRecorder();
        // On a thread of its own: whoever never finishes must not keep the host from starting.
        var describing = Task.Run(() => ((IService)Activator.CreateInstance(entries[0])!).Describe(recorder));
        if (Task.WaitAny([describing], _mayTake) < 0)
            throw new PluginRefusedException($"it was not described within {_mayTake.TotalSeconds:0} seconds: Describe does no work.");
        describing.GetAwaiter().GetResult();
        return recorder.Done(metadata.Id, metadata.Title, metadata.TitleEn, metadata.Author, assembly);
    }

    static void Validate(ServiceDescription service, List<ServiceDescription> before)
    {
        if (before.FirstOrDefault(other => other.Id == service.Id) is { })
            throw new PluginRefusedException($"another service has the id \"{service.Id}\" already.");
        if (before.FirstOrDefault(other => other.PathSegment == service.PathSegment) is { } rival)
            throw new PluginRefusedException($"the path \"{service.PathSegment}\" is taken by service \"{rival.Id}\".");
        if (!PathPattern().IsMatch(service.PathSegment))
            throw new PluginRefusedException($"its path \"{service.PathSegment}\" is not lower-case letters, digits and hyphens.");
        if (service.PathSegment is "pagamenti" or "attivita" or "persone" or "accesso" or "enti" or "servizi" or "impostazioni" or "manutenzione" or "stato" or "chiavi" or "gradimento" or "valutazione" or "tema.css" or "privacy" or "accessibilita" or "contatti")
            throw new PluginRefusedException($"the path \"{service.PathSegment}\" belongs to the platform.");
        if (service.Pages.GroupBy(page => page.Pattern, StringComparer.OrdinalIgnoreCase).FirstOrDefault(same => same.Count() > 1) is { } twice)
            throw new PluginRefusedException($"it describes the page \"{twice.Key}\" twice.");
        if (service.Pages.FirstOrDefault(page => page.Pattern.Split('/')[0] == ServiceFiles.Segment) is { } reserved)
            throw new PluginRefusedException($"the pattern \"{reserved.Pattern}\" of its page begins with \"{ServiceFiles.Segment}\", where its files are.");
        foreach (var pattern in service.Pages.Select(page => page.Pattern).Concat(service.Desk.Select(page => page.Pattern)))
            CheckPattern(pattern);
        if (service.Pages.FirstOrDefault(page => page.Page.GetCustomAttribute<RequiresSignInAttribute>() is { Level: < 1 or > 3 }) is { } wrong)
            throw new PluginRefusedException($"its page {wrong.Page.Name} requires a sign-in of a level that there is not: levels are 1, 2 and 3.");
        foreach (var page in service.Desk)
            if (page.Fault() is { } fault)
                throw new PluginRefusedException(fault);
        if (service.Imports.FirstOrDefault(import => !VerbPattern().IsMatch(import.Verb)) is { } misspelt)
            throw new PluginRefusedException($"the verb \"{misspelt.Verb}\" of its import is not 2 to 20 lower-case letters and hyphens.");
        if (service.Imports.GroupBy(import => import.Verb, StringComparer.Ordinal).FirstOrDefault(same => same.Count() > 1) is { } again)
            throw new PluginRefusedException($"it describes the import \"{again.Key}\" twice.");
        CheckOffice(service);
        CheckPermissions(service);
        CheckReactions(service);
        if (service.Assembly.GetTypes().FirstOrDefault(type => type.GetCustomAttribute<Microsoft.AspNetCore.Components.RouteAttribute>() is not null) is { } stray)
            throw new PluginRefusedException($"{stray.Name} has a @page of its own; pages are given in Describe, under the service's path.");
        ServiceRules.Check(service);
    }

    static readonly DefaultInlineConstraintResolver Constraints = new(Options.Create(new RouteOptions()), new NoServices());

    sealed class NoServices : IServiceProvider
    {
        public object? GetService(Type serviceType) => null;
    }

    static void CheckPattern(string pattern)
    {
        try
        {
            // The router reads constraints only at the first request, and one that it does not know then ends every page of the host.
            foreach (var policy in RoutePatternFactory.Parse("/{entity}/path/" + pattern).ParameterPolicies.SelectMany(parameter => parameter.Value))
                if (policy.Content is { } text && Constraints.ResolveConstraint(text) is null)
                    throw new PluginRefusedException($"the pattern \"{pattern}\" of its page has an unknown constraint: {text}.");
        }
        catch (Exception wrong) when (wrong is RoutePatternException or RouteCreationException or InvalidOperationException)
        {
            throw new PluginRefusedException($"the pattern \"{pattern}\" of its page cannot be used: {wrong.Message}");
        }
    }

    static void CheckOffice(ServiceDescription service)
    {
        var verbs = service.Imports.Select(import => import.Verb).ToHashSet(StringComparer.Ordinal);
        foreach (var command in service.Office)
        {
            if (!VerbPattern().IsMatch(command.Verb))
                throw new PluginRefusedException($"the verb \"{command.Verb}\" of its {command.Command.Name} is not 2 to 20 lower-case letters and hyphens.");
            if (!verbs.Add(command.Verb))
                throw new PluginRefusedException($"it describes the verb \"{command.Verb}\" twice.");
            var names = new HashSet<string>(OptionsOfTheHost, StringComparer.Ordinal);
            foreach (var option in command.Options)
                if (!VerbPattern().IsMatch(option.Name) || !names.Add(option.Name))
                    throw new PluginRefusedException($"the option \"{option.Name}\" of its verb \"{command.Verb}\" is not 2 to 20 lower-case letters and hyphens, or is there already.");
        }
    }

    // What every command of a service has on the command line, see HostSettings.
    static readonly string[] OptionsOfTheHost = ["entity", "out", "help", "version", "data", "database", "owner-database", "plugins", "profile", "listen", "public-address"];

    static void CheckPermissions(ServiceDescription service)
    {
        foreach (var permission in service.Permissions)
        {
            if (!PermissionPattern().IsMatch(permission.Id) || !permission.Id.StartsWith(service.Id + ".", StringComparison.Ordinal))
                throw new PluginRefusedException($"its permission \"{permission.Id}\" is not its id, a dot, and 2 to 40 lower-case letters and underscores: {service.Id}.load.");
            if (string.IsNullOrWhiteSpace(permission.Label) || string.IsNullOrWhiteSpace(permission.LabelEn))
                throw new PluginRefusedException($"its permission \"{permission.Id}\" does not say in Italian and English what it allows.");
        }
        if (service.Permissions.GroupBy(permission => permission.Id, StringComparer.Ordinal).FirstOrDefault(same => same.Count() > 1) is { } twice)
            throw new PluginRefusedException($"it describes the permission \"{twice.Key}\" twice.");
        foreach (var type in service.Assembly.GetTypes())
            if (type.GetCustomAttribute<RequiresPermissionAttribute>() is { } wanted && service.Permissions.All(permission => permission.Id != wanted.Id))
                throw new PluginRefusedException($"{type.Name} requires the permission \"{wanted.Id}\", which Describe does not name.");
    }

    // Deliveries are kept under these names for longer than a release lives.
    static void CheckReactions(ServiceDescription service)
    {
        var reactions = service.Assembly.GetTypes().Where(type => type is { IsClass: true, IsAbstract: false }).SelectMany(type => Reaction.Of(service.Id, type)).ToList();
        if (reactions.GroupBy(reaction => (reaction.Handler, reaction.EventName)).FirstOrDefault(same => same.Count() > 1) is { } twice)
            throw new PluginRefusedException($"two of its classes are called {twice.First().HandlerType.Name} and react to {twice.Key.EventName}: give them different names.");
    }

    static string InWords(Exception wrong) => wrong switch
    {
        ReflectionTypeLoadException types => $"it cannot be loaded: {types.LoaderExceptions.FirstOrDefault(e => e is not null)?.Message ?? types.Message}",
        BadImageFormatException => "a file in the folder is damaged or no .NET assembly.",
        FileNotFoundException file => $"an assembly it needs is missing: {file.FileName}. Publish the service with all its files.",
        TargetInvocationException thrown => $"its entry point threw {thrown.InnerException?.GetType().Name}: {thrown.InnerException?.Message}",
        _ => string.Create(CultureInfo.InvariantCulture, $"it threw {wrong.GetType().Name}: {wrong.Message}"),
    };

    [GeneratedRegex("^[a-z][a-z0-9]{1,19}$", RegexOptions.None, 1000)]
    private static partial Regex IdPattern();

    [GeneratedRegex("^[a-z][a-z-]{1,19}$", RegexOptions.None, 1000)]
    private static partial Regex VerbPattern();

    [GeneratedRegex("^[a-z][a-z0-9]{1,19}\\.[a-z][a-z_]{1,39}$", RegexOptions.None, 1000)]
    private static partial Regex PermissionPattern();

    [GeneratedRegex("^[a-z][a-z0-9-]{0,40}$", RegexOptions.None, 1000)]
    private static partial Regex PathPattern();

    sealed class AttributeTypes : ICustomAttributeTypeProvider<string>
    {
        public static readonly AttributeTypes Instance = new();

        public string GetPrimitiveType(PrimitiveTypeCode typeCode) => typeCode.ToString();

        public string GetSystemType() => nameof(Type);

        public string GetSZArrayType(string elementType) => elementType + "[]";

        public string GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind) => "";

        public string GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind) => "";

        public string GetTypeFromSerializedName(string name) => name;

        public PrimitiveTypeCode GetUnderlyingEnumType(string type) => PrimitiveTypeCode.Int32;

        public bool IsSystemType(string type) => type == nameof(Type);
    }
}

/// <summary>A service was refused; the message is the reason, in words.</summary>
internal sealed class PluginRefusedException(string message) : Exception(message);
