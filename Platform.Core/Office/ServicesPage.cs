using Platform.Core.Entities;
using Platform.Core.Pages;
using Platform.Core.Plugins;

namespace Platform.Core.Office;

/// <summary>Which services this host runs, which it refuses and why, and who uses them.</summary>
[RequiresPermission(CorePermissions.Look)]
internal sealed class ServicesPage(ServiceCatalog catalog, EntityDirectory entities) : IPage
{
    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        var known = await entities.Current(stop);
        var users = known.All.SelectMany(entity => known.ActivationsOf(entity.Id)).ToLookup(offer => offer.Service, StringComparer.Ordinal);
        return PageAnswer.View<ServicesView>(new ServicesModel
        {
            Contract = $"{ServiceContract.Major}.{ServiceContract.Minor}",
            Running = [.. catalog.Services.Select(service => new ServiceLine(
                service.Id, service.TitleIn(request.Culture), service.Version, known.All.FirstOrDefault(entity => entity.Slug == AuthorSlug(service.Author))?.Name ?? service.Author.Replace('-', ' '),
                users[service.Id].Count(offer => offer.Active), users[service.Id].Count(offer => !offer.Active),
                [.. known.CreditorsOf(service.Id).Select(creditor => creditor.Name)]))],
            Refused = [.. catalog.Quarantined.Select(service => new RefusedService(Path.GetFileName(service.Folder), service.Id, service.Reason, service.Id is { } id ? users[id].Count(offer => offer.Active) : 0))],
        });
    }

    // Authors write themselves as they like; an entity's own slug is the usual way.
    static string AuthorSlug(string author) => author.StartsWith("unione-", StringComparison.Ordinal) ? author["unione-".Length..] : author.StartsWith("comune-di-", StringComparison.Ordinal) ? author["comune-di-".Length..] : author;
}

/// <summary>A service that runs.</summary>
/// <param name="Offered">Entities that offer it; <paramref name="Announced"/> those that say it is coming.</param>
public sealed record ServiceLine(string Id, string Title, string Version, string Author, int Offered, int Announced, IReadOnlyList<string> Creditors);

/// <summary>A folder whose service does not run.</summary>
/// <param name="Reason">In English, for an operator.</param>
/// <param name="Offered">Entities whose citizens miss it.</param>
public sealed record RefusedService(string Folder, string? Id, string Reason, int Offered);

/// <summary>What runs and what does not.</summary>
public sealed class ServicesModel
{
    public required string Contract { get; init; }

    public required IReadOnlyList<ServiceLine> Running { get; init; }

    public required IReadOnlyList<RefusedService> Refused { get; init; }
}
