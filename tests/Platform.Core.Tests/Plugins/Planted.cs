using System.Reflection;
using System.Runtime.Loader;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Platform.Core.Tests.Plugins;

/// <summary>Assemblies compiled by a test: services good and bad, and libraries in versions of the test's choice.</summary>
internal static class Planted
{
    static readonly MetadataReference[] Host =
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(file => Path.GetFileName(file) is { } name && (name.StartsWith("System.", StringComparison.Ordinal) || name.StartsWith("Microsoft.AspNetCore.", StringComparison.Ordinal)
                || name is "netstandard.dll" or "MediatR.dll" or "FluentValidation.dll" or "Platform.Core.dll" or "Platform.Payments.dll"))
            .Select(file => MetadataReference.CreateFromFile(file)),
    ];

    /// <summary>
    /// Compiles <paramref name="code"/> and answers the file's bytes. <paramref name="scripts"/> are embedded as its migrations, or as its texts when they
    /// are called so (<c>Texts.it.json</c>).
    /// </summary>
    public static byte[] Compile(string name, string code, Version? version = null, IEnumerable<byte[]>? references = null, params (string Name, string Sql)[] scripts)
    {
        var stamp = version is null ? "" : $"[assembly: System.Reflection.AssemblyVersion(\"{version}\")]";
        var compilation = CSharpCompilation.Create(
            name, [CSharpSyntaxTree.ParseText(stamp), CSharpSyntaxTree.ParseText("using System; using System.Threading; using System.Threading.Tasks; using Platform.Core.Plugins; " + code)],
            [.. references?.Select(image => MetadataReference.CreateFromImage(image)) ?? [], .. Host],
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, optimizationLevel: OptimizationLevel.Release));
        using var image = new MemoryStream();
        var result = compilation.Emit(
            image,
            manifestResources: scripts.Select(script => new ResourceDescription(script.Name.StartsWith("Texts.", StringComparison.Ordinal) ? $"{name}.{script.Name}" : $"{name}.Migrations.{script.Name}", () => new MemoryStream(Encoding.UTF8.GetBytes(script.Sql)), isPublic: true)));
        return result.Success ? image.ToArray() : throw new InvalidOperationException(string.Join('\n', result.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error)));
    }

    /// <summary>A service that does nothing but be there.</summary>
    public static string Service(
        string id, string path, string contract = "1.0", string constructor = "", string describe = "", string more = "", string attributes = "") =>
        $$"""
        [assembly: Service("{{id}}", "{{contract}}", Title = "Prova", Author = "tests")] {{attributes}}
        public sealed class Planted : IService
        {
            public Planted() { {{constructor}} }
            public void Describe(IServiceDescription s) { {{(path.Length == 0 ? "" : $"s.Path(\"{path}\");")}} {{describe}} }
        }
        {{more}}
        """;

    /// <summary>Lays a service into the folder of plugins, as its author would.</summary>
    public static string Lay(string plugins, string folder, params (string Name, byte[] Image)[] files)
    {
        var home = Directory.CreateDirectory(Path.Combine(plugins, folder)).FullName;
        foreach (var (name, image) in files)
            File.WriteAllBytes(Path.Combine(home, name + ".dll"), image);
        return home;
    }

    /// <summary>An assembly of migrations, in a world of its own so that the next may have the same name.</summary>
    public static Assembly Scripts(string name, params (string Name, string Sql)[] scripts) =>
        new AssemblyLoadContext(null).LoadFromStream(new MemoryStream(Compile(name, "", null, null, scripts)));
}
