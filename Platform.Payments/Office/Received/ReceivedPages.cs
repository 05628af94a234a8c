using System.Globalization;
using Platform.Core.Commands;
using Platform.Core.Money;
using Platform.Core.Pages;
using Platform.Core.Plugins;
using Platform.Core.Time;
using Platform.Payments.Recorded;

namespace Platform.Payments.Office.Received;

/// <param name="NewPath">Null where this officer may not record.</param>
public sealed record ReceivedModel(IReadOnlyList<RecordedPayment> Waiting, IReadOnlyList<RecordedPayment> Decided, string Path, string? NewPath);

/// <summary>What officers received past every gateway: what waits for a second person, and what was decided.</summary>
[RequiresPermission(OfficePermissions.See)]
internal sealed class ReceivedPage(ICommands commands) : IPage
{
    public const string Pattern = "ricevuti";

    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        var list = await commands.Send(new ListReceived(), stop);
        return PageAnswer.View<ReceivedView>(new ReceivedModel(
            list.Waiting, list.Decided, $"{request.Path}/{Pattern}", request.Officer!.May(OfficePermissions.Record) ? $"{request.Path}/{Pattern}/nuovo" : null));
    }
}

public sealed record FindOwedModel(FormState Form, IReadOnlyList<Choice> Services, string Path, string BackPath);

/// <summary>Which position it is: of which service, and what the service calls it.</summary>
[RequiresPermission(OfficePermissions.Record)]
internal sealed class FindOwedPage(ICommands commands, ServiceCatalog catalog) : IPage
{
    public Task<PageAnswer> Get(PageRequest request, CancellationToken stop) => Task.FromResult(Show(request, new FormState()));

    public async Task<PageAnswer> Post(PageRequest request, CancellationToken stop)
    {
        var (form, t) = (FormState.From(request.Form), request.Texts);
        if (form.Choice("servizio", Services(request)) is not { } service)
            return Show(request, form.AddError("servizio", t["office.received.service.missing"]));
        if (form.IsEmpty("riferimento") || form["riferimento"].Length > 80)
            return Show(request, form.AddError("riferimento", t["office.received.reference.missing"]));
        // What is written may be somebody's: the address has the position's own number.
        return await commands.Send(new FindOwed(service, form["riferimento"]), stop) is { } position
            ? PageAnswer.Go($"{request.Path}/{ReceivedPage.Pattern}/nuovo/{position}")
            : Show(request, form.AddError("riferimento", t["office.recordings.unknown"]));
    }

    PageAnswer Show(PageRequest request, FormState form) => PageAnswer.View<FindOwedView>(
        new FindOwedModel(form, Services(request), $"{request.Path}/{ReceivedPage.Pattern}/nuovo", $"{request.Path}/{ReceivedPage.Pattern}"), form.IsValid ? 200 : 422);

    List<Choice> Services(PageRequest request) => [.. catalog.Services.Select(service => new Choice(service.Id, service.TitleIn(request.Culture)))];
}

/// <param name="Ways">Those that may be recorded; with one there is nothing to choose.</param>
/// <param name="Closed">Why nothing may be recorded of it; null where something may.</param>
public sealed record RecordModel(FormState Form, string Title, IReadOnlyList<Choice> Ways, IReadOnlyList<Choice> Hows, string? Closed, DateOnly Today, string Path, string BackPath);

/// <summary>Records what was received for a position, in the name of who is signed in. Somebody else agrees before anything is paid by it.</summary>
[RequiresPermission(OfficePermissions.Record), AcceptsFiles(3)]
internal sealed class RecordPage(ICommands commands, TimeProvider clock) : IPage
{
    public static readonly FileRules Proofs = new(ProofFile.MostBytes, FileKind.Pdf, FileKind.Png, FileKind.Jpeg);

    public Task<PageAnswer> Get(PageRequest request, CancellationToken stop) => Show(
        request, new FormState().Set("modulo", Guid.CreateVersion7(clock.GetUtcNow()).ToString()).Set("giorno", LegalTime.Day(request.Now)), stop);

