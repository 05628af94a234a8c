using Platform.Core.Entities;
using Platform.Core.Office;
using Platform.Core.Pages;
using Platform.Core.Plugins;
using Platform.Core.Time;

namespace Platform.Core.Ratings;

/// <summary>How easy citizens found the services whose creditor the desk is, in the last year, and the last words they left.</summary>
[RequiresPermission(CorePermissions.Look)]
internal sealed class RatingsPage(RatingStore ratings, ServiceCatalog catalog, EntityDirectory entities) : IPage
{
    const int Words = 50;

    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        var known = await entities.Current(stop);
        var (from, until) = (request.Now.AddYears(-1), request.Now.AddMinutes(1));
        string Title(string service) => catalog.Find(service)?.TitleIn(request.Culture) ?? service;
        var texts = PageTexts.Catalog.In(request.Culture);
        return PageAnswer.View<RatingsView>(new RatingsModel(
            [.. (await ratings.Count(request.Entity.Id, from, until, stop)).Select(count => new RatingsLine(Title(count.Service), known.ById(count.ShownBy)?.Name ?? "", count.All, count.AverageHundredths, [count.One, count.Two, count.Three, count.Four, count.Five]))],
            [.. (await ratings.LastWords(request.Entity.Id, Words, stop)).Select(row => new RatingsWords(LegalTime.Day(row.RatedAt), Title(row.Service), row.Stars, row.Reason is { } reason ? texts[$"rating.reason.{reason}"] : null, row.Words))]));
    }
}

/// <summary>What was rated, by service and municipality.</summary>
/// <param name="AverageHundredths">Of a star.</param>
/// <param name="Stars">How many of one star, of two and so on.</param>
public sealed record RatingsLine(string Service, string ShownBy, long All, long AverageHundredths, IReadOnlyList<long> Stars);

/// <summary>What somebody said, without a name.</summary>
public sealed record RatingsWords(DateOnly Day, string Service, int Stars, string? Reason, string? Words);

/// <summary>The ratings of a year and the last words.</summary>
public sealed record RatingsModel(IReadOnlyList<RatingsLine> Lines, IReadOnlyList<RatingsWords> Said);
