using System.Globalization;
using System.Text;
using Platform.Core.Commands;
using Platform.Core.Money;
using Platform.Core.Pages;
using Platform.Core.Plugins;
using Platform.Core.Storage;
using Platform.Core.Time;
using Services.SchoolFees.Certificates;
using Services.SchoolFees.Communication;

namespace Services.SchoolFees.Office;

/// <summary>A file for the Agenzia delle Entrate that was made.</summary>
public sealed record CommunicationLine(int Year, int Number, string Kind, int Records, Euro Spent, DateTimeOffset MadeAt);

/// <summary>Where a year's certificates stand.</summary>
/// <param name="Payers">Who paid or got something back in the year; not everybody has anything to certify.</param>
/// <param name="Holding">Certificates that were issued and not replaced.</param>
public sealed record YearStanding(int Payers, int Holding, int Replaced, int Objections);

[RequiresPermission(DeskPermissions.Certify)]
internal sealed record ReadYear(int Year) : ICommand<ReadYear.Answer>
{
    internal sealed record Answer(YearStanding Standing, IReadOnlyList<CommunicationLine> Communications, CertificateBatch? Batch);
}

internal sealed class ReadYearHandler(ISessions sessions) : ICommandHandler<ReadYear, ReadYear.Answer>
{
    public Task<ReadYear.Answer> Handle(ReadYear command, CancellationToken stop) => sessions.Run(
        async session => new ReadYear.Answer(
            (await session.First<YearStanding>(
                """
                select (select count(*) from (
                            select b.payer_id from schoolfees.payment p join schoolfees.bill b on b.entity_id = p.entity_id and b.bill_id = p.bill_id where p.entity_id = @entity and p.paid_on between @first and @last
                            union
                            select b.payer_id from schoolfees.refund r join schoolfees.bill b on b.entity_id = r.entity_id and b.bill_id = r.bill_id where r.entity_id = @entity and r.refunded_on between @first and @last
                            union
                            select t.payer_id from schoolfees.topup t join schoolfees.wallet_line l on l.entity_id = t.entity_id and l.topup_id = t.topup_id where t.entity_id = @entity and l.day <= @last) w)::int as payers,
                       (select count(*) from schoolfees.certificate where entity_id = @entity and year = @Year and replaced_at is null)::int as holding,
                       (select count(*) from schoolfees.certificate where entity_id = @entity and year = @Year and replaced_at is not null)::int as replaced,
                       (select count(*) from schoolfees.objection where entity_id = @entity and year = @Year)::int as objections
                """, new { entity = session.Entity, command.Year, first = new DateOnly(command.Year, 1, 1), last = new DateOnly(command.Year, 12, 31) }))!,
            await session.List<CommunicationLine>(
                "select year, number, kind, records, cents as spent, made_at as madeAt from schoolfees.communication where entity_id = @entity and year = @Year order by number", new { entity = session.Entity, command.Year }),
            await session.First<CertificateBatch>(CertificateBatch.Columns + "where b.entity_id = @entity and b.year = @Year order by b.number desc limit 1", new { entity = session.Entity, command.Year })),
        stop);
}

/// <summary>The yearly certificates of everybody, and the files for the Agenzia delle Entrate.</summary>
[RequiresPermission(DeskPermissions.Certify)]
internal sealed class CertificatesDeskPage(ICommands commands) : IPage
{
    public const string Year = "anno", Send = "lettera", Do = "azione", Issue = "emetti", Communicate = "comunica", Kind = "tipo";

    public Task<PageAnswer> Get(PageRequest request, CancellationToken stop) => Show(request, new FormState().Set(Year, request.Query[Year].ToString() is { Length: 4 } typed ? typed : null), stop);

    public async Task<PageAnswer> Post(PageRequest request, CancellationToken stop)
    {
        var (form, t) = (FormState.From(request.Form), request.Texts);
        var year = YearOf(form, request);
        if (form[Do] == Communicate)
        {
            if (form.Choice(Kind, Kinds(t)) is not { } kind)
                return await Show(request, form.AddError(Kind, t["desk.communicate.kind.missing"]), stop);
            var made = await commands.Send(new MakeExpenseFile(year, kind), stop);
            return made.Refusal is { } no ? await Show(request, form.AddError(Kind, RunWords.Of(t, no)), stop) : PageAnswer.Go($"{request.Path}/attestazioni?anno={year}#comunicazioni");
        }
        var ordered = await commands.Send(new OrderCertificates(year, form.IsChecked(Send)), stop);
        if (ordered.Refusal is { } refusal)
            return await Show(request, form.AddError("", RunWords.Of(t, refusal)), stop);
        await CertificatesForAWhile.Continue(commands, stop);
        return PageAnswer.Go($"{request.Path}/attestazioni?anno={year}#emissione");
    }

    static int YearOf(FormState form, PageRequest request) => form.Integer(Year) is { } year and >= 2000 and <= 2100 ? year : LegalTime.Day(request.Now).Year - 1;

    static List<Choice> Kinds(Texts t) => [.. ExpenseFile.Kinds.Select(kind => new Choice(kind, t[$"desk.communicate.{kind}"]))];

    async Task<PageAnswer> Show(PageRequest request, FormState form, CancellationToken stop)
    {
        var (year, last) = (YearOf(form, request), LegalTime.Day(request.Now).Year - 1);
        var (standing, made, batch) = await commands.Send(new ReadYear(year), stop);
        form.Set(Year, year.ToString(CultureInfo.InvariantCulture));
        var model = new CertificatesDeskModel(
            form, year, year > last, [.. Enumerable.Range(0, 6).Select(back => last - back)], standing, made, Kinds(request.Texts), batch is null ? null : batch with { Of = Math.Max(standing.Payers, batch.Payers) }, request.Path);
        return batch is { DoneAt: null } && form.IsValid ? PageAnswer.Watch<CertificatesDeskView>(model, 5) : PageAnswer.View<CertificatesDeskView>(model, form.IsValid ? 200 : 422);
    }
}

/// <param name="Batch">The last one that was ordered for the year.</param>
public sealed record CertificatesDeskModel(
    FormState Form, int Year, bool Running, IReadOnlyList<int> Years, YearStanding Standing, IReadOnlyList<CommunicationLine> Communications, IReadOnlyList<Choice> Kinds, CertificateBatch? Batch, string Path);

/// <summary>A file that was made, to be sent: it names who paid for whom, so the journal keeps who took it.</summary>
[RequiresPermission(DeskPermissions.Certify), ShowsPersonalData]
internal sealed class ExpenseFilePage(ICommands commands) : IPage
{
    public async Task<PageAnswer> Get(PageRequest request, CancellationToken stop)
    {
        var (year, number) = (int.Parse(request.Route["year"], CultureInfo.InvariantCulture), int.Parse(request.Route["number"], CultureInfo.InvariantCulture));
        return await commands.Send(new ReadExpenseFile(year, number), stop) is { } content
            ? PageAnswer.File(Encoding.UTF8.GetBytes(content), string.Create(CultureInfo.InvariantCulture, $"spese-{year}-{number}.txt"), "text/plain; charset=utf-8") : PageAnswer.NotFound;
    }
}
