using System.Globalization;
using System.Reflection;
using Autofac;
using Platform.Core.Commands;
using Platform.Core.Office;
using Platform.Core.Entities;
using Platform.Core.Hosting;
using Platform.Core.Pages;

namespace Platform.Core.Plugins;

/// <summary>Says of a console page that it shows data of persons: each time it is drawn the journal gets a line <c>{module}.looked</c> with who, which page and which route values.</summary>
/// <remarks>Written before anything is shown, so that no look goes unrecorded. Route values of such a page hold numbers of ours, never personal data; what was searched for stands in the form or query and is not recorded.</remarks>
[AttributeUsage(AttributeTargets.Class)]
public sealed class ShowsPersonalDataAttribute : Attribute;

/// <summary>Records what a platform module has for officers. As of a service, see <see cref="IServiceDescription"/>.</summary>
internal interface IOfficeDescription
{
    /// <summary>The pages described after it stand under <c>/console/{entity}/{segment}</c> and below its title in the menu.</summary>
    /// <param name="title">Key of a text of the module.</param>
    /// <param name="where">At whose desks the pages are.</param>
    void Segment(string segment, string title, Desks where = Desks.All);

    /// <inheritdoc cref="IServiceDescription.Permission"/>
    void Permission(string id, string label, string labelEn, bool looksOnly = false);

    /// <inheritdoc cref="IServiceDescription.OfficePage{TPage}"/>
    void OfficePage<TPage>(string pattern, string? menu = null)
        where TPage : class, IPage;
}

/// <summary>Whose desks have a page.</summary>
internal enum Desks
{
    All,
    Entities,
    Centre,
}

/// <summary>A page of the console, by its route pattern below its section.</summary>
/// <param name="Permission">Null is a fault.</param>
internal sealed record OfficeRoute(string Pattern, Type Page, string? Menu, string? Permission)
{
    public static OfficeRoute Of(string pattern, Type page, string? menu) => new(pattern, page, menu, page.GetCustomAttribute<RequiresPermissionAttribute>()?.Id);

    /// <summary>What is wrong with it in itself, in words; null when nothing is.</summary>
    public string? Fault() =>
        Permission is null ? $"its page {Page.Name} is for officers and does not say by [RequiresPermission(…)] who may see it."
        : Pattern.Split('/')[0] is ConsoleFiles.Imports or ConsoleFiles.Extracts ? $"the pattern \"{Pattern}\" of its page for officers belongs to the platform, which has imports and extracts there."
        : Pattern.Split('/')[0] == ServiceFiles.Segment ? $"the pattern \"{Pattern}\" of its page begins with \"{ServiceFiles.Segment}\", where its files are."
        : Menu is not null && Pattern.Contains('{', StringComparison.Ordinal) ? $"its page \"{Pattern}\" stands in the menu and has parameters, which a menu does not know."
        : null;
}

/// <summary>The console's pages of one module under one segment.</summary>
/// <param name="Title">In the language asked for.</param>
internal sealed record OfficeSection(string Module, string Segment, Func<CultureInfo, string> Title, Assembly Assembly, IReadOnlyList<OfficeRoute> Pages, ServiceFiles Files, bool IsService, Desks Where)
{
    public static OfficeSection Of(ServiceDescription service) =>
        new(service.Id, service.PathSegment, service.TitleIn, service.Assembly, [.. service.Desk, .. ConsoleFiles.PagesOf(service)], service.Files, IsService: true, Desks.Entities);

    /// <summary>Whether this entity's desk has it: a service is there for who offers or announces it and for who is its creditor.</summary>
    public bool IsAt(Entity desk, EntitySnapshot known) =>
        Where != (desk.Id == EntityId.Centre ? Desks.Entities : Desks.Centre)
        && (!IsService || known.ActivationsOf(desk.Id).Any(offer => offer.Service == Module) || known.CreditorsOf(Module, announced: true).Any(owed => owed.Id == desk.Id));

    /// <summary>Whether a page of it has something to show at this desk: what is <see cref="AtCreditorAttribute"/> only where the money is owed.</summary>
    public bool HasAt(Entity desk, EntitySnapshot known, OfficeRoute page) =>
        !Office.Elsewhere.IsAtCreditor(page.Page) || known.CreditorsOf(Module, announced: true).Any(owed => owed.Id == desk.Id);

