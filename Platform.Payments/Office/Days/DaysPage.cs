using System.Globalization;
using Platform.Core.Commands;
using Platform.Core.Money;
using Platform.Core.Pages;
using Platform.Core.Plugins;
using Platform.Core.Time;
using Platform.Payments.Settlement;

namespace Platform.Payments.Office.Days;

/// <summary>What was taken, credited and owed on some legal days under the agreements of the creditor of the call, and why the three differ.</summary>
[RequiresPermission(OfficePermissions.Settle)]
internal sealed record ShowDays(DateOnly From, DateOnly To) : ICommand<SettledDays>;

internal sealed record SettledDays(IReadOnlyList<SettlementDay> Days, IReadOnlyList<SettlementCause> Causes);

internal sealed class ShowDaysHandler(CallContext call, SettlementDays days) : ICommandHandler<ShowDays, SettledDays>
{
    public async Task<SettledDays> Handle(ShowDays request, CancellationToken cancellationToken) => new(
        await days.Days(call.Creditor, request.From, request.To, cancellationToken), await days.Causes(call.Creditor, request.From, request.To, cancellationToken));
}

public sealed record DayLine(DateOnly Day, Euro Taken, Euro Credited, Euro Owed, Euro Difference, int Causes);

public sealed record CauseLine(DateOnly Day, string Label, string Subject, string? Creditor, Euro Amount, int Items, string Detail);

public sealed record DaysModel(FormState Form, IReadOnlyList<DayLine> Days, IReadOnlyList<CauseLine> Causes, string Path);

/// <summary>Settlement day by day in three columns, with the causes of what differs.</summary>
[RequiresPermission(OfficePermissions.Settle)]
internal sealed class DaysPage(ICommands commands) : IPage
{
    public const string Pattern = "riversamenti";

    // A month and a few days: the comparison reads all papers of its days.
    const int Most = 35;

    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        var today = LegalTime.Day(request.Now);
        var form = new FormState();
        foreach (var name in new[] { "dal", "al" })
            form.Set(name, request.Query[name].ToString() is { Length: > 0 and <= 10 } typed ? typed : null);
        if (form.IsEmpty("dal") && form.IsEmpty("al"))
            form.Set("dal", today.AddDays(-6)).Set("al", today);
        foreach (var name in new[] { "dal", "al" })
            if (form.Date(name) is not { Year: >= 2000 and <= 2100 })
                form.AddError(name, request.Texts["office.search.date.wrong"]);
        if (form.IsValid && form.Date("dal") > form.Date("al"))
            form.AddError("al", request.Texts["office.search.dates.swapped"]);
        if (form.IsValid && form.Date("al")!.Value.DayNumber - form.Date("dal")!.Value.DayNumber >= Most)
            form.AddError("al", request.Texts["office.days.long", Most.ToString(CultureInfo.InvariantCulture)]);
        var settled = form.IsValid ? await commands.Send(new ShowDays(form.Date("dal")!.Value, form.Date("al")!.Value), stop) : new([], []);
        return PageAnswer.View<DaysView>(
            new DaysModel(
                form, [.. settled.Days.Select(day => new DayLine(day.Day, day.Taken, day.Credited, day.Owed, day.Difference, day.Causes))],
                [.. settled.Causes.Select(cause => new CauseLine(cause.Day, cause.Label, cause.Subject, cause.Creditor, cause.Amount, cause.Items, cause.Detail))], $"{request.Path}/{Pattern}"),
            form.IsValid ? 200 : 422);
    }
}
