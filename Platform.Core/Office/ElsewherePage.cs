using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Pages;

namespace Platform.Core.Office;

/// <summary>Stands in for a page that has something to show only where the money is owed, at everybody else's desk.</summary>
internal sealed class ElsewherePage(CallContext call, EntityDirectory entities) : IPage
{
    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(request);
        var where = Elsewhere.Of(await entities.Current(stop), request.Entity, call.Module, "") ?? new(null, null);
        return PageAnswer.View<ElsewhereView>(new ElsewhereModel(where with { Path = where.Path?.TrimEnd('/') }));
    }
}

/// <summary>Whose desk it is.</summary>
public sealed record ElsewhereModel(Elsewhere Where);
