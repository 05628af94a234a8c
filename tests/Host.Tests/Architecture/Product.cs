using System.Xml.Linq;
using Mono.Cecil;
using Mono.Cecil.Cil;
using Platform.Testing;

namespace Host.Tests.Architecture;

/// <summary>A module of the house as it was built: what it is called, what it refers to, and what its code says.</summary>
internal sealed record BuiltModule(string Name, AssemblyDefinition Assembly)
{
    public bool IsHost => Name == "Host";

    public bool IsPlatform => Name.StartsWith("Platform.", StringComparison.Ordinal);

    public bool IsService => Name.StartsWith("Services.", StringComparison.Ordinal);

    /// <summary>Types that people wrote, nested and compiler-made ones under the type that holds them.</summary>
    public IEnumerable<TypeDefinition> Types => Assembly.MainModule.Types.Where(type => type.Name != "<Module>");

    public static BuiltModule Of(string name, Stream image) => new(name, AssemblyDefinition.ReadAssembly(image));
}

/// <summary>The repository: its modules are the projects beside this one's parent folder, found by looking.</summary>
internal static class Product
{
    public static string Root { get; } = Path.GetDirectoryName(TestCluster.Artifacts)!;

    public static IReadOnlyList<BuiltModule> Modules { get; } =
        [.. Projects.Select(project => BuiltModule.Of(project.Name, File.OpenRead(Path.Combine(TestCluster.Artifacts, "bin", project.Name, "release", project.Assembly + ".dll"))))];

    static IEnumerable<(string Name, string Assembly)> Projects =>
        from folder in Directory.GetDirectories(Root).Order(StringComparer.Ordinal)
        from project in Directory.GetFiles(folder, "*.csproj")
        let name = Path.GetFileNameWithoutExtension(project)
        select (name, XDocument.Load(project).Descendants("AssemblyName").FirstOrDefault()?.Value ?? name);

    public static BuiltModule Emulator => BuiltModule.Of(
        "PagOnLine.Emulator", File.OpenRead(Path.Combine(TestCluster.Artifacts, "bin", "PagOnLine.Emulator", "release", "pagonline-emulator.dll")));

    /// <summary>Everything that <paramref name="type"/> names in signatures and bodies, as "Namespace.Type" or "Namespace.Type::Member", but for the interfaces it implements.</summary>
    public static IEnumerable<string> Named(TypeDefinition type)
    {
        IEnumerable<TypeDefinition> Within(TypeDefinition outer) => outer.NestedTypes.SelectMany(Within).Prepend(outer);
        return Within(type).SelectMany(NamedByOne).Distinct(StringComparer.Ordinal);
    }

    static IEnumerable<string> NamedByOne(TypeDefinition type)
    {
        if (type.BaseType is { } parent)
            foreach (var name in Parts(parent))
                yield return name;
        foreach (var name in type.CustomAttributes.SelectMany(attribute => Parts(attribute.AttributeType)).Concat(type.Fields.SelectMany(field => Parts(field.FieldType))))
            yield return name;
        foreach (var method in type.Methods)
        {
            foreach (var name in method.Parameters.SelectMany(parameter => Parts(parameter.ParameterType)).Concat(Parts(method.ReturnType)))
                yield return name;
            if (!method.HasBody)
                continue;
            foreach (var name in method.Body.Variables.SelectMany(variable => Parts(variable.VariableType)).Concat(method.Body.Instructions.SelectMany(NamedBy)))
                yield return name;
        }
    }

    static IEnumerable<string> NamedBy(Instruction instruction) => instruction.Operand switch
    {
        TypeReference type => Parts(type),
        GenericInstanceMethod method => method.GenericArguments.SelectMany(Parts).Concat(Member(method.ElementMethod)),
        MemberReference { DeclaringType: not null } member => Member(member),
        _ => [],
    };

    static IEnumerable<string> Member(MemberReference member) =>
        Parts(member.DeclaringType).Append($"{member.DeclaringType.GetElementType().FullName}::{member.Name}");

    static IEnumerable<string> Parts(TypeReference type) => type switch
    {
        GenericInstanceType generic => generic.GenericArguments.SelectMany(Parts).Append(generic.ElementType.FullName),
        TypeSpecification made => Parts(made.ElementType),
        _ => [type.FullName],
    };
}
