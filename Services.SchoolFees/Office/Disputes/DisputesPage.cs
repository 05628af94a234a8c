using Platform.Core.Commands;
using Platform.Core.Pages;
using Platform.Core.Plugins;
using Platform.Core.Storage;

namespace Services.SchoolFees.Office;

/// <summary>What a family wrote about a bill, and what the office answered.</summary>
public sealed record DisputeLine(int Number, string Bill, string Payer, DateTimeOffset WrittenAt, string Message, string? Answer, string? AnsweredBy, DateTimeOffset? AnsweredAt)
{
    internal const string Columns =
        """
        select d.number, b.code as bill, w.given_name || ' ' || w.family_name as payer, d.written_at as writtenAt, d.message, d.answer, d.answered_by as answeredBy, d.answered_at as answeredAt
          from schoolfees.dispute d
          join schoolfees.bill b on b.entity_id = d.entity_id and b.bill_id = d.bill_id
          join schoolfees.person w on w.entity_id = b.entity_id and w.person_id = b.payer_id

        """;
}

/// <summary>Messages of families: those that wait, the oldest first, or all, the newest first.</summary>
[RequiresPermission(DeskPermissions.Answer)]
internal sealed record ReadDisputes(bool All, Func<long, ListPage> Page) : ICommand<ReadDisputes.Answer>
{
    internal sealed record Answer(IReadOnlyList<DisputeLine> Disputes, ListPage Page);
}

internal sealed class ReadDisputesHandler(ISessions sessions) : ICommandHandler<ReadDisputes, ReadDisputes.Answer>
{
    public Task<ReadDisputes.Answer> Handle(ReadDisputes command, CancellationToken stop) => sessions.Run(
        async session =>
        {
            var page = command.Page(await session.First<long>("select count(*) from schoolfees.dispute where entity_id = @entity and (@All or answer is null)", new { entity = session.Entity, command.All }));
            return new ReadDisputes.Answer(
                await session.List<DisputeLine>(
                    DisputeLine.Columns + "where d.entity_id = @entity and (@All or d.answer is null) order by case when @All then -d.number else d.number end limit @Rows offset @Skip",
                    new { entity = session.Entity, command.All, ListPage.Rows, page.Skip }),
                page);
        },
        stop);
}

/// <summary>What families wrote.</summary>
[RequiresPermission(DeskPermissions.Answer), ShowsPersonalData]
internal sealed class DisputesPage(ICommands commands) : IPage
{
    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        var all = request.Query.ContainsKey("tutte");
        var path = $"{request.Path}/contestazioni";
        var (disputes, page) = await commands.Send(new ReadDisputes(all, rows => ListPage.Asked(request.Query, rows, all ? $"{path}?tutte=1" : path)), stop);
        return PageAnswer.View<DisputesView>(new DisputesModel(disputes, page, all, request.Query.ContainsKey("fatto"), path));
    }
}

public sealed record DisputesModel(IReadOnlyList<DisputeLine> Disputes, ListPage Page, bool All, bool Done, string Path);

/// <summary>One message.</summary>
[RequiresPermission(DeskPermissions.Answer)]
internal sealed record ReadDispute(int Number) : ICommand<DisputeLine?>;

internal sealed class ReadDisputeHandler(ISessions sessions) : ICommandHandler<ReadDispute, DisputeLine?>
{
    public Task<DisputeLine?> Handle(ReadDispute command, CancellationToken stop) =>
        sessions.Run(session => session.First<DisputeLine>(DisputeLine.Columns + "where d.entity_id = @entity and d.number = @Number", new { entity = session.Entity, command.Number }), stop);
}

/// <summary>Answers a family. Who answers is who is signed in.</summary>
[RequiresPermission(DeskPermissions.Answer), ShowsPersonalData]
internal sealed class AnswerPage(ICommands commands) : IPage
{
    public const string Answer = "risposta";
    const int Most = 2000;

    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop) => await Show(request, new FormState(), stop);

    public async Task<PageAnswer> Post(PageRequest request, CancellationToken stop)
    {
        var (form, t) = (FormState.From(request.Form), request.Texts);
        var answer = string.Concat(form[Answer].Trim().ReplaceLineEndings("\n").Where(c => c == '\n' || !char.IsControl(c)));
        if (answer.Length is 0 or > Most)
            form.AddError(Answer, t[answer.Length == 0 ? "desk.answer.missing" : "dispute.long", Most]);
        if (!form.IsValid)
            return await Show(request, form, stop);
        var answered = await commands.Send(new AnswerDispute(Number(request), answer, request.Officer!.Actor), stop);
        return answered.Refusal is null ? PageAnswer.Go($"{request.Path}/contestazioni?fatto=1") : await Show(request, form.AddError("", t["desk.answer.gone"]), stop);
    }

    static int Number(PageRequest request) => int.Parse(request.Route["number"], System.Globalization.CultureInfo.InvariantCulture);

    async Task<PageAnswer> Show(PageRequest request, FormState form, CancellationToken stop) =>
        await commands.Send(new ReadDispute(Number(request)), stop) is not { } dispute ? PageAnswer.NotFound
            : PageAnswer.View<AnswerView>(new AnswerModel(form, dispute, Most, request.Path), form.IsValid ? 200 : 422);
}

public sealed record AnswerModel(FormState Form, DisputeLine Dispute, int Most, string Path);
