using System.Globalization;
using Platform.Core.Commands;
using Platform.Core.Money;
using Platform.Core.Pages;
using Platform.Core.Plugins;
using Platform.Core.Storage;
using Platform.Payments;
using Services.SchoolFees.Credits;

namespace Services.SchoolFees.Office;

/// <summary>A credit note in a list, without anybody's name.</summary>
public sealed record CreditRow(int Number, DateTimeOffset IssuedAt, string Service, string Pupil, string Fate, Euro Total, Euro Left);

[RequiresPermission(DeskPermissions.Bill)]
internal sealed record ReadCredits(Func<long, ListPage> Page) : ICommand<ReadCredits.Answer>
{
    internal sealed record Answer(IReadOnlyList<CreditNote> Notes, ListPage Page);
}

internal sealed class ReadCreditsHandler(ISessions sessions) : ICommandHandler<ReadCredits, ReadCredits.Answer>
{
    public Task<ReadCredits.Answer> Handle(ReadCredits command, CancellationToken stop) => sessions.Run(
        async session =>
        {
            var page = command.Page(await session.First<long>("select count(*) from schoolfees.credit_note where entity_id = @entity", new { entity = session.Entity }));
            return new ReadCredits.Answer(
                await session.List<CreditNote>(
                    CreditNote.Columns + "where c.entity_id = @entity order by c.choice is not null, c.number desc limit @Rows offset @Skip", new { entity = session.Entity, ListPage.Rows, page.Skip }), page);
        },
        stop);
}

/// <summary>Credit notes, those first about which nobody has decided.</summary>
[RequiresPermission(DeskPermissions.Bill)]
internal sealed class CreditsPage(ICommands commands) : IPage
{
    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        var (notes, page) = await commands.Send(new ReadCredits(rows => ListPage.Asked(request.Query, rows, $"{request.Path}/note-di-credito")), stop);
        return PageAnswer.View<CreditsView>(new CreditsModel(
            [.. notes.Select(note => new CreditRow(note.Number, note.IssuedAt, note.Service, note.Pupil, note.Fate, note.Total, note.Left))], page, request.Path));
    }
}

public sealed record CreditsModel(IReadOnlyList<CreditRow> Notes, ListPage Page, string Path);

/// <summary>A note with what may become of it.</summary>
[RequiresPermission(DeskPermissions.Bill)]
internal sealed record ReadCredit(int Number) : ICommand<ReadCredit.Answer?>
{
    /// <param name="Uses">Bills that stand and were lessened by it.</param>
    /// <param name="Orders">From which it could go back.</param>
    internal sealed record Answer(CreditNote Note, IReadOnlyList<CreditLine> Lines, IReadOnlyList<CreditUse> Uses, IReadOnlyList<CreditRefund> Orders);
}

/// <summary>A bill that was lessened.</summary>
public sealed record CreditUse(string Code, Euro Cents);

internal sealed class ReadCreditHandler(ISessions sessions) : ICommandHandler<ReadCredit, ReadCredit.Answer?>
{
    public Task<ReadCredit.Answer?> Handle(ReadCredit command, CancellationToken stop) => sessions.Run(
        async session =>
        {
            if (await CreditNote.Find(session, command.Number) is not { } note)
                return null;
            return (ReadCredit.Answer?)new ReadCredit.Answer(
                note, await CreditNote.Lines(session, note.Number),
                await session.List<CreditUse>(
                    """
                    select b.code, u.cents from schoolfees.credit_use u join schoolfees.bill b on b.entity_id = u.entity_id and b.bill_id = u.bill_id
                     where u.entity_id = @entity and u.number = @Number and b.state not in ('draft', 'cancelled') order by b.changed_at, b.code
                    """, new { entity = session.Entity, command.Number }),
                CreditRefund.Spread(await CreditRefund.Orders(session, note), note.Left));
        },
        stop);
}

/// <summary>A credit note: its lines, and the choice between the next bills and giving back. Each look is in the journal.</summary>
[RequiresPermission(DeskPermissions.Bill), ShowsPersonalData]
internal sealed class CreditPage(ICommands commands) : IPage
{
    public const string Do = "azione", Reason = "motivo", Deduct = "deduct", Refund = "refund", Ask = "ask";

