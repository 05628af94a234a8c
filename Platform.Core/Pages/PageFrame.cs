using System.Globalization;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.WebUtilities;
using Platform.Core.Entities;
using Platform.Core.Identity;

namespace Platform.Core.Pages;

/// <summary>One place on the way to the current page, or one entry of a service's own menu. The last crumb is the page itself and needs no address.</summary>
public sealed record Crumb(string Text, string? Path = null);

/// <summary>What surrounds a citizen's page: whose it is, which service, in which language.</summary>
/// <param name="Entity">The body in whose name and colours the page is shown.</param>
/// <param name="ServiceTitle">The service's name in the page's language, or null on pages of no service.</param>
/// <param name="ServicePath">Where the service begins, <c>/marzabotto/multe</c>.</param>
/// <param name="Culture">The page's language; see <see cref="PageCultures"/>.</param>
/// <param name="Demo">Whether every page must say that no payment is real.</param>
/// <param name="Path">Path and query of this page, from which the language links are made. Anything that is not a local path is replaced by the entity's home.</param>
/// <param name="Crumbs">The way from the entity's home to this page, home left out; none hides the breadcrumb.</param>
/// <param name="Robots">Content of the robots meta element; null lets search engines in.</param>
public sealed record PageFrame(
    Entity Entity, string? ServiceTitle, string? ServicePath, CultureInfo Culture, bool Demo, string Path, IReadOnlyList<Crumb> Crumbs,
    string? Robots = "noindex")
{
    /// <summary>The texts of the service whose page it is, from its <c>Texts/it.json</c> and <c>en.json</c>; the platform's own where there is no service.</summary>
    public Texts Texts { get; init; } = PageTexts.Catalog.In(Culture);

    internal ServiceFiles Files { get; init; } = ServiceFiles.None;

    /// <summary>Below which path its files are, where that is not <see cref="ServicePath"/>.</summary>
    internal string? FilesPath { get; init; }

    /// <summary>What surrounds a page of the console; null on citizens' pages.</summary>
    internal ConsoleFrame? Console { get; init; }

    /// <summary>Who is signed in as a citizen; its name stands at the head of the page.</summary>
    internal SignedInCitizen? Citizen { get; init; }

    /// <summary>The highest level of assurance at which a citizen may sign in; 0 where he cannot.</summary>
    internal int HighestLevel { get; init; }

    /// <summary>A maintenance of the service that will come; null when none is announced.</summary>
    internal Maintenance.MaintenanceWindow? Announced { get; init; }

    /// <summary>What was posted to this page, for components that bring fields of their own into a service's form; null on GET.</summary>
    internal FormState? Posted { get; init; }

    /// <summary>The address of a file of the service's folder <c>wwwroot</c>: <c>Frame.File("mappa.svg")</c>. It changes with the content.</summary>
    /// <exception cref="ArgumentException">The service has no such file; exact spelling counts.</exception>
    public string File(string name) => Files.Address(FilesPath ?? ServicePath ?? throw new InvalidOperationException("A page of no service has no files."), name);

    /// <summary>Further entries of the service's menu, after the service's first page.</summary>
    public IReadOnlyList<Crumb> ServiceMenu { get; init; } = [];

    /// <summary>The entity's first page, <c>/marzabotto</c>; <c>/</c> for the service centre, which has no slug.</summary>
    public string HomePath => "/" + Entity.Slug;

    /// <summary>The privacy notice (conformity criterion C.SE.3.3).</summary>
    public string PrivacyPath { get; init; } = Under(Entity, "privacy");

    /// <summary>The accessibility statement, which the law wants in every footer (criterion C.SE.3.2).</summary>
    public string AccessibilityPath { get; init; } = Under(Entity, "accessibilita");

    /// <summary>Where and how the entity is reached.</summary>
    public string ContactsPath { get; init; } = Under(Entity, "contatti");

    /// <summary>This page in another language: the same address with <c>lang</c> set.</summary>
    public string PathIn(CultureInfo culture)
    {
        ArgumentNullException.ThrowIfNull(culture);
        // "//host" and "/\host" are addresses of other sites to a browser.
        var local = Path is ['/', ..] and not ['/', '/' or '\\', ..] ? Path : HomePath;
        local = local.Split('#')[0];
        var mark = local.IndexOf('?', StringComparison.Ordinal);
        var query = new QueryBuilder();
        if (mark >= 0)
        {
            foreach (var (key, values) in QueryHelpers.ParseQuery(local[mark..]))
            {
                if (!string.Equals(key, "lang", StringComparison.OrdinalIgnoreCase))
                    query.Add(key, values.Select(value => value ?? ""));
            }
        }
        query.Add("lang", culture.TwoLetterISOLanguageName);
        return (mark < 0 ? local : local[..mark]) + query.ToQueryString();
    }

    internal static string Under(Entity entity, string segment) => entity.Slug.Length == 0 ? "/" + segment : $"/{entity.Slug}/{segment}";
}

/// <summary>The languages in which Portico speaks to citizens.</summary>
public static class PageCultures
{
    /// <summary>The first language, and the one every text exists in.</summary>
    public static CultureInfo Italian { get; } = CultureInfo.GetCultureInfo("it-IT");

    /// <summary>English as Europe writes it: day before month.</summary>
    public static CultureInfo English { get; } = CultureInfo.GetCultureInfo("en-GB");

    /// <summary>All of them, the first one first.</summary>
    public static IReadOnlyList<CultureInfo> All { get; } = [Italian, English];

    /// <summary>The culture of a <c>lang</c> value or cookie; Italian when it is absent or unknown.</summary>
    public static CultureInfo Of(string? language) => Known(language) ?? Italian;

    /// <summary>The culture of a <c>lang</c> value, or null when we do not speak it.</summary>
    public static CultureInfo? Known(string? language) =>
        All.FirstOrDefault(culture => string.Equals(culture.TwoLetterISOLanguageName, language, StringComparison.OrdinalIgnoreCase));
}
