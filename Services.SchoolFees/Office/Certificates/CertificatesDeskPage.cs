using System.Diagnostics;
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
    internal sealed record Answer(YearStanding Standing, IReadOnlyList<CommunicationLine> Communications);
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
                "select year, number, kind, records, cents as spent, made_at as madeAt from schoolfees.communication where entity_id = @entity and year = @Year order by number", new { entity = session.Entity, command.Year })),
        stop);
}

/// <summary>Certificates of some payers, as many as fit into a page's time.</summary>
/// <param name="After">The payer after whom to begin.</param>
/// <returns>The last payer, where there may be more.</returns>
[RequiresPermission(DeskPermissions.Certify)]
internal sealed record IssueBatch(int Year, string After, bool Send) : ICommand<Outcome<IssueBatch.Answer>>
{
    internal sealed record Answer(int Issued, int New, string? Last);
}

internal sealed class IssueBatchHandler(ICommands commands, ISessions sessions) : ICommandHandler<IssueBatch, Outcome<IssueBatch.Answer>>
{
    const int AtOnce = 25;

    // A page's handler ends after ten seconds.
    static readonly TimeSpan Long = TimeSpan.FromSeconds(5);

    public async Task<Outcome<IssueBatch.Answer>> Handle(IssueBatch command, CancellationToken stop)
    {
        var (last, issued, fresh) = (command.After, 0, 0);
        for (var began = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(began) < Long;)
        {
            var payers = await sessions.Run(session => YearOfPupil.Payers(session, command.Year, last, AtOnce), stop);
            if (payers.Count == 0)
                return new IssueBatch.Answer(issued, fresh, null);
            var some = await commands.Send(new IssueCertificates(command.Year, payers, Send: command.Send), stop);
            if (some.Refusal is { } refusal)
                return refusal;
            (last, issued, fresh) = (payers[^1], issued + some.Value.Length, fresh + some.Value.Count(certificate => certificate.New));
        }
        return new IssueBatch.Answer(issued, fresh, last);
    }
}

/// <summary>The yearly certificates of everybody, and the files for the Agenzia delle Entrate.</summary>
[RequiresPermission(DeskPermissions.Certify)]
internal sealed class CertificatesDeskPage(ICommands commands, ILinks links) : IPage
{
    public const string Year = "anno", Send = "lettera", After = "da", Do = "azione", Issue = "emetti", Communicate = "comunica", Kind = "tipo";

    static readonly TimeSpan Lasts = TimeSpan.FromHours(12);

    public Task<PageAnswer> Get(PageRequest request, CancellationToken stop) => Show(request, new FormState().Set(Year, request.Query[Year].ToString() is { Length: 4 } typed ? typed : null), null, stop);

    public async Task<PageAnswer> Post(PageRequest request, CancellationToken stop)
    {
        var (form, t) = (FormState.From(request.Form), request.Texts);
        var year = YearOf(form, request);
        if (form[Do] == Communicate)
        {
            if (form.Choice(Kind, Kinds(t)) is not { } kind)
                return await Show(request, form.AddError(Kind, t["desk.communicate.kind.missing"]), null, stop);
            var made = await commands.Send(new MakeExpenseFile(year, kind), stop);
            return made.Refusal is { } no ? await Show(request, form.AddError(Kind, RunWords.Of(t, no)), null, stop) : PageAnswer.Go($"{request.Path}/attestazioni?anno={year}#comunicazioni");
        }
        // Sealed: who pays is somebody's identifier.
        var after = links.Open(form[After]) is ['c', ':', .. var last] ? last : "";
        var issued = await commands.Send(new IssueBatch(year, after, form.IsChecked(Send)), stop);
        return issued.Refusal is { } refusal ? await Show(request, form.AddError("", RunWords.Of(t, refusal)), null, stop) : await Show(request, form, issued.Value, stop);
    }

    static int YearOf(FormState form, PageRequest request) => form.Integer(Year) is { } year and >= 2000 and <= 2100 ? year : LegalTime.Day(request.Now).Year - 1;

    static List<Choice> Kinds(Texts t) => [.. ExpenseFile.Kinds.Select(kind => new Choice(kind, t[$"desk.communicate.{kind}"]))];

    async Task<PageAnswer> Show(PageRequest request, FormState form, IssueBatch.Answer? batch, CancellationToken stop)
    {
        var (year, last) = (YearOf(form, request), LegalTime.Day(request.Now).Year - 1);
        var (standing, made) = await commands.Send(new ReadYear(year), stop);
        form.Set(Year, year.ToString(CultureInfo.InvariantCulture));
        return PageAnswer.View<CertificatesDeskView>(
            new CertificatesDeskModel(
                form, year, year > last, [.. Enumerable.Range(0, 6).Select(back => last - back)], standing, made, Kinds(request.Texts), batch?.Issued, batch?.New ?? 0,
                batch?.Last is { } more ? links.Seal($"c:{more}", Lasts) : null, request.Path),
            form.IsValid ? 200 : 422);
    }
}

/// <param name="Issued">How many this press issued; null where nothing was pressed.</param>
/// <param name="After">Where the next press goes on; null where everybody has theirs.</param>
public sealed record CertificatesDeskModel(
    FormState Form, int Year, bool Running, IReadOnlyList<int> Years, YearStanding Standing, IReadOnlyList<CommunicationLine> Communications, IReadOnlyList<Choice> Kinds, int? Issued, int New, string? After, string Path);

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
