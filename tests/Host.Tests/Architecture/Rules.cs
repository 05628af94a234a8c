using Mono.Cecil;

namespace Host.Tests.Architecture;

/// <summary>The house rules for code. Each takes modules and answers one sentence per offence.</summary>
internal static class Rules
{
    /// <summary>Host -> Payments -> Core; services -> Payments, Core; nothing else.</summary>
    public static IEnumerable<string> Arrows(IReadOnlyList<BuiltModule> modules)
    {
        var byAssembly = modules.ToDictionary(module => module.Assembly.Name.Name, StringComparer.Ordinal);
        return
            from module in modules
            from reference in module.Assembly.MainModule.AssemblyReferences
            where byAssembly.ContainsKey(reference.Name) && !May(module, byAssembly[reference.Name])
            select $"{module.Name} must not know {byAssembly[reference.Name].Name}";
    }

    static bool May(BuiltModule from, BuiltModule to) => (from, to) switch
    {
        ({ IsHost: true }, { IsPlatform: true }) => true,
        ({ IsService: true }, { IsPlatform: true }) => true,
        ({ Name: "Platform.Payments" }, { Name: "Platform.Core" }) => true,
        _ => false,
    };

    /// <summary>Only Platform.Core/Commands names MediatR; its contracts derive from it, so implementing them is no naming.</summary>
    public static IEnumerable<string> MediatR(IReadOnlyList<BuiltModule> modules) =>
        Naming(modules, name => name.StartsWith("MediatR.", StringComparison.Ordinal), type => type.Namespace == "Platform.Core.Commands");

    /// <summary>Only Platform.Core/Storage, and the host's way to its own cluster, open connections.</summary>
    public static IEnumerable<string> Connections(IReadOnlyList<BuiltModule> modules) => Naming(
        modules, name => name is "Npgsql.NpgsqlConnection" or "Npgsql.NpgsqlDataSource" or "Npgsql.NpgsqlDataSourceBuilder" or "System.Data.Common.DbConnection" or "System.Data.IDbConnection",
        type => type.Namespace is "Platform.Core.Storage" or "Platform.Core.Storage.Embedded" || type.FullName == "Portico.Host.DatabaseHome");

    /// <summary>What time it is says TimeProvider.</summary>
    public static IEnumerable<string> Clocks(IReadOnlyList<BuiltModule> modules) => Naming(
        modules,
        name => name is "System.DateTime::get_Now" or "System.DateTime::get_UtcNow" or "System.DateTime::get_Today" or "System.DateTimeOffset::get_Now" or "System.DateTimeOffset::get_UtcNow"
            or "System.Guid::CreateVersion7",
        _ => false);

    /// <summary>Money is Euro: no contract of a module speaks in floating point or bare decimals. Documents measure paper and themes contrast, not money.</summary>
    public static IEnumerable<string> Money(IReadOnlyList<BuiltModule> modules) =>
        from module in modules
        where module.IsPlatform || module.IsService
        from type in module.Types.Where(type => type.IsPublic && type.Namespace != "Platform.Core.Documents" && type.FullName != "Platform.Core.Pages.EntityTheme")
        from member in Signatures(type)
        where member.Types.Any(used => used is "System.Double" or "System.Single" or "System.Decimal")
        select $"{type.FullName}.{member.Name} speaks of amounts without Euro";

    static IEnumerable<(string Name, IEnumerable<string> Types)> Signatures(TypeDefinition type) =>
        type.Methods.Where(method => method.IsPublic || method.IsFamily).Select(method => (method.Name, method.Parameters.Select(p => Plain(p.ParameterType)).Append(Plain(method.ReturnType))))
            .Concat(type.Fields.Where(field => field.IsPublic).Select(field => (field.Name, (IEnumerable<string>)[Plain(field.FieldType)])));

    static string Plain(TypeReference type) =>
        type is GenericInstanceType { ElementType.FullName: "System.Nullable`1" or "System.Collections.Generic.IReadOnlyList`1" } wrapped ? Plain(wrapped.GenericArguments[0]) : type.FullName;

    /// <summary>
    /// Outside the platform, whose public surface the compiler holds against <c>PublicAPI.*.txt</c>, only entry points are public, and pages with what they show.
    /// What is not public is sealed unless somebody derives from it.
    /// </summary>
    public static IEnumerable<string> Surface(IReadOnlyList<BuiltModule> modules)
    {
        var parents = modules.SelectMany(module => module.Types).Select(type => type.BaseType?.GetElementType().FullName).ToHashSet(StringComparer.Ordinal);
        foreach (var module in modules)
        {
            var shown = Shown(module);
            foreach (var type in module.Types.Where(type => !IsGenerated(type)))
            {
                if (type.IsPublic && !module.IsPlatform && !shown.Contains(type.FullName) && !IsEntry(type))
                    yield return $"{type.FullName} is public, and neither an entry point nor shown by a page";
                if (type is { IsPublic: false, IsClass: true, IsSealed: false, IsAbstract: false } && !parents.Contains(type.FullName))
                    yield return $"{type.FullName} is neither sealed nor anybody's parent";
            }
        }
    }

    // Program is the SDK's doing, _Imports the Razor compiler's.
    static bool IsEntry(TypeDefinition type) => type.Name is "Program" or "_Imports" || type.Interfaces.Any(contract => contract.InterfaceType.FullName == "Platform.Core.Plugins.IService");

    /// <summary>Components, and the types that their properties lead to.</summary>
    static HashSet<string> Shown(BuiltModule module)
    {
        var own = module.Types.ToDictionary(type => type.FullName, StringComparer.Ordinal);
        var shown = own.Values.Where(IsComponent).Select(type => type.FullName).ToHashSet(StringComparer.Ordinal);
        for (var open = new Queue<string>(shown); open.TryDequeue(out var name);)
            foreach (var next in own[name].Properties.Select(property => Plain(property.PropertyType)).Concat(own[name].BaseType is GenericInstanceType view ? view.GenericArguments.Select(Plain) : []))
                if (own.ContainsKey(next) && shown.Add(next))
                    open.Enqueue(next);
        return shown;
    }

    static bool IsGenerated(TypeDefinition type) =>
        type.Name.Contains('<', StringComparison.Ordinal) || type.FullName.StartsWith("System.", StringComparison.Ordinal) || type.FullName.StartsWith("Microsoft.", StringComparison.Ordinal);

    static bool IsComponent(TypeDefinition type) => type.Methods.Any(method => method.Name == "BuildRenderTree");

    /// <summary>Nothing of ours: the bank must not share our mistakes.</summary>
    public static IEnumerable<string> Stranger(BuiltModule emulator, IReadOnlyList<BuiltModule> modules) =>
        from reference in emulator.Assembly.MainModule.AssemblyReferences
        where modules.Any(module => module.Assembly.Name.Name == reference.Name)
        select $"{emulator.Name} must not know {reference.Name}";

    static IEnumerable<string> Naming(IReadOnlyList<BuiltModule> modules, Func<string, bool> forbidden, Func<TypeDefinition, bool> allowed) =>
        from module in modules
        from type in module.Types
        where !allowed(type)
        from name in Product.Named(type)
        where forbidden(name)
        select $"{type.FullName} names {name}";
}
