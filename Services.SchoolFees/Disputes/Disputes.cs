using System.Globalization;
using Microsoft.AspNetCore.Http;
using Platform.Core.Commands;
using Platform.Core.Documents;
using Platform.Core.Entities;
using Platform.Core.Mail;
using Platform.Core.Pages;
using Platform.Core.Plugins;
using Platform.Core.Storage;
using Platform.Core.Time;
using Services.SchoolFees.Billing;

namespace Services.SchoolFees;

/// <summary>What a family and the office wrote about a bill.</summary>
public sealed record Dispute(int Number, string Message, DateTimeOffset WrittenAt, string? Answer, DateTimeOffset? AnsweredAt);

/// <summary>Writes to the office about a bill that was found before. While one message waits for its answer there is no second.</summary>
internal sealed record DisputeBill(Guid Bill, string Message) : ICommand<Outcome<int>>;

internal sealed class DisputeBillHandler(ISessions sessions, TimeProvider time) : ICommandHandler<DisputeBill, Outcome<int>>
{
    public const string Waiting = "schoolfees.dispute_waiting";

    public Task<Outcome<int>> Handle(DisputeBill command, CancellationToken stop) => sessions.Run<Outcome<int>>(
        async session =>
        {
            // The bill's row is the lock for its disputes, the advisory one for their numbers.
            if (await session.First<bool?>("select true from schoolfees.bill where entity_id = @entity and bill_id = @Bill and state not in ('draft', 'approved') for update", new { entity = session.Entity, command.Bill })
                is null)
                return new Refusal(BillRefusals.NotFound);
            if (await session.First<bool>("select exists (select from schoolfees.dispute where entity_id = @entity and bill_id = @Bill and answer is null)", new { entity = session.Entity, command.Bill }))
                return new Refusal(Waiting);
            await session.Execute("select pg_advisory_xact_lock(hashtext('schoolfees.dispute'), @entity)", new { entity = session.Entity });
            var number = await session.First<int>(
                """
                insert into schoolfees.dispute (entity_id, number, bill_id, message, written_at)
                select @entity, coalesce(max(number), 0) + 1, @Bill, @Message, @now from schoolfees.dispute where entity_id = @entity
                returning number
                """, new { entity = session.Entity, command.Bill, command.Message, now = time.GetUtcNow() });
            session.Record("schoolfees.disputed", new { number, bill = command.Bill });
            return number;
        },
        stop);
}

/// <summary>Asks the office to look at a bill again.</summary>
[LimitTries(posts: 20, minutes: 60)]
internal sealed class DisputePage(ICommands commands, ILinks links) : IPage
{
    public const string Message = "messaggio";
    const int Most = 2000;

    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(request);
        return await Found(request, stop) is { } found ? Draw(request, found, new()) : FindBillPage.Back(request);
    }

    public async Task<PageAnswer> Post(PageRequest request, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (await Found(request, stop) is not { } found)
            return FindBillPage.Back(request);
        var (form, t) = (FormState.From(request.Form), SchoolFeesTexts.In(request.Culture));
        var message = string.Concat(form[Message].Trim().ReplaceLineEndings("\n").Where(c => c == '\n' || !char.IsControl(c)));
        if (message.Length is 0 or > Most)
            form.AddError(Message, t[message.Length == 0 ? "dispute.missing" : "dispute.long", Most]);
        if (form.IsValid)
        {
            var written = await commands.Send(new DisputeBill(found.Bill.Id, message), stop);
            if (written.Refusal is null)
                return PageAnswer.Go($"{request.Path}/{BillLinks.To(links, found.Bill.Id, BillLinks.IsOfDelegate(links, request.Route["token"]))}");
            form.AddError("", written.Refusal.Code == DisputeBillHandler.Waiting ? t["dispute.waiting"] : t["refusal.other", written.Refusal.Code]);
        }
        return Draw(request, found, form);
    }

    async Task<ReadBill.Answer?> Found(PageRequest request, CancellationToken stop) =>
        BillLinks.Bill(links, request.Route.GetValueOrDefault("token")) is { } id ? await commands.Send(new ReadBill(id), stop) : null;

    PageAnswer Draw(PageRequest request, ReadBill.Answer found, FormState form) => PageAnswer.View<DisputeView>(
        new DisputeModel(SchoolFeesTexts.In(request.Culture), form, found.Bill.Code, Most, request.Path, $"{request.Path}/{BillLinks.To(links, found.Bill.Id, BillLinks.IsOfDelegate(links, request.Route["token"]))}", request.Creditor),
        form.IsValid ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity);
}

