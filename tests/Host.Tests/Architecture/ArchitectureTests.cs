using System.Text.RegularExpressions;
using System.Xml.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Platform.Testing;

namespace Host.Tests.Architecture;

/// <summary>The arrows and walls of the house, on the assemblies as they were built. Every rule is also shown a planted offence.</summary>
public sealed class ArchitectureTests
{
    static readonly IReadOnlyList<BuiltModule> Modules = Product.Modules;

    [Test]
    public void The_modules_are_those_of_the_solution()
    {
        var solution = XDocument.Load(Path.Combine(Product.Root, "Portico.slnx")).Descendants("Project").Select(project => (string)project.Attribute("Path")!);

        Modules.Select(module => $"{module.Name}/{module.Name}.csproj").Should().BeEquivalentTo(solution.Where(path => !path.StartsWith("tests/", StringComparison.Ordinal)))
            .And.HaveCountGreaterThanOrEqualTo(4);
    }

    [Test]
    public void Arrows_point_from_the_host_and_the_services_to_the_platform() => Rules.Arrows(Modules).Should().BeEmpty();

    [TestCase("Services.Planted", "Services.Fines", "Services.Fines", "Services.Fines.FinesService")]
    [TestCase("Platform.Planted", "Services.Fines", "Services.Fines", "Services.Fines.FinesService")]
    [TestCase("Host", "Services.Fines", "Services.Fines", "Services.Fines.FinesService")]
    [TestCase("Services.Planted", "Host", "portico", "Program")]
    [TestCase("Platform.Core", "Platform.Payments", "Platform.Payments", "Platform.Payments.OpenPosition")]
    public void A_planted_arrow_is_seen(string from, string to, string assembly, string type)
    {
        var target = Path.Combine(TestCluster.Artifacts, "bin", to, "release", assembly + ".dll");
        var planted = Plant(from, $"class Planted {{ object Use() => typeof({type}); }}", target);

        Rules.Arrows([.. Modules.Where(module => module.Name != from), planted]).Should().Equal($"{from} must not know {to}");
    }

    [Test]
    public void No_project_refers_to_another_against_the_arrows()
    {
        // Before the compiler drops what is not used.
        foreach (var module in Modules)
        {
            var references = XDocument.Load(Path.Combine(Product.Root, module.Name, module.Name + ".csproj")).Descendants("ProjectReference")
                .Select(reference => Path.GetFileNameWithoutExtension((string)reference.Attribute("Include")!));
            references.Should().BeSubsetOf(module.Name == "Platform.Core" ? [] : module.Name == "Platform.Payments" ? ["Platform.Core"] : ["Platform.Core", "Platform.Payments"], module.Name);
        }
    }

    [Test]
    public void Only_the_commands_folder_names_MediatR()
    {
        Rules.MediatR(Modules).Should().BeEmpty();
        (from module in Modules
         from file in Directory.GetFiles(Path.Combine(Product.Root, module.Name), "*.*", SearchOption.AllDirectories)
         where (file.EndsWith(".cs", StringComparison.Ordinal) || file.EndsWith(".razor", StringComparison.Ordinal)) && !file.Contains("/Platform.Core/Commands/", StringComparison.Ordinal)
         where Regex.IsMatch(File.ReadAllText(file), @"\busing\s+(static\s+)?MediatR\b", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(5))
         select file).Should().BeEmpty();
    }

    [TestCase("class Planted(MediatR.IMediator m) { public object M => m; }", "Planted names MediatR.IMediator")]
    [TestCase("class Planted { async System.Threading.Tasks.Task Use() { await System.Threading.Tasks.Task.Yield(); System.Action a = () => typeof(MediatR.INotification).ToString(); a(); } }", "Planted names MediatR.INotification")]
    public void A_planted_use_of_MediatR_is_seen(string code, string offence) => Rules.MediatR([Plant("Services.Planted", code)]).Should().Contain(offence);

    [Test]
    public void Only_storage_opens_connections() => Rules.Connections(Modules).Should().BeEmpty();

