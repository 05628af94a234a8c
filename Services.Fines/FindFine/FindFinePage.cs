using Microsoft.AspNetCore.Http;
using Platform.Core.Commands;
using Platform.Core.Limits;
using Platform.Core.Pages;
using Platform.Core.Settings;
using Platform.Core.Time;
using Platform.Payments;
using Services.Fines.Register;

namespace Services.Fines;

/// <summary>Asks for the three things written on the paper, and leads to the fine by a link that cannot be guessed.</summary>
[LimitTries(posts: 30, minutes: 10)]
internal sealed class FindFinePage(ICommands commands, ILinks links, ISettings<FinesSettings> settings, ITries tries) : IPage
{
    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(request);
        var expired = request.Query["avviso"] == Expired;
        return await Draw(request, new FormState(), expired, StatusCodes.Status200OK, stop);
    }

    public async Task<PageAnswer> Post(PageRequest request, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(request);
        var texts = FinesTexts.In(request.Culture);
        var form = FormState.From(request.Form);
        if (FindFineForm.Read(form, texts, LegalTime.Day(request.Now)) is { } asked)
        {
            if (await NoticeTries.Count(tries, asked.Name, stop) is { } wait)
                return PageAnswer.TooMany(wait);
            var found = await commands.Send(asked, stop);
            if (found.Refusal is null)
                return PageAnswer.Go($"{request.Path}/{FineLink.For(links, found.Value)}");
            form.AddError("", texts[$"refusal.{found.Refusal.Code}"]);
        }
        return await Draw(request, form, false, StatusCodes.Status422UnprocessableEntity, stop);
    }

    /// <summary>Where to send who comes with a link that does not open.</summary>
    public static string ExpiredLinkPath(string path) => $"{path}?avviso={Expired}";

    const string Expired = "scaduto";

    async Task<PageAnswer> Draw(PageRequest request, FormState form, bool expired, int status, CancellationToken stop)
    {
        var office = (await settings.Read(stop)).Office;
        var gateway = await commands.Send(new CheckGateway(), stop);
        return PageAnswer.View<FindFineView>(
            new FindFineModel(FinesTexts.In(request.Culture), form, request.Path, expired, LegalTime.Day(request.Now), request.Creditor, office, gateway), status);
    }
}

/// <summary>How often one notice may be tried, by whomever: date and plate are not to be guessed. The searches that succeed count too, so that all numbers are counted alike.</summary>
internal static class NoticeTries
{
    const int Most = 20;

    static readonly TimeSpan Within = TimeSpan.FromMinutes(15);

    public static Task<TimeSpan?> Count(ITries tries, FineNumber name, CancellationToken stop) => tries.Count($"verbale {name}", Most, Within, stop);
}

/// <summary>The search as a page shows it.</summary>
public sealed record FindFineModel(Texts Texts, FormState Form, string Path, bool LinkExpired, DateOnly Today, Platform.Core.Entities.Entity Creditor, string Office,
    GatewayReport? Gateway = null);

/// <summary>The search form: what may be typed, and what is said about the rest.</summary>
internal static class FindFineForm
{
    public const string Number = "verbale";
    public const string ViolatedOn = "data";
    public const string PlateName = "targa";

    /// <summary>What is to be looked for, or null after every error was told on <paramref name="form"/>.</summary>
    public static FindFine? Read(FormState form, Texts texts, DateOnly today)
    {
        if (!FineNumber.TryParse(form[Number], out var number))
            form.AddError(Number, texts[form.IsEmpty(Number) ? "find.number.missing" : "find.number.wrong"]);

        var violatedOn = form.Date(ViolatedOn);
        if (violatedOn is null)
            form.AddError(ViolatedOn, texts[form.IsEmpty(ViolatedOn) ? "find.date.missing" : "find.date.wrong"]);
        else if (violatedOn > today)
            form.AddError(ViolatedOn, texts["find.date.future"]);

        if (!Plate.TryParse(form[PlateName], out var plate))
            form.AddError(PlateName, texts[form.IsEmpty(PlateName) ? "find.plate.missing" : "find.plate.wrong"]);

        return form.IsValid ? new(number!.Value, violatedOn!.Value, plate!.Value) : null;
    }
}
