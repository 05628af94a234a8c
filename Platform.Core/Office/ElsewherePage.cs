using Platform.Core.Commands;
using Platform.Core.Entities;
using Platform.Core.Pages;
using Platform.Core.Plugins;

namespace Platform.Core.Office;

/// <summary>Stands in for a page that has something to show only where the money is owed, at everybody else's desk.</summary>
internal sealed class ElsewherePage(CallContext call, EntityDirectory entities) : IPage
{
    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(request);
        var known = await entities.Current(stop);
        var where = Elsewhere.Of(known, request, call.Module, "") ?? new(null, null);
        return PageAnswer.View<ElsewhereView>(new ElsewhereModel(
            where with { Path = known.ActivationsOf(request.Entity.Id).FirstOrDefault(offer => offer.Service == call.Module)?.Creditor is { } id && known.ById(id) is { } creditor ? ConsolePaths.Of(creditor) : null }));
    }
}

/// <summary>Whose desk it is.</summary>
public sealed record ElsewhereModel(Elsewhere Where);