    public Task<PageAnswer> Get(PageRequest request, CancellationToken stop) => Show(request, new FormState(), stop);

    public async Task<PageAnswer> Post(PageRequest request, CancellationToken stop)
    {
        var (form, t) = (FormState.From(request.Form), request.Texts);
        if (form[Do] == Ask)
            return await commands.Send(new ReadCredit(Number(request)), stop) is { Note: { Choice: Refund, Reason: { } reason } } found
                ? PageAnswer.Go(Here(request) + await RefundsAsked.Ask(commands, [.. found.Orders.Select(order => new RefundPart(order.OrderNumber, order.Bill, order.Left, NotOwed: true))], reason, stop))
                : PageAnswer.Go(Here(request));
        if (form[Do] is not (Deduct or Refund))
            return PageAnswer.Go(Here(request));
        var chosen = await commands.Send(new ChooseCredit(Number(request), form[Do], form.IsEmpty(Reason) ? null : form[Reason].Trim()), stop);
        return chosen.Refusal switch
        {
            null => PageAnswer.Go(Here(request)),
            { Code: ChooseCreditHandler.NotFound } => PageAnswer.NotFound,
            { Code: ChooseCreditHandler.NoReason } => await Show(request, form.AddError(Reason, t["desk.credit.reason.missing"]), stop),
            { } refusal => await Show(request, form.AddError("", RunWords.Of(t, refusal)), stop),
        };
    }

    static int Number(PageRequest request) => int.Parse(request.Route["number"], CultureInfo.InvariantCulture);

    static string Here(PageRequest request) => string.Create(CultureInfo.InvariantCulture, $"{request.Path}/note-di-credito/{Number(request)}");

    async Task<PageAnswer> Show(PageRequest request, FormState form, CancellationToken stop)
    {
        if (await commands.Send(new ReadCredit(Number(request)), stop) is not { } found)
            return PageAnswer.NotFound;
        var (note, t, desk) = (found.Note, request.Texts, request.Path[..request.Path.LastIndexOf('/')]);
        return PageAnswer.View<CreditView>(
            new CreditModel(
                form, new(note.Number, note.IssuedAt, note.Service, note.Pupil, note.Fate, note.Total, note.Left), note.PupilName, note.PayerName, note.Reason,
                [.. found.Lines.Select(line => new ShownLine(CreditDocument.Words(line, t), Euro.Zero - line.Amount))], found.Uses, found.Orders, new Euro(found.Orders.Sum(order => order.Left.Cents)) >= note.Left,
                request.Path, request.Officer!.May(DeskPermissions.Families) ? $"{request.Path}/famiglie/{note.Household}" : null, request.Officer.May(DeskPermissions.Read),
                request.Officer.May("payments.see") ? $"{desk}/pagamenti/pagamento/" : null, request.Officer.May("payments.refund"), RefundsAsked.From(request)),
            form.IsValid ? 200 : 422);
    }
}

/// <param name="Covered">Enough was paid that it could go back.</param>
/// <param name="PaymentPath">Before an order's number; null where this officer may not see payments.</param>
public sealed record CreditModel(
    FormState Form, CreditRow Note, string Pupil, string Payer, string? Reason, IReadOnlyList<ShownLine> Lines, IReadOnlyList<CreditUse> Uses, IReadOnlyList<CreditRefund> Orders, bool Covered, string Path,
    string? FamilyPath, bool SeesBills, string? PaymentPath, bool MayRefund, RefundsAsked? Asked);

/// <summary>A note's paper for the office.</summary>
[RequiresPermission(DeskPermissions.Bill), ShowsPersonalData]
internal sealed class CreditFilePage(ICommands commands) : IPage
{
    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        var number = int.Parse(request.Route["number"], CultureInfo.InvariantCulture);
        if (await commands.Send(new ReadCreditPaper(number, null), stop) is not { } pdf)
        {
            while (await commands.Send(new ReadCreditPaper(number, null), stop) is null && await commands.Send(new WriteCreditPapers(), stop) > 0)
            {
            }
            pdf = await commands.Send(new ReadCreditPaper(number, null), stop);
        }
        return pdf is null ? PageAnswer.NotFound : PageAnswer.File(pdf, CreditDocument.FileName(number), "application/pdf");
    }
}
