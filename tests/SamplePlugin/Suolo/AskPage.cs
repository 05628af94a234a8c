namespace Suolo;

internal sealed class AskPage(ICommands commands, ILinks links) : IPage
{
    public Task<PageAnswer> Get(PageRequest request, CancellationToken stop) =>
        Task.FromResult(PageAnswer.View<AskView>(new FormState()));

    public async Task<PageAnswer> Post(PageRequest request, CancellationToken stop)
    {
        var (form, t) = (FormState.From(request.Form), request.Texts);
        if (form.IsEmpty("luogo"))
            form.AddError("luogo", t["place.missing"]);
        if (form.Date("dal") is not { } from || from < LegalTime.Day(request.Now))
            form.AddError("dal", t["from.wrong"]);
        if (form.Integer("metri") is not (>= 1 and <= 500))
            form.AddError("metri", t["metres.wrong"]);
        if (form.Integer("giorni") is not (>= 1 and <= 60))
            form.AddError("giorni", t["days.wrong"]);
        if (!form.IsValid)
            return PageAnswer.View<AskView>(form, 422);

        var id = await commands.Send(new Ask(form["luogo"], form.Date("dal")!.Value, form.Integer("metri")!.Value, form.Integer("giorni")!.Value), stop);
        return PageAnswer.Go($"{request.Path}/richiesta/{links.Seal(id.ToString("N"), TimeSpan.FromDays(60))}");
    }
}