    public string PathAt(Entity desk) => $"{ConsolePaths.Of(desk)}/{Segment}";
}

/// <summary>Addresses of the console.</summary>
internal static class ConsolePaths
{
    public const string Root = "/console";
    public const string SignIn = "/console/accesso";

    /// <summary>The desk of the service centre, whatever its slug is.</summary>
    public const string Centre = "centro";

    public static string Of(Entity desk) => $"{Root}/{SlugOf(desk)}";

    public static string SlugOf(Entity desk) => desk.Id == EntityId.Centre ? Centre : desk.Slug;
}

/// <summary>What the platform's modules said of themselves.</summary>
internal sealed class PlatformOffice
{
    public static PlatformOffice None { get; } = new() { Sections = [], Permissions = [] };

    public required IReadOnlyList<OfficeSection> Sections { get; init; }

    public required IReadOnlyList<ServicePermission> Permissions { get; init; }

    /// <exception cref="InvalidOperationException">A page or permission of ours breaks the rules that services keep: the host does not start.</exception>
    public static PlatformOffice Of(IEnumerable<IPlatformModule> modules)
    {
        var (sections, permissions) = (new List<OfficeSection>(), new List<ServicePermission>());
        foreach (var module in modules)
        {
            var recorder = new Recorder(module);
            module.Describe(recorder);
            sections.AddRange(recorder.Sections);
            permissions.AddRange(recorder.Permissions);
        }
        foreach (var page in sections.SelectMany(section => section.Pages))
            if (page.Fault() is { } fault)
                throw new InvalidOperationException($"The platform must not start like this: {fault}");
            else if (permissions.All(known => known.Id != page.Permission))
                throw new InvalidOperationException($"The platform must not start like this: {page.Page.Name} requires the permission \"{page.Permission}\", which no module declares.");
        return new() { Sections = sections, Permissions = permissions };
    }

    sealed class Recorder(IPlatformModule module) : IOfficeDescription
    {
        readonly List<(string Segment, string Title, Desks Where, List<OfficeRoute> Pages)> _segments = [];

        public List<ServicePermission> Permissions { get; } = [];

        public IEnumerable<OfficeSection> Sections => _segments.Select(segment => new OfficeSection(
            module.Id, segment.Segment, culture => TextCatalog.Of(module.Assembly).In(culture)[segment.Title], module.Assembly, segment.Pages, ServiceFiles.None, IsService: false, segment.Where));

        public void Segment(string segment, string title, Desks where = Desks.All) => _segments.Add((segment, title, where, []));

        public void Permission(string id, string label, string labelEn, bool looksOnly = false) => Permissions.Add(new(id, label, labelEn, looksOnly));

        public void OfficePage<TPage>(string pattern, string? menu = null)
            where TPage : class, IPage => _segments[^1].Pages.Add(OfficeRoute.Of(pattern, typeof(TPage), menu));
    }
}

/// <summary>Whether a class that names a permission may work in a call.</summary>
internal static class RequiredPermission
{
    /// <exception cref="NotPermittedException">The call comes from a browser, and nobody is signed in who may.</exception>
    public static void Ask(CallContext call, Type work)
    {
        if (call.FromPage && work.GetCustomAttribute<RequiresPermissionAttribute>() is { } wanted && call.Officer?.May(wanted.Id) != true)
            throw new NotPermittedException(wanted.Id);
    }

    public static void Ask(IComponentContext scope, Type work)
    {
        if (scope.Resolve<CallContextHolder>() is { Known: true } holder)
            Ask(holder.Context, work);
    }
}

/// <summary>Somebody asked for what he may not do. Nothing was done.</summary>
internal sealed class NotPermittedException(string permission) : Exception($"This needs the permission {permission}.")
{
    public string Permission => permission;

    /// <summary>Whether it is this, or the container's words about this.</summary>
    public static bool Explains(Exception? wrong) => wrong is NotPermittedException || wrong is Autofac.Core.DependencyResolutionException { InnerException: { } inner } && Explains(inner);
}