/// <summary>A message to the office as its page shows it.</summary>
public sealed record DisputeModel(Texts Texts, FormState Form, string Code, int Most, string SearchPath, string BillPath, Entity Creditor);

/// <summary>Answers a family: it reads the answer on the bill's page, and by letter where the payer left an address.</summary>
[RequiresPermission("schoolfees.answer")]
internal sealed record AnswerDispute(int Number, string Answer, string By) : ICommand<Outcome<bool>>;

internal sealed class AnswerDisputeHandler(ISessions sessions, IMail mail, TimeProvider time) : ICommandHandler<AnswerDispute, Outcome<bool>>
{
    public Task<Outcome<bool>> Handle(AnswerDispute command, CancellationToken stop) => sessions.Run<Outcome<bool>>(
        async session =>
        {
            var bill = await session.First<Guid?>(
                """
                update schoolfees.dispute set answer = @Answer, answered_by = @By, answered_at = @now
                where entity_id = @entity and number = @Number and answer is null
                returning bill_id
                """, new { entity = session.Entity, command.Number, command.Answer, command.By, now = time.GetUtcNow() });
            if (bill is null)
                return new Refusal("schoolfees.no_dispute", $"Nessun messaggio {command.Number} aspetta una risposta.");
            session.Record("schoolfees.answered", new { command.Number, bill });
            if (await session.First<Bill>(Bill.Columns + "where b.entity_id = @entity and b.bill_id = @bill", new { entity = session.Entity, bill }) is { Email: { } email } found)
                await mail.Send(session, new(
                    $"answer/{command.Number}", email, "answer", CultureInfo.GetCultureInfo("it-IT"),
                    new Dictionary<string, string>(StringComparer.Ordinal) { ["code"] = found.Code, ["answer"] = command.Answer }));
            return true;
        },
        stop);
}

/// <summary>The office answers. At the console who is signed in answers; the command line knows nobody, and asks.</summary>
[RequiresPermission("schoolfees.answer")]
internal sealed class AnswerFamilies(ICommands commands, CallContext caller) : IOfficeCommand
{
    public async Task<string?> Run(OfficeCall call, TextWriter output, CancellationToken stop)
    {
        var (answer, by) = (call.Text("text")!.Trim(), caller.Officer?.Actor ?? call.Text("by")?.Trim() ?? "");
        if (answer.Length is 0 or > 2000 || by.Length is 0 or > 80)
            return "La risposta ha da 1 a 2000 caratteri, e chi risponde (--by) da 1 a 80.";
        var answered = await commands.Send(new AnswerDispute(call.Number("dispute")!.Value, answer, by), stop);
        return answered.Refusal?.Detail;
    }
}

/// <summary>What families wrote, the unanswered first.</summary>
[RequiresPermission("schoolfees.read")]
internal sealed class ListDisputes(ISessions sessions) : IOfficeCommand
{
    const int Page = 500;

    public async Task<string?> Run(OfficeCall call, TextWriter output, CancellationToken stop)
    {
        var sheet = new CsvSheet(output);
        await sheet.Row("numero", "bolletta", "pagante", "scritto_il", "messaggio", "risposta", "risposto_da", "risposto_il");
        for (var last = 0; ;)
        {
            var rows = await sessions.Run(session => session.List<Row>(
                """
                select d.number, b.code, b.payer_id as payer, d.written_at as writtenAt, d.message, d.answer, d.answered_by as answeredBy, d.answered_at as answeredAt
                  from schoolfees.dispute d join schoolfees.bill b on b.entity_id = d.entity_id and b.bill_id = d.bill_id
                 where d.entity_id = @entity and d.number > @last and (@all or d.answer is null)
                 order by d.number limit @Page
                """, new { entity = session.Entity, last, all = call.Has("all"), Page }), stop);
            foreach (var row in rows)
                await sheet.Row(row.Number, row.Code, row.Payer, LegalTime.Day(row.WrittenAt), row.Message, row.Answer, row.AnsweredBy, row.AnsweredAt is { } at ? LegalTime.Day(at) : null);
            if (rows.Count < Page)
                return null;
            last = rows[^1].Number;
        }
    }

    sealed record Row(int Number, string Code, string Payer, DateTimeOffset WrittenAt, string Message, string? Answer, string? AnsweredBy, DateTimeOffset? AnsweredAt);
}
