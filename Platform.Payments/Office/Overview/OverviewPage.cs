using Platform.Core.Commands;
using Platform.Core.Pages;
using Platform.Core.Plugins;
using Platform.Core.Time;

namespace Platform.Payments.Office.Overview;

/// <param name="Path">Of this desk's pages of payments; null at the centre, which has none of its own.</param>
public sealed record OverviewModel(PaymentsOverview Overview, DateOnly Today, string? Path);

/// <summary>Today, the last thirty days, and what somebody should look at.</summary>
[RequiresPermission(OfficePermissions.See)]
internal sealed class OverviewPage(ICommands commands) : IPage
{
    public const string Pattern = "andamento";

    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop) => PageAnswer.View<OverviewView>(
        new OverviewModel(await commands.Send(new ShowOverview(), stop), LegalTime.Day(request.Now), request.Creditor.Id == Platform.Core.Entities.EntityId.Centre ? null : request.Path));
}
