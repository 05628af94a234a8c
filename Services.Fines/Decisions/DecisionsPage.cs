using Microsoft.AspNetCore.Http;
using Platform.Core.Commands;
using Platform.Core.Pages;
using Platform.Core.Plugins;
using Platform.Payments;

namespace Services.Fines;

/// <param name="MaySettle">Whether this officer may close them.</param>
/// <param name="Done">Something was just closed.</param>
public sealed record DecisionsModel(Texts Texts, IReadOnlyList<OpenDecision> Open, string Path, bool MaySettle, bool Done)
{
    /// <summary>Where a payment's story is told, before its order number; null where this officer may not see payments.</summary>
    public string? PaymentsPath { get; init; }
}

/// <summary>What about paid fines waits for a person.</summary>
[AtCreditor]
[RequiresPermission("fines.read")]
internal sealed class DecisionsPage(ICommands commands) : IPage
{
    public const string Pattern = "da-decidere";

    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(request);
        return PageAnswer.View<DecisionsView>(new DecisionsModel(
            FinesTexts.In(request.Culture), await commands.Send(new ReadDecisions(), stop), $"{request.Path}/{Pattern}", request.Officer!.May("fines.decide"), request.Query["fatto"] == "1")
        {
            PaymentsPath = request.Officer.May(PaymentsDesk.See) ? PaymentsDesk.StoryPath(request.Entity) : null,
        });
    }
}

public sealed record SettleModel(Texts Texts, FormState Form, string BackPath);

/// <summary>Closes one of them with a reason.</summary>
[AtCreditor]
[RequiresPermission("fines.decide")]
internal sealed class SettlePage(ICommands commands) : IPage
{
    public const string Pattern = DecisionsPage.Pattern + "/chiudi";

    public Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(request);
        var form = new FormState();
        foreach (var field in (string[])["verbale", "tipo", "ordine"])
            form.Set(field, request.Query[field].ToString());
        return Task.FromResult(Draw(request, form));
    }

    public async Task<PageAnswer> Post(PageRequest request, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(request);
        var form = FormState.From(request.Form);
        var t = FinesTexts.In(request.Culture);
        if (form.IsEmpty("motivo"))
            form.AddError("motivo", t["decisions.reason.missing"]);
        else if (form["motivo"].Length > 200)
            form.AddError("motivo", t["decisions.reason.long"]);
        else if ((await commands.Send(new SettleDecision(form["verbale"], form["tipo"], form["ordine"], form["motivo"]), stop)).Refusal is not null)
            form.AddError("", t["decisions.gone"]);
        return form.IsValid ? PageAnswer.Go($"{request.Path}/{DecisionsPage.Pattern}?fatto=1") : Draw(request, form);
    }

    static PageAnswer Draw(PageRequest request, FormState form) => PageAnswer.View<SettleView>(
        new SettleModel(FinesTexts.In(request.Culture), form, $"{request.Path}/{DecisionsPage.Pattern}"), form.IsValid ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity);
}
