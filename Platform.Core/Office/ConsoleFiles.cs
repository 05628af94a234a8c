using System.Reflection;
using Platform.Core.Plugins;

namespace Platform.Core.Office;

/// <summary>The console's pages that a service has without asking: one for each import and each office command that names its permission.</summary>
internal static class ConsoleFiles
{
    public const string Imports = "file";
    public const string Extracts = "dati";

    public static IEnumerable<OfficeRoute> PagesOf(ServiceDescription service)
    {
        var imports = service.Imports.Select(import => (import.Verb, Work: import.Import, Permission: PermissionOf(import.Import))).Where(import => import.Permission is not null).ToList();
        if (imports.Count > 0)
            yield return new(Imports, typeof(ImportsPage), "console.imports", imports[0].Permission);
        foreach (var (verb, work, permission) in imports)
        {
            yield return new($"{Imports}/{verb}", typeof(ImportPage<>).MakeGenericType(work), null, permission);
            yield return new($"{Imports}/{verb}/{{run:guid}}", typeof(ImportRunPage<>).MakeGenericType(work), null, permission);
        }
        var extracts = service.Office.Select(office => (office.Verb, Work: office.Command, Permission: PermissionOf(office.Command))).Where(office => office.Permission is not null).ToList();
        if (extracts.Count > 0)
            yield return new(Extracts, typeof(ExtractsPage), "console.extracts", extracts[0].Permission);
        foreach (var (verb, work, permission) in extracts)
            yield return new($"{Extracts}/{verb}", typeof(ExtractPage<>).MakeGenericType(work), null, permission);
    }

    public static string? PermissionOf(Type work) => work.GetCustomAttribute<RequiresPermissionAttribute>()?.Id;
}