    [TestCase("class Planted { async System.Threading.Tasks.Task Use() { await using var c = new Npgsql.NpgsqlConnection(\"\"); await c.OpenAsync(); } }", "Planted names Npgsql.NpgsqlConnection")]
    [TestCase("class Planted { object Use() => Npgsql.NpgsqlDataSource.Create(\"\"); }", "Planted names Npgsql.NpgsqlDataSource")]
    public void A_planted_connection_is_seen(string code, string offence) => Rules.Connections([Plant("Services.Planted", code)]).Should().Contain(offence);

    [Test]
    public void Time_comes_from_the_time_provider() => Rules.Clocks(Modules).Where(offence => !offence.EndsWith("CreateVersion7", StringComparison.Ordinal)).Should().BeEmpty();

    [TestCase("class Planted { object Use() => System.DateTime.Now; }", "Planted names System.DateTime::get_Now")]
    [TestCase("class Planted { System.Func<object> Use => () => System.DateTimeOffset.UtcNow; }", "Planted names System.DateTimeOffset::get_UtcNow")]
    public void A_planted_clock_is_seen(string code, string offence) => Rules.Clocks([Plant("Services.Planted", code)]).Should().Equal(offence);

    [Test]
    public void Contracts_speak_of_money_in_Euro() => Rules.Money(Modules).Should().BeEmpty();

    [TestCase("public record Planted(decimal Amount);")]
    [TestCase("public class Planted { public double? Amount { get; set; } }")]
    [TestCase("public interface Planted { void Pay(System.Collections.Generic.IReadOnlyList<float> amounts); }")]
    public void A_planted_bare_amount_is_seen(string code) => Rules.Money([Plant("Services.Planted", code)]).Should().ContainMatch("Planted.* speaks of amounts without Euro");

    [Test]
    public void What_is_public_is_contract_and_the_rest_is_sealed() => string.Join('\n', Rules.Surface(Modules)).Should().BeEmpty();

    [TestCase("public class Planted;", "Planted is public, and neither an entry point nor shown by a page")]
    [TestCase("class Planted;", "Planted is neither sealed nor anybody's parent")]
    public void A_planted_leak_is_seen(string code, string offence) => Rules.Surface([Plant("Services.Planted", code)]).Should().Equal(offence);

    [Test]
    public void What_a_platform_makes_public_the_compiler_holds_against_a_list()
    {
        foreach (var module in Modules.Where(module => module.IsPlatform))
        {
            var folder = Path.Combine(Product.Root, module.Name);
            File.ReadAllLines(Path.Combine(folder, "PublicAPI.Unshipped.txt")).Concat(File.ReadAllLines(Path.Combine(folder, "PublicAPI.Shipped.txt"))).Should().HaveCountGreaterThan(50, module.Name);
            File.ReadAllText(Path.Combine(folder, module.Name + ".csproj")).Should().Contain("Microsoft.CodeAnalysis.PublicApiAnalyzers").And.NotMatchRegex("<NoWarn>[^<]*RS00(16|17)");
        }
        File.ReadAllText(Path.Combine(Product.Root, "Directory.Build.props")).Should().Contain("<TreatWarningsAsErrors>true</TreatWarningsAsErrors>");
    }

    [Test]
    public void The_bank_knows_nothing_of_us()
    {
        Rules.Stranger(Product.Emulator, Modules).Should().BeEmpty();
        Rules.Stranger(Plant("Bank", "class Planted { object Use() => typeof(Platform.Payments.OpenPosition); }"), Modules).Should().Equal("Bank must not know Platform.Payments");
    }

    static BuiltModule Plant(string name, string code, params string[] references)
    {
        var host = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Where(file => !references.Any(own => Path.GetFileName(own) == Path.GetFileName(file)));
        var compilation = CSharpCompilation.Create(
            // Under a name that may see what is internal, as an offender in the house could.
            "Host.Tests", [CSharpSyntaxTree.ParseText(code)], host.Concat(references).Select(file => MetadataReference.CreateFromFile(file)),
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary));
        var image = new MemoryStream();
        var result = compilation.Emit(image);
        image.Position = 0;
        return result.Success ? BuiltModule.Of(name, image) : throw new InvalidOperationException(string.Join('\n', result.Diagnostics));
    }
}