    public async Task<PageAnswer> Post(PageRequest request, CancellationToken stop)
    {
        var (form, t) = (FormState.From(request.Form), request.Texts);
        if (!Guid.TryParse(request.Route["position"], out var position) || await commands.Send(new ShowOwed(position), stop) is not { } owed)
            return PageAnswer.NotFound;
        var ways = Ways(owed, request);
        var way = ways.Count == 1 ? ways[0].Value : form.Choice("voce", ways);
        var amount = form.Amount("importo");
        var how = form.Choice("come", Hows(t));
        var day = form.Date("giorno");
        if (way is null)
            form.AddError("voce", t["office.received.way.missing"]);
        if (amount is null || amount <= Euro.Zero)
            form.AddError("importo", t["office.search.amount.wrong"]);
        if (how is null)
            form.AddError("come", t["office.received.how.missing"]);
        if (day is null)
            form.AddError("giorno", t["office.search.date.wrong"]);
        var file = form.File("documento", Proofs, request.Culture);
        if (form["prova"].Length > 200)
            form.AddError("prova", t["office.reason.long"]);
        if (form.IsEmpty("prova") && file is null && form.ErrorOf("documento") is null)
            form.AddError("prova", t["office.received.proof.missing"]);
        if (!form.IsValid || !Guid.TryParse(form["modulo"], out var number) || number == Guid.Empty)
            return await Show(request, form, stop);
        var proof = file is null ? null : new ProofFile(file.Name.Length == 0 ? file.Kind.ToString() : file.Name, file.Kind.ToString().ToLowerInvariant(), await Bytes(file, stop));
        var recorded = await commands.Send(
            new RecordPayment(number, owed.Service, owed.Reference, amount!.Value, how!, form.IsEmpty("prova") ? proof!.Reference : form["prova"], day!.Value, request.Officer!.Actor)
            {
                Instalment = way!.Split('/') is [var plan, var n] ? new(plan, int.Parse(n, CultureInfo.InvariantCulture)) : null,
                File = proof,
            },
            stop);
        return recorded.Refusal is { } refusal
            ? await Show(request, form.AddError("", Said(t, refusal)), stop)
            : PageAnswer.Go($"{request.Path}/{ReceivedPage.Pattern}/{recorded.Value.OrderNo}");
    }

    async Task<PageAnswer> Show(PageRequest request, FormState form, CancellationToken stop)
    {
        if (!Guid.TryParse(request.Route["position"], out var position) || await commands.Send(new ShowOwed(position), stop) is not { } owed)
            return PageAnswer.NotFound;
        var t = request.Texts;
        var ways = Ways(owed, request);
        return PageAnswer.View<RecordView>(
            new RecordModel(
                form, owed.Title, ways, Hows(t), ways.Count > 0 ? null : t.Word("office.received.closed", owed.Ways[0].State), LegalTime.Day(request.Now),
                $"{request.Path}/{ReceivedPage.Pattern}/nuovo/{position}", $"{request.Path}/{ReceivedPage.Pattern}/nuovo"),
            form.IsValid ? 200 : 422);
    }

    static async Task<byte[]> Bytes(PostedFile file, CancellationToken stop)
    {
        var bytes = new byte[file.Length];
        await using var content = file.OpenRead();
        await content.ReadExactlyAsync(bytes, stop);
        return bytes;
    }

    static List<Choice> Ways(Owed owed, PageRequest request) =>
    [
        .. owed.Ways.Where(way => way.State == "open").Select(way => new Choice(
            way.Plan is null ? "intero" : string.Create(CultureInfo.InvariantCulture, $"{way.Plan}/{way.Number}"),
            (way.Plan is null ? request.Texts["office.received.whole"] : request.Texts["office.received.instalment", way.Number, way.Count, way.Plan])
                + (way.Cost is { } cost ? $" — {cost.In(request.Culture)}" : ""))),
    ];

    static readonly string[] Kinds = ["cash", "bank_transfer", "post"];

    static List<Choice> Hows(Texts t) => [.. Kinds.Select(how => new Choice(how, t["office.received.how." + how]))];

    public static string Said(Texts t, Refusal refusal) => t["office." + refusal.Code, refusal.Detail is null ? "" : t.Word("office.recordings.detail", refusal.Detail)];
}

/// <param name="Own">This officer recorded it, or asked that it be undone: whoever did waits for another.</param>
/// <param name="Actions">What he may do about it now.</param>
/// <param name="Confirm">The action that is asked once more; null at first.</param>
public sealed record RecordingModel(FormState Form, RecordedPayment Recording, string Service, bool Own, IReadOnlyList<string> Actions, string? Confirm, string Path, string ListPath, string StoryPath);

/// <summary>A recording, and what this officer may do about it: agree, not agree, say that it was wrong.</summary>
[RequiresPermission(OfficePermissions.See), ShowsPersonalData]
internal sealed class RecordingPage(ICommands commands, ServiceCatalog catalog) : IPage
{
    public const string Approve = "approva", Refuse = "respingi", Undo = "annulla";

    public Task<PageAnswer> Get(PageRequest request, CancellationToken stop) => Show(request, new(), null, stop);

    public async Task<PageAnswer> Post(PageRequest request, CancellationToken stop)
    {
        var (form, t, order) = (FormState.From(request.Form), request.Texts, request.Route["order"]);
        var action = form["azione"];
        if (action is not (Approve or Refuse or Undo))
            return PageAnswer.NotFound;
        if (form.IsChecked("correggi") || (action == Undo && !Tasks.Steps.Reason(form, t)))
            return await Show(request, form, null, stop);
        if (!form.IsChecked("conferma"))
            return await Show(request, form, action, stop);
        ICommand<Outcome<RecordedPayment>> command = action == Undo
            ? new UndoRecording(order, form["motivo"], request.Officer!.Actor)
            : new DecideRecording(order, action == Approve, request.Officer!.Actor);
        return (await commands.Send(command, stop)).Refusal is { } refusal
            ? await Show(request, form.AddError("", RecordPage.Said(t, refusal)), null, stop)
            : PageAnswer.Go($"{request.Path}/{ReceivedPage.Pattern}/{order}");
    }

    async Task<PageAnswer> Show(PageRequest request, FormState form, string? confirm, CancellationToken stop)
    {
        if (await commands.Send(new ShowReceived(request.Route["order"]), stop) is not { } recording)
            return PageAnswer.NotFound;
        var officer = request.Officer!;
        var own = string.Equals(recording.State == "undo_asked" ? recording.UndoAskedBy : recording.AskedBy, officer.Actor, StringComparison.OrdinalIgnoreCase);
        var actions = recording.State switch
        {
            // Who recorded it may take it back; only another one agrees.
            "asked" or "undo_asked" when officer.May(OfficePermissions.Approve) => own ? [Refuse] : [Approve, Refuse],
            "approved" when officer.May(OfficePermissions.Record) => [Undo],
            _ => Array.Empty<string>(),
        };
        return PageAnswer.View<RecordingView>(
            new RecordingModel(
                form, recording, catalog.Find(recording.Service)?.TitleIn(request.Culture) ?? recording.Service, own && recording.State is "asked" or "undo_asked" && own, actions, confirm,
                $"{request.Path}/{ReceivedPage.Pattern}/{recording.OrderNo}", $"{request.Path}/{ReceivedPage.Pattern}", OfficeWords.StatePath(request.Path, recording.OrderNo)),
            form.IsValid ? 200 : 422);
    }
}

/// <summary>The document that shows what was received, to be saved and never shown by the browser.</summary>
[RequiresPermission(OfficePermissions.See)]
internal sealed class ProofPage(ICommands commands) : IPage
{
    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop) =>
        await commands.Send(new FetchProof(request.Route["order"]), stop) is { } file
            ? PageAnswer.File(file.Content, $"prova-{request.Route["order"]}.{(file.Kind == "jpeg" ? "jpg" : file.Kind)}", file.Kind == "pdf" ? "application/pdf" : $"image/{file.Kind}")
            : PageAnswer.NotFound;
}
